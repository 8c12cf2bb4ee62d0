//! Sending batches. Serves the producer; invariant: each batch is in flight at most once, and ends as delivered, as
//! failed or back in its queue (Kafka's `Sender`).

use super::Producer;
use super::batch::BatchId;
use crate::TopicPartition;
use crate::network::{Outcome, Outgoing};
use bytes::Bytes;
use ottla_wire::{
    ApiKey, ErrorCode, ProducerId, RequestKind, ResponseKind, Uuid,
    messages::produce_request::{PartitionProduceData, TopicProduceData},
    messages::{InitProducerIdRequest, ProduceRequest},
    topic_name,
};
use ottla_world::{Context, Time};
use std::collections::BTreeMap;

/// The newest version of Produce, by topic id.
const PRODUCE_VERSION: i16 = 13;
/// The newest version of Produce that goes by topic name.
const PRODUCE_BY_NAME_VERSION: i16 = 12;

/// A produce request in flight.
#[derive(Clone, Debug)]
pub(super) struct InFlightProduce {
    pub(super) batches: BTreeMap<TopicPartition, BatchId>,
}

/// The request for a producer id.
#[derive(Clone, Debug, Default)]
pub(super) struct InitProducer {
    /// Its number while it is in flight.
    pub(super) tag: Option<u64>,
    pub(super) attempts: u32,
    /// Not to be sent again before.
    pub(super) retry_at: Time,
}

impl Producer {
    /// Asks for a producer id where one is missing; true while nothing else may be sent.
    pub(super) fn ask_producer_id(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(identity) = &mut self.identity else { return false };
        identity.resolve(&mut self.accumulator.batches);
        if identity.producer.is_some() {
            return false;
        }
        let now = cx.now();
        if self.init.tag.is_some() || self.init.retry_at > now {
            return true;
        }
        let Some(node) = self.network.least_loaded(cx) else { return true };
        if !self.network.ready(cx, &node) {
            return true;
        }
        let version = self.network.version(node.id, ApiKey::InitProducerId, 0, 5).unwrap_or(0);
        let body = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(i32::MAX)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        let request = Outgoing {
            body: RequestKind::InitProducerId(body),
            version,
            correlation_id: None,
            timeout_ms: self.config.request_timeout_ms,
            expects_response: true,
        };
        self.init.tag = Some(self.network.send(cx, node.id, request));
        true
    }

    /// Takes the end of the request for a producer id.
    pub(super) fn producer_id_answered(&mut self, cx: &mut Context<'_>, outcome: &Outcome) {
        self.init.tag = None;
        if let Outcome::Response(response) = outcome
            && let ResponseKind::InitProducerId(response) = response.as_ref()
            && response.error_code == 0
            && let Some(identity) = &mut self.identity
        {
            let producer = (response.producer_id.0, response.producer_epoch);
            identity.set_producer(producer, &mut self.accumulator.batches);
            self.init.attempts = 0;
            return;
        }
        let backoff_ms = self.config.retry.draw_ms(cx.rng(), self.init.attempts);
        self.init.attempts += 1;
        self.init.retry_at = cx.now().plus_millis(backoff_ms);
        self.network.metadata.request_update();
    }

    /// Sends what is ready, fails what waited too long (`Sender.sendProducerData`).
    pub(super) fn send_producer_data(&mut self, cx: &mut Context<'_>) -> Option<Time> {
        let now = cx.now();
        let ready = self.accumulator.ready(&self.config, &self.network.metadata, now);
        if !ready.unknown_leaders.is_empty() {
            let until = now.plus_millis(self.config.metadata_max_idle_ms);
            ready.unknown_leaders.iter().for_each(|topic| self.network.metadata.add_topic(topic, until));
            self.network.metadata.request_update();
        }
        let mut wakeup = ready.next;
        for id in ready.nodes {
            let Some(node) = self.network.metadata.nodes.get(&id).cloned() else { continue };
            if self.network.ready(cx, &node) {
                self.send_to(cx, id);
            } else if let Some(at) = self.network.can_connect_at(id).filter(|at| *at > now) {
                wakeup = [wakeup, Some(at)].into_iter().flatten().min();
            }
        }
        self.expire_batches(cx);
        [wakeup, self.accumulator.next_expiry(&self.config)].into_iter().flatten().min()
    }

    fn send_to(&mut self, cx: &mut Context<'_>, node: i32) {
        let now = cx.now();
        let metadata = &self.network.metadata;
        let drained = self.accumulator.drain(&self.config, metadata, self.identity.as_mut(), node, now);
        if drained.is_empty() {
            return;
        }
        let mut batches = BTreeMap::new();
        let mut topics: BTreeMap<String, Vec<(i32, Bytes)>> = BTreeMap::new();
        for id in drained {
            let Some(batch) = self.accumulator.batches.get_mut(&id) else { continue };
            let bytes = batch.build();
            let partition = batch.partition.clone();
            topics.entry(partition.topic.clone()).or_default().push((partition.partition, bytes));
            if self.config.max_in_flight == 1 {
                self.accumulator.muted.insert(partition.clone());
            }
            batches.insert(partition, id);
        }
        let request = self.produce_request(node, topics);
        let tag = self.network.send(cx, node, request);
        self.in_flight.insert(tag, InFlightProduce { batches });
    }

    fn produce_request(&self, node: i32, topics: BTreeMap<String, Vec<(i32, Bytes)>>) -> Outgoing {
        let id_of = |topic: &str| self.network.metadata.topics.get(topic).map_or(Uuid::nil(), |t| t.id);
        let by_id = topics.keys().all(|topic| !id_of(topic).is_nil());
        let newest = if by_id { PRODUCE_VERSION } else { PRODUCE_BY_NAME_VERSION };
        let version = self.network.version(node, ApiKey::Produce, 3, newest).unwrap_or(3);
        let data = topics.into_iter().map(|(topic, partitions)| {
            let partitions = partitions
                .into_iter()
                .map(|(index, records)| PartitionProduceData::default().with_index(index).with_records(Some(records)));
            let data = TopicProduceData::default().with_partition_data(partitions.collect());
            if version >= PRODUCE_VERSION {
                data.with_topic_id(id_of(&topic))
            } else {
                data.with_name(topic_name(&topic))
            }
        });
        let body = ProduceRequest::default()
            .with_acks(self.config.acks)
            .with_timeout_ms(i32::try_from(self.config.request_timeout_ms).unwrap_or(i32::MAX))
            .with_topic_data(data.collect());
        Outgoing {
            body: RequestKind::Produce(body),
            version,
            correlation_id: None,
            timeout_ms: self.config.request_timeout_ms,
            expects_response: self.config.acks != 0,
        }
    }

    fn expire_batches(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        for id in self.accumulator.expired(&self.config, now) {
            let Some(batch) = self.accumulator.batches.get(&id) else { continue };
            let text = format!(
                "Expiring {} record(s) for {}:{} ms has passed since batch creation. The request has not been sent, or \
                 no server response has been received yet.",
                batch.count(),
                batch.partition,
                now.millis_since(batch.created)
            );
            let was_sent = batch.producer.is_some();
            if let Some(identity) = self.identity.as_mut().filter(|_| was_sent) {
                identity.mark_unresolved(batch);
            }
            self.fail_batch(id, &crate::JavaError::timeout(text), false);
        }
    }

    /// Takes the end of a produce request.
    pub(super) fn produce_answered(
        &mut self,
        cx: &mut Context<'_>,
        request: &InFlightProduce,
        completion: &crate::network::Completion,
    ) {
        let node = completion.node;
        let correlation_id = completion.correlation_id;
        match &completion.outcome {
            Outcome::Response(response) => {
                if let ResponseKind::Produce(response) = response.as_ref() {
                    self.produce_response(cx, request, correlation_id, response);
                }
            }
            Outcome::Sent => self.answer_all(cx, request, correlation_id, ErrorCode::None, None),
            Outcome::TimedOut => {
                let text = format!("Disconnected from node {node} due to timeout");
                self.answer_all(cx, request, correlation_id, ErrorCode::RequestTimedOut, Some(&text));
            }
            Outcome::Disconnected => {
                let text = format!("Disconnected from node {node}");
                self.answer_all(cx, request, correlation_id, ErrorCode::NetworkException, Some(&text));
            }
            Outcome::Unsupported => {
                self.answer_all(cx, request, correlation_id, ErrorCode::UnsupportedVersion, None);
            }
        }
    }

    fn answer_all(
        &mut self,
        cx: &mut Context<'_>,
        request: &InFlightProduce,
        correlation_id: i32,
        error: ErrorCode,
        message: Option<&str>,
    ) {
        for id in request.batches.values() {
            let answer = super::answers::BatchAnswer { error, message, ..super::answers::BatchAnswer::default() };
            self.batch_answered(cx, *id, correlation_id, &answer);
        }
    }
}
