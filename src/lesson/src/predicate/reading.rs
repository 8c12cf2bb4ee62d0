//! From where consumers read, and in which order. Serves lessons; invariant: what counts is what a consumer asked for and
//! was handed, by any tool.

use super::{Verdict, counted, done_if};
use crate::Facts;
use ottla_lab::RecordSeen;
use ottla_world::Pid;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A predicate about reading.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ReadingPredicate {
    /// A consumer began to read the partition at exactly this offset and was handed the record that lies there.
    ReadFromOffset {
        /// The topic's name.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset.
        offset: u32,
    },
    /// Records with this offset were handed to consumers from so many partitions of the topic.
    SameOffsetRead {
        /// The topic's name.
        topic: String,
        /// The offset.
        offset: u32,
        /// How many partitions.
        partitions: u32,
    },
    /// A consumer was handed records of several partitions in another order than that of their timestamps.
    ReadInAnotherOrder {
        /// The topic's name.
        topic: String,
    },
    /// A consumer that read several partitions was handed so many records of one key, in the order of their timestamps.
    KeyReadInOrder {
        /// The topic's name.
        topic: String,
        /// How many records of that key.
        at_least: u32,
    },
    /// A broker was asked which offset belongs to a time, and the answer is an offset after the log's first.
    OffsetForTimeFound {
        /// The topic's name.
        topic: String,
    },
    /// A consumer began to read at an offset that was found so.
    ReadFromTime {
        /// The topic's name.
        topic: String,
    },
    /// A consumer was handed a record whose timestamp the broker set (`LogAppendTime`).
    AppendTimeRead {
        /// The topic's name.
        topic: String,
        /// How far, at least, that is from the producer's own time, in milliseconds.
        #[serde(default)]
        off_by_ms: u32,
    },
    /// The log of a partition begins later than at offset 0, and a consumer began to read right there.
    ReadFromMovedStart {
        /// The topic's name.
        topic: String,
    },
    /// A consumer began to read where a segment begins that is not the log's first.
    ReadFromSegment {
        /// The topic's name.
        topic: String,
    },
}

impl ReadingPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            ReadingPredicate::ReadFromOffset { topic, partition, offset } => {
                facts.read_from(topic, |p, o| p == *partition && o == i64::from(*offset))
            }
            ReadingPredicate::SameOffsetRead { topic, offset, partitions } => {
                let seen = facts.handed(topic).filter(|r| r.offset == i64::from(*offset));
                let from: BTreeSet<i32> = seen.map(|r| r.partition).collect();
                let what = format!("read from with a record at offset {offset}");
                done_if(from.len() as u64 >= u64::from(*partitions), || {
                    counted(from.len() as u64, *partitions, "partition", &what)
                })
            }
            ReadingPredicate::ReadInAnotherOrder { topic } => facts.read_in_another_order(topic),
            ReadingPredicate::KeyReadInOrder { topic, at_least } => facts.key_read_in_order(topic, *at_least),
            ReadingPredicate::OffsetForTimeFound { topic } => facts.offset_for_time(topic),
            ReadingPredicate::ReadFromTime { topic } => match facts.offset_for_time(topic) {
                Verdict::Done => facts.read_from(topic, |p, o| facts.found_by_time(topic).any(|found| found == (p, o))),
                missing => missing,
            },
            ReadingPredicate::AppendTimeRead { topic, off_by_ms } => {
                facts.append_time_read(topic, i64::from(*off_by_ms))
            }
            ReadingPredicate::ReadFromMovedStart { topic } => {
                let start = |p| facts.leaders(topic).find(|r| r.partition == p).map_or(0, |r| r.log_start_offset);
                facts.read_from(topic, |p, o| o > 0 && o == start(p))
            }
            ReadingPredicate::ReadFromSegment { topic } => facts.read_from(topic, |p, o| {
                facts.lab.leader_segments(topic, p).iter().skip(1).any(|segment| segment.base_offset == o)
            }),
        }
    }
}

impl<'a> Facts<'a> {
    /// The records of a topic that were handed to consumers, in order.
    pub(super) fn handed(&self, topic: &str) -> impl Iterator<Item = &'a RecordSeen> {
        let topic = topic.to_owned();
        self.activity.story().handed().iter().filter(move |r| r.topic == topic)
    }

    /// Whether a consumer began to read at such a partition and offset, and was handed the record that lies there.
    fn read_from(&self, topic: &str, meant: impl Fn(i32, i64) -> bool) -> Verdict {
        let began = self.activity.story().began().iter().filter(|((_, t, _), _)| t == topic);
        let mut last = None;
        for ((pid, _, partition), offset) in began {
            let handed = |r: &RecordSeen| r.pid == *pid && r.partition == *partition && r.offset == *offset;
            if meant(*partition, *offset) && self.handed(topic).any(handed) {
                return Verdict::Done;
            }
            last = last.max(Some((*pid, *partition, *offset)));
        }
        Verdict::Missing(match last {
            None => format!("No consumer has read {topic} yet."),
            Some((_, partition, offset)) => {
                format!("The last consumer began to read partition {partition} of {topic} at offset {offset}.")
            }
        })
    }

    fn append_time_read(&self, topic: &str, off_by_ms: i64) -> Verdict {
        let stamped: Vec<&RecordSeen> = self.handed(topic).filter(|r| r.append_time).collect();
        let own_time = |r: &RecordSeen| {
            let mut written = self.written_since_created(topic);
            written.find(|w| w.partition == r.partition && w.offset == r.offset).map(|w| w.timestamp_ms)
        };
        let off = |r: &&RecordSeen| own_time(r).map_or(0, |own| (r.timestamp_ms - own).abs());
        let most = stamped.iter().map(off).max();
        done_if(most.is_some_and(|most| most >= off_by_ms), || match most {
            _ if self.handed(topic).next().is_none() => format!("No consumer has read {topic} yet."),
            None => format!("All records read of {topic} bear the time of their producer (CreateTime)."),
            Some(most) => format!("The broker's time of the records read is at most {most} ms from the producer's."),
        })
    }

    fn by_consumer(&self, topic: &str) -> BTreeMap<Pid, Vec<&'a RecordSeen>> {
        let mut all: BTreeMap<Pid, Vec<&RecordSeen>> = BTreeMap::new();
        for record in self.handed(topic) {
            all.entry(record.pid).or_default().push(record);
        }
        all.retain(|_, records| records.iter().any(|r| r.partition != records[0].partition));
        all
    }

    fn read_in_another_order(&self, topic: &str) -> Verdict {
        let consumers = self.by_consumer(topic);
        let disorder = |records: &Vec<&RecordSeen>| {
            let mut newest = i64::MIN;
            records.iter().any(|r| {
                let earlier = r.timestamp_ms < newest;
                newest = newest.max(r.timestamp_ms);
                earlier
            })
        };
        done_if(consumers.values().any(disorder), || match consumers.is_empty() {
            true => format!("No consumer has read records of two partitions of {topic} yet."),
            false => format!("What was read of {topic} came in the order of writing so far."),
        })
    }

    fn key_read_in_order(&self, topic: &str, at_least: u32) -> Verdict {
        let consumers = self.by_consumer(topic);
        let mut most = 0;
        for records in consumers.values() {
            let mut of_key: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
            for record in records {
                let Some(key) = &record.key else { continue };
                let (count, newest) = of_key.entry(key).or_insert((0, i64::MIN));
                *count = if record.timestamp_ms >= *newest { *count + 1 } else { 0 };
                *newest = record.timestamp_ms;
            }
            most = most.max(of_key.values().map(|(count, _)| *count).max().unwrap_or(0));
        }
        done_if(most >= u64::from(at_least), || match consumers.is_empty() {
            true => format!("No consumer has read records of two partitions of {topic} yet."),
            false => counted(most, at_least, "record", "of one key read in order"),
        })
    }

    /// Partitions and offsets that were found by a time.
    fn found_by_time(&self, topic: &str) -> impl Iterator<Item = (i32, i64)> {
        let asked = self.activity.story().times().iter().filter(move |t| t.topic == topic);
        let start =
            |partition| self.leaders(topic).find(|r| r.partition == partition).map_or(0, |r| r.log_start_offset);
        asked.filter_map(|t| Some((t.partition, t.offset?))).filter(move |(p, offset)| *offset > start(*p))
    }

    fn offset_for_time(&self, topic: &str) -> Verdict {
        let asked = || self.activity.story().times().iter().filter(|t| t.topic == topic);
        // The time asked for last; of its answers, one that names an offset.
        let last = asked().map(|t| t.timestamp_ms).next_back();
        let last = asked().filter(|t| Some(t.timestamp_ms) == last).max_by_key(|t| t.offset);
        done_if(self.found_by_time(topic).next().is_some(), || match last {
            None => format!("No broker was asked which offset of {topic} belongs to a time."),
            Some(asked) if asked.offset.is_none() => {
                format!("The time asked for ({}) lies after the last record of {topic}.", asked.timestamp_ms)
            }
            Some(asked) => {
                format!("The time asked for ({}) lies before the first record of {topic}.", asked.timestamp_ms)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::predicate::table::{Row, check};

    const CREATE: &str = "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --partitions 3";
    const PRODUCE: &str = "[1] kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t --reader-property parse.key=true --reader-property key.separator=:";

    fn row(when: &'static str, before: &'static str, after: &'static str) -> Row {
        Row { when, before, after }
    }

    #[test]
    fn order_over_partitions() {
        let read = "[2] kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic t --from-beginning";
        check(
            &[CREATE, PRODUCE, "[1] alice:1", "[1] carol:1", "[1] alice:2", "[1] carol:2", read],
            &[
                row(
                    r#"{ read_in_another_order = { topic = "t" } }"#,
                    "No consumer has read records of two partitions of t yet.",
                    "done",
                ),
                row(
                    r#"{ key_read_in_order = { topic = "t", at_least = 2 } }"#,
                    "No consumer has read records of two partitions of t yet.",
                    "done",
                ),
                row(
                    r#"{ key_read_in_order = { topic = "t", at_least = 3 } }"#,
                    "No consumer has read records of two partitions of t yet.",
                    "2 of 3 records of one key read in order.",
                ),
                row(
                    r#"{ same_offset_read = { topic = "t", offset = 1, partitions = 2 } }"#,
                    "0 of 2 partitions read from with a record at offset 1.",
                    "done",
                ),
            ],
        );
    }

    #[test]
    fn offsets_and_times() {
        let read = "[2] kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic t --partition 0 --offset 1";
        // The lab's year begins at 1767225600000.
        let ask = "[1] kafka-get-offsets.sh --bootstrap-server localhost:9092 --topic t --time 1767225600000";
        check(
            &[CREATE, PRODUCE, "[1] alice:1", "[1] alice:2", "[1]^D", read, ask],
            &[
                row(
                    r#"{ read_from_offset = { topic = "t", partition = 0, offset = 1 } }"#,
                    "No consumer has read t yet.",
                    "done",
                ),
                row(
                    r#"{ read_from_offset = { topic = "t", partition = 0, offset = 0 } }"#,
                    "No consumer has read t yet.",
                    "The last consumer began to read partition 0 of t at offset 1.",
                ),
                row(
                    r#"{ offset_for_time_found = { topic = "t" } }"#,
                    "No broker was asked which offset of t belongs to a time.",
                    "The time asked for (1767225600000) lies before the first record of t.",
                ),
                row(
                    r#"{ append_time_read = { topic = "t" } }"#,
                    "No consumer has read t yet.",
                    "All records read of t bear the time of their producer (CreateTime).",
                ),
                row(
                    r#"{ read_from_segment = { topic = "t" } }"#,
                    "No consumer has read t yet.",
                    "The last consumer began to read partition 0 of t at offset 1.",
                ),
            ],
        );
    }

    #[test]
    fn times_of_brokers() {
        let create = "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --config message.timestamp.type=LogAppendTime";
        let ask = "[1] kafka-get-offsets.sh --bootstrap-server localhost:9092 --topic t --time $T";
        let read = "[1] kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic t --partition 0 --offset 1";
        check(
            &[
                create,
                PRODUCE,
                "[1] alice:1",
                "[1]^D",
                "[1] T=$(date +%s%3N)",
                "@ clock leader t 0 +1h",
                PRODUCE,
                "[1] alice:2",
                "[1]^D",
                ask,
                read,
            ],
            &[
                row(r#"{ append_time_read = { topic = "t" } }"#, "No consumer has read t yet.", "done"),
                row(
                    r#"{ append_time_read = { topic = "t", off_by_ms = 3000000 } }"#,
                    "No consumer has read t yet.",
                    "done",
                ),
                row(
                    r#"{ read_from_moved_start = { topic = "t" } }"#,
                    "No consumer has read t yet.",
                    "The last consumer began to read partition 0 of t at offset 1.",
                ),
                row(
                    r#"{ read_from_time = { topic = "t" } }"#,
                    "No broker was asked which offset of t belongs to a time.",
                    "done",
                ),
            ],
        );
    }
}
