//! kafka-consumer-groups (Kafka's `ConsumerGroupCommand`). Serves the shell; invariant: what a group refuses is told on standard output
//! with exit code 0, and only wrong arguments end with 1.

mod datetime;
mod delete;
mod describe;
mod failure;
mod list;
mod options;
mod plan;
mod regex_check;
mod reset;
mod state;
mod table;

pub use options::TABLE;
pub use state::ConsumerGroups;
