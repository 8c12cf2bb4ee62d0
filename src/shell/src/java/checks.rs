//! Checks of options that stand or may not stand together (`CommandLineUtils`). Serves the tools; invariant: the first check that
//! fails gives the message, in the order the tool makes them.

use super::options::Parsed;

/// Fails for the first of these options that is missing.
///
/// # Errors
/// The message.
pub fn required(parsed: &Parsed, names: &[&str]) -> Result<(), String> {
    match names.iter().find(|name| !parsed.has(name)) {
        Some(name) => Err(format!("Missing required argument \"[{name}]\"")),
        None => Ok(()),
    }
}

/// Fails if `used` stands together with one of the others.
///
/// # Errors
/// The message.
pub fn invalid_with(parsed: &Parsed, used: &str, others: &[&str]) -> Result<(), String> {
    match others.iter().find(|other| parsed.has(used) && parsed.has(other)) {
        Some(other) => Err(format!("Option \"[{used}]\" can't be used with option \"[{other}]\"")),
        None => Ok(()),
    }
}

/// Fails unless exactly one of these options stands.
///
/// # Errors
/// The message.
pub fn one_of(parsed: &Parsed, names: &[&str]) -> Result<(), String> {
    if names.iter().filter(|name| parsed.has(name)).count() == 1 {
        return Ok(());
    }
    let list: Vec<String> = names.iter().map(|name| format!("[{name}]")).collect();
    Err(format!("Exactly one of the following arguments is required: {}", list.join(", ")))
}

/// Fails if an option stands in its old and its new spelling.
///
/// # Errors
/// The message.
pub fn at_most_one_way(parsed: &Parsed, first: &str, second: &str) -> Result<(), String> {
    match parsed.has(first) && parsed.has(second) {
        true => Err(format!("Options --{first} and --{second} cannot be specified together.")),
        false => Ok(()),
    }
}
