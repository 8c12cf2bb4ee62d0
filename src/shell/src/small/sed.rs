//! `sed`: substitution, printing, deleting and quitting by address. Serves pipelines; invariant: a command it does not know is
//! refused at the start, before a line is touched.

use super::{
    args::Args,
    filter::{Failure, Filter, Parsed},
    io::Io,
    pattern::compile,
};
use regex::bytes::Regex;

#[derive(Clone, Debug)]
enum Address {
    Line(u64),
    Last,
    Match(Regex),
}

#[derive(Clone, Debug)]
enum Action {
    Substitute { regex: Regex, replacement: Vec<u8>, global: bool, print: bool, nth: usize },
    Transliterate { from: Vec<char>, to: Vec<char> },
    Print,
    Delete,
    Quit,
    LineNumber,
    Append(String),
    Insert(String),
    Change(String),
}

#[derive(Clone, Debug)]
struct Command {
    from: Option<Address>,
    to: Option<Address>,
    negated: bool,
    inside: bool,
    action: Action,
}

/// `sed`.
#[derive(Clone, Debug)]
pub struct Sed {
    commands: Vec<Command>,
    silent: bool,
    number: u64,
    /// One line waits, for only then is it known whether it is the last.
    waiting: Option<Vec<u8>>,
}

/// Reads the arguments of `sed`.
pub fn sed(args: &[String]) -> Parsed<Sed> {
    let trouble = |message: String| Failure::new(1, message);
    let mut args = Args::parse(args, "nErsu", "e").map_err(trouble)?;
    let mut scripts: Vec<String> = args.values('e').map(str::to_owned).collect();
    if scripts.is_empty() {
        if args.operands.is_empty() {
            return Err(trouble("usage: sed [OPTION]... {script} [input-file]...".into()));
        }
        scripts.push(args.operands.remove(0));
    }
    let script = scripts.join("\n");
    let mut parser = Parser { text: script.chars().collect(), at: 0, extended: args.has('E') || args.has('r') };
    let commands =
        parser.commands().map_err(|message| trouble(format!("-e expression #1, char {}: {message}", parser.at)))?;
    let silent = args.has('n');
    Ok((Sed { commands, silent, number: 0, waiting: None }, args.operands))
}

struct Parser {
    text: Vec<char>,
    at: usize,
    extended: bool,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn skip(&mut self, blanks: &[char]) {
        while self.peek().is_some_and(|c| blanks.contains(&c)) {
            self.at += 1;
        }
    }

    fn commands(&mut self) -> Result<Vec<Command>, String> {
        let mut commands = Vec::new();
        loop {
            self.skip(&[' ', '\t', ';', '\n']);
            if self.peek().is_none() {
                return Ok(commands);
            }
            let from = self.address()?;
            let to = if self.take(',') { Some(self.address()?.ok_or("unexpected `,'")?) } else { None };
            self.skip(&[' ']);
            let negated = self.take('!');
            let action = self.action()?;
            self.skip(&[' ', '\t']);
            if !matches!(self.peek(), None | Some(';' | '\n')) {
                return Err("extra characters after command".into());
            }
            commands.push(Command { from, to, negated, inside: false, action });
        }
    }

    fn number(&mut self) -> Option<u64> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.text[start..self.at].iter().collect::<String>().parse().ok()
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        if let Some(number) = self.number() {
            return Ok(Some(Address::Line(number)));
        }
        if self.take('$') {
            return Ok(Some(Address::Last));
        }
        if self.take('/') {
            let pattern = self.until('/').ok_or("unterminated address regex")?;
            return Ok(Some(Address::Match(compile(&pattern, self.extended, false)?)));
        }
        Ok(None)
    }

    /// The text up to `end`, which may stand in it behind a backslash.
    fn until(&mut self, end: char) -> Option<String> {
        let mut text = String::new();
        loop {
            let c = self.peek()?;
            self.at += 1;
            match c {
                c if c == end => return Some(text),
                '\\' if self.peek() == Some(end) => {
                    self.at += 1;
                    text.push(end);
                }
                '\\' => {
                    text.push('\\');
                    text.extend(self.peek());
                    self.at += 1;
                }
                c => text.push(c),
            }
        }
    }

    fn action(&mut self) -> Result<Action, String> {
        let letter = self.peek().ok_or("missing command")?;
        self.at += 1;
        match letter {
            's' => self.substitute(),
            'y' => {
                let end = self.peek().ok_or("unterminated `y' command")?;
                self.at += 1;
                let from = self.until(end).ok_or("unterminated `y' command")?;
                let to = self.until(end).ok_or("unterminated `y' command")?;
                if from.chars().count() != to.chars().count() {
                    return Err("strings for `y' command are different lengths".into());
                }
                Ok(Action::Transliterate { from: from.chars().collect(), to: to.chars().collect() })
            }
            'p' => Ok(Action::Print),
            'd' => Ok(Action::Delete),
            'q' => Ok(Action::Quit),
            '=' => Ok(Action::LineNumber),
            'a' | 'i' | 'c' => {
                self.take('\\');
                self.skip(&[' ', '\n']);
                let start = self.at;
                while self.peek().is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
                let text = self.text[start..self.at].iter().collect();
                Ok(match letter {
                    'a' => Action::Append(text),
                    'i' => Action::Insert(text),
                    _ => Action::Change(text),
                })
            }
            other => Err(format!("unknown command: `{other}'")),
        }
    }

    fn substitute(&mut self) -> Result<Action, String> {
        let end = self.peek().ok_or("unterminated `s' command")?;
        self.at += 1;
        let pattern = self.until(end).ok_or("unterminated `s' command")?;
        let replacement = self.until(end).ok_or("unterminated `s' command")?;
        let (mut global, mut print, mut ignore_case, mut nth) = (false, false, false, 1);
        loop {
            match self.peek() {
                Some('g') => global = true,
                Some('p') => print = true,
                Some('i' | 'I') => ignore_case = true,
                Some(c) if c.is_ascii_digit() => {
                    nth = self
                        .number()
                        .and_then(|n| usize::try_from(n).ok())
                        .filter(|n| *n > 0)
                        .ok_or("number option to `s' command may not be zero")?;
                    continue;
                }
                _ => break,
            }
            self.at += 1;
        }
        let regex = compile(&pattern, self.extended, ignore_case)?;
        Ok(Action::Substitute { regex, replacement: replacement.into_bytes(), global, print, nth })
    }
}

fn replaced(regex: &Regex, line: &[u8], replacement: &[u8], global: bool, nth: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut copied = 0;
    let mut found = false;
    for (index, captures) in regex.captures_iter(line).enumerate() {
        if index + 1 < nth {
            continue;
        }
        let whole = captures.get(0)?;
        out.extend_from_slice(&line[copied..whole.start()]);
        let mut rest = replacement.iter();
        while let Some(byte) = rest.next() {
            match byte {
                b'&' => out.extend_from_slice(whole.as_bytes()),
                b'\\' => match rest.next() {
                    Some(digit @ b'0'..=b'9') => {
                        out.extend_from_slice(captures.get(usize::from(digit - b'0')).map_or(b"", |m| m.as_bytes()));
                    }
                    Some(b'n') => out.push(b'\n'),
                    Some(b't') => out.push(b'\t'),
                    Some(other) => out.push(*other),
                    None => out.push(b'\\'),
                },
                other => out.push(*other),
            }
        }
        copied = whole.end();
        found = true;
        if !global {
            break;
        }
    }
    out.extend_from_slice(&line[copied..]);
    found.then_some(out)
}

impl Command {
    fn applies(&mut self, number: u64, line: &[u8], last: bool) -> bool {
        let hits = |address: &Address| match address {
            Address::Line(wanted) => *wanted == number,
            Address::Last => last,
            Address::Match(regex) => regex.is_match(line),
        };
        let selected = match (&self.from, &self.to) {
            (None, _) => true,
            (Some(from), None) => hits(from),
            (Some(_), Some(to)) if self.inside => {
                let over = matches!(to, Address::Line(wanted) if number >= *wanted) || hits(to);
                self.inside = !over;
                !matches!(to, Address::Line(wanted) if number > *wanted)
            }
            (Some(from), Some(to)) => {
                let begins = hits(from);
                self.inside = begins && !matches!(to, Address::Line(wanted) if number >= *wanted);
                begins
            }
        };
        selected != self.negated
    }
}

impl Sed {
    fn run(&mut self, io: &mut Io<'_, '_>, line: Vec<u8>, last: bool) -> Option<u8> {
        self.number += 1;
        let (number, silent) = (self.number, self.silent);
        let mut line = line;
        let mut after = Vec::new();
        let mut quit = false;
        let mut deleted = false;
        for command in &mut self.commands {
            if !command.applies(number, &line, last) {
                continue;
            }
            match &command.action {
                Action::Substitute { regex, replacement, global, print, nth } => {
                    if let Some(new) = replaced(regex, &line, replacement, *global, *nth) {
                        line = new;
                        if *print {
                            io.line(&line);
                        }
                    }
                }
                Action::Transliterate { from, to } => {
                    let text = String::from_utf8_lossy(&line).into_owned();
                    let map = |c| from.iter().position(|f| *f == c).map_or(c, |at| to[at]);
                    line = text.chars().map(map).collect::<String>().into_bytes();
                }
                Action::Print => io.line(&line),
                Action::LineNumber => io.line(number.to_string()),
                Action::Append(text) => after.push(text.clone()),
                Action::Insert(text) => io.line(text),
                Action::Delete => deleted = true,
                Action::Change(text) => {
                    io.line(text);
                    deleted = true;
                }
                Action::Quit => quit = true,
            }
            if deleted || quit {
                break;
            }
        }
        if !silent && !deleted {
            io.line(&line);
        }
        after.into_iter().for_each(|text| io.line(text));
        quit.then_some(0)
    }

    fn needs_lookahead(&self) -> bool {
        let last = |address: &Option<Address>| matches!(address, Some(Address::Last));
        self.commands.iter().any(|c| last(&c.from) || last(&c.to))
    }
}

impl Filter for Sed {
    fn take(&mut self, io: &mut Io<'_, '_>, line: &[u8]) -> Option<u8> {
        if !self.needs_lookahead() {
            return self.run(io, line.to_vec(), false);
        }
        let previous = self.waiting.replace(line.to_vec())?;
        self.run(io, previous, false)
    }

    fn end(&mut self, io: &mut Io<'_, '_>) -> u8 {
        match self.waiting.take() {
            Some(line) => self.run(io, line, true).unwrap_or(0),
            None => 0,
        }
    }
}
