//! Sends on their way into batches. Serves the producer; invariant: they pass in their order, each blocked at most
//! `max.block.ms` (Kafka's `KafkaProducer.doSend`, `waitOnMetadata`).

use super::Producer;
use super::accumulator::Appendable;
use super::batch::SentRecord;
use super::config::PartitionerKind;
use super::partitioner::partition_for_key;
use super::record::{ProducerEvent, ProducerRecord, SendId};
use crate::{JavaError, TopicPartition};
use bytes::Bytes;
use ottla_records::{RecordHeader, record_size_upper_bound};
use ottla_world::{Context, Time};

/// A send that Java would be blocked in.
#[derive(Clone, Debug)]
pub(super) struct WaitingSend {
    pub(super) id: SendId,
    pub(super) record: ProducerRecord,
    /// Since when it is the first in line.
    pub(super) since: Option<Time>,
    /// The metadata update it has seen already.
    pub(super) seen_update: Option<u64>,
}

enum Step {
    Done,
    Wait,
    Fail(JavaError),
}

impl Producer {
    /// Moves sends into batches as far as metadata and memory allow; when the first of the rest gives up.
    pub(super) fn advance_sends(&mut self, cx: &mut Context<'_>) -> Option<Time> {
        self.accumulator.exhausted = false;
        loop {
            let mut head = self.waiting.pop_front()?;
            let since = *head.since.get_or_insert(cx.now());
            match self.advance(cx, &mut head, since) {
                Step::Done => {}
                Step::Wait => {
                    self.waiting.push_front(head);
                    return Some(since.plus_millis(self.config.max_block_ms));
                }
                Step::Fail(error) => self.fail_send(&head, error),
            }
        }
    }

    fn advance(&mut self, cx: &mut Context<'_>, head: &mut WaitingSend, since: Time) -> Step {
        let topic = head.record.topic.clone();
        let now = cx.now();
        if let Some(error) = self.network.take_fatal() {
            return Step::Fail(error);
        }
        if self.network.metadata.is_invalid(&topic) {
            let error = self.network.metadata.take_invalid_topics();
            return Step::Fail(error.unwrap_or_else(|| JavaError::kafka("InvalidTopicException", topic)));
        }
        self.network.metadata.add_topic(&topic, now.plus_millis(self.config.metadata_max_idle_ms));
        let count = self.network.metadata.partition_count(&topic);
        let chosen = head.record.partition;
        match count {
            Some(count) if chosen.is_none_or(|partition| partition < count) => self.append(cx, head, count, since),
            _ => {
                if since.plus_millis(self.config.max_block_ms) <= now {
                    return Step::Fail(self.metadata_timeout(&topic, chosen, count));
                }
                let version = self.network.metadata.update_version;
                if head.seen_update != Some(version) {
                    head.seen_update = Some(self.network.metadata.request_update_for_topic(&topic));
                }
                Step::Wait
            }
        }
    }

    fn metadata_timeout(&self, topic: &str, chosen: Option<i32>, count: Option<i32>) -> JavaError {
        let ms = self.config.max_block_ms;
        let text = match (chosen, count) {
            (Some(partition), Some(count)) => format!(
                "Partition {partition} of topic {topic} with partition count {count} is not present in metadata after \
                 {ms} ms."
            ),
            _ => format!("Topic {topic} not present in metadata after {ms} ms."),
        };
        let error = JavaError::timeout(text);
        match self.network.metadata.errors.get(topic) {
            Some(code) => error.caused_by(JavaError::of(*code, None)),
            None => error,
        }
    }

    fn append(&mut self, cx: &mut Context<'_>, head: &WaitingSend, count: i32, since: Time) -> Step {
        let record = &head.record;
        let headers: Vec<RecordHeader> = record
            .headers
            .iter()
            .map(|(key, value)| RecordHeader { key: Bytes::copy_from_slice(key.as_bytes()), value: value.clone() })
            .collect();
        let (key, value) = (record.key.clone(), record.value.clone());
        let size = record_size_upper_bound(key.as_deref(), value.as_deref(), &headers) as u64;
        if let Some(error) = self.too_large(size) {
            return Step::Fail(error);
        }
        let is_sticky = record.partition.is_none()
            && self.config.partitioner == PartitionerKind::BuiltIn
            && (key.is_none() || self.config.ignore_keys);
        let partition = TopicPartition::new(record.topic.as_str(), self.choose_partition(cx, record, count));
        let sent = SentRecord {
            send: head.id,
            timestamp_ms: record.timestamp_ms.unwrap_or(cx.wall_ms()),
            key_bytes: key.as_ref().map(|k| k.len() as u64),
            value_bytes: value.as_ref().map(|v| v.len() as u64),
        };
        let appendable = Appendable { sent, key, value, headers };
        match self.accumulator.append(&self.config, cx.now(), &partition, appendable) {
            Ok(bytes) => {
                if is_sticky {
                    let metadata = &self.network.metadata;
                    self.accumulator.count_sticky(&self.config, metadata, &partition, bytes, cx.rng());
                }
                Step::Done
            }
            Err((_, needed)) => {
                if since.plus_millis(self.config.max_block_ms) <= cx.now() {
                    return Step::Fail(self.memory_timeout(needed));
                }
                self.accumulator.exhausted = true;
                Step::Wait
            }
        }
    }

    fn choose_partition(&mut self, cx: &mut Context<'_>, record: &ProducerRecord, count: i32) -> i32 {
        if let Some(partition) = record.partition {
            return partition;
        }
        let Some(info) = self.network.metadata.topics.get(&record.topic) else { return 0 };
        let sticky = self.accumulator.sticky_of(&record.topic);
        match (&record.key, self.config.partitioner) {
            (_, PartitionerKind::RoundRobin) => sticky.round_robin(info),
            (Some(key), _) if !self.config.ignore_keys => partition_for_key(key, count),
            _ => sticky.current(info, cx.rng()),
        }
    }

    fn too_large(&self, size: u64) -> Option<JavaError> {
        let (limit, what) = if size > self.config.max_request_size {
            (self.config.max_request_size, "is the value of the max.request.size configuration.")
        } else if size > self.config.buffer_memory {
            let text = format!(
                "The message is {size} bytes when serialized which is larger than the total memory buffer you have \
                 configured with the buffer.memory configuration."
            );
            return Some(JavaError::kafka("RecordTooLargeException", text));
        } else {
            return None;
        };
        let text = format!("The message is {size} bytes when serialized which is larger than {limit}, which {what}");
        Some(JavaError::kafka("RecordTooLargeException", text))
    }

    fn memory_timeout(&self, needed: u64) -> JavaError {
        let text = format!(
            "Failed to allocate {needed} bytes within the configured max blocking time {} ms. Total memory: {} bytes. \
             Available memory: {} bytes. Poolable size: {} bytes",
            self.config.max_block_ms,
            self.config.buffer_memory,
            self.accumulator.free_bytes(&self.config),
            self.config.batch_size
        );
        JavaError::new("org.apache.kafka.clients.producer.BufferExhaustedException", text)
    }

    /// Answers a send that never got into a batch.
    pub(super) fn fail_send(&mut self, send: &WaitingSend, error: JavaError) {
        self.events.push(ProducerEvent::Failed {
            send: send.id,
            topic: send.record.topic.clone(),
            key_bytes: send.record.key.as_ref().map(|k| k.len() as u64),
            value_bytes: send.record.value.as_ref().map(|v| v.len() as u64),
            error,
        });
    }
}
