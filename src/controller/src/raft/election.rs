//! Votes, pre-votes and the announcements of leaders. Serves the Raft core; invariant: a node votes once an epoch, and only
//! for a candidate whose log is not behind its own.

use super::message::{RaftError, RaftResponse, ResponseBody, VoteRequest};
use super::role::Role;
use super::{Outcome, Raft};
use ottla_world::mutation::{self, Mutation};
use ottla_world::{Disk, Time};

impl Raft {
    /// A response that says what this node knows of epoch and leader.
    pub(super) fn response(&self, error: RaftError, body: ResponseBody) -> RaftResponse {
        RaftResponse { error, epoch: self.epoch, leader_id: self.leader_id(), body }
    }

    /// Answers `Vote` (`KafkaRaftClient.handleVoteRequest`).
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn handle_vote(&mut self, disk: &mut Disk, now: Time, request: VoteRequest) -> Outcome<RaftResponse> {
        let refusal = ResponseBody::Vote { granted: false };
        if request.epoch < self.epoch {
            return Ok(self.response(RaftError::FencedLeaderEpoch, refusal));
        }
        if !self.is_voter() || !self.config.voters.contains(&request.candidate_id) {
            return Ok(self.response(RaftError::InvalidRequest, refusal));
        }
        if request.epoch > self.epoch {
            self.become_unattached(disk, now, request.epoch)?;
        }
        let granted = self.can_grant(&request);
        if granted && !request.pre_vote {
            self.vote_for(disk, request.candidate_id)?;
            if let Role::Unattached { .. } = self.role {
                // Who voted waits a whole timeout for the outcome.
                self.become_unattached(disk, now, self.epoch)?;
            }
        }
        Ok(self.response(RaftError::None, ResponseBody::Vote { granted }))
    }

    fn can_grant(&self, request: &VoteRequest) -> bool {
        let end = self.log.end();
        let up_to_date = (request.last_epoch, request.last_offset) >= (end.epoch, end.offset)
            || mutation::is(Mutation::VotesForShorterLog);
        if request.pre_vote {
            return match &self.role {
                Role::Leader(_) => false,
                Role::Follower(follower) => up_to_date && !follower.has_fetched,
                _ => up_to_date,
            };
        }
        match &self.role {
            Role::Unattached { .. } | Role::Prospective { leader_id: None, .. } => match self.voted_id {
                Some(voted) => voted == request.candidate_id || mutation::is(Mutation::VotesTwice),
                None => up_to_date,
            },
            _ => false,
        }
    }

    /// Takes the answer to a `Vote` of the given epoch (`handleVoteResponse`).
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn handle_vote_response(
        &mut self,
        disk: &mut Disk,
        now: Time,
        from: i32,
        asked: VoteRequest,
        response: &RaftResponse,
    ) -> Outcome<()> {
        if self.learn(disk, now, response)? || response.error != RaftError::None || asked.epoch != self.epoch {
            return Ok(());
        }
        let ResponseBody::Vote { granted } = response.body else { return Ok(()) };
        match &mut self.role {
            Role::Prospective { votes, .. } if asked.pre_vote => {
                votes.record(from, granted);
                let (won, lost) = (votes.is_granted(), votes.is_rejected());
                match (won, lost) {
                    (true, _) => self.become_candidate(disk, now),
                    (_, true) => self.give_up_prospective(disk, now),
                    _ => Ok(()),
                }
            }
            Role::Candidate { votes, .. } if !asked.pre_vote => {
                votes.record(from, granted);
                if votes.is_rejected() {
                    return self.become_prospective(disk, now);
                }
                self.become_leader_if_elected(disk, now)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn become_leader_if_elected(&mut self, disk: &mut Disk, now: Time) -> Outcome<()> {
        let Role::Candidate { votes, .. } = &self.role else { return Ok(()) };
        if !votes.is_granted() {
            return Ok(());
        }
        let granting = votes.granting();
        self.become_leader(disk, now, granting)
    }

    /// Answers `BeginQuorumEpoch` (`handleBeginQuorumEpochRequest`).
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn handle_begin_quorum(
        &mut self,
        disk: &mut Disk,
        now: Time,
        epoch: i32,
        leader_id: i32,
    ) -> Outcome<RaftResponse> {
        let error = self.announcement_error(epoch, leader_id);
        if error == RaftError::None {
            self.become_follower(disk, now, epoch, leader_id)?;
        }
        Ok(self.response(error, ResponseBody::BeginQuorumEpoch))
    }

    fn announcement_error(&self, epoch: i32, leader_id: i32) -> RaftError {
        if epoch < self.epoch {
            return RaftError::FencedLeaderEpoch;
        }
        let other_leader = epoch == self.epoch && self.leader_id().is_some_and(|known| known != leader_id);
        let stranger = !self.config.voters.contains(&leader_id) || leader_id == self.config.node_id;
        if other_leader || stranger { RaftError::InvalidRequest } else { RaftError::None }
    }

    /// Answers `EndQuorumEpoch`: the first of the preferred successors begins an election at once, the others wait
    /// the longer the further back they stand (`endEpochElectionBackoff`).
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn handle_end_quorum(
        &mut self,
        disk: &mut Disk,
        now: Time,
        (epoch, leader_id): (i32, i32),
        preferred_successors: &[i32],
    ) -> Outcome<RaftResponse> {
        let error = self.announcement_error(epoch, leader_id);
        if error != RaftError::None {
            return Ok(self.response(error, ResponseBody::EndQuorumEpoch));
        }
        self.become_follower(disk, now, epoch, leader_id)?;
        let position = preferred_successors.iter().position(|id| *id == self.config.node_id);
        let backoff = match position {
            Some(0) => 0,
            Some(position) => {
                let base = self.config.election_timeout_ms / (1 << preferred_successors.len().min(20));
                let grown = base.saturating_mul(1 << position.min(20));
                grown.min(self.config.election_backoff_max_ms) + self.rng.below(10)
            }
            None => self.config.election_backoff_max_ms,
        };
        if let Role::Follower(follower) = &mut self.role {
            follower.fetch_timeout_at = now.plus_millis(backoff);
            follower.has_fetched = false;
        }
        if backoff == 0 && self.is_voter() {
            self.become_prospective(disk, now)?;
        }
        Ok(self.response(RaftError::None, ResponseBody::EndQuorumEpoch))
    }

    /// Takes the answers to `BeginQuorumEpoch` and `EndQuorumEpoch`.
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn handle_announcement_response(
        &mut self,
        disk: &mut Disk,
        now: Time,
        from: i32,
        response: &RaftResponse,
    ) -> Outcome<()> {
        if self.learn(disk, now, response)? || response.error != RaftError::None {
            return Ok(());
        }
        match (&mut self.role, &response.body) {
            (Role::Leader(leader), ResponseBody::BeginQuorumEpoch) => {
                if let Some(progress) = leader.voters.get_mut(&from) {
                    progress.acknowledged = true;
                }
            }
            (Role::Resigned { unacknowledged, .. }, ResponseBody::EndQuorumEpoch) => {
                unacknowledged.remove(&from);
            }
            _ => {}
        }
        Ok(())
    }

    /// Learns epoch and leader from a response (`maybeHandleCommonResponse`); true if that changed what this node is, or
    /// the response is of an old epoch: then its body says nothing more.
    pub(super) fn learn(&mut self, disk: &mut Disk, now: Time, response: &RaftResponse) -> Outcome<bool> {
        if response.epoch < self.epoch {
            return Ok(response.error == RaftError::None);
        }
        let leader = response.leader_id.filter(|id| self.config.voters.contains(id) && *id != self.config.node_id);
        if response.epoch > self.epoch {
            match leader {
                Some(leader) => self.become_follower(disk, now, response.epoch, leader)?,
                None => self.become_unattached(disk, now, response.epoch)?,
            }
            return Ok(true);
        }
        match (leader, &self.role) {
            (
                Some(leader),
                Role::Unattached { .. } | Role::Candidate { .. } | Role::Prospective { leader_id: None, .. },
            ) => {
                self.become_follower(disk, now, response.epoch, leader)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
