//! Producer id, epoch and sequences. Serves the sender of an idempotent producer; invariant: the sequences of a
//! partition's batches are without gaps in the order they are sent (Kafka's `TransactionManager`, the idempotent half).

use super::batch::{BatchId, ProducerBatch};
use crate::TopicPartition;
use ottla_records::increment_sequence;
use ottla_wire::ErrorCode;
use std::collections::{BTreeMap, BTreeSet};

type Batches = BTreeMap<BatchId, ProducerBatch>;

/// The sequences of one partition.
#[derive(Clone, Debug)]
struct Entry {
    producer: (i64, i16),
    next_sequence: i32,
    last_acked: i32,
    /// Batches with a sequence that are not answered, by sequence.
    in_flight: Vec<BatchId>,
}

/// The identity of an idempotent producer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    /// Id and epoch, once a broker gave them.
    pub(crate) producer: Option<(i64, i16)>,
    partitions: BTreeMap<TopicPartition, Entry>,
    to_rewrite: BTreeSet<TopicPartition>,
    /// Partitions with a batch of unknown fate, and the sequence behind it.
    unresolved: BTreeMap<TopicPartition, i32>,
}

impl Identity {
    /// Whether the head of a partition's queue has to wait: for an id, for the fate of an expired batch, or for an
    /// earlier batch that is to be sent again.
    pub(crate) fn holds_back(&self, batch_id: BatchId, batch: &ProducerBatch) -> bool {
        if self.producer.is_none() {
            return true;
        }
        match self.partitions.get(&batch.partition) {
            _ if batch.producer.is_none() => self.unresolved.contains_key(&batch.partition),
            Some(entry) => entry.in_flight.first().is_some_and(|first| *first != batch_id),
            None => false,
        }
    }

    /// Gives a batch that is sent for the first time its place in the sequence.
    pub(crate) fn assign(&mut self, batch_id: BatchId, batch: &mut ProducerBatch) {
        let Some(producer) = self.producer.filter(|_| batch.producer.is_none()) else { return };
        let fresh = Entry { producer, next_sequence: 0, last_acked: -1, in_flight: Vec::new() };
        let entry = self.partitions.entry(batch.partition.clone()).or_insert_with(|| fresh.clone());
        if entry.in_flight.is_empty() && entry.producer != producer {
            *entry = fresh;
        }
        batch.producer = Some((entry.producer.0, entry.producer.1, entry.next_sequence));
        entry.next_sequence = increment_sequence(entry.next_sequence, batch.count());
        entry.in_flight.push(batch_id);
    }

    /// The broker has the batch.
    pub(crate) fn completed(&mut self, batch_id: BatchId, batch: &ProducerBatch) {
        let Some(entry) = self.partitions.get_mut(&batch.partition) else { return };
        if let (Some((id, epoch, _)), Some(next)) = (batch.producer, batch.next_sequence())
            && (id, epoch) == entry.producer
        {
            entry.last_acked = entry.last_acked.max(ottla_records::decrement_sequence(next, 1));
        }
        entry.in_flight.retain(|id| *id != batch_id);
    }

    /// The batch is given up. `adjust`: the broker surely does not have it, so its sequences are free again.
    pub(crate) fn failed(&mut self, batch_id: BatchId, batch: &ProducerBatch, adjust: bool) {
        self.forget(batch_id, batch);
        if adjust && batch.producer.is_some() {
            self.to_rewrite.insert(batch.partition.clone());
        }
    }

    /// The partition's sequences have a gap: they start over in the next epoch
    /// (`TransactionManager.requestIdempotentEpochBumpForPartition`).
    pub(crate) fn count_anew(&mut self, partition: TopicPartition) {
        self.to_rewrite.insert(partition);
    }

    /// The batch is no longer one: it is split.
    pub(crate) fn split(&mut self, batch_id: BatchId, partition: &TopicPartition, parts: &[BatchId]) {
        let Some(entry) = self.partitions.get_mut(partition) else { return };
        if let Some(index) = entry.in_flight.iter().position(|id| *id == batch_id) {
            entry.in_flight.splice(index..=index, parts.iter().copied());
        }
    }

    fn forget(&mut self, batch_id: BatchId, batch: &ProducerBatch) {
        if let Some(entry) = self.partitions.get_mut(&batch.partition) {
            entry.in_flight.retain(|id| *id != batch_id);
        }
    }

    /// An expired batch may or may not be in the log: nothing new is sent before that is known.
    pub(crate) fn mark_unresolved(&mut self, batch: &ProducerBatch) {
        if let Some(next) = batch.next_sequence() {
            self.unresolved.insert(batch.partition.clone(), next);
        }
    }

    /// Whether a batch refused with this error may be sent again.
    pub(crate) fn can_retry(&mut self, error: ErrorCode, batch: &ProducerBatch) -> bool {
        let is_sequence_error = matches!(error, ErrorCode::OutOfOrderSequenceNumber | ErrorCode::UnknownProducerId);
        if !is_sequence_error {
            return error.is_retriable();
        }
        let is_next = self
            .partitions
            .get(&batch.partition)
            .is_some_and(|entry| batch.base_sequence() == Some(increment_sequence(entry.last_acked, 1)));
        let resolved = !self.unresolved.contains_key(&batch.partition);
        if error == ErrorCode::OutOfOrderSequenceNumber && resolved && (batch.reset || !is_next) {
            return true;
        }
        self.to_rewrite.insert(batch.partition.clone());
        true
    }

    /// Settles what waited: expired batches with nothing more in flight, then the epoch, which goes up by one where
    /// sequences have to start over.
    pub(crate) fn resolve(&mut self, batches: &mut Batches) {
        let waiting: Vec<(TopicPartition, i32)> = self.unresolved.iter().map(|(p, s)| (p.clone(), *s)).collect();
        for (partition, sequence) in waiting {
            let Some(entry) = self.partitions.get(&partition) else { continue };
            if !entry.in_flight.is_empty() {
                continue;
            }
            if increment_sequence(entry.last_acked, 1) != sequence {
                self.to_rewrite.insert(partition.clone());
            }
            self.unresolved.remove(&partition);
        }
        if let Some((id, epoch)) = self.producer.filter(|_| !self.to_rewrite.is_empty()) {
            self.producer = epoch.checked_add(1).map(|epoch| (id, epoch));
            if let Some(producer) = self.producer {
                for partition in std::mem::take(&mut self.to_rewrite) {
                    self.start_over(&partition, producer, batches);
                }
            }
        }
    }

    /// A broker gave an id; sequences of a lost id start over.
    pub(crate) fn set_producer(&mut self, producer: (i64, i16), batches: &mut Batches) {
        self.producer = Some(producer);
        for partition in std::mem::take(&mut self.to_rewrite) {
            self.start_over(&partition, producer, batches);
        }
    }

    fn start_over(&mut self, partition: &TopicPartition, producer: (i64, i16), batches: &mut Batches) {
        self.unresolved.remove(partition);
        let Some(entry) = self.partitions.get_mut(partition) else { return };
        let mut sequence = 0;
        for id in &entry.in_flight {
            if let Some(batch) = batches.get_mut(id) {
                batch.producer = Some((producer.0, producer.1, sequence));
                batch.reset = true;
                sequence = increment_sequence(sequence, batch.count());
            }
        }
        *entry = Entry {
            producer,
            next_sequence: sequence,
            last_acked: -1,
            in_flight: std::mem::take(&mut entry.in_flight),
        };
    }
}
