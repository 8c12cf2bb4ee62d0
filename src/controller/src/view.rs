//! What pictures and tests may know of a controller. Serves the lab; invariant: a copy of state, nothing acts through it.

use crate::image::MetadataImage;
use std::sync::Arc;

/// The state of a member of the metadata quorum (`QuorumState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleName {
    /// Knows no leader.
    Unattached,
    /// Asks whether it could win an election (KIP-996).
    Prospective,
    /// Asks for votes.
    Candidate,
    /// Leads.
    Leader,
    /// Fetches from the leader.
    Follower,
    /// Led, and gave up.
    Resigned,
    /// Fetches and has no vote (a broker).
    Observer,
}

/// How far a member of the quorum has come, as the leader knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaProgress {
    /// Node id.
    pub node_id: i32,
    /// Its log end offset; -1 before its first fetch.
    pub log_end_offset: i64,
    /// When it fetched last, in milliseconds since 1970; -1 for never.
    pub last_fetch_ms: i64,
    /// When it last had all of the leader's log, in milliseconds since 1970; -1 for never.
    pub last_caught_up_ms: i64,
}

/// A controller as pictures show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerView {
    /// Node id.
    pub node_id: i32,
    /// Its part in the quorum.
    pub role: RoleName,
    /// Its epoch.
    pub epoch: i32,
    /// The leader it knows.
    pub leader_id: Option<i32>,
    /// Whom it voted for in this epoch.
    pub voted_for: Option<i32>,
    /// End of its log.
    pub log_end_offset: i64,
    /// Its high watermark; -1 if unknown.
    pub high_watermark: i64,
    /// The voters, this node among them; progress is known to the leader only.
    pub voters: Vec<ReplicaProgress>,
    /// Brokers that fetch the metadata log; known to the leader only.
    pub observers: Vec<ReplicaProgress>,
    /// The metadata as of the last committed record this node has replayed.
    pub committed: Arc<MetadataImage>,
    /// The active controller's metadata, uncommitted records included.
    pub active: Option<Arc<MetadataImage>>,
}
