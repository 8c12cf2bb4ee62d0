//! kafka-topics (Kafka's `TopicCommand`). Serves the shell; invariant: values are read when the real tool reads them, so that an error
//! comes at the same moment, before or after the connection.

mod describe;
pub mod include;
mod options;
mod state;

pub use options::TABLE;
pub use state::Topics;
