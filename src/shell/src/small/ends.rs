//! `head` and `tail`. Serves pipelines; invariant: `head` ends as soon as it has enough, so that its writer learns of it.

use super::{
    args::{Args, number_flag},
    filter::{Failure, Filter, Parsed},
    io::Io,
};
use std::collections::VecDeque;

/// `head`: the first lines.
#[derive(Clone, Debug)]
pub struct Head {
    lines: u64,
    left: u64,
    many: bool,
    files: u32,
}

fn count(text: &str) -> Result<u64, Failure> {
    text.parse().map_err(|_| Failure::new(1, format!("invalid number of lines: '{text}'")))
}

/// Reads the arguments of `head`.
pub fn head(args: &[String]) -> Parsed<Head> {
    let args = Args::parse(&number_flag(args), "q", "n").map_err(|m| Failure::new(1, m))?;
    let lines = count(args.value('n').unwrap_or("10"))?;
    let many = args.operands.len() > 1 && !args.has('q');
    Ok((Head { lines, left: lines, many, files: 0 }, args.operands))
}

fn title(io: &mut Io<'_, '_>, files: &mut u32, name: &str) {
    if *files > 0 {
        io.line("");
    }
    *files += 1;
    io.line(format!("==> {name} <=="));
}

impl Filter for Head {
    fn file(&mut self, io: &mut Io<'_, '_>, name: &str) {
        self.left = self.lines;
        if self.many {
            title(io, &mut self.files, name);
        }
    }

    fn take(&mut self, io: &mut Io<'_, '_>, line: &[u8]) -> Option<u8> {
        if self.left > 0 {
            self.left -= 1;
            io.line(line);
        }
        (self.left == 0 && !self.many).then_some(0)
    }

    fn end(&mut self, _: &mut Io<'_, '_>) -> u8 {
        0
    }
}

/// `head -c`: the first bytes.
#[derive(Clone, Debug)]
pub struct HeadBytes {
    left: usize,
}

/// Reads the arguments of `head -c`.
pub fn head_bytes(args: &[String]) -> Parsed<HeadBytes> {
    let args = Args::parse(args, "q", "c").map_err(|m| Failure::new(1, m))?;
    let text = args.value('c').unwrap_or_default();
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1024),
        Some((at, 'M')) => (&text[..at], 1024 * 1024),
        _ => (text, 1),
    };
    let number = digits.parse::<usize>().ok().and_then(|n| n.checked_mul(unit));
    let left = number.ok_or_else(|| Failure::new(1, format!("invalid number of bytes: '{text}'")))?;
    Ok((HeadBytes { left }, args.operands))
}

impl Filter for HeadBytes {
    const RAW: bool = true;

    fn take(&mut self, io: &mut Io<'_, '_>, data: &[u8]) -> Option<u8> {
        let now = &data[..data.len().min(self.left)];
        self.left -= now.len();
        io.write(now);
        (self.left == 0).then_some(0)
    }

    fn end(&mut self, _: &mut Io<'_, '_>) -> u8 {
        0
    }
}

/// `tail`: the last lines, or those from one on.
#[derive(Clone, Debug)]
pub struct Tail {
    /// `-n +N`: skip so many.
    skip: Option<u64>,
    keep: usize,
    kept: VecDeque<Vec<u8>>,
    follow: bool,
    many: bool,
    files: u32,
}

/// Reads the arguments of `tail`.
pub fn tail(args: &[String]) -> Parsed<Tail> {
    let args = Args::parse(&number_flag(args), "fFq", "n").map_err(|m| Failure::new(1, m))?;
    let text = args.value('n').unwrap_or("10");
    let number = count(text.trim_start_matches(['+', '-']))?;
    let skip = text.starts_with('+').then(|| number.saturating_sub(1));
    let keep = usize::try_from(number).unwrap_or(usize::MAX);
    let follow = args.has('f') || args.has('F');
    let many = args.operands.len() > 1 && !args.has('q');
    Ok((Tail { skip, keep, kept: VecDeque::new(), follow, many, files: 0 }, args.operands))
}

impl Filter for Tail {
    fn file(&mut self, io: &mut Io<'_, '_>, name: &str) {
        if self.many {
            self.end(io);
            title(io, &mut self.files, name);
        }
    }

    fn take(&mut self, io: &mut Io<'_, '_>, line: &[u8]) -> Option<u8> {
        match &mut self.skip {
            Some(0) => io.line(line),
            Some(left) => *left -= 1,
            None => {
                self.kept.push_back(line.to_vec());
                if self.kept.len() > self.keep {
                    self.kept.pop_front();
                }
            }
        }
        None
    }

    fn end(&mut self, io: &mut Io<'_, '_>) -> u8 {
        self.kept.drain(..).for_each(|line| io.line(line));
        0
    }

    fn follow_ms(&self) -> Option<u64> {
        self.follow.then_some(200)
    }
}
