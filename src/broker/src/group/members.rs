//! Heartbeats, leaving, sessions that end. Serves consumers; invariant: a member that is gone costs one rebalance, not more.

use super::{Asked, Decision, Group, GroupCoordinator, GroupState, record::GroupRecord};
use crate::connections::RequestId;
use ottla_wire::{
    ErrorCode, ResponseKind,
    messages::{
        HeartbeatRequest, HeartbeatResponse, LeaveGroupRequest, LeaveGroupResponse,
        leave_group_response::MemberResponse,
    },
    str_bytes,
};
use ottla_world::Time;
use std::collections::BTreeMap;

impl Group {
    /// Whether a member of this generation speaks.
    pub(super) fn check_member(&self, id: &str, instance: Option<&str>, generation: i32) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.static_member(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(current) if current != id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if !self.members.contains_key(id) {
            return Err(ErrorCode::UnknownMemberId);
        }
        if generation != self.generation { Err(ErrorCode::IllegalGeneration) } else { Ok(()) }
    }

    /// A member is gone: the others rebalance, or the group is empty.
    fn lose(&mut self, id: &str, now: Time, wall_ms: i64) -> (Vec<GroupRecord>, Vec<(RequestId, ResponseKind)>) {
        let Some(member) = self.members.remove(id) else { return Default::default() };
        let mut replies = Vec::new();
        replies.extend(member.joining.map(|r| (r, super::join::refusal(ErrorCode::UnknownMemberId, id))));
        replies.extend(member.syncing.map(|r| (r, super::sync::refusal(ErrorCode::UnknownMemberId))));
        if self.leader.as_deref() == Some(id) {
            self.leader = None;
        }
        replies.extend(self.rebalance(now, 0));
        let mut records = Vec::new();
        if self.state == GroupState::Empty {
            self.state_since_ms = wall_ms;
            let stored = self.stored(&BTreeMap::new());
            records.push(GroupRecord::Group { group: self.id.clone(), value: Some(stored) });
        }
        (records, replies)
    }
}

impl GroupCoordinator {
    pub(super) fn heartbeat(&mut self, asked: &Asked<'_>, r: &HeartbeatRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let error = match self.shards.get_mut(&partition) {
            None => ErrorCode::NotCoordinator,
            Some(shard) => match shard.groups.get_mut(&r.group_id.to_string()) {
                None => ErrorCode::UnknownMemberId,
                Some(group) => group.beat(asked.now, r),
            },
        };
        let response = HeartbeatResponse::default().with_error_code(error.code());
        Self::answer(partition, asked.id, ResponseKind::Heartbeat(response))
    }

    pub(super) fn leave(&mut self, asked: &Asked<'_>, r: &LeaveGroupRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let batch = asked.version >= 3;
        let leaving: Vec<(String, Option<String>)> = if batch {
            let of = |m: &ottla_wire::messages::leave_group_request::MemberIdentity| {
                (m.member_id.to_string(), m.group_instance_id.as_ref().map(|i| i.to_string()))
            };
            r.members.iter().map(of).collect()
        } else {
            vec![(r.member_id.to_string(), None)]
        };
        let Some(shard) = self.shards.get_mut(&partition) else {
            let response = LeaveGroupResponse::default().with_error_code(ErrorCode::NotCoordinator.code());
            return Self::answer(partition, asked.id, ResponseKind::LeaveGroup(response));
        };
        let mut group = shard.groups.get_mut(&r.group_id.to_string());
        let (mut records, mut replies, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for (id, instance) in leaving {
            let mut error = ErrorCode::UnknownMemberId;
            if let Some(group) = group.as_deref_mut() {
                let found = instance.as_deref().and_then(|i| group.static_member(i)).map(str::to_owned);
                let target = found.filter(|_| id.is_empty()).unwrap_or_else(|| id.clone());
                if group.promised.remove(&target).is_some() {
                    error = ErrorCode::None;
                } else if group.members.contains_key(&target) {
                    error = ErrorCode::None;
                    let (more_records, more_replies) = group.lose(&target, asked.now, asked.wall_ms);
                    records.extend(more_records);
                    replies.extend(more_replies);
                }
            }
            rows.push((id, instance, error));
        }
        let first = rows.first().map_or(ErrorCode::None, |r| r.2);
        let row = |(id, instance, error): (String, Option<String>, ErrorCode)| {
            MemberResponse::default()
                .with_member_id(str_bytes(&id))
                .with_group_instance_id(instance.as_deref().map(str_bytes))
                .with_error_code(error.code())
        };
        let mut response = LeaveGroupResponse::default();
        if batch {
            response = response.with_members(rows.into_iter().map(row).collect());
        } else {
            response = response.with_error_code(first.code());
        }
        replies.push((asked.id, ResponseKind::LeaveGroup(response)));
        vec![Decision { partition, records, replies }]
    }

    /// Does what is due: sessions that ended, join phases that are over.
    pub(crate) fn on_timer(&mut self, now: Time, wall_ms: i64) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for (partition, shard) in &mut self.shards {
            for group in shard.groups.values_mut() {
                let (mut records, mut replies) = (Vec::new(), Vec::new());
                group.promised.retain(|_, ends| *ends > now);
                let late = |m: &&super::state::Member| m.joining.is_none() && m.session_ends <= now;
                let gone: Vec<String> = group.members.values().filter(late).map(|m| m.id.clone()).collect();
                for id in gone {
                    let (more_records, more_replies) = group.lose(&id, now, wall_ms);
                    records.extend(more_records);
                    replies.extend(more_replies);
                }
                if group.state == GroupState::PreparingRebalance {
                    let over = group.join_ends.is_some_and(|at| at <= now);
                    let there = group.all_joined() && group.not_before.is_none_or(|at| at <= now);
                    if over || there {
                        replies.extend(group.end_join(now));
                    }
                    if group.state == GroupState::Empty {
                        let stored = group.stored(&BTreeMap::new());
                        records.push(GroupRecord::Group { group: group.id.clone(), value: Some(stored) });
                    }
                }
                if !records.is_empty() || !replies.is_empty() {
                    decisions.push(Decision { partition: *partition, records, replies });
                }
            }
        }
        decisions
    }
}

impl Group {
    fn beat(&mut self, now: Time, r: &HeartbeatRequest) -> ErrorCode {
        if let Err(error) = self.check_member(&r.member_id, r.group_instance_id.as_deref(), r.generation_id) {
            return error;
        }
        if let Some(member) = self.members.get_mut(&r.member_id.to_string()) {
            member.renew(now);
        }
        match self.state {
            GroupState::Empty => ErrorCode::UnknownMemberId,
            GroupState::PreparingRebalance => ErrorCode::RebalanceInProgress,
            GroupState::CompletingRebalance | GroupState::Stable => ErrorCode::None,
        }
    }
}
