//! `cut` and `tr`. Serves pipelines; invariant: fields keep their order, whatever order the list names them in.

use super::{
    args::Args,
    filter::{Failure, Filter, Parsed},
    io::Io,
};

/// `cut`.
#[derive(Clone, Debug)]
pub struct Cut {
    ranges: Vec<(usize, usize)>,
    fields: bool,
    delimiter: char,
    only_delimited: bool,
}

/// Reads the arguments of `cut`.
pub fn cut(args: &[String]) -> Parsed<Cut> {
    let args = Args::parse(args, "s", "dfcb").map_err(|m| Failure::new(1, m))?;
    let fields = args.value('f').is_some();
    let list = args
        .value('f')
        .or(args.value('c'))
        .or(args.value('b'))
        .ok_or_else(|| Failure::new(1, "you must specify a list of bytes, characters, or fields"))?;
    let mut ranges = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str, default| if text.is_empty() { Some(default) } else { text.parse().ok() };
        match (number(first, 1), number(last, usize::MAX)) {
            (Some(first @ 1..), Some(last)) if part != "-" => ranges.push((first, last)),
            _ => return Err(Failure::new(1, format!("invalid field value '{part}'"))),
        }
    }
    let delimiter = args.value('d').unwrap_or("\t");
    let mut chars = delimiter.chars();
    let (Some(delimiter), None) = (chars.next(), chars.next()) else {
        return Err(Failure::new(1, "the delimiter must be a single character"));
    };
    Ok((Cut { ranges, fields, delimiter, only_delimited: args.has('s') }, args.operands))
}

impl Cut {
    fn wants(&self, number: usize) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}

impl Filter for Cut {
    fn take(&mut self, io: &mut Io<'_, '_>, line: &[u8]) -> Option<u8> {
        let line = String::from_utf8_lossy(line);
        if !self.fields {
            let chars: String = line.chars().enumerate().filter(|(at, _)| self.wants(at + 1)).map(|(_, c)| c).collect();
            io.line(chars);
            return None;
        }
        if !line.contains(self.delimiter) {
            if !self.only_delimited {
                io.line(line.as_bytes());
            }
            return None;
        }
        let fields: Vec<&str> =
            line.split(self.delimiter).enumerate().filter(|(at, _)| self.wants(at + 1)).map(|(_, f)| f).collect();
        io.line(fields.join(&self.delimiter.to_string()));
        None
    }

    fn end(&mut self, _: &mut Io<'_, '_>) -> u8 {
        0
    }
}

/// `tr`, on bytes.
#[derive(Clone, Debug)]
pub struct Tr {
    from: Vec<u8>,
    to: Vec<u8>,
    delete: bool,
    squeeze: bool,
    complement: bool,
    last: Option<u8>,
}

/// Reads the arguments of `tr`.
pub fn tr(args: &[String]) -> Parsed<Tr> {
    let args = Args::parse(args, "dsc", "").map_err(|m| Failure::new(1, m))?;
    let sets: Vec<Vec<u8>> = args.operands.iter().map(|set| expand(set)).collect();
    let (delete, squeeze) = (args.has('d'), args.has('s'));
    let (from, to) = match sets.as_slice() {
        [from] if delete || squeeze => (from.clone(), Vec::new()),
        [from, to] if !to.is_empty() => (from.clone(), to.clone()),
        [] => return Err(Failure::new(1, "missing operand")),
        _ => return Err(Failure::new(1, format!("missing operand after '{}'", args.operands[0]))),
    };
    Ok((Tr { from, to, delete, squeeze, complement: args.has('c'), last: None }, Vec::new()))
}

fn expand(set: &str) -> Vec<u8> {
    let named = |class: &str| match class {
        "[:upper:]" => Some((b'A'..=b'Z').collect()),
        "[:lower:]" => Some((b'a'..=b'z').collect()),
        "[:digit:]" => Some((b'0'..=b'9').collect()),
        "[:space:]" => Some(b" \t\n\r\x0b\x0c".to_vec()),
        _ => None,
    };
    if let Some(bytes) = named(set) {
        return bytes;
    }
    let mut bytes = Vec::new();
    let mut rest = set.bytes().peekable();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'\\' => match rest.next() {
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'r') => b'\r',
                Some(b'0') => 0,
                Some(other) => other,
                None => b'\\',
            },
            other => other,
        };
        if byte == b'-'
            && let (Some(first), Some(last)) = (bytes.last().copied(), rest.peek().copied())
        {
            rest.next();
            bytes.extend((first..=last).skip(1));
        } else {
            bytes.push(byte);
        }
    }
    bytes
}

impl Filter for Tr {
    const RAW: bool = true;

    fn take(&mut self, io: &mut Io<'_, '_>, data: &[u8]) -> Option<u8> {
        let mut out = Vec::with_capacity(data.len());
        for byte in data {
            let at = self.from.iter().rposition(|b| b == byte);
            let at = if self.complement { at.is_none().then_some(usize::MAX) } else { at };
            if at.is_some() && self.delete {
                continue;
            }
            let new = match (at, self.to.last()) {
                (Some(at), Some(last)) => self.to.get(at).copied().unwrap_or(*last),
                _ => *byte,
            };
            if self.squeeze && at.is_some() && self.last == Some(new) {
                continue;
            }
            self.last = Some(new);
            out.push(new);
        }
        io.write(&out);
        None
    }

    fn end(&mut self, _: &mut Io<'_, '_>) -> u8 {
        0
    }
}
