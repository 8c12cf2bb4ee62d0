//! kafka-console-producer (Kafka's `ConsoleProducer`). Serves the shell; invariant: lines are read one by one as the real tool reads
//! them, so a bad line ends it after the lines before it were sent.

mod options;
mod reader;
mod state;

pub use options::TABLE;
pub use state::ConsoleProducer;
