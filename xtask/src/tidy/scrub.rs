//! Rust text without its comments and without what its literals say, line for line as long as before.
//!
//! Serves the checks that look for words and braces in code: a word in a comment or a message is none of theirs.

/// Blanks comments and the inside of string and character literals. Line breaks stay where they are.
pub fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skipped_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Where the comment or literal that starts at `at` ends; `at` if none does.
fn skipped_end(chars: &[char], at: usize) -> usize {
    let next = |offset: usize| chars.get(at + offset).copied();
    let in_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        '/' if next(1) == Some('/') => find(chars, at, |c| c == '\n'),
        '/' if next(1) == Some('*') => block_comment_end(chars, at),
        '"' => string_end(chars, at),
        'b' | 'c' if !in_word && next(1) == Some('r') => raw_string_end(chars, at + 1, at),
        'r' if !in_word => raw_string_end(chars, at, at),
        '\'' if next(1) == Some('\\') => {
            let close = find(chars, at + 3, |c| c == '\'');
            (close + 1).min(chars.len())
        }
        '\'' if next(2) == Some('\'') => at + 3,
        _ => at,
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    let from = from.min(chars.len());
    chars[from..].iter().position(|c| wanted(*c)).map_or(chars.len(), |offset| from + offset)
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') if depth == 1 => return at + 2,
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// `r` stands at `start`; gives `otherwise` if no raw string starts there.
fn raw_string_end(chars: &[char], start: usize, otherwise: usize) -> usize {
    let open = find(chars, start + 1, |c| c != '#');
    let hashes = open - start - 1;
    if chars.get(open) != Some(&'"') {
        return otherwise;
    }
    let mut at = open + 1;
    while at < chars.len() {
        let close = find(chars, at, |c| c == '"');
        let tail = chars.get(close + 1..close + 1 + hashes);
        if tail.is_some_and(|tail| tail.iter().all(|c| *c == '#')) {
            return close + 1 + hashes;
        }
        at = close + 1;
    }
    chars.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blank() {
        let cases = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x\"}", y)"#, "f(      , y)"),
            ("r#\"a\"b\"# + c", "         + c"),
            ("br\"a\" b", "      b"),
            ("'{' + '\\'' + '\\n'", "    +      +     "),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("r#type", "r#type"),
            ("\"open", "     "),
        ];
        for (text, code) in cases {
            assert_eq!(code_only(text), code, "{text}");
        }
    }
}
