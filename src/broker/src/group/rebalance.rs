//! The join phase: how it begins, waits and ends. Serves joining, leaving and expiry; invariant: nobody learns of a new
//! generation before all known members have joined or the rebalance timeout is over.

use super::{
    Clock, Decision, Ticket, join,
    record::GroupRecord,
    state::{Group, GroupState, JoinTimer, Member},
    sync,
};
use crate::connections::RequestId;
use ottla_wire::{ErrorCode, ResponseKind};
use std::collections::BTreeMap;

/// What a step of a group comes to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) records: Vec<GroupRecord>,
    pub(super) replies: Vec<(RequestId, ResponseKind)>,
    pub(super) ticket: Option<Ticket>,
}

impl Outcome {
    pub(super) fn reply(&mut self, id: RequestId, response: ResponseKind) {
        self.replies.push((id, response));
    }

    /// As a decision on a partition of `__consumer_offsets`; none if nothing came of it.
    pub(super) fn decision(self, partition: i32) -> Option<Decision> {
        let Outcome { records, replies, ticket } = self;
        let something = !records.is_empty() || !replies.is_empty();
        something.then_some(Decision { partition, records, replies, ticket })
    }
}

impl Group {
    /// Begins a join phase, or ends the one that is on if all are there.
    pub(super) fn rebalance(&mut self, clock: Clock, initial_delay_ms: u64, out: &mut Outcome) {
        if self.state == GroupState::PreparingRebalance {
            self.maybe_end_join(clock, out);
        } else {
            self.prepare_rebalance(clock, initial_delay_ms, out);
        }
    }

    /// Begins a join phase. The first members of a group wait for each other (`group.initial.rebalance.delay.ms`).
    pub(super) fn prepare_rebalance(&mut self, clock: Clock, initial_delay_ms: u64, out: &mut Outcome) {
        if self.state == GroupState::CompletingRebalance {
            self.refuse_syncs(clock, ErrorCode::RebalanceInProgress, out);
        }
        self.pending_syncs.clear();
        self.sync_deadline = None;
        let initial = self.state == GroupState::Empty;
        self.transition(GroupState::PreparingRebalance, clock);
        if initial {
            let remaining_ms = self.rebalance_timeout_ms().saturating_sub(initial_delay_ms);
            let at = clock.now.plus_millis(initial_delay_ms);
            self.newcomer = false;
            self.join_timer = Some(JoinTimer { at, initial: Some((initial_delay_ms, remaining_ms)) });
        } else if self.all_joined() {
            self.end_join(clock, out);
        } else {
            self.wait_for_members(clock);
        }
    }

    fn wait_for_members(&mut self, clock: Clock) {
        let at = clock.now.plus_millis(self.rebalance_timeout_ms().max(1));
        self.join_timer = Some(JoinTimer { at, initial: None });
    }

    /// Those who wait for an assignment have to join again.
    pub(super) fn refuse_syncs(&mut self, clock: Clock, error: ErrorCode, out: &mut Outcome) {
        for member in self.members.values_mut() {
            member.assignment.clear();
            if let Some(id) = member.syncing.take() {
                out.reply(id, sync::refusal(error));
                member.renew(clock);
            }
        }
    }

    /// Ends the join phase if all are there; a first rebalance waits for its time all the same.
    pub(super) fn maybe_end_join(&mut self, clock: Clock, out: &mut Outcome) {
        let waits = self.state == GroupState::PreparingRebalance && self.previous != GroupState::Empty;
        if waits && self.all_joined() {
            self.end_join(clock, out);
        }
    }

    /// The moment of the join timer has come.
    pub(super) fn join_timer_fired(&mut self, clock: Clock, initial_delay_ms: u64, out: &mut Outcome) {
        let Some(timer) = self.join_timer.take() else { return };
        match timer.initial {
            Some((delay_ms, remaining_ms)) if self.newcomer && remaining_ms > 0 => {
                // Somebody came: wait once more, but not beyond the rebalance timeout.
                self.newcomer = false;
                let next_ms = initial_delay_ms.min(remaining_ms);
                let initial = Some((next_ms, remaining_ms.saturating_sub(delay_ms)));
                self.join_timer = Some(JoinTimer { at: clock.now.plus_millis(next_ms), initial });
            }
            _ => self.end_join(clock, out),
        }
    }

    /// The join phase is over: a new generation (`completeClassicGroupJoin`).
    pub(super) fn end_join(&mut self, clock: Clock, out: &mut Outcome) {
        self.join_timer = None;
        let missing = |m: &&Member| m.joining.is_none() && m.instance_id.is_none();
        let missing: Vec<String> = self.members.values().filter(missing).map(|m| m.id.clone()).collect();
        for id in missing {
            self.remove(&id);
        }
        if !self.elect_joined_leader() && !self.members.is_empty() {
            // Static members alone, and none of them there: until their sessions end, or one comes.
            return self.wait_for_members(clock);
        }
        self.next_generation(clock);
        if self.members.is_empty() {
            out.records.push(self.record(&BTreeMap::new()));
            return;
        }
        let answers: Vec<ResponseKind> = self.members.keys().map(|id| self.joined_answer(id)).collect();
        for (member, answer) in self.members.values_mut().zip(answers) {
            if let Some(request) = member.joining.take() {
                out.reply(request, answer);
            }
            member.renew(clock);
            member.is_new = false;
        }
        self.pending_syncs = self.members.keys().cloned().collect();
        self.sync_deadline = Some(clock.now.plus_millis(self.rebalance_timeout_ms().max(1)));
    }

    /// Whether the leader, or else the longest-serving member that joined and leads from now on, is there.
    fn elect_joined_leader(&mut self) -> bool {
        let is_there = |id: &String| self.members.get(id).is_some_and(|m| m.joining.is_some());
        if self.leader.as_ref().is_some_and(is_there) {
            return true;
        }
        let joined = self.members.values().filter(|m| m.joining.is_some()).min_by_key(|m| m.joined);
        match joined.map(|m| m.id.clone()) {
            Some(id) => self.leader = Some(id),
            None => return false,
        }
        true
    }

    fn next_generation(&mut self, clock: Clock) {
        self.generation = self.generation.saturating_add(1);
        self.protocol = self.elect_protocol();
        let empty = self.members.is_empty();
        self.transition(if empty { GroupState::Empty } else { GroupState::CompletingRebalance }, clock);
        self.pending_syncs.clear();
    }

    /// Takes a member out and sends away what it had parked.
    pub(super) fn dismiss(&mut self, id: &str, out: &mut Outcome) {
        let Some(member) = self.remove(id) else { return };
        if let Some(request) = member.joining {
            out.reply(request, join::refusal(ErrorCode::UnknownMemberId, ""));
        }
        if let Some(request) = member.syncing {
            out.reply(request, sync::refusal(ErrorCode::UnknownMemberId));
        }
    }
}
