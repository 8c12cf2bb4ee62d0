//! Positions that have to be asked for: resets and validations. Serves the consumer; invariant: an answer counts only while
//! the partition still waits for it (Kafka's `OffsetFetcher`).

use super::config::Reset;
use super::subscription::{FetchState, Position};
use super::{Asked, Consumer};
use crate::network::Outcome;
use crate::{JavaError, Node, TopicPartition};
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind, ResponseKind,
    messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic},
    messages::{ListOffsetsRequest, OffsetForLeaderEpochRequest},
    topic_name,
};
use ottla_world::Context;
use std::collections::BTreeMap;

const LOGGER: &str = "org.apache.kafka.clients.consumer.internals.OffsetFetcherUtils";

type Wanted = (TopicPartition, FetchState, Option<i32>);

impl Consumer {
    /// Asks leaders about partitions that wait for a reset or a validation.
    pub(super) fn ask_offsets(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        let resets = self.subscription.to_ask(now, |state| matches!(state, FetchState::AwaitReset(_)));
        self.ask_leaders(cx, resets, true);
        let validations = self.subscription.to_ask(now, |state| state == FetchState::AwaitValidation);
        self.ask_leaders(cx, validations, false);
    }

    fn ask_leaders(&mut self, cx: &mut Context<'_>, partitions: Vec<TopicPartition>, resets: bool) {
        let now = cx.now();
        let mut by_node: BTreeMap<i32, (Node, Vec<Wanted>)> = BTreeMap::new();
        for partition in partitions {
            let leader = self.network.metadata.leader(&partition).map(|(node, epoch)| (node.clone(), epoch));
            let Some(state) = self.subscription.partitions.get_mut(&partition) else { continue };
            match leader {
                Some((node, epoch)) => {
                    state.asked = true;
                    let wanted = (partition, state.state, epoch);
                    by_node.entry(node.id).or_insert_with(|| (node, Vec::new())).1.push(wanted);
                }
                None => {
                    state.retry_at = now.plus_millis(self.config.retry.initial_ms);
                    self.network.metadata.add_topic(&partition.topic, ottla_world::Time::MAX);
                    self.network.metadata.request_update();
                }
            }
        }
        for (node, wanted) in by_node.into_values() {
            let partitions: Vec<(TopicPartition, FetchState)> =
                wanted.iter().map(|(partition, state, _)| (partition.clone(), *state)).collect();
            let (body, versions, asked) = if resets {
                (self.list_offsets(cx, wanted), (1, 10), Asked::ListOffsets(partitions))
            } else {
                (self.epochs_request(wanted), (2, 4), Asked::Epochs(partitions))
            };
            let timeout_ms = self.config.request_timeout_ms;
            let tag = self.mailbox.send(cx, &mut self.network, &node, body, versions, timeout_ms);
            self.asked.insert(tag, asked);
        }
    }

    fn list_offsets(&self, cx: &Context<'_>, wanted: Vec<Wanted>) -> RequestKind {
        let mut topics: BTreeMap<String, Vec<ListOffsetsPartition>> = BTreeMap::new();
        for (partition, state, epoch) in wanted {
            let timestamp = match state {
                FetchState::AwaitReset(Reset::Earliest) => -2,
                FetchState::AwaitReset(Reset::ByDuration(ms)) => cx.wall_ms() - ms,
                _ => -1,
            };
            let asked = ListOffsetsPartition::default()
                .with_partition_index(partition.partition)
                .with_current_leader_epoch(epoch.unwrap_or(-1))
                .with_timestamp(timestamp);
            topics.entry(partition.topic).or_default().push(asked);
        }
        let topics = topics.into_iter().map(|(name, partitions)| {
            ListOffsetsTopic::default().with_name(topic_name(&name)).with_partitions(partitions)
        });
        let request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_isolation_level(i8::from(self.config.read_committed))
            .with_topics(topics.collect());
        RequestKind::ListOffsets(request)
    }

    fn epochs_request(&self, wanted: Vec<Wanted>) -> RequestKind {
        let mut topics: BTreeMap<String, Vec<OffsetForLeaderPartition>> = BTreeMap::new();
        for (partition, _, epoch) in wanted {
            let position = self.subscription.partitions.get(&partition).and_then(|state| state.position);
            let asked = OffsetForLeaderPartition::default()
                .with_partition(partition.partition)
                .with_current_leader_epoch(epoch.unwrap_or(-1))
                .with_leader_epoch(position.and_then(|p| p.offset_epoch).unwrap_or(-1));
            topics.entry(partition.topic).or_default().push(asked);
        }
        let topics = topics.into_iter().map(|(name, partitions)| {
            OffsetForLeaderTopic::default().with_topic(topic_name(&name)).with_partitions(partitions)
        });
        let request =
            OffsetForLeaderEpochRequest::default().with_replica_id(BrokerId(-1)).with_topics(topics.collect());
        RequestKind::OffsetForLeaderEpoch(request)
    }

    /// Takes the answer to ListOffsets.
    pub(super) fn offsets_listed(
        &mut self,
        cx: &mut Context<'_>,
        asked: &[(TopicPartition, FetchState)],
        outcome: &Outcome,
    ) {
        let response = match outcome {
            Outcome::Response(response) => match response.as_ref() {
                ResponseKind::ListOffsets(response) => Some(response),
                _ => None,
            },
            _ => None,
        };
        for (partition, state) in asked {
            let topic = response.and_then(|r| r.topics.iter().find(|t| t.name.as_str() == partition.topic));
            let answer = topic.and_then(|t| t.partitions.iter().find(|p| p.partition_index == partition.partition));
            let Some(answer) = answer else {
                self.ask_later(cx, partition);
                continue;
            };
            match ErrorCode::from_code(answer.error_code) {
                ErrorCode::None => self.reset_to(cx, partition, *state, answer.offset, answer.leader_epoch),
                error => self.offset_error(cx, partition, error, "ListOffset"),
            }
        }
    }

    fn reset_to(&mut self, cx: &Context<'_>, partition: &TopicPartition, state: FetchState, offset: i64, epoch: i32) {
        let still_waits = self.subscription.partitions.get(partition).is_some_and(|s| s.state == state);
        if !still_waits {
            return;
        }
        if offset < 0 {
            // Nothing as young as asked for: the end.
            self.subscription.request_reset(partition, Some(Reset::Latest));
            return self.ask_later(cx, partition);
        }
        if epoch >= 0 {
            self.network.metadata.saw_epoch(partition, epoch);
        }
        self.subscription.seek(partition, offset, None, &self.network.metadata);
    }

    /// Takes the answer to OffsetForLeaderEpoch.
    pub(super) fn epochs_answered(
        &mut self,
        cx: &mut Context<'_>,
        asked: &[(TopicPartition, FetchState)],
        outcome: &Outcome,
    ) {
        let response = match outcome {
            Outcome::Response(response) => match response.as_ref() {
                ResponseKind::OffsetForLeaderEpoch(response) => Some(response),
                _ => None,
            },
            _ => None,
        };
        for (partition, state) in asked {
            let topic = response.and_then(|r| r.topics.iter().find(|t| t.topic.as_str() == partition.topic));
            let answer = topic.and_then(|t| t.partitions.iter().find(|p| p.partition == partition.partition));
            let waits = self.subscription.partitions.get(partition).filter(|s| s.state == *state);
            let Some(position) = waits.and_then(|s| s.position) else { continue };
            let Some(answer) = answer else {
                self.ask_later(cx, partition);
                continue;
            };
            match ErrorCode::from_code(answer.error_code) {
                ErrorCode::None => {
                    self.validated(partition, position, answer.leader_epoch, answer.end_offset);
                }
                error => self.offset_error(cx, partition, error, "OffsetsForLeaderEpoch"),
            }
        }
    }

    /// The position is on the leader's log up to `end_offset` of its epoch (`maybeCompleteValidation`).
    fn validated(&mut self, partition: &TopicPartition, position: Position, epoch: i32, end_offset: i64) {
        let unknown = epoch < 0 || end_offset < 0;
        if !unknown && end_offset >= position.offset {
            return self.subscription.seek_validated(partition, position);
        }
        if !self.subscription.has_default_reset() {
            let error = JavaError::new(
                "org.apache.kafka.clients.consumer.LogTruncationException",
                format!("Detected truncated partitions: {partition}, fetch position {}", position.offset),
            );
            return self.fail(error);
        }
        if unknown {
            self.subscription.request_reset(partition, None);
        } else {
            let diverged = Position { offset: end_offset, offset_epoch: Some(epoch), ..position };
            self.subscription.seek_validated(partition, diverged);
        }
    }

    fn offset_error(&mut self, cx: &Context<'_>, partition: &TopicPartition, error: ErrorCode, request: &str) {
        if error == ErrorCode::UnknownTopicOrPartition {
            self.network.log.warn(
                LOGGER,
                format!("Received unknown topic or partition error in {request} request for partition {partition}"),
            );
        }
        self.network.metadata.request_update();
        self.ask_later(cx, partition);
    }

    fn ask_later(&mut self, cx: &Context<'_>, partition: &TopicPartition) {
        self.network.metadata.request_update();
        let at = cx.now().plus_millis(self.config.retry.initial_ms);
        if let Some(state) = self.subscription.partitions.get_mut(partition) {
            state.asked = false;
            state.retry_at = at;
        }
    }
}
