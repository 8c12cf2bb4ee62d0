//! When and where to ask for metadata. Serves the network client; invariant: one refresh at a time, at the node with the
//! least to do (`NetworkClient.leastLoadedNode`, `DefaultMetadataUpdater`).

use super::{NetworkClient, Purpose, State};
use crate::{JavaError, Node};
use ottla_wire::{ApiKey, RequestKind, messages::MetadataRequest};
use ottla_world::{Context, Time};

/// The newest version of Metadata used here.
pub(crate) const METADATA_VERSION: i16 = 13;

impl NetworkClient {
    /// Does what is due: time-outs, then the metadata.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) {
        self.expire(cx);
        let now = cx.now();
        self.metadata.expire(now);
        if self.config.refreshes {
            self.maybe_refresh(cx);
        }
        self.maybe_ask_telemetry(now);
        self.wakeup = self.compute_wakeup(now);
    }

    pub(super) fn is_update_due(&self, now: Time) -> bool {
        self.config.refreshes && !self.metadata_in_flight && self.metadata.next_update_at() <= now
    }

    fn maybe_refresh(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        if let (Some(after_ms), Some(since)) = (self.config.rebootstrap_after_ms, self.metadata_wanted_since)
            && since.plus_millis(after_ms) <= now
        {
            self.metadata.rebootstrap();
            self.metadata_wanted_since = Some(now);
        }
        if !self.is_update_due(now) {
            return;
        }
        self.metadata_wanted_since.get_or_insert(now);
        let mut node = self.least_loaded(cx);
        if node.is_none() && self.config.rebootstrap_after_ms.is_some() && !self.has_ready_node() {
            self.metadata.rebootstrap();
            node = self.least_loaded(cx);
        }
        let Some(node) = node else { return };
        if self.can_send(node.id) {
            self.send_refresh(cx, &node);
        } else if !self.is_connecting() && self.can_connect_at(node.id).is_some_and(|at| at <= now) {
            self.connect(cx, &node);
        }
    }

    fn send_refresh(&mut self, cx: &mut Context<'_>, node: &Node) {
        let now = cx.now();
        let Some(version) = self.version(node.id, ApiKey::Metadata, 0, METADATA_VERSION) else {
            let text = "The node does not support METADATA";
            self.metadata.fatal = Some(JavaError::kafka("UnsupportedVersionException", text));
            self.metadata.failed(now, cx.rng());
            return;
        };
        let (request, pending) = self.metadata.new_request(now);
        let body = RequestKind::Metadata(for_version(request, version));
        self.metadata_in_flight = self.send_internal(cx, node.id, version, body, Purpose::Metadata(pending));
    }

    /// The node to ask when any will do: connected with the fewest requests in flight, else connecting, else the one
    /// that was tried least recently; `None` if all have to wait.
    pub(crate) fn least_loaded(&self, cx: &mut Context<'_>) -> Option<Node> {
        let now = cx.now();
        let nodes: Vec<&Node> = self.metadata.nodes.values().collect();
        let offset = usize::try_from(cx.rng().below(nodes.len() as u64)).unwrap_or(0);
        let mut ready: Option<(u64, &Node)> = None;
        let mut connecting: Option<&Node> = None;
        let mut idle: Option<(Time, &Node)> = None;
        for i in 0..nodes.len() {
            let node = nodes[(offset + i) % nodes.len()];
            if self.can_send(node.id) {
                let in_flight = self.in_flight(node.id);
                if ready.is_none_or(|(least, _)| in_flight < least) {
                    ready = Some((in_flight, node));
                }
            } else if self.nodes.get(&node.id).is_some_and(super::NodeConnection::is_connecting) {
                connecting = Some(node);
            } else if self.can_connect_at(node.id).is_some_and(|at| at <= now) {
                let last = self.nodes.get(&node.id).and_then(|n| n.last_attempt).unwrap_or(Time::ZERO);
                if idle.is_none_or(|(oldest, _)| last < oldest) {
                    idle = Some((last, node));
                }
            }
        }
        ready.map(|(_, n)| n).or(connecting).or(idle.map(|(_, n)| n)).cloned()
    }

    /// Whether some node of the metadata is connected.
    pub(crate) fn has_ready_node(&self) -> bool {
        let ready = |id| self.nodes.get(id).is_some_and(|n| n.state == State::Ready);
        self.metadata.nodes.keys().any(ready)
    }

    fn is_connecting(&self) -> bool {
        self.nodes.values().any(super::NodeConnection::is_connecting)
    }

    /// The Java client asks once for a telemetry subscription and finds that brokers without a receiver do not know the
    /// request: nothing is sent, but a correlation id is gone.
    fn maybe_ask_telemetry(&mut self, now: Time) {
        let asks = self.telemetry_due && !self.is_update_due(now);
        if asks && self.metadata.nodes.keys().any(|id| self.can_send(*id)) {
            self.telemetry_due = false;
            self.next_correlation_id();
        }
    }

    fn compute_wakeup(&self, now: Time) -> Option<Time> {
        let mut times: Vec<Time> = self.nodes.values().filter_map(super::NodeConnection::deadline).collect();
        if self.config.refreshes && !self.metadata_in_flight {
            let due = self.metadata.next_update_at();
            if due > now {
                times.push(due);
            } else if !self.is_connecting() {
                // Due, but every node has to wait for its back-off.
                let nodes = self.metadata.nodes.keys().filter_map(|id| self.can_connect_at(*id));
                times.extend(nodes.filter(|at| *at > now).min());
            }
        }
        times.into_iter().min()
    }
}

/// Leaves out what this version cannot carry.
pub(crate) fn for_version(request: MetadataRequest, version: i16) -> MetadataRequest {
    if version < 4 { request.with_allow_auto_topic_creation(true) } else { request }
}
