//! Where logs begin, and what moved their beginning. Serves lessons; invariant: a log is what its leader's broker holds now,
//! a cause is what a client was answered or a broker has noted.

use super::{Verdict, done_if, topics::no_topic};
use crate::Facts;
use ottla_lab::{RetiredBy, protocol::ReplicaStrip};
use serde::Deserialize;

/// A predicate about logs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LogPredicate {
    /// The log of a partition of the topic begins at this offset or later, whatever moved it.
    LogStartsAt {
        /// The topic's name.
        topic: String,
        /// The offset.
        at_least: u32,
    },
    /// A client had records deleted from the beginning (DeleteRecords); the log begins there, at this offset or later, and
    /// still holds records at the offsets they were given.
    BeginningDeleted {
        /// The topic's name.
        topic: String,
        /// The offset.
        at_least: u32,
    },
    /// Retention let segments go, and the log of a partition begins after them, further than any client had deleted.
    StartMovedByRetention {
        /// The topic's name.
        topic: String,
        /// `time` (`retention.ms`) or `size` (`retention.bytes`).
        by: Retention,
    },
}

/// What retention goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retention {
    /// Age.
    Time,
    /// Bytes.
    Size,
}

impl LogPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            LogPredicate::LogStartsAt { topic, at_least } => {
                let Some(start) = facts.leaders(topic).map(|r| r.log_start_offset).max() else {
                    return Verdict::Missing(no_topic(topic));
                };
                done_if(start >= i64::from(*at_least), || format!("The log of {topic} still begins at offset {start}."))
            }
            LogPredicate::BeginningDeleted { topic, at_least } => facts.beginning_deleted(topic, i64::from(*at_least)),
            LogPredicate::StartMovedByRetention { topic, by } => facts.start_moved_by_retention(topic, *by),
        }
    }
}

impl Facts<'_> {
    /// The leaders' replicas of a topic.
    pub(super) fn leaders<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a ReplicaStrip> {
        let replicas = self.view.brokers.iter().flat_map(|b| &b.replicas);
        replicas.filter(move |r| r.topic == topic && r.is_leader)
    }

    /// How far clients had a partition deleted since the topic was made.
    fn deleted_up_to(&self, topic: &str, partition: i32) -> i64 {
        let deletions =
            self.activity.story().deletions().iter().filter(|d| d.topic == topic && d.partition == partition);
        deletions.filter(|d| d.at >= self.created_at(topic)).map(|d| d.low_watermark).max().unwrap_or(0)
    }

    fn beginning_deleted(&self, topic: &str, at_least: i64) -> Verdict {
        let mut missing = no_topic(topic);
        for log in self.leaders(topic) {
            let (start, end) = (log.log_start_offset, log.log_end_offset);
            missing = match self.deleted_up_to(topic, log.partition) {
                told if told >= at_least && start >= at_least && end > start => return Verdict::Done,
                told if told >= at_least && start >= at_least => {
                    format!("The log of {topic} begins at offset {start} and is empty: too much was deleted.")
                }
                0 => format!("The log of {topic} begins at offset {start}: nobody has deleted its beginning."),
                _ => format!("The log of {topic} begins at offset {start}, not yet at {at_least}."),
            };
        }
        Verdict::Missing(missing)
    }

    fn start_moved_by_retention(&self, topic: &str, by: Retention) -> Verdict {
        let by = match by {
            Retention::Time => RetiredBy::Time,
            Retention::Size => RetiredBy::Size,
        };
        let mut missing = no_topic(topic);
        for log in self.leaders(topic) {
            let (name, start) = (format!("{topic}-{}", log.partition), log.log_start_offset);
            let retired = self.activity.story().retired().iter().filter(|r| r.partition == name);
            let mut retired = retired.filter(|r| r.at >= self.created_at(topic) && r.base_offset < start);
            let deleted = self.deleted_up_to(topic, log.partition);
            if start > deleted && retired.any(|r| r.by == by) {
                return Verdict::Done;
            }
            missing = match () {
                () if start > 0 && start <= deleted => {
                    format!("The log of {topic} begins at offset {start} because a client had its beginning deleted.")
                }
                () if start > 0 => format!("The log of {topic} begins at offset {start}, moved by another rule."),
                () => self.oldest(topic, log.partition),
            };
        }
        Verdict::Missing(missing)
    }

    fn oldest(&self, topic: &str, partition: i32) -> String {
        let written = self.written_since_created(topic).filter(|r| r.partition == partition);
        match written.map(|r| r.timestamp_ms).min() {
            None => format!("The log of {topic} is still empty."),
            Some(first) => {
                let age = age(self.view.wall_ms.saturating_sub(first));
                format!("The log of {topic} still begins at offset 0; its first record is {age} old.")
            }
        }
    }
}

/// A duration in words, in its largest whole unit.
fn age(ms: i64) -> String {
    let units = [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second")];
    let (size, unit) = units.into_iter().find(|(size, _)| ms >= *size).unwrap_or((1000, "second"));
    let count = ms.max(0) / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::age;
    use crate::predicate::table::{Row, check};

    const PRODUCE: &str = "[1] kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t";

    #[test]
    fn beginnings_deleted() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t",
            PRODUCE,
            "[1] one",
            "[1] two",
            "[1]^D",
            "[1] echo '{\"version\":1,\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"offset\":1}]}' > delete.json",
            "[1] kafka-delete-records.sh --bootstrap-server localhost:9092 --offset-json-file delete.json",
        ];
        let row = |when, after| Row { when, before: "There is no topic t yet.", after };
        check(
            &steps,
            &[
                row(r#"{ log_starts_at = { topic = "t", at_least = 1 } }"#, "done"),
                row(r#"{ log_starts_at = { topic = "t", at_least = 2 } }"#, "The log of t still begins at offset 1."),
                row(r#"{ beginning_deleted = { topic = "t", at_least = 1 } }"#, "done"),
                row(
                    r#"{ beginning_deleted = { topic = "t", at_least = 2 } }"#,
                    "The log of t begins at offset 1, not yet at 2.",
                ),
                row(
                    r#"{ start_moved_by_retention = { topic = "t", by = "time" } }"#,
                    "The log of t begins at offset 1 because a client had its beginning deleted.",
                ),
            ],
        );
    }

    #[test]
    fn beginnings_that_got_old() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --config retention.ms=60000",
            PRODUCE,
            "[1] one",
            "@ sleep 700",
        ];
        let row = |when, after| Row { when, before: "There is no topic t yet.", after };
        check(
            &steps,
            &[
                row(r#"{ start_moved_by_retention = { topic = "t", by = "time" } }"#, "done"),
                row(
                    r#"{ start_moved_by_retention = { topic = "t", by = "size" } }"#,
                    "The log of t begins at offset 1, moved by another rule.",
                ),
                row(
                    r#"{ beginning_deleted = { topic = "t", at_least = 1 } }"#,
                    "The log of t begins at offset 1: nobody has deleted its beginning.",
                ),
            ],
        );
    }

    #[test]
    fn ages() {
        let cases = [(0, "0 seconds"), (1999, "1 second"), (7_200_000, "2 hours"), (7 * 86_400_000, "7 days")];
        for (ms, words) in cases {
            assert_eq!(age(ms), words);
        }
    }
}
