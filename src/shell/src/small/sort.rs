//! `sort` and `uniq`. Serves pipelines; invariant: lines compare byte by byte, as in the C locale.

use super::{
    args::Args,
    filter::{Failure, Filter, Parsed},
    io::Io,
};
use std::cmp::Ordering;

/// `sort`.
#[derive(Clone, Debug)]
pub struct Sort {
    args: Args,
    lines: Vec<Vec<u8>>,
}

/// Reads the arguments of `sort`.
pub fn sort(args: &[String]) -> Parsed<Sort> {
    let mut args = Args::parse(args, "nruVfb", "kt").map_err(|m| Failure::new(2, m))?;
    let files = std::mem::take(&mut args.operands);
    Ok((Sort { args, lines: Vec::new() }, files))
}

/// The number at the start of a text, times a million, for comparing.
fn number(text: &[u8]) -> i128 {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    let (whole, decimals) = digits[..end].split_once('.').unwrap_or((&digits[..end], ""));
    let whole: i128 = whole.parse::<u64>().unwrap_or(0).into();
    let decimals: String = decimals.chars().chain("000000".chars()).take(6).collect();
    sign * (whole * 1_000_000 + decimals.parse::<i128>().unwrap_or(0))
}

impl Sort {
    fn key<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        let Some(key) = self.args.value('k') else { return line };
        let mut bounds = key.split(',').map(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().unwrap_or(1).max(1)
        });
        let first = bounds.next().unwrap_or(1);
        let separator = self.args.value('t').and_then(|t| t.bytes().next());
        let is_separator = |b: &u8| separator.map_or_else(|| b.is_ascii_whitespace(), |s| *b == s);
        let mut starts = vec![0];
        for (at, byte) in line.iter().enumerate() {
            let ends_field = match separator {
                Some(_) => is_separator(byte),
                None => is_separator(byte) && at > 0 && !line[at - 1].is_ascii_whitespace(),
            };
            if ends_field {
                starts.push(if separator.is_some() { at + 1 } else { at });
            }
        }
        let start = starts.get(first - 1).copied().unwrap_or(line.len());
        let end = bounds.next().and_then(|last| starts.get(last).copied());
        let end = end.map_or(line.len(), |e| if separator.is_some() { e - 1 } else { e });
        &line[start..end.max(start)]
    }

    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        let (x, y) = (self.key(a), self.key(b));
        let numeric = self.args.has('n') || self.args.value('k').is_some_and(|k| k.contains('n'));
        let order = match numeric {
            true => number(x).cmp(&number(y)),
            false if self.args.has('f') => x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase()),
            false => x.cmp(y),
        };
        let reverse = self.args.has('r') || self.args.value('k').is_some_and(|k| k.contains('r'));
        let order = if reverse { order.reverse() } else { order };
        match self.args.has('u') {
            true => order,
            false => order.then_with(|| if self.args.has('r') { b.cmp(a) } else { a.cmp(b) }),
        }
    }
}

impl Filter for Sort {
    fn take(&mut self, _: &mut Io<'_, '_>, line: &[u8]) -> Option<u8> {
        self.lines.push(line.to_vec());
        None
    }

    fn end(&mut self, io: &mut Io<'_, '_>) -> u8 {
        let mut lines = std::mem::take(&mut self.lines);
        lines.sort_by(|a, b| self.compare(a, b));
        if self.args.has('u') {
            lines.dedup_by(|a, b| self.compare(a, b) == Ordering::Equal);
        }
        lines.into_iter().for_each(|line| io.line(line));
        0
    }
}

/// `uniq`.
#[derive(Clone, Debug)]
pub struct Uniq {
    args: Args,
    last: Option<(Vec<u8>, u64)>,
}

/// Reads the arguments of `uniq`.
pub fn uniq(args: &[String]) -> Parsed<Uniq> {
    let mut args = Args::parse(args, "cdui", "").map_err(|m| Failure::new(1, m))?;
    let files = std::mem::take(&mut args.operands);
    Ok((Uniq { args, last: None }, files))
}

impl Uniq {
    fn print(&mut self, io: &mut Io<'_, '_>) {
        let Some((line, count)) = self.last.take() else { return };
        if (self.args.has('d') && count == 1) || (self.args.has('u') && count > 1) {
            return;
        }
        match self.args.has('c') {
            true => io.line([format!("{count:>7} ").as_bytes(), &line].concat()),
            false => io.line(line),
        }
    }
}

impl Filter for Uniq {
    fn take(&mut self, io: &mut Io<'_, '_>, line: &[u8]) -> Option<u8> {
        let same = self.last.as_ref().is_some_and(|(last, _)| match self.args.has('i') {
            true => last.eq_ignore_ascii_case(line),
            false => last == line,
        });
        match &mut self.last {
            Some((_, count)) if same => *count += 1,
            _ => {
                self.print(io);
                self.last = Some((line.to_vec(), 1));
            }
        }
        None
    }

    fn end(&mut self, io: &mut Io<'_, '_>) -> u8 {
        self.print(io);
        0
    }
}
