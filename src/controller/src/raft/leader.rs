//! What a leader does: append, count who has what, and step down without a majority (`LeaderState`).
//!
//! Invariant: an offset is committed once a majority of the voters has flushed it and it lies beyond the start of the
//! leader's own epoch.

use super::role::{Progress, Role};
use super::{FetchRequest, Outcome, Raft};
use bytes::Bytes;
use ottla_world::mutation::{self, Mutation};
use ottla_world::{Disk, Time};

/// An observer that has not fetched for so long is forgotten (`LeaderState.OBSERVER_SESSION_TIMEOUT_MS`).
const OBSERVER_SESSION_TIMEOUT_MS: u64 = 300_000;

impl Raft {
    /// Appends a batch that the leader built at its log end offset and epoch.
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn append_as_leader(&mut self, disk: &mut Disk, batch: Bytes) -> Outcome<()> {
        assert!(matches!(self.role, Role::Leader(_)), "only a leader appends");
        self.log.append(disk, batch)
    }

    /// The disk surely holds everything below `offset`.
    pub fn handle_flushed(&mut self, now: Time, offset: i64) {
        self.flushed_offset = self.flushed_offset.max(offset.min(self.log.end_offset()));
        let (me, flushed) = (self.config.node_id, self.flushed_offset);
        if let Role::Leader(leader) = &mut self.role {
            let progress = leader.voters.entry(me).or_default();
            progress.end_offset = Some(flushed);
            progress.last_fetch = Some(now);
            progress.last_caught_up = Some(now);
        }
        self.advance_high_watermark();
    }

    /// Counts a replica's fetch as the acknowledgement it is.
    pub(super) fn count_fetch(&mut self, now: Time, request: &FetchRequest) {
        let end = self.log.end_offset();
        let Role::Leader(leader) = &mut self.role else { return };
        let is_voter = leader.voters.contains_key(&request.replica_id);
        let table = if is_voter { &mut leader.voters } else { &mut leader.observers };
        let progress = table.entry(request.replica_id).or_default();
        if request.offset >= end {
            progress.last_caught_up = Some(now);
        } else if progress.last_fetch.is_some() && request.offset >= progress.leader_end_at_last_fetch {
            progress.last_caught_up = progress.last_fetch;
        }
        progress.end_offset = Some(request.offset);
        progress.last_fetch = Some(now);
        progress.leader_end_at_last_fetch = end;
        progress.acknowledged = true;
        leader.observers.retain(|_, p| p.last_fetch.is_some_and(|t| now.millis_since(t) < OBSERVER_SESSION_TIMEOUT_MS));
        if is_voter {
            self.heard_from(now, request.replica_id);
            self.advance_high_watermark();
        }
    }

    /// A voter fetches: the more of them, the longer this node leads (`updateCheckQuorumForFollowingVoter`).
    pub(super) fn heard_from(&mut self, now: Time, replica_id: i32) {
        let timeout = self.check_quorum_ms();
        let needed = self.majority() - 1;
        let Role::Leader(leader) = &mut self.role else { return };
        if !leader.voters.contains_key(&replica_id) {
            return;
        }
        leader.fetched.insert(replica_id);
        if leader.fetched.len() >= needed && leader.check_quorum_at.is_some() {
            leader.fetched.clear();
            leader.check_quorum_at = Some(now.plus_millis(timeout));
        }
    }

    fn advance_high_watermark(&mut self) {
        let majority = self.majority();
        let Role::Leader(leader) = &mut self.role else { return };
        let mut ends: Vec<i64> = leader.voters.values().map(|p| p.end_offset.unwrap_or(-1)).collect();
        ends.sort_unstable_by(|a, b| b.cmp(a));
        let needed = if mutation::is(Mutation::CommitsWithoutMajority) { 1 } else { majority };
        let offset = ends[needed - 1];
        if offset > leader.epoch_start_offset && leader.high_watermark.is_none_or(|known| offset > known) {
            leader.high_watermark = Some(offset);
            self.raise_high_watermark(offset);
        }
    }

    /// Voters that have to be told who leads: they neither answered nor fetched.
    pub(super) fn unaware_voters(&self) -> Vec<i32> {
        let Role::Leader(leader) = &self.role else { return Vec::new() };
        let unaware = |(id, p): (&i32, &Progress)| (!p.acknowledged && *id != self.config.node_id).then_some(*id);
        leader.voters.iter().filter_map(unaware).collect()
    }

    /// Time for the announcement again: whoever did not fetch since long is told once more.
    pub(super) fn remind_voters(&mut self, now: Time) {
        let (interval, patience) = (self.config.fetch_timeout_ms / 2, self.config.fetch_timeout_ms);
        let me = self.config.node_id;
        let Role::Leader(leader) = &mut self.role else { return };
        leader.begin_quorum_at = now.plus_millis(interval);
        for (id, progress) in &mut leader.voters {
            let silent = progress.last_fetch.is_none_or(|t| now.millis_since(t) >= patience);
            if *id != me && silent {
                progress.acknowledged = false;
            }
        }
    }

    /// Resigns when no majority fetched in time (KIP-835, check quorum).
    pub(super) fn check_quorum(&mut self, now: Time) {
        let lost = matches!(&self.role, Role::Leader(l) if l.check_quorum_at.is_some_and(|at| at <= now));
        if lost {
            self.notes.push(format!("raft {}: no majority fetches, resigning", self.config.node_id));
            self.become_resigned(now);
        }
    }
}
