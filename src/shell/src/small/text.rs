//! `cat`, `tee`, and the texts of `echo` and `printf`. Serves pipelines and the shell's builtins; invariant: bytes pass
//! unchanged.

use super::{
    args::Args,
    filter::{Failure, Filter, Parsed},
    io::Io,
};

/// `cat`.
#[derive(Clone, Debug)]
pub struct Cat;

/// Reads the arguments of `cat`.
pub fn cat(args: &[String]) -> Parsed<Cat> {
    let args = Args::parse(args, "u", "").map_err(|m| Failure::new(1, m))?;
    Ok((Cat, args.operands))
}

impl Filter for Cat {
    const RAW: bool = true;

    fn take(&mut self, io: &mut Io<'_, '_>, data: &[u8]) -> Option<u8> {
        io.write(data);
        None
    }

    fn end(&mut self, _: &mut Io<'_, '_>) -> u8 {
        0
    }
}

/// `tee`.
#[derive(Clone, Debug)]
pub struct Tee {
    files: Vec<String>,
    append: bool,
    begun: bool,
}

/// Reads the arguments of `tee`.
pub fn tee(args: &[String]) -> Parsed<Tee> {
    let args = Args::parse(args, "a", "").map_err(|m| Failure::new(1, m))?;
    Ok((Tee { files: args.operands.clone(), append: args.has('a'), begun: false }, Vec::new()))
}

impl Tee {
    fn begin(&mut self, io: &mut Io<'_, '_>) {
        if !std::mem::replace(&mut self.begun, true) && !self.append {
            for file in &self.files {
                if let Err(error) = io.cx.disk().replace(file, b"") {
                    io.error(error.to_string());
                }
            }
        }
    }
}

impl Filter for Tee {
    const RAW: bool = true;

    fn set_cwd(&mut self, cwd: &str) {
        self.files.iter_mut().for_each(|file| *file = crate::files::resolve(cwd, file));
    }

    fn take(&mut self, io: &mut Io<'_, '_>, data: &[u8]) -> Option<u8> {
        self.begin(io);
        for file in &self.files {
            if let Err(error) = io.cx.disk().append(file, data) {
                io.error(error.to_string());
            }
        }
        io.write(data);
        None
    }

    fn end(&mut self, io: &mut Io<'_, '_>) -> u8 {
        self.begin(io);
        0
    }
}

/// What `echo` prints: `-n` leaves out the line end, `-e` reads escapes.
pub fn echo(args: &[String]) -> Vec<u8> {
    let mut words = args;
    let (mut newline, mut escapes) = (true, false);
    while let Some((first, rest)) = words.split_first() {
        let letters = first.strip_prefix('-').unwrap_or_default();
        if letters.is_empty() || !letters.chars().all(|c| "neE".contains(c)) {
            break;
        }
        for letter in letters.chars() {
            match letter {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        words = rest;
    }
    let text = words.join(" ");
    let mut out = Vec::new();
    match escapes {
        true => push_escaped(&mut out, &text),
        false => out.extend_from_slice(text.as_bytes()),
    }
    if newline {
        out.push(b'\n');
    }
    out
}

fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let Some((letter, after)) = rest.split_first() else {
            out.push(b'\\');
            break;
        };
        rest = after;
        match letter {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'e' => out.push(27),
            b'\\' => out.push(b'\\'),
            b'"' => out.push(b'"'),
            b'x' => rest = push_number(out, rest, 16, 2),
            b'0'..=b'7' => {
                let digits = [&[*letter], &rest[..rest.len().min(2)]].concat();
                let left = push_number(out, &digits, 8, 3).len();
                rest = &rest[digits.len() - left - 1..];
            }
            other => out.extend([b'\\', *other]),
        }
    }
}

/// Pushes the byte that up to `most` digits mean; what follows them.
fn push_number<'a>(out: &mut Vec<u8>, text: &'a [u8], base: u32, most: usize) -> &'a [u8] {
    let digits = text.iter().take(most).take_while(|b| char::from(**b).is_digit(base)).count();
    let value = text[..digits].iter().fold(0, |v, b| v * base + char::from(*b).to_digit(base).unwrap_or(0));
    out.push(value as u8);
    &text[digits..]
}

/// What `printf` prints: the format again as long as arguments are left.
pub fn printf(format: &str, args: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = args.iter();
    loop {
        let before = left.len();
        push_format(&mut out, format, &mut left);
        if left.len() == 0 || left.len() == before {
            return out;
        }
    }
}

fn push_format(out: &mut Vec<u8>, format: &str, args: &mut std::slice::Iter<'_, String>) {
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        push_escaped(out, &rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push(b'%');
            rest = after;
            continue;
        }
        let length = rest.find(|c: char| !"-+ 0#.123456789".contains(c)).unwrap_or(rest.len());
        let (flags, after) = rest.split_at(length);
        let mut letters = after.chars();
        let Some(letter) = letters.next() else { break };
        rest = letters.as_str();
        let arg = args.next().map_or("", String::as_str);
        let text = match letter {
            's' => precision(flags, arg),
            'b' => {
                push_escaped(out, arg);
                continue;
            }
            'c' => arg.chars().take(1).collect(),
            'd' | 'i' | 'u' => arg.trim().parse::<i64>().unwrap_or(0).to_string(),
            'x' => format!("{:x}", arg.trim().parse::<i64>().unwrap_or(0)),
            other => format!("%{flags}{other}"),
        };
        out.extend_from_slice(pad(flags, &text, letter != 's' && letter != 'c').as_bytes());
    }
    push_escaped(out, rest);
}

fn precision(flags: &str, text: &str) -> String {
    match flags.split_once('.').and_then(|(_, p)| p.parse().ok()) {
        Some(most) => text.chars().take(most).collect(),
        None => text.to_owned(),
    }
}

/// Columns a `printf` may pad to, at most.
const MAX_WIDTH: usize = 10_000;

fn pad(flags: &str, text: &str, number: bool) -> String {
    let flags = flags.split('.').next().unwrap_or_default();
    let digits = flags.trim_start_matches(['-', '+', ' ', '#', '0']);
    let width = digits.parse().unwrap_or(0).min(MAX_WIDTH);
    let signs = &flags[..flags.len() - digits.len()];
    match (signs.contains('-'), number && signs.contains('0')) {
        (true, _) => format!("{text:<width$}"),
        (false, true) => format!("{text:0>width$}"),
        (false, false) => format!("{text:>width$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echo_and_printf() {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(echo(&words(&["-n", "a", "b"])), b"a b");
        assert_eq!(echo(&words(&["-e", r"a\tb\x41\0"])), b"a\tbA\0\n");
        assert_eq!(printf(r"%s-%03d\n", &words(&["x", "7", "y", "12"])), b"x-007\ny-012\n");
        assert_eq!(printf(r"kafka:\0\0\0\3\377", &[]), b"kafka:\0\0\0\x03\xff");
        assert_eq!(printf(r"\0\0\0\25%%|%-4s|%4s|%.2s", &words(&["a", "b", "cde"])), b"\0\0\0\x15%|a   |   b|cd");
        assert_eq!(printf("plain", &words(&["x"])), b"plain");
    }
}
