//! What reaches the connections from the world. Serves the network client; invariant: an input for a connection that is
//! no longer known changes nothing.

use super::{Completion, InFlight, LOGGER, NetworkClient, Outcome, Purpose, State};
use bytes::Bytes;
use ottla_wire::java::hash_map_order;
use ottla_wire::{
    ApiKey, ErrorCode, RequestKind, ResponseKind, decode_response, encode_request,
    messages::{ApiVersionsRequest, ApiVersionsResponse, MetadataResponse},
    str_bytes,
};
use ottla_world::{ConnectionId, Context, Input};
use std::collections::BTreeMap;

/// The newest version of the handshake known here.
const API_VERSIONS_VERSION: i16 = 4;

impl NetworkClient {
    /// Takes an input; true if it was for one of its connections.
    pub(crate) fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> bool {
        let (Input::Connected { connection }
        | Input::ConnectFailed { connection, .. }
        | Input::Frame { connection, .. }
        | Input::Closed { connection }) = input
        else {
            return false;
        };
        let Some(&node) = self.by_connection.get(connection) else { return false };
        match input {
            Input::Connected { .. } => self.connected(cx, node),
            Input::Frame { frame, .. } => self.frame(cx, node, frame),
            Input::ConnectFailed { .. } => {
                if let Some(state) = self.nodes.get(&node) {
                    let address = state.node.socket_address();
                    self.log.warn(
                        LOGGER,
                        format!(
                            "Connection to node {node} ({address}) could not be established. Node may not be available."
                        ),
                    );
                }
                self.lost(cx, node, *connection, false);
            }
            _ => self.lost(cx, node, *connection, false),
        }
        true
    }

    fn connected(&mut self, cx: &mut Context<'_>, node: i32) {
        if let Some(state) = self.nodes.get_mut(&node) {
            state.opened();
        }
        self.ask_versions(cx, node, API_VERSIONS_VERSION);
    }

    fn ask_versions(&mut self, cx: &mut Context<'_>, node: i32, version: i16) {
        let mut body = ApiVersionsRequest::default();
        if version >= 3 {
            body = body
                .with_client_software_name(str_bytes("apache-kafka-java"))
                .with_client_software_version(str_bytes("4.3.1"));
        }
        self.send_internal(cx, node, version, RequestKind::ApiVersions(body), Purpose::ApiVersions);
    }

    /// Sends a request of the client's own; false if it could not be.
    pub(super) fn send_internal(
        &mut self,
        cx: &mut Context<'_>,
        node: i32,
        version: i16,
        body: RequestKind,
        purpose: Purpose,
    ) -> bool {
        let correlation_id = self.next_correlation_id();
        let deadline = cx.now().plus_millis(self.config.request_timeout_ms);
        let api_key = ottla_wire::request_api_key(&body);
        let Ok(frame) = encode_request(version, correlation_id, Some(&self.config.client_id), &body) else {
            return false;
        };
        let Some(state) = self.nodes.get_mut(&node) else { return false };
        let Some(connection) = state.connection else { return false };
        cx.send(connection, frame);
        state.in_flight.push_back(InFlight { correlation_id, api_key, version, purpose, deadline });
        true
    }

    fn frame(&mut self, cx: &mut Context<'_>, node: i32, frame: &Bytes) {
        let Some(state) = self.nodes.get_mut(&node) else { return };
        let Some(request) = state.in_flight.pop_front() else { return };
        let mut decoded = decode_response(request.api_key, request.version, frame);
        if decoded.is_err() && request.purpose == Purpose::ApiVersions {
            decoded = decode_response(ApiKey::ApiVersions, 0, frame);
        }
        match decoded {
            Ok((correlation_id, response)) if correlation_id == request.correlation_id => {
                self.completed(cx, node, request, response);
            }
            _ => {
                // Bytes that are no answer: the connection can't be used any more.
                state.in_flight.push_front(request);
                self.drop_connection(cx, node, false);
            }
        }
    }

    fn completed(&mut self, cx: &mut Context<'_>, node: i32, request: InFlight, response: ResponseKind) {
        match (request.purpose, response) {
            (Purpose::Owner(tag), response) => {
                let outcome = Outcome::Response(Box::new(response));
                self.completions.push(Completion { tag, node, correlation_id: request.correlation_id, outcome });
            }
            (Purpose::ApiVersions, ResponseKind::ApiVersions(response)) => self.versions(cx, node, &response),
            (Purpose::Metadata(pending), ResponseKind::Metadata(response)) => {
                self.metadata_in_flight = false;
                self.metadata_wanted_since = None;
                self.warn_of_errors(request.correlation_id, &response);
                let now = cx.now();
                if response.brokers.is_empty() {
                    self.metadata.failed(now, cx.rng());
                } else {
                    self.metadata.update(&mut self.log, now, cx.rng(), pending, &response);
                }
            }
            _ => self.drop_connection(cx, node, false),
        }
    }

    fn warn_of_errors(&mut self, correlation_id: i32, response: &MetadataResponse) {
        let failed = response.topics.iter().filter(|t| t.error_code != 0);
        let errors: BTreeMap<&str, ErrorCode> =
            failed.filter_map(|t| Some((t.name.as_ref()?.as_str(), ErrorCode::from_code(t.error_code)))).collect();
        if errors.is_empty() {
            return;
        }
        let order = hash_map_order(errors.keys().copied());
        let names: Vec<String> = order.into_iter().map(|name| format!("{name}={}", errors[name])).collect();
        self.log.warn(
            LOGGER,
            format!(
                "The metadata response from the cluster reported a recoverable issue with correlation id \
                 {correlation_id} : {{{}}}",
                names.join(", ")
            ),
        );
    }

    fn versions(&mut self, cx: &mut Context<'_>, node: i32, response: &ApiVersionsResponse) {
        let ranges = response.api_keys.iter().map(|api| (api.api_key, (api.min_version, api.max_version))).collect();
        let Some(state) = self.nodes.get_mut(&node) else { return };
        match ErrorCode::from_code(response.error_code) {
            ErrorCode::None => state.ready(ranges),
            ErrorCode::UnsupportedVersion => {
                let known = ranges.get(&(ApiKey::ApiVersions as i16)).map_or(0, |(_, max)| *max);
                self.ask_versions(cx, node, known.clamp(0, API_VERSIONS_VERSION - 1));
            }
            error => {
                let text = format!(
                    "Received error {error} from node {node} when making an ApiVersionsRequest. Disconnecting."
                );
                self.log.warn(LOGGER, text);
                self.drop_connection(cx, node, false);
            }
        }
    }

    /// The connection is gone by the other side's doing.
    fn lost(&mut self, cx: &mut Context<'_>, node: i32, connection: ConnectionId, timed_out: bool) {
        self.by_connection.remove(&connection);
        let reconnect = self.config.reconnect;
        let Some(state) = self.nodes.get_mut(&node) else { return };
        let requests = state.disconnected(reconnect, cx.rng());
        for request in requests {
            self.cancel(cx, node, request, timed_out);
        }
        self.after_loss(cx, node);
    }

    /// The connection is given up by this side.
    pub(super) fn drop_connection(&mut self, cx: &mut Context<'_>, node: i32, timed_out: bool) {
        let Some(connection) = self.nodes.get(&node).and_then(|state| state.connection) else { return };
        cx.close(connection);
        self.lost(cx, node, connection, timed_out);
    }

    fn cancel(&mut self, cx: &mut Context<'_>, node: i32, request: InFlight, timed_out: bool) {
        match request.purpose {
            Purpose::Owner(tag) => {
                let outcome = if timed_out { Outcome::TimedOut } else { Outcome::Disconnected };
                self.completions.push(Completion { tag, node, correlation_id: request.correlation_id, outcome });
            }
            Purpose::Metadata(_) => {
                self.metadata_in_flight = false;
                let now = cx.now();
                self.metadata.failed(now, cx.rng());
            }
            Purpose::ApiVersions => {}
        }
    }

    /// A lost connection may mean stale metadata (`MetadataUpdater.handleServerDisconnect`).
    fn after_loss(&mut self, cx: &mut Context<'_>, node: i32) {
        self.lost_node = true;
        if !self.config.refreshes {
            return;
        }
        if self.metadata.is_bootstrap
            && let Some(node) = self.metadata.nodes.get(&node)
        {
            let text = format!("Bootstrap broker {node} disconnected");
            self.log.warn(LOGGER, text);
        }
        let now = cx.now();
        if self.is_update_due(now) {
            self.metadata.failed(now, cx.rng());
        }
        self.metadata.request_update();
    }

    /// Ends what waited too long: attempts to connect and requests.
    pub(super) fn expire(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        let late = |state: &super::NodeConnection| state.deadline().is_some_and(|at| at <= now);
        let nodes: Vec<(i32, bool)> = self
            .nodes
            .iter()
            .filter(|(_, state)| late(state))
            .map(|(id, state)| (*id, !matches!(state.state, State::Connecting { .. })))
            .collect();
        for (node, timed_out) in nodes {
            self.drop_connection(cx, node, timed_out);
        }
    }
}
