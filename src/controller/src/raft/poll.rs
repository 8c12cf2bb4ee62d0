//! What is due by itself: timeouts, and the requests to send now. Serves the Raft core's owner.
//!
//! Invariant: `poll` may be called at any time; it sends at most one request to a peer that is ready for one.

use super::message::{RaftRequest, VoteRequest};
use super::role::Role;
use super::{Outcome, Raft};
use ottla_world::mutation::{self, Mutation};
use ottla_world::{Disk, Time};

/// `MAX_FETCH_WAIT_MS` of the raft client.
const MAX_FETCH_WAIT_MS: u64 = 500;
/// `MAX_FETCH_SIZE_BYTES` of the raft client (8 MiB).
const MAX_FETCH_SIZE_BYTES: u64 = 8 << 20;

impl Raft {
    /// Lets time pass: elections begin, leaders give up.
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn handle_time(&mut self, disk: &mut Disk, now: Time) -> Outcome<()> {
        match &self.role {
            Role::Unattached { election_at: Some(at) } if *at <= now => self.become_prospective(disk, now),
            Role::Follower(follower) if follower.fetch_timeout_at <= now => {
                if self.is_voter() {
                    self.become_prospective(disk, now)
                } else {
                    self.become_unattached(disk, now, self.epoch)
                }
            }
            Role::Prospective { election_at, .. } if *election_at <= now => self.give_up_prospective(disk, now),
            Role::Candidate { election_at, .. } if *election_at <= now => self.become_prospective(disk, now),
            Role::Resigned { election_at, .. } if *election_at <= now => {
                self.become_unattached(disk, now, self.epoch + 1)
            }
            Role::Leader(leader) => {
                if leader.begin_quorum_at <= now {
                    self.remind_voters(now);
                }
                self.check_quorum(now);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The requests to send now, to those peers that `ready` says can take one. `waiting` says that some request is under
    /// way: then no other voter is asked for the leader.
    pub fn poll_requests(&mut self, ready: impl Fn(i32) -> bool, waiting: bool) -> Vec<(i32, RaftRequest)> {
        let (epoch, me) = (self.epoch, self.config.node_id);
        let to_all = |ids: Vec<i32>, request: RaftRequest| {
            ids.into_iter().filter(|id| ready(*id)).map(|id| (id, request.clone())).collect()
        };
        match &self.role {
            Role::Prospective { votes, .. } => to_all(votes.unrecorded().collect(), self.vote_request(true)),
            Role::Candidate { votes, .. } => to_all(votes.unrecorded().collect(), self.vote_request(false)),
            Role::Leader(_) => to_all(self.unaware_voters(), RaftRequest::BeginQuorumEpoch { epoch, leader_id: me }),
            Role::Resigned { unacknowledged, preferred_successors, .. } => {
                let preferred_successors = preferred_successors.clone();
                let request = RaftRequest::EndQuorumEpoch { epoch, leader_id: me, preferred_successors };
                to_all(unacknowledged.iter().copied().collect(), request)
            }
            Role::Unattached { .. } | Role::Follower(_) => self.poll_fetch(ready, waiting).into_iter().collect(),
        }
    }

    fn vote_request(&self, pre_vote: bool) -> RaftRequest {
        let end = self.log.end();
        RaftRequest::Vote(VoteRequest {
            epoch: self.epoch,
            candidate_id: self.config.node_id,
            last_epoch: end.epoch,
            last_offset: end.offset,
            pre_vote,
        })
    }

    /// A fetch from the leader, or, to find one, from any voter. What is not flushed is not acknowledged: no fetch then.
    fn poll_fetch(&mut self, ready: impl Fn(i32) -> bool, waiting: bool) -> Option<(i32, RaftRequest)> {
        if self.needs_flush() && !mutation::is(Mutation::NoFlushBeforeFetch) {
            return None;
        }
        let leader = match &self.role {
            Role::Follower(follower) if !follower.ask_another => Some(follower.leader_id),
            _ => None,
        };
        let to = match leader {
            Some(leader) => ready(leader).then_some(leader)?,
            None if waiting => return None,
            None => self.random_voter(ready)?,
        };
        if let Role::Follower(follower) = &mut self.role {
            follower.ask_another = false;
        }
        if let Some(request) = self.fetch_snapshot_request(MAX_FETCH_SIZE_BYTES).filter(|_| leader == Some(to)) {
            return Some((to, RaftRequest::FetchSnapshot(request)));
        }
        Some((to, RaftRequest::Fetch(self.fetch_request(MAX_FETCH_SIZE_BYTES, MAX_FETCH_WAIT_MS))))
    }

    /// One random voter that is ready (`maybeSendAnyVoterFetch`).
    fn random_voter(&mut self, ready: impl Fn(i32) -> bool) -> Option<i32> {
        let followed = match &self.role {
            Role::Follower(follower) if self.config.voters.len() > 2 => Some(follower.leader_id),
            _ => None,
        };
        let others: Vec<i32> = self.other_voters().filter(|id| Some(*id) != followed).filter(|id| ready(*id)).collect();
        let at = self.rng.below(others.len() as u64) as usize;
        others.get(at).copied()
    }
}
