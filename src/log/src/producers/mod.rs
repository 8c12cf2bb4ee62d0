//! What a partition knows of idempotent and transactional producers (`ProducerStateManager`, KIP-98).
//!
//! Serves appends (duplicates, gaps, fenced producers) and reads (last stable offset, aborted transactions).
//! Invariant: the state is a function of the batches in the log; it is rebuilt from them on loading and truncation.

pub(crate) mod aborted_index;
mod append;
mod snapshot;
mod state;

pub use aborted_index::read_transaction_index;
pub(crate) use append::{Prepared, PreparedAppend};
pub use snapshot::{SnapshotEntry, read_producer_snapshot};
pub use state::{BatchMetadata, ProducerState};

use std::collections::BTreeMap;
use std::sync::Arc;

/// A transaction that was aborted, as `read_committed` consumers need it (`AbortedTxn`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Who wrote it.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: i64,
    /// Offset of its marker.
    pub last_offset: i64,
    /// The last stable offset when it ended.
    pub last_stable_offset: i64,
}

/// A transaction with its marker (`CompletedTxn`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CompletedTransaction {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    pub(crate) last_offset: i64,
    pub(crate) aborted: bool,
}

/// The producers of one partition. Clones share everything.
#[derive(Debug, Clone, Default)]
pub struct ProducerStateManager {
    producers: Arc<BTreeMap<i64, ProducerState>>,
    /// First offset of each open transaction, with its producer.
    ongoing: Arc<BTreeMap<i64, i64>>,
    /// First and last offset of transactions whose marker is not below the high watermark yet.
    unreplicated: Arc<BTreeMap<i64, i64>>,
    aborted: Arc<Vec<AbortedTransaction>>,
}

impl ProducerStateManager {
    /// State of a producer.
    #[must_use]
    pub fn get(&self, producer_id: i64) -> Option<&ProducerState> {
        self.producers.get(&producer_id)
    }

    /// All producers, by id (DescribeProducers).
    pub fn producers(&self) -> impl Iterator<Item = &ProducerState> {
        self.producers.values()
    }

    /// Start of the oldest transaction that is open or whose end is not replicated yet (`firstUnstableOffset`).
    #[must_use]
    pub fn first_unstable_offset(&self) -> Option<i64> {
        let oldest = [self.ongoing.first_key_value(), self.unreplicated.first_key_value()];
        oldest.into_iter().flatten().map(|(first_offset, _)| *first_offset).min()
    }

    /// The aborted transactions that a read of `offset..upper_bound` meets (`TransactionIndex.collectAbortedTxns`).
    pub fn aborted_transactions(&self, offset: i64, upper_bound: i64) -> impl Iterator<Item = AbortedTransaction> {
        let meets = move |txn: &&AbortedTransaction| txn.last_offset >= offset && txn.first_offset < upper_bound;
        self.aborted.iter().filter(meets).copied()
    }

    /// Transactions that ended below the high watermark are stable now (`onHighWatermarkUpdated`).
    pub(crate) fn on_high_watermark(&mut self, high_watermark: i64) {
        if self.unreplicated.values().any(|last_offset| *last_offset < high_watermark) {
            Arc::make_mut(&mut self.unreplicated).retain(|_, last_offset| *last_offset >= high_watermark);
        }
    }

    /// Forgets transactions that ended before the log starts.
    pub(crate) fn on_log_start(&mut self, log_start_offset: i64) {
        self.on_high_watermark(log_start_offset);
        if self.aborted.iter().any(|txn| txn.last_offset < log_start_offset) {
            Arc::make_mut(&mut self.aborted).retain(|txn| txn.last_offset >= log_start_offset);
        }
    }

    /// Forgets producers without an open transaction that wrote nothing for `expiration_ms` (`removeExpiredProducers`,
    /// `producer.id.expiration.ms`). How many went.
    pub fn remove_expired(&mut self, wall_ms: i64, expiration_ms: i64) -> u64 {
        let expired = |state: &ProducerState| {
            state.current_txn_first_offset.is_none() && wall_ms.saturating_sub(state.last_timestamp) >= expiration_ms
        };
        let count = self.producers.values().filter(|state| expired(state)).count() as u64;
        if count > 0 {
            Arc::make_mut(&mut self.producers).retain(|_, state| !expired(state));
        }
        count
    }

    /// After a part of the log was cleaned: of the aborted transactions that ended in it only these are left
    /// (`TransactionIndex` of a cleaned segment).
    pub(crate) fn keep_aborted(&mut self, part: std::ops::Range<i64>, kept: &[AbortedTransaction]) {
        let gone = |txn: &AbortedTransaction| part.contains(&txn.last_offset) && !kept.contains(txn);
        if self.aborted.iter().any(gone) {
            Arc::make_mut(&mut self.aborted).retain(|txn| !gone(txn));
        }
    }

    /// All aborted transactions that are known, in the order of their markers.
    pub(crate) fn all_aborted(&self) -> &[AbortedTransaction] {
        &self.aborted
    }

    /// Bytes of a snapshot of the producers.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        snapshot::encode(self.producers.values())
    }

    /// The state that a snapshot at `offset` has, with the transactions that were aborted before.
    pub(crate) fn from_snapshot(entries: &[SnapshotEntry], offset: i64, aborted: Vec<AbortedTransaction>) -> Self {
        let states = entries.iter().map(|entry| (entry.producer_id, ProducerState::from_snapshot(entry, offset)));
        let open = entries.iter().filter(|entry| entry.current_txn_first_offset >= 0);
        Self {
            producers: Arc::new(states.collect()),
            ongoing: Arc::new(open.map(|entry| (entry.current_txn_first_offset, entry.producer_id)).collect()),
            unreplicated: Arc::default(),
            aborted: Arc::new(aborted),
        }
    }

    /// Whether truncating the log to `offset` leaves the state as it is.
    pub(crate) fn lies_below(&self, offset: i64) -> bool {
        let below = |last_offset: i64| last_offset < offset;
        let producers = self.producers.values().all(|state| below(state.last_touched_offset()));
        producers && self.aborted.iter().all(|txn| below(txn.last_offset))
    }
}
