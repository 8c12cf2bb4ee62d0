//! Characters to words: quotes, escapes, `$`. Serves the lexer; invariant: the scanner only moves forward, so every text ends.

use super::{
    SyntaxError, Word,
    ast::{Part, VariableUse},
    parser::parse_nested,
};
use std::sync::Arc;

/// Substitutions inside substitutions, at most.
const MAX_DEPTH: u32 = 20;

/// Walks over a text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

/// The text of a literal part; others have none.
pub(super) fn literal(part: &Part) -> &str {
    match part {
        Part::Literal { text, .. } => text,
        _ => "",
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, depth: u32) -> Result<Scanner<'a>, SyntaxError> {
        match depth > MAX_DEPTH {
            true => Err(SyntaxError::TooDeep),
            false => Ok(Scanner { text, at: 0, depth }),
        }
    }

    pub(super) fn nested<'b>(&self, text: &'b str) -> Result<Scanner<'b>, SyntaxError> {
        Scanner::new(text, self.depth + 1)
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Moves past `what`, if it stands here.
    pub(super) fn take(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len();
        }
        found
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.take(" ") || self.take("\t") || self.take("\\\n") || self.take("\r") {}
    }

    pub(super) fn skip_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    /// The line from here on, without its end; `None` at the end of the text.
    pub(super) fn line(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let line = rest.split('\n').next().unwrap_or_default();
        self.at += (line.len() + 1).min(rest.len());
        Some(line)
    }

    /// Whether one digit and a redirection stand here.
    pub(super) fn is_io_number(&self) -> bool {
        matches!(self.rest().chars().nth(1), Some('<' | '>'))
    }

    /// Whether `<(` stands here.
    pub(super) fn at_file_of(&self) -> bool {
        self.rest().starts_with("<(")
    }

    /// A word up to a blank or an operator; empty if there is none here.
    pub(super) fn word(&mut self) -> Result<Word, SyntaxError> {
        let mut parts = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                '<' if self.at_file_of() => {
                    self.take("<(");
                    let inner = self.balanced(1)?;
                    let list = Arc::new(parse_nested(&inner, self.depth + 1)?);
                    parts.push(Part::FileOf { list });
                }
                ' ' | '\t' | '\n' | '\r' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\'' => {
                    self.next();
                    let text = self.until('\'')?;
                    push(&mut parts, &text, true);
                }
                '"' => {
                    self.next();
                    self.double_quoted(&mut parts, Some('"'))?;
                }
                '\\' => {
                    self.next();
                    match self.next() {
                        Some('\n') => {}
                        Some(c) => push(&mut parts, c.encode_utf8(&mut [0; 4]), true),
                        None => push(&mut parts, "\\", true),
                    }
                }
                '$' => self.dollar(&mut parts, false)?,
                '`' => self.backquoted(&mut parts, false)?,
                c => {
                    self.next();
                    push(&mut parts, c.encode_utf8(&mut [0; 4]), false);
                }
            }
        }
        Ok(Word { parts })
    }

    /// The whole text as the body of a here-document.
    pub(super) fn document(&mut self) -> Result<Word, SyntaxError> {
        let mut parts = Vec::new();
        self.double_quoted(&mut parts, None)?;
        Ok(Word { parts })
    }

    fn until(&mut self, close: char) -> Result<String, SyntaxError> {
        let rest = self.rest();
        let length = rest.find(close).ok_or(SyntaxError::Unclosed(close))?;
        self.at += length + close.len_utf8();
        Ok(rest[..length].to_owned())
    }

    fn double_quoted(&mut self, parts: &mut Vec<Part>, close: Option<char>) -> Result<(), SyntaxError> {
        push(parts, "", true);
        loop {
            let Some(c) = self.peek() else {
                return close.map_or(Ok(()), |c| Err(SyntaxError::Unclosed(c)));
            };
            match c {
                c if Some(c) == close => {
                    self.next();
                    return Ok(());
                }
                '\\' => {
                    self.next();
                    match self.peek() {
                        Some(c @ ('$' | '`' | '"' | '\\')) => {
                            self.next();
                            push(parts, c.encode_utf8(&mut [0; 4]), true);
                        }
                        Some('\n') => {
                            self.next();
                        }
                        _ => push(parts, "\\", true),
                    }
                }
                '$' => self.dollar(parts, true)?,
                '`' => self.backquoted(parts, true)?,
                c => {
                    self.next();
                    push(parts, c.encode_utf8(&mut [0; 4]), true);
                }
            }
        }
    }

    fn backquoted(&mut self, parts: &mut Vec<Part>, quoted: bool) -> Result<(), SyntaxError> {
        self.next();
        let mut inner = String::new();
        loop {
            match self.next().ok_or(SyntaxError::Unclosed('`'))? {
                '`' => break,
                '\\' if matches!(self.peek(), Some('`' | '\\' | '$')) => inner.extend(self.next()),
                c => inner.push(c),
            }
        }
        let list = Arc::new(parse_nested(&inner, self.depth + 1)?);
        parts.push(Part::Substitution { list, quoted });
        Ok(())
    }

    fn dollar(&mut self, parts: &mut Vec<Part>, quoted: bool) -> Result<(), SyntaxError> {
        self.next();
        if self.take("((") {
            let text = self.balanced(2)?;
            parts.push(Part::Arithmetic { text });
            return Ok(());
        }
        if self.take("(") {
            let inner = self.balanced(1)?;
            let list = Arc::new(parse_nested(&inner, self.depth + 1)?);
            parts.push(Part::Substitution { list, quoted });
            return Ok(());
        }
        if self.take("{") {
            let inner = self.until('}')?;
            let (name, usage) = braced(&inner)?;
            parts.push(Part::Variable { name, usage, quoted });
            return Ok(());
        }
        if !quoted && self.take("'") {
            let text = self.escaped_quote()?;
            push(parts, &text, true);
            return Ok(());
        }
        let rest = self.rest();
        let length = match rest.chars().next() {
            Some('?' | '$' | '!' | '#' | '@' | '*' | '0'..='9') => 1,
            Some(c) if is_name_start(c) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            _ => {
                push(parts, "$", quoted);
                return Ok(());
            }
        };
        self.at += length;
        parts.push(Part::Variable { name: rest[..length].to_owned(), usage: VariableUse::Value, quoted });
        Ok(())
    }

    /// The text up to the `closing` parentheses that match those already read.
    fn balanced(&mut self, closing: u32) -> Result<String, SyntaxError> {
        let start = self.at;
        let mut open = closing;
        while let Some(c) = self.next() {
            match c {
                '\\' => {
                    self.next();
                }
                '\'' => {
                    self.until('\'')?;
                }
                '"' => self.skip_double_quoted()?,
                '(' => open += 1,
                ')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                let inner = &self.text[start..self.at - 1];
                return Ok(inner.strip_suffix(')').filter(|_| closing == 2).unwrap_or(inner).to_owned());
            }
        }
        Err(SyntaxError::Unclosed(')'))
    }

    fn skip_double_quoted(&mut self) -> Result<(), SyntaxError> {
        loop {
            match self.next().ok_or(SyntaxError::Unclosed('"'))? {
                '"' => return Ok(()),
                '\\' => {
                    self.next();
                }
                _ => {}
            }
        }
    }

    /// `$'…'`: the escapes of C.
    fn escaped_quote(&mut self) -> Result<String, SyntaxError> {
        let mut text = String::new();
        loop {
            match self.next().ok_or(SyntaxError::Unclosed('\''))? {
                '\'' => return Ok(text),
                '\\' => match self.next().ok_or(SyntaxError::Unclosed('\''))? {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    '0' => text.push('\0'),
                    'e' => text.push('\u{1b}'),
                    c @ ('\\' | '\'' | '"') => text.push(c),
                    c => text.extend(['\\', c]),
                },
                c => text.push(c),
            }
        }
    }
}

fn push(parts: &mut Vec<Part>, text: &str, quoted: bool) {
    match parts.last_mut() {
        Some(Part::Literal { text: last, quoted: q }) if *q == quoted => last.push_str(text),
        _ => parts.push(Part::Literal { text: text.to_owned(), quoted }),
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// What stands between `${` and `}`.
fn braced(inner: &str) -> Result<(String, VariableUse), SyntaxError> {
    let bad = || SyntaxError::BadSubstitution(format!("${{{inner}}}"));
    if let Some(name) = inner.strip_prefix('#').filter(|n| !n.is_empty() && n.chars().all(is_name)) {
        return Ok((name.to_owned(), VariableUse::Length));
    }
    let length = match inner.chars().next() {
        Some('?' | '$' | '!' | '#' | '@' | '*') => 1,
        _ => inner.find(|c| !is_name(c)).unwrap_or(inner.len()),
    };
    let (name, rest) = inner.split_at(length);
    if name.is_empty() {
        return Err(bad());
    }
    let usage = match rest {
        "" => VariableUse::Value,
        _ => [
            (":-", VariableUse::Default as fn(String) -> VariableUse),
            ("-", VariableUse::Default),
            (":+", VariableUse::Alternative),
            ("%", |text| VariableUse::Without(text, true)),
            ("#", |text| VariableUse::Without(text, false)),
        ]
        .into_iter()
        .find_map(|(sign, usage)| Some(usage(rest.strip_prefix(sign)?.to_owned())))
        .ok_or_else(bad)?,
    };
    Ok((name.to_owned(), usage))
}

/// Splits `NAME=value` at the start of a word, if it is an assignment.
pub(super) fn assignment(word: &Word) -> Option<(String, Word)> {
    let Some(Part::Literal { text, quoted: false }) = word.parts.first() else { return None };
    let (name, value) = text.split_once('=')?;
    if !name.chars().next().is_some_and(is_name_start) || !name.chars().all(is_name) {
        return None;
    }
    let mut parts = word.parts.clone();
    parts[0] = Part::Literal { text: value.to_owned(), quoted: false };
    Some((name.to_owned(), Word { parts }))
}

/// Whether the text can name a variable.
pub(super) fn is_variable_name(text: &str) -> bool {
    text.chars().next().is_some_and(is_name_start) && text.chars().all(is_name)
}
