//! The virtual world: one clock, one queue of events, hosts with disks, links with latency, connections that carry
//! frames, terminals and pipes, and processes as pure state machines.
//!
//! Serves every other crate of the engine. Invariant: a world is a value. Same seed and same inputs give the same run,
//! natively and in wasm; cloning a world is a checkpoint. It knows nothing of Kafka.

mod context;
mod digest;
mod disk;
mod fault;
mod ids;
mod journal;
mod link;
pub mod mutation;
mod process;
mod rng;
mod stdio;
mod time;
mod trace;
mod world;

pub use context::{Context, Output, SpawnSpec};
pub use digest::Digest;
pub use disk::{Disk, DiskChange, DiskError, EXTENT_BYTES};
pub use fault::Fault;
pub use ids::{CaptureId, ConnectionId, FlushId, HostId, Ids, Pid, PipeId, TerminalId};
pub use journal::{Journal, JournalEntry, JournalError, JournalHeader};
pub use link::Link;
pub use process::{ConnectError, ExitStatus, Input, Process, ProcessInfo, ProcessState, Signal};
pub use rng::Rng;
pub use stdio::{Fd, Sink, Source, Stdio};
pub use time::Time;
pub use trace::TraceEvent;
pub use world::{OtherDisks, Terminal, World, WorldConfig};
