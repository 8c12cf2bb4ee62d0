//! A terminal's lines in blocks. Serves the terminal's output; invariants: bounded, and a full block never changes, so that it
//! is drawn once.

use crate::{
    model::line::{Line, Step, steps},
    shared::Shared,
};
use ottla_lab::protocol::TerminalStream;

/// Lines in a block.
const BLOCK: usize = 50;
/// Blocks that are kept: 5,000 lines.
const MOST_BLOCKS: usize = 100;

/// Lines that are drawn together.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Which block it is, counted from the terminal's beginning.
    pub number: u64,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// What a terminal shows.
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    blocks: Vec<Shared<Block>>,
    next_block: u64,
    ended: u64,
    /// The last line, which has not ended: a prompt, or what a program has begun to write.
    open: Line,
}

impl Buffer {
    /// The blocks, oldest first.
    pub fn blocks(&self) -> &[Shared<Block>] {
        &self.blocks
    }

    /// The line that has not ended.
    pub fn open(&self) -> &Line {
        &self.open
    }

    /// How many lines have ever ended, also those that are not kept any more.
    pub fn ended(&self) -> u64 {
        self.ended
    }

    /// How many lines have ended and are kept.
    #[cfg(test)]
    pub fn lines(&self) -> usize {
        self.blocks.iter().map(|block| block.lines.len()).sum()
    }

    /// Writes text of a stream.
    pub fn write(&mut self, stream: TerminalStream, text: &str) {
        for step in steps(text) {
            match step {
                Step::Text(text) => self.open.push(stream, text),
                Step::LineFeed => self.end_line(),
                Step::Return => self.open = Line::default(),
                Step::Clear => {
                    self.clear();
                    self.open = Line::default();
                }
            }
        }
    }

    /// Forgets all lines that have ended.
    pub fn clear(&mut self) {
        self.blocks.clear();
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.open);
        self.ended += 1;
        match self.blocks.last_mut() {
            Some(block) if block.lines.len() < BLOCK => block.make_mut().lines.push(line),
            _ => {
                self.blocks.push(Shared::new(Block { number: self.next_block, lines: vec![line] }));
                self.next_block += 1;
            }
        }
        if self.blocks.len() > MOST_BLOCKS {
            self.blocks.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TerminalStream::{Stderr, Stdout, Typed};

    fn all(buffer: &Buffer) -> Vec<String> {
        buffer.blocks().iter().flat_map(|block| block.lines.iter().map(Line::text)).collect()
    }

    #[test]
    fn prompt_echo_and_output() {
        let mut buffer = Buffer::default();
        buffer.write(Stdout, "$ ");
        assert_eq!(buffer.open().text(), "$ ");
        buffer.write(Typed, "ls\n");
        buffer.write(Stdout, "bin  data\n");
        buffer.write(Stderr, "ls: cannot access\n$");
        assert_eq!(all(&buffer), ["$ ls", "bin  data", "ls: cannot access"]);
        assert!(buffer.blocks()[0].lines[2].has_error() && !buffer.blocks()[0].lines[0].has_error());
        buffer.write(Stdout, "\x0c$ ");
        assert_eq!((buffer.lines(), buffer.open().text().as_str()), (0, "$ "));
    }

    #[test]
    fn old_lines_go_and_full_blocks_stay_as_they_are() {
        let mut buffer = Buffer::default();
        for number in 0..60 {
            buffer.write(Stdout, &format!("{number}\n"));
        }
        let first = buffer.blocks()[0].clone();
        buffer.write(Stdout, "more\n");
        assert!(buffer.blocks()[0] == first);
        for number in 0..10_000 {
            buffer.write(Stdout, &format!("{number}\n"));
        }
        assert!(buffer.lines() <= BLOCK * MOST_BLOCKS && buffer.lines() > BLOCK * (MOST_BLOCKS - 1));
        assert_eq!((all(&buffer).last().unwrap().as_str(), buffer.ended()), ("9999", 10_061));
        assert!(buffer.blocks().windows(2).all(|pair| pair[0].number + 1 == pair[1].number));
    }
}
