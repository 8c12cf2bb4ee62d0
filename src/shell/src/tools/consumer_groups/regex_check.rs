//! `--validate-regex`: whether brokers understand an expression. Serves kafka-consumer-groups; invariant: errors are named as RE2/J
//! names them, whose syntax is the one understood here.

use regex::Regex;

/// What is found in our library's message, and RE2/J's words for it.
const WORDS: &[(&str, &str)] = &[
    ("unclosed character class", "missing closing ]"),
    ("unclosed group", "missing closing )"),
    ("unopened group", "unexpected )"),
    ("repetition operator missing expression", "missing argument to repetition operator"),
    ("incomplete escape", "trailing backslash at end of expression"),
    ("character class range", "invalid character class range"),
    ("Unicode property", "invalid character class range"),
    ("capture group name", "invalid named capture"),
    ("flag", "missing argument to repetition operator"),
    ("look-around", "invalid or unsupported Perl syntax"),
    ("repetition quantifier", "invalid repetition count"),
    ("count", "invalid repetition count"),
    ("backreferences", "invalid escape sequence"),
    ("escape", "invalid escape sequence"),
];

/// The line that tells it.
pub fn validate(expression: &str) -> String {
    match Regex::new(expression) {
        Ok(_) => format!("The regular expression `{expression}` is valid."),
        Err(error) => {
            // The library shows the expression first; what is wrong stands last.
            let shown = error.to_string();
            let text = shown.lines().last().unwrap_or_default();
            let words = WORDS.iter().find(|(ours, _)| text.contains(ours)).map_or("internal error", |(_, words)| words);
            format!("The regular expression `{expression}` is invalid: {words}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_by_their_names_in_re2() {
        let cases = [
            ("orders-.*", "valid."),
            ("orders-[", "invalid: missing closing ]."),
            ("(a", "invalid: missing closing )."),
            ("a)", "invalid: unexpected )."),
            ("*", "invalid: missing argument to repetition operator."),
            ("\\", "invalid: trailing backslash at end of expression."),
            ("(?=x)", "invalid: invalid or unsupported Perl syntax."),
        ];
        for (expression, end) in cases {
            assert_eq!(validate(expression), format!("The regular expression `{expression}` is {end}"));
        }
    }
}
