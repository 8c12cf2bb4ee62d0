//! The cluster's metadata as the log says it is: what Kafka keeps in `MetadataImage` on brokers and in the controller's
//! timeline structures.
//!
//! Serves controllers and brokers alike. Invariant: the image is a function of the records replayed; `replay` is the only
//! way to change it.

mod cluster;
mod configs;
mod replay;
mod topic;
mod write;

#[cfg(test)]
mod tests;

pub use cluster::{BrokerRegistration, ControllerRegistration};
pub use configs::{ConfigResource, ConfigSource};
pub use topic::{PartitionState, TopicImage};

use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// Entity of a client quota: sorted pairs of entity type and name; no name stands for the default entity.
pub type QuotaEntity = Vec<(String, Option<String>)>;

/// The metadata of a cluster. Cloning shares the topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataImage {
    offset: i64,
    brokers: BTreeMap<i32, BrokerRegistration>,
    controllers: BTreeMap<i32, ControllerRegistration>,
    topics: BTreeMap<Uuid, Arc<TopicImage>>,
    topic_ids: BTreeMap<String, Uuid>,
    configs: configs::Configs,
    features: BTreeMap<String, i16>,
    quotas: BTreeMap<QuotaEntity, BTreeMap<String, u64>>,
    next_producer_id: i64,
}

impl Default for MetadataImage {
    fn default() -> Self {
        MetadataImage {
            offset: -1,
            brokers: BTreeMap::new(),
            controllers: BTreeMap::new(),
            topics: BTreeMap::new(),
            topic_ids: BTreeMap::new(),
            configs: BTreeMap::new(),
            features: BTreeMap::new(),
            quotas: BTreeMap::new(),
            next_producer_id: 0,
        }
    }
}

impl MetadataImage {
    /// Offset of the last record replayed, -1 for none.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Counts an offset as replayed that holds no metadata record (control batches).
    pub fn advance(&mut self, offset: i64) {
        self.offset = self.offset.max(offset);
    }

    /// All registered brokers by id, fenced ones included.
    pub fn brokers(&self) -> &BTreeMap<i32, BrokerRegistration> {
        &self.brokers
    }

    /// A registered broker.
    pub fn broker(&self, id: i32) -> Option<&BrokerRegistration> {
        self.brokers.get(&id)
    }

    /// The brokers that clients see: registered and unfenced, by id.
    pub fn alive_brokers(&self) -> impl Iterator<Item = &BrokerRegistration> {
        self.brokers.values().filter(|broker| !broker.fenced)
    }

    /// Whether a broker is registered and unfenced.
    pub fn is_alive(&self, id: i32) -> bool {
        self.broker(id).is_some_and(|broker| !broker.fenced)
    }

    /// Whether a broker may lead and be in sync: unfenced and not shutting down (`ClusterControlManager.isActive`).
    pub fn is_active(&self, id: i32) -> bool {
        self.broker(id).is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
    }

    /// All registered controllers by id.
    pub fn controllers(&self) -> &BTreeMap<i32, ControllerRegistration> {
        &self.controllers
    }

    /// All topics by id.
    pub fn topics(&self) -> impl Iterator<Item = &TopicImage> {
        self.topics.values().map(Arc::as_ref)
    }

    /// All topics, sorted by name.
    pub fn topics_by_name(&self) -> impl Iterator<Item = &TopicImage> {
        self.topic_ids.values().filter_map(|id| self.topic_by_id(*id))
    }

    /// The names and ids of all topics.
    pub fn topic_ids(&self) -> &BTreeMap<String, Uuid> {
        &self.topic_ids
    }

    /// A topic by its name.
    pub fn topic(&self, name: &str) -> Option<&TopicImage> {
        self.topic_ids.get(name).and_then(|id| self.topic_by_id(*id))
    }

    /// A topic by its id.
    pub fn topic_by_id(&self, id: Uuid) -> Option<&TopicImage> {
        self.topics.get(&id).map(Arc::as_ref)
    }

    /// A partition by topic name and number.
    pub fn partition(&self, topic: &str, partition: i32) -> Option<&PartitionState> {
        self.topic(topic)?.partitions.get(&partition)
    }

    /// A partition by topic id and number.
    pub fn partition_by_id(&self, topic: Uuid, partition: i32) -> Option<&PartitionState> {
        self.topic_by_id(topic)?.partitions.get(&partition)
    }

    /// What was set for a resource.
    pub fn configs(&self, resource: &ConfigResource) -> Option<&BTreeMap<String, String>> {
        self.configs.get(resource)
    }

    /// The resources that have settings of their own.
    pub fn configured_resources(&self) -> impl Iterator<Item = &ConfigResource> {
        self.configs.keys()
    }

    /// One value that was set for a resource itself.
    pub fn config(&self, resource: &ConfigResource, key: &str) -> Option<&str> {
        self.configs.get(resource)?.get(key).map(String::as_str)
    }

    /// The value of a broker setting on a broker with its source: its own, else the cluster-wide default.
    pub fn broker_config(&self, broker: i32, key: &str) -> Option<(&str, ConfigSource)> {
        let own = self.config(&ConfigResource::Broker(broker), key).map(|v| (v, ConfigSource::DynamicBroker));
        let cluster = || self.config(&ConfigResource::DefaultBroker, key);
        own.or_else(|| cluster().map(|v| (v, ConfigSource::DynamicDefaultBroker)))
    }

    /// The value of a topic setting with its source: the topic's own, else the first of `broker_keys` (the names that
    /// brokers have for it) that is set for `broker` or cluster-wide.
    pub fn topic_config(
        &self,
        topic: &str,
        key: &str,
        broker: Option<i32>,
        broker_keys: &[&str],
    ) -> Option<(&str, ConfigSource)> {
        let own = self.config(&ConfigResource::Topic(topic.to_owned()), key).map(|v| (v, ConfigSource::DynamicTopic));
        let brokers = || {
            let mut values = broker_keys.iter().filter_map(|key| match broker {
                Some(id) => self.broker_config(id, key),
                None => {
                    let value = self.config(&ConfigResource::DefaultBroker, key);
                    value.map(|v| (v, ConfigSource::DynamicDefaultBroker))
                }
            });
            values.next()
        };
        own.or_else(brokers)
    }

    /// The in-sync replicas a partition needs: `min.insync.replicas`, but never more than it has replicas
    /// (`ReplicationControlManager.getTopicEffectiveMinIsr`).
    pub fn effective_min_isr(&self, topic: &str) -> i32 {
        let value = self.topic_config(topic, "min.insync.replicas", None, &["min.insync.replicas"]);
        let configured = value.and_then(|(value, _)| value.trim().parse().ok()).unwrap_or(1);
        let replicas = self.partition(topic, 0).map_or(i32::MAX, |partition| partition.replicas.len() as i32);
        configured.min(replicas)
    }

    /// Finalized feature levels.
    pub fn features(&self) -> &BTreeMap<String, i16> {
        &self.features
    }

    /// Whether eligible leader replicas are kept (KIP-966).
    pub fn elr_enabled(&self) -> bool {
        self.features.get("eligible.leader.replicas.version").is_some_and(|level| *level >= 1)
    }

    /// Client quotas: entity to key to the bits of the value (an IEEE 754 double).
    pub fn quotas(&self) -> &BTreeMap<QuotaEntity, BTreeMap<String, u64>> {
        &self.quotas
    }

    /// First producer id that no broker has yet.
    pub fn next_producer_id(&self) -> i64 {
        self.next_producer_id
    }
}
