//! A run as data: header, then inputs with their times. Serves replay, bug reports and shared links; invariant: the
//! stored form has its own frozen shape (a line of JSON each), apart from engine types.

use crate::Time;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

/// What a run starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalHeader {
    /// The engine that made the run; another one may behave otherwise.
    pub engine: String,
    /// The seed of all random streams.
    pub seed: u64,
    /// The wall-clock moment the run pretends to start at, in milliseconds since 1970.
    pub start_ms: i64,
    /// What the world is built from: the lab's own description, as JSON.
    pub lab: serde_json::Value,
}

/// One input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry<I> {
    /// When, in microseconds of virtual time.
    pub at: Time,
    /// What.
    pub input: I,
}

/// A header and its inputs in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal<I> {
    /// What the run starts from.
    pub header: JournalHeader,
    /// The inputs.
    pub entries: Vec<JournalEntry<I>>,
}

/// Why a journal can't be read.
#[derive(Debug, Error)]
pub enum JournalError {
    /// A line is not what it should be.
    #[error("line {line}: {reason}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no header.
    #[error("the journal is empty")]
    Empty,
    /// Times go back.
    #[error("line {line}: earlier than the line before it")]
    Order {
        /// Counted from 1.
        line: usize,
    },
}

impl<I: Serialize + DeserializeOwned> Journal<I> {
    /// The stored form.
    pub fn to_text(&self) -> String {
        let mut text = to_line(&self.header);
        for entry in &self.entries {
            text.push('\n');
            text.push_str(&to_line(entry));
        }
        text.push('\n');
        text
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// A line that can't be read, no header, or times that go back.
    pub fn parse(text: &str) -> Result<Journal<I>, JournalError> {
        let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
        let bad = |line: usize, e: serde_json::Error| JournalError::Line { line: line + 1, reason: e.to_string() };
        let (n, first) = lines.next().ok_or(JournalError::Empty)?;
        let header = serde_json::from_str(first).map_err(|e| bad(n, e))?;
        let mut entries: Vec<JournalEntry<I>> = Vec::new();
        for (n, line) in lines {
            let entry: JournalEntry<I> = serde_json::from_str(line).map_err(|e| bad(n, e))?;
            if entries.last().is_some_and(|last| last.at > entry.at) {
                return Err(JournalError::Order { line: n + 1 });
            }
            entries.push(entry);
        }
        Ok(Journal { header, entries })
    }
}

fn to_line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("journal types have string keys only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trip_and_order() {
        let header =
            JournalHeader { engine: "0.1.0".into(), seed: 7, start_ms: 1, lab: serde_json::json!({"brokers": 3}) };
        let entry = |at| JournalEntry { at: Time::from_micros(at), input: format!("line {at}") };
        let journal = Journal { header, entries: vec![entry(1), entry(5)] };
        assert_eq!(Journal::parse(&journal.to_text()).unwrap(), journal);
        let back = Journal { entries: vec![entry(5), entry(1)], ..journal };
        assert!(matches!(Journal::<String>::parse(&back.to_text()), Err(JournalError::Order { line: 3 })));
        assert!(matches!(Journal::<String>::parse("\n"), Err(JournalError::Empty)));
        assert!(matches!(Journal::<String>::parse("{}"), Err(JournalError::Line { line: 1, .. })));
    }
}
