//! Brace expansion: `{1..5}` and `{a,b}`. Serves the interpreter; invariant: the number of words stays bounded.

use super::{Word, ast::Part};

/// Words that one brace expansion may give, at most; a larger one stays as it was typed.
const MAX_WORDS: usize = 10_000;

/// All words that a word stands for.
pub fn expand_braces(word: &Word) -> Vec<Word> {
    let mut done = Vec::new();
    let mut waiting = vec![word.clone()];
    while let Some(word) = waiting.pop() {
        match expand_one(&word) {
            Some(words) if done.len() + waiting.len() + words.len() <= MAX_WORDS => {
                waiting.extend(words.into_iter().rev());
            }
            _ => done.push(word),
        }
    }
    done
}

fn expand_one(word: &Word) -> Option<Vec<Word>> {
    word.parts.iter().enumerate().find_map(|(index, part)| {
        let Part::Literal { text, quoted: false } = part else { return None };
        let (before, items, after) = split(text)?;
        let with = |item: String| {
            let mut parts = word.parts.clone();
            parts[index] = Part::Literal { text: format!("{before}{item}{after}"), quoted: false };
            Word { parts }
        };
        Some(items.into_iter().map(with).collect())
    })
}

/// The first brace expression of a text: what stands before it, what it gives, what stands after it.
fn split(text: &str) -> Option<(&str, Vec<String>, &str)> {
    for (open, _) in text.match_indices('{') {
        let Some(close) = matching(text, open) else { continue };
        let inner = &text[open + 1..close];
        let items = range(inner).or_else(|| alternatives(inner));
        if let Some(items) = items {
            return Some((&text[..open], items, &text[close + 1..]));
        }
    }
    None
}

fn matching(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + at);
        }
    }
    None
}

fn range(inner: &str) -> Option<Vec<String>> {
    let (first, last) = inner.split_once("..")?;
    if let (Ok(first), Ok(last)) = (first.parse::<i64>(), last.parse::<i64>()) {
        if first.abs_diff(last) >= MAX_WORDS as u64 {
            return None;
        }
        let number = |n: i64| n.to_string();
        return Some(match first <= last {
            true => (first..=last).map(number).collect(),
            false => (last..=first).rev().map(number).collect(),
        });
    }
    let letter = |text: &str| text.parse::<char>().ok().filter(char::is_ascii_alphabetic);
    let (first, last) = (letter(first)?, letter(last)?);
    Some(match first <= last {
        true => (first..=last).map(String::from).collect(),
        false => (last..=first).rev().map(String::from).collect(),
    })
}

fn alternatives(inner: &str) -> Option<Vec<String>> {
    let mut items = vec![String::new()];
    let mut depth = 0;
    for c in inner.chars() {
        match c {
            ',' if depth == 0 => items.push(String::new()),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                items.last_mut()?.push(c);
            }
        }
    }
    (items.len() > 1).then_some(items)
}
