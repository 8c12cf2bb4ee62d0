//! Ctrl-R: searching the history backwards. Serves the editor; invariant: the hit is always a line that holds the text searched for.

/// A search that goes on.
#[derive(Clone, Debug)]
pub(super) struct Search {
    text: String,
    before: String,
    /// Lines from here on are not looked at.
    limit: usize,
    hit: Option<usize>,
}

impl Search {
    pub(super) fn new(before: String, limit: usize) -> Search {
        Search { text: String::new(), before, limit, hit: None }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The line as it was before the search.
    pub(super) fn before(&self) -> &str {
        &self.before
    }

    pub(super) fn hit<'h>(&self, history: &'h [String]) -> Option<&'h str> {
        self.hit.and_then(|at| history.get(at)).map(String::as_str)
    }

    pub(super) fn push(&mut self, c: char, history: &[String]) {
        self.text.push(c);
        self.look(history, self.limit);
    }

    pub(super) fn pop(&mut self, history: &[String]) {
        self.text.pop();
        self.look(history, self.limit);
    }

    /// The next hit further back.
    pub(super) fn further(&mut self, history: &[String]) {
        let end = self.hit.unwrap_or(self.limit);
        self.look(history, end);
    }

    fn look(&mut self, history: &[String], end: usize) {
        let lines = history.iter().enumerate().take(end);
        let found = lines.rev().find(|(_, line)| line.contains(&self.text)).map(|(at, _)| at);
        self.hit = found.or(self.hit);
    }
}
