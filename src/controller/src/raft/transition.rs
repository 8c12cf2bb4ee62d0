//! From one role to another. Serves the Raft core; invariant: epoch, vote and leader are written to `quorum-state` before
//! the function returns, and the epoch never falls.

use super::role::{Follower, Leader, Progress, Role, Votes};
use super::store::{self, ElectionState};
use super::{Outcome, Raft};
use ottla_world::mutation::{self, Mutation};
use ottla_world::{Disk, Time};
use std::collections::{BTreeMap, BTreeSet};

impl Raft {
    /// The role after a start (`QuorumState.initialize`).
    pub(super) fn recover(&mut self, disk: &mut Disk, now: Time, state: ElectionState) -> Outcome<()> {
        self.epoch = state.epoch.max(self.log.last_epoch());
        let current = state.epoch == self.epoch;
        self.voted_id = state.voted_id.filter(|_| current);
        let me = self.config.node_id;
        if self.is_voter() && self.config.voters.len() == 1 {
            return self.become_candidate(disk, now);
        }
        match state.leader_id.filter(|_| current) {
            Some(leader) if leader == me && self.is_voter() => {
                self.become_resigned(now);
            }
            Some(leader) if self.config.voters.contains(&leader) => self.follow(disk, now, leader)?,
            _ if self.voted_id == Some(me) => self.become_candidate_again(now),
            _ => self.wait_unattached(disk, now)?,
        }
        Ok(())
    }

    fn save(&mut self, disk: &mut Disk) -> Outcome<()> {
        let leader_id = self.leader_id().filter(|_| !matches!(self.role, Role::Prospective { .. }));
        let state = ElectionState { epoch: self.epoch, leader_id, voted_id: self.voted_id };
        self.stored = true;
        store::save(disk, &self.config.dir, state, self.config.voters.iter().copied())
    }

    fn note_role(&mut self) {
        let leader = self.leader_id().map_or("none".to_owned(), |id| id.to_string());
        let (id, role, epoch) = (self.config.node_id, self.role.name(), self.epoch);
        if self.is_voter() {
            self.notes.push(format!("raft {id}: {role:?} epoch={epoch} leader={leader}"));
        }
    }

    fn raise_epoch(&mut self, epoch: i32) {
        assert!(epoch >= self.epoch, "the epoch never falls");
        if epoch > self.epoch {
            self.epoch = epoch;
            self.voted_id = None;
        }
    }

    fn wait_unattached(&mut self, disk: &mut Disk, now: Time) -> Outcome<()> {
        let election_at = self.is_voter().then(|| now.plus_millis(self.random_election_timeout_ms()));
        self.role = Role::Unattached { election_at };
        self.note_role();
        self.save(disk)
    }

    /// Unattached in `epoch`; with a vote if one was given in it.
    pub(super) fn become_unattached(&mut self, disk: &mut Disk, now: Time, epoch: i32) -> Outcome<()> {
        self.raise_epoch(epoch);
        self.wait_unattached(disk, now)
    }

    /// Remembers a vote for another node in the current epoch.
    pub(super) fn vote_for(&mut self, disk: &mut Disk, candidate: i32) -> Outcome<()> {
        let first = self.voted_id.is_none_or(|voted| voted == candidate);
        assert!(first || mutation::is(Mutation::VotesTwice), "one vote an epoch");
        self.voted_id = Some(candidate);
        self.save(disk)
    }

    fn follow(&mut self, disk: &mut Disk, now: Time, leader_id: i32) -> Outcome<()> {
        self.role = Role::Follower(Follower {
            leader_id,
            fetch_timeout_at: now.plus_millis(self.config.fetch_timeout_ms),
            has_fetched: false,
            ask_another: false,
            snapshot: None,
        });
        self.note_role();
        self.save(disk)
    }

    /// Follows the leader of `epoch`; nothing happens if it does already.
    pub(super) fn become_follower(&mut self, disk: &mut Disk, now: Time, epoch: i32, leader_id: i32) -> Outcome<()> {
        let known = epoch == self.epoch && matches!(&self.role, Role::Follower(f) if f.leader_id == leader_id);
        if known {
            return Ok(());
        }
        self.raise_epoch(epoch);
        self.follow(disk, now, leader_id)
    }

    pub(super) fn become_prospective(&mut self, disk: &mut Disk, now: Time) -> Outcome<()> {
        let leader_id = match &self.role {
            Role::Follower(follower) => Some(follower.leader_id),
            Role::Prospective { leader_id, .. } => *leader_id,
            _ => None,
        };
        let election_at = now.plus_millis(self.random_election_timeout_ms());
        let votes = Votes::of_candidate(&self.config.voters, self.config.node_id);
        let alone = votes.is_granted();
        self.role = Role::Prospective { leader_id, votes, election_at };
        self.note_role();
        self.save(disk)?;
        if alone { self.become_candidate(disk, now) } else { Ok(()) }
    }

    /// A prospective that can't win goes back to where it came from.
    pub(super) fn give_up_prospective(&mut self, disk: &mut Disk, now: Time) -> Outcome<()> {
        match self.role {
            Role::Prospective { leader_id: Some(leader), .. } => self.follow(disk, now, leader),
            _ => self.wait_unattached(disk, now),
        }
    }

    pub(super) fn become_candidate(&mut self, disk: &mut Disk, now: Time) -> Outcome<()> {
        self.raise_epoch(self.epoch + 1);
        self.voted_id = Some(self.config.node_id);
        self.become_candidate_again(now);
        self.save(disk)?;
        self.become_leader_if_elected(disk, now)
    }

    /// A candidate that crashed goes on in the epoch in which it voted for itself.
    fn become_candidate_again(&mut self, now: Time) {
        let election_at = now.plus_millis(self.random_election_timeout_ms());
        let votes = Votes::of_candidate(&self.config.voters, self.config.node_id);
        self.role = Role::Candidate { votes, election_at };
        self.note_role();
    }

    /// Leads from now on; the owner appends the `LeaderChangeMessage` at the log end offset at once.
    pub(super) fn become_leader(&mut self, disk: &mut Disk, now: Time, granting_voters: Vec<i32>) -> Outcome<()> {
        let me = self.config.node_id;
        let progress = |id: &i32| (*id, Progress { acknowledged: *id == me, ..Progress::default() });
        let voters: BTreeMap<i32, Progress> = self.config.voters.iter().map(progress).collect();
        let check_quorum_at = (voters.len() > 1).then(|| now.plus_millis(self.check_quorum_ms()));
        self.role = Role::Leader(Box::new(Leader {
            epoch_start_offset: self.log.end_offset(),
            granting_voters,
            voters,
            observers: BTreeMap::new(),
            high_watermark: None,
            begin_quorum_at: now.plus_millis(self.config.fetch_timeout_ms / 2),
            fetched: BTreeSet::new(),
            check_quorum_at,
        }));
        self.note_role();
        self.save(disk)
    }

    /// How long a leader leads without hearing from a majority (`LeaderState.CHECK_QUORUM_TIMEOUT_FACTOR` 1.5).
    pub(super) fn check_quorum_ms(&self) -> u64 {
        self.config.fetch_timeout_ms * 3 / 2
    }

    /// Stops to lead in this epoch. Nothing is written: after a crash the node must still know that it was this epoch's
    /// leader, or it would be elected into it once more (`QuorumState.transitionToResigned`).
    pub(super) fn become_resigned(&mut self, now: Time) {
        let unacknowledged: BTreeSet<i32> = self.other_voters().collect();
        let preferred_successors = self.successors();
        let election_at = now.plus_millis(self.random_election_timeout_ms());
        self.role = Role::Resigned { unacknowledged, preferred_successors, election_at };
        self.note_role();
    }

    /// The other voters, furthest log first.
    fn successors(&self) -> Vec<i32> {
        let end = |id: &i32| self.leader().and_then(|leader| leader.voters.get(id)?.end_offset).unwrap_or(-1);
        let mut others: Vec<i32> = self.other_voters().collect();
        others.sort_by_key(|id| (std::cmp::Reverse(end(id)), *id));
        others
    }

    /// Gives up leadership, if it leads: before a clean stop, or when the active controller fails.
    pub fn resign(&mut self, now: Time) {
        if matches!(self.role, Role::Leader(_)) {
            self.become_resigned(now);
        }
    }
}
