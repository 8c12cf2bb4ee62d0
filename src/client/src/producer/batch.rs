//! A batch of records on its way. Serves accumulator and sender; invariant: its records keep their order and each is
//! answered once (Kafka's `ProducerBatch`).

use super::record::SendId;
use crate::TopicPartition;
use bytes::Bytes;
use ottla_records::{BatchBuilder, RecordHeader};
use ottla_world::Time;

/// Names a batch within its producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BatchId(pub(crate) u64);

/// What is kept of a record for its event.
#[derive(Clone, Debug)]
pub(crate) struct SentRecord {
    pub(crate) send: SendId,
    pub(crate) timestamp_ms: i64,
    pub(crate) key_bytes: Option<u64>,
    pub(crate) value_bytes: Option<u64>,
}

/// The records of one partition that travel together.
#[derive(Clone, Debug)]
pub(crate) struct ProducerBatch {
    pub(crate) partition: TopicPartition,
    pub(crate) builder: BatchBuilder,
    pub(crate) records: Vec<SentRecord>,
    /// Takes records up to this many bytes.
    pub(crate) limit_bytes: u64,
    /// Bytes of `buffer.memory` it holds.
    pub(crate) memory_bytes: u64,
    pub(crate) created: Time,
    /// Takes no more records: it was sent.
    pub(crate) closed: bool,
    pub(crate) attempts: i64,
    /// Not to be sent again before.
    pub(crate) retry_at: Time,
    /// The leader epoch it was sent to last: a new leader ends the back-off.
    pub(crate) leader_epoch: Option<i32>,
    /// Producer id, epoch and first sequence, once it was sent.
    pub(crate) producer: Option<(i64, i16, i32)>,
    /// Its sequence was changed after it had been sent.
    pub(crate) reset: bool,
}

impl ProducerBatch {
    /// Number of records.
    pub(crate) fn count(&self) -> i32 {
        i32::try_from(self.records.len()).unwrap_or(i32::MAX)
    }

    /// The sequence behind its last record.
    pub(crate) fn next_sequence(&self) -> Option<i32> {
        self.producer.map(|(_, _, base)| ottla_records::increment_sequence(base, self.count()))
    }

    /// The first sequence.
    pub(crate) fn base_sequence(&self) -> Option<i32> {
        self.producer.map(|(_, _, base)| base)
    }

    /// Bytes so far, without compression.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.builder.estimated_size() as u64
    }

    /// No room for anything more.
    pub(crate) fn is_full(&self) -> bool {
        self.closed || (!self.records.is_empty() && self.size_bytes() >= self.limit_bytes)
    }

    /// Whether this record fits; the first one always does.
    pub(crate) fn has_room(
        &self,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[RecordHeader],
    ) -> bool {
        !self.is_full()
            && (self.records.is_empty()
                || self.builder.estimated_size_with(timestamp_ms, key, value, headers) as u64 <= self.limit_bytes)
    }

    /// Its bytes for a produce request.
    pub(crate) fn build(&mut self) -> Bytes {
        if let Some((id, epoch, sequence)) = self.producer {
            self.builder.set_producer(id, epoch, sequence);
        }
        self.closed = true;
        self.builder.build(0, ottla_records::NO_PARTITION_LEADER_EPOCH)
    }
}
