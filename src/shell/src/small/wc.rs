//! `wc`. Serves pipelines; invariant: columns as GNU's: bare numbers for one count of standard input, else padded.

use super::{
    args::Args,
    filter::{Failure, Filter, Parsed},
    io::Io,
};

/// Lines, words and bytes so far.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    lines: u64,
    words: u64,
    bytes: u64,
    in_word: bool,
}

/// `wc`.
#[derive(Clone, Debug)]
pub struct Wc {
    columns: Vec<char>,
    counts: Vec<(Option<String>, Counts)>,
}

/// Reads the arguments of `wc`.
pub fn wc(args: &[String]) -> Parsed<Wc> {
    let args = Args::parse(args, "lwcm", "").map_err(|m| Failure::new(1, m))?;
    let mut columns: Vec<char> = ['l', 'w', 'c', 'm'].into_iter().filter(|c| args.has(*c)).collect();
    if columns.is_empty() {
        columns = vec!['l', 'w', 'c'];
    }
    Ok((Wc { columns, counts: Vec::new() }, args.operands))
}

impl Wc {
    fn row(&self, counts: &Counts, name: Option<&str>, width: usize) -> String {
        let number = |column: &char| match column {
            'l' => counts.lines,
            'w' => counts.words,
            _ => counts.bytes,
        };
        let mut cells: Vec<String> = self.columns.iter().map(|c| format!("{:>width$}", number(c))).collect();
        cells.extend(name.map(str::to_owned));
        cells.join(" ")
    }
}

impl Filter for Wc {
    const RAW: bool = true;

    fn file(&mut self, _: &mut Io<'_, '_>, name: &str) {
        self.counts.push((Some(name.to_owned()), Counts::default()));
    }

    fn take(&mut self, _: &mut Io<'_, '_>, data: &[u8]) -> Option<u8> {
        if self.counts.is_empty() {
            self.counts.push((None, Counts::default()));
        }
        let counts = &mut self.counts.last_mut()?.1;
        counts.bytes += data.len() as u64;
        for byte in data {
            counts.lines += u64::from(*byte == b'\n');
            let space = byte.is_ascii_whitespace();
            counts.words += u64::from(!space && !counts.in_word);
            counts.in_word = !space;
        }
        None
    }

    fn end(&mut self, io: &mut Io<'_, '_>) -> u8 {
        if self.counts.is_empty() {
            self.counts.push((None, Counts::default()));
        }
        let mut total = Counts::default();
        for (_, counts) in &self.counts {
            total.lines += counts.lines;
            total.words += counts.words;
            total.bytes += counts.bytes;
        }
        let from_stdin = self.counts[0].0.is_none();
        let width = match (self.columns.len() + self.counts.len(), from_stdin) {
            (2, _) => 0,
            (_, true) => 7,
            _ => total.bytes.to_string().len(),
        };
        for (name, counts) in &self.counts {
            io.line(self.row(counts, name.as_deref(), width));
        }
        if self.counts.len() > 1 {
            io.line(self.row(&total, Some("total"), width));
        }
        0
    }
}
