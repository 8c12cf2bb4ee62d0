//! Connections to the cluster. Serves producer, consumer and admin client; invariant: every request that was sent ends
//! in exactly one completion: a response, a disconnection or a time-out (Kafka's `NetworkClient`).

pub(crate) mod backoff;
pub(crate) mod bootstrap;
mod connection;
mod inputs;
pub(crate) mod mailbox;
pub(crate) mod metadata;
mod refresh;

use crate::{JavaError, Node, log::Log};
use backoff::Backoff;
use connection::{InFlight, NodeConnection, Purpose, State};
use metadata::Metadata;
use ottla_wire::{ApiKey, RequestKind, ResponseKind, encode_request, request_api_key};
use ottla_world::{ConnectionId, Context, Time};
pub(crate) use refresh::for_version;
use std::collections::BTreeMap;

const LOGGER: &str = "org.apache.kafka.clients.NetworkClient";

/// The settings of the connections, in milliseconds where not said otherwise.
#[derive(Clone, Debug)]
pub(crate) struct NetworkConfig {
    pub(crate) client_id: String,
    pub(crate) request_timeout_ms: u64,
    pub(crate) reconnect: Backoff,
    pub(crate) setup: Backoff,
    /// Requests in flight on one connection.
    pub(crate) max_in_flight: u64,
    /// Whether the client refreshes the metadata by itself (not the admin client).
    pub(crate) refreshes: bool,
    /// `metadata.recovery.strategy=rebootstrap`, and after how long without metadata (`None`: never).
    pub(crate) rebootstrap_after_ms: Option<u64>,
    /// Whether the real client would ask for a telemetry subscription (KIP-714), which costs a correlation id.
    pub(crate) telemetry: bool,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// With a response.
    Response(Box<ResponseKind>),
    /// It left, and no response was wanted (acks=0).
    Sent,
    /// The connection was lost.
    Disconnected,
    /// No response came in time; the connection was given up.
    TimedOut,
    /// The node does not speak such a version.
    Unsupported,
}

/// The end of a request of the owner.
#[derive(Clone, Debug)]
pub(crate) struct Completion {
    pub(crate) tag: u64,
    pub(crate) node: i32,
    pub(crate) correlation_id: i32,
    pub(crate) outcome: Outcome,
}

/// A request of the owner.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) body: RequestKind,
    pub(crate) version: i16,
    /// From [`NetworkClient::next_correlation_id`], if it was taken before.
    pub(crate) correlation_id: Option<i32>,
    pub(crate) timeout_ms: u64,
    pub(crate) expects_response: bool,
}

/// The connections of one client.
#[derive(Clone, Debug)]
pub(crate) struct NetworkClient {
    pub(crate) config: NetworkConfig,
    pub(crate) metadata: Metadata,
    pub(crate) log: Log,
    nodes: BTreeMap<i32, NodeConnection>,
    by_connection: BTreeMap<ConnectionId, i32>,
    completions: Vec<Completion>,
    next_correlation_id: i32,
    next_tag: u64,
    metadata_in_flight: bool,
    /// Since when there was no answer to a wish for metadata.
    metadata_wanted_since: Option<Time>,
    telemetry_due: bool,
    /// A node the client is connected to was lost (for the admin client's own refresh).
    pub(crate) lost_node: bool,
    wakeup: Option<Time>,
}

impl NetworkClient {
    pub(crate) fn new(config: NetworkConfig, metadata: Metadata, log: Log) -> NetworkClient {
        let telemetry_due = config.telemetry;
        NetworkClient {
            config,
            metadata,
            log,
            nodes: BTreeMap::new(),
            by_connection: BTreeMap::new(),
            completions: Vec::new(),
            next_correlation_id: 0,
            next_tag: 0,
            metadata_in_flight: false,
            metadata_wanted_since: None,
            telemetry_due,
            lost_node: false,
            wakeup: None,
        }
    }

    /// A correlation id that no other request has.
    pub(crate) fn next_correlation_id(&mut self) -> i32 {
        let id = self.next_correlation_id;
        self.next_correlation_id = id.wrapping_add(1);
        id
    }

    /// Whether a request may be sent to this node now; the metadata come first if they are due.
    pub(crate) fn is_ready(&self, now: Time, node: i32) -> bool {
        !self.is_update_due(now) && self.can_send(node)
    }

    /// The same, and begins to connect where there is no connection.
    pub(crate) fn ready(&mut self, cx: &mut Context<'_>, node: &Node) -> bool {
        let now = cx.now();
        if self.is_ready(now, node.id) {
            return true;
        }
        if self.can_connect_at(node.id).is_some_and(|at| at <= now) {
            self.connect(cx, node);
        }
        false
    }

    /// Whether the connection is open and has room.
    pub(crate) fn can_send(&self, node: i32) -> bool {
        self.nodes
            .get(&node)
            .is_some_and(|n| n.state == State::Ready && (n.in_flight.len() as u64) < self.config.max_in_flight)
    }

    /// When a new attempt to connect is allowed; `None` while there is a connection or an attempt.
    pub(crate) fn can_connect_at(&self, node: i32) -> Option<Time> {
        self.nodes.get(&node).map_or(Some(Time::ZERO), NodeConnection::can_connect_at)
    }

    /// Whether the node was tried and has no connection now.
    pub(crate) fn has_failed(&self, node: i32) -> bool {
        self.nodes.get(&node).is_some_and(|n| n.state == State::Disconnected && n.last_attempt.is_some())
    }

    /// Requests in flight to a node.
    pub(crate) fn in_flight(&self, node: i32) -> u64 {
        self.nodes.get(&node).map_or(0, |n| n.in_flight.len() as u64)
    }

    /// Requests of the owner in flight anywhere.
    pub(crate) fn owner_in_flight(&self) -> u64 {
        let requests = self.nodes.values().flat_map(|n| &n.in_flight);
        requests.filter(|r| matches!(r.purpose, Purpose::Owner(_))).count() as u64
    }

    /// The highest version of an API that both sides speak, at most `max`; `None` if there is none from `min` on.
    pub(crate) fn version(&self, node: i32, api: ApiKey, min: i16, max: i16) -> Option<i16> {
        let (low, high) = *self.nodes.get(&node)?.versions.get(&(api as i16))?;
        let version = high.min(max);
        (version >= low.max(min)).then_some(version)
    }

    /// Sends a request to a node that can take it; its end is a [`Completion`] with the number returned.
    pub(crate) fn send(&mut self, cx: &mut Context<'_>, node: i32, request: Outgoing) -> u64 {
        let tag = self.next_tag;
        self.next_tag += 1;
        let correlation_id = request.correlation_id.unwrap_or_else(|| self.next_correlation_id());
        let deadline = cx.now().plus_millis(request.timeout_ms);
        let api_key = request_api_key(&request.body);
        let frame = encode_request(request.version, correlation_id, Some(&self.config.client_id), &request.body);
        let to = self.nodes.get_mut(&node).and_then(|n| n.connection.map(|c| (c, n)));
        let outcome = match (frame, to) {
            (Err(_), _) => Outcome::Unsupported,
            (Ok(_), None) => Outcome::Disconnected,
            (Ok(frame), Some((connection, to))) => {
                cx.send(connection, frame);
                if request.expects_response {
                    let purpose = Purpose::Owner(tag);
                    let version = request.version;
                    to.in_flight.push_back(InFlight { correlation_id, api_key, version, purpose, deadline });
                    return tag;
                }
                Outcome::Sent
            }
        };
        self.completions.push(Completion { tag, node, correlation_id, outcome });
        tag
    }

    /// What ended since the last call.
    pub(crate) fn take_completions(&mut self) -> Vec<Completion> {
        std::mem::take(&mut self.completions)
    }

    /// Whether there are completions to take.
    pub(crate) fn has_completions(&self) -> bool {
        !self.completions.is_empty()
    }

    /// The error of the metadata that no retry can mend, once.
    pub(crate) fn take_fatal(&mut self) -> Option<JavaError> {
        self.metadata.fatal.take()
    }

    /// Gives a connection up; what is in flight on it ends as disconnected.
    pub(crate) fn disconnect(&mut self, cx: &mut Context<'_>, node: i32) {
        self.drop_connection(cx, node, false);
    }

    /// Closes all connections; nothing is completed any more.
    pub(crate) fn close(&mut self, cx: &mut Context<'_>) {
        for connection in std::mem::take(&mut self.by_connection).into_keys() {
            cx.close(connection);
        }
        self.nodes.clear();
        self.completions.clear();
        self.metadata_in_flight = false;
        self.wakeup = None;
    }

    /// When `poll` has something to do.
    pub(crate) fn next_wakeup(&self) -> Option<Time> {
        self.wakeup
    }

    fn connect(&mut self, cx: &mut Context<'_>, node: &Node) {
        let connection = cx.connect(&node.host, node.port);
        let setup = self.config.setup;
        let state = self.nodes.entry(node.id).or_insert_with(|| NodeConnection::new(node.clone()));
        state.node = node.clone();
        let now = cx.now();
        state.connecting(connection, now, setup, cx.rng());
        self.by_connection.insert(connection, node.id);
        self.wakeup = [self.wakeup, state.deadline()].into_iter().flatten().min();
    }
}

/// The number under which a coordinator is connected, apart from the same broker as a leader.
pub(crate) fn coordinator_node_id(id: i32) -> i32 {
    i32::MAX - id
}
