//! What an admin client answers. Serves the tools; invariant: one variant a question, and what has an error of its own in
//! Kafka's `Admin` (a topic, a partition, a group) has its own `Result` here.

use crate::{CallId, ConfigResource, JavaError, Node, OffsetAndMetadata, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The end of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminEvent {
    /// Which call.
    pub call: CallId,
    /// The answer, or why the whole call failed.
    pub result: Result<AdminResponse, JavaError>,
}

/// An answer, or the error of this one thing.
pub type Each<K, V> = BTreeMap<K, Result<V, JavaError>>;

/// Answers, each to the request of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminResponse {
    /// By name.
    Topics(BTreeMap<String, TopicListing>),
    /// By name.
    TopicDescriptions(Each<String, TopicDescription>),
    /// By id.
    TopicDescriptionsById(Each<Uuid, TopicDescription>),
    /// By name.
    TopicsCreated(Each<String, CreatedTopic>),
    /// By name.
    TopicsDeleted(Each<String, ()>),
    /// By topic.
    PartitionsCreated(Each<String, ()>),
    /// By resource.
    Configs(Each<ConfigResource, Vec<ConfigEntry>>),
    /// By resource.
    ConfigsAltered(Each<ConfigResource, ()>),
    /// By partition.
    Offsets(Each<TopicPartition, ListedOffset>),
    /// By partition; those that needed no election are errors (`ElectionNotNeededException`), but absent when all
    /// partitions were asked for.
    LeadersElected(Each<TopicPartition, ()>),
    /// Those that are being moved.
    Reassignments(BTreeMap<TopicPartition, PartitionReassignment>),
    /// By partition.
    ReassignmentsAltered(Each<TopicPartition, ()>),
    /// The cluster.
    Cluster(ClusterDescription),
    /// The groups in the brokers' order, and the errors of brokers that could not be asked.
    Groups {
        /// Groups.
        groups: Vec<GroupListing>,
        /// Errors.
        errors: Vec<JavaError>,
    },
    /// By group.
    GroupDescriptions(Each<String, GroupDescription>),
    /// Committed offsets by partition; `None` where nothing is committed (only for partitions asked for).
    GroupOffsets(BTreeMap<TopicPartition, Option<OffsetAndMetadata>>),
    /// By partition.
    GroupOffsetsAltered(Each<TopicPartition, ()>),
    /// By partition.
    GroupOffsetsDeleted(Each<TopicPartition, ()>),
    /// By group.
    GroupsDeleted(Each<String, ()>),
    /// By partition: the new log start.
    RecordsDeleted(Each<TopicPartition, i64>),
    /// By broker: directories by path.
    LogDirs(Each<i32, BTreeMap<String, LogDir>>),
    /// The controllers' quorum.
    Quorum(QuorumInfo),
    /// The cluster's features.
    Features(FeatureMetadata),
    /// By feature.
    FeaturesUpdated(Each<String, ()>),
    /// Entities with their quotas.
    ClientQuotas(Vec<QuotaEntry>),
    /// What has settings.
    ConfigResources(Vec<ConfigResource>),
    /// API keys with their lowest and highest versions.
    ApiVersions(Vec<(i16, i16, i16)>),
    /// It is done.
    Done,
}

/// An entity with its quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaEntry {
    /// Types and names; no name is the default.
    pub entity: Vec<(String, Option<String>)>,
    /// Keys and the bits of their values.
    pub values: BTreeMap<String, u64>,
}

/// A topic in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicListing {
    /// Its id.
    pub id: Uuid,
    /// Whether Kafka uses it for itself.
    pub is_internal: bool,
}

/// A topic in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// Whether Kafka uses it for itself.
    pub is_internal: bool,
    /// Its partitions by number.
    pub partitions: Vec<PartitionDescription>,
}

/// A partition in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionDescription {
    /// Its number.
    pub partition: i32,
    /// Its leader, if it has one.
    pub leader: Option<i32>,
    /// Its replicas, in order of preference.
    pub replicas: Vec<i32>,
    /// The in-sync ones, in the controller's order.
    pub isr: Vec<i32>,
    /// Eligible leader replicas, if the broker says so.
    pub elr: Option<Vec<i32>>,
    /// Last known eligible leader replicas, if the broker says so.
    pub last_known_elr: Option<Vec<i32>>,
    /// Replicas that are not online.
    pub offline: Vec<i32>,
}

/// What became of a new topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTopic {
    /// Its id.
    pub id: Uuid,
    /// How many partitions it got.
    pub partitions: i32,
    /// How many replicas each got.
    pub replication_factor: i16,
}

/// A setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Its value; hidden if sensitive.
    pub value: Option<String>,
    /// Which level it is from.
    pub source: ConfigSource,
    /// Cannot be changed while the broker runs.
    pub is_read_only: bool,
    /// Its value is not told.
    pub is_sensitive: bool,
    /// The levels it could be from, highest first, if asked for: name, value, level.
    pub synonyms: Vec<(String, Option<String>, ConfigSource)>,
    /// The type's code (1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password).
    pub config_type: i8,
    /// Its documentation, if asked for.
    pub documentation: Option<String>,
}

/// The level a setting is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// Set for this topic.
    DynamicTopic,
    /// Set for this broker while it runs.
    DynamicBroker,
    /// Set for all brokers while they run.
    DynamicDefaultBroker,
    /// From the broker's file.
    StaticBroker,
    /// Built in.
    Default,
    /// A broker's log level.
    DynamicBrokerLogger,
    /// Set for this client metrics subscription.
    ClientMetrics,
    /// Set for this group.
    Group,
    /// Something newer.
    Unknown,
}

impl ConfigSource {
    /// By Kafka's code in DescribeConfigs.
    pub const fn from_code(code: i8) -> ConfigSource {
        match code {
            1 => ConfigSource::DynamicTopic,
            2 => ConfigSource::DynamicBroker,
            3 => ConfigSource::DynamicDefaultBroker,
            4 => ConfigSource::StaticBroker,
            5 => ConfigSource::Default,
            6 => ConfigSource::DynamicBrokerLogger,
            7 => ConfigSource::ClientMetrics,
            8 => ConfigSource::Group,
            _ => ConfigSource::Unknown,
        }
    }

    /// The name of Kafka's enum constant, as kafka-configs prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ConfigSource::DynamicTopic => "DYNAMIC_TOPIC_CONFIG",
            ConfigSource::DynamicBroker => "DYNAMIC_BROKER_CONFIG",
            ConfigSource::DynamicDefaultBroker => "DYNAMIC_DEFAULT_BROKER_CONFIG",
            ConfigSource::StaticBroker => "STATIC_BROKER_CONFIG",
            ConfigSource::Default => "DEFAULT_CONFIG",
            ConfigSource::DynamicBrokerLogger => "DYNAMIC_BROKER_LOGGER_CONFIG",
            ConfigSource::ClientMetrics => "DYNAMIC_CLIENT_METRICS_CONFIG",
            ConfigSource::Group => "DYNAMIC_GROUP_CONFIG",
            ConfigSource::Unknown => "UNKNOWN",
        }
    }
}

/// An offset that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// The offset; -1 if there is none.
    pub offset: i64,
    /// Its record's time stamp; -1 if there is none.
    pub timestamp_ms: i64,
    /// Its leader epoch.
    pub leader_epoch: Option<i32>,
}

/// A partition on the move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionReassignment {
    /// All replicas now.
    pub replicas: Vec<i32>,
    /// Those that come.
    pub adding: Vec<i32>,
    /// Those that go.
    pub removing: Vec<i32>,
}

/// The cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterDescription {
    /// Its id.
    pub cluster_id: String,
    /// The broker that answers for the controller, if known.
    pub controller: Option<Node>,
    /// Its brokers.
    pub nodes: Vec<Node>,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its id.
    pub group_id: String,
    /// `consumer`, `share` or empty.
    pub protocol_type: String,
    /// Its state, such as `Stable`.
    pub state: String,
    /// Its type, such as `Classic`.
    pub group_type: String,
}

/// A group in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its id.
    pub group_id: String,
    /// Its state, such as `Stable`.
    pub state: String,
    /// Its type: `Classic` or `Consumer`.
    pub group_type: String,
    /// The assignor's name, empty if there is none.
    pub assignor: String,
    /// The coordinator.
    pub coordinator: Node,
    /// Its members in the broker's order.
    pub members: Vec<MemberDescription>,
    /// The group's epoch (new protocol only).
    pub group_epoch: Option<i32>,
    /// The epoch of its target assignment (new protocol only).
    pub target_assignment_epoch: Option<i32>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDescription {
    /// Its id.
    pub member_id: String,
    /// Its instance id, if static.
    pub group_instance_id: Option<String>,
    /// Its client id.
    pub client_id: String,
    /// Its host, such as `/127.0.0.1`.
    pub host: String,
    /// What it reads.
    pub assignment: BTreeSet<TopicPartition>,
    /// What it shall read (new protocol only).
    pub target_assignment: Option<BTreeSet<TopicPartition>>,
    /// Its epoch (new protocol only).
    pub member_epoch: Option<i32>,
    /// Whether it speaks the new protocol in a group that is being upgraded.
    pub upgraded: Option<bool>,
}

/// A directory of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDir {
    /// Why it can't be used.
    pub error: Option<JavaError>,
    /// Size and lag of each replica, and whether it is a future one.
    pub replicas: BTreeMap<TopicPartition, ReplicaInfo>,
    /// Bytes of the volume; -1 if not known.
    pub total_bytes: i64,
    /// Bytes free; -1 if not known.
    pub usable_bytes: i64,
}

/// A replica in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaInfo {
    /// Bytes.
    pub size_bytes: i64,
    /// Offsets behind.
    pub offset_lag: i64,
    /// Being moved here from another directory.
    pub is_future: bool,
}

/// The controllers' quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumInfo {
    /// Its leader.
    pub leader_id: i32,
    /// The leader's epoch.
    pub leader_epoch: i64,
    /// Committed up to here.
    pub high_watermark: i64,
    /// Those who vote.
    pub voters: Vec<QuorumReplica>,
    /// Those who follow.
    pub observers: Vec<QuorumReplica>,
    /// Where the voters listen: id, then listener, host and port of each endpoint.
    pub nodes: BTreeMap<i32, Vec<(String, String, u16)>>,
}

/// One replica of the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumReplica {
    /// Its id.
    pub replica_id: i32,
    /// Its directory's id.
    pub directory_id: Uuid,
    /// The end of its log.
    pub log_end_offset: i64,
    /// When it last fetched, in milliseconds since 1970.
    pub last_fetch_ms: Option<i64>,
    /// When it had last caught up, in milliseconds since 1970.
    pub last_caught_up_ms: Option<i64>,
}

/// The cluster's features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureMetadata {
    /// Levels in force by feature: lowest, highest.
    pub finalized: BTreeMap<String, (i16, i16)>,
    /// The epoch of that.
    pub finalized_epoch: Option<i64>,
    /// Levels the broker could do: lowest, highest.
    pub supported: BTreeMap<String, (i16, i16)>,
}
