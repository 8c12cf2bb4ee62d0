//! Option parsing as jopt-simple does it, from tables. Serves every tool with such options; invariant: no abbreviations, a required
//! argument swallows the next word whatever it is, and values are converted only when they are read.

use ottla_client::JavaError;
use std::collections::BTreeMap;

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// It never does.
    None,
    /// It always does.
    Required,
    /// It may.
    Optional,
}

/// What a value is, as the help shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    String,
    /// A 32-bit number.
    Integer,
    /// A 64-bit number.
    Long,
    /// A kind of election.
    Election,
}

impl Kind {
    /// The word in the help.
    pub const fn shown(self) -> &'static str {
        match self {
            Kind::String => "String",
            Kind::Integer => "Integer",
            Kind::Long => "Long",
            Kind::Election => "[PREFERRED,UNCLEAN]",
        }
    }
}

/// One option of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionSpec {
    /// Its name, without dashes.
    pub name: &'static str,
    /// Whether it takes a value.
    pub argument: Argument,
    /// Which kind of value.
    pub kind: Kind,
    /// What stands for the value in the help.
    pub shown: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The value without the option; empty for none.
    pub default: &'static str,
}

/// An option without a value.
pub const fn flag(name: &'static str, description: &'static str) -> OptionSpec {
    OptionSpec { name, argument: Argument::None, kind: Kind::String, shown: "", description, default: "" }
}

/// An option with a value.
pub const fn required_arg(
    name: &'static str,
    kind: Kind,
    shown: &'static str,
    description: &'static str,
) -> OptionSpec {
    OptionSpec { name, argument: Argument::Required, kind, shown, description, default: "" }
}

/// An option whose value may be left out.
pub const fn optional(name: &'static str, shown: &'static str, description: &'static str) -> OptionSpec {
    OptionSpec { name, argument: Argument::Optional, kind: Kind::String, shown, description, default: "" }
}

impl OptionSpec {
    /// The same option with a default.
    pub const fn or(self, default: &'static str) -> OptionSpec {
        OptionSpec { default, ..self }
    }
}

fn jopt(class: &str, message: String) -> JavaError {
    JavaError::new(format!("joptsimple.{class}"), message)
}

/// The options of a command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    found: BTreeMap<&'static str, Vec<String>>,
    defaults: BTreeMap<&'static str, &'static str>,
    /// Whether there was no word at all.
    pub is_empty: bool,
}

impl Parsed {
    /// Reads a command line by a table.
    ///
    /// # Errors
    /// `UnrecognizedOptionException`, `OptionMissingRequiredArgumentException`, or an argument where none may be.
    pub fn parse(table: &'static [OptionSpec], args: &[String]) -> Result<Parsed, JavaError> {
        let defaults = table.iter().filter(|o| !o.default.is_empty()).map(|o| (o.name, o.default)).collect();
        let mut parsed = Parsed { found: BTreeMap::new(), defaults, is_empty: args.is_empty() };
        let mut rest = args.iter().peekable();
        while let Some(word) = rest.next() {
            if word == "--" {
                break;
            }
            let Some(text) = word.strip_prefix("--").or(word.strip_prefix('-')).filter(|t| !t.is_empty()) else {
                continue;
            };
            let (name, inline) = text.split_once('=').map_or((text, None), |(n, v)| (n, Some(v.to_owned())));
            let Some(spec) = table.iter().find(|o| o.name == name) else {
                // A single dash begins a row of one-letter options: the first letter is what is not known.
                let shown = match word.starts_with("--") {
                    true => name.to_owned(),
                    false => name.chars().take(1).collect(),
                };
                return Err(jopt("UnrecognizedOptionException", format!("{shown} is not a recognized option")));
            };
            let values = parsed.found.entry(spec.name).or_default();
            match (spec.argument, inline) {
                (Argument::None, None) => {}
                (Argument::None, Some(_)) => {
                    let message = format!("Option {name} does not take an argument");
                    return Err(jopt("OptionArgumentException", message));
                }
                (_, Some(value)) => values.push(value),
                (Argument::Required, None) => match rest.next() {
                    Some(value) => values.push(value.clone()),
                    None => {
                        let message = format!("Option {name} requires an argument");
                        return Err(jopt("OptionMissingRequiredArgumentException", message));
                    }
                },
                (Argument::Optional, None) => values.extend(rest.next_if(|w| !w.starts_with('-')).cloned()),
            }
        }
        Ok(parsed)
    }

    /// Whether the option was given.
    pub fn has(&self, name: &str) -> bool {
        self.found.contains_key(name)
    }

    /// All values of an option, in order.
    pub fn values(&self, name: &str) -> &[String] {
        self.found.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The value of an option, or its default.
    ///
    /// # Errors
    /// `MultipleArgumentsForOptionException`.
    pub fn value(&self, name: &str) -> Result<Option<&str>, JavaError> {
        match self.values(name) {
            [] => Ok(self.defaults.get(name).copied()),
            [value] => Ok(Some(value)),
            _ => {
                let message = format!("Found multiple arguments for option {name}, but you asked for only one");
                Err(jopt("MultipleArgumentsForOptionException", message))
            }
        }
    }

    /// The value of an option as a number of a kind.
    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, JavaError> {
        let Some(text) = self.value(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let number = JavaError::new("java.lang.NumberFormatException", format!("For input string: \"{text}\""));
            let reflection = jopt("internal.ReflectionException", number.to_string()).caused_by(number);
            cannot_parse(text, name).caused_by(reflection)
        })
    }

    /// The value of an option as an `Integer`.
    ///
    /// # Errors
    /// As [`Parsed::value`]; `OptionArgumentConversionException` for what is no number.
    pub fn integer(&self, name: &str) -> Result<Option<i32>, JavaError> {
        self.number(name)
    }

    /// The value of an option as a `Long`.
    ///
    /// # Errors
    /// As [`Parsed::integer`].
    pub fn long(&self, name: &str) -> Result<Option<i64>, JavaError> {
        self.number(name)
    }

    /// The value of an option as one of some words, in any case.
    ///
    /// # Errors
    /// `OptionArgumentConversionException` for another word.
    pub fn one_of(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, JavaError> {
        let Some(text) = self.value(name)? else { return Ok(None) };
        match words.iter().find(|w| w.eq_ignore_ascii_case(text)) {
            Some(word) => Ok(Some(word)),
            None => {
                let message = format!("Value [{text}] is not one of [[{}]]", words.join(","));
                Err(cannot_parse(text, name).caused_by(jopt("ValueConversionException", message)))
            }
        }
    }
}

fn cannot_parse(text: &str, name: &str) -> JavaError {
    jopt("OptionArgumentConversionException", format!("Cannot parse argument '{text}' of option {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[OptionSpec] = &[
        flag("list", ""),
        required_arg("topic", Kind::String, "", ""),
        required_arg("n", Kind::Integer, "", "").or("7"),
        optional("codec", "", ""),
    ];

    fn parse(text: &str) -> Result<Parsed, String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Parsed::parse(TABLE, &words).map_err(|e| e.to_string())
    }

    #[test]
    fn the_rules_of_jopt() {
        let all = parse("--topic --list -list --codec --n=3 extra").unwrap();
        assert_eq!(all.value("topic").unwrap(), Some("--list"));
        assert!(all.has("list") && all.has("codec") && all.value("codec").unwrap().is_none());
        assert_eq!(all.integer("n").unwrap(), Some(3));
        assert_eq!(parse("").unwrap().integer("n").unwrap(), Some(7));
        let unknown = "joptsimple.UnrecognizedOptionException: tpic is not a recognized option";
        assert_eq!(parse("--tpic x").unwrap_err(), unknown);
        let missing = "joptsimple.OptionMissingRequiredArgumentException: Option topic requires an argument";
        assert_eq!(parse("--topic").unwrap_err(), missing);
        let twice = parse("--topic a --topic b").unwrap().value("topic").unwrap_err();
        assert_eq!(twice.text(), "Found multiple arguments for option topic, but you asked for only one");
        let number = parse("--n three").unwrap().integer("n").unwrap_err();
        let expected = "joptsimple.OptionArgumentConversionException: Cannot parse argument 'three' of option n\n\
            Caused by: joptsimple.internal.ReflectionException: java.lang.NumberFormatException: For input string: \
            \"three\"\nCaused by: java.lang.NumberFormatException: For input string: \"three\"\n";
        assert_eq!(crate::java::stack_trace(&number), expected);
    }
}
