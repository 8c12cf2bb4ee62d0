//! `masks.toml`: what can't be the same twice. Serves the comparison; invariant: masks apply in the order of the file, to
//! both sides alike.

use fancy_regex::Regex;
use serde::Deserialize;
use thiserror::Error;

/// Why the masks can't be used.
#[derive(Debug, Error)]
pub enum MaskError {
    /// Not the TOML expected.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Not a regular expression.
    #[error("{regex}: {reason}")]
    Regex {
        /// The expression.
        regex: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Deserialize)]
struct File {
    mask: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    regex: String,
    replace: String,
    #[serde(default)]
    drop_line_if_empty: bool,
}

struct Mask {
    regex: Regex,
    replace: String,
    drop_line_if_empty: bool,
}

/// All masks.
pub struct Masks(Vec<Mask>);

impl Masks {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Not TOML, or an expression that is none.
    pub fn parse(text: &str) -> Result<Masks, MaskError> {
        let file: File = toml::from_str(text)?;
        let mask = |entry: Entry| {
            let regex = Regex::new(&entry.regex)
                .map_err(|e| MaskError::Regex { regex: entry.regex.clone(), reason: e.to_string() })?;
            // `$1T` would name a group `1T`: say `${1}T`.
            let replace = braced(&entry.replace);
            Ok(Mask { regex, replace, drop_line_if_empty: entry.drop_line_if_empty })
        };
        file.mask.into_iter().map(mask).collect::<Result<_, _>>().map(Masks)
    }

    /// A line as it is compared; `None` if it is dropped.
    pub fn apply(&self, line: &str) -> Option<String> {
        let mut text = line.to_owned();
        for mask in &self.0 {
            if !mask.regex.is_match(&text).unwrap_or(false) {
                continue;
            }
            text = mask.regex.replace_all(&text, mask.replace.as_str()).into_owned();
            if mask.drop_line_if_empty && text.is_empty() {
                return None;
            }
        }
        Some(text)
    }
}

fn braced(replace: &str) -> String {
    let mut out = String::new();
    let mut chars = replace.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == '$' && chars.peek().is_some_and(char::is_ascii_digit) {
            let digit = chars.next().unwrap_or('0');
            out.push_str(&format!("{{{digit}}}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_apply_in_order_and_drop_lines() {
        let text = r#"
            [[mask]]
            regex = '\d+ms'
            replace = "MS"
            [[mask]]
            regex = '^(a)MS$'
            replace = "$1b"
            [[mask]]
            regex = '^\s+at .*$'
            replace = ""
            drop_line_if_empty = true
        "#;
        let masks = Masks::parse(text).unwrap();
        assert_eq!(masks.apply("a12ms").as_deref(), Some("ab"));
        assert_eq!(masks.apply("  at x.y(Z)"), None);
        assert_eq!(masks.apply("").as_deref(), Some(""));
    }
}
