//! One producer as a partition sees it (`ProducerStateEntry`): its epoch and its last five batches.
//!
//! Invariant: all batches kept are of the current epoch.

use super::SnapshotEntry;
use ottla_records::{BatchHeader, NO_PRODUCER_EPOCH, NO_SEQUENCE, NO_TIMESTAMP, decrement_sequence};

/// Batches kept per producer: as many as a producer may have in flight (`NUM_BATCHES_TO_RETAIN`).
const BATCHES_TO_RETAIN: usize = 5;

/// A batch that was appended, for recognising it when it comes again (`BatchMetadata`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchMetadata {
    /// Sequence of its last record.
    pub last_sequence: i32,
    /// Offset of its last record.
    pub last_offset: i64,
    /// Records minus one.
    pub offset_delta: i32,
    /// Its greatest timestamp in milliseconds.
    pub timestamp: i64,
}

impl BatchMetadata {
    /// Sequence of its first record.
    #[must_use]
    pub fn first_sequence(&self) -> i32 {
        decrement_sequence(self.last_sequence, self.offset_delta)
    }

    /// Offset of its first record.
    #[must_use]
    pub fn first_offset(&self) -> i64 {
        self.last_offset - i64::from(self.offset_delta)
    }
}

/// What a partition knows of one producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerState {
    /// The producer.
    pub producer_id: i64,
    /// Its latest epoch, -1 before the first batch.
    pub producer_epoch: i16,
    /// Epoch of the transaction coordinator that wrote the last marker, -1 for none.
    pub coordinator_epoch: i32,
    /// Timestamp of its last batch in milliseconds, -1 for none.
    pub last_timestamp: i64,
    /// Where its open transaction begins.
    pub current_txn_first_offset: Option<i64>,
    /// Offset of its last batch or marker.
    last_touched_offset: i64,
    batches: Vec<BatchMetadata>,
}

impl ProducerState {
    pub(crate) fn new(producer_id: i64) -> Self {
        Self {
            producer_id,
            producer_epoch: NO_PRODUCER_EPOCH,
            coordinator_epoch: -1,
            last_timestamp: NO_TIMESTAMP,
            current_txn_first_offset: None,
            last_touched_offset: -1,
            batches: Vec::new(),
        }
    }

    /// The producer as a snapshot at `offset` has it (`ProducerStateManager.readSnapshot`).
    pub(crate) fn from_snapshot(entry: &SnapshotEntry, offset: i64) -> Self {
        let batch = BatchMetadata {
            last_sequence: entry.last_sequence,
            last_offset: entry.last_offset,
            offset_delta: entry.offset_delta,
            timestamp: entry.timestamp,
        };
        Self {
            producer_id: entry.producer_id,
            producer_epoch: entry.producer_epoch,
            coordinator_epoch: entry.coordinator_epoch,
            last_timestamp: entry.timestamp,
            current_txn_first_offset: Some(entry.current_txn_first_offset).filter(|offset| *offset >= 0),
            // It may have touched anything before.
            last_touched_offset: offset - 1,
            batches: if entry.last_offset >= 0 { vec![batch] } else { Vec::new() },
        }
    }

    /// The last batches of the current epoch, at most five, oldest first.
    #[must_use]
    pub fn batches(&self) -> &[BatchMetadata] {
        &self.batches
    }

    /// Sequence of the last record, -1 without one in this epoch.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        self.batches.last().map_or(NO_SEQUENCE, |batch| batch.last_sequence)
    }

    /// The batch that `header` repeats, if it does (`findDuplicateBatch`).
    #[must_use]
    pub fn find_duplicate(&self, header: &BatchHeader) -> Option<BatchMetadata> {
        let (first, last) = (header.base_sequence, header.last_sequence());
        let same = |batch: &&BatchMetadata| batch.first_sequence() == first && batch.last_sequence == last;
        let same_epoch = header.producer_epoch == self.producer_epoch;
        self.batches.iter().find(same).filter(|_| same_epoch).copied()
    }

    pub(crate) fn last_touched_offset(&self) -> i64 {
        self.last_touched_offset
    }

    pub(crate) fn add_batch(&mut self, header: &BatchHeader) {
        self.update_epoch(header.producer_epoch);
        if self.batches.len() == BATCHES_TO_RETAIN {
            self.batches.remove(0);
        }
        self.batches.push(BatchMetadata {
            last_sequence: header.last_sequence(),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta,
            timestamp: header.max_timestamp,
        });
        self.last_timestamp = header.max_timestamp;
        self.last_touched_offset = header.last_offset();
    }

    /// Takes notice of the marker that ends the producer's transaction.
    pub(crate) fn add_marker(&mut self, header: &BatchHeader, coordinator_epoch: i32) {
        self.update_epoch(header.producer_epoch);
        self.coordinator_epoch = coordinator_epoch;
        self.current_txn_first_offset = None;
        self.last_timestamp = header.max_timestamp;
        self.last_touched_offset = header.last_offset();
    }

    /// Batches of another epoch are no longer duplicates of anything.
    fn update_epoch(&mut self, producer_epoch: i16) {
        if self.producer_epoch != producer_epoch {
            self.batches.clear();
            self.producer_epoch = producer_epoch;
        }
    }
}
