//! The terminals: what they show and what was typed in them. Serves the terminals' pane; invariant: the text is the engine's,
//! the history is the person's.

mod buffer;
mod history;

pub use self::{
    buffer::{Block, Buffer},
    history::{History, Lines},
};
use crate::shared::Shared;
use ottla_lab::protocol::TerminalChunk;
use std::collections::VecDeque;

/// One terminal.
#[derive(Clone, Debug, Default)]
pub struct Terminal {
    /// What it shows.
    pub buffer: Buffer,
    /// Lines that a lesson types, and how many were handed out before: the input types the first.
    pub to_type: VecDeque<String>,
    /// Counts the lines that lessons have typed.
    pub typed: u32,
}

/// All terminals.
#[derive(Clone, Debug)]
pub struct Terminals {
    /// The terminals, by number.
    pub all: Vec<Shared<Terminal>>,
    /// The one that is seen where one is.
    pub current: usize,
    /// What was typed in any.
    pub history: Shared<Lines>,
}

impl Terminals {
    /// Two terminals, empty, with the lines of an earlier visit.
    pub fn new(history: Vec<String>) -> Self {
        let all = vec![Shared::default(), Shared::default()];
        Self { all, current: 0, history: Shared::new(Lines::new(history)) }
    }

    /// A fresh lab has so many.
    pub fn reset(&mut self, count: u32) {
        let count = usize::try_from(count).unwrap_or(0).clamp(1, MOST);
        self.all = (0..count).map(|_| Shared::default()).collect();
        self.current = self.current.min(count - 1);
    }

    /// Takes what the engine printed.
    pub fn print(&mut self, chunks: Vec<TerminalChunk>) {
        for chunk in chunks {
            let index = usize::try_from(chunk.terminal).unwrap_or(MOST);
            if index < MOST {
                self.at(index).buffer.write(chunk.stream, &chunk.text);
            }
        }
    }

    /// The terminal of a number, for changing; it and those before it come to be.
    pub fn at(&mut self, index: usize) -> &mut Terminal {
        while self.all.len() <= index {
            self.all.push(Shared::default());
        }
        self.all[index].make_mut()
    }

    /// Whether one more can be opened.
    pub fn has_room(&self) -> bool {
        self.all.len() < MOST
    }
}

/// The most terminals.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_lab::protocol::TerminalStream;

    #[test]
    fn printing_opens_terminals_within_reason() {
        let mut terminals = Terminals::new(Vec::new());
        let chunk = |terminal| TerminalChunk { terminal, stream: TerminalStream::Stdout, text: "a\n".into() };
        terminals.print(vec![chunk(0), chunk(2), chunk(4_000_000_000)]);
        assert_eq!(terminals.all.len(), 3);
        assert_eq!((terminals.all[0].buffer.lines(), terminals.all[1].buffer.lines()), (1, 0));
        terminals.current = 2;
        terminals.reset(2);
        assert_eq!((terminals.all.len(), terminals.current, terminals.all[0].buffer.lines()), (2, 1, 0));
    }
}
