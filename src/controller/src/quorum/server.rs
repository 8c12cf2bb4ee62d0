//! The voter's side of Raft's requests, with the fetches that wait for news. Serves controllers.
//!
//! Invariant: a fetch is answered once: with news, after its time, or as soon as this node does not lead any more.

use super::{Quorum, halt};
use crate::raft::{FetchAnswer, FetchRequest, RaftError, RaftRequest, RaftResponse, ResponseBody};
use crate::rpc::{InboundRaft, QUIET_FETCH_VERSION, raft_response_kind, read_fetch_request, write_fetch_response};
use ottla_wire::{Request, encode_response};
use ottla_world::mutation::{self, Mutation};
use ottla_world::{ConnectionId, Context, Time};

/// A fetch that waits.
#[derive(Clone, Debug)]
pub(super) struct Parked {
    reply_to: ReplyTo,
    request: FetchRequest,
    pub(super) deadline: Time,
}

/// Where a response goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// The connection.
    pub connection: ConnectionId,
    /// Version of the request.
    pub version: i16,
    /// Its correlation id.
    pub correlation_id: i32,
}

impl ReplyTo {
    /// Whoever sent this request on this connection.
    pub fn new(connection: ConnectionId, request: &Request) -> ReplyTo {
        ReplyTo { connection, version: request.version, correlation_id: request.correlation_id }
    }
}

impl Quorum {
    /// Takes a Raft request from another node.
    pub fn handle_request(&mut self, cx: &mut Context<'_>, reply_to: ReplyTo, inbound: InboundRaft) {
        let foreign = inbound.cluster_id.is_some_and(|id| id != self.config.cluster_id);
        let now = cx.now();
        let outcome = match inbound.request {
            request if foreign => Ok(self.refuse(&request, RaftError::InconsistentClusterId)),
            RaftRequest::Vote(vote) => self.raft.handle_vote(cx.disk(), now, vote),
            RaftRequest::BeginQuorumEpoch { epoch, leader_id } => {
                self.raft.handle_begin_quorum(cx.disk(), now, epoch, leader_id)
            }
            RaftRequest::EndQuorumEpoch { epoch, leader_id, preferred_successors } => {
                self.raft.handle_end_quorum(cx.disk(), now, (epoch, leader_id), &preferred_successors)
            }
            RaftRequest::FetchSnapshot(request) => Ok(self.raft.handle_fetch_snapshot(cx.disk(), now, &request)),
            RaftRequest::Fetch(request) => {
                self.directories.insert(request.replica_id, inbound.directory_id);
                let deadline = now.plus_millis(request.max_wait_ms);
                match self.raft.handle_fetch(cx.disk(), now, &request) {
                    FetchAnswer::Now(response) => Ok(response),
                    FetchAnswer::Wait => return self.parked.push(Parked { reply_to, request, deadline }),
                }
            }
        };
        match outcome {
            Ok(response) => self.respond(cx, reply_to, &response),
            Err(error) => halt(cx, &error),
        }
    }

    /// Takes a frame if it is a usual fetch of the metadata log; false if somebody else has to read it.
    pub fn handle_quiet_frame(&mut self, cx: &mut Context<'_>, connection: ConnectionId, frame: &[u8]) -> bool {
        let Some((correlation_id, fetch, directory_id)) = read_fetch_request(frame, &self.config.cluster_id) else {
            return false;
        };
        let reply_to = ReplyTo { connection, version: QUIET_FETCH_VERSION, correlation_id };
        let inbound = InboundRaft { request: RaftRequest::Fetch(fetch), cluster_id: None, directory_id };
        self.handle_request(cx, reply_to, inbound);
        true
    }

    fn refuse(&self, request: &RaftRequest, error: RaftError) -> RaftResponse {
        let body = match request {
            RaftRequest::Vote(_) => ResponseBody::Vote { granted: false },
            RaftRequest::BeginQuorumEpoch { .. } => ResponseBody::BeginQuorumEpoch,
            RaftRequest::EndQuorumEpoch { .. } => ResponseBody::EndQuorumEpoch,
            RaftRequest::Fetch(_) => ResponseBody::Fetch(Default::default()),
            RaftRequest::FetchSnapshot(_) => ResponseBody::FetchSnapshot(Default::default()),
        };
        RaftResponse { error, epoch: self.raft.epoch(), leader_id: self.raft.leader_id(), body }
    }

    fn respond(&mut self, cx: &mut Context<'_>, to: ReplyTo, response: &RaftResponse) {
        let quiet = (to.version == QUIET_FETCH_VERSION)
            .then(|| write_fetch_response(to.correlation_id, response, &self.config.voters))
            .flatten();
        let frame = match quiet {
            Some(frame) => Ok(frame),
            None => encode_response(to.version, to.correlation_id, &raft_response_kind(response, &self.config.voters)),
        };
        match frame {
            Ok(frame) if self.raft.take_stored() && !mutation::is(Mutation::NoFlushBeforeVote) => {
                let flush = cx.flush(vec![self.raft.state_path()]);
                cx.send_after(flush, to.connection, frame);
            }
            Ok(frame) => cx.send(to.connection, frame),
            // An old version that has no room for what there is to say.
            Err(_) => cx.close(to.connection),
        }
    }

    /// Answers the fetches that have waited long enough, or for something that has come.
    pub(super) fn poll_parked(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        for parked in std::mem::take(&mut self.parked) {
            match self.raft.answer_fetch(cx.disk(), &parked.request, parked.deadline <= now) {
                FetchAnswer::Now(response) => self.respond(cx, parked.reply_to, &response),
                FetchAnswer::Wait => self.parked.push(parked),
            }
        }
    }

    /// Forgets the fetches of a connection that is gone.
    pub fn handle_closed(&mut self, connection: ConnectionId) {
        self.parked.retain(|parked| parked.reply_to.connection != connection);
    }
}
