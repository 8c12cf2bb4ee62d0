//! Connections to other nodes, with at most one request under way to each (`RequestManager` and the raft network client).
//!
//! Serves the quorum's driver and controller registration. Invariant: every request sent is answered exactly once: by a
//! response, or by a failure.

use super::read_fetch_response;
use crate::raft::RaftResponse;
use bytes::Bytes;
use ottla_wire::{ApiKey, RequestKind, ResponseKind, decode_response, encode_request, request_api_key};
use ottla_world::{ConnectionId, Context, FlushId, Input, Time};
use std::collections::BTreeMap;

/// First pause after a failure, in milliseconds.
const BACKOFF_MIN_MS: u64 = 20;
/// Longest pause after repeated failures, in milliseconds.
const BACKOFF_MAX_MS: u64 = 500;

/// Whether a peer can take a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Yes.
    Ready,
    /// It has one that is not answered.
    Busy,
    /// It failed a moment ago, or does not exist.
    BackingOff,
}

/// A response as it was read.
#[derive(Clone, Debug)]
pub enum PeerResponse {
    /// By the general codec.
    Kind(ResponseKind),
    /// The usual answer to a fetch of the metadata log.
    Fetched(RaftResponse),
}

/// What became of a request: `T` is what its sender remembers of it.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// The peer.
    pub from: i32,
    /// The sender's own.
    pub tag: T,
    /// The response; none if there will be none.
    pub response: Option<PeerResponse>,
}

/// What an input meant for the peers.
#[derive(Clone, Debug)]
pub enum PeersEvent<T> {
    /// It was not for them.
    NotMine,
    /// It was, and there is nothing to do.
    Nothing,
    /// A request is answered.
    Answer(Box<Answer<T>>),
}

#[derive(Clone, Debug)]
struct InFlight<T> {
    api_key: ApiKey,
    version: i16,
    correlation_id: i32,
    deadline: Time,
    tag: T,
    /// Waits for the connection.
    unsent: Option<(Bytes, Option<FlushId>)>,
}

#[derive(Clone, Debug)]
struct Peer<T> {
    port: u16,
    connection: Option<ConnectionId>,
    connected: bool,
    in_flight: Option<InFlight<T>>,
    retry_at: Option<Time>,
    failures: u32,
}

/// Connections to nodes by id.
#[derive(Clone, Debug)]
pub struct Peers<T> {
    client_id: String,
    timeout_ms: u64,
    peers: BTreeMap<i32, Peer<T>>,
    next_correlation_id: i32,
}

impl<T> Peers<T> {
    /// Nobody is connected yet. `nodes` are (id, port on localhost); requests time out after `timeout_ms`.
    pub fn new(client_id: String, timeout_ms: u64, nodes: impl Iterator<Item = (i32, u16)>) -> Peers<T> {
        let peer =
            |port| Peer { port, connection: None, connected: false, in_flight: None, retry_at: None, failures: 0 };
        let peers = nodes.map(|(id, port)| (id, peer(port))).collect();
        Peers { client_id, timeout_ms, peers, next_correlation_id: 0 }
    }

    /// Whether a peer can take a request at `now`.
    pub fn state(&self, id: i32, now: Time) -> PeerState {
        match self.peers.get(&id) {
            Some(peer) if peer.in_flight.is_some() => PeerState::Busy,
            Some(peer) if peer.retry_at.is_none_or(|at| at <= now) => PeerState::Ready,
            _ => PeerState::BackingOff,
        }
    }

    /// Sends a request to a peer that is ready; connects first if need be. It leaves after `flush`, if one is given.
    /// What the codec can't write is a defect of ours.
    pub fn send(
        &mut self,
        cx: &mut Context<'_>,
        id: i32,
        (version, body): (i16, &RequestKind),
        tag: T,
        flush: Option<FlushId>,
    ) {
        let correlation_id = self.next_correlation_id;
        let frame = match encode_request(version, correlation_id, Some(&self.client_id), body) {
            Ok(frame) => frame,
            Err(error) => panic!("a request of our own that can't be written: {error}"),
        };
        self.send_frame(cx, id, (request_api_key(body), version), frame, tag, flush);
    }

    /// The correlation id that the next request has to carry, and the client id.
    pub fn next_header(&self) -> (i32, &str) {
        (self.next_correlation_id, &self.client_id)
    }

    /// Sends a request that is written already, with [`Peers::next_header`].
    pub fn send_frame(
        &mut self,
        cx: &mut Context<'_>,
        id: i32,
        (api_key, version): (ApiKey, i16),
        frame: Bytes,
        tag: T,
        flush: Option<FlushId>,
    ) {
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id = correlation_id.wrapping_add(1) & i32::MAX;
        let deadline = cx.now().plus_millis(self.timeout_ms);
        let Some(peer) = self.peers.get_mut(&id) else { return };
        assert!(peer.in_flight.is_none(), "one request at a time");
        peer.retry_at = None;
        let unsent = match peer.connection {
            Some(connection) if peer.connected => {
                send_frame(cx, connection, frame, flush);
                None
            }
            _ => {
                let port = peer.port;
                peer.connection.get_or_insert_with(|| cx.connect("localhost", port));
                Some((frame, flush))
            }
        };
        peer.in_flight = Some(InFlight { api_key, version, correlation_id, deadline, tag, unsent });
    }

    /// Takes an input.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> PeersEvent<T> {
        let connection = match input {
            Input::Connected { connection }
            | Input::ConnectFailed { connection, .. }
            | Input::Frame { connection, .. }
            | Input::Closed { connection } => *connection,
            _ => return PeersEvent::NotMine,
        };
        let Some((id, peer)) = self.peers.iter_mut().find(|(_, peer)| peer.connection == Some(connection)) else {
            return PeersEvent::NotMine;
        };
        let id = *id;
        match input {
            Input::Connected { .. } => {
                peer.connected = true;
                if let Some((frame, flush)) = peer.in_flight.as_mut().and_then(|request| request.unsent.take()) {
                    send_frame(cx, connection, frame, flush);
                }
                PeersEvent::Nothing
            }
            Input::Frame { frame, .. } => self.take_frame(cx, id, frame),
            _ => self.fail(cx.now(), id),
        }
    }

    fn take_frame(&mut self, cx: &mut Context<'_>, id: i32, frame: &Bytes) -> PeersEvent<T> {
        let Some(peer) = self.peers.get_mut(&id) else { return PeersEvent::NotMine };
        let Some(request) = peer.in_flight.take() else { return PeersEvent::Nothing };
        let quiet = (request.api_key == ApiKey::Fetch).then(|| read_fetch_response(frame)).flatten();
        let read = match quiet {
            Some((correlation_id, response)) => Ok((correlation_id, PeerResponse::Fetched(response))),
            None => decode_response(request.api_key, request.version, frame)
                .map(|(correlation_id, response)| (correlation_id, PeerResponse::Kind(response))),
        };
        match read {
            Ok((correlation_id, response)) if correlation_id == request.correlation_id => {
                peer.failures = 0;
                PeersEvent::Answer(Box::new(Answer { from: id, tag: request.tag, response: Some(response) }))
            }
            _ => {
                let connection = peer.connection;
                peer.in_flight = Some(request);
                connection.into_iter().for_each(|connection| cx.close(connection));
                self.fail(cx.now(), id)
            }
        }
    }

    /// The connection is gone.
    fn fail(&mut self, now: Time, id: i32) -> PeersEvent<T> {
        self.back_off(now, id);
        let Some(peer) = self.peers.get_mut(&id) else { return PeersEvent::NotMine };
        peer.connection = None;
        peer.connected = false;
        match peer.in_flight.take() {
            Some(request) => PeersEvent::Answer(Box::new(Answer { from: id, tag: request.tag, response: None })),
            None => PeersEvent::Nothing,
        }
    }

    /// Leaves a peer in peace for a moment: it failed, or answered with an error. The longer the more often in a row.
    pub fn back_off(&mut self, now: Time, id: i32) {
        if let Some(peer) = self.peers.get_mut(&id) {
            let pause = (BACKOFF_MIN_MS << peer.failures.min(10)).min(BACKOFF_MAX_MS);
            peer.failures += 1;
            peer.retry_at = Some(now.plus_millis(pause));
        }
    }

    /// Gives up the requests whose time is over, closing their connections, and forgets pauses that are over.
    pub fn expire(&mut self, cx: &mut Context<'_>) -> Vec<Answer<T>> {
        let now = cx.now();
        let mut answers = Vec::new();
        let late = |peer: &Peer<T>| peer.in_flight.as_ref().is_some_and(|request| request.deadline <= now);
        let ids: Vec<i32> = self.peers.iter().filter(|(_, peer)| late(peer)).map(|(id, _)| *id).collect();
        for id in ids {
            let connection = self.peers.get(&id).and_then(|peer| peer.connection);
            connection.into_iter().for_each(|connection| cx.close(connection));
            if let PeersEvent::Answer(answer) = self.fail(now, id) {
                answers.push(*answer);
            }
        }
        for peer in self.peers.values_mut() {
            peer.retry_at = peer.retry_at.filter(|at| *at > now);
        }
        answers
    }

    /// When time alone changes something.
    pub fn next_wakeup(&self) -> Option<Time> {
        let times = |peer: &Peer<T>| [peer.retry_at, peer.in_flight.as_ref().map(|request| request.deadline)];
        self.peers.values().flat_map(times).flatten().min()
    }
}

fn send_frame(cx: &mut Context<'_>, connection: ConnectionId, frame: Bytes, flush: Option<FlushId>) {
    match flush {
        Some(flush) => cx.send_after(flush, connection, frame),
        None => cx.send(connection, frame),
    }
}
