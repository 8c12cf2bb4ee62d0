//! `grep`. Serves pipelines; invariant: exit code 0 with a match, 1 without, 2 on trouble, as the original.

use super::{
    args::Args,
    filter::{Failure, Filter, Parsed},
    io::Io,
    pattern::{compile, literal},
};
use regex::bytes::Regex;

/// The tool's settings and counts.
#[derive(Clone, Debug)]
pub struct Grep {
    patterns: Vec<Regex>,
    args: Args,
    many: bool,
    file: Option<String>,
    number: u64,
    counts: Vec<(Option<String>, u64)>,
    matched: bool,
}

/// Reads the arguments of `grep`.
pub fn grep(args: &[String]) -> Parsed<Grep> {
    let trouble = |message: String| Failure::new(2, message);
    let wanted: Vec<String> = args
        .iter()
        .filter(|a| !a.starts_with("--color") && a.as_str() != "--line-buffered")
        .map(|a| match a.as_str() {
            "--extended-regexp" => "-E".to_owned(),
            "--invert-match" => "-v".to_owned(),
            "--ignore-case" => "-i".to_owned(),
            "--count" => "-c".to_owned(),
            "--quiet" | "--silent" => "-q".to_owned(),
            "--only-matching" => "-o".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    let mut args = Args::parse(&wanted, "vicnEFGoqwxlhHs", "em").map_err(trouble)?;
    let mut texts: Vec<String> = args.values('e').map(str::to_owned).collect();
    if texts.is_empty() {
        if args.operands.is_empty() {
            return Err(trouble("usage: grep [OPTION]... PATTERNS [FILE]...".into()));
        }
        texts.push(args.operands.remove(0));
    }
    let mut patterns = Vec::new();
    for text in &texts {
        let (text, extended) = match args.has('F') {
            true => (literal(text), true),
            false => (text.clone(), args.has('E')),
        };
        let text = match (args.has('x'), args.has('w'), extended) {
            (true, _, true) => format!("^({text})$"),
            (true, _, false) => format!("^\\({text}\\)$"),
            (_, true, true) => format!("\\b({text})\\b"),
            (_, true, false) => format!("\\b\\({text}\\)\\b"),
            _ => text,
        };
        patterns.push(compile(&text, extended, args.has('i')).map_err(trouble)?);
    }
    let files = std::mem::take(&mut args.operands);
    let many = (files.len() > 1 || args.has('H')) && !args.has('h');
    Ok((Grep { patterns, args, many, file: None, number: 0, counts: vec![], matched: false }, files))
}

impl Grep {
    fn prefix(&self) -> String {
        let file = self.file.as_ref().filter(|_| self.many).map(|f| format!("{f}:")).unwrap_or_default();
        match self.args.has('n') {
            true => format!("{file}{}:", self.number),
            false => file,
        }
    }

    fn print(&self, io: &mut Io<'_, '_>, line: &[u8]) {
        let prefix = self.prefix();
        if !self.args.has('o') {
            return io.line([prefix.as_bytes(), line].concat());
        }
        if self.args.has('v') {
            return;
        }
        let mut found: Vec<_> =
            self.patterns.iter().flat_map(|p| p.find_iter(line)).map(|m| (m.start(), m.end())).collect();
        found.sort_unstable();
        for (start, end) in found.into_iter().filter(|(s, e)| s < e) {
            io.line([prefix.as_bytes(), &line[start..end]].concat());
        }
    }
}

impl Filter for Grep {
    fn file(&mut self, _: &mut Io<'_, '_>, name: &str) {
        self.file = Some(name.to_owned());
        self.number = 0;
        self.counts.push((self.file.clone(), 0));
    }

    fn take(&mut self, io: &mut Io<'_, '_>, line: &[u8]) -> Option<u8> {
        self.number += 1;
        if self.counts.is_empty() {
            self.counts.push((None, 0));
        }
        if self.patterns.iter().any(|p| p.is_match(line)) == self.args.has('v') {
            return None;
        }
        self.matched = true;
        if self.args.has('q') {
            return Some(0);
        }
        let count = self.counts.last_mut().map_or(0, |(_, n)| {
            *n += 1;
            *n
        });
        if self.args.has('l') {
            if count == 1 {
                io.line(self.file.as_deref().unwrap_or("(standard input)"));
            }
        } else if !self.args.has('c') {
            self.print(io, line);
            let limit = self.args.value('m').and_then(|m| m.parse().ok());
            return limit.is_some_and(|limit: u64| count >= limit).then_some(0);
        }
        None
    }

    fn end(&mut self, io: &mut Io<'_, '_>) -> u8 {
        if self.args.has('c') && !self.args.has('q') {
            if self.counts.is_empty() {
                self.counts.push((None, 0));
            }
            for (file, count) in &self.counts {
                match file.as_ref().filter(|_| self.many) {
                    Some(file) => io.line(format!("{file}:{count}")),
                    None => io.line(count.to_string()),
                }
            }
        }
        u8::from(!self.matched)
    }
}
