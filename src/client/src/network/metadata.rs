//! The metadata cache. Serves the network client, which refreshes it, and producer and consumer, which look leaders up.
//!
//! Invariant: a partition's leader never goes back to an older leader epoch, unless its topic was made anew (KIP-320,
//! KIP-516). Follows Kafka's `Metadata`, `ProducerMetadata` and `ConsumerMetadata`.

use super::backoff::Backoff;
use crate::{JavaError, Node, TopicPartition, log::Log};
use ottla_wire::{
    ErrorCode, Uuid,
    messages::metadata_request::MetadataRequestTopic,
    messages::metadata_response::{MetadataResponsePartition, MetadataResponseTopic},
    messages::{MetadataRequest, MetadataResponse},
    topic_name,
};
use ottla_world::{Rng, Time};
use std::collections::{BTreeMap, BTreeSet};

/// A partition as the cluster described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionInfo {
    pub(crate) leader: Option<i32>,
    pub(crate) leader_epoch: Option<i32>,
    pub(crate) replicas: Vec<i32>,
}

/// A topic as the cluster described it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TopicInfo {
    pub(crate) id: Uuid,
    pub(crate) is_internal: bool,
    pub(crate) partitions: BTreeMap<i32, PartitionInfo>,
}

/// What to ask for in a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Every topic (subscription by pattern).
    All,
    /// These, with the moment until which they are wanted (`metadata.max.idle.ms`).
    Topics(BTreeMap<String, Time>),
}

/// A request that was made from the cache, to be given back with its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    version: u64,
    is_partial: bool,
}

/// The cache and the rules of its refresh.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    backoff: Backoff,
    max_age_ms: u64,
    allow_auto_creation: bool,
    bootstrap: Vec<Node>,
    pub(crate) is_bootstrap: bool,
    pub(crate) nodes: BTreeMap<i32, Node>,
    pub(crate) controller: Option<i32>,
    pub(crate) cluster_id: Option<String>,
    pub(crate) topics: BTreeMap<String, TopicInfo>,
    pub(crate) wanted: Wanted,
    new_topics: BTreeSet<String>,
    epochs: BTreeMap<TopicPartition, i32>,
    /// Names the cluster refused, until they are asked for.
    invalid_topics: BTreeSet<String>,
    /// The error of each topic in the last response.
    pub(crate) errors: BTreeMap<String, ErrorCode>,
    /// What no retry can mend.
    pub(crate) fatal: Option<JavaError>,
    need_full: bool,
    need_partial: bool,
    request_version: u64,
    /// Counts updates: whoever waits for one compares.
    pub(crate) update_version: u64,
    last_success: Option<Time>,
    attempts: u32,
    equivalent_responses: u32,
    attempts_until: Time,
    equivalent_until: Time,
}

impl Metadata {
    pub(crate) fn new(bootstrap: Vec<Node>, backoff: Backoff, max_age_ms: u64, allow_auto_creation: bool) -> Metadata {
        let mut metadata = Metadata {
            backoff,
            max_age_ms,
            allow_auto_creation,
            bootstrap,
            is_bootstrap: true,
            nodes: BTreeMap::new(),
            controller: None,
            cluster_id: None,
            topics: BTreeMap::new(),
            wanted: Wanted::Topics(BTreeMap::new()),
            new_topics: BTreeSet::new(),
            epochs: BTreeMap::new(),
            invalid_topics: BTreeSet::new(),
            errors: BTreeMap::new(),
            fatal: None,
            need_full: true,
            need_partial: false,
            request_version: 0,
            update_version: 0,
            last_success: None,
            attempts: 0,
            equivalent_responses: 0,
            attempts_until: Time::ZERO,
            equivalent_until: Time::ZERO,
        };
        metadata.rebootstrap();
        metadata
    }

    /// Forgets the cluster and starts over from the bootstrap servers (KIP-899).
    pub(crate) fn rebootstrap(&mut self) {
        self.need_full = true;
        self.update_version += 1;
        self.is_bootstrap = true;
        self.nodes = self.bootstrap.iter().map(|node| (node.id, node.clone())).collect();
        self.controller = None;
        self.topics.clear();
    }

    /// Asks for a refresh as soon as the back-off allows.
    pub(crate) fn request_update(&mut self) -> u64 {
        self.need_full = true;
        self.update_version
    }

    /// The same, because something new is wanted: earlier answers without news do not count.
    pub(crate) fn request_update_afresh(&mut self) -> u64 {
        self.equivalent_responses = 0;
        self.equivalent_until = Time::ZERO;
        self.request_update()
    }

    /// Wants a topic until `until`; asks for it at once if it is new (`ProducerMetadata.add`).
    pub(crate) fn add_topic(&mut self, topic: &str, until: Time) {
        let Wanted::Topics(topics) = &mut self.wanted else { return };
        if topics.insert(topic.to_owned(), until).is_none() {
            self.new_topics.insert(topic.to_owned());
            self.request_update_for_new_topics();
        }
    }

    /// Asks for one topic's metadata (`ProducerMetadata.requestUpdateForTopic`).
    pub(crate) fn request_update_for_topic(&mut self, topic: &str) -> u64 {
        if self.new_topics.contains(topic) { self.request_update_for_new_topics() } else { self.request_update() }
    }

    fn request_update_for_new_topics(&mut self) -> u64 {
        self.attempts_until = Time::ZERO;
        self.equivalent_until = Time::ZERO;
        self.equivalent_responses = 0;
        self.need_partial = true;
        self.request_version += 1;
        self.update_version
    }

    /// When the next refresh is due; in the past if it is now.
    pub(crate) fn next_update_at(&self) -> Time {
        let expires = self.last_success.map_or(Time::ZERO, |at| at.plus_millis(self.max_age_ms));
        let wanted = if self.need_full || self.need_partial { Time::ZERO } else { expires };
        // An update because of age alone is not held back by answers without news.
        let equivalent = if wanted == expires && !self.need_full { Time::ZERO } else { self.equivalent_until };
        wanted.max(self.attempts_until).max(equivalent)
    }

    /// The request for the refresh.
    pub(crate) fn new_request(&mut self, now: Time) -> (MetadataRequest, Pending) {
        let fresh = self.last_success.is_some_and(|at| at.plus_millis(self.max_age_ms) > now);
        let is_partial = !self.need_full && self.need_partial && fresh;
        let pending = Pending { version: self.request_version, is_partial };
        let names: Option<Vec<&String>> = match &self.wanted {
            _ if is_partial => Some(self.new_topics.iter().collect()),
            Wanted::All => None,
            Wanted::Topics(topics) => Some(topics.keys().collect()),
        };
        let topics = names.map(|names| {
            names.iter().map(|name| MetadataRequestTopic::default().with_name(Some(topic_name(name)))).collect()
        });
        let request = MetadataRequest::default()
            .with_allow_auto_topic_creation(self.allow_auto_creation || topics.is_none())
            .with_topics(topics);
        (request, pending)
    }

    /// The refresh failed: the next one waits longer.
    pub(crate) fn failed(&mut self, now: Time, rng: &mut Rng) {
        self.attempts += 1;
        self.equivalent_responses = 0;
        self.equivalent_until = Time::ZERO;
        self.attempts_until = now.plus_millis(self.backoff.draw_ms(rng, self.attempts - 1));
    }

    /// Takes a response (`Metadata.update`).
    pub(crate) fn update(
        &mut self,
        log: &mut Log,
        now: Time,
        rng: &mut Rng,
        pending: Pending,
        response: &MetadataResponse,
    ) {
        self.need_partial = pending.version < self.request_version;
        self.attempts = 0;
        self.update_version += 1;
        if !pending.is_partial {
            self.need_full = false;
            self.last_success = Some(now);
        }
        self.equivalent_responses += 1;
        self.is_bootstrap = false;
        self.cluster_id = response.cluster_id.as_ref().map(ToString::to_string);
        self.controller = (response.controller_id.0 >= 0).then_some(response.controller_id.0);
        self.nodes = nodes_of(response);
        self.take_topics(now, pending.is_partial, &response.topics);
        if !self.invalid_topics.is_empty() {
            let names: Vec<&str> = self.invalid_topics.iter().map(String::as_str).collect();
            log.error(
                "org.apache.kafka.clients.Metadata",
                format!("Metadata response reported invalid topics [{}]", names.join(", ")),
            );
        }
        self.attempts_until = now.plus_millis(self.backoff.draw_ms(rng, 0));
        self.equivalent_until = match self.equivalent_responses {
            0 => Time::ZERO,
            n => now.plus_millis(self.backoff.draw_ms(rng, n - 1)),
        };
    }

    fn take_topics(&mut self, now: Time, is_partial: bool, topics: &[MetadataResponseTopic]) {
        let mut seen: BTreeMap<String, TopicInfo> = BTreeMap::new();
        self.errors.clear();
        self.invalid_topics.clear();
        for topic in topics {
            let Some(name) = topic.name.as_ref().map(|name| name.to_string()) else { continue };
            if !self.retains(&name, now) {
                continue;
            }
            let error = ErrorCode::from_code(topic.error_code);
            if error.is_none() {
                seen.insert(name.clone(), self.take_topic(&name, topic));
                continue;
            }
            self.need_full |= error.is_invalid_metadata();
            if error == ErrorCode::InvalidTopicException {
                self.invalid_topics.insert(name.clone());
            }
            self.errors.insert(name, error);
        }
        for topic in topics {
            if let Some(name) = &topic.name {
                self.new_topics.remove(name.as_str());
            }
        }
        if is_partial {
            let errors = &self.errors;
            self.topics.retain(|name, _| !errors.contains_key(name));
            self.topics.extend(seen);
        } else {
            self.topics = seen;
        }
        let topics = &self.topics;
        self.epochs.retain(|partition, _| topics.contains_key(&partition.topic));
    }

    fn take_topic(&mut self, name: &str, topic: &MetadataResponseTopic) -> TopicInfo {
        let old = self.topics.get(name).cloned();
        let is_new_id = old.as_ref().is_none_or(|old| old.id != topic.topic_id) && !topic.topic_id.is_nil();
        let mut info = TopicInfo { id: topic.topic_id, is_internal: topic.is_internal, partitions: BTreeMap::new() };
        for partition in &topic.partitions {
            let old = old.as_ref().and_then(|old| old.partitions.get(&partition.partition_index));
            let taken = self.take_partition(name, is_new_id, old, partition);
            info.partitions.insert(partition.partition_index, taken);
            self.need_full |= ErrorCode::from_code(partition.error_code).is_invalid_metadata();
        }
        info
    }

    /// The newer of what was known and what is said now, by leader epoch.
    fn take_partition(
        &mut self,
        topic: &str,
        is_new_id: bool,
        old: Option<&PartitionInfo>,
        said: &MetadataResponsePartition,
    ) -> PartitionInfo {
        let epoch = (said.leader_epoch >= 0).then_some(said.leader_epoch);
        let new = PartitionInfo {
            leader: (said.leader_id.0 >= 0).then_some(said.leader_id.0),
            leader_epoch: epoch,
            replicas: said.replica_nodes.iter().map(|id| id.0).collect(),
        };
        let key = TopicPartition::new(topic, said.partition_index);
        let Some(epoch) = epoch else {
            self.epochs.remove(&key);
            self.equivalent_responses = 0;
            return new;
        };
        match self.epochs.get(&key) {
            Some(known) if !is_new_id && epoch == *known => new,
            Some(known) if !is_new_id && epoch < *known => old.cloned().unwrap_or(new),
            _ => {
                self.epochs.insert(key, epoch);
                self.equivalent_responses = 0;
                new
            }
        }
    }

    fn retains(&self, topic: &str, now: Time) -> bool {
        match &self.wanted {
            Wanted::All => true,
            Wanted::Topics(topics) => {
                topics.get(topic).is_some_and(|until| *until > now) || self.new_topics.contains(topic)
            }
        }
    }

    /// Drops topics that nobody used for so long (`metadata.max.idle.ms`).
    pub(crate) fn expire(&mut self, now: Time) {
        if let Wanted::Topics(topics) = &mut self.wanted {
            topics.retain(|_, until| *until > now);
        }
    }

    /// A leader that a broker named beside an error (KIP-951); true if it is news.
    pub(crate) fn learn_leader(&mut self, partition: &TopicPartition, leader: i32, epoch: i32, nodes: &[Node]) -> bool {
        let known = self.epochs.get(partition).copied().unwrap_or(-1);
        let info = self.topics.get_mut(&partition.topic).and_then(|t| t.partitions.get_mut(&partition.partition));
        let Some(info) = info.filter(|_| epoch > known && leader >= 0) else { return false };
        info.leader = Some(leader);
        info.leader_epoch = Some(epoch);
        self.epochs.insert(partition.clone(), epoch);
        for node in nodes {
            self.nodes.entry(node.id).or_insert_with(|| node.clone());
        }
        true
    }

    /// A record or response carried this leader epoch: if it is newer, the cache is stale.
    pub(crate) fn saw_epoch(&mut self, partition: &TopicPartition, epoch: i32) {
        if self.epochs.get(partition).is_some_and(|known| epoch > *known) {
            self.epochs.insert(partition.clone(), epoch);
            self.need_full = true;
        }
    }

    /// The leader and its epoch, if both are current.
    pub(crate) fn leader(&self, partition: &TopicPartition) -> Option<(&Node, Option<i32>)> {
        let info = self.topics.get(&partition.topic)?.partitions.get(&partition.partition)?;
        let is_current = match (info.leader_epoch, self.epochs.get(partition)) {
            (Some(epoch), Some(known)) => epoch == *known,
            _ => true,
        };
        let node = self.nodes.get(&info.leader?)?;
        is_current.then_some((node, info.leader_epoch))
    }

    /// The last leader epoch seen.
    pub(crate) fn last_epoch(&self, partition: &TopicPartition) -> Option<i32> {
        self.epochs.get(partition).copied()
    }

    /// How many partitions a topic has, if it is known.
    pub(crate) fn partition_count(&self, topic: &str) -> Option<i32> {
        let count = self.topics.get(topic)?.partitions.len();
        i32::try_from(count).ok().filter(|count| *count > 0)
    }

    /// The name of a topic's id.
    pub(crate) fn topic_of(&self, id: Uuid) -> Option<&str> {
        self.topics.iter().find(|(_, topic)| topic.id == id).map(|(name, _)| name.as_str())
    }

    /// Takes the brokers and the controller of a response the owner asked for itself.
    pub(crate) fn set_cluster(&mut self, response: &MetadataResponse) {
        if !response.brokers.is_empty() {
            self.is_bootstrap = false;
            self.nodes = nodes_of(response);
            self.controller = (response.controller_id.0 >= 0).then_some(response.controller_id.0);
        }
    }

    /// Takes the controllers and the active one, for a client that talks to the quorum itself (KIP-919).
    pub(crate) fn set_controllers(&mut self, nodes: Vec<Node>, active: Option<i32>) {
        if !nodes.is_empty() {
            self.is_bootstrap = false;
            self.nodes = nodes.into_iter().map(|node| (node.id, node)).collect();
            self.controller = active;
        }
    }

    /// Adds the brokers of a response the owner asked for itself.
    pub(crate) fn set_nodes(&mut self, response: &MetadataResponse) {
        self.nodes.extend(nodes_of(response));
    }

    /// The exception of invalid topics, once (`Metadata.maybeThrowExceptionForTopics`).
    pub(crate) fn take_invalid_topics(&mut self) -> Option<JavaError> {
        let names = std::mem::take(&mut self.invalid_topics);
        if names.is_empty() {
            return None;
        }
        let names: Vec<String> = names.into_iter().collect();
        Some(JavaError::kafka("InvalidTopicException", format!("Invalid topics: [{}]", names.join(", "))))
    }

    /// Whether this topic was refused by name.
    pub(crate) fn is_invalid(&self, topic: &str) -> bool {
        self.invalid_topics.contains(topic)
    }
}

fn nodes_of(response: &MetadataResponse) -> BTreeMap<i32, Node> {
    let node = |b: &ottla_wire::messages::metadata_response::MetadataResponseBroker| {
        let port = u16::try_from(b.port).unwrap_or(0);
        let rack = b.rack.as_ref().map(ToString::to_string);
        Node { id: b.node_id.0, host: b.host.to_string(), port, rack, is_fenced: false }
    };
    response.brokers.iter().map(|b| (b.node_id.0, node(b))).collect()
}
