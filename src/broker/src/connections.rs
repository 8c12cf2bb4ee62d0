//! Connections of clients and other brokers. Serves the node; invariant: of one connection one request at a time is
//! worked on, so answers leave in the order of the requests (Kafka mutes a channel while it works on its request).

use bytes::Bytes;
use ottla_wire::{ApiKey, ResponseKind};
use ottla_world::{ConnectionId, Context};
use std::collections::{BTreeMap, VecDeque};

/// Names a request that is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RequestId(pub(crate) u64);

/// Where an answer goes.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) connection: ConnectionId,
    pub(crate) correlation_id: i32,
    pub(crate) version: i16,
    pub(crate) api_key: ApiKey,
}

#[derive(Clone, Debug, Default)]
struct Peer {
    queue: VecDeque<Bytes>,
    busy: Option<RequestId>,
}

/// Frames that one connection may have waiting; who sends more is cut off.
const MOST_QUEUED: usize = 1000;

/// All connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    peers: BTreeMap<ConnectionId, Peer>,
    waiting: BTreeMap<RequestId, Waiting>,
    ready: VecDeque<ConnectionId>,
    next: u64,
}

impl Connections {
    pub(crate) fn accepted(&mut self, connection: ConnectionId) {
        self.peers.insert(connection, Peer::default());
    }

    pub(crate) fn has(&self, connection: ConnectionId) -> bool {
        self.peers.contains_key(&connection)
    }

    /// The other end is gone: nobody waits any more.
    pub(crate) fn closed(&mut self, connection: ConnectionId) {
        self.peers.remove(&connection);
        self.waiting.retain(|_, w| w.connection != connection);
    }

    /// A frame came; false if the connection has to be cut off.
    pub(crate) fn push(&mut self, connection: ConnectionId, frame: Bytes) -> bool {
        let Some(peer) = self.peers.get_mut(&connection) else { return true };
        if peer.queue.len() >= MOST_QUEUED {
            return false;
        }
        peer.queue.push_back(frame);
        if peer.busy.is_none() {
            self.ready.push_back(connection);
        }
        true
    }

    /// The next frame to work on.
    pub(crate) fn next_frame(&mut self) -> Option<(ConnectionId, Bytes)> {
        while let Some(connection) = self.ready.pop_front() {
            let Some(peer) = self.peers.get_mut(&connection) else { continue };
            if peer.busy.is_none()
                && let Some(frame) = peer.queue.pop_front()
            {
                return Some((connection, frame));
            }
        }
        None
    }

    /// A request was read: it is worked on from now on.
    pub(crate) fn begin(&mut self, waiting: Waiting) -> RequestId {
        let id = RequestId(self.next);
        self.next += 1;
        if let Some(peer) = self.peers.get_mut(&waiting.connection) {
            peer.busy = Some(id);
        }
        self.waiting.insert(id, waiting);
        id
    }

    /// The connection on which a request came, while somebody waits for its answer.
    pub(crate) fn connection_of(&self, id: RequestId) -> Option<ConnectionId> {
        self.waiting.get(&id).map(|waiting| waiting.connection)
    }

    /// Whether somebody still waits for the answer.
    pub(crate) fn is_waiting(&self, id: RequestId) -> bool {
        self.waiting.contains_key(&id)
    }

    /// Sends an answer; nothing if nobody waits for it any more.
    pub(crate) fn respond(&mut self, cx: &mut Context<'_>, id: RequestId, response: &ResponseKind) {
        let Some(waiting) = self.waiting.remove(&id) else { return };
        match ottla_wire::encode_response(waiting.version, waiting.correlation_id, response) {
            Ok(frame) => {
                cx.send(waiting.connection, frame);
                self.done(waiting.connection);
            }
            Err(error) => {
                cx.note(format!("no answer to {:?} v{}: {error}", waiting.api_key, waiting.version));
                cx.close(waiting.connection);
                self.closed(waiting.connection);
            }
        }
    }

    /// Ends a request that gets no answer (acks=0).
    pub(crate) fn no_response(&mut self, id: RequestId) {
        if let Some(waiting) = self.waiting.remove(&id) {
            self.done(waiting.connection);
        }
    }

    /// Cuts off who asked for something that is not served.
    pub(crate) fn refuse(&mut self, cx: &mut Context<'_>, id: RequestId) {
        if let Some(waiting) = self.waiting.get(&id) {
            let connection = waiting.connection;
            cx.close(connection);
            self.closed(connection);
        }
    }

    fn done(&mut self, connection: ConnectionId) {
        if let Some(peer) = self.peers.get_mut(&connection) {
            peer.busy = None;
            if !peer.queue.is_empty() {
                self.ready.push_back(connection);
            }
        }
    }
}
