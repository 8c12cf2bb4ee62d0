//! The channel to the active controller (`NodeToControllerChannelManager`). Serves life cycle, ISR changes, forwarding.
//!
//! Invariant: a request is answered once: by the controller, or by giving up at its deadline; when the controller changes, what
//! it had not answered goes to the next one.

use bytes::Bytes;
use ottla_controller::ControllerAddress;
use ottla_wire::{ApiKey, RequestKind, ResponseKind};
use ottla_world::{ConnectionId, Context, Input, Time};
use std::collections::{BTreeMap, VecDeque};

/// What an answer of the controller is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Purpose {
    Register,
    Heartbeat,
    /// An ISR for a partition, proposed at this partition epoch.
    AlterPartition(crate::replica::Place, i32),
    ProducerIds,
    /// Where this broker's replicas lie.
    Directories,
    /// A client's request, forwarded; the answer goes to it.
    Forward(crate::connections::RequestId, ApiKey, i16),
    /// A topic made because somebody asked for it.
    AutoCreate,
}

#[derive(Clone, Debug)]
struct Call {
    purpose: Purpose,
    version: i16,
    body: RequestKind,
    deadline: Time,
}

/// The channel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uplink {
    client_id: String,
    target: Option<ControllerAddress>,
    connection: Option<ConnectionId>,
    open: bool,
    queue: VecDeque<Call>,
    in_flight: BTreeMap<i32, Call>,
    next_correlation_id: i32,
    retry_at: Option<Time>,
}

/// Pause before a controller that could not be reached is tried again, in milliseconds (`retry.backoff.ms`).
const BACKOFF_MS: u64 = 50;

impl Uplink {
    pub(crate) fn new(node_id: i32) -> Uplink {
        Uplink { client_id: format!("broker-{node_id}"), ..Uplink::default() }
    }

    /// Sends a request as soon as a controller is known; after `timeout_ms` it fails.
    pub(crate) fn call(&mut self, now: Time, purpose: Purpose, version: i16, body: RequestKind, timeout_ms: u64) {
        self.queue.push_back(Call { purpose, version, body, deadline: now.plus_millis(timeout_ms) });
    }

    /// Whether such a request waits or is under way.
    pub(crate) fn has(&self, purpose: &Purpose) -> bool {
        self.queue.iter().chain(self.in_flight.values()).any(|c| c.purpose == *purpose)
    }

    /// Takes an input; `None` if it is not for this channel. An answer, if it was one.
    pub(crate) fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> Option<Option<(Purpose, ResponseKind)>> {
        match input {
            Input::Connected { connection } if self.connection == Some(*connection) => {
                self.open = true;
                Some(None)
            }
            Input::ConnectFailed { connection, .. } | Input::Closed { connection }
                if self.connection == Some(*connection) =>
            {
                self.lost(cx.now());
                Some(None)
            }
            Input::Frame { connection, frame } if self.connection == Some(*connection) => Some(self.answer(cx, frame)),
            _ => None,
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, frame: &Bytes) -> Option<(Purpose, ResponseKind)> {
        let call = ottla_wire::peek_correlation_id(frame).and_then(|id| self.in_flight.remove(&id))?;
        let api_key = ottla_wire::request_api_key(&call.body);
        match ottla_wire::decode_response(api_key, call.version, frame) {
            Ok((_, response)) if is_refusal(&response) => {
                self.queue.push_front(call);
                self.retry_at = Some(cx.now().plus_millis(BACKOFF_MS));
                None
            }
            Ok((_, response)) => Some((call.purpose, response)),
            Err(error) => {
                cx.note(format!("bad answer of the controller: {error}"));
                None
            }
        }
    }

    fn lost(&mut self, now: Time) {
        self.connection = None;
        self.open = false;
        self.retry_at = Some(now.plus_millis(BACKOFF_MS));
        for (_, call) in std::mem::take(&mut self.in_flight).into_iter().rev() {
            self.queue.push_front(call);
        }
    }

    /// Follows the active controller, sends what waits; the purposes of calls that are given up.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, controller: Option<ControllerAddress>) -> Vec<Purpose> {
        let now = cx.now();
        if controller.is_some() && controller != self.target {
            self.target = controller;
            self.disconnect(cx);
            self.retry_at = None;
        }
        let late = self.in_flight.values().any(|c| c.deadline <= now);
        let given_up = self.expire(now);
        // Or the connection does not even open: what it was asked for is lost with its first segment.
        if late || (!self.open && !given_up.is_empty()) {
            self.disconnect(cx);
        }
        if self.retry_at.is_some_and(|at| at > now) {
            return given_up;
        }
        self.retry_at = None;
        let Some(target) = self.target else { return given_up };
        if self.connection.is_none() && !self.queue.is_empty() {
            self.connection = Some(cx.connect("localhost", target.port));
        }
        if let (true, Some(connection)) = (self.open, self.connection) {
            while let Some(call) = self.queue.pop_front() {
                let id = self.next_correlation_id;
                self.next_correlation_id = id.wrapping_add(1) & i32::MAX;
                match ottla_wire::encode_request(call.version, id, Some(&self.client_id), &call.body) {
                    Ok(frame) => {
                        cx.send(connection, frame);
                        self.in_flight.insert(id, call);
                    }
                    Err(error) => cx.note(format!("can't ask the controller: {error}")),
                }
            }
        }
        given_up
    }

    fn disconnect(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = self.connection {
            cx.close(connection);
            self.lost(cx.now());
        }
    }

    fn expire(&mut self, now: Time) -> Vec<Purpose> {
        let mut given_up = Vec::new();
        self.queue.retain(|call| {
            let late = call.deadline <= now;
            if late {
                given_up.push(call.purpose.clone());
            }
            !late
        });
        self.in_flight.retain(|_, call| {
            let late = call.deadline <= now;
            if late {
                given_up.push(call.purpose.clone());
            }
            !late
        });
        given_up
    }

    /// When it wants to be polled next.
    pub(crate) fn next_wakeup(&self) -> Option<Time> {
        let deadlines = self.queue.iter().chain(self.in_flight.values()).map(|c| c.deadline).min();
        [self.retry_at.filter(|_| !self.queue.is_empty()), deadlines].into_iter().flatten().min()
    }
}

/// Whether the one asked is not the active controller (any more).
fn is_refusal(response: &ResponseKind) -> bool {
    let code = match response {
        ResponseKind::Envelope(r) => r.error_code,
        ResponseKind::BrokerRegistration(r) => r.error_code,
        ResponseKind::BrokerHeartbeat(r) => r.error_code,
        ResponseKind::AlterPartition(r) => r.error_code,
        ResponseKind::AllocateProducerIds(r) => r.error_code,
        ResponseKind::AssignReplicasToDirs(r) => r.error_code,
        _ => 0,
    };
    code == ottla_wire::ErrorCode::NotController.code()
}
