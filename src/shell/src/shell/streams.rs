//! The shell's own streams, as redirections around a construct change them. Serves builtins and launching; invariant: input is
//! taken once, by the first who reads it.

use ottla_world::{Context, Fd, PipeId, Sink, Source, Stdio, TerminalId};

/// Where the shell's own input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stdin {
    /// Bytes known from the start: a file, a here-document, what a host piped in.
    Bytes(bytes::Bytes),
    /// A person.
    Terminal(TerminalId),
    /// Another process.
    Pipe(PipeId),
}

/// Three streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Streams {
    pub(super) stdin: Stdin,
    pub(super) stdout: Sink,
    pub(super) stderr: Sink,
}

impl Default for Streams {
    fn default() -> Self {
        Streams { stdin: Stdin::Bytes(bytes::Bytes::new()), stdout: Sink::Null, stderr: Sink::Null }
    }
}

impl Streams {
    pub(super) fn of(stdio: &Stdio) -> Streams {
        let stdin = match &stdio.stdin {
            Source::Null => Stdin::Bytes(bytes::Bytes::new()),
            Source::Bytes(data) => Stdin::Bytes(data.clone()),
            Source::Terminal(id) => Stdin::Terminal(*id),
            Source::Pipe(id) => Stdin::Pipe(*id),
        };
        Streams { stdin, stdout: stdio.stdout.clone(), stderr: stdio.stderr.clone() }
    }

    /// The streams for a child; one that reads takes the input with it.
    pub(super) fn for_child(&mut self, reads: bool) -> Stdio {
        let stdin = match &mut self.stdin {
            Stdin::Terminal(id) => Source::Terminal(*id),
            Stdin::Pipe(id) => Source::Pipe(*id),
            Stdin::Bytes(_) if !reads => Source::Null,
            Stdin::Bytes(data) => Source::Bytes(std::mem::take(data)),
        };
        Stdio { stdin, stdout: self.stdout.clone(), stderr: self.stderr.clone() }
    }

    pub(super) fn sink(&self, fd: Fd) -> &Sink {
        match fd {
            Fd::Stdout => &self.stdout,
            Fd::Stderr => &self.stderr,
        }
    }

    /// Writes to one of the streams from within the shell.
    pub(super) fn write(&self, cx: &mut Context<'_>, fd: Fd, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        let sink = self.sink(fd);
        let own = if *sink == cx.stdio().stdout {
            Some(Fd::Stdout)
        } else {
            (*sink == cx.stdio().stderr).then_some(Fd::Stderr)
        };
        match (own, sink) {
            (Some(own), _) => cx.print(own, bytes::Bytes::copy_from_slice(data)),
            (None, Sink::File(path)) => {
                let path = path.clone();
                if let Err(error) = cx.disk().append(&path, data) {
                    cx.print(Fd::Stderr, format!("bash: {error}\n"));
                }
            }
            (None, _) => {}
        }
    }
}
