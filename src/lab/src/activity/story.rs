//! What became of single records: written, handed to consumers, asked for by time, deleted. Serves lessons; invariant: read
//! off the clients' own frames (and, for segments that went, the brokers' notes), and bounded.

use super::remembered::Remembered;
use ottla_records::{Batch, Limits, Record, TimestampType};
use ottla_world::{Pid, Time};
use std::collections::BTreeMap;

/// A record, as it was written or handed to a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSeen {
    /// When its producer or consumer had the answer.
    pub at: Time,
    /// The producer or consumer.
    pub pid: Pid,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key as text, cut to 40 characters.
    pub key: Option<String>,
    /// It has no value: in a compacted topic it deletes its key.
    pub is_tombstone: bool,
    /// Its timestamp, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Whether the broker set the timestamp (`LogAppendTime`).
    pub append_time: bool,
}

/// A client asked which offset belongs to a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeAsked {
    /// When it was answered.
    pub at: Time,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The time, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The offset of the first record at or after it; `None` if there is none.
    pub offset: Option<i64>,
}

/// A client had the beginning of a log deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When it was answered.
    pub at: Time,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The log begins here now.
    pub low_watermark: i64,
}

/// Why a segment went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetiredBy {
    /// `retention.ms`.
    Time,
    /// `retention.bytes`.
    Size,
    /// It lay before the log start offset.
    LogStart,
}

/// A segment that a broker let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// When.
    pub at: Time,
    /// The partition, as `payments-0`.
    pub partition: String,
    /// The segment's first offset.
    pub base_offset: i64,
    /// Why.
    pub by: RetiredBy,
}

/// So many records, and of the rest each, are remembered.
const REMEMBERED: usize = 20_000;
/// Consumers and partitions of which the first offset is remembered.
const BEGINNINGS: usize = 2000;
/// Records of larger batches are not looked at when they are written, in bytes: people write small ones.
const SMALL_BATCH_BYTES: u64 = 16_384;
/// Characters kept of a key.
const TEXT: usize = 40;

/// Everything of that kind.
#[derive(Clone, Debug)]
pub struct Story {
    written: Remembered<RecordSeen>,
    handed: Remembered<RecordSeen>,
    began: BTreeMap<(Pid, String, i32), i64>,
    times: Remembered<TimeAsked>,
    deletions: Remembered<Deletion>,
    retired: Remembered<Retired>,
}

impl Default for Story {
    fn default() -> Self {
        Story {
            written: Remembered::up_to(REMEMBERED),
            handed: Remembered::up_to(REMEMBERED),
            began: BTreeMap::new(),
            times: Remembered::up_to(REMEMBERED),
            deletions: Remembered::up_to(REMEMBERED),
            retired: Remembered::up_to(REMEMBERED),
        }
    }
}

impl Story {
    /// Records of small batches that producers were told are written, in order of the answers.
    pub fn written(&self) -> &Remembered<RecordSeen> {
        &self.written
    }

    /// Records handed to consumers, each once for each consumer, in order.
    pub fn handed(&self) -> &Remembered<RecordSeen> {
        &self.handed
    }

    /// The offset that each consumer asked for first, of each partition it was handed records of.
    pub fn began(&self) -> &BTreeMap<(Pid, String, i32), i64> {
        &self.began
    }

    /// Offsets that were asked for by time, in order.
    pub fn times(&self) -> &Remembered<TimeAsked> {
        &self.times
    }

    /// Beginnings of logs that clients had deleted, in order.
    pub fn deletions(&self) -> &Remembered<Deletion> {
        &self.deletions
    }

    /// Segments that brokers let go; each replica does it for itself.
    pub fn retired(&self) -> &Remembered<Retired> {
        &self.retired
    }

    pub(super) fn wrote(&mut self, (at, pid): (Time, Pid), (topic, partition): (&str, i32), base: i64, batch: &Batch) {
        if self.written.is_full() || batch.header.size_in_bytes() > SMALL_BATCH_BYTES {
            return;
        }
        let Ok(records) = batch.records(&Limits::default()) else { return };
        let seen = records.iter().map(|record| {
            let mut seen = seen((at, pid), (topic, partition), batch, record);
            // A producer counts from 0; the broker moved the batch to its place.
            seen.offset = base + (record.offset - batch.header.base_offset);
            seen
        });
        seen.for_each(|seen| self.written.push(seen));
    }

    pub(super) fn was_handed(&mut self, who: (Time, Pid), place: &(String, i32), batch: &Batch, record: &Record) {
        if !self.handed.is_full() {
            self.handed.push(seen(who, (&place.0, place.1), batch, record));
        }
    }

    pub(super) fn begin(&mut self, pid: Pid, place: &(String, i32), offset: i64) {
        if self.began.len() < BEGINNINGS {
            self.began.entry((pid, place.0.clone(), place.1)).or_insert(offset);
        }
    }

    /// An answer to "which offset at this time?"; negative times are Kafka's names for beginning, end and the like.
    pub(super) fn time(&mut self, at: Time, place: (&str, i32), timestamp_ms: i64, offset: i64) {
        if timestamp_ms >= 0 {
            let (topic, partition) = (place.0.to_owned(), place.1);
            let offset = (offset >= 0).then_some(offset);
            self.times.push(TimeAsked { at, topic, partition, timestamp_ms, offset });
        }
    }

    pub(super) fn delete(&mut self, at: Time, place: (&str, i32), low_watermark: i64) {
        let (topic, partition) = (place.0.to_owned(), place.1);
        self.deletions.push(Deletion { at, topic, partition, low_watermark });
    }

    /// A broker's note such as "clicks-0: segment 0 deleted (retention.ms=20000 over), segment 2 deleted (…); log start
    /// offset 3". Whether it was one.
    pub(super) fn retire(&mut self, at: Time, note: &str) -> bool {
        let Some((partition, rest)) = note.split_once(": segment ") else { return false };
        for one in rest.split("segment ") {
            let Some((base, why)) = one.split_once(" deleted (") else { continue };
            let by = match why {
                why if why.starts_with("retention.ms") => RetiredBy::Time,
                why if why.starts_with("retention.bytes") => RetiredBy::Size,
                _ => RetiredBy::LogStart,
            };
            if let Ok(base_offset) = base.parse() {
                self.retired.push(Retired { at, partition: partition.to_owned(), base_offset, by });
            }
        }
        true
    }
}

fn seen((at, pid): (Time, Pid), (topic, partition): (&str, i32), batch: &Batch, record: &Record) -> RecordSeen {
    let text = |bytes: &bytes::Bytes| String::from_utf8_lossy(bytes).chars().take(TEXT).collect();
    RecordSeen {
        at,
        pid,
        topic: topic.to_owned(),
        partition,
        offset: record.offset,
        key: record.key.as_ref().map(text),
        is_tombstone: record.is_tombstone(),
        timestamp_ms: record.timestamp,
        append_time: batch.header.timestamp_type() == TimestampType::LogAppendTime,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_of_segments_that_went() {
        let mut story = Story::default();
        let note = "clicks-0: segment 0 deleted (retention.ms=20000 over), segment 2 deleted (retention.bytes=100 exceeded), \
                    a new segment begun; log start offset 3";
        assert!(story.retire(Time::ZERO, note));
        assert!(!story.retire(Time::ZERO, "clicks-0: truncated from 3 to 2"));
        let of = |base_offset, by| Retired { at: Time::ZERO, partition: "clicks-0".into(), base_offset, by };
        assert!(story.retired().iter().eq(&[of(0, RetiredBy::Time), of(2, RetiredBy::Size)]));
    }
}
