//! One partition on this broker (`Partition`). Serves the replica manager; invariant: roles are variants with their own
//! state, and only the leader's variant knows followers.

use ottla_controller::image::PartitionState;
use ottla_log::PartitionLog;
use ottla_wire::Uuid;
use ottla_world::Time;
use std::collections::BTreeMap;

/// How far a follower has come (`Replica`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FollowerState {
    pub(crate) log_end_offset: i64,
    pub(crate) log_start_offset: i64,
    /// When it last had all of the leader's log.
    pub(crate) last_caught_up: Time,
    last_fetch: Time,
    leader_end_at_last_fetch: i64,
}

impl FollowerState {
    fn new(now: Time) -> FollowerState {
        FollowerState {
            log_end_offset: -1,
            log_start_offset: -1,
            last_caught_up: now,
            last_fetch: Time::ZERO,
            leader_end_at_last_fetch: 0,
        }
    }

    /// It fetched from `offset` while the leader's log ended at `leader_end`.
    fn fetched(&mut self, offset: i64, log_start_offset: i64, leader_end: i64, now: Time) {
        if offset >= leader_end {
            self.last_caught_up = now;
        } else if offset >= self.leader_end_at_last_fetch {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.log_end_offset = offset;
        self.log_start_offset = log_start_offset;
        self.leader_end_at_last_fetch = leader_end;
        self.last_fetch = now;
    }
}

/// What a leader knows.
#[derive(Clone, Debug)]
pub(crate) struct Leading {
    pub(crate) followers: BTreeMap<i32, FollowerState>,
    /// The ISR proposed to the controller, not answered yet.
    pub(crate) proposed_isr: Option<Vec<i32>>,
    /// Where this leader's epoch began.
    pub(crate) epoch_start_offset: i64,
}

/// What this replica does.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    Leader(Leading),
    Follower,
    /// Its disk failed.
    Offline,
}

/// A partition.
#[derive(Clone, Debug)]
pub(crate) struct Partition {
    pub(crate) topic: String,
    pub(crate) topic_id: Uuid,
    pub(crate) index: i32,
    pub(crate) log: PartitionLog,
    pub(crate) role: Role,
    pub(crate) state: PartitionState,
}

impl Partition {
    pub(crate) fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Followers of this log count as in sync only if all wait for them: the ISR and what is proposed to join it.
    pub(crate) fn maximal_isr(&self) -> Vec<i32> {
        let mut all = self.state.isr.clone();
        if let Role::Leader(leading) = &self.role
            && let Some(proposed) = &leading.proposed_isr
        {
            all.extend(proposed.iter().filter(|id| !self.state.isr.contains(id)));
        }
        all
    }

    /// Leads from now on: followers are unknown, their clocks start now.
    pub(crate) fn lead(&mut self, me: i32, now: Time) {
        let others = self.state.replicas.iter().filter(|id| **id != me);
        let followers = others.map(|id| (*id, FollowerState::new(now))).collect();
        let epoch_start_offset = self.log.log_end_offset();
        self.role = Role::Leader(Leading { followers, proposed_isr: None, epoch_start_offset });
    }

    /// A follower fetched; true if it was known.
    pub(crate) fn follower_fetched(&mut self, follower: i32, offset: i64, log_start: i64, now: Time) -> bool {
        let leader_end = self.log.log_end_offset();
        let Role::Leader(leading) = &mut self.role else { return false };
        let Some(state) = leading.followers.get_mut(&follower) else { return false };
        state.fetched(offset, log_start, leader_end, now);
        true
    }

    /// Whether a follower may join the ISR: it has everything up to the high watermark and of this leader's epoch.
    pub(crate) fn may_join_isr(&self, follower: i32) -> bool {
        let Role::Leader(leading) = &self.role else { return false };
        let Some(state) = leading.followers.get(&follower) else { return false };
        leading.proposed_isr.is_none()
            && !self.state.isr.contains(&follower)
            && state.log_end_offset >= self.log.high_watermark()
            && state.log_end_offset >= leading.epoch_start_offset
    }

    /// Followers of the ISR that did not keep up for so long.
    pub(crate) fn laggards(&self, me: i32, lag_ms: u64, now: Time) -> Vec<i32> {
        let Role::Leader(leading) = &self.role else { return Vec::new() };
        if leading.proposed_isr.is_some() {
            return Vec::new();
        }
        let end = self.log.log_end_offset();
        let late = |id: &&i32| {
            let state = leading.followers.get(id);
            state.is_some_and(|s| s.log_end_offset != end && now.millis_since(s.last_caught_up) > lag_ms)
        };
        self.state.isr.iter().filter(|id| **id != me).filter(late).copied().collect()
    }

    /// Moves the high watermark to what all in-sync replicas have; true if it moved. It stands while the ISR is smaller than
    /// `min_isr` (KIP-966).
    pub(crate) fn advance_high_watermark(&mut self, me: i32, min_isr: usize) -> bool {
        let Role::Leader(leading) = &self.role else { return false };
        if self.state.isr.len() < min_isr {
            return false;
        }
        let maximal = self.maximal_isr();
        let mut lowest = self.log.log_end_offset();
        for (id, follower) in leading.followers.iter().filter(|(id, _)| **id != me) {
            if maximal.contains(id) {
                lowest = lowest.min(follower.log_end_offset.max(0));
            }
        }
        let before = self.log.high_watermark();
        lowest > before && self.log.set_high_watermark(lowest) > before
    }
}
