//! One running world for a learner: a cluster, terminals, faults, a journal, and views of all of it.
//!
//! Serves the hosts (page worker, native binary, tests) and the lessons. Invariant: the cluster changes only by
//! [`protocol::LabInput`]s, which a person could type or cause and which stand in the journal; views only read.

mod config;
pub mod protocol;

pub use config::{LabConfig, LabError};
