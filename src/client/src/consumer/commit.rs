//! Committed offsets: writing and reading them. Serves the consumer; invariant: only positions of handed-out records are
//! committed, under the generation they were read in (Kafka's `ConsumerCoordinator`).

use super::coordinator::{LOGGER, MemberState};
use super::record::{ConsumerEvent, OffsetAndMetadata};
use super::subscription::FetchState;
use super::{Asked, Consumer};
use crate::network::Outcome;
use crate::{JavaError, TopicPartition};
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind, group_id,
    java::string_hash,
    messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics},
    messages::{OffsetCommitRequest, OffsetFetchRequest, OffsetFetchResponse},
    str_bytes, topic_name,
};
use ottla_world::{Context, Time};
use std::collections::BTreeMap;

pub(crate) type Offsets = BTreeMap<TopicPartition, OffsetAndMetadata>;

/// Why a commit is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommitKind {
    /// `auto.commit.interval.ms` passed.
    Auto,
    /// Before a rejoin.
    Prepare,
    /// Asked for; given up at this time.
    Asked(Time),
    /// On closing; given up at this time.
    Close(Time),
}

/// A commit, waiting or in flight.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) offsets: Offsets,
    pub(crate) kind: CommitKind,
    /// Not to be sent before.
    pub(crate) at: Time,
}

/// The text of Java's map of offsets, in the order of its hash map.
pub(crate) fn offsets_text(offsets: &Offsets) -> String {
    let mut buckets: u32 = 16;
    while offsets.len() as u64 * 4 > u64::from(buckets) * 3 {
        buckets *= 2;
    }
    let bucket = |partition: &TopicPartition| {
        let hash = 31_i32.wrapping_add(partition.partition).wrapping_mul(31);
        let hash = hash.wrapping_add(string_hash(&partition.topic)).cast_unsigned();
        (hash ^ (hash >> 16)) & (buckets - 1)
    };
    let one = |(partition, o): (&TopicPartition, &OffsetAndMetadata)| {
        let epoch = o.leader_epoch.map_or("null".to_owned(), |epoch| epoch.to_string());
        format!("{partition}=OffsetAndMetadata{{offset={}, leaderEpoch={epoch}, metadata='{}'}}", o.offset, o.metadata)
    };
    let mut sorted: Vec<(&TopicPartition, &OffsetAndMetadata)> = offsets.iter().collect();
    sorted.sort_by_key(|(partition, _)| bucket(partition));
    format!("{{{}}}", sorted.into_iter().map(one).collect::<Vec<_>>().join(", "))
}

fn commit_failed(text: &str) -> JavaError {
    JavaError::new("org.apache.kafka.clients.consumer.CommitFailedException", text)
}

const NOT_A_MEMBER: &str = "Offset commit cannot be completed since the consumer is not part of an active group for auto \
                            partition assignment; it is likely that the consumer was kicked out of the group.";
const REBALANCING: &str = "Offset commit cannot be completed since the consumer is undergoing a rebalance for auto \
                           partition assignment. You can try completing the rebalance by calling poll() and then retry \
                           the operation.";
const TOO_LATE: &str = "Commit cannot be completed since the group has already rebalanced and assigned the partitions to \
                        another member. This means that the time between subsequent calls to poll() was longer than the \
                        configured max.poll.interval.ms, which typically implies that the poll loop is spending too much \
                        time message processing. You can address this either by increasing max.poll.interval.ms or by \
                        reducing the maximum size of batches returned in poll() with max.poll.records.";

impl Consumer {
    /// Sets the next automatic commit.
    pub(super) fn schedule_auto_commit(&mut self, now: Time) {
        if self.config.auto_commit {
            self.coordinator.next_auto_commit = now.plus_millis(self.config.auto_commit_interval_ms);
        }
    }

    /// Commits by itself if it is time and no rebalance is on; called as Java does, before records are handed out.
    pub(super) fn maybe_auto_commit(&mut self, cx: &mut Context<'_>) {
        let rejoins = self.subscription.is_group_managed()
            && (self.coordinator.state != MemberState::Stable || self.coordinator.rejoin_needed);
        if !rejoins && self.coordinator.next_auto_commit <= cx.now() {
            self.schedule_auto_commit(cx.now());
            self.auto_commit(cx, false);
        }
    }

    /// Commits all positions without being asked.
    pub(super) fn auto_commit(&mut self, cx: &mut Context<'_>, prepare: bool) {
        let kind = if prepare { CommitKind::Prepare } else { CommitKind::Auto };
        let commit = Commit { offsets: self.subscription.all_consumed(), kind, at: cx.now() };
        self.send_commit(cx, commit);
    }

    /// Sends a commit, or ends it at once if there is nothing to send.
    pub(super) fn send_commit(&mut self, cx: &mut Context<'_>, commit: Commit) {
        if commit.offsets.is_empty() {
            return self.commit_ended(cx, commit, None);
        }
        let managed = self.subscription.is_group_managed();
        if managed && self.coordinator.state != MemberState::Stable {
            let rebalancing = matches!(self.coordinator.state, MemberState::Preparing | MemberState::Completing);
            let error = if rebalancing {
                JavaError::kafka("RebalanceInProgressException", REBALANCING)
            } else {
                commit_failed(NOT_A_MEMBER)
            };
            return self.commit_ended(cx, commit, Some((error, false)));
        }
        if !self.ensure_coordinator(cx) {
            let error = JavaError::of(ErrorCode::CoordinatorNotAvailable, None);
            return self.commit_ended(cx, commit, Some((error, true)));
        }
        let Some(node) = self.coordinator.node.clone() else { return };
        let body = self.commit_request(&commit.offsets, managed);
        self.ask(cx, &node, RequestKind::OffsetCommit(body), (2, 9), Asked::Commit(commit));
    }

    fn commit_request(&self, offsets: &Offsets, managed: bool) -> OffsetCommitRequest {
        let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
        for (partition, offset) in offsets {
            let committed = OffsetCommitRequestPartition::default()
                .with_partition_index(partition.partition)
                .with_committed_offset(offset.offset)
                .with_committed_leader_epoch(offset.leader_epoch.unwrap_or(-1))
                .with_committed_metadata(Some(str_bytes(&offset.metadata)));
            topics.entry(&partition.topic).or_default().push(committed);
        }
        let topics = topics.into_iter().map(|(name, partitions)| {
            OffsetCommitRequestTopic::default().with_name(topic_name(name)).with_partitions(partitions)
        });
        let (generation, member) =
            if managed { (self.coordinator.generation, self.coordinator.member_id.as_str()) } else { (-1, "") };
        OffsetCommitRequest::default()
            .with_group_id(group_id(&self.config.group_id.clone().unwrap_or_default()))
            .with_generation_id_or_member_epoch(generation)
            .with_member_id(str_bytes(member))
            .with_group_instance_id(self.config.group_instance_id.as_deref().map(str_bytes))
            .with_topics(topics.collect())
    }

    /// Takes the answer to OffsetCommit.
    pub(super) fn commit_answered(&mut self, cx: &mut Context<'_>, commit: Commit, outcome: &Outcome) {
        let Outcome::Response(response) = outcome else {
            self.coordinator_lost(cx, true);
            let error = JavaError::of(ErrorCode::NetworkException, None);
            return self.commit_ended(cx, commit, Some((error, true)));
        };
        let ResponseKind::OffsetCommit(response) = response.as_ref() else { return };
        self.coordinator_answered();
        let failed = response.topics.iter().flat_map(|topic| {
            let name = topic.name.to_string();
            topic.partitions.iter().map(move |p| (TopicPartition::new(name.as_str(), p.partition_index), p.error_code))
        });
        let failed = failed.map(|(p, code)| (p, ErrorCode::from_code(code))).find(|(_, error)| !error.is_none());
        let Some((partition, error)) = failed else { return self.commit_ended(cx, commit, None) };
        let offset = commit.offsets.get(&partition).map_or(-1, |o| o.offset);
        let text = format!("Offset commit failed on partition {partition} at offset {offset}: {}", error.message());
        if error.is_retriable() {
            self.network.log.warn(LOGGER, text);
        } else {
            self.network.log.error(LOGGER, text);
        }
        let ended = self.commit_error(cx, error);
        self.commit_ended(cx, commit, Some(ended));
    }

    /// The exception of a refused commit, and whether it may be tried again.
    fn commit_error(&mut self, cx: &mut Context<'_>, error: ErrorCode) -> (JavaError, bool) {
        match error {
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator | ErrorCode::RequestTimedOut => {
                self.coordinator_lost(cx, false);
                (JavaError::of(error, None), true)
            }
            ErrorCode::RebalanceInProgress => {
                self.coordinator.request_rejoin("offset commit failed since group is already rebalancing");
                let text = "Offset commit cannot be completed since the consumer group is executing a rebalance at the \
                            moment. You can try completing the rebalance by calling poll() and then retry commit again";
                (JavaError::kafka("RebalanceInProgressException", text), false)
            }
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
                let reason = format!("encountered {error} from OFFSET_COMMIT response");
                self.coordinator.reset(&reason, error == ErrorCode::UnknownMemberId);
                (commit_failed(TOO_LATE), false)
            }
            ErrorCode::FencedInstanceId
            | ErrorCode::OffsetMetadataTooLarge
            | ErrorCode::InvalidCommitOffsetSize
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::UnknownTopicOrPartition => (JavaError::of(error, None), error.is_retriable()),
            _ => {
                let text = format!("Unexpected error in commit: {}", error.message());
                (JavaError::new("org.apache.kafka.common.KafkaException", text), false)
            }
        }
    }

    /// A commit is over, or is tried again.
    fn commit_ended(&mut self, cx: &mut Context<'_>, commit: Commit, error: Option<(JavaError, bool)>) {
        let now = cx.now();
        let retry_at = now.plus_millis(self.config.retry.initial_ms);
        let is_retriable = error.as_ref().is_some_and(|(_, retriable)| *retriable);
        let error = error.map(|(error, _)| error);
        match (commit.kind, error) {
            (CommitKind::Asked(until) | CommitKind::Close(until), Some(_)) if is_retriable && until > retry_at => {
                self.waiting_commits.push(Commit { at: retry_at, ..commit });
            }
            (CommitKind::Prepare, Some(_)) if is_retriable => {
                let offsets = commit.offsets;
                self.waiting_commits.push(Commit { at: retry_at, kind: CommitKind::Prepare, offsets });
            }
            (CommitKind::Auto, Some(_)) if is_retriable => self.coordinator.next_auto_commit = retry_at,
            (CommitKind::Auto, Some(error)) => {
                let offsets = offsets_text(&commit.offsets);
                let text = format!("Asynchronous auto-commit of offsets {offsets} failed: {}", error.text());
                self.network.log.warn(LOGGER, text);
            }
            (CommitKind::Prepare, error) => {
                if let Some(error) = error {
                    let text = format!(
                        "Asynchronous auto-commit of offsets failed: {}. Will continue to join group.",
                        error.text()
                    );
                    self.network.log.error(LOGGER, text);
                }
                if self.coordinator.prepare_commit.is_some() {
                    self.coordinator.prepare_commit = Some(true);
                }
            }
            (CommitKind::Asked(_), error) => {
                self.events.push(ConsumerEvent::Committed { offsets: commit.offsets, error });
            }
            (CommitKind::Close(_), error) => {
                if let Some(error) = error.filter(|_| !is_retriable) {
                    let offsets = offsets_text(&commit.offsets);
                    let text = format!("Synchronous auto-commit of offsets {offsets} failed: {}", error.text());
                    self.network.log.warn(LOGGER, text);
                }
                self.close_committed = true;
            }
            (CommitKind::Auto, None) => {}
        }
    }

    /// Sends commits whose time to be tried again has come.
    pub(super) fn retry_commits(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        for commit in std::mem::take(&mut self.waiting_commits) {
            if commit.at <= now {
                self.send_commit(cx, commit);
            } else {
                self.waiting_commits.push(commit);
            }
        }
    }

    /// Asks the coordinator for the positions of new partitions, then resets those without one; true while they wait.
    pub(super) fn ask_committed(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        let waiting = self.subscription.to_ask(now, |state| state == FetchState::Initializing);
        if waiting.is_empty() || self.coordinator.fetching_committed || self.coordinator.committed_retry_at > now {
            return;
        }
        if self.config.group_id.is_none() {
            return self.reset_initializing();
        }
        if !self.ensure_coordinator(cx) {
            return;
        }
        let Some(node) = self.coordinator.node.clone() else { return };
        let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
        for partition in &waiting {
            topics.entry(&partition.topic).or_default().push(partition.partition);
        }
        let topics = topics.into_iter().map(|(name, partitions)| {
            OffsetFetchRequestTopics::default().with_name(topic_name(name)).with_partition_indexes(partitions)
        });
        let group = OffsetFetchRequestGroup::default()
            .with_group_id(group_id(&self.config.group_id.clone().unwrap_or_default()))
            .with_topics(Some(topics.collect()));
        let body = OffsetFetchRequest::default().with_groups(vec![group]).with_require_stable(true);
        self.coordinator.fetching_committed = true;
        self.ask(cx, &node, RequestKind::OffsetFetch(body), (8, 9), Asked::Committed(waiting));
    }

    fn reset_initializing(&mut self) {
        if let Err(error) = self.subscription.reset_initializing() {
            self.fail(error);
        }
    }

    /// Takes the answer to OffsetFetch.
    pub(super) fn committed_answered(&mut self, cx: &mut Context<'_>, asked: &[TopicPartition], outcome: &Outcome) {
        self.coordinator.fetching_committed = false;
        let Outcome::Response(response) = outcome else {
            self.coordinator.committed_retry_at = cx.now().plus_millis(self.config.retry.initial_ms);
            return self.coordinator_lost(cx, true);
        };
        let ResponseKind::OffsetFetch(response) = response.as_ref() else { return };
        self.coordinator_answered();
        let error = response.groups.first().map_or(ErrorCode::None, |g| ErrorCode::from_code(g.error_code));
        if !error.is_none() {
            self.coordinator.committed_retry_at = cx.now().plus_millis(self.config.retry.initial_ms);
            if Consumer::is_lost_coordinator(error) {
                self.coordinator_lost(cx, false);
            } else if !error.is_retriable() {
                let text = format!("Unexpected error in fetch offset response: {}", error.message());
                self.fail(JavaError::new("org.apache.kafka.common.KafkaException", text));
            }
            return;
        }
        if self.take_committed(cx, asked, response) {
            self.reset_initializing();
        }
    }

    /// Moves to the committed positions; false if some are not to be had yet.
    fn take_committed(&mut self, cx: &Context<'_>, asked: &[TopicPartition], response: &OffsetFetchResponse) -> bool {
        let topics = response.groups.iter().flat_map(|group| &group.topics);
        let answers: BTreeMap<TopicPartition, (ErrorCode, i64, i32)> = topics
            .flat_map(|topic| {
                topic.partitions.iter().map(move |p| {
                    let key = TopicPartition::new(topic.name.to_string(), p.partition_index);
                    (key, (ErrorCode::from_code(p.error_code), p.committed_offset, p.committed_leader_epoch))
                })
            })
            .collect();
        let mut complete = true;
        for partition in asked {
            let waits =
                self.subscription.partitions.get(partition).is_some_and(|s| s.state == FetchState::Initializing);
            match answers.get(partition).filter(|_| waits) {
                Some((ErrorCode::None, offset, epoch)) if *offset >= 0 => {
                    let epoch = Some(*epoch).filter(|epoch| *epoch >= 0);
                    if let Some(epoch) = epoch {
                        self.network.metadata.saw_epoch(partition, epoch);
                    }
                    self.subscription.seek(partition, *offset, epoch, &self.network.metadata);
                }
                Some((ErrorCode::None, ..)) | None => {}
                Some((ErrorCode::UnstableOffsetCommit, ..)) => {
                    complete = false;
                    self.coordinator.committed_retry_at = cx.now().plus_millis(self.config.retry.initial_ms);
                }
                Some((error, ..)) => {
                    let text = match error {
                        ErrorCode::UnknownTopicOrPartition => format!("Topic or Partition {partition} does not exist"),
                        _ => format!(
                            "Unexpected error in fetch offset response for partition {partition}: {}",
                            error.message()
                        ),
                    };
                    self.coordinator.committed_retry_at = cx.now().plus_millis(self.config.retry.max_ms);
                    self.fail(JavaError::new("org.apache.kafka.common.KafkaException", text));
                    return false;
                }
            }
        }
        complete
    }
}
