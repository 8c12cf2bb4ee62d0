//! Producer, consumer and admin client as state machines, embedded in the processes of tools.
//!
//! Serves the shell's tools. Each client is fed with the process's inputs (`handle`), works when asked (`poll`), names
//! the moment it wants to be asked again (`next_wakeup`) and speaks only Kafka's protocol. Invariants: what a client
//! does depends only on its settings, its inputs and the process's random stream; failures carry the Java exception's
//! class and message, log lines the Java client's wording.

mod admin;
mod consumer;
mod error;
mod log;
mod network;
mod node;
mod partition;
mod producer;
mod settings;
#[cfg(test)]
mod testing;

pub use admin::*;
pub use consumer::{Consumer, ConsumerEvent, ConsumerRecord, OffsetAndMetadata, RecordTimestampType};
pub use error::JavaError;
pub use log::{Level, LogLine};
pub use node::Node;
pub use partition::TopicPartition;
pub use producer::{Producer, ProducerEvent, ProducerRecord, SendId};
