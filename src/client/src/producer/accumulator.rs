//! Batches that wait to be sent. Serves `send` and the sender; invariant: at most `buffer.memory` bytes, and each
//! partition's queue in the order of its records (Kafka's `RecordAccumulator`).

use super::batch::{BatchId, ProducerBatch, SentRecord};
use super::config::ProducerConfig;
use super::identity::Identity;
use super::partitioner::StickyPartitioner;
use crate::TopicPartition;
use crate::network::metadata::Metadata;
use bytes::Bytes;
use ottla_records::{
    BatchBuilder, Batches, Limits, RecordHeader, TimestampType, increment_sequence, record_size_upper_bound,
};
use ottla_world::{Rng, Time};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A record with its partition, ready for a batch.
#[derive(Clone, Debug)]
pub(crate) struct Appendable {
    pub(crate) sent: SentRecord,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: Vec<RecordHeader>,
}

/// What could be sent now, and what stands in the way of the rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ready {
    /// Nodes that lead a partition with a batch to send.
    pub(crate) nodes: BTreeSet<i32>,
    /// Topics with a batch whose leader is not known.
    pub(crate) unknown_leaders: BTreeSet<String>,
    /// When the next batch is ready.
    pub(crate) next: Option<Time>,
}

/// The queues.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accumulator {
    /// All batches that are not done, queued or in flight.
    pub(crate) batches: BTreeMap<BatchId, ProducerBatch>,
    queues: BTreeMap<TopicPartition, VecDeque<BatchId>>,
    pub(crate) sticky: BTreeMap<String, StickyPartitioner>,
    next_batch: u64,
    used_bytes: u64,
    /// A send waits for memory: everything goes out.
    pub(crate) exhausted: bool,
    /// Everything goes out: the producer closes.
    pub(crate) closing: bool,
    /// What a flush waits for.
    flushing: BTreeSet<BatchId>,
    /// Partitions with a batch in flight, where only one may be.
    pub(crate) muted: BTreeSet<TopicPartition>,
}

impl Accumulator {
    /// Appends a record; gives it back with the bytes missing if there is no memory.
    pub(crate) fn append(
        &mut self,
        config: &ProducerConfig,
        now: Time,
        partition: &TopicPartition,
        record: Appendable,
    ) -> Result<u64, (Box<Appendable>, u64)> {
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let tail = self.queues.get(partition).and_then(|queue| queue.back()).copied();
        let tail = tail.and_then(|id| self.batches.get_mut(&id));
        let batch = match tail.filter(|b| b.has_room(record.sent.timestamp_ms, key, value, &record.headers)) {
            Some(batch) => batch,
            None => {
                let needed = record_size_upper_bound(key, value, &record.headers) as u64;
                let bytes = needed.max(config.batch_size);
                if self.used_bytes.saturating_add(bytes) > config.buffer_memory {
                    return Err((Box::new(record), bytes));
                }
                let id = self.open_batch(config, now, partition.clone(), bytes, bytes);
                self.queues.entry(partition.clone()).or_default().push_back(id);
                let Some(batch) = self.batches.get_mut(&id) else { return Ok(0) };
                batch
            }
        };
        let before = batch.size_bytes();
        batch.builder.append(record.sent.timestamp_ms, key, value, &record.headers);
        batch.records.push(record.sent);
        Ok(batch.size_bytes() - before)
    }

    fn open_batch(
        &mut self,
        config: &ProducerConfig,
        created: Time,
        partition: TopicPartition,
        limit_bytes: u64,
        memory_bytes: u64,
    ) -> BatchId {
        let id = BatchId(self.next_batch);
        self.next_batch += 1;
        self.used_bytes += memory_bytes;
        let builder = BatchBuilder::new(config.compression, config.compression_level, TimestampType::CreateTime);
        let batch = ProducerBatch {
            partition,
            builder,
            records: Vec::new(),
            limit_bytes,
            memory_bytes,
            created,
            closed: false,
            attempts: 0,
            retry_at: Time::ZERO,
            leader_epoch: None,
            producer: None,
            reset: false,
        };
        self.batches.insert(id, batch);
        id
    }

    /// Bytes of `buffer.memory` that are free.
    pub(crate) fn free_bytes(&self, config: &ProducerConfig) -> u64 {
        config.buffer_memory.saturating_sub(self.used_bytes)
    }

    /// Whether the partition's last batch is closed or full, so that nothing unfinished waits there.
    pub(crate) fn is_tail_full(&self, partition: &TopicPartition) -> bool {
        let tail = self.queues.get(partition).and_then(|queue| queue.back());
        tail.and_then(|id| self.batches.get(id)).is_none_or(ProducerBatch::is_full)
    }

    /// Everything that is there now goes out without lingering.
    pub(crate) fn flush(&mut self) {
        self.flushing.extend(self.batches.keys());
    }

    /// Records that are not answered.
    pub(crate) fn pending(&self) -> u64 {
        self.batches.values().map(|batch| batch.records.len() as u64).sum()
    }

    /// Which nodes can be sent to, by the metadata (`RecordAccumulator.ready`).
    pub(crate) fn ready(&mut self, config: &ProducerConfig, metadata: &Metadata, now: Time) -> Ready {
        let mut ready = Ready::default();
        let all = self.exhausted || self.closing || !self.flushing.is_empty();
        for (partition, queue) in &self.queues {
            let Some(batch) = queue.front().and_then(|id| self.batches.get(id)) else { continue };
            let Some((leader, epoch)) = metadata.leader(partition) else {
                ready.unknown_leaders.insert(partition.topic.clone());
                continue;
            };
            if self.muted.contains(partition) {
                continue;
            }
            let new_leader = batch.attempts > 0 && epoch.is_some() && batch.leader_epoch < epoch;
            let waits_until =
                if batch.attempts > 0 { batch.retry_at } else { batch.created.plus_millis(config.linger_ms) };
            let full = queue.len() > 1 || batch.is_full();
            let is_ready =
                if batch.attempts > 0 { waits_until <= now || new_leader } else { full || all || waits_until <= now };
            if is_ready {
                ready.nodes.insert(leader.id);
            } else {
                ready.next = [ready.next, Some(waits_until)].into_iter().flatten().min();
            }
        }
        if config.adaptive {
            self.update_loads(metadata);
        }
        ready
    }

    fn update_loads(&mut self, metadata: &Metadata) {
        for (topic, sticky) in &mut self.sticky {
            let Some(info) = metadata.topics.get(topic) else { continue };
            let led = info.partitions.iter().filter(|(_, info)| info.leader.is_some());
            let queues: Vec<(i32, u64)> = led
                .map(|(id, _)| {
                    let queue = self.queues.get(&TopicPartition::new(topic.as_str(), *id));
                    (*id, queue.map_or(0, |queue| queue.len() as u64))
                })
                .collect();
            sticky.set_queues(&queues);
        }
    }

    /// Takes the batches to send to one node now, at most one of each partition (`RecordAccumulator.drain`).
    pub(crate) fn drain(
        &mut self,
        config: &ProducerConfig,
        metadata: &Metadata,
        mut identity: Option<&mut Identity>,
        node: i32,
        now: Time,
    ) -> Vec<BatchId> {
        let mut drained: Vec<BatchId> = Vec::new();
        let mut size = 0;
        for (partition, queue) in &mut self.queues {
            let Some((leader, epoch)) = metadata.leader(partition).filter(|(leader, _)| leader.id == node) else {
                continue;
            };
            debug_assert_eq!(leader.id, node);
            let Some(&id) = queue.front() else { continue };
            let Some(batch) = self.batches.get_mut(&id) else { continue };
            let new_leader = epoch.is_some() && batch.leader_epoch < epoch;
            let backs_off = batch.attempts > 0 && batch.retry_at > now && !new_leader;
            if self.muted.contains(partition) || backs_off {
                continue;
            }
            if size + batch.size_bytes() > config.max_request_size && !drained.is_empty() {
                break;
            }
            if let Some(identity) = identity.as_deref_mut() {
                if identity.holds_back(id, batch) {
                    continue;
                }
                identity.assign(id, batch);
            }
            queue.pop_front();
            batch.closed = true;
            batch.leader_epoch = epoch;
            size += batch.size_bytes();
            drained.push(id);
        }
        drained
    }

    /// Puts a batch back to be sent again: in front, behind those with lower sequences.
    pub(crate) fn reenqueue(&mut self, id: BatchId, backoff_ms: u64, now: Time) {
        let Some(batch) = self.batches.get_mut(&id) else { return };
        batch.attempts += 1;
        batch.retry_at = now.plus_millis(backoff_ms);
        let sequence = batch.base_sequence();
        let queue = self.queues.entry(batch.partition.clone()).or_default();
        let batches = &self.batches;
        let is_before = |other: &&BatchId| {
            let other = batches.get(other).and_then(ProducerBatch::base_sequence);
            matches!((other, sequence), (Some(other), Some(own)) if other < own)
        };
        let index = queue.iter().take_while(is_before).count();
        queue.insert(index, id);
    }

    /// Batches that waited longer than `delivery.timeout.ms`.
    pub(crate) fn expired(&self, config: &ProducerConfig, now: Time) -> Vec<BatchId> {
        let late = |batch: &ProducerBatch| batch.created.plus_millis(config.delivery_timeout_ms) <= now;
        self.batches.iter().filter(|(_, batch)| late(batch)).map(|(id, _)| *id).collect()
    }

    /// When the next batch expires.
    pub(crate) fn next_expiry(&self, config: &ProducerConfig) -> Option<Time> {
        self.batches.values().map(|batch| batch.created.plus_millis(config.delivery_timeout_ms)).min()
    }

    /// Takes a batch out for good.
    pub(crate) fn remove(&mut self, id: BatchId) -> Option<ProducerBatch> {
        let batch = self.batches.remove(&id)?;
        self.used_bytes -= batch.memory_bytes;
        self.flushing.remove(&id);
        if let Some(queue) = self.queues.get_mut(&batch.partition) {
            queue.retain(|other| *other != id);
        }
        Some(batch)
    }

    /// Breaks a batch that the broker found too large into batches of `batch.size`, in its place and its sequence.
    pub(crate) fn split(&mut self, config: &ProducerConfig, id: BatchId) -> Vec<BatchId> {
        let was_flushing = self.flushing.contains(&id);
        let Some(batch) = self.remove(id) else { return Vec::new() };
        let bytes = batch.builder.build(0, ottla_records::NO_PARTITION_LEADER_EPOCH);
        let decoded = Batches::new(bytes).next().and_then(Result::ok);
        let records = decoded.and_then(|b| b.records(&Limits::default()).ok()).unwrap_or_default();
        let mut parts: Vec<BatchId> = Vec::new();
        for (record, sent) in records.into_iter().zip(batch.records) {
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            let fits = parts
                .last()
                .and_then(|id| self.batches.get(id))
                .is_some_and(|part| part.has_room(record.timestamp, key, value, &record.headers));
            if !fits {
                let bytes = (record_size_upper_bound(key, value, &record.headers) as u64).max(config.batch_size);
                parts.push(self.open_batch(config, batch.created, batch.partition.clone(), bytes, bytes));
            }
            let part = parts.last().and_then(|id| self.batches.get_mut(id));
            if let Some(part) = part {
                part.builder.append(record.timestamp, key, value, &record.headers);
                part.records.push(sent);
            }
        }
        let mut producer = batch.producer;
        for id in &parts {
            let Some(part) = self.batches.get_mut(id) else { continue };
            part.closed = true;
            part.producer = producer;
            producer = producer.map(|(id, epoch, base)| (id, epoch, increment_sequence(base, part.count())));
        }
        let queue = self.queues.entry(batch.partition).or_default();
        parts.iter().rev().for_each(|id| queue.push_front(*id));
        if was_flushing {
            self.flushing.extend(&parts);
        }
        parts
    }

    /// The sticky choice of a topic.
    pub(crate) fn sticky_of(&mut self, topic: &str) -> &mut StickyPartitioner {
        self.sticky.entry(topic.to_owned()).or_default()
    }

    /// Counts bytes of a record without a key and moves on to another partition where that is due.
    pub(crate) fn count_sticky(
        &mut self,
        config: &ProducerConfig,
        metadata: &Metadata,
        partition: &TopicPartition,
        bytes: u64,
        rng: &mut Rng,
    ) {
        let may_switch = self.is_tail_full(partition);
        let Some(info) = metadata.topics.get(&partition.topic) else { return };
        self.sticky_of(&partition.topic).produced(bytes, config.batch_size, may_switch, info, rng);
    }
}
