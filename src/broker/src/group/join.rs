//! JoinGroup (`classicGroupJoin`). Serves consumers; invariant: every request is answered at once or parked with its member.

use super::{
    Asked, CLIENT_HOST, Decision, GroupCoordinator,
    config::NEW_MEMBER_JOIN_TIMEOUT_MS,
    rebalance::Outcome,
    state::{Group, GroupState, Member},
    sync,
};
use bytes::Bytes;
use ottla_wire::{
    ErrorCode, ResponseKind, StrBytes,
    messages::{JoinGroupRequest, JoinGroupResponse, join_group_response::JoinGroupResponseMember},
    str_bytes,
};
use std::collections::BTreeMap;

/// From this version on a newcomer has to come back with the id it is given (KIP-394).
const MEMBER_ID_REQUIRED_VERSION: i16 = 4;
/// From this version on a static leader that is back is told to skip the assignment (KIP-814).
const SKIP_ASSIGNMENT_VERSION: i16 = 9;

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

/// What a request says of its member.
struct Joining {
    protocol_type: String,
    protocols: Vec<(String, Bytes)>,
    instance_id: Option<String>,
    session_timeout_ms: i32,
    rebalance_timeout_ms: i32,
}

impl Joining {
    fn new(version: i16, r: &JoinGroupRequest) -> Joining {
        let session_timeout_ms = r.session_timeout_ms;
        Joining {
            protocol_type: r.protocol_type.to_string(),
            protocols: r.protocols.iter().map(|p| (p.name.to_string(), p.metadata.clone())).collect(),
            instance_id: r.group_instance_id.as_ref().map(|id| id.to_string()),
            session_timeout_ms,
            // Version 0 has no rebalance timeout.
            rebalance_timeout_ms: if version == 0 { session_timeout_ms } else { r.rebalance_timeout_ms },
        }
    }
}

impl GroupCoordinator {
    pub(super) fn join(&mut self, asked: Asked<'_>, r: &JoinGroupRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let refuse = |error| Self::answer(partition, asked.id, refusal(error, &r.member_id));
        if r.group_id.is_empty() {
            return refuse(ErrorCode::InvalidGroupId);
        }
        if !(self.config.min_session_timeout_ms..=self.config.max_session_timeout_ms).contains(&r.session_timeout_ms) {
            return refuse(ErrorCode::InvalidSessionTimeout);
        }
        let (delay_ms, max_size) = (self.config.initial_rebalance_delay_ms, self.config.max_size);
        let Some(shard) = self.shards.get_mut(&partition) else { return refuse(ErrorCode::NotCoordinator) };
        let name = r.group_id.to_string();
        let is_new = !shard.groups.contains_key(&name);
        if !r.member_id.is_empty() && is_new {
            return refuse(ErrorCode::UnknownMemberId);
        }
        let wall_ms = asked.wall_ms;
        let group = shard.groups.entry(name).or_insert_with(|| Group::new(&r.group_id, wall_ms));
        // A group that comes into being is written down as such, before anybody joined.
        let birth = Outcome { records: vec![group.record(&BTreeMap::new())], ..Outcome::default() };
        let mut out = Outcome::default();
        let joining = Joining::new(asked.version, r);
        if !group.has_room_for(&r.member_id, max_size) {
            group.remove(&r.member_id);
            out.reply(asked.id, refusal(ErrorCode::GroupMaxSizeReached, ""));
        } else if !group.fits(&joining.protocol_type, &joining.protocols) {
            out.reply(asked.id, refusal(ErrorCode::InconsistentGroupProtocol, &r.member_id));
        } else if r.member_id.is_empty() {
            group.join_new(asked, joining, delay_ms, &mut out);
        } else {
            group.join_known(&asked, joining, &r.member_id, delay_ms, &mut out);
        }
        let birth = birth.decision(partition).filter(|_| is_new && out.records.is_empty());
        birth.into_iter().chain(out.decision(partition)).collect()
    }
}

impl Group {
    fn join_new(&mut self, asked: Asked<'_>, joining: Joining, delay_ms: u64, out: &mut Outcome) {
        let base = joining.instance_id.as_deref().unwrap_or(asked.client_id);
        let uuid = ottla_wire::Uuid::from_bytes(asked.rng.uuid_bytes());
        let id = format!("{base}-{uuid}");
        let old = joining.instance_id.as_deref().and_then(|instance| self.static_member(instance)).map(str::to_owned);
        if let Some(old) = old {
            self.replace_static(&asked, joining, &old, &id, delay_ms, out);
        } else if asked.version >= MEMBER_ID_REQUIRED_VERSION && joining.instance_id.is_none() {
            let ends = asked.now.plus_millis(joining.session_timeout_ms.max(0) as u64);
            self.promised.insert(id.clone(), ends);
            out.reply(asked.id, refusal(ErrorCode::MemberIdRequired, &id));
        } else {
            self.admit(&asked, joining, &id, delay_ms, out);
        }
    }

    fn join_known(&mut self, asked: &Asked<'_>, joining: Joining, id: &str, delay_ms: u64, out: &mut Outcome) {
        if joining.instance_id.is_none() && self.promised.contains_key(id) {
            return self.admit(asked, joining, id, delay_ms, out);
        }
        if let Err(error) = self.check_member(id, joining.instance_id.as_deref()) {
            return out.reply(asked.id, refusal(error, id));
        }
        let unchanged = self.members.get(id).is_some_and(|m| m.protocols == joining.protocols);
        let leads = self.leader.as_deref() == Some(id);
        match self.state {
            GroupState::Empty => out.reply(asked.id, refusal(ErrorCode::UnknownMemberId, id)),
            // It may not have got the first answer.
            GroupState::CompletingRebalance if unchanged => out.reply(asked.id, self.joined_answer(id)),
            GroupState::Stable if unchanged && !leads => out.reply(asked.id, self.joined_answer(id)),
            _ => {
                self.update(asked, joining, id);
                self.rebalance(asked.clock(), delay_ms, out);
            }
        }
    }

    fn update(&mut self, asked: &Asked<'_>, joining: Joining, id: &str) {
        let Some(member) = self.members.get_mut(id) else { return };
        member.protocols = joining.protocols;
        member.session_timeout_ms = joining.session_timeout_ms;
        member.rebalance_timeout_ms = joining.rebalance_timeout_ms;
        member.joining = Some(asked.id);
    }

    fn admit(&mut self, asked: &Asked<'_>, joining: Joining, id: &str, delay_ms: u64, out: &mut Outcome) {
        let mut member = Member {
            id: id.to_owned(),
            instance_id: joining.instance_id,
            client_id: asked.client_id.to_owned(),
            client_host: CLIENT_HOST.to_owned(),
            session_timeout_ms: joining.session_timeout_ms,
            rebalance_timeout_ms: joining.rebalance_timeout_ms,
            protocols: joining.protocols,
            assignment: Bytes::new(),
            joining: Some(asked.id),
            syncing: None,
            is_new: true,
            session_ends: None,
            joined: 0,
        };
        member.renew_for(asked.clock(), NEW_MEMBER_JOIN_TIMEOUT_MS);
        self.newcomer |= self.state == GroupState::PreparingRebalance && self.previous == GroupState::Empty;
        self.add(member, &joining.protocol_type);
        self.rebalance(asked.clock(), delay_ms, out);
    }

    /// A static member is back under a new id: it takes its old place, without a rebalance if the protocol stays.
    fn replace_static(
        &mut self,
        asked: &Asked<'_>,
        joining: Joining,
        old: &str,
        id: &str,
        delay_ms: u64,
        out: &mut Outcome,
    ) {
        let old_leader = self.leader.clone().unwrap_or_default();
        let Some(mut member) = self.members.remove(old) else { return };
        if let Some(request) = member.joining.take() {
            out.reply(request, refusal(ErrorCode::FencedInstanceId, old));
        }
        if let Some(request) = member.syncing.take() {
            out.reply(request, sync::refusal(ErrorCode::FencedInstanceId));
        }
        self.pending_syncs.remove(old);
        id.clone_into(&mut member.id);
        member.renew(asked.clock());
        self.members.insert(id.to_owned(), member);
        if old_leader == old {
            self.leader = Some(id.to_owned());
        }
        self.update(asked, joining, id);
        match self.state {
            GroupState::Stable if self.elect_protocol() == self.protocol => {
                self.take_place(asked, &old_leader, id, out)
            }
            GroupState::Stable | GroupState::CompletingRebalance => {
                self.prepare_rebalance(asked.clock(), delay_ms, out);
            }
            GroupState::PreparingRebalance | GroupState::Empty => self.maybe_end_join(asked.clock(), out),
        }
    }

    fn take_place(&mut self, asked: &Asked<'_>, old_leader: &str, id: &str, out: &mut Outcome) {
        if let Some(member) = self.members.get_mut(id) {
            member.joining = None;
            member.renew(asked.clock());
        }
        let assignments = self.members.values().map(|m| (m.id.clone(), m.assignment.clone())).collect();
        out.records.push(self.record(&assignments));
        let mut response = self.joined(id);
        if asked.version >= SKIP_ASSIGNMENT_VERSION {
            response.skip_assignment = self.leader.as_deref() == Some(id);
        } else {
            // It must not take itself for the leader: it would assign anew.
            response = response.with_leader(str_bytes(old_leader)).with_members(Vec::new());
        }
        out.reply(asked.id, ResponseKind::JoinGroup(response));
    }

    pub(super) fn joined_answer(&self, id: &str) -> ResponseKind {
        ResponseKind::JoinGroup(self.joined(id))
    }

    /// What a member of this generation is told; the leader learns of all members.
    fn joined(&self, id: &str) -> JoinGroupResponse {
        let protocol = self.protocol.as_deref();
        let row = |m: &Member| {
            JoinGroupResponseMember::default()
                .with_member_id(str_bytes(&m.id))
                .with_group_instance_id(m.instance_id.as_deref().map(str_bytes))
                .with_metadata(m.metadata(protocol))
        };
        let leader = self.leader.as_deref().unwrap_or_default();
        let mut members: Vec<&Member> = Vec::new();
        if leader == id {
            members.extend(self.members.values());
            members.sort_by_key(|m| m.joined);
        }
        JoinGroupResponse::default()
            .with_generation_id(self.generation)
            .with_protocol_type(Some(str_bytes(&self.protocol_type)))
            .with_protocol_name(Some(str_bytes(protocol.unwrap_or_default())))
            .with_leader(str_bytes(leader))
            .with_member_id(str_bytes(id))
            .with_members(members.into_iter().map(row).collect())
    }
}
