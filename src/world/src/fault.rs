//! What can go wrong with hosts, links and processes. Serves labs and simulations; invariant: a fault is data, so it
//! stands in a journal and is undone only by going back in time or by its opposite.

use crate::{HostId, Pid, Signal};
use serde::{Deserialize, Serialize};

/// A fault, or the end of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// A signal: SIGKILL kills, SIGTERM stops, SIGSTOP pauses, SIGCONT resumes.
    Signal {
        /// To whom.
        pid: Pid,
        /// Which.
        signal: Signal,
    },
    /// A host loses power: its processes vanish without a word, its disk falls back to the flushed part.
    PowerCut {
        /// Which host.
        host: HostId,
    },
    /// The host has power again; its processes must be started anew.
    PowerOn {
        /// Which host.
        host: HostId,
    },
    /// Nothing gets from one host to the other.
    CutLink {
        /// From here.
        from: HostId,
        /// To there.
        to: HostId,
    },
    /// The link carries again what was held back.
    HealLink {
        /// From here.
        from: HostId,
        /// To there.
        to: HostId,
    },
    /// Every frame takes longer; 0 ends it.
    SlowLink {
        /// From here.
        from: HostId,
        /// To there.
        to: HostId,
        /// By so many microseconds.
        extra_us: u64,
    },
    /// Each segment is lost with this chance and sent again by TCP; 0 ends it.
    LossyLink {
        /// From here.
        from: HostId,
        /// To there.
        to: HostId,
        /// Of a hundred segments, so many are lost.
        percent: u8,
    },
    /// The next segments are lost once each and sent again by TCP.
    LoseNext {
        /// From here.
        from: HostId,
        /// To there.
        to: HostId,
        /// How many.
        segments: u32,
    },
    /// Not one byte more fits on a host's disk.
    FullDisk {
        /// Which host.
        host: HostId,
    },
    /// A host's disk refuses every change and every flush.
    FailDisk {
        /// Which host.
        host: HostId,
    },
    /// A host's disk is neither full nor failing nor slow any more.
    HealDisk {
        /// Which host.
        host: HostId,
    },
    /// Flushes take longer on a host's disk; 0 ends it.
    SlowDisk {
        /// Which host.
        host: HostId,
        /// By so many microseconds.
        extra_us: u64,
    },
    /// A host's wall clock is off by so many milliseconds.
    SkewClock {
        /// Which host.
        host: HostId,
        /// Ahead (positive) or behind (negative).
        skew_ms: i64,
    },
}
