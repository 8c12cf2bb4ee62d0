//! A member of the metadata quorum with its disk and its connections: what moves bytes and time for the Raft core.
//!
//! Serves controllers and observers. Invariants: what the core wants flushed is flushed before it counts; a metadata log
//! that can't be used ends the process, as Kafka's fault handler does.

mod committed;
mod server;
mod snapshots;

pub use committed::Committed;
pub use server::ReplyTo;
pub use snapshots::SnapshotSettings;

use crate::raft::{MetadataLogError, Raft, RaftConfig, RaftRequest, RaftResponse};
use crate::record::{LeaderChange, leader_change_batch};
use crate::rpc::{
    Answer, PeerResponse, PeerState, Peers, PeersEvent, QUIET_FETCH_VERSION, raft_request_kind, raft_response_from,
    raft_version, write_fetch_request,
};
use ottla_wire::{ApiKey, Uuid};
use ottla_world::{Context, FlushId, Input, Time};
use server::Parked;

/// `controller.quorum.request.timeout.ms`.
const REQUEST_TIMEOUT_MS: u64 = 2000;

/// What a member is started with.
#[derive(Clone, Debug)]
pub struct QuorumConfig {
    /// The Raft core's settings.
    pub raft: RaftConfig,
    /// The cluster's id.
    pub cluster_id: String,
    /// The voters with their ports on `localhost`.
    pub voters: Vec<(i32, u16)>,
    /// The log directory's id, for observers.
    pub directory_id: Uuid,
    /// When it writes snapshots.
    pub snapshots: SnapshotSettings,
}

/// A running member of the quorum.
#[derive(Clone, Debug)]
pub struct Quorum {
    config: QuorumConfig,
    raft: Raft,
    peers: Peers<RaftRequest>,
    /// The flush of the log that is under way, and the log end offset it covers.
    flush: Option<(FlushId, i64)>,
    parked: Vec<Parked>,
    /// Directory ids of the observers, for `DescribeQuorum`.
    directories: std::collections::BTreeMap<i32, Uuid>,
    /// Next offset to hand out as committed.
    next_committed: i64,
    /// What was handed out since the last snapshot.
    progress: snapshots::SinceSnapshot,
}

impl Quorum {
    /// Opens log and quorum state; none (and the process exits) if the disk refuses.
    pub fn open(cx: &mut Context<'_>, config: QuorumConfig) -> Option<Quorum> {
        let seed = cx.rng().next_u64();
        let now = cx.now();
        let raft = match Raft::open(cx.disk(), config.raft.clone(), seed, now) {
            Ok(raft) => raft,
            Err(error) => {
                halt(cx, &error);
                return None;
            }
        };
        let me = config.raft.node_id;
        let others = config.voters.iter().copied().filter(|(id, _)| *id != me);
        let peers = Peers::new(format!("raft-client-{me}"), REQUEST_TIMEOUT_MS, others);
        let directories = Default::default();
        let progress = snapshots::SinceSnapshot::new(now);
        Some(Quorum { config, raft, peers, flush: None, parked: Vec::new(), directories, next_committed: 0, progress })
    }

    /// The Raft core, to look at.
    pub fn raft(&self) -> &Raft {
        &self.raft
    }

    /// What it was started with.
    pub fn config(&self) -> &QuorumConfig {
        &self.config
    }

    /// The log directory's id of an observer that fetched.
    pub fn directory_of(&self, replica_id: i32) -> Uuid {
        self.directories.get(&replica_id).copied().unwrap_or(Uuid::nil())
    }

    /// Takes an input; true if it was for this member's own connections or flushes.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> bool {
        if let Input::Flushed(id) = input {
            return match self.flush {
                Some((flush, offset)) if flush == *id => {
                    self.flush = None;
                    self.raft.handle_flushed(cx.now(), offset);
                    true
                }
                _ => false,
            };
        }
        match self.peers.handle(cx, input) {
            PeersEvent::NotMine => false,
            PeersEvent::Nothing => true,
            PeersEvent::Answer(answer) => {
                self.take_answer(cx, *answer);
                true
            }
        }
    }

    fn take_answer(&mut self, cx: &mut Context<'_>, answer: Answer<RaftRequest>) {
        let now = cx.now();
        let response = answer.response.and_then(|response| match response {
            PeerResponse::Fetched(response) => Some(response),
            PeerResponse::Kind(kind) => raft_response_from(kind),
        });
        let Some(response) = response else {
            return self.raft.handle_failure(answer.from);
        };
        if response.error != crate::raft::RaftError::None {
            self.peers.back_off(now, answer.from);
        }
        let outcome = self.take_response(cx, answer.from, answer.tag, response);
        self.check(cx, outcome);
    }

    fn take_response(
        &mut self,
        cx: &mut Context<'_>,
        from: i32,
        asked: RaftRequest,
        response: RaftResponse,
    ) -> Result<(), MetadataLogError> {
        let now = cx.now();
        match asked {
            RaftRequest::Vote(vote) => self.raft.handle_vote_response(cx.disk(), now, from, vote, &response),
            RaftRequest::Fetch(fetch) => self.raft.handle_fetch_response(cx.disk(), now, from, &fetch, response),
            RaftRequest::FetchSnapshot(_) => self.raft.handle_fetch_snapshot_response(cx.disk(), now, from, response),
            RaftRequest::BeginQuorumEpoch { .. } | RaftRequest::EndQuorumEpoch { .. } => {
                self.raft.handle_announcement_response(cx.disk(), now, from, &response)
            }
        }
    }

    /// Does what is due: elections, flushes, requests, fetches that waited. Call it after each input.
    pub fn poll(&mut self, cx: &mut Context<'_>) {
        for answer in self.peers.expire(cx) {
            self.take_answer(cx, answer);
        }
        let now = cx.now();
        let outcome = self.raft.handle_time(cx.disk(), now);
        self.check(cx, outcome);
        self.announce_leadership(cx);
        self.poll_flush(cx);
        self.poll_peers(cx);
        self.poll_parked(cx);
        self.raft.take_notes().into_iter().for_each(|note| cx.note(note));
    }

    /// A new leader opens its epoch with a control batch.
    fn announce_leadership(&mut self, cx: &mut Context<'_>) {
        let end = self.raft.log().end_offset();
        let Some(leader) = self.raft.leader().filter(|leader| leader.epoch_start_offset == end) else { return };
        let change = LeaderChange {
            leader_id: self.raft.node_id(),
            voters: leader.voters.keys().copied().collect(),
            granting_voters: leader.granting_voters.clone(),
        };
        let batch = leader_change_batch(&change, end, self.raft.epoch(), cx.wall_ms());
        self.append(cx, batch);
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) {
        if self.flush.is_none() && self.raft.needs_flush() {
            let flush = cx.flush(self.raft.unflushed_paths());
            self.flush = Some((flush, self.raft.log().end_offset()));
        }
    }

    fn poll_peers(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        let me = self.raft.node_id();
        let state = |id| self.peers.state(id, now);
        let waiting = self.config.voters.iter().any(|(id, _)| *id != me && state(*id) == PeerState::Busy);
        let requests = self.raft.poll_requests(|id| state(id) == PeerState::Ready, waiting);
        if requests.is_empty() {
            return;
        }
        let flush = self.raft.take_stored().then(|| cx.flush(vec![self.raft.state_path()]));
        for (to, request) in requests {
            let (cluster_id, directory_id) = (&self.config.cluster_id, self.config.directory_id);
            if let RaftRequest::Fetch(fetch) = &request
                && let Some(frame) = write_fetch_request(fetch, self.peers.next_header(), cluster_id, directory_id)
            {
                self.peers.send_frame(cx, to, (ApiKey::Fetch, QUIET_FETCH_VERSION), frame, request, flush);
                continue;
            }
            let kind = raft_request_kind(&request, to, cluster_id, directory_id);
            self.peers.send(cx, to, (raft_version(&request), &kind), request, flush);
        }
    }

    /// Appends a batch on the leader.
    pub fn append(&mut self, cx: &mut Context<'_>, batch: bytes::Bytes) {
        let outcome = self.raft.append_as_leader(cx.disk(), batch);
        self.check(cx, outcome);
    }

    /// Gives up leadership, for a clean stop.
    pub fn resign(&mut self, cx: &mut Context<'_>) {
        self.raft.resign(cx.now());
    }

    /// When it wants to be polled next.
    pub fn next_wakeup(&self) -> Option<Time> {
        let parked = self.parked.iter().map(|parked| parked.deadline).min();
        [self.raft.next_wakeup(), self.peers.next_wakeup(), parked].into_iter().flatten().min()
    }

    fn check(&mut self, cx: &mut Context<'_>, outcome: Result<(), MetadataLogError>) {
        if let Err(error) = outcome {
            halt(cx, &error);
        }
    }
}

/// The metadata log can't be used: Kafka's fault handler ends the process.
fn halt(cx: &mut Context<'_>, error: &dyn std::fmt::Display) {
    cx.note(format!("ERROR Encountered fatal fault: metadata log: {error}"));
    cx.exit(1);
}
