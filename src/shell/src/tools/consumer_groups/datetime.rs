//! Times as Java reads them: `--to-datetime` (`Utils.getDateTime`) and `--by-duration` (`Duration.parse`). Serves resets; invariant:
//! a time without a zone is in UTC.

use super::failure::runtime;
use crate::calendar::DateTime;
use ottla_client::JavaError;
use regex::Regex;

const DATE: &str = r"^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)\.(\d+)(?:Z|([+-])(\d\d):?(\d\d)?)";
const DURATION: &str =
    r"(?i)^([-+]?)P(?:([-+]?\d+)D)?(T(?:([-+]?\d+)H)?(?:([-+]?\d+)M)?(?:([-+]?\d+)(?:[.,](\d{0,9}))?S)?)?$";

/// Milliseconds since 1970 of a time.
///
/// # Errors
/// `java.text.ParseException` in a `RuntimeException`.
pub fn parse_datetime(text: &str) -> Result<i64, JavaError> {
    let refused = |message: String| runtime(JavaError::new("java.text.ParseException", message));
    let Some((_, time)) = text.split_once('T').filter(|(_, time)| !time.is_empty()) else {
        let message = "Error parsing timestamp. It does not contain a 'T' according to ISO8601 format";
        return Err(refused(message.to_owned()));
    };
    let zoned = if time.contains(['+', '-', 'Z']) { text.to_owned() } else { format!("{text}Z") };
    millis(&zoned).ok_or_else(|| refused(format!("Unparseable date: \"{zoned}\"")))
}

fn millis(text: &str) -> Option<i64> {
    let found = Regex::new(DATE).ok()?.captures(text)?;
    let number = |at: usize| found.get(at).map_or(Some(0), |digits| digits.as_str().parse::<u32>().ok());
    let moment = DateTime {
        year: i64::from(number(1)?),
        month: number(2)?,
        day: number(3)?,
        hour: number(4)?,
        minute: number(5)?,
        second: number(6)?,
        millisecond: number(7)?,
        weekday: 0,
    };
    let in_range = (1..=9999).contains(&moment.year)
        && (1..=12).contains(&moment.month)
        && moment.hour < 24
        && moment.minute < 60
        && moment.second < 60
        && moment.millisecond < 1000;
    // A day that the month does not have comes back as another one.
    let ms = in_range.then(|| moment.to_millis()).filter(|ms| DateTime::from_millis(*ms).day == moment.day)?;
    let ahead_minutes = i64::from(number(9)? * 60 + number(10)?);
    let west = found.get(8).is_some_and(|sign| sign.as_str() == "-");
    Some(ms - ahead_minutes * 60_000 * if west { -1 } else { 1 })
}

/// Milliseconds of a duration such as `PT1H`.
///
/// # Errors
/// `java.time.format.DateTimeParseException`.
pub fn parse_duration(text: &str) -> Result<i64, JavaError> {
    let class = "java.time.format.DateTimeParseException";
    duration_ms(text).ok_or_else(|| JavaError::new(class, "Text cannot be parsed to a Duration"))
}

fn duration_ms(text: &str) -> Option<i64> {
    let found = Regex::new(DURATION).ok()?.captures(text)?;
    let part = |at: usize, unit_ms: i64| match found.get(at) {
        Some(number) => number.as_str().parse::<i64>().ok()?.checked_mul(unit_ms),
        None => Some(0),
    };
    let has = |at: usize| found.get(at).is_some();
    if !(has(2) || has(4) || has(5) || has(6)) || (has(3) && !(has(4) || has(5) || has(6))) {
        return None;
    }
    let fraction = found.get(7).map_or("", |digits| digits.as_str());
    let fraction_ms: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let negative_second = found.get(6).is_some_and(|seconds| seconds.as_str().starts_with('-'));
    let sum = part(2, 86_400_000)?
        .checked_add(part(4, 3_600_000)?)?
        .checked_add(part(5, 60_000)?)?
        .checked_add(part(6, 1000)?)?
        .checked_add(if negative_second { -fraction_ms } else { fraction_ms })?;
    Some(if found.get(1).is_some_and(|sign| sign.as_str() == "-") { -sum } else { sum })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(parse_datetime("1970-01-02T00:00:00.001").unwrap(), 86_400_001);
        assert_eq!(parse_datetime("2000-02-29T12:00:00.000+02:00").unwrap(), 951_818_400_000);
        for wrong in ["2001-02-29T12:00:00.000", "2001-02-28T12:00:00", "2001-13-01T00:00:00.000", "yesterday"] {
            assert!(parse_datetime(wrong).is_err(), "{wrong}");
        }
        let error = parse_datetime("yesterday").unwrap_err();
        let text =
            "java.text.ParseException: Error parsing timestamp. It does not contain a 'T' according to ISO8601 format";
        assert_eq!(error.text(), text);
    }

    #[test]
    fn durations() {
        let cases =
            [("PT1H", 3_600_000), ("P1DT2M", 86_520_000), ("pt0.5s", 500), ("-PT1S", -1000), ("PT-1.5S", -1500)];
        for (text, ms) in cases {
            assert_eq!(parse_duration(text).unwrap(), ms, "{text}");
        }
        for wrong in ["1h", "P", "PT", "P1DT", ""] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
