//! JoinGroup and the join phase (`classicGroupJoin`). Serves consumers; invariant: nobody learns a new generation before all known
//! members have joined or the rebalance timeout is over.

use super::{Asked, CLIENT_HOST, Decision, Group, GroupCoordinator, GroupState, state::Member};
use crate::connections::RequestId;
use bytes::Bytes;
use ottla_wire::{
    ErrorCode, ResponseKind, StrBytes,
    messages::{JoinGroupRequest, JoinGroupResponse, join_group_response::JoinGroupResponseMember},
    str_bytes,
};
use ottla_world::Time;
use std::collections::BTreeMap;

/// An answer that refuses.
pub(super) fn refusal(error: ErrorCode, member_id: &str) -> ResponseKind {
    ResponseKind::JoinGroup(
        JoinGroupResponse::default()
            .with_error_code(error.code())
            .with_generation_id(-1)
            .with_protocol_name(Some(StrBytes::default()))
            .with_member_id(str_bytes(member_id)),
    )
}

impl GroupCoordinator {
    pub(super) fn join(&mut self, asked: Asked<'_>, r: &JoinGroupRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let refuse = |error| Self::answer(partition, asked.id, refusal(error, &r.member_id));
        if r.group_id.is_empty() {
            return refuse(ErrorCode::InvalidGroupId);
        }
        if !self.session_ms.contains(&r.session_timeout_ms) {
            return refuse(ErrorCode::InvalidSessionTimeout);
        }
        let initial_delay_ms = self.initial_delay_ms;
        let Some(shard) = self.shards.get_mut(&partition) else { return refuse(ErrorCode::NotCoordinator) };
        let name = r.group_id.to_string();
        if !r.member_id.is_empty() && !shard.groups.contains_key(&name) {
            return refuse(ErrorCode::UnknownMemberId);
        }
        let group = shard.groups.entry(name).or_insert_with(|| Group::new(&r.group_id));
        let protocols: Vec<(String, Bytes)> =
            r.protocols.iter().map(|p| (p.name.to_string(), p.metadata.clone())).collect();
        if !group.fits(&r.protocol_type, &protocols, &r.member_id) {
            return refuse(ErrorCode::InconsistentGroupProtocol);
        }
        let instance_id = r.group_instance_id.as_ref().map(|id| id.to_string());
        let joining = Joining { request: r, protocols, instance_id };
        let replies = if r.member_id.is_empty() {
            group.join_new(asked, joining, initial_delay_ms)
        } else {
            group.join_known(&asked, joining, initial_delay_ms)
        };
        vec![Decision { partition, records: Vec::new(), replies }]
    }
}

struct Joining<'a> {
    request: &'a JoinGroupRequest,
    protocols: Vec<(String, Bytes)>,
    instance_id: Option<String>,
}

type Replies = Vec<(RequestId, ResponseKind)>;

impl Group {
    fn join_new(&mut self, asked: Asked<'_>, joining: Joining<'_>, initial_delay_ms: u64) -> Replies {
        let base = joining.instance_id.as_deref().unwrap_or(asked.client_id);
        let uuid = ottla_wire::Uuid::from_bytes(asked.rng.uuid_bytes());
        let id = format!("{base}-{uuid}");
        if let Some(instance) = &joining.instance_id
            && let Some(old) = self.static_member(instance).map(str::to_owned)
        {
            return self.replace_static(&asked, joining, &old, id, initial_delay_ms);
        }
        if asked.version >= 4 && joining.instance_id.is_none() {
            let ends = asked.now.plus_millis(joining.request.session_timeout_ms as u64);
            self.promised.insert(id.clone(), ends);
            return vec![(asked.id, refusal(ErrorCode::MemberIdRequired, &id))];
        }
        self.add(&asked, joining, id, initial_delay_ms)
    }

    fn join_known(&mut self, asked: &Asked<'_>, joining: Joining<'_>, initial_delay_ms: u64) -> Replies {
        let id = joining.request.member_id.to_string();
        let refuse = |error| vec![(asked.id, refusal(error, &id))];
        if self.promised.remove(&id).is_some() {
            return self.add(asked, joining, id, initial_delay_ms);
        }
        if let Some(instance) = &joining.instance_id
            && self.static_member(instance).is_some_and(|current| current != id)
        {
            return refuse(ErrorCode::FencedInstanceId);
        }
        let Some(member) = self.members.get(&id) else { return refuse(ErrorCode::UnknownMemberId) };
        let unchanged = member.protocols == joining.protocols;
        let is_leader = self.leader.as_deref() == Some(id.as_str());
        match self.state {
            GroupState::CompletingRebalance if unchanged => vec![(asked.id, self.joined_answer(&id))],
            GroupState::Stable if unchanged && !is_leader => vec![(asked.id, self.joined_answer(&id))],
            _ => {
                self.update(asked, &joining, &id);
                self.rebalance(asked.now, initial_delay_ms)
            }
        }
    }

    fn update(&mut self, asked: &Asked<'_>, joining: &Joining<'_>, id: &str) {
        let Some(member) = self.members.get_mut(id) else { return };
        member.protocols.clone_from(&joining.protocols);
        member.session_timeout_ms = joining.request.session_timeout_ms;
        member.rebalance_timeout_ms = joining.request.rebalance_timeout_ms;
        member.joining = Some(asked.id);
        member.renew(asked.now);
    }

    fn add(&mut self, asked: &Asked<'_>, joining: Joining<'_>, id: String, initial_delay_ms: u64) -> Replies {
        let request = joining.request;
        let was_empty = self.members.is_empty();
        if was_empty {
            self.protocol_type = request.protocol_type.to_string();
        }
        self.joins += 1;
        let rebalance = request.rebalance_timeout_ms;
        let mut member = Member {
            id: id.clone(),
            instance_id: joining.instance_id,
            client_id: asked.client_id.to_owned(),
            client_host: CLIENT_HOST.to_owned(),
            session_timeout_ms: request.session_timeout_ms,
            rebalance_timeout_ms: if rebalance > 0 { rebalance } else { request.session_timeout_ms },
            protocols: joining.protocols,
            assignment: Bytes::new(),
            joining: Some(asked.id),
            syncing: None,
            session_ends: Time::ZERO,
            joined: self.joins,
        };
        member.renew(asked.now);
        self.members.insert(id, member);
        if self.state == GroupState::PreparingRebalance && self.not_before.is_some() {
            // A newcomer extends the first rebalance, up to the rebalance timeout.
            self.not_before = Some(asked.now.plus_millis(initial_delay_ms));
        }
        self.rebalance(asked.now, initial_delay_ms)
    }

    /// A static member is back under a new id: it takes its old place without a rebalance if nothing changed.
    fn replace_static(
        &mut self,
        asked: &Asked<'_>,
        joining: Joining<'_>,
        old: &str,
        id: String,
        delay: u64,
    ) -> Replies {
        let Some(mut member) = self.members.remove(old) else { return Vec::new() };
        let mut replies: Replies =
            member.joining.take().map(|r| (r, refusal(ErrorCode::FencedInstanceId, old))).into_iter().collect();
        replies.extend(member.syncing.take().map(|r| (r, super::sync::refusal(ErrorCode::FencedInstanceId))));
        let unchanged = member.protocols == joining.protocols;
        let was_leader = self.leader.as_deref() == Some(old);
        member.id.clone_from(&id);
        self.members.insert(id.clone(), member);
        if was_leader {
            self.leader = Some(id.clone());
        }
        self.update(asked, &joining, &id);
        if self.state == GroupState::Stable && unchanged {
            if let Some(member) = self.members.get_mut(&id) {
                member.joining = None;
            }
            replies.push((asked.id, self.joined_answer(&id)));
            return replies;
        }
        replies.extend(self.rebalance(asked.now, delay));
        replies
    }

    /// Begins a join phase if none is on, ends it if all are there.
    pub(super) fn rebalance(&mut self, now: Time, initial_delay_ms: u64) -> Replies {
        let mut replies = Vec::new();
        if self.state != GroupState::PreparingRebalance {
            // Those who wait for an assignment have to join again.
            for member in self.members.values_mut() {
                let waiting = member.syncing.take();
                replies.extend(waiting.map(|id| (id, super::sync::refusal(ErrorCode::RebalanceInProgress))));
            }
            if self.state == GroupState::Empty && initial_delay_ms > 0 {
                self.not_before = Some(now.plus_millis(initial_delay_ms));
            }
            self.state = GroupState::PreparingRebalance;
            self.join_ends = Some(now.plus_millis(self.longest_rebalance_ms()));
        }
        if self.all_joined() && self.not_before.is_none_or(|at| at <= now) {
            replies.extend(self.end_join(now));
        }
        replies
    }

    pub(super) fn all_joined(&self) -> bool {
        self.promised.is_empty() && self.members.values().all(|m| m.joining.is_some())
    }

    /// The join phase is over: a new generation.
    pub(super) fn end_join(&mut self, now: Time) -> Replies {
        let is_static = |m: &Member| m.instance_id.is_some();
        self.members.retain(|_, m| m.joining.is_some() || is_static(m));
        self.join_ends = None;
        self.not_before = None;
        self.generation += 1;
        if self.members.is_empty() {
            self.state = GroupState::Empty;
            (self.protocol, self.leader) = (None, None);
            return Vec::new();
        }
        self.state = GroupState::CompletingRebalance;
        self.protocol = self.elect_protocol();
        let stays = self.leader.as_ref().is_some_and(|id| self.members.get(id).is_some_and(|m| m.joining.is_some()));
        if !stays {
            let first = self.members.values().filter(|m| m.joining.is_some()).min_by_key(|m| m.joined);
            self.leader = first.map(|m| m.id.clone());
        }
        let ids: Vec<String> = self.members.keys().cloned().collect();
        let mut replies = Vec::new();
        for id in ids {
            let answer = self.joined_answer(&id);
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.renew(now);
            replies.extend(member.joining.take().map(|request| (request, answer)));
        }
        replies
    }

    fn joined_answer(&self, id: &str) -> ResponseKind {
        let leader = self.leader.clone().unwrap_or_default();
        let row = |m: &Member| {
            JoinGroupResponseMember::default()
                .with_member_id(str_bytes(&m.id))
                .with_group_instance_id(m.instance_id.as_deref().map(str_bytes))
                .with_metadata(self.metadata_of(m))
        };
        let mut in_order: BTreeMap<u64, &Member> = BTreeMap::new();
        if leader == id {
            in_order = self.members.values().map(|m| (m.joined, m)).collect();
        }
        ResponseKind::JoinGroup(
            JoinGroupResponse::default()
                .with_generation_id(self.generation)
                .with_protocol_type(Some(str_bytes(&self.protocol_type)))
                .with_protocol_name(Some(str_bytes(self.protocol.as_deref().unwrap_or_default())))
                .with_leader(str_bytes(&leader))
                .with_member_id(str_bytes(id))
                .with_members(in_order.into_values().map(row).collect()),
        )
    }
}
