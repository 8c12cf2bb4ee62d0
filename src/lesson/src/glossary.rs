//! What the lessons' words mean. Serves the check, and whoever shows a word's meaning; invariant: a word stands once, with
//! a sentence and the lesson in which it is met first.

use serde::Deserialize;

/// A word and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The word.
    pub name: String,
    /// Other forms of it.
    #[serde(default)]
    pub also: Vec<String>,
    /// The lesson in which it is met first.
    pub lesson: String,
    /// What it means, in a sentence.
    pub says: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Glossary {
    term: Vec<Term>,
}

const TEXT: &str = include_str!("../../../lessons/glossary.toml");

/// The words of the course, in the order in which they are met.
///
/// # Errors
/// The file can't be read.
pub fn glossary() -> Result<Vec<Term>, String> {
    toml::from_str::<Glossary>(TEXT).map(|all| all.term).map_err(|e| format!("lessons/glossary.toml: {e}"))
}

impl Term {
    /// Whether this is how a text may write it.
    pub fn is_written(&self, text: &str) -> bool {
        let same = |form: &String| form.eq_ignore_ascii_case(text);
        same(&self.name) || self.also.iter().any(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson_text;
    use std::collections::BTreeSet;

    #[test]
    fn every_word_stands_once_with_a_sentence() {
        let mut seen = BTreeSet::new();
        for term in glossary().unwrap() {
            for form in std::iter::once(&term.name).chain(&term.also) {
                assert!(seen.insert(form.to_lowercase()), "{form} stands twice");
            }
            assert!(term.says.ends_with('.'), "{}: a sentence ends with a full stop", term.name);
            assert!(lesson_text(&term.lesson).is_some(), "{}: there is no lesson {}", term.name, term.lesson);
        }
    }
}
