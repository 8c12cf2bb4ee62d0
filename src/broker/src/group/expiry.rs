//! What is due: sessions, join phases, pending syncs, offsets that nobody needs any more. Serves the broker's timers; invariant:
//! after `on_timer(now)` nothing is due at `now` except what it set itself.

use super::{
    Clock, Decision, GroupCoordinator, Shard,
    config::GroupConfig,
    rebalance::Outcome,
    record::{Committed, GroupRecord},
    state::{Group, GroupState},
};
use ottla_world::Time;
use std::collections::BTreeSet;

impl GroupCoordinator {
    /// The next moment something is due.
    pub(crate) fn next_deadline(&self) -> Option<Time> {
        let of_shard = |s: &Shard| s.groups.values().filter_map(Group::next_deadline).chain(s.next_cleanup).min();
        self.shards.values().filter_map(of_shard).min()
    }

    /// Does what is due.
    pub(crate) fn on_timer(&mut self, now: Time, wall_ms: i64) -> Vec<Decision> {
        let (clock, mut decisions) = (Clock { now, wall_ms }, Vec::new());
        for (&partition, shard) in &mut self.shards {
            for group in shard.groups.values_mut() {
                let mut out = Outcome::default();
                group.expire(clock, self.config.initial_rebalance_delay_ms, &mut out);
                decisions.extend(out.decision(partition));
            }
            if shard.next_cleanup.is_some_and(|at| at <= now) {
                shard.next_cleanup = Some(now.plus_millis(self.config.retention_check_interval_ms));
                let records = shard.groups.values().flat_map(|g| g.outdated(wall_ms, &self.config)).collect();
                decisions.extend(Outcome { records, ..Outcome::default() }.decision(partition));
            }
        }
        decisions
    }

    /// Topics are no more: their offsets are forgotten (`onPartitionsDeleted`).
    pub(crate) fn topics_deleted(&self, topics: &BTreeSet<String>) -> Vec<Decision> {
        let of_group = |g: &Group| {
            let gone: Vec<_> = g.offsets.keys().filter(|(topic, _)| topics.contains(topic)).cloned().collect();
            let id = g.id.clone();
            gone.into_iter().map(move |(topic, partition)| GroupRecord::no_offset(&id, &topic, partition))
        };
        let of_shard = |(&partition, shard): (&i32, &Shard)| {
            let records = shard.groups.values().flat_map(of_group).collect();
            Outcome { records, ..Outcome::default() }.decision(partition)
        };
        self.shards.iter().filter_map(of_shard).collect()
    }
}

impl Group {
    fn next_deadline(&self) -> Option<Time> {
        let sessions = self.members.values().filter_map(|m| m.session_ends);
        let pending = self.promised.values().copied();
        let join = self.join_timer.map(|timer| timer.at);
        sessions.chain(pending).chain(join).chain(self.sync_deadline).min()
    }

    fn expire(&mut self, clock: Clock, delay_ms: u64, out: &mut Outcome) {
        let late: Vec<String> =
            self.promised.iter().filter(|(_, ends)| **ends <= clock.now).map(|(id, _)| id.clone()).collect();
        for id in late {
            self.remove(&id);
            self.after_loss(clock, delay_ms, false, out);
        }
        let is_late = |ends: Option<Time>| ends.is_some_and(|at| at <= clock.now);
        let late: Vec<String> =
            self.members.values().filter(|m| is_late(m.session_ends)).map(|m| m.id.clone()).collect();
        for id in late {
            // An earlier one's end may have ended the join phase, and so renewed this one.
            let Some(member) = self.members.get_mut(&id).filter(|m| is_late(m.session_ends)) else { continue };
            member.session_ends = None;
            if !member.may_be_silent() {
                self.dismiss(&id, out);
                self.after_loss(clock, delay_ms, true, out);
            }
        }
        if self.join_timer.is_some_and(|timer| timer.at <= clock.now) {
            self.join_timer_fired(clock, delay_ms, out);
        }
        if self.sync_deadline.is_some_and(|at| at <= clock.now) {
            self.expire_syncs(clock, delay_ms, out);
        }
    }

    fn after_loss(&mut self, clock: Clock, delay_ms: u64, was_member: bool, out: &mut Outcome) {
        match self.state {
            GroupState::PreparingRebalance if self.all_joined() => self.end_join(clock, out),
            GroupState::CompletingRebalance | GroupState::Stable if was_member => self.rebalance(clock, delay_ms, out),
            _ => {}
        }
    }

    /// Members that joined but never asked for their assignment are given up (`expirePendingSync`).
    fn expire_syncs(&mut self, clock: Clock, delay_ms: u64, out: &mut Outcome) {
        self.sync_deadline = None;
        let at_work = matches!(self.state, GroupState::CompletingRebalance | GroupState::Stable);
        if !at_work || self.pending_syncs.is_empty() {
            return;
        }
        for id in std::mem::take(&mut self.pending_syncs) {
            self.dismiss(&id, out);
        }
        self.prepare_rebalance(clock, delay_ms, out);
    }

    /// Tombstones for offsets whose retention is over, and for the group if nothing is left of it (`cleanupExpiredOffsets`).
    fn outdated(&self, wall_ms: i64, config: &GroupConfig) -> Vec<GroupRecord> {
        let mut records = Vec::new();
        for ((topic, partition), committed) in &self.offsets {
            if !self.is_subscribed(topic) && self.is_outdated(committed, wall_ms, config.offsets_retention_ms) {
                records.push(GroupRecord::no_offset(&self.id, topic, *partition));
            }
        }
        if records.len() == self.offsets.len() && self.state == GroupState::Empty {
            records.push(GroupRecord::no_group(&self.id));
        }
        records
    }

    fn is_outdated(&self, committed: &Committed, wall_ms: i64, retention_ms: i64) -> bool {
        let standalone = self.protocol_type.is_empty();
        let counts_from = match self.state {
            _ if standalone => committed.timestamp_ms,
            GroupState::Empty if self.state_since_ms >= 0 => self.state_since_ms,
            GroupState::Empty => committed.timestamp_ms,
            GroupState::Stable if self.subscribed().is_some() => committed.timestamp_ms,
            _ => return false,
        };
        match committed.expire_timestamp_ms {
            Some(expires) => wall_ms >= expires,
            None => wall_ms.saturating_sub(counts_from) >= retention_ms,
        }
    }
}
