//! Times as a person reads them. Serves timeline, tables and events; invariant: UTC, no clock of its own.

/// Virtual time since the lab began: `0:01:23.456`, with days in front once there are any.
pub fn elapsed(us: u64) -> String {
    let ms = us / 1_000;
    let (days, hours, minutes) = (ms / 86_400_000, ms / 3_600_000 % 24, ms / 60_000 % 60);
    let clock = format!("{hours}:{minutes:02}:{:02}.{:03}", ms / 1_000 % 60, ms % 1_000);
    if days == 0 { clock } else { format!("{days} d {clock}") }
}

/// A date and time of the run's wall clock: `2026-03-01 09:00:12`.
pub fn date(wall_ms: i64) -> String {
    let seconds = wall_ms.div_euclid(1_000);
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

/// How long ago something was: `now`, `3 ms ago`, `2.5 s ago`, `4 min ago`, `3 h ago`, `7 d ago`.
pub fn ago(now_us: u64, at_us: u64) -> String {
    let us = now_us.saturating_sub(at_us);
    match us {
        0..1_000 => "now".to_owned(),
        1_000..1_000_000 => format!("{} ms ago", us / 1_000),
        1_000_000..60_000_000 => format!("{}.{} s ago", us / 1_000_000, us / 100_000 % 10),
        60_000_000..3_600_000_000 => format!("{} min ago", us / 60_000_000),
        3_600_000_000..86_400_000_000 => format!("{} h ago", us / 3_600_000_000),
        _ => format!("{} d ago", us / 86_400_000_000),
    }
}

/// A whole number with thin groups of three: `12,345`.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468; // from 0000-03-01
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * month_from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_time() {
        let table = [
            (0, "0:00:00.000"),
            (1_234_567, "0:00:01.234"),
            (3_600_000_000 + 61_000_000, "1:01:01.000"),
            (7 * 86_400_000_000, "7 d 0:00:00.000"),
        ];
        for (us, text) in table {
            assert_eq!(elapsed(us), text);
        }
    }

    #[test]
    fn dates() {
        let table = [
            (0, "1970-01-01 00:00:00"),
            (-1, "1969-12-31 23:59:59"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_772_355_612_345, "2026-03-01 09:00:12"),
            (1_798_761_599_999, "2026-12-31 23:59:59"),
        ];
        for (ms, text) in table {
            assert_eq!(date(ms), text);
        }
    }

    #[test]
    fn ages_and_groups() {
        let table = [(0, "now"), (2_500, "2 ms ago"), (2_540_000, "2.5 s ago"), (240_000_000, "4 min ago")];
        for (us, text) in table {
            assert_eq!(ago(us, 0), text);
        }
        assert_eq!(ago(0, 5), "now");
        assert_eq!(ago(8 * 86_400_000_000, 0), "8 d ago");
        assert_eq!(
            (grouped(0), grouped(-1_234), grouped(1_234_567)),
            ("0".into(), "-1,234".into(), "1,234,567".into())
        );
    }
}
