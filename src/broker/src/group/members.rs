//! Heartbeats and leaving. Serves consumers; invariant: members that leave together cost one rebalance, not more.

use super::{
    Asked, Decision, GroupCoordinator,
    rebalance::Outcome,
    state::{Group, GroupState},
};
use ottla_wire::{
    ErrorCode, ResponseKind,
    messages::{
        HeartbeatRequest, HeartbeatResponse, LeaveGroupRequest, LeaveGroupResponse,
        leave_group_request::MemberIdentity, leave_group_response::MemberResponse,
    },
};

/// From this version on several members can leave at once (KIP-345).
const BATCH_VERSION: i16 = 3;

impl GroupCoordinator {
    pub(super) fn heartbeat(&mut self, asked: &Asked<'_>, r: &HeartbeatRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let error = match self.shards.get_mut(&partition) {
            _ if r.group_id.is_empty() => ErrorCode::InvalidGroupId,
            None => ErrorCode::NotCoordinator,
            Some(shard) => match shard.groups.get_mut(&*r.group_id.0) {
                None => ErrorCode::UnknownMemberId,
                Some(group) => group.beat(asked, r).err().unwrap_or(ErrorCode::None),
            },
        };
        let response = HeartbeatResponse::default().with_error_code(error.code());
        Self::answer(partition, asked.id, ResponseKind::Heartbeat(response))
    }

    pub(super) fn leave(&mut self, asked: &Asked<'_>, r: &LeaveGroupRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let refuse = |error: ErrorCode| {
            let response = LeaveGroupResponse::default().with_error_code(error.code());
            Self::answer(partition, asked.id, ResponseKind::LeaveGroup(response))
        };
        if r.group_id.is_empty() {
            return refuse(ErrorCode::InvalidGroupId);
        }
        let leaving = if asked.version >= BATCH_VERSION {
            r.members.clone()
        } else {
            vec![MemberIdentity::default().with_member_id(r.member_id.clone())]
        };
        let delay_ms = self.config.initial_rebalance_delay_ms;
        let Some(shard) = self.shards.get_mut(&partition) else { return refuse(ErrorCode::NotCoordinator) };
        let mut out = Outcome::default();
        let results: Vec<Result<(), ErrorCode>> = match shard.groups.get_mut(&*r.group_id.0) {
            None => leaving.iter().map(|_| Err(ErrorCode::UnknownMemberId)).collect(),
            Some(group) => {
                let results: Vec<_> = leaving.iter().map(|member| group.let_go(member, &mut out)).collect();
                if results.iter().any(Result::is_ok) && group.state != GroupState::Empty {
                    group.rebalance(asked.clock(), delay_ms, &mut out);
                }
                results
            }
        };
        let mut codes = results.into_iter().map(|result| result.err().unwrap_or(ErrorCode::None).code());
        let row = |(member, code): (MemberIdentity, i16)| {
            MemberResponse::default()
                .with_member_id(member.member_id)
                .with_group_instance_id(member.group_instance_id)
                .with_error_code(code)
        };
        let mut response = LeaveGroupResponse::default();
        if asked.version >= BATCH_VERSION {
            response = response.with_members(leaving.into_iter().zip(codes).map(row).collect());
        } else {
            response = response.with_error_code(codes.next_back().unwrap_or_default());
        }
        out.reply(asked.id, ResponseKind::LeaveGroup(response));
        out.decision(partition).into_iter().collect()
    }
}

impl Group {
    fn beat(&mut self, asked: &Asked<'_>, r: &HeartbeatRequest) -> Result<(), ErrorCode> {
        self.check_current(&r.member_id, r.group_instance_id.as_deref(), r.generation_id)?;
        if let Some(member) = self.members.get_mut(&*r.member_id) {
            member.renew(asked.clock());
        }
        match self.state {
            GroupState::Empty => Err(ErrorCode::UnknownMemberId),
            GroupState::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            GroupState::CompletingRebalance | GroupState::Stable => Ok(()),
        }
    }

    /// One member leaves; administrators name a static one by its instance id alone.
    fn let_go(&mut self, leaving: &MemberIdentity, out: &mut Outcome) -> Result<(), ErrorCode> {
        let instance = leaving.group_instance_id.as_deref();
        let id = if leaving.member_id.is_empty() {
            instance.and_then(|i| self.static_member(i)).ok_or(ErrorCode::UnknownMemberId)?.to_owned()
        } else {
            leaving.member_id.to_string()
        };
        if !self.promised.contains_key(&id) {
            self.check_member(&id, instance)?;
        }
        self.dismiss(&id, out);
        Ok(())
    }
}
