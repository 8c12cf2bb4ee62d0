//! Fetching. Serves `poll_records`; invariant: one fetch in flight a node, and no fetch from a node of whose partitions there
//! are records that were not handed out (Kafka's `Fetcher`, `AbstractFetch`).

use super::collect::Fetched;
use super::session::topics_of;
use super::subscription::{FetchState, PartitionState};
use super::{Asked, Consumer};
use crate::network::Outcome;
use crate::{Node, TopicPartition};
use ottla_wire::{
    ApiKey, ErrorCode, RequestKind, ResponseKind, Uuid, messages::FetchRequest,
    messages::fetch_request::FetchPartition, str_bytes,
};
use ottla_world::{Context, Time};
use std::collections::{BTreeMap, BTreeSet};

/// The newest version of Fetch, by topic id.
const FETCH_VERSION: i16 = 17;
/// The newest version of Fetch that goes by topic name.
const FETCH_BY_NAME_VERSION: i16 = 12;

/// A partition in a fetch: where from.
#[derive(Clone, Debug)]
pub(crate) struct FetchFrom {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: i64,
    leader_epoch: Option<i32>,
}

impl Consumer {
    /// Sends a fetch to each node that leads partitions to be read and has none in flight.
    pub(super) fn send_fetches(&mut self, cx: &mut Context<'_>) {
        if self.subscription.pending_revocation {
            return;
        }
        let now = cx.now();
        let buffered = self.buffered_nodes(now);
        let mut by_node: BTreeMap<i32, (Node, Vec<FetchFrom>)> = BTreeMap::new();
        let mut leaderless = false;
        for (partition, state) in &self.subscription.partitions {
            let Some(position) = state.position.filter(|_| state.state == FetchState::Fetching) else { continue };
            if state.retry_at > now || self.buffered.iter().any(|f| f.partition == *partition) {
                continue;
            }
            let node = read_from(state, now).and_then(|id| self.network.metadata.nodes.get(&id));
            let Some(node) = node else {
                leaderless = true;
                continue;
            };
            if self.fetching.contains_key(&node.id) || buffered.contains(&node.id) {
                continue;
            }
            let backs_off = self.network.has_failed(node.id) && self.network.can_connect_at(node.id) > Some(now);
            if backs_off {
                self.reconnects.insert(node.id);
                continue;
            }
            let from = FetchFrom {
                partition: partition.clone(),
                offset: position.offset,
                leader_epoch: position.leader_epoch,
            };
            by_node.entry(node.id).or_insert_with(|| (node.clone(), Vec::new())).1.push(from);
        }
        if leaderless {
            self.network.metadata.request_update();
        }
        for (node, from) in by_node.into_values() {
            self.send_fetch(cx, &node, from);
        }
    }

    /// Nodes of whose partitions there are records that were not handed out: a fetch from there would leave those partitions
    /// out, so it would drop them from the session and, if the others have nothing new, keep them from being read until its wait
    /// is over. What is left of partitions that are not read now holds nobody up (`AbstractFetch.bufferedNodes`).
    fn buffered_nodes(&self, now: Time) -> BTreeSet<i32> {
        let states = self.buffered.iter().filter_map(|f| self.subscription.partitions.get(&f.partition));
        states.filter(|s| s.state == FetchState::Fetching).filter_map(|s| read_from(s, now)).collect()
    }

    fn send_fetch(&mut self, cx: &mut Context<'_>, node: &Node, from: Vec<FetchFrom>) {
        // The version decides between names and ids, so the connection has to be there first.
        if !self.network.ready(cx, node) {
            return;
        }
        let id_of = |topic: &str| self.network.metadata.topics.get(topic).map_or(Uuid::nil(), |t| t.id);
        let by_id = from.iter().all(|f| !id_of(&f.partition.topic).is_nil());
        let newest = if by_id { FETCH_VERSION } else { FETCH_BY_NAME_VERSION };
        let Some(version) = self.network.version(node.id, ApiKey::Fetch, 4, newest) else { return };
        let mut wanted = BTreeMap::new();
        for f in &from {
            let mut row = FetchPartition::default()
                .with_partition(f.partition.partition)
                .with_fetch_offset(f.offset)
                .with_log_start_offset(-1)
                .with_partition_max_bytes(self.config.max_partition_fetch_bytes);
            if version >= 9 {
                row = row.with_current_leader_epoch(f.leader_epoch.unwrap_or(-1));
            }
            let id = if version > FETCH_BY_NAME_VERSION { id_of(&f.partition.topic) } else { Uuid::nil() };
            wanted.insert(f.partition.clone(), (id, row));
        }
        let mut request = FetchRequest::default()
            .with_max_wait_ms(self.config.fetch_max_wait_ms)
            .with_min_bytes(self.config.fetch_min_bytes)
            .with_max_bytes(self.config.fetch_max_bytes)
            .with_isolation_level(i8::from(self.config.read_committed));
        if version >= 7 {
            request = self.sessions.entry(node.id).or_default().ask(request, wanted);
        } else {
            request.topics = topics_of(wanted);
        }
        if version >= 11 {
            request = request.with_rack_id(str_bytes(&self.config.client_rack));
        }
        let body = RequestKind::Fetch(request);
        let timeout_ms = self.config.request_timeout_ms;
        let tag = self.mailbox.send(cx, &mut self.network, node, body, (version, version), timeout_ms);
        self.fetching.insert(node.id, tag);
        self.asked.insert(tag, Asked::Fetch(node.id, from));
    }

    /// Takes the end of a fetch; what it brought waits to be handed out.
    pub(super) fn fetched(&mut self, cx: &mut Context<'_>, node: i32, from: &[FetchFrom], outcome: &Outcome) {
        self.fetching.remove(&node);
        let Outcome::Response(response) = outcome else {
            if let Some(session) = self.sessions.get_mut(&node) {
                session.begin_anew();
            }
            for f in from {
                if let Some(state) = self.subscription.partitions.get_mut(&f.partition) {
                    state.preferred_replica = None;
                }
            }
            return;
        };
        let ResponseKind::Fetch(response) = response.as_ref() else { return };
        if let Some(Err(error)) = self.sessions.get_mut(&node).map(|session| session.answered(response)) {
            // A session that is over is begun anew at once.
            if !matches!(error, ErrorCode::FetchSessionIdNotFound | ErrorCode::InvalidFetchSessionEpoch) {
                self.pause_all(cx, from);
            }
            return;
        }
        for topic in &response.responses {
            let name = if topic.topic.is_empty() {
                let known = self.network.metadata.topic_of(topic.topic_id).map(str::to_owned);
                known.or_else(|| from.first().map(|f| f.partition.topic.clone()))
            } else {
                Some(topic.topic.to_string())
            };
            let Some(name) = name else { continue };
            for data in &topic.partitions {
                let key = TopicPartition::new(name.as_str(), data.partition_index);
                let Some(from) = from.iter().find(|f| f.partition == key) else { continue };
                self.buffered.push_back(Fetched::new(from, data));
            }
        }
        self.drop_empty(cx);
    }

    fn pause_all(&mut self, cx: &Context<'_>, from: &[FetchFrom]) {
        let at = cx.now().plus_millis(self.config.retry.initial_ms);
        for f in from {
            if let Some(state) = self.subscription.partitions.get_mut(&f.partition) {
                state.retry_at = at;
            }
        }
        self.network.metadata.request_update();
    }
}

/// The node that a partition is read from: the follower it was told to read from for a while, or its leader.
fn read_from(state: &PartitionState, now: Time) -> Option<i32> {
    let preferred = state.preferred_replica.filter(|(_, until)| *until > now).map(|(id, _)| id);
    preferred.or_else(|| state.position.and_then(|position| position.leader))
}
