//! A coordinator with a log in memory and clients that speak to it. Serves the scenarios; invariant: a decision's records are
//! replayed first, and its answers and ticket follow, as the broker does it.

use super::super::{Asked, Decision, GroupCoordinator, TopicLookup};
use crate::{BrokerConfig, connections::RequestId};
use bytes::{BufMut, Bytes, BytesMut};
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind, Uuid, group_id,
    messages::{
        HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse,
        OffsetCommitRequest, SyncGroupRequest, SyncGroupResponse,
        join_group_request::JoinGroupRequestProtocol,
        leave_group_request::MemberIdentity,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        sync_group_request::SyncGroupRequestAssignment,
    },
    str_bytes, topic_name,
};
use ottla_world::{Rng, Time};
use std::collections::BTreeMap;

pub(super) const GROUP: &str = "billing";
pub(super) const WALL_MS: i64 = 1_700_000_000_000;
pub(super) const TOPIC_ID: Uuid = Uuid::from_u128(7);

/// Two topics with four partitions each.
pub(super) struct Topics;

impl TopicLookup for Topics {
    fn topic_id(&self, topic: &str) -> Option<Uuid> {
        ["orders", "payments"].contains(&topic).then_some(TOPIC_ID)
    }

    fn has_partition(&self, topic: &str, partition: i32) -> bool {
        self.topic_id(topic).is_some() && (0..4).contains(&partition)
    }
}

pub(super) struct Bench {
    pub(super) coordinator: GroupCoordinator,
    pub(super) now: Time,
    rng: Rng,
    next: u64,
    pub(super) log: Vec<(i32, Bytes, Option<Bytes>)>,
    pub(super) answers: BTreeMap<u64, ResponseKind>,
    /// What becomes of appends.
    pub(super) append: Result<(), ErrorCode>,
}

fn config(settings: &[(&str, &str)]) -> BrokerConfig {
    BrokerConfig {
        node_id: 1,
        port: 9092,
        cluster_id: "c".into(),
        voters: Vec::new(),
        log_dir: "node-1".into(),
        settings: settings.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
    }
}

/// The bytes of a consumer's subscription, version 0.
pub(super) fn subscription(topics: &[&str]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(0);
    out.put_i32(topics.len() as i32);
    for topic in topics {
        out.put_i16(topic.len() as i16);
        out.put_slice(topic.as_bytes());
    }
    out.put_i32(-1);
    out.freeze()
}

/// The bytes of a consumer's assignment, version 0, of partitions of `orders`.
pub(super) fn assignment(partitions: &[i32]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(0);
    out.put_i32(1);
    out.put_i16(6);
    out.put_slice(b"orders");
    out.put_i32(partitions.len() as i32);
    partitions.iter().for_each(|p| out.put_i32(*p));
    out.put_i32(-1);
    out.freeze()
}

impl Bench {
    pub(super) fn new(settings: &[(&str, &str)]) -> Bench {
        let mut bench = Bench {
            coordinator: GroupCoordinator::new(&config(settings)),
            now: Time::ZERO,
            rng: Rng::new(1),
            next: 0,
            log: Vec::new(),
            answers: BTreeMap::new(),
            append: Ok(()),
        };
        let partition = bench.coordinator.partition_for(GROUP);
        bench.coordinator.load(partition);
        bench.coordinator.loaded(partition, bench.now);
        bench
    }

    pub(super) fn wall_ms(&self) -> i64 {
        WALL_MS + self.now.as_millis() as i64
    }

    pub(super) fn carry_out(&mut self, decisions: Vec<Decision>) {
        for decision in decisions {
            let result = if decision.records.is_empty() { Ok(()) } else { self.append };
            if result.is_ok() {
                for (key, value) in decision.records.iter().map(|r| r.encode()) {
                    self.coordinator.replay(decision.partition, &key, value.as_ref(), false);
                    self.log.push((decision.partition, key, value));
                }
            }
            self.answers.extend(decision.replies.into_iter().map(|(id, reply)| (id.0, reply)));
            if let Some(ticket) = decision.ticket {
                let more = self.coordinator.written(&ticket, self.now, self.wall_ms(), result);
                self.carry_out(more);
            }
        }
    }

    /// Sends a request; the answer comes under the number given back.
    pub(super) fn send(&mut self, client_id: &str, version: i16, request: RequestKind) -> u64 {
        self.next += 1;
        let asked = Asked {
            id: RequestId(self.next),
            now: self.now,
            wall_ms: self.wall_ms(),
            rng: &mut self.rng,
            client_id,
            version,
            topics: &Topics,
        };
        let decisions = self.coordinator.handle(asked, &request).expect("an API of the coordinator");
        let id = self.next;
        self.carry_out(decisions);
        id
    }

    pub(super) fn ask(&mut self, version: i16, request: RequestKind) -> ResponseKind {
        let id = self.send("admin", version, request);
        self.answers.remove(&id).expect("an answer at once")
    }

    /// Lets time pass; everything due on the way happens at its moment.
    pub(super) fn pass_ms(&mut self, ms: u64) {
        let end = self.now.plus_millis(ms);
        while let Some(at) = self.coordinator.next_deadline().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            let decisions = self.coordinator.on_timer(self.now, self.wall_ms());
            self.carry_out(decisions);
        }
        self.now = end;
    }

    pub(super) fn send_join(&mut self, client_id: &str, version: i16, request: JoinGroupRequest) -> u64 {
        self.send(client_id, version, RequestKind::JoinGroup(request))
    }

    pub(super) fn joined(&mut self, id: u64) -> JoinGroupResponse {
        match self.answers.remove(&id) {
            Some(ResponseKind::JoinGroup(response)) => response,
            other => panic!("no JoinGroup answer but {other:?}"),
        }
    }

    /// Both rounds of a newcomer: its id and its parked request.
    pub(super) fn come(&mut self, client_id: &str) -> (String, u64) {
        let first = self.send_join(client_id, 9, join(""));
        let answer = self.joined(first);
        assert_eq!(ErrorCode::from_code(answer.error_code), ErrorCode::MemberIdRequired);
        let id = answer.member_id.to_string();
        let parked = self.send_join(client_id, 9, join(&id));
        (id, parked)
    }

    pub(super) fn send_sync(&mut self, id: &str, generation: i32, assignments: &[(&str, &[i32])]) -> u64 {
        let row = |(id, partitions): &(&str, &[i32])| {
            SyncGroupRequestAssignment::default().with_member_id(str_bytes(id)).with_assignment(assignment(partitions))
        };
        let request = SyncGroupRequest::default()
            .with_group_id(group_id(GROUP))
            .with_generation_id(generation)
            .with_member_id(str_bytes(id))
            .with_assignments(assignments.iter().map(row).collect());
        self.send("c", 5, RequestKind::SyncGroup(request))
    }

    pub(super) fn synced(&mut self, id: u64) -> SyncGroupResponse {
        match self.answers.remove(&id) {
            Some(ResponseKind::SyncGroup(response)) => response,
            other => panic!("no SyncGroup answer but {other:?}"),
        }
    }

    pub(super) fn beat(&mut self, id: &str, generation: i32) -> ErrorCode {
        let request = HeartbeatRequest::default()
            .with_group_id(group_id(GROUP))
            .with_generation_id(generation)
            .with_member_id(str_bytes(id));
        match self.ask(4, RequestKind::Heartbeat(request)) {
            ResponseKind::Heartbeat(response) => ErrorCode::from_code(response.error_code),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn leave(&mut self, members: &[(&str, Option<&str>)]) -> LeaveGroupResponse {
        let row = |(id, instance): &(&str, Option<&str>)| {
            MemberIdentity::default().with_member_id(str_bytes(id)).with_group_instance_id(instance.map(str_bytes))
        };
        let members = members.iter().map(row).collect();
        let request = LeaveGroupRequest::default().with_group_id(group_id(GROUP)).with_members(members);
        match self.ask(5, RequestKind::LeaveGroup(request)) {
            ResponseKind::LeaveGroup(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn commit(&mut self, version: i16, id: &str, generation: i32, topic: &str, offset: i64) -> ErrorCode {
        let partition = OffsetCommitRequestPartition::default()
            .with_partition_index(1)
            .with_committed_offset(offset)
            .with_committed_metadata(Some(str_bytes("")));
        let topic = OffsetCommitRequestTopic::default().with_name(topic_name(topic)).with_partitions(vec![partition]);
        let request = OffsetCommitRequest::default()
            .with_group_id(group_id(GROUP))
            .with_generation_id_or_member_epoch(generation)
            .with_member_id(str_bytes(id))
            .with_topics(vec![topic]);
        match self.ask(version, RequestKind::OffsetCommit(request)) {
            ResponseKind::OffsetCommit(r) => ErrorCode::from_code(r.topics[0].partitions[0].error_code),
            other => panic!("{other:?}"),
        }
    }

    /// Two members at work in generation 1; the first leads and has partitions 0 and 1, the second 2 and 3.
    pub(super) fn two_members(&mut self) -> (String, String) {
        let (first, first_join) = self.come("c1");
        let (second, second_join) = self.come("c2");
        self.pass_ms(10_000);
        assert_eq!(self.joined(first_join).members.len(), 2);
        assert!(self.joined(second_join).members.is_empty());
        let waiting = self.send_sync(&second, 1, &[]);
        let leads = self.send_sync(&first, 1, &[(&first, &[0, 1]), (&second, &[2, 3])]);
        assert_eq!(self.synced(leads).assignment, assignment(&[0, 1]));
        assert_eq!(self.synced(waiting).assignment, assignment(&[2, 3]));
        (first, second)
    }

    pub(super) fn state(&self) -> String {
        self.coordinator.views().first().map_or_else(|| "none".to_owned(), |group| group.state.clone())
    }

    /// Another coordinator that has read the log.
    pub(super) fn failover(&self) -> Bench {
        let mut other = Bench::new(&[]);
        let partition = other.coordinator.partition_for(GROUP);
        other.coordinator.load(partition);
        for (partition, key, value) in &self.log {
            other.coordinator.replay(*partition, key, value.as_ref(), true);
        }
        other.now = self.now;
        other.coordinator.loaded(partition, other.now);
        other
    }
}

/// A consumer of `orders` that wants to join.
pub(super) fn join(member_id: &str) -> JoinGroupRequest {
    JoinGroupRequest::default()
        .with_group_id(group_id(GROUP))
        .with_session_timeout_ms(45_000)
        .with_rebalance_timeout_ms(300_000)
        .with_member_id(str_bytes(member_id))
        .with_protocol_type(str_bytes("consumer"))
        .with_protocols(protocols(&["range", "cooperative-sticky"], &["orders"]))
}

pub(super) fn protocols(names: &[&str], topics: &[&str]) -> Vec<JoinGroupRequestProtocol> {
    let row = |name: &&str| {
        JoinGroupRequestProtocol::default().with_name(str_bytes(name)).with_metadata(subscription(topics))
    };
    names.iter().map(row).collect()
}

pub(super) fn static_join(member_id: &str, instance: &str) -> JoinGroupRequest {
    join(member_id).with_group_instance_id(Some(str_bytes(instance)))
}
