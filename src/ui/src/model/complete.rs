//! What Tab makes of a line. Serves the terminals' inputs; invariant: only the word left of the cursor changes.

use super::vocabulary::Vocabulary;

/// A completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The line afterwards.
    pub line: String,
    /// Where the cursor is then, in bytes.
    pub cursor: usize,
    /// What else would fit; empty if the word is complete.
    pub choices: Vec<String>,
}

/// Completes the word left of the cursor (in bytes; it stands between letters); `None` if nothing fits.
pub fn complete(line: &str, cursor: usize, vocabulary: &Vocabulary) -> Option<Completion> {
    let left = line.get(..cursor)?;
    let start = left.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let word = &left[start..];
    let mut fits = vocabulary.candidates(&left[..start]);
    fits.retain(|candidate| candidate.starts_with(word));
    let common = common_start(&fits)?;
    let whole = fits.len() == 1;
    let space = if whole && !line[cursor..].starts_with(' ') { " " } else { "" };
    Some(Completion {
        line: format!("{}{common}{space}{}", &left[..start], &line[cursor..]),
        cursor: start + common.len() + usize::from(whole),
        choices: if whole { Vec::new() } else { fits.iter().map(|&fit| fit.to_owned()).collect() },
    })
}

/// What all words begin with.
fn common_start<'a>(words: &[&'a str]) -> Option<&'a str> {
    let (first, rest) = words.split_first()?;
    let mut length = first.len();
    for word in rest {
        length = first.bytes().zip(word.bytes()).take(length).take_while(|(a, b)| a == b).count();
    }
    while !first.is_char_boundary(length) {
        length -= 1;
    }
    Some(&first[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_completed() {
        let vocabulary = Vocabulary { topics: vec!["orders".into(), "orders-dlq".into()], ..Vocabulary::default() };
        let line = |line: &str| complete(line, line.len(), &vocabulary).map(|done| (done.line, done.choices.len()));
        assert_eq!(line("kafka-to"), Some(("kafka-topics.sh ".into(), 0)));
        assert_eq!(line("kafka-topics.sh --topic o"), Some(("kafka-topics.sh --topic orders".into(), 2)));
        assert_eq!(line("kafka-topics.sh --desc"), Some(("kafka-topics.sh --describe ".into(), 0)));
        assert_eq!(line("nothing-like-it"), None);
        let within = complete("kafka-to --list", 8, &vocabulary).unwrap();
        assert_eq!((within.line.as_str(), within.cursor), ("kafka-topics.sh --list", 16));
        assert_eq!(complete("é", 1, &vocabulary), None);
        assert_eq!(common_start(&["é", "è"]), Some(""));
    }
}
