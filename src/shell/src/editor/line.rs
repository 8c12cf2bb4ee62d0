//! One line and its cursor. Serves the editor; invariant: the cursor is never beyond the end.

/// A line of characters with a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    chars: Vec<char>,
    cursor: usize,
}

impl Line {
    /// A line with the cursor at its end.
    pub fn of(text: &str) -> Line {
        let chars: Vec<char> = text.chars().collect();
        Line { cursor: chars.len(), chars }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.chars.iter().collect()
    }

    /// The text before the cursor.
    pub fn before_cursor(&self) -> String {
        self.chars[..self.cursor].iter().collect()
    }

    /// How many characters stand before the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether there is no character.
    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    pub(super) fn insert(&mut self, c: char) {
        self.chars.insert(self.cursor, c);
        self.cursor += 1;
    }

    pub(super) fn left(&mut self) {
        self.cursor = self.cursor.saturating_sub(1);
    }

    pub(super) fn right(&mut self) {
        self.cursor = (self.cursor + 1).min(self.chars.len());
    }

    pub(super) fn home(&mut self) {
        self.cursor = 0;
    }

    pub(super) fn end(&mut self) {
        self.cursor = self.chars.len();
    }

    fn word_start(&self) -> usize {
        let mut at = self.cursor;
        while at > 0 && self.chars[at - 1].is_whitespace() {
            at -= 1;
        }
        while at > 0 && !self.chars[at - 1].is_whitespace() {
            at -= 1;
        }
        at
    }

    pub(super) fn word_left(&mut self) {
        self.cursor = self.word_start();
    }

    pub(super) fn word_right(&mut self) {
        let rest = &self.chars[self.cursor..];
        let blanks = rest.iter().take_while(|c| c.is_whitespace()).count();
        let word = rest[blanks..].iter().take_while(|c| !c.is_whitespace()).count();
        self.cursor += blanks + word;
    }

    pub(super) fn delete_left(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.chars.remove(self.cursor);
        }
    }

    pub(super) fn delete_right(&mut self) {
        if self.cursor < self.chars.len() {
            self.chars.remove(self.cursor);
        }
    }

    pub(super) fn cut_right(&mut self) -> String {
        self.chars.drain(self.cursor..).collect()
    }

    pub(super) fn cut_left(&mut self) -> String {
        self.chars.drain(..std::mem::take(&mut self.cursor)).collect()
    }

    pub(super) fn cut_word(&mut self) -> String {
        let start = self.word_start();
        let cut = self.chars.drain(start..self.cursor).collect();
        self.cursor = start;
        cut
    }
}
