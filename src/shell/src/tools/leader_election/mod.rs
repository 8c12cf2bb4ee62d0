//! kafka-leader-election (Kafka's `LeaderElectionCommand`). Serves the shell; invariant: partitions are named in the order of Java's
//! hash sets, and what failed makes the exit code 1.

mod options;
mod state;

pub use options::TABLE;
pub use state::LeaderElection;
