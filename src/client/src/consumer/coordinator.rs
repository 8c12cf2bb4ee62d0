//! The member's side of a classic group: finding the coordinator, heartbeats, being thrown out. Serves the consumer;
//! invariant: a member speaks to one coordinator at a time and knows the generation it speaks for (Kafka's
//! `AbstractCoordinator`).

use super::assignor::Assignor;
use super::join::Leading;
use super::{Asked, Consumer};
use crate::network::{Outcome, coordinator_node_id};
use crate::{JavaError, Node};
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind, group_id,
    messages::{FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest},
    str_bytes,
};
use ottla_world::{Context, Time};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const LOGGER: &str = "org.apache.kafka.clients.consumer.internals.ConsumerCoordinator";

/// Where a member is in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberState {
    Unjoined,
    /// JoinGroup is sent.
    Preparing,
    /// Joined; SyncGroup is to be answered.
    Completing,
    Stable,
}

/// What a member knows of its group and of its coordinator.
#[derive(Clone, Debug)]
pub(crate) struct Coordinator {
    /// The coordinator, under its own connection number.
    pub(crate) node: Option<Node>,
    finding: bool,
    pub(super) find_retry_at: Time,
    find_attempts: u32,
    pub(crate) state: MemberState,
    pub(crate) generation: i32,
    pub(crate) member_id: String,
    pub(crate) protocol: Option<Assignor>,
    pub(super) rejoin_needed: bool,
    pub(super) rejoin_reason: String,
    pub(super) needs_prepare: bool,
    /// The commit before a rejoin: in flight, or done.
    pub(super) prepare_commit: Option<bool>,
    pub(super) prepare_deadline: Time,
    pub(super) join_in_flight: bool,
    pub(super) join_retry_at: Time,
    pub(super) leading: Option<Leading>,
    /// Partition counts the leader assigned by.
    pub(super) snapshot: Option<BTreeMap<String, i32>>,
    pub(super) joined_topics: Option<BTreeSet<String>>,
    heartbeat_in_flight: bool,
    heartbeat_at: Time,
    session_deadline: Time,
    poll_deadline: Time,
    pub(super) next_auto_commit: Time,
    pub(super) fetching_committed: bool,
    pub(super) committed_retry_at: Time,
    /// What the heartbeats died of.
    failed: Option<JavaError>,
}

impl Coordinator {
    pub(crate) fn new() -> Coordinator {
        Coordinator {
            node: None,
            finding: false,
            find_retry_at: Time::ZERO,
            find_attempts: 0,
            state: MemberState::Unjoined,
            generation: -1,
            member_id: String::new(),
            protocol: None,
            rejoin_needed: true,
            rejoin_reason: String::new(),
            needs_prepare: true,
            prepare_commit: None,
            prepare_deadline: Time::MAX,
            join_in_flight: false,
            join_retry_at: Time::ZERO,
            leading: None,
            snapshot: None,
            joined_topics: None,
            heartbeat_in_flight: false,
            heartbeat_at: Time::MAX,
            session_deadline: Time::MAX,
            poll_deadline: Time::MAX,
            next_auto_commit: Time::MAX,
            fetching_committed: false,
            committed_retry_at: Time::ZERO,
            failed: None,
        }
    }

    pub(super) fn request_rejoin(&mut self, reason: &str) {
        self.rejoin_needed = true;
        reason.clone_into(&mut self.rejoin_reason);
    }

    /// The generation is lost, and with `forget_member` the member id too.
    pub(super) fn reset(&mut self, reason: &str, forget_member: bool) {
        self.state = MemberState::Unjoined;
        self.generation = -1;
        self.protocol = None;
        if forget_member {
            self.member_id.clear();
        }
        self.needs_prepare = true;
        self.request_rejoin(reason);
    }

    /// In the group since the JoinGroup response: heartbeats go.
    fn beats(&self) -> bool {
        matches!(self.state, MemberState::Completing | MemberState::Stable) && self.failed.is_none()
    }

    /// When something is due, after `now`.
    pub(super) fn wakeups(&self, now: Time) -> impl Iterator<Item = Time> {
        let beats = self.beats();
        let heartbeat = Some(self.heartbeat_at).filter(|_| beats && !self.heartbeat_in_flight);
        let session = Some(self.session_deadline).filter(|_| beats);
        let poll = Some(self.poll_deadline).filter(|_| beats);
        let prepare = Some(self.prepare_deadline).filter(|_| self.prepare_commit.is_some());
        let auto_commit = Some(self.next_auto_commit);
        let retries = [self.find_retry_at, self.join_retry_at, self.committed_retry_at].map(Some);
        let all = [heartbeat, session, poll, prepare, auto_commit].into_iter().chain(retries);
        all.flatten().filter(move |at| *at > now && *at < Time::MAX)
    }
}

impl Consumer {
    /// Whether the coordinator is known; looks for it otherwise.
    pub(super) fn ensure_coordinator(&mut self, cx: &mut Context<'_>) -> bool {
        let now = cx.now();
        if let Some(node) = &self.coordinator.node {
            let id = node.id;
            let backs_off = self.network.has_failed(id) && self.network.can_connect_at(id) > Some(now);
            if !backs_off {
                return true;
            }
            self.coordinator_lost(cx, true);
        }
        if self.coordinator.finding || self.coordinator.find_retry_at > now {
            return false;
        }
        let Some(node) = self.network.least_loaded(cx) else {
            self.find_later(cx);
            return false;
        };
        let group = self.config.group_id.clone().unwrap_or_default();
        let body = FindCoordinatorRequest::default().with_key_type(0).with_coordinator_keys(vec![str_bytes(&group)]);
        self.coordinator.finding = true;
        self.ask(cx, &node, RequestKind::FindCoordinator(body), (4, 6), Asked::FindCoordinator);
        false
    }

    fn find_later(&mut self, cx: &mut Context<'_>) {
        let backoff_ms = self.config.retry.draw_ms(cx.rng(), self.coordinator.find_attempts);
        self.coordinator.find_attempts = self.coordinator.find_attempts.saturating_add(1);
        self.coordinator.find_retry_at = cx.now().plus_millis(backoff_ms);
        self.network.metadata.request_update();
    }

    /// Takes the answer to FindCoordinator.
    pub(super) fn coordinator_found(&mut self, cx: &mut Context<'_>, outcome: &Outcome) {
        self.coordinator.finding = false;
        let found: Option<&FindCoordinatorResponse> = match outcome {
            Outcome::Response(response) => match response.as_ref() {
                ResponseKind::FindCoordinator(response) => Some(response),
                _ => None,
            },
            _ => None,
        };
        let Some(answer) = found.and_then(|r| r.coordinators.first()) else { return self.find_later(cx) };
        match ErrorCode::from_code(answer.error_code) {
            ErrorCode::None => {
                let port = u16::try_from(answer.port).unwrap_or(0);
                let node = Node::new(coordinator_node_id(answer.node_id.0), answer.host.to_string(), port);
                self.coordinator.session_deadline = cx.now().plus_millis(self.config.session_timeout_ms);
                self.network.ready(cx, &node);
                self.coordinator.node = Some(node);
            }
            error if error.is_retriable() => self.find_later(cx),
            ErrorCode::GroupAuthorizationFailed => {
                let group = self.config.group_id.clone().unwrap_or_default();
                let text = format!("Not authorized to access group: {group}");
                self.fail(JavaError::kafka("GroupAuthorizationException", text));
                self.find_later(cx);
            }
            error => {
                self.fail(JavaError::of(error, answer.error_message.as_deref()));
                self.find_later(cx);
            }
        }
    }

    /// The coordinator has to be found anew (`markCoordinatorUnknown`).
    pub(super) fn coordinator_lost(&mut self, cx: &mut Context<'_>, disconnected: bool) {
        let Some(node) = self.coordinator.node.take() else { return };
        if disconnected {
            let backoff_ms = self.config.retry.draw_ms(cx.rng(), self.coordinator.find_attempts);
            self.coordinator.find_attempts = self.coordinator.find_attempts.saturating_add(1);
            self.coordinator.find_retry_at = cx.now().plus_millis(backoff_ms);
        } else {
            self.mailbox.drop_unsent(node.id);
            self.network.disconnect(cx, node.id);
        }
    }

    /// A request to the coordinator got an answer.
    pub(super) fn coordinator_answered(&mut self) {
        self.coordinator.find_attempts = 0;
    }

    /// An error that says the broker is not the coordinator, or not yet.
    pub(super) fn is_lost_coordinator(error: ErrorCode) -> bool {
        matches!(error, ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator)
    }

    /// Java's `poll` was called.
    pub(super) fn reset_poll_deadline(&mut self, now: Time) {
        self.coordinator.poll_deadline = now.plus_millis(self.config.max_poll_interval_ms);
    }

    /// Begins the time-outs of a member that just joined.
    pub(super) fn reset_heartbeat(&mut self, now: Time) {
        self.coordinator.heartbeat_in_flight = false;
        self.coordinator.heartbeat_at = now.plus_millis(self.config.heartbeat_interval_ms);
        self.coordinator.session_deadline = now.plus_millis(self.config.session_timeout_ms);
        self.reset_poll_deadline(now);
    }

    /// What Java's heartbeat thread does.
    pub(super) fn beat(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        if let Some(error) = self.coordinator.failed.clone() {
            if self.reported_failure.as_ref() != Some(&error) {
                self.reported_failure = Some(error.clone());
                self.fail(error);
            }
            return;
        }
        if !self.coordinator.beats() || !self.ensure_coordinator(cx) {
            return;
        }
        if self.coordinator.session_deadline <= now {
            self.coordinator.session_deadline = now.plus_millis(self.config.session_timeout_ms);
            self.coordinator_lost(cx, false);
        } else if self.coordinator.poll_deadline <= now {
            self.network.log.warn(
                LOGGER,
                "consumer poll timeout has expired. This means the time between subsequent calls to poll() was longer \
                 than the configured max.poll.interval.ms, which typically implies that the poll loop is spending too \
                 much time processing messages. You can address this either by increasing max.poll.interval.ms or by \
                 reducing the maximum size of batches returned in poll() with max.poll.records.",
            );
            self.leave(cx, "consumer poll timeout has expired.");
        } else if self.coordinator.heartbeat_at <= now && !self.coordinator.heartbeat_in_flight {
            self.send_heartbeat(cx);
        }
    }

    fn send_heartbeat(&mut self, cx: &mut Context<'_>) {
        let Some(node) = self.coordinator.node.clone() else { return };
        let body = HeartbeatRequest::default()
            .with_group_id(group_id(&self.config.group_id.clone().unwrap_or_default()))
            .with_generation_id(self.coordinator.generation)
            .with_member_id(str_bytes(&self.coordinator.member_id))
            .with_group_instance_id(self.config.group_instance_id.as_deref().map(str_bytes));
        self.coordinator.heartbeat_in_flight = true;
        self.coordinator.heartbeat_at = cx.now().plus_millis(self.config.heartbeat_interval_ms);
        let generation = self.coordinator.generation;
        self.ask(cx, &node, RequestKind::Heartbeat(body), (0, 4), Asked::Heartbeat(generation));
    }

    /// Takes the answer to a heartbeat of this generation.
    pub(super) fn heartbeat_answered(&mut self, cx: &mut Context<'_>, generation: i32, outcome: &Outcome) {
        let now = cx.now();
        self.coordinator.heartbeat_in_flight = false;
        let answer = match outcome {
            Outcome::Response(response) => match response.as_ref() {
                ResponseKind::Heartbeat(response) => Some(ErrorCode::from_code(response.error_code)),
                _ => None,
            },
            _ => None,
        };
        let Some(error) = answer else {
            self.coordinator.heartbeat_at = now.plus_millis(self.config.retry.initial_ms);
            return self.coordinator_lost(cx, true);
        };
        self.coordinator_answered();
        let unchanged = generation == self.coordinator.generation;
        match error {
            ErrorCode::None => self.coordinator.session_deadline = now.plus_millis(self.config.session_timeout_ms),
            ErrorCode::RebalanceInProgress => {
                self.coordinator.session_deadline = now.plus_millis(self.config.session_timeout_ms);
                if self.coordinator.state == MemberState::Stable {
                    self.coordinator.request_rejoin("group is already rebalancing");
                }
            }
            error if Consumer::is_lost_coordinator(error) => {
                self.coordinator.heartbeat_at = now.plus_millis(self.config.retry.initial_ms);
                self.coordinator_lost(cx, false);
            }
            ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId if unchanged => {
                let reason = format!("encountered {error} from HEARTBEAT response");
                self.coordinator.reset(&reason, error == ErrorCode::UnknownMemberId);
            }
            ErrorCode::FencedInstanceId if unchanged => {
                let instance = self.config.group_instance_id.clone().unwrap_or_default();
                self.coordinator.reset("encountered FENCED_INSTANCE_ID from HEARTBEAT response", true);
                self.network.log.error(
                    LOGGER,
                    format!("Caught fenced group.instance.id Optional[{instance}] error in heartbeat thread"),
                );
                self.coordinator.failed = Some(JavaError::of(error, None));
            }
            _ => {}
        }
    }

    /// Whether the heartbeats died: no more joining.
    pub(super) fn has_failed_heartbeat(&self) -> bool {
        self.coordinator.failed.is_some()
    }
}
