//! What was written and read. Serves lessons; invariant: written is what a producer was told on the wire, read is what a
//! consumer was handed.

use super::{Verdict, counted, done_if, topics::no_topic};
use crate::Facts;
use ottla_world::Time;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A predicate about records.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RecordPredicate {
    /// So many records of the topic were acknowledged to producers.
    RecordsWritten {
        /// Its name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// So many records with this key were acknowledged to producers, in small batches.
    KeyWritten {
        /// The topic's name.
        topic: String,
        /// The key.
        key: String,
        /// How many.
        at_least: u32,
    },
    /// One consumer was handed so many records of the topic.
    RecordsRead {
        /// Its name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// Every partition of the topic has a record, and there are at least so many partitions.
    RecordsOnEveryPartition {
        /// Its name.
        topic: String,
        /// How many partitions at least.
        partitions: u32,
    },
    /// At least so many records of the topic were acknowledged, and none of them is lost.
    NothingLost {
        /// The topic's name.
        topic: String,
        /// How many.
        at_least: u32,
    },
}

impl RecordPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            RecordPredicate::RecordsWritten { topic, at_least } => {
                let written = facts.written(topic, Time::ZERO);
                done_if(written >= u64::from(*at_least), || counted(written, *at_least, "record", "acknowledged"))
            }
            RecordPredicate::KeyWritten { topic, key, at_least } => {
                let written = facts.written_since_created(topic).filter(|r| r.key.as_ref() == Some(key)).count() as u64;
                let missing = || counted(written, *at_least, "record", &format!("with the key {key} acknowledged"));
                done_if(written >= u64::from(*at_least), missing)
            }
            RecordPredicate::RecordsRead { topic, at_least } => {
                let read = facts.most_read(topic);
                let missing = || counted(read, *at_least, "record", "read by one consumer");
                done_if(read >= u64::from(*at_least), missing)
            }
            RecordPredicate::RecordsOnEveryPartition { topic, partitions } => {
                facts.on_every_partition(topic, *partitions)
            }
            RecordPredicate::NothingLost { topic, at_least } => facts.nothing_lost(topic, *at_least),
        }
    }
}

impl Facts<'_> {
    /// Records of the topic acknowledged from `after` on.
    pub(super) fn written(&self, topic: &str, after: Time) -> u64 {
        let batches = self.activity.acknowledged().iter().filter(|((t, _), _)| t == topic).flat_map(|(_, all)| all);
        batches.filter(|b| b.at >= after).map(|b| u64::from(b.records)).sum()
    }

    fn most_read(&self, topic: &str) -> u64 {
        let mut by_consumer: BTreeMap<u32, u64> = BTreeMap::new();
        for read in self.activity.reads().iter().filter(|r| r.topic == topic) {
            *by_consumer.entry(read.pid.0).or_default() += 1;
        }
        by_consumer.into_values().max().unwrap_or(0)
    }

    fn on_every_partition(&self, topic: &str, partitions: u32) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(no_topic(topic)) };
        if (row.partitions.len() as u64) < u64::from(partitions) {
            return Verdict::Missing(format!("{topic} has {} partitions of {partitions}.", row.partitions.len()));
        }
        let has_record = |partition: i32| {
            let replicas = self.view.brokers.iter().flat_map(|b| &b.replicas);
            replicas
                .filter(|r| r.topic == topic && r.partition == partition)
                .any(|r| r.high_watermark > r.log_start_offset)
        };
        let empty: Vec<String> =
            row.partitions.iter().map(|p| p.partition).filter(|p| !has_record(*p)).map(|p| p.to_string()).collect();
        done_if(empty.is_empty(), || format!("No record yet on partition {}.", empty.join(", ")))
    }

    fn nothing_lost(&self, topic: &str, at_least: u32) -> Verdict {
        let written = self.written(topic, Time::ZERO);
        let lost = self.ledger.lost_in(topic);
        if lost > 0 {
            return Verdict::Missing(format!("{lost} acknowledged records of {topic} are gone."));
        }
        done_if(written >= u64::from(at_least), || counted(written, at_least, "record", "acknowledged"))
    }
}

#[cfg(test)]
mod tests {
    use crate::predicate::table::{Row, check};

    #[test]
    fn table() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --partitions 2",
            "[1] kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t",
            "[1] one",
            "[1] two",
            "[2] kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic t --from-beginning",
        ];
        let row = |when, before, after| Row { when, before, after };
        check(
            &steps,
            &[
                row(r#"{ records_written = { topic = "t", at_least = 2 } }"#, "0 of 2 records acknowledged.", "done"),
                row(
                    r#"{ records_read = { topic = "t", at_least = 2 } }"#,
                    "0 of 2 records read by one consumer.",
                    "done",
                ),
                row(
                    r#"{ records_read = { topic = "t", at_least = 3 } }"#,
                    "0 of 3 records read by one consumer.",
                    "2 of 3 records read by one consumer.",
                ),
                row(
                    r#"{ records_on_every_partition = { topic = "t", partitions = 3 } }"#,
                    "There is no topic t yet.",
                    "t has 2 partitions of 3.",
                ),
                row(r#"{ nothing_lost = { topic = "t", at_least = 2 } }"#, "0 of 2 records acknowledged.", "done"),
            ],
        );
    }
}
