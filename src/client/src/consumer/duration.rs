//! ISO 8601 durations. Serves `auto.offset.reset=by_duration:…`; invariant: what `java.time.Duration.parse` takes, down
//! to milliseconds.

/// The milliseconds of `PnDTnHnMn.nS`; `None` for anything else.
pub(crate) fn parse_duration_ms(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let rest = text.strip_prefix(['P', 'p'])?;
    let (days, time) = match rest.split_once(['T', 't']) {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (rest, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let total = units(days, &[('D', 86_400_000)])?
        .checked_add(units(time, &[('H', 3_600_000), ('M', 60_000), ('S', 1000)])?)?;
    Some(if negative { -total } else { total })
}

/// The sum of numbers with these units, which must stand in this order.
fn units(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut total: i64 = 0;
    for (unit, factor_ms) in units {
        let Some(end) = text.find(|c: char| c.is_ascii_alphabetic()) else { break };
        if !text[end..].starts_with(|c: char| c.eq_ignore_ascii_case(unit)) {
            continue;
        }
        let (number, rest) = text.split_at(end);
        total = total.checked_add(millis(number, *factor_ms, *unit == 'S')?)?;
        text = &rest[1..];
    }
    text.is_empty().then_some(total)
}

fn millis(number: &str, factor_ms: i64, may_have_fraction: bool) -> Option<i64> {
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
    if !fraction.is_empty() && (!may_have_fraction || !fraction.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let whole_ms = whole.parse::<i64>().ok()?.checked_mul(factor_ms)?;
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let fraction_ms = digits.parse::<i64>().ok()?;
    whole_ms.checked_add(if whole.starts_with('-') { -fraction_ms } else { fraction_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad_durations() {
        let cases = [
            ("PT1H", Some(3_600_000)),
            ("P1D", Some(86_400_000)),
            ("P2DT3H4M", Some(183_840_000)),
            ("PT1.5S", Some(1500)),
            ("pt10m", Some(600_000)),
            ("-PT1S", Some(-1000)),
            ("PT", None),
            ("P", None),
            ("1h", None),
            ("PT1D", None),
            ("PT1M1H", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration_ms(text), expected, "{text}");
        }
    }
}
