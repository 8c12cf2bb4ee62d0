//! Segments on disk and what compaction left in them. Serves lessons; invariant: what counts is what lies on the leader's
//! disk now.

use super::{Verdict, counted, done_if, topics::no_topic};
use crate::Facts;
use ottla_lab::{LogRecord, RecordSeen};
use ottla_world::Time;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A predicate about segments.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SegmentPredicate {
    /// The log of a partition of the topic has at least so many segments.
    SegmentsOnDisk {
        /// The topic's name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// A file of one of the topic's segments was printed with kafka-dump-log.
    SegmentDumped {
        /// The topic's name.
        topic: String,
        /// Which file: `log`, `index` or `timeindex`.
        file: String,
    },
    /// Compaction took away so many records of the topic, and below its last segment each key stands once.
    Compacted {
        /// The topic's name.
        topic: String,
        /// How many records.
        at_least: u32,
    },
    /// A record without a value was written to the topic, and compaction has taken it away with all that its key had before.
    TombstoneVanished {
        /// The topic's name.
        topic: String,
    },
}

impl SegmentPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            SegmentPredicate::SegmentsOnDisk { topic, at_least } => {
                let logs = facts.leaders(topic).map(|r| facts.lab.leader_segments(topic, r.partition).len() as u64);
                let Some(most) = logs.max() else { return Verdict::Missing(no_topic(topic)) };
                let missing = || counted(most, *at_least, "segment", &format!("in the log of {topic}"));
                done_if(most >= u64::from(*at_least), missing)
            }
            SegmentPredicate::SegmentDumped { topic, file } => done_if(facts.segment_dumped(topic, file), || {
                format!("No .{file} file of {topic} was printed with kafka-dump-log yet.")
            }),
            SegmentPredicate::Compacted { topic, at_least } => facts.compacted(topic, *at_least),
            SegmentPredicate::TombstoneVanished { topic } => facts.tombstone_vanished(topic),
        }
    }
}

/// A partition's log as compaction sees it.
struct Log {
    start: i64,
    /// The first offset of the active segment, which is never compacted.
    active: i64,
    records: Vec<LogRecord>,
}

impl Log {
    fn holds(&self, offset: i64) -> bool {
        self.records.binary_search_by_key(&offset, |r| r.offset).is_ok()
    }

    /// Whether the record went, and not because the log begins after it.
    fn lacks(&self, record: &RecordSeen) -> bool {
        record.offset >= self.start && record.offset < self.active && !self.holds(record.offset)
    }

    /// A record below the active segment that is not the last of its key there.
    fn superseded(&self) -> Option<&LogRecord> {
        let mut later = BTreeSet::new();
        let below = self.records.iter().filter(|r| r.segment < self.active);
        let mut found = None;
        for record in below.rev() {
            if record.key.is_some() && !later.insert(&record.key) {
                found = Some(record);
            }
        }
        found
    }
}

impl<'a> Facts<'a> {
    /// When the topic was made, if that was seen; the newest one of that name.
    pub(super) fn created_at(&self, topic: &str) -> Time {
        let steps = self.activity.partition_steps().iter().filter(|s| s.topic == topic && s.before.is_none());
        // The commit is seen some milliseconds late; nothing is written that early.
        steps.filter(|s| s.partition == 0).map(|s| s.at).max().unwrap_or(Time::ZERO)
    }

    /// Records that producers were told are written, since the topic of that name was made.
    pub(super) fn written_since_created(&self, topic: &str) -> impl Iterator<Item = &'a RecordSeen> {
        let (topic, created) = (topic.to_owned(), self.created_at(topic));
        self.activity.story().written().iter().filter(move |r| r.topic == topic && r.at >= created)
    }

    fn segment_dumped(&self, topic: &str, file: &str) -> bool {
        let of_topic = |word: &str| {
            let Some((folder, name)) = word.rsplit_once('/') else { return false };
            let folder = folder.rsplit('/').next().unwrap_or(folder);
            let partition = folder.strip_prefix(topic).and_then(|rest| rest.strip_prefix('-'));
            let base = name.strip_suffix(file).and_then(|rest| rest.strip_suffix('.'));
            partition.is_some_and(|p| p.parse::<u32>().is_ok()) && base.is_some_and(|b| b.len() == 20)
        };
        self.activity.commands().iter().any(|command| {
            let mut words = command.line.split([' ', ',']);
            let tool = words.next().map(|w| w.rsplit('/').next().unwrap_or(w).trim_end_matches(".sh"));
            tool == Some("kafka-dump-log") && matches!(command.ended, Some((_, 0))) && words.any(of_topic)
        })
    }

    fn logs(&self, topic: &str) -> Vec<(i32, Log)> {
        let log = |partition: i32, start: i64| {
            let active = self.lab.leader_segments(topic, partition).last().map_or(0, |s| s.base_offset);
            (partition, Log { start, active, records: self.lab.leader_records(topic, partition) })
        };
        self.leaders(topic).map(|r| log(r.partition, r.log_start_offset)).collect()
    }

    fn compacted(&self, topic: &str, at_least: u32) -> Verdict {
        let logs = self.logs(topic);
        if logs.is_empty() {
            return Verdict::Missing(no_topic(topic));
        }
        let mut gone = 0;
        for (partition, log) in &logs {
            if let Some(record) = log.superseded() {
                let key = record.key.as_ref().map(|k| String::from_utf8_lossy(k).into_owned()).unwrap_or_default();
                let offset = record.offset;
                return Verdict::Missing(format!("{key} still stands at offset {offset} and again after it."));
            }
            let written = self.written_since_created(topic).filter(|r| r.partition == *partition);
            gone += written.filter(|r| log.lacks(r)).count() as u64;
        }
        done_if(gone >= u64::from(at_least), || counted(gone, at_least, "record", "taken away by compaction"))
    }

    fn tombstone_vanished(&self, topic: &str) -> Verdict {
        let logs = self.logs(topic);
        if logs.is_empty() {
            return Verdict::Missing(no_topic(topic));
        }
        let mut missing = format!("No record without a value was written to {topic} yet.");
        for tombstone in self.written_since_created(topic).filter(|r| r.is_tombstone) {
            let Some((_, log)) = logs.iter().find(|(partition, _)| *partition == tombstone.partition) else { continue };
            let key = tombstone.key.clone().unwrap_or_default();
            let earlier = |r: &&LogRecord| {
                let same = r.key.as_ref().is_some_and(|k| String::from_utf8_lossy(k) == key);
                same && r.offset < tombstone.offset
            };
            missing = match log.records.iter().find(earlier) {
                Some(r) => format!("{key} still stands at offset {}.", r.offset),
                None if log.lacks(tombstone) => return Verdict::Done,
                None if log.holds(tombstone.offset) => {
                    format!("The record that deletes {key} still stands at offset {}.", tombstone.offset)
                }
                None => format!("The log of {topic} begins at offset {}: not compaction moved it.", log.start),
            };
        }
        Verdict::Missing(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::table::{Row, check};

    #[test]
    fn segments_roll_and_can_be_printed() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --replica-assignment 1 --config segment.ms=5000",
            "[1] kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t",
            "[1] one",
            "@ sleep 6",
            "[1] two",
            "[1]^D",
            "[1] kafka-dump-log.sh --files ../node-1/t-0/00000000000000000001.log",
            "[1] kafka-dump-log.sh --files ../node-1/t-0/00000000000000000007.index",
        ];
        let row = |when, before, after| Row { when, before, after };
        check(
            &steps,
            &[
                row(r#"{ segments_on_disk = { topic = "t", at_least = 2 } }"#, "There is no topic t yet.", "done"),
                row(
                    r#"{ segments_on_disk = { topic = "t", at_least = 3 } }"#,
                    "There is no topic t yet.",
                    "2 of 3 segments in the log of t.",
                ),
                row(
                    r#"{ segment_dumped = { topic = "t", file = "log" } }"#,
                    "No .log file of t was printed with kafka-dump-log yet.",
                    "done",
                ),
                row(
                    r#"{ segment_dumped = { topic = "t", file = "index" } }"#,
                    "No .index file of t was printed with kafka-dump-log yet.",
                    "No .index file of t was printed with kafka-dump-log yet.",
                ),
                row(
                    r#"{ tombstone_vanished = { topic = "t" } }"#,
                    "There is no topic t yet.",
                    "No record without a value was written to t yet.",
                ),
                row(
                    r#"{ compacted = { topic = "t", at_least = 1 } }"#,
                    "There is no topic t yet.",
                    "0 of 1 record taken away by compaction.",
                ),
            ],
        );
    }

    #[test]
    fn a_key_may_stand_again_in_the_active_segment_only() {
        let record = |offset, segment, key: &'static str| LogRecord {
            offset,
            segment,
            key: Some(key.as_bytes().into()),
            is_tombstone: false,
        };
        let log = |records| Log { start: 0, active: 5, records };
        assert_eq!(log(vec![record(1, 0, "a"), record(2, 0, "b"), record(6, 5, "a")]).superseded(), None);
        let twice = log(vec![record(1, 0, "a"), record(2, 0, "a")]);
        assert_eq!(twice.superseded().map(|r| r.offset), Some(1));
    }
}
