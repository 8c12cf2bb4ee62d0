//! What happened, for those who watch. Serves pictures, event logs, predicates and ledgers; invariant: watching changes
//! nothing, and the trace is the same in each replay.

use crate::{ConnectionId, ExitStatus, Fault, Fd, HostId, Pid, Sink, Time};
use bytes::Bytes;

/// One thing that happened in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named for what they are")]
pub enum TraceEvent {
    /// A process connected to another; requests go from `client` to `server`.
    Opened { at: Time, connection: ConnectionId, client: Pid, server: Pid, port: u16 },
    /// A frame left; it arrives at `arrives` unless the link is cut (`None`) or somebody dies.
    Sent { at: Time, arrives: Option<Time>, connection: ConnectionId, from: Pid, to: Pid, frame: Bytes },
    /// A frame was handed to its receiver.
    Delivered { at: Time, connection: ConnectionId, from: Pid, to: Pid, frame: Bytes },
    /// A connection ended.
    Closed { at: Time, connection: ConnectionId },
    /// A process started.
    Started { at: Time, pid: Pid, host: HostId, name: String, command: String },
    /// A process ended; `None` if its host lost power.
    Exited { at: Time, pid: Pid, status: Option<ExitStatus> },
    /// A process wrote to a stream.
    Printed { at: Time, pid: Pid, fd: Fd, sink: Sink, data: Bytes },
    /// A process wrote a line for the event log.
    Note { at: Time, pid: Pid, text: String },
    /// A fault was caused.
    Fault { at: Time, fault: Fault },
}
