//! Settings kept in the metadata log. Serves topics and brokers; invariant: only what was set is here, defaults are not.

use std::collections::BTreeMap;

/// Type and name of what a setting belongs to (`ConfigResource`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigResource {
    /// A topic.
    Topic(String),
    /// One broker, by its node id.
    Broker(i32),
    /// The cluster-wide default of all brokers.
    DefaultBroker,
    /// Anything else that `kafka-configs` knows: (type id, name), such as consumer groups (32) and client metrics (16).
    Other(i8, String),
}

impl ConfigResource {
    /// From type id (2 topic, 4 broker) and name as requests and records have them. A broker name that is no number
    /// is kept as [`ConfigResource::Other`].
    pub fn from_parts(resource_type: i8, name: &str) -> ConfigResource {
        match (resource_type, name.parse()) {
            (2, _) => ConfigResource::Topic(name.to_owned()),
            (4, _) if name.is_empty() => ConfigResource::DefaultBroker,
            (4, Ok(id)) => ConfigResource::Broker(id),
            _ => ConfigResource::Other(resource_type, name.to_owned()),
        }
    }

    /// Type id in requests and records.
    pub fn resource_type(&self) -> i8 {
        match self {
            ConfigResource::Topic(_) => 2,
            ConfigResource::Broker(_) | ConfigResource::DefaultBroker => 4,
            ConfigResource::Other(resource_type, _) => *resource_type,
        }
    }

    /// Name in requests and records.
    pub fn name(&self) -> String {
        match self {
            ConfigResource::Topic(name) | ConfigResource::Other(_, name) => name.clone(),
            ConfigResource::Broker(id) => id.to_string(),
            ConfigResource::DefaultBroker => String::new(),
        }
    }
}

/// Where a value comes from, strongest first (`DescribeConfigsResponse.ConfigSource`). Static settings and built-in
/// defaults are the broker's own affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigSource {
    /// `DYNAMIC_TOPIC_CONFIG` (1).
    DynamicTopic,
    /// `DYNAMIC_BROKER_CONFIG` (2).
    DynamicBroker,
    /// `DYNAMIC_DEFAULT_BROKER_CONFIG` (3).
    DynamicDefaultBroker,
}

impl ConfigSource {
    /// Number in `DescribeConfigs`.
    pub fn id(self) -> i8 {
        match self {
            ConfigSource::DynamicTopic => 1,
            ConfigSource::DynamicBroker => 2,
            ConfigSource::DynamicDefaultBroker => 3,
        }
    }
}

pub(super) type Configs = BTreeMap<ConfigResource, BTreeMap<String, String>>;
