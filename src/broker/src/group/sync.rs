//! SyncGroup: the leader's assignment reaches the members (`classicGroupSync`). Serves consumers; invariant: an assignment is a
//! record before anybody hears of it.

use super::{Asked, Decision, GroupCoordinator, GroupState, record::GroupRecord};
use bytes::Bytes;
use ottla_wire::{
    ErrorCode, ResponseKind,
    messages::{SyncGroupRequest, SyncGroupResponse},
    str_bytes,
};
use std::collections::BTreeMap;

/// An answer that refuses.
pub(super) fn refusal(error: ErrorCode) -> ResponseKind {
    ResponseKind::SyncGroup(SyncGroupResponse::default().with_error_code(error.code()))
}

impl GroupCoordinator {
    pub(super) fn sync(&mut self, asked: &Asked<'_>, r: &SyncGroupRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let refuse = |error| Self::answer(partition, asked.id, refusal(error));
        let Some(shard) = self.shards.get_mut(&partition) else { return refuse(ErrorCode::NotCoordinator) };
        let Some(group) = shard.groups.get_mut(&r.group_id.to_string()) else {
            return refuse(ErrorCode::UnknownMemberId);
        };
        if let Err(error) = group.check_member(&r.member_id, r.group_instance_id.as_deref(), r.generation_id) {
            return refuse(error);
        }
        let (kind, name) = (group.protocol_type.clone(), group.protocol.clone().unwrap_or_default());
        let differs = |theirs: &Option<ottla_wire::StrBytes>, ours: &str| theirs.as_ref().is_some_and(|t| &**t != ours);
        if differs(&r.protocol_type, &kind) || differs(&r.protocol_name, &name) {
            return refuse(ErrorCode::InconsistentGroupProtocol);
        }
        let answer = |assignment: Bytes| {
            ResponseKind::SyncGroup(
                SyncGroupResponse::default()
                    .with_protocol_type(Some(str_bytes(&kind)))
                    .with_protocol_name(Some(str_bytes(&name)))
                    .with_assignment(assignment),
            )
        };
        let member_id = r.member_id.to_string();
        match group.state {
            GroupState::PreparingRebalance => refuse(ErrorCode::RebalanceInProgress),
            GroupState::Empty => refuse(ErrorCode::UnknownMemberId),
            GroupState::Stable => {
                let assignment = group.members.get(&member_id).map(|m| m.assignment.clone()).unwrap_or_default();
                Self::answer(partition, asked.id, answer(assignment))
            }
            GroupState::CompletingRebalance => {
                if let Some(member) = group.members.get_mut(&member_id) {
                    member.syncing = Some(asked.id);
                    member.renew(asked.now);
                }
                if group.leader.as_deref() != Some(member_id.as_str()) {
                    return Vec::new();
                }
                let given: BTreeMap<String, Bytes> =
                    r.assignments.iter().map(|a| (a.member_id.to_string(), a.assignment.clone())).collect();
                group.state = GroupState::Stable;
                group.state_since_ms = asked.wall_ms;
                let record = GroupRecord::Group { group: group.id.clone(), value: Some(group.stored(&given)) };
                let mut replies = Vec::new();
                for member in group.members.values_mut() {
                    member.assignment = given.get(&member.id).cloned().unwrap_or_default();
                    let waiting = member.syncing.take();
                    replies.extend(waiting.map(|id| (id, answer(member.assignment.clone()))));
                }
                vec![Decision { partition, records: vec![record], replies }]
            }
        }
    }
}
