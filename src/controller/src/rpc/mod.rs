//! Kafka requests between members of the quorum: connections to the voters, and Raft's messages as real bytes.
//!
//! Serves controllers and observers. Invariant: nothing that a peer sends makes a process panic; what can't be read counts
//! as a failed request.

mod peers;
mod quiet;
mod raft_request;
mod raft_response;
mod snapshot;

#[cfg(test)]
mod tests;

pub use peers::{Answer, PeerResponse, PeerState, Peers, PeersEvent};
pub use quiet::{
    QUIET_FETCH_VERSION, read_fetch_request, read_fetch_response, write_fetch_request, write_fetch_response,
};
pub use raft_request::{InboundRaft, raft_request_from, raft_request_kind, raft_version};
pub use raft_response::{EndpointTable, raft_response_from, raft_response_kind};

use ottla_wire::Uuid;

/// The topic of the metadata log.
pub const METADATA_TOPIC: &str = "__cluster_metadata";
/// Its id, `AAAAAAAAAAAAAAAAAAAAAQ`.
pub const METADATA_TOPIC_ID: Uuid = Uuid::from_u128(1);
