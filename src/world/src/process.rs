//! Processes: pure state machines, and what reaches them. Serves every program of a lab; invariant: a process sees only
//! its inputs, its context and its own state.

use crate::{Context, FlushId, HostId, Pid, PipeId, Time, ids::ConnectionId};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::{any::Any, fmt::Debug};

/// A program that runs on a host.
///
/// `handle` is called with one input at a time and answers through the context. `next_wakeup` is asked after each input:
/// timers are data of the process, the world only rings once.
pub trait Process: Debug {
    /// The name `jps` and `ps` show, such as `Kafka`.
    fn name(&self) -> &str;
    /// Takes one input; all effects go through `cx`.
    fn handle(&mut self, cx: &mut Context<'_>, input: Input);
    /// When [`Input::Wake`] is wanted next, if at all.
    fn next_wakeup(&self) -> Option<Time>;
    /// A copy, for checkpoints.
    fn boxed_clone(&self) -> Box<dyn Process>;
    /// For read-only views by those who know the concrete type.
    fn as_any(&self) -> &dyn Any;
}

impl Clone for Box<dyn Process> {
    fn clone(&self) -> Self {
        self.as_ref().boxed_clone()
    }
}

/// What can happen to a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The first input of every process.
    Start,
    /// The moment of `next_wakeup` has come.
    Wake,
    /// Somebody connected to a port this process listens on.
    Accepted {
        /// The new connection.
        connection: ConnectionId,
        /// The port they connected to.
        port: u16,
        /// Their host.
        peer: HostId,
    },
    /// A connection this process asked for is open.
    Connected {
        /// Which.
        connection: ConnectionId,
    },
    /// A connection this process asked for can't be had.
    ConnectFailed {
        /// Which.
        connection: ConnectionId,
        /// Why.
        error: ConnectError,
    },
    /// A frame arrived.
    Frame {
        /// On which connection.
        connection: ConnectionId,
        /// Its bytes, without the length prefix of a byte stream.
        frame: Bytes,
    },
    /// The other end closed, or is gone.
    Closed {
        /// Which connection.
        connection: ConnectionId,
    },
    /// Bytes on standard input; a terminal gives whole lines with their line end.
    Stdin(Bytes),
    /// Standard input ended.
    StdinClosed,
    /// Bytes on a pipe this process reads beside its standard input.
    Piped {
        /// Which.
        pipe: PipeId,
        /// What was written.
        data: Bytes,
    },
    /// The last writer of such a pipe is gone.
    PipeClosed {
        /// Which.
        pipe: PipeId,
    },
    /// A signal that can be handled ([`Signal::Kill`], `Stop` and `Continue` never get here).
    Signal(Signal),
    /// The files of this flush are in the flushed part.
    Flushed(FlushId),
    /// The disk refused this flush: what was written may not survive, and what waited for it is not sent.
    FlushFailed(FlushId),
    /// What whoever runs the world answers to [`Context::ask_host`].
    HostAnswered {
        /// 0 if it was done, as of a program.
        code: u8,
        /// What to say about it.
        text: String,
    },
    /// A child of this process ended.
    ChildExited {
        /// Which.
        pid: Pid,
        /// How.
        status: ExitStatus,
    },
}

/// Why a connection could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// The host is there and nobody listens on the port.
    Refused,
    /// The name means nothing here.
    UnknownHost,
}

/// Signals, by what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// SIGHUP, 1.
    HangUp,
    /// SIGINT, 2 (Ctrl-C).
    Interrupt,
    /// SIGKILL, 9.
    Kill,
    /// SIGPIPE, 13.
    Pipe,
    /// SIGTERM, 15.
    Terminate,
    /// SIGCONT, 18.
    Continue,
    /// SIGSTOP, 19.
    Stop,
}

impl Signal {
    /// The number on Linux.
    pub const fn number(self) -> u8 {
        match self {
            Signal::HangUp => 1,
            Signal::Interrupt => 2,
            Signal::Kill => 9,
            Signal::Pipe => 13,
            Signal::Terminate => 15,
            Signal::Continue => 18,
            Signal::Stop => 19,
        }
    }

    /// The signal of a number or a name, with or without `SIG`, as `kill` takes it.
    pub fn parse(text: &str) -> Option<Signal> {
        let all = [
            (Signal::HangUp, "HUP"),
            (Signal::Interrupt, "INT"),
            (Signal::Kill, "KILL"),
            (Signal::Pipe, "PIPE"),
            (Signal::Terminate, "TERM"),
            (Signal::Continue, "CONT"),
            (Signal::Stop, "STOP"),
        ];
        let name = text.strip_prefix("SIG").unwrap_or(text);
        all.into_iter().find(|(s, n)| *n == name || s.number().to_string() == name).map(|(s, _)| s)
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitStatus {
    /// It returned this code.
    Code(u8),
    /// A signal ended it.
    Signal(Signal),
}

impl ExitStatus {
    /// What a shell shows as `$?`: the code, or 128 plus the signal's number.
    pub const fn shell_code(self) -> u8 {
        match self {
            ExitStatus::Code(code) => code,
            ExitStatus::Signal(signal) => 128 + signal.number(),
        }
    }
}

/// Whether a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessState {
    /// It takes its inputs.
    Running,
    /// SIGSTOP: alive but silent.
    Stopped,
}

/// What `ps` shows of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Its id.
    pub pid: Pid,
    /// Who started it, if a process did.
    pub parent: Option<Pid>,
    /// Where it runs.
    pub host: HostId,
    /// Its name, as [`Process::name`] gave it at the start.
    pub name: String,
    /// Its command line.
    pub command: String,
    /// When it started.
    pub started: Time,
    /// Whether it runs.
    pub state: ProcessState,
}
