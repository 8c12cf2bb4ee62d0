//! Property files and `key=value` arguments. Serves the tools; invariant: as `java.util.Properties.load` and
//! `CommandLineUtils.parseKeyValueArgs` read them.

use std::collections::BTreeMap;

/// The properties of a file's text.
pub fn parse_properties(text: &str) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = line.trim_start().to_owned();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        while line.ends_with('\\') && !line.ends_with("\\\\") {
            line.pop();
            line.push_str(lines.next().unwrap_or_default().trim_start());
        }
        let end = line.find(['=', ':', ' ', '\t']).unwrap_or(line.len());
        let (key, rest) = line.split_at(end);
        let rest = rest.trim_start();
        let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
        properties.insert(key.to_owned(), unescape(value));
    }
    properties
}

fn unescape(value: &str) -> String {
    let mut out = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

/// `key=value` words; one without `=` is a key with an empty value.
pub fn parse_key_values<'a>(words: impl IntoIterator<Item = &'a String>) -> BTreeMap<String, String> {
    let pair = |word: &'a String| word.split_once('=').unwrap_or((word, ""));
    words.into_iter().map(pair).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties() {
        let parsed = parse_properties("# c\na=1\n b : two words \nc\\\n  d=x\nempty\nt=\\t\n");
        let pairs: Vec<_> = parsed.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("b", "two words "), ("cd", "x"), ("empty", ""), ("t", "\t")]);
    }
}
