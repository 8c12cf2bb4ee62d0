//! One running world for a learner: a cluster, terminals, faults, a journal, and views of all of it.
//!
//! Serves the hosts (page worker, native binary, tests) and the lessons. Invariant: the cluster changes only by
//! [`LabInput`]s, which a person could type or cause and which stand in the journal; views only read.

mod activity;
mod cluster;
mod config;
mod faults;
mod lab;
mod ledger;
pub mod load;
pub mod protocol;
mod replay;
mod views;

pub use activity::{
    Acknowledged, Activity, Command, Creation, Dealings, Deletion, NodeFault, PartitionAt, PartitionStep, ReadRecord,
    RecordSeen, Refusal, Remembered, Retired, RetiredBy, Story, TimeAsked, Truncation, Waited,
};
pub use cluster::{Cluster, NodeKind};
pub use config::{LabConfig, LabError};
pub use faults::{FaultOrder, Whom};
pub use lab::{DiskFiles, Lab, Spawned};
pub use ledger::Ledger;
pub use replay::{ENGINE_VERSION, LabJournal};
pub use views::{LogRecord, LogSegment};
