//! What a value has to satisfy beyond its type, and the complaint if it does not.
//!
//! Each variant is one of the validators of Kafka's `ConfigDef`, or of a class that defines its own.

use super::{ConfigError, ConfigValue};

/// A condition on a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validator {
    /// Everything is right.
    Any,
    /// A number not below this one (`Range.atLeast`).
    AtLeast(i64),
    /// A number within these, both included (`Range.between`).
    Between(i64, i64),
    /// A double within these hundredths, both included (`Range.between`).
    BetweenHundredths(i64, i64),
    /// One of these texts (`ValidString`).
    OneOf(&'static [&'static str]),
    /// One of these texts in capitals or not (`CaseInsensitiveValidString`).
    OneOfIgnoringCase(&'static [&'static str]),
    /// A list of these texts, each at most once, possibly none (`ValidList.in`).
    ListOf(&'static [&'static str]),
    /// A list with at least one item, each at most once (`ValidList.anyNonDuplicateValues`).
    NonEmptyList,
    /// A text with at least one character (`NonEmptyString`).
    NonEmpty,
    /// A level of gzip: 1 to 9, or -1 for its default.
    GzipLevel,
    /// `*`, or pairs of partition and broker (`ThrottledReplicaListValidator`).
    ThrottledReplicas,
}

impl Validator {
    /// Checks a value; `name` is the key to name in a complaint.
    ///
    /// # Errors
    /// [`ConfigError::InvalidValue`] or [`ConfigError::InvalidList`].
    pub fn check(&self, name: &str, value: &ConfigValue) -> Result<(), ConfigError> {
        let refuse = |reason: String| {
            Err(ConfigError::InvalidValue { name: name.to_owned(), value: value.to_java_text(), reason })
        };
        match self {
            Validator::Any => Ok(()),
            Validator::AtLeast(min) if below(value, *min) => refuse(format!("Value must be at least {min}")),
            Validator::Between(min, _) if below(value, *min) => refuse(format!("Value must be at least {min}")),
            Validator::Between(_, max) if above(value, *max) => refuse(format!("Value must be no more than {max}")),
            Validator::AtLeast(_) | Validator::Between(..) => Ok(()),
            Validator::BetweenHundredths(min, max) => {
                let bound = |hundredths: &i64| ConfigValue::Double(*hundredths as f64 / 100.0);
                match value {
                    ConfigValue::Double(number) if *number < *min as f64 / 100.0 => {
                        refuse(format!("Value must be at least {}", bound(min).to_java_text()))
                    }
                    ConfigValue::Double(number) if *number > *max as f64 / 100.0 => {
                        refuse(format!("Value must be no more than {}", bound(max).to_java_text()))
                    }
                    _ => Ok(()),
                }
            }
            Validator::OneOf(texts) => check_one_of(name, &text_of(value), texts),
            Validator::OneOfIgnoringCase(texts) => {
                let text = text_of(value);
                if texts.iter().any(|known| known.eq_ignore_ascii_case(&text)) {
                    return Ok(());
                }
                refuse(format!("String must be one of (case insensitive): {}", texts.join(", ")))
            }
            Validator::ListOf(texts) => check_list(name, value.list().unwrap_or_default(), texts),
            Validator::NonEmptyList => match value.list() {
                Some([]) => Err(ConfigError::InvalidList {
                    name: name.to_owned(),
                    reason: "must not be empty. Valid values include: any non-empty value".to_owned(),
                }),
                items => check_list(name, items.unwrap_or_default(), &[]),
            },
            Validator::NonEmpty if text_of(value).is_empty() => refuse("String must be non-empty".to_owned()),
            Validator::NonEmpty => Ok(()),
            Validator::GzipLevel => match value.number() {
                Some(-1 | 1..=9) => Ok(()),
                _ => refuse("Value must be between 1 and 9 or equal to -1".to_owned()),
            },
            Validator::ThrottledReplicas if are_throttled_replicas(value.list().unwrap_or_default()) => Ok(()),
            Validator::ThrottledReplicas => refuse(format!(
                "{name} must be the literal '*' or a list of replicas in the following format: \
                 [partitionId]:[brokerId],[partitionId]:[brokerId],..."
            )),
        }
    }
}

fn below(value: &ConfigValue, min: i64) -> bool {
    match value {
        ConfigValue::Number(number) => *number < min,
        ConfigValue::Double(number) => *number < min as f64,
        _ => false,
    }
}

fn above(value: &ConfigValue, max: i64) -> bool {
    match value {
        ConfigValue::Number(number) => *number > max,
        ConfigValue::Double(number) => *number > max as f64,
        _ => false,
    }
}

fn text_of(value: &ConfigValue) -> String {
    value.to_config_text()
}

fn check_one_of(name: &str, text: &str, texts: &[&str]) -> Result<(), ConfigError> {
    if texts.contains(&text) {
        return Ok(());
    }
    let reason = format!("String must be one of: {}", texts.join(", "));
    Err(ConfigError::InvalidValue { name: name.to_owned(), value: text.to_owned(), reason })
}

fn check_list(name: &str, items: &[String], texts: &[&str]) -> Result<(), ConfigError> {
    let refuse = |reason: &str| ConfigError::InvalidList { name: name.to_owned(), reason: reason.to_owned() };
    let is_repeated = |(index, item): (usize, &String)| items[..index].contains(item);
    if items.iter().enumerate().any(is_repeated) {
        return Err(refuse("values must not be duplicated."));
    }
    for item in items {
        if item.is_empty() {
            return Err(refuse("values must not be empty."));
        }
        if !texts.is_empty() {
            check_one_of(name, item, texts)?;
        }
    }
    Ok(())
}

fn are_throttled_replicas(items: &[String]) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_pair = |item: &String| {
        item.is_empty() || item.split_once(':').is_some_and(|(left, right)| is_number(left) && is_number(right))
    };
    items.iter().all(is_pair) || items.concat() == "*"
}
