//! The names of things in a world. Serves all modules; invariant: ids are dealt out by one counter a kind and never
//! used twice in a run.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub $inner);
    };
}

id!(/// A machine: a disk, a clock, processes.
    HostId, u32);
id!(/// A process, as `ps` numbers it.
    Pid, u32);
id!(/// A connection between two processes.
    ConnectionId, u64);
id!(/// A terminal a person types at.
    TerminalId, u32);
id!(/// A pipe between processes.
    PipeId, u32);
id!(/// A sink that keeps what is written, for a host that asks later.
    CaptureId, u32);
id!(/// A request to bring files to the disk's flushed part.
    FlushId, u64);

/// The counters behind the ids.
#[derive(Clone, Debug)]
pub struct Ids {
    next_pid: u32,
    next_connection: u64,
    next_small: u32,
    next_flush: u64,
}

impl Default for Ids {
    fn default() -> Self {
        Ids { next_pid: 101, next_connection: 1, next_small: 1, next_flush: 1 }
    }
}

impl Ids {
    /// A new process id.
    pub fn pid(&mut self) -> Pid {
        self.next_pid += 1;
        Pid(self.next_pid - 1)
    }

    /// A new connection id.
    pub fn connection(&mut self) -> ConnectionId {
        self.next_connection += 1;
        ConnectionId(self.next_connection - 1)
    }

    /// A new flush id.
    pub fn flush(&mut self) -> FlushId {
        self.next_flush += 1;
        FlushId(self.next_flush - 1)
    }

    /// A new pipe id.
    pub fn pipe(&mut self) -> PipeId {
        self.next_small += 1;
        PipeId(self.next_small - 1)
    }

    /// A new capture id.
    pub fn capture(&mut self) -> CaptureId {
        self.next_small += 1;
        CaptureId(self.next_small - 1)
    }
}
