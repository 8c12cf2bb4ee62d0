//! Programs that load a cluster with plain Kafka clients and remember what those told them. Serves the simulator and its
//! journals; invariant: they use the clients as any tool does, and know nothing else of the cluster.

mod consumer;
mod producer;

pub use consumer::{LoadConsumer, Received};
pub use producer::{Acked, LoadProducer};

use ottla_client::JavaError;
use ottla_world::{Process, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A program to start. Stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// Writes records whose values are `name:0`, `name:1`, … at an even pace until a moment, then waits for its answers.
    Produce {
        /// Its name, which is also its `client.id`.
        name: String,
        /// Settings of the producer.
        settings: BTreeMap<String, String>,
        /// Where to.
        topic: String,
        /// How many different keys; 0 for records without a key.
        keys: u64,
        /// Time between two records, in microseconds.
        interval_us: u64,
        /// Virtual time at which it sends no more, in microseconds.
        until_us: u64,
    },
    /// Reads a topic from its beginning: all of it, or with `group.id` as a member of the group.
    Consume {
        /// Its name, which is also its `client.id`.
        name: String,
        /// Settings of the consumer.
        settings: BTreeMap<String, String>,
        /// What to read.
        topic: String,
        /// How many partitions to read without a group.
        partitions: i32,
    },
}

impl Load {
    /// The program's name.
    pub fn name(&self) -> &str {
        match self {
            Load::Produce { name, .. } | Load::Consume { name, .. } => name,
        }
    }

    /// The program.
    ///
    /// # Errors
    /// Settings that the client refuses.
    pub fn process(&self) -> Result<Box<dyn Process>, JavaError> {
        match self {
            Load::Produce { name, settings, topic, keys, interval_us, until_us } => {
                let pace = producer::Pace { interval_us: (*interval_us).max(1), until: Time::from_micros(*until_us) };
                Ok(Box::new(LoadProducer::new(name, settings, topic, *keys, pace)?))
            }
            Load::Consume { name, settings, topic, partitions } => {
                Ok(Box::new(LoadConsumer::new(name, settings, topic, *partitions)?))
            }
        }
    }
}

/// Settings with the name as `client.id`.
fn named(settings: &BTreeMap<String, String>, name: &str) -> BTreeMap<String, String> {
    let mut all = settings.clone();
    all.insert("client.id".to_owned(), name.to_owned());
    all
}
