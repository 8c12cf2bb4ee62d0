//! One partition on this broker (`Partition`). Serves the replica manager; invariant: roles are variants with their own
//! state, and only the leader's variant knows followers.

use ottla_controller::image::PartitionState;
use ottla_log::PartitionLog;
use ottla_wire::Uuid;
use ottla_world::Time;
use ottla_world::mutation::{self, Mutation};
use std::collections::BTreeMap;

/// How far a follower has come (`Replica`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FollowerState {
    pub(crate) log_end_offset: i64,
    pub(crate) log_start_offset: i64,
    /// When it last had all of the leader's log.
    pub(crate) last_caught_up: Time,
    /// Epoch of the broker that fetched last, -1 before its first fetch (KIP-903).
    pub(crate) broker_epoch: i64,
    last_fetch: Time,
    leader_end_at_last_fetch: i64,
}

/// One fetch of a follower, as its leader notes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FollowerFetch {
    pub(crate) offset: i64,
    pub(crate) log_start_offset: i64,
    pub(crate) broker_epoch: i64,
}

impl FollowerState {
    fn new(last_caught_up: Time) -> FollowerState {
        FollowerState {
            log_end_offset: -1,
            log_start_offset: -1,
            last_caught_up,
            broker_epoch: -1,
            last_fetch: Time::ZERO,
            leader_end_at_last_fetch: 0,
        }
    }

    /// Whether it had all of the leader's log within the last `lag_ms`.
    fn is_caught_up(&self, leader_end: i64, lag_ms: u64, now: Time) -> bool {
        self.log_end_offset == leader_end || now.millis_since(self.last_caught_up) <= lag_ms
    }

    /// It fetched while the leader's log ended at `leader_end`.
    fn fetched(&mut self, fetch: FollowerFetch, leader_end: i64, now: Time) {
        let FollowerFetch { offset, log_start_offset, broker_epoch } = fetch;
        if offset >= leader_end {
            self.last_caught_up = now;
        } else if offset >= self.leader_end_at_last_fetch {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.log_end_offset = offset;
        self.broker_epoch = broker_epoch;
        self.log_start_offset = log_start_offset;
        self.leader_end_at_last_fetch = leader_end;
        self.last_fetch = now;
    }
}

/// An ISR that the controller was asked for (`PendingPartitionChange`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) isr: Vec<i32>,
    /// The partition epoch it builds on: it stands for as long as that does not change, or until it surely failed.
    pub(crate) partition_epoch: i32,
}

/// What a leader knows.
#[derive(Clone, Debug)]
pub(crate) struct Leading {
    pub(crate) followers: BTreeMap<i32, FollowerState>,
    /// The ISR proposed to the controller and perhaps in force there already.
    pub(crate) proposal: Option<Proposal>,
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
            && let Some(proposal) = &leading.proposal
        {
            all.extend(proposal.isr.iter().filter(|id| !self.state.isr.contains(id)));
        }
        all
    }

    /// Leads an epoch from now on. A new leader knows nothing of its followers; one that led before knows their ends. The
    /// clocks of those in sync start now (`Replica.resetReplicaState`).
    pub(crate) fn lead(&mut self, me: i32, now: Time) {
        let mut known = match &mut self.role {
            Role::Leader(leading) => std::mem::take(&mut leading.followers),
            _ => BTreeMap::new(),
        };
        let mut followers = BTreeMap::new();
        for id in self.state.replicas.iter().filter(|id| **id != me) {
            let last_caught_up = if self.state.isr.contains(id) { now } else { Time::ZERO };
            let before = known.remove(id).unwrap_or_else(|| FollowerState::new(last_caught_up));
            followers.insert(*id, FollowerState { last_caught_up, ..before });
        }
        let epoch_start_offset = self.log.log_end_offset();
        self.role = Role::Leader(Leading { followers, proposal: None, epoch_start_offset });
    }

    /// Goes on leading the same epoch with other replicas, or another ISR.
    pub(crate) fn go_on_leading(&mut self, me: i32, now: Time) {
        let Role::Leader(leading) = &mut self.role else { return };
        leading.proposal = None;
        let replicas = &self.state.replicas;
        leading.followers.retain(|id, _| replicas.contains(id));
        for id in replicas.iter().filter(|id| **id != me) {
            let last_caught_up = if self.state.isr.contains(id) { now } else { Time::ZERO };
            leading.followers.entry(*id).or_insert_with(|| FollowerState::new(last_caught_up));
        }
    }

    /// Where a follower's log starts, if this replica leads and knows it.
    pub(crate) fn start_of(&self, follower: i32) -> Option<i64> {
        let Role::Leader(leading) = &self.role else { return None };
        leading.followers.get(&follower).map(|f| f.log_start_offset)
    }

    /// A follower fetched; true if it was known.
    pub(crate) fn follower_fetched(&mut self, follower: i32, fetch: FollowerFetch, now: Time) -> bool {
        let leader_end = self.log.log_end_offset();
        let Role::Leader(leading) = &mut self.role else { return false };
        let Some(state) = leading.followers.get_mut(&follower) else { return false };
        state.fetched(fetch, leader_end, now);
        true
    }

    /// Whether a follower may join the ISR: it has everything up to the high watermark and of this leader's epoch, and
    /// its broker is as the metadata has it (`isFollowerInSync`, `isReplicaIsrEligible`).
    pub(crate) fn may_join_isr(&self, follower: i32, eligible: &Eligible) -> bool {
        let Role::Leader(leading) = &self.role else { return false };
        let Some(state) = leading.followers.get(&follower) else { return false };
        leading.proposal.is_none()
            && !self.state.isr.contains(&follower)
            && (state.log_end_offset >= self.log.high_watermark().max(leading.epoch_start_offset)
                || mutation::is(Mutation::ExpandsBeforeCaughtUp))
            && eligible.allows(follower, state.broker_epoch)
    }

    /// Followers of the ISR that did not keep up for so long.
    pub(crate) fn laggards(&self, me: i32, lag_ms: u64, now: Time) -> Vec<i32> {
        let Role::Leader(leading) = &self.role else { return Vec::new() };
        if leading.proposal.is_some() {
            return Vec::new();
        }
        let end = self.log.log_end_offset();
        let late = |id: &&i32| leading.followers.get(id).is_some_and(|s| !s.is_caught_up(end, lag_ms, now));
        self.state.isr.iter().filter(|id| **id != me).filter(late).copied().collect()
    }

    /// Moves the high watermark to what all in-sync replicas have, and those about to join them; true if it moved. It
    /// stands while the ISR is smaller than the partition needs (`maybeIncrementLeaderHW`).
    pub(crate) fn advance_high_watermark(&mut self, now: Time, eligible: &Eligible) -> bool {
        let Role::Leader(leading) = &self.role else { return false };
        if self.state.isr.len() < self.min_isr() && !mutation::is(Mutation::HighWatermarkIgnoresMinIsr) {
            return false;
        }
        let maximal = self.maximal_isr();
        let end = self.log.log_end_offset();
        let mut lowest = end;
        for (id, follower) in &leading.followers {
            let joins = || {
                follower.is_caught_up(end, eligible.lag_ms, now)
                    && follower.last_caught_up > Time::ZERO
                    && eligible.allows(*id, follower.broker_epoch)
            };
            if maximal.contains(id) || joins() {
                lowest = lowest.min(follower.log_end_offset.max(0));
            }
        }
        if mutation::is(Mutation::HighWatermarkIgnoresSlowest) {
            let of = |id: &i32| leading.followers.get(id).map(|follower| follower.log_end_offset.max(0));
            lowest = maximal.iter().filter_map(of).max().unwrap_or(end);
        }
        let before = self.log.high_watermark();
        lowest > before && self.log.set_high_watermark(lowest) > before
    }

    /// In-sync replicas it needs before it takes acks=all and moves its high watermark (`effectiveMinIsr`).
    pub(crate) fn min_isr(&self) -> usize {
        let wanted = self.log.config().min_insync_replicas.max(1) as usize;
        wanted.min(self.state.replicas.len())
    }
}

/// The brokers whose replicas may be in sync, with their epochs: unfenced and not shutting down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Eligible {
    pub(crate) epochs: BTreeMap<i32, i64>,
    /// `replica.lag.time.max.ms`.
    pub(crate) lag_ms: u64,
}

impl Eligible {
    /// Whether a broker is, in the incarnation that fetched; -1 stands for any (`isBrokerEpochIsrEligible`).
    pub(crate) fn allows(&self, broker: i32, epoch: i64) -> bool {
        self.epochs.get(&broker).is_some_and(|current| epoch == -1 || epoch == *current)
    }
}
