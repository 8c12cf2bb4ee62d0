//! Dates from milliseconds since 1970, in UTC. Serves log lines, `date`, `ps` and the tools' time arguments; invariant: pure
//! arithmetic on whole numbers (the proleptic Gregorian calendar).

/// A moment, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// The year.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
    /// 0 to 999.
    pub millisecond: u32,
    /// 0 is Sunday.
    pub weekday: u32,
}

const DAY_MS: i64 = 86_400_000;

impl DateTime {
    /// The moment `ms` milliseconds after 1970 began.
    pub fn from_millis(ms: i64) -> DateTime {
        let (days, rest) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
        let (year, month, day) = civil(days);
        DateTime {
            year,
            month,
            day,
            hour: (rest / 3_600_000) as u32,
            minute: (rest / 60_000 % 60) as u32,
            second: (rest / 1000 % 60) as u32,
            millisecond: (rest % 1000) as u32,
            weekday: (days + 4).rem_euclid(7) as u32,
        }
    }

    /// Milliseconds since 1970.
    pub fn to_millis(self) -> i64 {
        let days = days_of(self.year, self.month, self.day);
        let seconds = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        days * DAY_MS + seconds * 1000 + i64::from(self.millisecond)
    }

    /// `2026-01-01 00:00:00,000`: how log4j writes it.
    pub fn log4j(self) -> String {
        let DateTime { year, month, day, hour, minute, second, millisecond, .. } = self;
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02},{millisecond:03}")
    }

    /// As `date +FORMAT` does it, for the usual letters.
    pub fn format(self, format: &str) -> String {
        let mut out = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('Y') => out += &format!("{:04}", self.year),
                Some('m') => out += &format!("{:02}", self.month),
                Some('d') => out += &format!("{:02}", self.day),
                Some('e') => out += &format!("{:2}", self.day),
                Some('H') => out += &format!("{:02}", self.hour),
                Some('M') => out += &format!("{:02}", self.minute),
                Some('S') => out += &format!("{:02}", self.second),
                Some('N') => out += &format!("{:03}000000", self.millisecond),
                Some('F') => out += &self.format("%Y-%m-%d"),
                Some('T') => out += &self.format("%H:%M:%S"),
                Some('s') => out += &self.to_millis().div_euclid(1000).to_string(),
                Some('3') if chars.clone().next() == Some('N') => {
                    chars.next();
                    out += &format!("{:03}", self.millisecond);
                }
                Some('a') => out += DAYS[self.weekday as usize],
                Some('b') => out += MONTHS[self.month as usize - 1],
                Some('Z') => out += "UTC",
                Some('z') => out += "+0000",
                Some('%') => out.push('%'),
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.extend(['%', other]),
                None => out.push('%'),
            }
        }
        out
    }
}

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Year, month and day of a day number (0 is 1970-01-01).
fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_of(year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00,000"),
            (1_767_225_600_001, "2026-01-01 00:00:00,001"),
            (951_782_400_000, "2000-02-29 00:00:00,000"),
            (-1, "1969-12-31 23:59:59,999"),
        ] {
            let moment = DateTime::from_millis(ms);
            assert_eq!((moment.log4j().as_str(), moment.to_millis()), (text, ms));
        }
        assert_eq!(DateTime::from_millis(1_767_225_600_000).format("%a %F %T %Z %q"), "Thu 2026-01-01 00:00:00 UTC %q");
    }
}
