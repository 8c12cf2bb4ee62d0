//! SyncGroup: the leader's assignment reaches the members (`classicGroupSync`). Serves consumers; invariant: nobody hears of an
//! assignment before its record is committed.

use super::{
    Asked, Clock, Decision, GroupCoordinator, Ticket,
    rebalance::Outcome,
    state::{Group, GroupState},
};
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
        if r.group_id.is_empty() {
            return refuse(ErrorCode::InvalidGroupId);
        }
        let Some(shard) = self.shards.get_mut(&partition) else { return refuse(ErrorCode::NotCoordinator) };
        let Some(group) = shard.groups.get_mut(&*r.group_id.0) else { return refuse(ErrorCode::UnknownMemberId) };
        if let Err(error) = group.check_sync(r) {
            return refuse(error);
        }
        group.pending_syncs.remove(&*r.member_id);
        if group.pending_syncs.is_empty() {
            group.sync_deadline = None;
        }
        if group.state == GroupState::Stable {
            let assignment = group.members.get(&*r.member_id).map(|m| m.assignment.clone()).unwrap_or_default();
            return Self::answer(partition, asked.id, group.assigned_answer(assignment));
        }
        if let Some(member) = group.members.get_mut(&*r.member_id) {
            member.syncing = Some(asked.id);
        }
        if group.leader.as_deref() != Some(&*r.member_id) {
            return Vec::new();
        }
        let assignments: BTreeMap<String, Bytes> =
            r.assignments.iter().map(|a| (a.member_id.to_string(), a.assignment.clone())).collect();
        let records = vec![group.record(&assignments)];
        let ticket = Some(Ticket { partition, group: group.id.clone(), generation: group.generation, assignments });
        vec![Decision { partition, records, replies: Vec::new(), ticket }]
    }

    /// The record of a decision with a ticket is committed, or could not be written.
    pub(crate) fn written(
        &mut self,
        ticket: &Ticket,
        now: ottla_world::Time,
        wall_ms: i64,
        result: Result<(), ErrorCode>,
    ) -> Vec<Decision> {
        let (clock, mut out) = (Clock { now, wall_ms }, Outcome::default());
        let shard = self.shards.get_mut(&ticket.partition);
        let Some(group) = shard.and_then(|s| s.groups.get_mut(&ticket.group)) else { return Vec::new() };
        // Who joined meanwhile has begun a new join phase: the assignment is of the past.
        if group.state != GroupState::CompletingRebalance || group.generation != ticket.generation {
            return Vec::new();
        }
        match result {
            Ok(()) => group.assign(clock, &ticket.assignments, &mut out),
            Err(error) => {
                group.refuse_syncs(clock, error, &mut out);
                group.rebalance(clock, self.config.initial_rebalance_delay_ms, &mut out);
            }
        }
        out.decision(ticket.partition).into_iter().collect()
    }
}

impl Group {
    fn check_sync(&self, r: &SyncGroupRequest) -> Result<(), ErrorCode> {
        self.check_current(&r.member_id, r.group_instance_id.as_deref(), r.generation_id)?;
        let differs =
            |theirs: Option<&str>, ours: Option<&str>| theirs.zip(ours).is_some_and(|(theirs, ours)| theirs != ours);
        if differs(r.protocol_type.as_deref(), Some(self.protocol_type.as_str()))
            || differs(r.protocol_name.as_deref(), self.protocol.as_deref())
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        match self.state {
            GroupState::Empty => Err(ErrorCode::UnknownMemberId),
            GroupState::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            GroupState::CompletingRebalance | GroupState::Stable => Ok(()),
        }
    }

    fn assign(&mut self, clock: Clock, assignments: &BTreeMap<String, Bytes>, out: &mut Outcome) {
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let assignment = assignments.get(&id).cloned().unwrap_or_default();
            let answer = self.assigned_answer(assignment.clone());
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.assignment = assignment;
            if let Some(request) = member.syncing.take() {
                out.reply(request, answer);
                member.renew(clock);
            }
        }
        self.transition(GroupState::Stable, clock);
    }

    fn assigned_answer(&self, assignment: Bytes) -> ResponseKind {
        ResponseKind::SyncGroup(
            SyncGroupResponse::default()
                .with_protocol_type(Some(str_bytes(&self.protocol_type)))
                .with_protocol_name(Some(str_bytes(self.protocol.as_deref().unwrap_or_default())))
                .with_assignment(assignment),
        )
    }
}
