//! Filters: tools that read files or standard input and print something for it. Serves `cat`, `grep`, `sed`, …; invariant: a
//! filter sees each line once and in order, whatever pieces the input came in.

use super::io::Io;
use crate::{
    files::{Files, resolve},
    program::Invocation,
};
use ottla_world::{Context, Input, Process, Signal, Time};
use std::{any::Any, fmt::Debug};

/// What a filter does with its input.
pub trait Filter: Clone + Debug + 'static {
    /// Whether it wants bytes as they come rather than lines.
    const RAW: bool = false;
    /// Learns the working directory, for files it writes.
    fn set_cwd(&mut self, cwd: &str) {
        let _ = cwd;
    }
    /// Another file begins; not called for standard input.
    fn file(&mut self, io: &mut Io<'_, '_>, name: &str) {
        let _ = (io, name);
    }
    /// One line without its end, or a piece of bytes. `Some` ends the tool with that exit code.
    fn take(&mut self, io: &mut Io<'_, '_>, line: &[u8]) -> Option<u8>;
    /// The input ended; the exit code.
    fn end(&mut self, io: &mut Io<'_, '_>) -> u8;
    /// How often it looks whether its file has grown, in milliseconds.
    fn follow_ms(&self) -> Option<u64> {
        None
    }
}

/// What a tool makes of its arguments: the filter and its files.
pub type Parsed<F> = Result<(F, Vec<String>), Failure>;

/// Blocks of 64 KiB that are read from `/dev/zero`, at most.
const MAX_ZERO_BLOCKS: u32 = 512;

/// Why a tool does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it says.
    pub message: String,
    /// Its exit code.
    pub code: u8,
}

impl Failure {
    /// A failure with a message and a code.
    pub fn new(code: u8, message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code }
    }
}

/// A filter as a process.
#[derive(Clone, Debug)]
struct FilterProcess<F> {
    name: &'static str,
    filter: Result<F, Failure>,
    files: Vec<String>,
    cwd: String,
    partial: Vec<u8>,
    failed: bool,
    followed: Option<(String, u64)>,
    wake: Option<Time>,
}

/// The process of a filter.
pub fn boxed<F: Filter>(
    name: &'static str,
    parse: fn(&[String]) -> Parsed<F>,
    invocation: &Invocation,
) -> Box<dyn Process> {
    let (filter, files) = match parse(&invocation.args) {
        Ok((mut filter, files)) => {
            filter.set_cwd(&invocation.cwd);
            (Ok(filter), files)
        }
        Err(failure) => (Err(failure), Vec::new()),
    };
    let cwd = invocation.cwd.clone();
    let (partial, failed) = (Vec::new(), false);
    Box::new(FilterProcess { name, filter, files, cwd, partial, failed, followed: None, wake: None })
}

impl<F: Filter> FilterProcess<F> {
    fn start(&mut self, io: &mut Io<'_, '_>) -> Option<u8> {
        if let Err(failure) = &self.filter {
            io.error(&failure.message);
            return Some(failure.code);
        }
        if self.files.is_empty() || self.files == ["-"] {
            return None;
        }
        for file in self.files.clone() {
            if F::RAW && file == "/dev/zero" {
                match self.feed_zeros(io) {
                    Some(code) => return Some(code),
                    None => continue,
                }
            }
            let path = resolve(&self.cwd, &file);
            let files = Files::of(io.cx);
            let Some(data) = files.read_all(&path) else {
                let directory = files.is_directory(&path);
                io.error(format!("{file}: {}", if directory { "Is a directory" } else { "No such file or directory" }));
                self.failed = true;
                continue;
            };
            if let Ok(filter) = &mut self.filter {
                filter.file(io, &file);
            }
            if let Some(code) = self.feed(io, &data).or_else(|| self.flush(io)) {
                return Some(code);
            }
            self.followed = Some((path, data.len() as u64));
        }
        let follow_ms = self.filter.as_ref().ok().and_then(Filter::follow_ms);
        match (follow_ms, &self.followed) {
            (Some(ms), Some(_)) => {
                let code = self.filter.as_mut().ok()?.end(io);
                self.wake = Some(io.cx.now().plus_millis(ms));
                (code != 0).then_some(code)
            }
            _ => self.end(io),
        }
    }

    /// An endless file of zeros: read until the filter has enough, and at most so many.
    fn feed_zeros(&mut self, io: &mut Io<'_, '_>) -> Option<u8> {
        (0..MAX_ZERO_BLOCKS).find_map(|_| self.feed(io, &[0; 65_536]))
    }

    fn look_again(&mut self, io: &mut Io<'_, '_>) -> Option<u8> {
        let (path, seen) = self.followed.clone()?;
        let more = Files::of(io.cx).read_from(&path, seen).unwrap_or_default();
        self.followed = Some((path, seen + more.len() as u64));
        io.write(&more);
        let ms = self.filter.as_ref().ok().and_then(Filter::follow_ms)?;
        self.wake = Some(io.cx.now().plus_millis(ms));
        None
    }

    fn feed(&mut self, io: &mut Io<'_, '_>, data: &[u8]) -> Option<u8> {
        let filter = self.filter.as_mut().ok()?;
        if F::RAW {
            return filter.take(io, data);
        }
        self.partial.extend_from_slice(data);
        let buffer = std::mem::take(&mut self.partial);
        let mut rest = buffer.as_slice();
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            if let Some(code) = filter.take(io, &rest[..end]) {
                return Some(code);
            }
            rest = &rest[end + 1..];
        }
        self.partial = rest.to_vec();
        None
    }

    /// The last line of a file may lack its end.
    fn flush(&mut self, io: &mut Io<'_, '_>) -> Option<u8> {
        let last = std::mem::take(&mut self.partial);
        let filter = self.filter.as_mut().ok().filter(|_| !last.is_empty())?;
        filter.take(io, &last)
    }

    fn end(&mut self, io: &mut Io<'_, '_>) -> Option<u8> {
        let code = self.flush(io).or_else(|| Some(self.filter.as_mut().ok()?.end(io)))?;
        Some(match (self.failed, self.name) {
            (true, "grep") => 2,
            (true, _) => code.max(1),
            (false, _) => code,
        })
    }
}

impl<F: Filter> Process for FilterProcess<F> {
    fn name(&self) -> &str {
        self.name
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        let mut io = Io::new(cx, self.name);
        let from_stdin = self.files.is_empty() || self.files == ["-"];
        let exit = match input {
            Input::Start => self.start(&mut io),
            Input::Stdin(data) if from_stdin => self.feed(&mut io, &data),
            Input::StdinClosed if from_stdin => self.end(&mut io),
            Input::Wake => self.look_again(&mut io),
            Input::Signal(Signal::Interrupt) => Some(130),
            Input::Signal(signal) => Some(128 + signal.number()),
            _ => None,
        };
        io.finish();
        if let Some(code) = exit {
            cx.exit(code);
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        self.wake
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
