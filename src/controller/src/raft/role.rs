//! The states of a member of the quorum (`QuorumState`), each with what only it knows.
//!
//! Serves the Raft core. Legal transitions, as in Kafka's `QuorumState` with pre-vote (KIP-996):
//!
//! - any state → Unattached on a higher epoch without leader, → Follower on a leader of the same or a higher epoch
//!   (a leader only of a higher one)
//! - Unattached → Prospective when the election timeout expires
//! - Follower → Prospective when the fetch timeout expires; an observer becomes Unattached
//! - Prospective → Candidate with a majority of pre-votes; → Follower or Unattached when rejected or timed out
//! - Candidate → Leader with a majority of votes; → Prospective when rejected or timed out
//! - Leader → Resigned when it stops or has no majority; Resigned → Unattached in the next epoch after a timeout
//!
//! Invariant: only `Raft` moves from one to the other, by the functions in `transition.rs`.

use super::log::EpochAndOffset;
use crate::view::RoleName;
use ottla_world::Time;
use std::collections::{BTreeMap, BTreeSet};

/// The votes of one election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Votes {
    voters: BTreeMap<i32, Option<bool>>,
}

impl Votes {
    /// Nobody but `id` has voted, and for itself.
    pub fn of_candidate(voters: &BTreeSet<i32>, id: i32) -> Votes {
        Votes { voters: voters.iter().map(|voter| (*voter, (*voter == id).then_some(true))).collect() }
    }

    /// Records an answer; the first one counts.
    pub fn record(&mut self, voter: i32, granted: bool) {
        if let Some(vote) = self.voters.get_mut(&voter) {
            vote.get_or_insert(granted);
        }
    }

    fn count(&self, vote: Option<bool>) -> usize {
        self.voters.values().filter(|v| **v == vote).count()
    }

    /// Whether a majority granted.
    pub fn is_granted(&self) -> bool {
        self.count(Some(true)) > self.voters.len() / 2
    }

    /// Whether a majority can't be had any more.
    pub fn is_rejected(&self) -> bool {
        self.count(Some(true)) + self.count(None) <= self.voters.len() / 2
    }

    /// Who has not answered yet.
    pub fn unrecorded(&self) -> impl Iterator<Item = i32> {
        self.voters.iter().filter(|(_, vote)| vote.is_none()).map(|(id, _)| *id)
    }

    /// Who granted.
    pub fn granting(&self) -> Vec<i32> {
        self.voters.iter().filter(|(_, vote)| **vote == Some(true)).map(|(id, _)| *id).collect()
    }
}

/// How far a replica has come, as its leader knows it (`LeaderState.ReplicaState`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Its log end offset, once known.
    pub end_offset: Option<i64>,
    /// When it fetched last.
    pub last_fetch: Option<Time>,
    /// When it last had all of the leader's log.
    pub last_caught_up: Option<Time>,
    /// The leader's log end offset at its last fetch.
    pub leader_end_at_last_fetch: i64,
    /// Whether it knows of this leader: it answered `BeginQuorumEpoch` or fetched.
    pub acknowledged: bool,
}

/// What a leader knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// Offset of its `LeaderChangeMessage`; nothing is committed before that is.
    pub epoch_start_offset: i64,
    /// Who voted for it.
    pub granting_voters: Vec<i32>,
    /// The voters, itself among them.
    pub voters: BTreeMap<i32, Progress>,
    /// Brokers that fetch.
    pub observers: BTreeMap<i32, Progress>,
    /// The high watermark of this epoch, once it has one.
    pub high_watermark: Option<i64>,
    /// When to announce itself again to those who do not fetch.
    pub begin_quorum_at: Time,
    /// Voters that fetched since the check-quorum timer was set.
    pub fetched: BTreeSet<i32>,
    /// When it resigns unless a majority fetched; none with a single voter.
    pub check_quorum_at: Option<Time>,
}

/// What a follower knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follower {
    /// Whom it follows.
    pub leader_id: i32,
    /// When it gives the leader up.
    pub fetch_timeout_at: Time,
    /// Whether this leader has answered a fetch: then pre-votes are refused.
    pub has_fetched: bool,
    /// Whether the last fetch from the leader failed: then another voter is asked once.
    pub ask_another: bool,
    /// The snapshot it fetches, if the leader's log begins later than its own ends.
    pub snapshot: Option<SnapshotFetch>,
}

/// A snapshot on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFetch {
    /// Which.
    pub id: EpochAndOffset,
    /// What has come.
    pub bytes: Vec<u8>,
}

/// The state of a member of the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Knows no leader it follows, and waits.
    Unattached {
        /// When a voter begins an election; never for an observer.
        election_at: Option<Time>,
    },
    /// Asks whether it could win.
    Prospective {
        /// The leader it followed.
        leader_id: Option<i32>,
        /// The answers.
        votes: Votes,
        /// When it gives up.
        election_at: Time,
    },
    /// Asks for votes.
    Candidate {
        /// The answers.
        votes: Votes,
        /// When it gives up.
        election_at: Time,
    },
    /// Leads.
    Leader(Box<Leader>),
    /// Follows.
    Follower(Follower),
    /// Led, and tells the others that it does not any more.
    Resigned {
        /// Voters that have not answered `EndQuorumEpoch`.
        unacknowledged: BTreeSet<i32>,
        /// The other voters, furthest log first.
        preferred_successors: Vec<i32>,
        /// When it takes part again.
        election_at: Time,
    },
}

impl Role {
    /// The role's name, for those with a vote.
    pub fn name(&self) -> RoleName {
        match self {
            Role::Unattached { .. } => RoleName::Unattached,
            Role::Prospective { .. } => RoleName::Prospective,
            Role::Candidate { .. } => RoleName::Candidate,
            Role::Leader(_) => RoleName::Leader,
            Role::Follower(_) => RoleName::Follower,
            Role::Resigned { .. } => RoleName::Resigned,
        }
    }

    /// When time alone changes something.
    pub fn next_wakeup(&self) -> Option<Time> {
        match self {
            Role::Unattached { election_at } => *election_at,
            Role::Prospective { election_at, .. }
            | Role::Candidate { election_at, .. }
            | Role::Resigned { election_at, .. } => Some(*election_at),
            Role::Leader(leader) => leader.check_quorum_at.into_iter().chain([leader.begin_quorum_at]).min(),
            Role::Follower(follower) => Some(follower.fetch_timeout_at),
        }
    }
}
