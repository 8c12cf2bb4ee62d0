//! POSIX regular expressions on top of the `regex` crate. Serves `grep`, `sed`, `awk`; invariant: basic and extended syntax are
//! told apart, and what the engine can't do (back-references) is an error.

use regex::bytes::{Regex, RegexBuilder};

/// Compiles a POSIX expression: extended, or basic, where `\(` groups and `(` is a character.
///
/// # Errors
/// The expression is none.
pub fn compile(text: &str, extended: bool, ignore_case: bool) -> Result<Regex, String> {
    let pattern = if extended { extended_to_rust(text) } else { basic_to_rust(text) };
    RegexBuilder::new(&pattern)
        .case_insensitive(ignore_case)
        .size_limit(1 << 20)
        .build()
        .map_err(|_| "Invalid regular expression".to_owned())
}

/// An expression that matches the text itself.
pub fn literal(text: &str) -> String {
    regex::escape(text)
}

fn bracket_end(chars: &[char], open: usize) -> usize {
    let mut at = open + 1;
    if chars.get(at) == Some(&'^') {
        at += 1;
    }
    if chars.get(at) == Some(&']') {
        at += 1;
    }
    while at < chars.len() && chars[at] != ']' {
        if chars[at] == '[' && chars.get(at + 1) == Some(&':') {
            at = (at + 2..chars.len())
                .find(|i| chars[*i] == ':' && chars.get(i + 1) == Some(&']'))
                .map_or(at, |i| i + 1);
        }
        at += 1;
    }
    at.min(chars.len().saturating_sub(1))
}

fn push_bracket(out: &mut String, inner: &[char]) {
    for (at, c) in inner.iter().enumerate() {
        match c {
            '[' if at == 0 => out.push('['),
            '\\' => out.push_str("\\\\"),
            '[' if inner.get(at + 1) != Some(&':') => out.push_str("\\["),
            '&' | '~' => out.extend(['\\', *c]),
            ']' if at + 1 < inner.len() && inner[at.saturating_sub(1)] != ':' => out.push_str("\\]"),
            c => out.push(*c),
        }
    }
}

fn translate(text: &str, basic: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        match c {
            '[' => {
                let end = bracket_end(&chars, at);
                push_bracket(&mut out, &chars[at..=end]);
                at = end;
            }
            '\\' => {
                at += 1;
                match chars.get(at) {
                    Some(next @ ('(' | ')' | '{' | '}' | '|' | '+' | '?')) if basic => out.push(*next),
                    Some('<' | '>') => out.push_str("\\b"),
                    Some(next @ ('n' | 't' | 's' | 'S' | 'w' | 'W' | 'b' | 'B')) => out.extend(['\\', *next]),
                    Some(next) if next.is_ascii_digit() => out.push_str("(?P<"),
                    Some(next) => out.push_str(&regex::escape(&next.to_string())),
                    None => out.push_str("\\\\"),
                }
            }
            '(' | ')' | '{' | '}' | '|' | '+' | '?' if basic => out.extend(['\\', c]),
            '*' if basic && (at == 0 || out.ends_with('(') || out == "^") => out.push_str("\\*"),
            c => out.push(c),
        }
        at += 1;
    }
    out
}

fn basic_to_rust(text: &str) -> String {
    translate(text, true)
}

fn extended_to_rust(text: &str) -> String {
    translate(text, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_and_extended() {
        let cases = [
            ("a+b", false, "a+b", true),
            ("a+b", true, "aab", true),
            (r"\(x\)\{2\}", false, "xx", true),
            ("TopicId: [^[:space:]]*", false, "TopicId: ab cd", true),
            (r"^at 1[0-9]\{12\}$", false, "at 1234567890123", true),
            ("[.]", false, "x", false),
            ("[]x]", false, "]", true),
            (r"a\.b", true, "axb", false),
            ("*x", false, "*x", true),
            ("{", false, "{", true),
        ];
        for (pattern, extended, text, expected) in cases {
            let regex = compile(pattern, extended, false).unwrap();
            assert_eq!(regex.is_match(text.as_bytes()), expected, "{pattern}");
        }
        assert!(compile(r"\(a\)\1", false, false).is_err() && compile("(", true, false).is_err());
    }
}
