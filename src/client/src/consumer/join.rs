//! Joining, being assigned, leaving. Serves the coordinator client; invariant: what a member gives up is given up before it
//! asks to join again, and its positions are committed before that (Kafka's `ConsumerCoordinator`).

use super::assignor::{Assignor, MemberSubscription};
use super::coordinator::{LOGGER, MemberState};
use super::record::ConsumerEvent;
use super::subscription::Kind;
use super::{Asked, Consumer, protocol};
use crate::network::Outcome;
use crate::{JavaError, TopicPartition};
use bytes::Bytes;
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind, group_id,
    messages::join_group_request::JoinGroupRequestProtocol,
    messages::leave_group_request::MemberIdentity,
    messages::sync_group_request::SyncGroupRequestAssignment,
    messages::{JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest},
    str_bytes,
};
use ottla_world::{Context, Time};
use std::collections::{BTreeMap, BTreeSet};

/// What the leader has to assign.
#[derive(Clone, Debug)]
pub(crate) struct Leading {
    assignor: Assignor,
    members: BTreeMap<String, MemberSubscription>,
    /// The metadata update that has to be passed first.
    after_update: Option<u64>,
}

impl Consumer {
    /// Whether all members give everything up at each rebalance.
    fn is_eager(&self) -> bool {
        !self.config.assignors.iter().all(|assignor| assignor.is_cooperative())
    }

    fn rejoin_needed(&mut self) -> bool {
        if let Some(snapshot) = &self.coordinator.snapshot {
            let now = self.snapshot_of(snapshot.keys());
            if now != *snapshot && !self.coordinator.rejoin_needed {
                self.coordinator.request_rejoin("cached metadata has changed");
            }
        }
        let changed = self.coordinator.joined_topics.as_ref().is_some_and(|topics| *topics != self.subscription.topics);
        if changed && !self.coordinator.rejoin_needed {
            self.coordinator.request_rejoin("subscription has changed");
        }
        self.coordinator.rejoin_needed
    }

    fn partition_counts<'a>(&self, topics: impl Iterator<Item = &'a String>) -> BTreeMap<String, i32> {
        let count = |topic: &String| Some((topic.clone(), self.network.metadata.partition_count(topic)?));
        topics.filter_map(count).collect()
    }

    /// The same with -1 for topics that are not there (yet): their coming is a change too (Kafka: `MetadataSnapshot`).
    fn snapshot_of<'a>(&self, topics: impl Iterator<Item = &'a String>) -> BTreeMap<String, i32> {
        topics.map(|topic| (topic.clone(), self.network.metadata.partition_count(topic).unwrap_or(-1))).collect()
    }

    /// One step towards being a member with an assignment (`joinGroupIfNeeded`).
    pub(super) fn advance_join(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        if self.has_failed_heartbeat() || !self.ensure_coordinator(cx) {
            return;
        }
        if self.coordinator.join_in_flight {
            return self.advance_leading(cx);
        }
        let metadata = &self.network.metadata;
        if matches!(self.subscription.kind, Kind::Pattern(_)) && metadata.is_bootstrap {
            return;
        }
        if !self.rejoin_needed() || self.coordinator.join_retry_at > now {
            return;
        }
        if self.coordinator.needs_prepare && !self.prepare_join(cx) {
            return;
        }
        self.coordinator.needs_prepare = false;
        self.send_join(cx);
    }

    /// Commits and gives partitions back; false while the commit is on its way (`onJoinPrepare`).
    fn prepare_join(&mut self, cx: &mut Context<'_>) -> bool {
        let now = cx.now();
        if self.config.auto_commit && self.coordinator.prepare_commit.is_none() {
            self.subscription.pending_revocation = self.is_eager();
            self.coordinator.prepare_deadline = now.plus_millis(self.config.max_poll_interval_ms);
            self.coordinator.prepare_commit = Some(false);
            self.auto_commit(cx, true);
        }
        if self.coordinator.prepare_commit == Some(false) {
            if self.coordinator.prepare_deadline > now {
                return false;
            }
            self.network.log.error(
                LOGGER,
                "Asynchronous auto-commit of offsets failed: joinPrepare timeout. Will continue to join group",
            );
        }
        self.coordinator.prepare_commit = None;
        let held: BTreeSet<TopicPartition> = self.subscription.partitions.keys().cloned().collect();
        let is_lost = self.coordinator.generation < 0 || self.coordinator.member_id.is_empty();
        if is_lost {
            self.give_back(held, true);
        } else if self.is_eager() {
            self.give_back(held, false);
        } else {
            let topics = &self.subscription.topics;
            let unwanted = held.into_iter().filter(|p| !topics.contains(&p.topic)).collect();
            self.give_back(unwanted, false);
        }
        self.coordinator.snapshot = None;
        self.subscription.pending_revocation = false;
        true
    }

    /// Stops reading partitions and says so.
    pub(super) fn give_back(&mut self, partitions: BTreeSet<TopicPartition>, lost: bool) {
        if partitions.is_empty() {
            return;
        }
        let kept = self.subscription.partitions.keys().filter(|p| !partitions.contains(p)).cloned().collect();
        self.subscription.assign(&kept);
        self.buffered.retain(|fetched| !partitions.contains(&fetched.partition));
        let partitions = partitions.into_iter().collect();
        self.events.push(if lost { ConsumerEvent::Lost { partitions } } else { ConsumerEvent::Revoked { partitions } });
    }

    fn send_join(&mut self, cx: &mut Context<'_>) {
        let Some(node) = self.coordinator.node.clone() else { return };
        let topics: Vec<String> = self.subscription.topics.iter().cloned().collect();
        let owned: Vec<TopicPartition> = self.subscription.partitions.keys().cloned().collect();
        let rack = self.config.client_rack.clone();
        let generation = self.coordinator.generation;
        let protocols = self.config.assignors.iter().map(|assignor| {
            let metadata = protocol::subscription(*assignor, &topics, &owned, generation, &rack);
            JoinGroupRequestProtocol::default().with_name(str_bytes(assignor.name())).with_metadata(metadata)
        });
        let millis = |ms: u64| i32::try_from(ms).unwrap_or(i32::MAX);
        let body = JoinGroupRequest::default()
            .with_group_id(group_id(&self.config.group_id.clone().unwrap_or_default()))
            .with_session_timeout_ms(millis(self.config.session_timeout_ms))
            .with_rebalance_timeout_ms(millis(self.config.max_poll_interval_ms))
            .with_member_id(str_bytes(&self.coordinator.member_id))
            .with_group_instance_id(self.config.group_instance_id.as_deref().map(str_bytes))
            .with_protocol_type(str_bytes("consumer"))
            .with_protocols(protocols.collect())
            .with_reason(Some(str_bytes(&self.coordinator.rejoin_reason)));
        self.coordinator.joined_topics = Some(self.subscription.topics.clone());
        self.coordinator.state = MemberState::Preparing;
        self.coordinator.join_in_flight = true;
        let timeout_ms = self.config.request_timeout_ms.max(self.config.max_poll_interval_ms + 5000);
        let tag = self.mailbox.send(cx, &mut self.network, &node, RequestKind::JoinGroup(body), (5, 9), timeout_ms);
        self.asked.insert(tag, Asked::Join);
    }

    /// Takes the answer to JoinGroup.
    pub(super) fn joined(&mut self, cx: &mut Context<'_>, outcome: &Outcome) {
        let Outcome::Response(response) = outcome else { return self.join_disconnected(cx) };
        let ResponseKind::JoinGroup(response) = response.as_ref() else { return };
        self.coordinator_answered();
        match ErrorCode::from_code(response.error_code) {
            ErrorCode::None if self.coordinator.state == MemberState::Preparing => self.join_accepted(cx, response),
            ErrorCode::None => self.join_again(cx, "UnjoinedGroupException", 0),
            ErrorCode::MemberIdRequired => {
                self.coordinator.member_id = response.member_id.to_string();
                self.coordinator.generation = -1;
                let reason = format!("need to re-join with the given member-id: {}", self.coordinator.member_id);
                self.coordinator.state = MemberState::Unjoined;
                self.coordinator.join_in_flight = false;
                self.coordinator.request_rejoin(&reason);
            }
            error => self.join_refused(cx, error, "JoinGroup"),
        }
    }

    fn join_accepted(&mut self, cx: &mut Context<'_>, response: &JoinGroupResponse) {
        let name = response.protocol_name.as_ref().map(ToString::to_string).unwrap_or_default();
        self.coordinator.state = MemberState::Completing;
        self.coordinator.generation = response.generation_id;
        self.coordinator.member_id = response.member_id.to_string();
        self.coordinator.protocol = Assignor::of_name(&name);
        self.reset_heartbeat(cx.now());
        let is_leader = response.leader == response.member_id && !response.skip_assignment;
        let Some(assignor) = self.coordinator.protocol.filter(|_| is_leader) else {
            return self.send_sync(cx, Vec::new());
        };
        let members: BTreeMap<String, MemberSubscription> = response
            .members
            .iter()
            .map(|member| {
                let read = protocol::read_subscription(assignor, &member.metadata).unwrap_or_default();
                let instance_id = member.group_instance_id.as_ref().map(ToString::to_string);
                (member.member_id.to_string(), MemberSubscription { instance_id, ..read })
            })
            .collect();
        let topics: BTreeSet<&String> = members.values().flat_map(|m| &m.topics).collect();
        let unknown = topics.iter().any(|topic| self.network.metadata.partition_count(topic).is_none());
        topics.into_iter().for_each(|topic| self.network.metadata.add_topic(topic, Time::MAX));
        let after_update = unknown.then(|| self.network.metadata.request_update_afresh());
        self.coordinator.leading = Some(Leading { assignor, members, after_update });
        self.advance_leading(cx);
    }

    /// The leader assigns, once its metadata are fresh enough.
    fn advance_leading(&mut self, cx: &mut Context<'_>) {
        let version = self.network.metadata.update_version;
        let is_fresh = |leading: &mut Leading| leading.after_update.is_none_or(|after| version > after);
        let Some(leading) = self.coordinator.leading.take_if(is_fresh) else { return };
        let topics: BTreeSet<String> = leading.members.values().flat_map(|m| m.topics.iter().cloned()).collect();
        let counts = self.partition_counts(topics.iter());
        let assignment = leading.assignor.assign(&counts, &leading.members);
        self.coordinator.snapshot = Some(self.snapshot_of(topics.iter()));
        let assignments = assignment.into_iter().map(|(member, partitions)| {
            SyncGroupRequestAssignment::default()
                .with_member_id(str_bytes(&member))
                .with_assignment(protocol::assignment(&partitions))
        });
        self.send_sync(cx, assignments.collect());
    }

    fn send_sync(&mut self, cx: &mut Context<'_>, assignments: Vec<SyncGroupRequestAssignment>) {
        let Some(node) = self.coordinator.node.clone() else { return self.join_again(cx, "DisconnectException", 0) };
        let body = SyncGroupRequest::default()
            .with_group_id(group_id(&self.config.group_id.clone().unwrap_or_default()))
            .with_generation_id(self.coordinator.generation)
            .with_member_id(str_bytes(&self.coordinator.member_id))
            .with_group_instance_id(self.config.group_instance_id.as_deref().map(str_bytes))
            .with_protocol_type(Some(str_bytes("consumer")))
            .with_protocol_name(self.coordinator.protocol.map(|assignor| str_bytes(assignor.name())))
            .with_assignments(assignments);
        let generation = self.coordinator.generation;
        self.ask(cx, &node, RequestKind::SyncGroup(body), (5, 5), Asked::Sync(generation));
    }

    /// Takes the answer to the SyncGroup of this generation.
    pub(super) fn synced(&mut self, cx: &mut Context<'_>, generation: i32, outcome: &Outcome) {
        let Outcome::Response(response) = outcome else { return self.join_disconnected(cx) };
        let ResponseKind::SyncGroup(response) = response.as_ref() else { return };
        self.coordinator_answered();
        match ErrorCode::from_code(response.error_code) {
            ErrorCode::None => {
                let is_current =
                    generation == self.coordinator.generation && self.coordinator.state == MemberState::Completing;
                if is_current {
                    self.join_complete(cx, &response.assignment);
                } else {
                    self.join_again(cx, "IllegalGenerationException", 0);
                }
            }
            error => self.join_refused(cx, error, "SyncGroup"),
        }
    }

    /// Takes the assignment (`onJoinComplete`).
    fn join_complete(&mut self, cx: &mut Context<'_>, assignment: &Bytes) {
        self.coordinator.state = MemberState::Stable;
        self.coordinator.join_in_flight = false;
        self.coordinator.rejoin_needed = false;
        self.coordinator.rejoin_reason.clear();
        self.coordinator.needs_prepare = true;
        let Some(assigned) = protocol::read_assignment(assignment) else {
            let text = "There are insufficient bytes available to read assignment from the sync-group response";
            return self.fail(JavaError::new("java.lang.IllegalStateException", text));
        };
        let assigned: BTreeSet<TopicPartition> = assigned.into_iter().collect();
        if assigned.iter().any(|p| !self.subscription.topics.contains(&p.topic)) {
            return self.coordinator.request_rejoin("received assignment does not match the current subscription");
        }
        let owned: BTreeSet<TopicPartition> = self.subscription.partitions.keys().cloned().collect();
        if !self.is_eager() {
            let revoked: BTreeSet<TopicPartition> = owned.difference(&assigned).cloned().collect();
            if !revoked.is_empty() {
                self.give_back(revoked, false);
                self.coordinator.request_rejoin("need to revoke partitions and re-join");
            }
        }
        self.subscription.assign(&assigned);
        self.schedule_auto_commit(cx.now());
        let partitions = assigned.difference(&owned).cloned().collect();
        self.events.push(ConsumerEvent::Assigned { partitions });
    }

    fn join_disconnected(&mut self, cx: &mut Context<'_>) {
        self.coordinator_lost(cx, true);
        self.join_again(cx, "DisconnectException", self.config.retry.initial_ms);
    }

    /// The round failed: another one after a while.
    fn join_again(&mut self, cx: &Context<'_>, exception: &str, after_ms: u64) {
        self.coordinator.join_in_flight = false;
        self.coordinator.leading = None;
        if self.coordinator.state != MemberState::Unjoined {
            self.coordinator.state = MemberState::Unjoined;
        }
        self.coordinator.request_rejoin(&format!("rebalance failed due to {exception}"));
        if after_ms > 0 {
            self.coordinator.join_retry_at = cx.now().plus_millis(after_ms);
        }
    }

    fn join_refused(&mut self, cx: &mut Context<'_>, error: ErrorCode, request: &str) {
        let exception = error.exception();
        match error {
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
                self.coordinator.reset("", error == ErrorCode::UnknownMemberId);
                self.join_again(cx, exception, 0);
            }
            ErrorCode::RebalanceInProgress => self.join_again(cx, exception, 0),
            error if Consumer::is_lost_coordinator(error) => {
                self.coordinator_lost(cx, false);
                self.join_again(cx, exception, self.config.retry.initial_ms);
            }
            error if error.is_retriable() => self.join_again(cx, exception, self.config.retry.initial_ms),
            error => {
                let text = match error {
                    ErrorCode::FencedInstanceId => {
                        let instance = self.config.group_instance_id.clone().unwrap_or_default();
                        format!(
                            "{request} failed: The group instance id Optional[{instance}] has been fenced by another instance."
                        )
                    }
                    _ => format!("{request} failed due to fatal error: {}", error.message()),
                };
                self.network.log.error(LOGGER, text);
                self.join_again(cx, exception, self.config.retry.max_ms);
                self.fail(JavaError::of(error, None));
            }
        }
    }

    /// Leaves the group, as dynamic members do; true if the coordinator was told.
    pub(super) fn leave(&mut self, cx: &mut Context<'_>, reason: &str) -> bool {
        let is_dynamic = self.config.group_instance_id.is_none();
        let has_joined = self.coordinator.state != MemberState::Unjoined && !self.coordinator.member_id.is_empty();
        let node = self.coordinator.node.clone().filter(|_| is_dynamic && has_joined);
        if let Some(node) = &node {
            let member = MemberIdentity::default()
                .with_member_id(str_bytes(&self.coordinator.member_id))
                .with_reason(Some(str_bytes(reason)));
            let body = LeaveGroupRequest::default()
                .with_group_id(group_id(&self.config.group_id.clone().unwrap_or_default()))
                .with_members(vec![member]);
            self.ask(cx, node, RequestKind::LeaveGroup(body), (5, 5), Asked::Leave);
        }
        self.coordinator.reset(reason, true);
        self.coordinator.join_in_flight = false;
        node.is_some()
    }
}
