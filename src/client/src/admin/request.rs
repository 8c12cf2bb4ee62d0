//! What can be asked of an admin client. Serves the tools; invariant: one variant a method of Kafka's `Admin`.

use crate::{OffsetAndMetadata, TopicPartition};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Names one call: 0, 1, 2, …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// A question or an order to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminRequest {
    /// `listTopics`.
    ListTopics {
        /// Internal topics too.
        list_internal: bool,
    },
    /// `describeTopics` by name.
    DescribeTopics {
        /// Names.
        topics: Vec<String>,
    },
    /// `describeTopics` by id.
    DescribeTopicIds {
        /// Ids.
        ids: Vec<Uuid>,
    },
    /// `createTopics`.
    CreateTopics {
        /// What to create.
        topics: Vec<NewTopic>,
        /// Only ask whether it could be done.
        validate_only: bool,
    },
    /// `deleteTopics` by name.
    DeleteTopics {
        /// Names.
        topics: Vec<String>,
    },
    /// `createPartitions`.
    CreatePartitions {
        /// By topic.
        topics: BTreeMap<String, NewPartitions>,
        /// Only ask whether it could be done.
        validate_only: bool,
    },
    /// `describeConfigs`.
    DescribeConfigs {
        /// Of what.
        resources: Vec<ConfigResource>,
        /// With the levels below each value.
        include_synonyms: bool,
        /// With the documentation of each setting.
        include_documentation: bool,
    },
    /// `incrementalAlterConfigs`.
    IncrementalAlterConfigs {
        /// What to change.
        changes: Vec<(ConfigResource, Vec<AlterConfigOp>)>,
        /// Only ask whether it could be done.
        validate_only: bool,
    },
    /// `listOffsets`.
    ListOffsets {
        /// Which offset of which partition.
        partitions: BTreeMap<TopicPartition, OffsetSpec>,
        /// The latest offset is the last stable one.
        read_committed: bool,
    },
    /// `electLeaders`.
    ElectLeaders {
        /// Which kind.
        election_type: ElectionType,
        /// For which partitions; all if `None`.
        partitions: Option<Vec<TopicPartition>>,
    },
    /// `listPartitionReassignments`.
    ListPartitionReassignments {
        /// For which partitions; all if `None`.
        partitions: Option<Vec<TopicPartition>>,
    },
    /// `alterPartitionReassignments`.
    AlterPartitionReassignments {
        /// The replicas wanted; `None` cancels.
        reassignments: BTreeMap<TopicPartition, Option<Vec<i32>>>,
    },
    /// `describeCluster`.
    DescribeCluster {
        /// Fenced brokers too.
        include_fenced_brokers: bool,
    },
    /// `listGroups` (and `listConsumerGroups`).
    ListGroups {
        /// Only in these states; all if empty.
        states: Vec<String>,
        /// Only of these types; all if empty.
        types: Vec<String>,
        /// Only with these protocol types (`consumer`, `share`, empty text); all if empty.
        protocol_types: Vec<String>,
    },
    /// `describeConsumerGroups`.
    DescribeConsumerGroups {
        /// Group ids.
        groups: Vec<String>,
    },
    /// `listConsumerGroupOffsets`.
    ListConsumerGroupOffsets {
        /// The group.
        group: String,
        /// Of which partitions; all committed ones if `None`.
        partitions: Option<Vec<TopicPartition>>,
        /// Wait for open transactions.
        require_stable: bool,
    },
    /// `alterConsumerGroupOffsets`.
    AlterConsumerGroupOffsets {
        /// The group.
        group: String,
        /// The positions.
        offsets: BTreeMap<TopicPartition, OffsetAndMetadata>,
    },
    /// `deleteConsumerGroupOffsets`.
    DeleteConsumerGroupOffsets {
        /// The group.
        group: String,
        /// Of which partitions.
        partitions: Vec<TopicPartition>,
    },
    /// `deleteConsumerGroups`.
    DeleteConsumerGroups {
        /// Group ids.
        groups: Vec<String>,
    },
    /// `deleteRecords`.
    DeleteRecords {
        /// All below this offset; -1 is the high watermark.
        before: BTreeMap<TopicPartition, i64>,
    },
    /// `describeLogDirs`.
    DescribeLogDirs {
        /// Of which brokers.
        brokers: Vec<i32>,
    },
    /// `describeMetadataQuorum`.
    DescribeMetadataQuorum,
    /// `describeFeatures`.
    DescribeFeatures,
    /// `updateFeatures`.
    UpdateFeatures {
        /// Feature, level, and whether it may rise (1), fall safely (2) or fall at any price (3).
        updates: Vec<(String, i16, i8)>,
        /// Only ask whether it could be done.
        validate_only: bool,
    },
    /// `unregisterBroker`.
    UnregisterBroker {
        /// Its id.
        broker: i32,
    },
    /// `describeClientQuotas`.
    DescribeClientQuotas {
        /// Types of entities (`user`, `client-id`, `ip`) and which of them.
        components: Vec<(String, QuotaMatch)>,
        /// Only entities of just these types.
        strict: bool,
    },
    /// `alterClientQuotas` of one entity.
    AlterClientQuotas {
        /// Types and names; no name is the default.
        entity: Vec<(String, Option<String>)>,
        /// Keys and the bits of their values; `None` takes a quota away.
        ops: Vec<(String, Option<u64>)>,
    },
    /// `listConfigResources`.
    ListConfigResources {
        /// Of which types.
        types: Vec<ConfigResourceType>,
    },
    /// `describeAcls`, all of them.
    DescribeAcls,
    /// `createAcls`.
    CreateAcls {
        /// What to allow or deny.
        bindings: Vec<AclBinding>,
    },
    /// `deleteAcls`.
    DeleteAcls {
        /// What to take back.
        bindings: Vec<AclBinding>,
    },
    /// What a broker speaks (`NodeApiVersions`).
    ApiVersions {
        /// Which.
        broker: i32,
    },
}

/// Which entities of a type a quota is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaMatch {
    /// The one of this name.
    Exact(String),
    /// The default.
    Default,
    /// All.
    Any,
}

/// Who may do what with what, in Kafka's codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AclBinding {
    /// `ResourceType`: 2 topic, 3 group, 4 cluster, 5 transactional id, 6 delegation token.
    pub resource_type: i8,
    /// Its name.
    pub resource_name: String,
    /// `PatternType`: 3 literal, 4 prefixed.
    pub pattern_type: i8,
    /// Such as `User:alice`.
    pub principal: String,
    /// `*` for every host.
    pub host: String,
    /// `AclOperation`.
    pub operation: i8,
    /// `AclPermissionType`: 2 deny, 3 allow.
    pub permission_type: i8,
}

/// A topic to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Partitions; the broker's default if `None`.
    pub partitions: Option<i32>,
    /// Replicas of each; the broker's default if `None`.
    pub replication_factor: Option<i16>,
    /// Replicas by partition, instead of the two above.
    pub assignments: BTreeMap<i32, Vec<i32>>,
    /// Settings.
    pub configs: BTreeMap<String, String>,
}

/// More partitions for a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPartitions {
    /// How many there shall be.
    pub total_count: i32,
    /// Replicas of the new ones, if given.
    pub assignments: Option<Vec<Vec<i32>>>,
}

/// What has settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigResourceType {
    /// A topic.
    Topic,
    /// A broker; the empty name is the default of all brokers.
    Broker,
    /// The log levels of a broker.
    BrokerLogger,
    /// A client metrics subscription.
    ClientMetrics,
    /// A group.
    Group,
}

impl ConfigResourceType {
    /// Kafka's code.
    pub const fn code(self) -> i8 {
        match self {
            ConfigResourceType::Topic => 2,
            ConfigResourceType::Broker => 4,
            ConfigResourceType::BrokerLogger => 8,
            ConfigResourceType::ClientMetrics => 16,
            ConfigResourceType::Group => 32,
        }
    }
}

/// One thing with settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigResource {
    /// What it is.
    pub resource_type: ConfigResourceType,
    /// Its name.
    pub name: String,
}

impl ConfigResource {
    /// A topic's settings.
    pub fn topic(name: impl Into<String>) -> ConfigResource {
        ConfigResource { resource_type: ConfigResourceType::Topic, name: name.into() }
    }

    /// A broker's settings; the empty name is the default of all brokers.
    pub fn broker(name: impl Into<String>) -> ConfigResource {
        ConfigResource { resource_type: ConfigResourceType::Broker, name: name.into() }
    }
}

/// One change of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlterConfigOp {
    /// Set it.
    Set(String, String),
    /// Back to its default.
    Delete(String),
    /// Add to a list.
    Append(String, String),
    /// Take from a list.
    Subtract(String, String),
}

/// Which offset (Kafka's `OffsetSpec`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The end.
    Latest,
    /// The log start.
    Earliest,
    /// Of the record with the largest time stamp.
    MaxTimestamp,
    /// The first one on the broker's own disk.
    EarliestLocal,
    /// The last one in tiered storage.
    LatestTiered,
    /// The first one not in tiered storage.
    EarliestPendingUpload,
    /// The first at or after this time, in milliseconds since 1970.
    Timestamp(i64),
}

impl OffsetSpec {
    /// The time stamp that stands for it in ListOffsets.
    pub const fn timestamp(self) -> i64 {
        match self {
            OffsetSpec::Latest => -1,
            OffsetSpec::Earliest => -2,
            OffsetSpec::MaxTimestamp => -3,
            OffsetSpec::EarliestLocal => -4,
            OffsetSpec::LatestTiered => -5,
            OffsetSpec::EarliestPendingUpload => -6,
            OffsetSpec::Timestamp(ms) => ms,
        }
    }
}

/// Kinds of elections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionType {
    /// Back to the first replica.
    Preferred,
    /// To any live replica, though records may be lost.
    Unclean,
}
