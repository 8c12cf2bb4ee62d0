//! The line editor of a terminal, as data: keys in, a line out.
//!
//! Serves the page. Invariant: it knows nothing of screens and escape codes; the cursor always stands between two characters of
//! the line or at an end.

mod complete;
mod line;
mod search;
#[cfg(test)]
mod tests;

pub use complete::{Completion, Vocabulary, complete};
pub use line::Line;

use search::Search;

/// A key, or what a combination of keys means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// Several at once, as from the clipboard; line ends become blanks.
    Text(String),
    /// One character to the left (Ctrl-B).
    Left,
    /// One character to the right (Ctrl-F).
    Right,
    /// One word to the left (Alt-B).
    WordLeft,
    /// One word to the right (Alt-F).
    WordRight,
    /// The beginning (Ctrl-A).
    Home,
    /// The end (Ctrl-E).
    End,
    /// The line before in the history (Ctrl-P).
    Up,
    /// The line after in the history (Ctrl-N).
    Down,
    /// Deletes to the left (Ctrl-H).
    Backspace,
    /// Deletes to the right.
    Delete,
    /// Ctrl-K: cuts up to the end.
    KillToEnd,
    /// Ctrl-U: cuts from the beginning.
    KillToStart,
    /// Ctrl-W: cuts the word to the left.
    KillWord,
    /// Ctrl-Y: puts back what was cut last.
    Yank,
    /// Ctrl-R: searches the history backwards, again for the next hit.
    Search,
    /// Tab.
    Tab,
    /// Enter.
    Enter,
    /// Escape, Ctrl-G: ends a search and keeps the line from before it.
    Escape,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    EndOfInput,
    /// Ctrl-L.
    ClearScreen,
}

/// What a key led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The line or the cursor may have changed.
    Edited,
    /// The line is entered; the editor is empty again.
    Entered(String),
    /// Ctrl-C; the editor is empty again.
    Interrupted,
    /// Ctrl-D on an empty line.
    EndOfInput,
    /// The screen shall be cleared.
    ClearScreen,
    /// Several completions: to be shown.
    Candidates(Vec<String>),
}

/// A line editor with its history.
#[derive(Clone, Debug, Default)]
pub struct Editor {
    line: Line,
    history: Vec<String>,
    /// Which line of the history is shown, and the line typed before.
    browsing: Option<(usize, String)>,
    search: Option<Search>,
    cut: String,
}

/// Lines a history keeps, at most; the oldest go first.
const MAX_HISTORY: usize = 1000;

impl Editor {
    /// An editor with a history, oldest first.
    pub fn new(history: Vec<String>) -> Editor {
        Editor { history, ..Editor::default() }
    }

    /// The text of the line.
    pub fn text(&self) -> String {
        self.line.text()
    }

    /// How many characters stand before the cursor.
    pub fn cursor(&self) -> usize {
        self.line.cursor()
    }

    /// What is searched for, while a search goes on.
    pub fn search(&self) -> Option<&str> {
        self.search.as_ref().map(Search::text)
    }

    /// The history, oldest first.
    pub fn history(&self) -> &[String] {
        &self.history
    }

    /// Takes a key; `vocabulary` is what Tab completes from.
    pub fn press(&mut self, key: Key, vocabulary: &Vocabulary) -> Outcome {
        if self.search.is_some()
            && let Some(outcome) = self.press_in_search(&key)
        {
            return outcome;
        }
        match key {
            Key::Enter => return self.enter(),
            Key::Interrupt => {
                self.line = Line::default();
                self.browsing = None;
                return Outcome::Interrupted;
            }
            Key::EndOfInput if self.line.is_empty() => return Outcome::EndOfInput,
            Key::EndOfInput | Key::Delete => self.line.delete_right(),
            Key::ClearScreen => return Outcome::ClearScreen,
            Key::Tab => return self.tab(vocabulary),
            Key::Char(c) => self.line.insert(c),
            Key::Text(text) => text.chars().for_each(|c| self.line.insert(if c.is_control() { ' ' } else { c })),
            Key::Left => self.line.left(),
            Key::Right => self.line.right(),
            Key::WordLeft => self.line.word_left(),
            Key::WordRight => self.line.word_right(),
            Key::Home => self.line.home(),
            Key::End => self.line.end(),
            Key::Backspace => self.line.delete_left(),
            Key::KillToEnd => self.cut = self.line.cut_right(),
            Key::KillToStart => self.cut = self.line.cut_left(),
            Key::KillWord => self.cut = self.line.cut_word(),
            Key::Yank => self.cut.clone().chars().for_each(|c| self.line.insert(c)),
            Key::Up => self.browse(true),
            Key::Down => self.browse(false),
            Key::Search => self.search = Some(Search::new(self.line.text(), self.history.len())),
            Key::Escape => {}
        }
        Outcome::Edited
    }

    fn enter(&mut self) -> Outcome {
        let text = std::mem::take(&mut self.line).text();
        self.browsing = None;
        if !text.trim().is_empty() && self.history.last() != Some(&text) {
            self.history.push(text.clone());
            let extra = self.history.len().saturating_sub(MAX_HISTORY);
            self.history.drain(..extra);
        }
        Outcome::Entered(text)
    }

    fn browse(&mut self, back: bool) {
        let (at, typed) = self.browsing.take().unwrap_or_else(|| (self.history.len(), self.line.text()));
        let at = if back { at.saturating_sub(1) } else { at + 1 };
        match self.history.get(at) {
            Some(text) => {
                self.line = Line::of(text);
                self.browsing = Some((at, typed));
            }
            None => self.line = Line::of(&typed),
        }
    }

    fn tab(&mut self, vocabulary: &Vocabulary) -> Outcome {
        let Completion { typed, insert, candidates } = complete(&self.line.before_cursor(), vocabulary);
        insert.chars().for_each(|c| self.line.insert(c));
        match candidates.len() {
            0 | 1 => Outcome::Edited,
            _ if !insert.is_empty() && !typed.is_empty() => Outcome::Edited,
            _ => Outcome::Candidates(candidates),
        }
    }

    /// A key while a search goes on; `None` if it ends the search and means what it means.
    fn press_in_search(&mut self, key: &Key) -> Option<Outcome> {
        let search = self.search.as_mut()?;
        match key {
            Key::Char(c) => search.push(*c, &self.history),
            Key::Backspace => search.pop(&self.history),
            Key::Search => search.further(&self.history),
            Key::Escape | Key::Interrupt => {
                self.line = Line::of(search.before());
                self.search = None;
                return Some(Outcome::Edited);
            }
            _ => {
                self.search = None;
                return None;
            }
        }
        if let Some(hit) = search.hit(&self.history) {
            self.line = Line::of(hit);
        }
        Some(Outcome::Edited)
    }
}
