//! One node's connection: its state, its back-off and what is in flight on it. Serves the network client; invariant:
//! responses come in the order of the requests (Kafka's `ClusterConnectionStates` and `InFlightRequests`).

use super::backoff::Backoff;
use super::metadata::Pending;
use crate::Node;
use ottla_wire::ApiKey;
use ottla_world::{ConnectionId, Rng, Time};
use std::collections::{BTreeMap, VecDeque};

/// Whose request it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The owner's, who knows it by this number.
    Owner(u64),
    /// The handshake.
    ApiVersions,
    /// The refresh of the metadata.
    Metadata(Pending),
}

/// A request that waits for its response.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    pub(crate) correlation_id: i32,
    pub(crate) api_key: ApiKey,
    pub(crate) version: i16,
    pub(crate) purpose: Purpose,
    pub(crate) deadline: Time,
}

/// How far a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// None.
    Disconnected,
    /// Asked for; given up at the deadline.
    Connecting { deadline: Time },
    /// Open; the versions are being asked for.
    CheckingVersions,
    /// Usable.
    Ready,
}

/// A node and the connection to it.
#[derive(Clone, Debug)]
pub(crate) struct NodeConnection {
    pub(crate) node: Node,
    pub(crate) state: State,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) versions: BTreeMap<i16, (i16, i16)>,
    pub(crate) in_flight: VecDeque<InFlight>,
    pub(crate) last_attempt: Option<Time>,
    failed_attempts: u32,
    failed_setups: u32,
    backoff_ms: u64,
}

impl NodeConnection {
    pub(crate) fn new(node: Node) -> NodeConnection {
        NodeConnection {
            node,
            state: State::Disconnected,
            connection: None,
            versions: BTreeMap::new(),
            in_flight: VecDeque::new(),
            last_attempt: None,
            failed_attempts: 0,
            failed_setups: 0,
            backoff_ms: 0,
        }
    }

    /// When a new attempt is allowed; `None` while there is a connection.
    pub(crate) fn can_connect_at(&self) -> Option<Time> {
        (self.state == State::Disconnected)
            .then(|| self.last_attempt.map_or(Time::ZERO, |at| at.plus_millis(self.backoff_ms)))
    }

    pub(crate) fn is_connecting(&self) -> bool {
        matches!(self.state, State::Connecting { .. } | State::CheckingVersions)
    }

    /// An attempt begins.
    pub(crate) fn connecting(&mut self, connection: ConnectionId, now: Time, setup: Backoff, rng: &mut Rng) {
        let deadline = now.plus_millis(setup.draw_ms(rng, self.failed_setups));
        self.state = State::Connecting { deadline };
        self.connection = Some(connection);
        self.last_attempt = Some(now);
    }

    /// The connection is open.
    pub(crate) fn opened(&mut self) {
        self.state = State::CheckingVersions;
        self.failed_setups = 0;
    }

    /// The versions are known.
    pub(crate) fn ready(&mut self, versions: BTreeMap<i16, (i16, i16)>) {
        self.state = State::Ready;
        self.versions = versions;
        self.failed_attempts = 0;
        self.backoff_ms = 0;
    }

    /// The connection is gone; what was in flight on it.
    pub(crate) fn disconnected(&mut self, reconnect: Backoff, rng: &mut Rng) -> VecDeque<InFlight> {
        if matches!(self.state, State::Connecting { .. }) {
            self.failed_setups += 1;
        }
        self.backoff_ms = reconnect.draw_ms(rng, self.failed_attempts);
        self.failed_attempts += 1;
        self.state = State::Disconnected;
        self.connection = None;
        self.versions.clear();
        std::mem::take(&mut self.in_flight)
    }

    /// The moment something on it times out.
    pub(crate) fn deadline(&self) -> Option<Time> {
        match self.state {
            State::Connecting { deadline } => Some(deadline),
            _ => self.in_flight.iter().map(|request| request.deadline).min(),
        }
    }
}
