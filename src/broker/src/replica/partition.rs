//! One partition on this broker (`Partition`). Serves the replica manager; invariant: roles are variants with their own
//! state, and only the leader's variant knows followers.

use super::{FollowerFetch, FollowerState};
use ottla_controller::image::PartitionState;
use ottla_log::PartitionLog;
use ottla_wire::Uuid;
use ottla_world::Time;
use ottla_world::mutation::{self, Mutation};
use std::collections::BTreeMap;

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
    /// The high watermark of this epoch as it was seen last: it never goes back.
    high_watermark: i64,
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
    /// clocks of those in sync start now (`Partition.makeLeader`).
    pub(crate) fn lead(&mut self, me: i32, now: Time) {
        let mut known = match &mut self.role {
            Role::Leader(leading) => std::mem::take(&mut leading.followers),
            _ => BTreeMap::new(),
        };
        let mut followers = BTreeMap::new();
        let epoch_start_offset = self.log.log_end_offset();
        for id in self.state.replicas.iter().filter(|id| **id != me) {
            let in_sync = self.state.isr.contains(id);
            let state = match known.remove(id) {
                Some(mut state) => {
                    state.reset(epoch_start_offset, in_sync, now);
                    state
                }
                None => FollowerState::new(if in_sync { now } else { Time::ZERO }),
            };
            followers.insert(*id, state);
        }
        let high_watermark = self.log.high_watermark();
        self.role = Role::Leader(Leading { followers, proposal: None, epoch_start_offset, high_watermark });
    }

    /// Goes on leading the same epoch with other replicas, or another ISR.
    pub(crate) fn go_on_leading(&mut self, me: i32) {
        let Role::Leader(leading) = &mut self.role else { return };
        leading.proposal = None;
        let replicas = &self.state.replicas;
        leading.followers.retain(|id, _| replicas.contains(id));
        for id in replicas.iter().filter(|id| **id != me) {
            leading.followers.entry(*id).or_insert_with(|| FollowerState::new(Time::ZERO));
        }
    }

    /// What the metadata says of it must fit together.
    pub(crate) fn assert_isr(&self) {
        let (isr, replicas) = (&self.state.isr, &self.state.replicas);
        assert!(
            isr.iter().all(|id| replicas.contains(id)),
            "{}-{}: ISR {isr:?} of {replicas:?}",
            self.topic,
            self.index
        );
    }

    /// Its marks stand in order, and within a leader epoch the high watermark does not go back.
    pub(crate) fn assert_marks(&mut self) {
        let log = &self.log;
        let (start, mark, end) = (log.log_start_offset(), log.high_watermark(), log.log_end_offset());
        assert!(start <= mark && mark <= end, "{}: log start {start}, high watermark {mark}, end {end}", log.name());
        if let Role::Leader(leading) = &mut self.role {
            let before = std::mem::replace(&mut leading.high_watermark, mark);
            assert!(before <= mark, "{}: the high watermark went from {before} back to {mark}", log.name());
        }
    }

    fn follower_mut(&mut self, follower: i32) -> Option<&mut FollowerState> {
        let Role::Leader(leading) = &mut self.role else { return None };
        leading.followers.get_mut(&follower)
    }

    /// Whether this replica leads and has such a follower.
    pub(crate) fn knows(&self, follower: i32) -> bool {
        matches!(&self.role, Role::Leader(leading) if leading.followers.contains_key(&follower))
    }

    /// Where a follower's log ends and starts, if this replica leads and has such a follower.
    pub(crate) fn progress_of(&self, follower: i32) -> Option<(i64, i64)> {
        let Role::Leader(leading) = &self.role else { return None };
        leading.followers.get(&follower).map(|f| (f.log_end_offset, f.log_start_offset))
    }

    /// A follower fetched.
    pub(crate) fn follower_fetched(&mut self, follower: i32, fetch: FollowerFetch, now: Time) {
        let leader_end = self.log.log_end_offset();
        if let Some(state) = self.follower_mut(follower) {
            state.fetched(fetch, leader_end, now);
        }
    }

    /// A follower rested in its fetch session up to `last_fetch`.
    pub(crate) fn rested(&mut self, follower: i32, last_fetch: Time) {
        if let Some(state) = self.follower_mut(follower) {
            state.rested(last_fetch);
        }
    }

    /// Whether a follower's next fetches change nothing until something moves: it is in the ISR and has all.
    pub(crate) fn is_settled(&self, follower: i32) -> bool {
        let Role::Leader(leading) = &self.role else { return false };
        leading.proposal.is_none()
            && self.state.isr.contains(&follower)
            && leading.followers.get(&follower).is_some_and(|f| f.log_end_offset == self.log.log_end_offset())
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
        let late = |id: &&i32| leading.followers.get(id).is_none_or(|s| !s.is_caught_up(end, lag_ms, now));
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
    /// Whether a fetch came from an earlier incarnation of a broker (`Replica.updateFetchStateOrThrow`).
    pub(crate) fn outdates(&self, broker: i32, epoch: i64) -> bool {
        epoch != -1 && self.epochs.get(&broker).is_some_and(|current| *current > epoch)
    }

    /// Whether a broker is, in the incarnation that fetched; -1 stands for any (`isBrokerEpochIsrEligible`).
    pub(crate) fn allows(&self, broker: i32, epoch: i64) -> bool {
        self.epochs.get(&broker).is_some_and(|current| epoch == -1 || epoch == *current)
    }
}
