//! kafka-reassign-partitions (Kafka's `ReassignPartitionsCommand`). Serves the shell; invariant: a plan is checked as a whole before
//! anything of it is carried out.

mod options;
mod plan;
mod propose;
mod state;
mod throttle;

pub use options::TABLE;
pub use state::Reassign;
