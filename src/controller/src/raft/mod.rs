//! One member of the metadata quorum (KIP-595, KIP-996), free of I/O: requests, responses and time go in; requests and
//! state come out (`KafkaRaftClient`).
//!
//! Serves controllers (voters) and brokers (observers). Invariants: at most one leader an epoch; a vote or an epoch is on
//! disk before anyone hears of it; the high watermark never goes back, and what is below it is on the disks of a majority.

mod election;
mod fetch;
mod leader;
mod log;
mod message;
mod poll;
mod role;
mod snapshot;
mod store;
mod transition;

#[cfg(test)]
mod tests;

pub use fetch::FetchAnswer;
pub use log::{Comparison, EpochAndOffset, LogSettings, MetadataLog, MetadataLogError, Snapshot};
pub use message::{
    FetchRequest, FetchSnapshotRequest, FetchedData, RaftError, RaftRequest, RaftResponse, ResponseBody, SnapshotChunk,
    VoteRequest,
};
pub use role::{Follower, Leader, Progress, Role, SnapshotFetch, Votes};
pub use store::ElectionState;

use crate::view::RoleName;
use ottla_world::{Disk, Rng, Time};
use std::collections::BTreeSet;

/// The quorum's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaftConfig {
    /// This node.
    pub node_id: i32,
    /// `controller.quorum.voters`.
    pub voters: BTreeSet<i32>,
    /// Where log and quorum state lie, such as `node-11/__cluster_metadata-0`.
    pub dir: String,
    /// `controller.quorum.election.timeout.ms`.
    pub election_timeout_ms: u64,
    /// `controller.quorum.fetch.timeout.ms`.
    pub fetch_timeout_ms: u64,
    /// `controller.quorum.election.backoff.max.ms`.
    pub election_backoff_max_ms: u64,
    /// How much of the log is kept.
    pub log: LogSettings,
}

/// A member of the quorum.
#[derive(Clone, Debug)]
pub struct Raft {
    config: RaftConfig,
    epoch: i32,
    voted_id: Option<i32>,
    role: Role,
    log: MetadataLog,
    /// End of what the disk surely holds.
    flushed_offset: i64,
    high_watermark: i64,
    rng: Rng,
    notes: Vec<String>,
    /// Whether `quorum-state` was written since it was last asked.
    stored: bool,
}

type Outcome<T> = Result<T, MetadataLogError>;

impl Raft {
    /// Starts from what the disk holds. `seed` feeds the election timeouts.
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn open(disk: &mut Disk, config: RaftConfig, seed: u64, now: Time) -> Outcome<Raft> {
        let log = match MetadataLog::open(disk, &config.dir, config.log) {
            // An observer has acknowledged nothing: it may fetch everything again.
            Err(MetadataLogError::NoSnapshot(_)) if !config.voters.contains(&config.node_id) => {
                MetadataLog::wipe(disk, &config.dir);
                MetadataLog::open(disk, &config.dir, config.log)?
            }
            opened => opened?,
        };
        // What is in a snapshot was committed.
        let high_watermark = log.latest_snapshot().map_or(-1, |latest| latest.id.offset);
        let state = store::load(disk, &config.dir);
        let flushed_offset = 0;
        let mut raft = Raft {
            config,
            epoch: 0,
            voted_id: None,
            role: Role::Unattached { election_at: None },
            log,
            flushed_offset,
            high_watermark,
            rng: Rng::new(seed),
            notes: Vec::new(),
            stored: false,
        };
        raft.recover(disk, now, state)?;
        Ok(raft)
    }

    /// This node's id.
    pub fn node_id(&self) -> i32 {
        self.config.node_id
    }

    /// Whether this node has a vote.
    pub fn is_voter(&self) -> bool {
        self.config.voters.contains(&self.config.node_id)
    }

    /// The settings.
    pub fn config(&self) -> &RaftConfig {
        &self.config
    }

    /// The current epoch.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Whom this node voted for in the current epoch.
    pub fn voted_id(&self) -> Option<i32> {
        self.voted_id
    }

    /// The current role.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// The current role's name, as pictures show it.
    pub fn role_name(&self) -> RoleName {
        if self.is_voter() { self.role.name() } else { RoleName::Observer }
    }

    /// The leader of the current epoch, if known.
    pub fn leader_id(&self) -> Option<i32> {
        match &self.role {
            Role::Leader(_) => Some(self.config.node_id),
            Role::Follower(follower) => Some(follower.leader_id),
            Role::Prospective { leader_id, .. } => *leader_id,
            Role::Unattached { .. } | Role::Candidate { .. } | Role::Resigned { .. } => None,
        }
    }

    /// What the leader knows, on the leader.
    pub fn leader(&self) -> Option<&Leader> {
        match &self.role {
            Role::Leader(leader) => Some(leader),
            _ => None,
        }
    }

    /// The local log.
    pub fn log(&self) -> &MetadataLog {
        &self.log
    }

    /// The high watermark known here, -1 for unknown. Everything below it is committed for good.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// Whether the log has bytes that were not flushed: the owner then flushes [`Raft::unflushed_paths`], and reports
    /// [`Raft::handle_flushed`]. An observer's fetch acknowledges nothing, so it never has to.
    pub fn needs_flush(&self) -> bool {
        self.is_voter() && self.flushed_offset < self.log.end_offset()
    }

    /// The files of the log with bytes that were not flushed.
    pub fn unflushed_paths(&self) -> Vec<String> {
        self.log.paths_from(self.flushed_offset)
    }

    /// Whether votes or epochs were written since the last call: what leaves now has to wait for a flush of
    /// [`Raft::state_path`].
    pub fn take_stored(&mut self) -> bool {
        std::mem::take(&mut self.stored)
    }

    /// The file of votes and epochs.
    pub fn state_path(&self) -> String {
        store::path(&self.config.dir)
    }

    /// Lines for the server log.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// When time alone changes something.
    pub fn next_wakeup(&self) -> Option<Time> {
        self.role.next_wakeup()
    }

    fn random_election_timeout_ms(&mut self) -> u64 {
        let base = self.config.election_timeout_ms;
        base + self.rng.below(base)
    }

    fn majority(&self) -> usize {
        self.config.voters.len() / 2 + 1
    }

    fn other_voters(&self) -> impl Iterator<Item = i32> {
        self.config.voters.iter().copied().filter(|id| *id != self.config.node_id)
    }

    /// The high watermark only rises (a new leader may start out with less knowledge than its followers).
    fn raise_high_watermark(&mut self, offset: i64) {
        self.high_watermark = self.high_watermark.max(offset.min(self.log.end_offset()));
    }
}
