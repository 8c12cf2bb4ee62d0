//! Where a process reads and writes. Serves shells and hosts; invariant: a sink or source names a thing of the world, it
//! holds no data itself.

use crate::{CaptureId, PipeId, TerminalId};
use serde::{Deserialize, Serialize};

/// One of the two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fd {
    /// Standard output, 1.
    Stdout,
    /// Standard error, 2.
    Stderr,
}

/// Where standard input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Ends at once.
    Null,
    /// A person's lines, while the process is in the terminal's foreground.
    Terminal(TerminalId),
    /// What other processes write.
    Pipe(PipeId),
    /// These bytes, then the end.
    Bytes(bytes::Bytes),
}

/// Where an output stream goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Nowhere.
    Null,
    /// A terminal's screen.
    Terminal(TerminalId),
    /// Another process.
    Pipe(PipeId),
    /// A file on the process's host, appended to (the opener truncates it first where that is meant).
    File(String),
    /// Kept for the host that made the capture.
    Capture(CaptureId),
}

/// The three streams of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stdio {
    /// Standard input.
    pub stdin: Source,
    /// Standard output.
    pub stdout: Sink,
    /// Standard error.
    pub stderr: Sink,
}

impl Stdio {
    /// Nothing in, nothing out: a daemon.
    pub const fn null() -> Stdio {
        Stdio { stdin: Source::Null, stdout: Sink::Null, stderr: Sink::Null }
    }

    /// All three on one terminal.
    pub const fn terminal(id: TerminalId) -> Stdio {
        Stdio { stdin: Source::Terminal(id), stdout: Sink::Terminal(id), stderr: Sink::Terminal(id) }
    }

    /// The sink of a stream.
    pub const fn sink(&self, fd: Fd) -> &Sink {
        match fd {
            Fd::Stdout => &self.stdout,
            Fd::Stderr => &self.stderr,
        }
    }
}
