//! What a small tool prints. Serves the tools; invariant: output is gathered during one input and written at its end, standard
//! output before standard error.

use ottla_world::{Context, Fd};

/// The tool's streams and context during one input.
#[derive(Debug)]
pub struct Io<'a, 'w> {
    /// The context.
    pub cx: &'a mut Context<'w>,
    /// The tool's name, which stands before its errors.
    pub name: &'static str,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl<'a, 'w> Io<'a, 'w> {
    /// Streams with nothing in them.
    pub fn new(cx: &'a mut Context<'w>, name: &'static str) -> Io<'a, 'w> {
        Io { cx, name, out: Vec::new(), err: Vec::new() }
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, data: &[u8]) {
        self.out.extend_from_slice(data);
    }

    /// Writes a line.
    pub fn line(&mut self, line: impl AsRef<[u8]>) {
        self.out.extend_from_slice(line.as_ref());
        self.out.push(b'\n');
    }

    /// Writes `name: message` to standard error.
    pub fn error(&mut self, message: impl AsRef<str>) {
        self.err.extend_from_slice(format!("{}: {}\n", self.name, message.as_ref()).as_bytes());
    }

    /// Hands everything to the world.
    pub fn finish(self) {
        if !self.out.is_empty() {
            self.cx.print(Fd::Stdout, self.out);
        }
        if !self.err.is_empty() {
            self.cx.print(Fd::Stderr, self.err);
        }
    }
}
