//! What members of the quorum say to each other, free of the wire's nesting and versions.
//!
//! Serves the Raft core and its translation to requests. Invariant: every response carries the responder's epoch and the
//! leader it knows, so that whoever is behind learns of it.

use super::log::EpochAndOffset;
use bytes::Bytes;

/// A request to a voter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RaftRequest {
    /// `Vote`, with `pre_vote` a question that binds nobody (KIP-996).
    Vote(VoteRequest),
    /// `BeginQuorumEpoch`: the leader of `epoch` announces itself.
    BeginQuorumEpoch {
        /// Its epoch.
        epoch: i32,
        /// The leader.
        leader_id: i32,
    },
    /// `EndQuorumEpoch`: the leader of `epoch` gives up.
    EndQuorumEpoch {
        /// Its epoch.
        epoch: i32,
        /// The leader.
        leader_id: i32,
        /// The other voters, furthest log first.
        preferred_successors: Vec<i32>,
    },
    /// `Fetch` of the metadata log.
    Fetch(FetchRequest),
    /// `FetchSnapshot`.
    FetchSnapshot(FetchSnapshotRequest),
}

/// A candidate's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteRequest {
    /// The epoch it wants to lead; for a pre-vote its current one.
    pub epoch: i32,
    /// Who asks.
    pub candidate_id: i32,
    /// Epoch of its last batch.
    pub last_epoch: i32,
    /// Its log end offset.
    pub last_offset: i64,
    /// Whether it only asks.
    pub pre_vote: bool,
}

/// A replica's fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchRequest {
    /// Who fetches.
    pub replica_id: i32,
    /// The epoch it knows.
    pub epoch: i32,
    /// Its log end offset: it has flushed everything below.
    pub offset: i64,
    /// Epoch of its last batch.
    pub last_fetched_epoch: i32,
    /// The high watermark it knows, -1 for none (KIP-1166).
    pub high_watermark: i64,
    /// How many bytes it takes.
    pub max_bytes: u64,
    /// How long the leader may wait for news, in milliseconds.
    pub max_wait_ms: u64,
}

/// A replica's request for a piece of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchSnapshotRequest {
    /// Who fetches.
    pub replica_id: i32,
    /// The epoch it knows.
    pub epoch: i32,
    /// The snapshot.
    pub id: EpochAndOffset,
    /// From which byte on.
    pub position: u64,
    /// How many bytes it takes.
    pub max_bytes: u64,
}

/// Errors of the Raft requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaftError {
    /// Fine.
    None,
    /// The request's epoch is old.
    FencedLeaderEpoch,
    /// The responder does not know that epoch yet.
    UnknownLeaderEpoch,
    /// The responder does not lead.
    NotLeaderOrFollower,
    /// A voter's request that is not one (`INCONSISTENT_VOTER_SET`, `INVALID_REQUEST`).
    InvalidRequest,
    /// Another cluster's node.
    InconsistentClusterId,
    /// The leader has not that snapshot (any more).
    SnapshotNotFound,
    /// A piece that begins behind the snapshot's end.
    PositionOutOfRange,
    /// Any other error.
    Other,
}

/// A response to a [`RaftRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaftResponse {
    /// What went wrong.
    pub error: RaftError,
    /// The responder's epoch.
    pub epoch: i32,
    /// The leader it knows in that epoch.
    pub leader_id: Option<i32>,
    /// What was asked for.
    pub body: ResponseBody,
}

/// What a response says beyond epoch and leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseBody {
    /// To `Vote`.
    Vote {
        /// Whether it is granted.
        granted: bool,
    },
    /// To `BeginQuorumEpoch`.
    BeginQuorumEpoch,
    /// To `EndQuorumEpoch`.
    EndQuorumEpoch,
    /// To `Fetch`.
    Fetch(FetchedData),
    /// To `FetchSnapshot`.
    FetchSnapshot(SnapshotChunk),
}

/// What a fetch brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchedData {
    /// The leader's high watermark, -1 for unknown.
    pub high_watermark: i64,
    /// Where the replica's log leaves the leader's: (epoch, end offset).
    pub diverging: Option<(i32, i64)>,
    /// What the replica has to fetch instead, because the leader's log begins later.
    pub snapshot: Option<EpochAndOffset>,
    /// Whole batches.
    pub records: Bytes,
}

/// A piece of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotChunk {
    /// The snapshot.
    pub id: EpochAndOffset,
    /// Bytes of the whole file.
    pub size_bytes: u64,
    /// Where the piece begins.
    pub position: u64,
    /// The piece.
    pub bytes: Bytes,
}
