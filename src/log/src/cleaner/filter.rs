//! Which batches and records stay (`Cleaner.cleanInto`, `MemoryRecords.filterTo`).
//!
//! Serves the copying. Invariant: a producer's last batch and the last batch of the round stay, possibly without records,
//! so that sequences and offsets remain known.

use super::map::OffsetMap;
use super::transactions::{CleanedTransactions, Verdict};
use crate::{LogConfig, ProducerStateManager};
use bytes::Bytes;
use ottla_records::{Batch, Limits, Record, RecordError, retain_records};

/// What decides, for one round.
pub(super) struct Filter<'a> {
    pub(super) map: &'a OffsetMap,
    pub(super) wall_ms: i64,
    /// `delete.retention.ms`.
    pub(super) delete_retention_ms: i64,
    /// Where the round ends.
    pub(super) upper_bound: i64,
}

/// What is left of a batch.
pub(super) struct Left {
    /// Its bytes; none if it goes as a whole.
    pub(super) bytes: Option<Bytes>,
    pub(super) records_before: u64,
    pub(super) records_after: u64,
}

impl Filter<'_> {
    /// The next batch in the order of the log.
    pub(super) fn apply(
        &self,
        batch: &Batch,
        transactions: &mut CleanedTransactions,
        producers: &ProducerStateManager,
        config: &LogConfig,
    ) -> Result<Left, RecordError> {
        let header = &batch.header;
        let discardable = transactions.see(batch) == Verdict::Discardable;
        let horizon_passed = header.delete_horizon_ms().is_some_and(|horizon_ms| horizon_ms <= self.wall_ms);
        let discard = discardable && (!header.is_control() || horizon_passed);
        let keep_empty = is_last_of_producer(batch, producers) || header.next_offset() == self.upper_bound;
        let records = batch.records(&Limits::default())?;
        let records_before = records.len() as u64;
        let stays = |record: &Record| !discard && (header.is_control() || self.keeps(batch, record));
        let retained: Vec<Record> = records.into_iter().filter(stays).collect();
        let records_after = retained.len() as u64;
        let tombstones = retained.iter().any(|record| record.value.is_none());
        let wants_horizon = (tombstones || (discardable && header.is_control())) && !header.has_delete_horizon();
        let bytes = if retained.is_empty() {
            keep_empty.then(|| retain_records(header, &[], None, None))
        } else if records_after == records_before && !wants_horizon {
            Some(batch.bytes.clone())
        } else {
            let horizon_ms = wants_horizon.then(|| self.wall_ms.saturating_add(self.delete_retention_ms));
            let level = config.compression_level(header.compression());
            Some(retain_records(header, &retained, horizon_ms, level))
        };
        Ok(Left { bytes, records_before, records_after })
    }

    /// `Cleaner.shouldRetainRecord`.
    fn keeps(&self, batch: &Batch, record: &Record) -> bool {
        if record.offset > self.map.latest_offset() {
            return true;
        }
        let Some(key) = &record.key else { return false };
        let is_latest = self.map.get(key).is_none_or(|latest| record.offset >= latest);
        let in_force = || batch.header.delete_horizon_ms().is_none_or(|horizon_ms| self.wall_ms < horizon_ms);
        is_latest && (record.value.is_some() || in_force())
    }
}

/// Whether the batch holds a producer's last sequence, or, where only a marker is left, its epoch.
fn is_last_of_producer(batch: &Batch, producers: &ProducerStateManager) -> bool {
    let header = &batch.header;
    let Some(state) = producers.get(header.producer_id).filter(|_| header.has_producer_id()) else { return false };
    match state.batches().last() {
        Some(last) => header.last_offset() == last.last_offset,
        None => header.is_control() && header.producer_epoch == state.producer_epoch,
    }
}
