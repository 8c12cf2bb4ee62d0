//! kafka-get-offsets (Kafka's `GetOffsetShell`). Serves the shell; invariant: a partition without an answer has no row, and never stops
//! the others.

mod filter;
mod options;
mod state;

pub use options::TABLE;
pub use state::GetOffsets;
