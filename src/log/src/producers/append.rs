//! Which batches of idempotent producers a partition takes (`ProducerAppendInfo`), and what they change.
//!
//! Invariant: checking changes nothing; what was checked is applied after the batches are on the disk.

use super::{AbortedTransaction, BatchMetadata, CompletedTransaction, ProducerState, ProducerStateManager};
use crate::{AppendOrigin, LogError};
use ottla_records::{BatchHeader, EndTransactionMarker, NO_PRODUCER_EPOCH};
use ottla_world::mutation::{self, Mutation};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What batches change once they are appended.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    updated: BTreeMap<i64, ProducerState>,
    /// First offset and producer of each transaction that begins.
    started: Vec<(i64, i64)>,
    completed: Vec<CompletedTransaction>,
}

/// Whether to append.
#[derive(Debug)]
pub(crate) enum PreparedAppend {
    /// Append, then [`ProducerStateManager::apply`].
    Append(Prepared),
    /// The batch is in the log already: answer with its offsets.
    Duplicate(BatchMetadata),
}

/// Whose batches, and where to.
#[derive(Debug, Clone, Copy)]
struct Check<'a> {
    origin: AppendOrigin,
    partition: &'a str,
}

impl ProducerStateManager {
    /// Checks batches that have their offsets (`analyzeAndValidateProducerState`).
    pub(crate) fn prepare<'b>(
        &self,
        batches: impl Iterator<Item = (&'b BatchHeader, Option<EndTransactionMarker>)>,
        origin: AppendOrigin,
        partition: &str,
    ) -> Result<PreparedAppend, LogError> {
        let check = Check { origin, partition };
        let mut prepared = Prepared::default();
        for (header, marker) in batches.filter(|(header, _)| header.has_producer_id()) {
            if origin == AppendOrigin::Client
                && let Some(known) = self.get(header.producer_id)
                && let Some(duplicate) = known.find_duplicate(header)
            {
                return Ok(PreparedAppend::Duplicate(duplicate));
            }
            self.prepare_batch(&mut prepared, header, marker, check)?;
        }
        Ok(PreparedAppend::Append(prepared))
    }

    fn prepare_batch(
        &self,
        prepared: &mut Prepared,
        header: &BatchHeader,
        marker: Option<EndTransactionMarker>,
        check: Check<'_>,
    ) -> Result<(), LogError> {
        let id = header.producer_id;
        let known = self.get(id).cloned();
        let state = prepared.updated.entry(id).or_insert_with(|| known.unwrap_or_else(|| ProducerState::new(id)));
        check.producer_epoch(state, header)?;
        if header.is_control() {
            let Some(marker) = marker else { return Ok(()) };
            check.coordinator_epoch(state, header, marker)?;
            prepared.completed.extend(state.current_txn_first_offset.map(|first_offset| CompletedTransaction {
                producer_id: id,
                first_offset,
                last_offset: header.base_offset,
                aborted: !marker.committed,
            }));
            state.add_marker(header, marker.coordinator_epoch);
            return Ok(());
        }
        if check.origin == AppendOrigin::Client {
            check.sequence(state, header)?;
        }
        state.add_batch(header);
        match state.current_txn_first_offset {
            Some(_) if !header.is_transactional() => return check.expected_transactional(header),
            None if header.is_transactional() => {
                state.current_txn_first_offset = Some(header.base_offset);
                prepared.started.push((header.base_offset, id));
            }
            _ => {}
        }
        Ok(())
    }

    /// Applies what was prepared, now that the batches are in the log.
    pub(crate) fn apply(&mut self, prepared: Prepared) {
        if !prepared.updated.is_empty() {
            Arc::make_mut(&mut self.producers).extend(prepared.updated);
        }
        if !prepared.started.is_empty() {
            Arc::make_mut(&mut self.ongoing).extend(prepared.started);
        }
        for completed in prepared.completed {
            self.complete(completed);
        }
    }

    fn complete(&mut self, completed: CompletedTransaction) {
        if completed.aborted {
            let other = self.ongoing.iter().find(|(_, producer_id)| **producer_id != completed.producer_id);
            let last_stable_offset = other.map_or(completed.last_offset + 1, |(first_offset, _)| *first_offset);
            let CompletedTransaction { producer_id, first_offset, last_offset, .. } = completed;
            let aborted = AbortedTransaction { producer_id, first_offset, last_offset, last_stable_offset };
            Arc::make_mut(&mut self.aborted).push(aborted);
        }
        Arc::make_mut(&mut self.ongoing).remove(&completed.first_offset);
        Arc::make_mut(&mut self.unreplicated).insert(completed.first_offset, completed.last_offset);
    }

    /// Takes notice of a batch that is in the log already: loading and truncation.
    pub(crate) fn replay(&mut self, header: &BatchHeader, marker: Option<EndTransactionMarker>) {
        let prepared = self.prepare(std::iter::once((header, marker)), AppendOrigin::Replication, "");
        // What a leader accepted is not refused; a damaged claim of a transaction's state is passed over.
        if let Ok(PreparedAppend::Append(prepared)) = prepared {
            self.apply(prepared);
        }
    }
}

impl Check<'_> {
    fn producer_epoch(&self, state: &ProducerState, header: &BatchHeader) -> Result<(), LogError> {
        if header.producer_epoch >= state.producer_epoch || self.origin == AppendOrigin::Replication {
            return Ok(());
        }
        let bound = if header.is_control() { "smaller than" } else { "<" };
        let version = if header.is_control() { "" } else { " (TV-1)" };
        Err(LogError::InvalidProducerEpoch(format!(
            "Epoch of producer {} at offset {} in {} is {}, which is {bound} the last seen epoch {}{version}",
            header.producer_id, header.base_offset, self.partition, header.producer_epoch, state.producer_epoch
        )))
    }

    fn coordinator_epoch(
        &self,
        state: &ProducerState,
        header: &BatchHeader,
        marker: EndTransactionMarker,
    ) -> Result<(), LogError> {
        if marker.coordinator_epoch >= state.coordinator_epoch || self.origin == AppendOrigin::Replication {
            return Ok(());
        }
        Err(LogError::TransactionCoordinatorFenced(format!(
            "Invalid coordinator epoch for producerId {} at offset {} in partition {}: {} (zombie), {} (current)",
            header.producer_id, header.base_offset, self.partition, marker.coordinator_epoch, state.coordinator_epoch
        )))
    }

    /// `ProducerAppendInfo.checkSequence`.
    fn sequence(&self, state: &ProducerState, header: &BatchHeader) -> Result<(), LogError> {
        let (id, offset, partition) = (header.producer_id, header.base_offset, self.partition);
        let first = header.base_sequence;
        if state.producer_epoch == NO_PRODUCER_EPOCH {
            return Ok(());
        }
        if header.producer_epoch != state.producer_epoch {
            if first == 0 {
                return Ok(());
            }
            return Err(LogError::OutOfOrderSequence(format!(
                "Invalid sequence number for new epoch of producer {id} at offset {offset} in partition {partition}: {} \
                 (request epoch), {first} (seq. number), {} (current producer epoch)",
                header.producer_epoch, state.producer_epoch
            )));
        }
        let last = state.last_sequence();
        if mutation::is(Mutation::SequenceUnchecked) {
            return Ok(());
        }
        if i64::from(first) == i64::from(last) + 1 || (first == 0 && last == i32::MAX) {
            return Ok(());
        }
        Err(LogError::OutOfOrderSequence(format!(
            "Out of order sequence number for producer {id} at offset {offset} in partition {partition}: {first} \
             (incoming seq. number), {last} (current end sequence number)"
        )))
    }

    fn expected_transactional(&self, header: &BatchHeader) -> Result<(), LogError> {
        Err(LogError::InvalidTxnState(format!(
            "Expected transactional write from producer {} at offset {} in partition {}",
            header.producer_id, header.base_offset, self.partition
        )))
    }
}
