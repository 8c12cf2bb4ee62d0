//! kafka-console-consumer (Kafka's `ConsoleConsumer`). Serves the shell; invariant: the positions it leaves behind are those of what it
//! printed, not of what it fetched.

mod deserializer;
mod formatter;
mod options;
mod state;

pub use options::TABLE;
pub use state::ConsoleConsumer;
