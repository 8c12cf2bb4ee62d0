//! Values of configurations: read as Java reads them, shown as Java shows them.
//!
//! Java trims blanks and control characters only (up to U+0020) and complains with the text before trimming.

use super::{ConfigError, ConfigType};

/// A configuration's value.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigValue {
    /// Of type BOOLEAN.
    Boolean(bool),
    /// Of type STRING or CLASS.
    String(String),
    /// Of type INT, SHORT or LONG.
    Number(i64),
    /// Of type DOUBLE.
    Double(f64),
    /// Of type LIST.
    List(Vec<String>),
    /// Of type PASSWORD.
    Password(String),
}

impl ConfigValue {
    /// Reads a text as a value of a type; `name` is the key to name in a complaint.
    ///
    /// # Errors
    /// [`ConfigError::InvalidValue`] if the text is not of this type.
    pub fn parse(name: &str, ty: ConfigType, text: &str) -> Result<ConfigValue, ConfigError> {
        let trimmed = text.trim_matches(|character| character <= ' ');
        let invalid = |reason: String| ConfigError::InvalidValue {
            name: name.to_owned(),
            value: if ty == ConfigType::Password { "[hidden]".to_owned() } else { text.to_owned() },
            reason,
        };
        let number = |value: Option<i64>| {
            let value = value.ok_or_else(|| invalid(format!("Not a number of type {}", ty.name())));
            value.map(ConfigValue::Number)
        };
        match ty {
            ConfigType::Boolean if trimmed.eq_ignore_ascii_case("true") => Ok(ConfigValue::Boolean(true)),
            ConfigType::Boolean if trimmed.eq_ignore_ascii_case("false") => Ok(ConfigValue::Boolean(false)),
            ConfigType::Boolean => Err(invalid("Expected value to be either true or false".to_owned())),
            ConfigType::String | ConfigType::Class => Ok(ConfigValue::String(trimmed.to_owned())),
            ConfigType::Password => Ok(ConfigValue::Password(trimmed.to_owned())),
            ConfigType::Int => number(trimmed.parse::<i32>().ok().map(i64::from)),
            ConfigType::Short => number(trimmed.parse::<i16>().ok().map(i64::from)),
            ConfigType::Long => number(trimmed.parse::<i64>().ok()),
            ConfigType::Double => match java_double(trimmed) {
                Some(value) => Ok(ConfigValue::Double(value)),
                None => Err(invalid("Not a number of type DOUBLE".to_owned())),
            },
            ConfigType::List if trimmed.is_empty() => Ok(ConfigValue::List(Vec::new())),
            ConfigType::List => Ok(ConfigValue::List(split_list(trimmed))),
        }
    }

    /// The value as Java's `toString` shows it.
    pub fn to_java_text(&self) -> String {
        match self {
            ConfigValue::Boolean(value) => value.to_string(),
            ConfigValue::String(value) => value.clone(),
            ConfigValue::Number(value) => value.to_string(),
            ConfigValue::Double(value) => java_double_text(*value),
            ConfigValue::List(values) => format!("[{}]", values.join(", ")),
            ConfigValue::Password(_) => "[hidden]".to_owned(),
        }
    }

    /// The value as it stands in a configuration: as Java shows it, but a list without brackets and blanks
    /// (Kafka: `ConfigDef.convertToString`).
    pub fn to_config_text(&self) -> String {
        match self {
            ConfigValue::List(values) => values.join(","),
            ConfigValue::Password(value) => value.clone(),
            other => other.to_java_text(),
        }
    }

    /// The number of an INT, SHORT or LONG.
    pub fn number(&self) -> Option<i64> {
        if let ConfigValue::Number(value) = self { Some(*value) } else { None }
    }

    /// The truth of a BOOLEAN.
    pub fn boolean(&self) -> Option<bool> {
        if let ConfigValue::Boolean(value) = self { Some(*value) } else { None }
    }

    /// The items of a LIST.
    pub fn list(&self) -> Option<&[String]> {
        if let ConfigValue::List(values) = self { Some(values) } else { None }
    }
}

/// Splits at commas with the white space around them; what stands between two commas may be empty.
fn split_list(text: &str) -> Vec<String> {
    let is_space = |character: char| matches!(character, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r');
    text.split(',').map(|item| item.trim_matches(is_space).to_owned()).collect()
}

/// `Double.parseDouble` for decimal texts: as Rust's, with an optional `f` or `d` at the end, and `NaN` and `Infinity`
/// in this very spelling only.
fn java_double(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        "NaN" => return Some(f64::NAN),
        "Infinity" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        "Infinity" => return Some(f64::INFINITY),
        _ => {}
    }
    let digits = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    let is_decimal = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    if is_decimal { digits.parse().ok() } else { None }
}

/// `Double.toString`: plain from 0.001 up to 10,000,000, else with an exponent.
fn java_double_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-Infinity" } else { "Infinity" }.to_owned();
    }
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if mantissa.contains('.') => format!("{mantissa}E{exponent}"),
        Some((mantissa, exponent)) => format!("{mantissa}.0E{exponent}"),
        None => text,
    }
}
