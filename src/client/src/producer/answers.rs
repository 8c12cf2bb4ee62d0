//! What brokers answer to batches. Serves the sender; invariant: an answer for a batch that is gone (it expired) changes
//! nothing (Kafka's `Sender.completeBatch`, `failBatch`).

use super::Producer;
use super::batch::{BatchId, ProducerBatch};
use super::record::ProducerEvent;
use super::sender::InFlightProduce;
use crate::{JavaError, Node, TopicPartition};
use ottla_wire::{
    ErrorCode,
    messages::ProduceResponse,
    messages::produce_response::{NodeEndpoint, PartitionProduceResponse},
};
use ottla_world::Context;

const LOGGER: &str = "org.apache.kafka.clients.producer.internals.Sender";
pub(super) const SEQUENCES_LOGGER: &str = "org.apache.kafka.clients.producer.internals.TransactionManager";

/// The answer to one batch.
#[derive(Clone, Debug)]
pub(super) struct BatchAnswer<'a> {
    pub(super) error: ErrorCode,
    pub(super) message: Option<&'a str>,
    pub(super) base_offset: i64,
    pub(super) log_append_time_ms: i64,
    /// Records that were refused: their place in the batch, and why.
    pub(super) record_errors: Vec<(i32, Option<String>)>,
}

impl Default for BatchAnswer<'_> {
    fn default() -> Self {
        BatchAnswer {
            error: ErrorCode::None,
            message: None,
            base_offset: -1,
            log_append_time_ms: -1,
            record_errors: Vec::new(),
        }
    }
}

impl BatchAnswer<'_> {
    fn log_text(&self) -> String {
        match self.message.filter(|m| !m.is_empty()) {
            Some(message) => format!("{}. Error Message: {message}", self.error),
            None => self.error.to_string(),
        }
    }

    /// The exception of the record at `index`.
    fn error_of(&self, index: i32) -> JavaError {
        if self.record_errors.is_empty() {
            return JavaError::of(self.error, self.message);
        }
        let Some((_, text)) = self.record_errors.iter().find(|(at, _)| *at == index) else {
            return JavaError::new(
                "org.apache.kafka.common.KafkaException",
                "Failed to append record because it was part of a batch which had one more more invalid records",
            );
        };
        let text = text.as_deref().or(self.message).unwrap_or_else(|| self.error.message());
        let error = if self.record_errors.len() == 1 { self.error } else { ErrorCode::InvalidRecord };
        JavaError::of(error, Some(text))
    }
}

impl Producer {
    /// Takes a produce response.
    pub(super) fn produce_response(
        &mut self,
        cx: &mut Context<'_>,
        request: &InFlightProduce,
        correlation_id: i32,
        response: &ProduceResponse,
    ) {
        let nodes: Vec<Node> = response.node_endpoints.iter().map(node_of).collect();
        for topic in &response.responses {
            let name = if topic.name.is_empty() {
                let known = self.network.metadata.topic_of(topic.topic_id).map(str::to_owned);
                // The topic may have been deleted meanwhile; a request mostly holds one topic.
                known.or_else(|| request.batches.keys().next().map(|p| p.topic.clone()))
            } else {
                Some(topic.name.to_string())
            };
            let Some(name) = name else { continue };
            for partition in &topic.partition_responses {
                let key = TopicPartition::new(name.as_str(), partition.index);
                if let Some(id) = request.batches.get(&key) {
                    self.batch_answered(cx, *id, correlation_id, &answer_of(partition));
                }
                let leader = &partition.current_leader;
                self.network.metadata.learn_leader(&key, leader.leader_id.0, leader.leader_epoch, &nodes);
            }
        }
    }

    /// Takes the answer to one batch.
    pub(super) fn batch_answered(
        &mut self,
        cx: &mut Context<'_>,
        id: BatchId,
        correlation_id: i32,
        answer: &BatchAnswer<'_>,
    ) {
        let Some(batch) = self.accumulator.batches.get(&id) else { return };
        let partition = batch.partition.clone();
        let attempts_left = self.config.retries - batch.attempts;
        let error = answer.error;
        if error.is_none() || error == ErrorCode::DuplicateSequenceNumber {
            self.deliver_batch(id, answer);
        } else if error == ErrorCode::MessageTooLarge && batch.records.len() > 1 {
            self.network.log.warn(
                LOGGER,
                format!(
                    "Got error produce response in correlation id {correlation_id} on topic-partition {partition}, \
                     splitting and retrying ({attempts_left} attempts left). Error: {}",
                    answer.log_text()
                ),
            );
            let parts = self.accumulator.split(&self.config, id);
            if let Some(identity) = &mut self.identity {
                identity.split(id, &partition, &parts);
            }
        } else if self.can_retry(cx, id, error) {
            self.network.log.warn(
                LOGGER,
                format!(
                    "Got error produce response with correlation id {correlation_id} on topic-partition {partition}, \
                     retrying ({} attempts left). Error: {}",
                    attempts_left - 1,
                    answer.log_text()
                ),
            );
            let attempts = self.accumulator.batches.get(&id).map_or(0, |b| b.attempts);
            let backoff_ms = self.config.retry.draw_ms(cx.rng(), u32::try_from(attempts).unwrap_or(u32::MAX));
            self.accumulator.reenqueue(id, backoff_ms, cx.now());
        } else {
            self.refuse_batch(id, answer, attempts_left > 0);
        }
        self.accumulator.muted.remove(&partition);
        if error.is_invalid_metadata() {
            self.stale_metadata(&partition, answer);
        }
    }

    fn can_retry(&mut self, cx: &Context<'_>, id: BatchId, error: ErrorCode) -> bool {
        let Some(batch) = self.accumulator.batches.get(&id) else { return false };
        let in_time = batch.created.plus_millis(self.config.delivery_timeout_ms) > cx.now();
        in_time
            && batch.attempts < self.config.retries
            && match &mut self.identity {
                Some(identity) => identity.can_retry(error, batch),
                None => error.is_retriable(),
            }
    }

    fn stale_metadata(&mut self, partition: &TopicPartition, answer: &BatchAnswer<'_>) {
        let text = if answer.error == ErrorCode::UnknownTopicOrPartition {
            format!(
                "Received unknown topic or partition error in produce request on partition {partition}. The \
                 topic-partition may not exist or the user may not have Describe access to it"
            )
        } else {
            let error = JavaError::of(answer.error, answer.message);
            format!(
                "Received invalid metadata error in produce request on partition {partition} due to {error} Going to \
                 request metadata update now"
            )
        };
        self.network.log.warn(LOGGER, text);
        self.network.metadata.request_update();
    }

    fn deliver_batch(&mut self, id: BatchId, answer: &BatchAnswer<'_>) {
        let Some(batch) = self.accumulator.remove(id) else { return };
        if let Some(identity) = &mut self.identity {
            identity.completed(id, &batch);
        }
        let ProducerBatch { partition, records, .. } = batch;
        let mut offset = answer.base_offset;
        for record in records {
            self.events.push(ProducerEvent::Delivered {
                send: record.send,
                topic: partition.topic.clone(),
                partition: partition.partition,
                offset,
                timestamp_ms: if answer.log_append_time_ms < 0 {
                    record.timestamp_ms
                } else {
                    answer.log_append_time_ms
                },
            });
            offset = if offset < 0 { offset } else { offset + 1 };
        }
    }

    fn refuse_batch(&mut self, id: BatchId, answer: &BatchAnswer<'_>, adjust: bool) {
        let batch = self.accumulator.batches.get(&id).map(|batch| (batch.partition.clone(), batch.producer));
        self.fail_records(id, adjust, |index| answer.error_of(index));
        // A gap that no later batch can fill: this partition counts anew, in the next epoch
        // (`TransactionManager.handleFailedBatch`).
        if answer.error == ErrorCode::OutOfOrderSequenceNumber
            && let Some(identity) = &mut self.identity
            && let Some((partition, Some((producer_id, epoch, sequence)))) = batch
        {
            let error = JavaError::of(answer.error, answer.message);
            self.afterwards.push(format!(
                "The broker returned {error} for topic-partition {partition} with producerId {producer_id}, epoch {epoch}, \
                 and sequence number {sequence}"
            ));
            identity.count_anew(partition);
        }
    }

    /// Gives a batch up.
    pub(super) fn fail_batch(&mut self, id: BatchId, error: &JavaError, adjust: bool) {
        self.fail_records(id, adjust, |_| error.clone());
    }

    fn fail_records(&mut self, id: BatchId, adjust: bool, error_of: impl Fn(i32) -> JavaError) {
        let Some(batch) = self.accumulator.remove(id) else { return };
        if let Some(identity) = &mut self.identity {
            identity.failed(id, &batch, adjust);
        }
        for (index, record) in batch.records.iter().enumerate() {
            self.events.push(ProducerEvent::Failed {
                send: record.send,
                topic: batch.partition.topic.clone(),
                key_bytes: record.key_bytes,
                value_bytes: record.value_bytes,
                error: error_of(i32::try_from(index).unwrap_or(i32::MAX)),
            });
        }
    }
}

fn answer_of(partition: &PartitionProduceResponse) -> BatchAnswer<'_> {
    BatchAnswer {
        error: ErrorCode::from_code(partition.error_code),
        message: partition.error_message.as_deref(),
        base_offset: partition.base_offset,
        log_append_time_ms: partition.log_append_time_ms,
        record_errors: partition
            .record_errors
            .iter()
            .map(|e| (e.batch_index, e.batch_index_error_message.as_ref().map(ToString::to_string)))
            .collect(),
    }
}

fn node_of(endpoint: &NodeEndpoint) -> Node {
    let rack = endpoint.rack.as_ref().map(ToString::to_string);
    let port = u16::try_from(endpoint.port).unwrap_or(0);
    Node { id: endpoint.node_id.0, host: endpoint.host.to_string(), port, rack, is_fenced: false }
}
