//! Requests that wait for their node. Serves consumer and admin client; invariant: a request ends at its time-out at the
//! latest, and at once if its node cannot be reached (Kafka's `ConsumerNetworkClient`).

use super::{Completion, NetworkClient, Outcome, Outgoing};
use crate::Node;
use ottla_wire::{ApiKey, RequestKind, request_api_key};
use ottla_world::{Context, Time};
use std::collections::BTreeMap;

/// A request that is not sent yet.
#[derive(Clone, Debug)]
struct Letter {
    tag: u64,
    node: Node,
    correlation_id: i32,
    body: RequestKind,
    /// Lowest and highest version it can be written in.
    versions: (i16, i16),
    created: Time,
    timeout_ms: u64,
}

/// Requests on their way, each known by the number its sender got.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailbox {
    unsent: Vec<Letter>,
    /// The network's number of each request that was sent.
    sent: BTreeMap<u64, u64>,
    ended: Vec<Completion>,
    next_tag: u64,
}

impl Mailbox {
    /// Takes a request for a node; it gets its correlation id now, as in Java.
    pub(crate) fn send(
        &mut self,
        cx: &mut Context<'_>,
        network: &mut NetworkClient,
        node: &Node,
        body: RequestKind,
        versions: (i16, i16),
        timeout_ms: u64,
    ) -> u64 {
        let tag = self.next_tag;
        self.next_tag += 1;
        let correlation_id = network.next_correlation_id();
        let node = node.clone();
        self.unsent.push(Letter { tag, node, correlation_id, body, versions, created: cx.now(), timeout_ms });
        tag
    }

    /// Sends what can be sent and ends what cannot.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, network: &mut NetworkClient) {
        let now = cx.now();
        for letter in std::mem::take(&mut self.unsent) {
            if network.ready(cx, &letter.node) {
                self.post(cx, network, letter);
            } else if letter.created.plus_millis(letter.timeout_ms) <= now {
                self.end(letter, Outcome::TimedOut);
            } else if network.has_failed(letter.node.id) {
                self.end(letter, Outcome::Disconnected);
            } else {
                self.unsent.push(letter);
            }
        }
    }

    fn post(&mut self, cx: &mut Context<'_>, network: &mut NetworkClient, letter: Letter) {
        let api: Option<ApiKey> = Some(request_api_key(&letter.body));
        let (min, max) = letter.versions;
        let version = api.and_then(|api| network.version(letter.node.id, api, min, max));
        let Some(version) = version else {
            return self.end(letter, Outcome::Unsupported);
        };
        let request = Outgoing {
            body: letter.body,
            version,
            correlation_id: Some(letter.correlation_id),
            timeout_ms: letter.timeout_ms,
            expects_response: true,
        };
        let network_tag = network.send(cx, letter.node.id, request);
        self.sent.insert(network_tag, letter.tag);
    }

    fn end(&mut self, letter: Letter, outcome: Outcome) {
        let Letter { tag, node, correlation_id, .. } = letter;
        self.ended.push(Completion { tag, node: node.id, correlation_id, outcome });
    }

    /// What ended since the last call.
    pub(crate) fn take(&mut self, network: &mut NetworkClient) -> Vec<Completion> {
        let mut ended = std::mem::take(&mut self.ended);
        for completion in network.take_completions() {
            if let Some(tag) = self.sent.remove(&completion.tag) {
                ended.push(Completion { tag, ..completion });
            }
        }
        ended
    }

    /// Whether something ended that was not taken.
    pub(crate) fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// Gives up what is not sent to this node yet.
    pub(crate) fn drop_unsent(&mut self, node: i32) {
        let (dropped, kept) = std::mem::take(&mut self.unsent).into_iter().partition(|letter| letter.node.id == node);
        self.unsent = kept;
        let dropped: Vec<Letter> = dropped;
        dropped.into_iter().for_each(|letter| self.end(letter, Outcome::Disconnected));
    }

    /// When something has to be tried again or ends.
    pub(crate) fn next_wakeup(&self, network: &NetworkClient, now: Time) -> Option<Time> {
        let times = self.unsent.iter().flat_map(|letter| {
            let connect = network.can_connect_at(letter.node.id).filter(|at| *at > now);
            [connect, Some(letter.created.plus_millis(letter.timeout_ms))]
        });
        times.flatten().min()
    }
}
