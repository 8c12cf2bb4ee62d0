//! The records of the metadata log, as Kafka's schemas name them (`metadata/.../common/metadata/*.json`).
//!
//! Serves the controller (writes them), images (replay them) and tools that dump them. Invariant: each type holds what
//! its schema holds at the newest version; defaults are Kafka's.

use uuid::Uuid;

/// The log directory of a replica that nobody has assigned yet (`DirectoryId.UNASSIGNED`).
pub const UNASSIGNED_DIRECTORY: Uuid = Uuid::nil();
/// "There is no leader" in records (`LeaderConstants.NO_LEADER`).
pub const NO_LEADER: i32 = -1;
/// "The leader does not change" in a [`PartitionChange`] (`LeaderConstants.NO_LEADER_CHANGE`).
pub const NO_LEADER_CHANGE: i32 = -2;

/// An address a broker or controller listens on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Listener name, such as `PLAINTEXT`.
    pub name: String,
    /// Host name.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// 0 is PLAINTEXT.
    pub security_protocol: i16,
}

/// Versions of a feature that a node supports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureRange {
    /// Such as `metadata.version`.
    pub name: String,
    /// Lowest level.
    pub min_supported_version: i16,
    /// Highest level.
    pub max_supported_version: i16,
}

/// `RegisterBrokerRecord` (0): a broker exists; its epoch is this record's offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterBroker {
    /// Node id.
    pub broker_id: i32,
    /// A number the process drew at its start.
    pub incarnation_id: Uuid,
    /// Offset of this record.
    pub broker_epoch: i64,
    /// Where it listens.
    pub endpoints: Vec<Endpoint>,
    /// What it supports.
    pub features: Vec<FeatureRange>,
    /// Its rack.
    pub rack: Option<String>,
    /// True for a new registration: it has to catch up first.
    pub fenced: bool,
    /// Whether it is about to stop.
    pub in_controlled_shutdown: bool,
    /// Its log directories (KIP-858).
    pub log_dirs: Vec<Uuid>,
}

/// `UnregisterBrokerRecord` (1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnregisterBroker {
    /// Node id.
    pub broker_id: i32,
    /// Its epoch.
    pub broker_epoch: i64,
}

/// `TopicRecord` (2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The topic's name.
    pub name: String,
    /// The topic's id (KIP-516).
    pub topic_id: Uuid,
}

/// `PartitionRecord` (3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// Number within the topic.
    pub partition_id: i32,
    /// The topic.
    pub topic_id: Uuid,
    /// Replicas, preferred leader first.
    pub replicas: Vec<i32>,
    /// In-sync replicas.
    pub isr: Vec<i32>,
    /// Replicas that a reassignment takes away.
    pub removing_replicas: Vec<i32>,
    /// Replicas that a reassignment adds.
    pub adding_replicas: Vec<i32>,
    /// Leader, or [`NO_LEADER`].
    pub leader: i32,
    /// 1 after an unclean election until the leader has recovered (KIP-704).
    pub leader_recovery_state: i8,
    /// Rises with every election.
    pub leader_epoch: i32,
    /// Rises with every change.
    pub partition_epoch: i32,
    /// Log directory of each replica, in the order of `replicas`.
    pub directories: Vec<Uuid>,
    /// Eligible leader replicas (KIP-966).
    pub eligible_leader_replicas: Vec<i32>,
    /// The last known leader, once the partition lost all of ISR and ELR.
    pub last_known_elr: Vec<i32>,
}

/// `ConfigRecord` (4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// 2 topic, 4 broker (`ConfigResource.Type`).
    pub resource_type: i8,
    /// Topic name, node id, or empty for the cluster-wide default.
    pub resource_name: String,
    /// Key.
    pub name: String,
    /// Value; none removes the key.
    pub value: Option<String>,
}

/// `PartitionChangeRecord` (5): what is `None` stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionChange {
    /// Number within the topic.
    pub partition_id: i32,
    /// The topic.
    pub topic_id: Uuid,
    /// New in-sync replicas.
    pub isr: Option<Vec<i32>>,
    /// New leader, [`NO_LEADER`] or [`NO_LEADER_CHANGE`]; naming the old leader bumps the leader epoch.
    pub leader: i32,
    /// New replicas.
    pub replicas: Option<Vec<i32>>,
    /// New replicas to be removed.
    pub removing_replicas: Option<Vec<i32>>,
    /// New replicas to be added.
    pub adding_replicas: Option<Vec<i32>>,
    /// -1 no change, 0 recovered, 1 recovering.
    pub leader_recovery_state: i8,
    /// New log directories.
    pub directories: Option<Vec<Uuid>>,
    /// New eligible leader replicas.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// New last known leader.
    pub last_known_elr: Option<Vec<i32>>,
}

impl PartitionChange {
    /// A change that changes nothing yet.
    pub fn new(topic_id: Uuid, partition_id: i32) -> PartitionChange {
        PartitionChange {
            partition_id,
            topic_id,
            isr: None,
            leader: NO_LEADER_CHANGE,
            replicas: None,
            removing_replicas: None,
            adding_replicas: None,
            leader_recovery_state: -1,
            directories: None,
            eligible_leader_replicas: None,
            last_known_elr: None,
        }
    }

    /// Whether nothing would change (`PartitionChangeBuilder.changeRecordIsNoOp`).
    pub fn is_no_op(&self) -> bool {
        *self == PartitionChange::new(self.topic_id, self.partition_id)
    }
}

/// `FeatureLevelRecord` (12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureLevel {
    /// Such as `metadata.version`.
    pub name: String,
    /// 0 removes the feature.
    pub feature_level: i16,
}

/// `ClientQuotaRecord` (14). The value is the bit pattern of a double, so that no float is held here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientQuota {
    /// (entity type, entity name; none for the default entity).
    pub entity: Vec<(String, Option<String>)>,
    /// Such as `producer_byte_rate`.
    pub key: String,
    /// IEEE 754 bits.
    pub value_bits: u64,
    /// Whether the quota is taken away.
    pub remove: bool,
}

/// `ProducerIdsRecord` (15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerIds {
    /// Who got the block.
    pub broker_id: i32,
    /// Its epoch.
    pub broker_epoch: i64,
    /// First id that nobody has yet.
    pub next_producer_id: i64,
}

/// `BrokerRegistrationChangeRecord` (17).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistrationChange {
    /// Node id.
    pub broker_id: i32,
    /// Its epoch.
    pub broker_epoch: i64,
    /// -1 unfenced, 0 no change, 1 fenced.
    pub fenced: i8,
    /// 0 no change, 1 begins its controlled shutdown.
    pub in_controlled_shutdown: i8,
    /// New log directories; empty for no change.
    pub log_dirs: Vec<Uuid>,
    /// Log directories that take no new replicas (KIP-1066); none for no change.
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

/// `RegisterControllerRecord` (27).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterController {
    /// Node id.
    pub controller_id: i32,
    /// A number the process drew at its start.
    pub incarnation_id: Uuid,
    /// Always false without ZooKeeper.
    pub zk_migration_ready: bool,
    /// Where it listens.
    pub endpoints: Vec<Endpoint>,
    /// What it supports.
    pub features: Vec<FeatureRange>,
}

/// One record of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the type of the same name")]
pub enum MetadataRecord {
    RegisterBroker(RegisterBroker),
    UnregisterBroker(UnregisterBroker),
    Topic(Topic),
    Partition(Partition),
    Config(Config),
    PartitionChange(PartitionChange),
    /// `RemoveTopicRecord` (9).
    RemoveTopic {
        topic_id: Uuid,
    },
    FeatureLevel(FeatureLevel),
    ClientQuota(ClientQuota),
    ProducerIds(ProducerIds),
    BrokerRegistrationChange(BrokerRegistrationChange),
    /// `NoOpRecord` (20), written every `metadata.max.idle.interval.ms`.
    NoOp,
    /// `BeginTransactionRecord` (23): what follows counts once it has ended.
    BeginTransaction {
        name: Option<String>,
    },
    /// `EndTransactionRecord` (24).
    EndTransaction,
    /// `AbortTransactionRecord` (25).
    AbortTransaction {
        reason: Option<String>,
    },
    RegisterController(RegisterController),
    /// `ClearElrRecord` (28): the min ISR changed, so nobody is eligible any more; an empty name means every topic.
    ClearElr {
        topic_name: String,
    },
}

impl MetadataRecord {
    /// The type's number (`MetadataRecordType`).
    pub fn api_key(&self) -> u32 {
        match self {
            MetadataRecord::RegisterBroker(_) => 0,
            MetadataRecord::UnregisterBroker(_) => 1,
            MetadataRecord::Topic(_) => 2,
            MetadataRecord::Partition(_) => 3,
            MetadataRecord::Config(_) => 4,
            MetadataRecord::PartitionChange(_) => 5,
            MetadataRecord::RemoveTopic { .. } => 9,
            MetadataRecord::FeatureLevel(_) => 12,
            MetadataRecord::ClientQuota(_) => 14,
            MetadataRecord::ProducerIds(_) => 15,
            MetadataRecord::BrokerRegistrationChange(_) => 17,
            MetadataRecord::NoOp => 20,
            MetadataRecord::BeginTransaction { .. } => 23,
            MetadataRecord::EndTransaction => 24,
            MetadataRecord::AbortTransaction { .. } => 25,
            MetadataRecord::RegisterController(_) => 27,
            MetadataRecord::ClearElr { .. } => 28,
        }
    }

    /// The version Kafka 4.3 writes at metadata.version 4.3.
    pub fn version(&self) -> u32 {
        match self {
            MetadataRecord::RegisterBroker(_) => 4,
            MetadataRecord::Partition(_) | MetadataRecord::PartitionChange(_) => 2,
            MetadataRecord::BrokerRegistrationChange(change) if change.cordoned_log_dirs.is_some() => 3,
            MetadataRecord::BrokerRegistrationChange(change) if !change.log_dirs.is_empty() => 2,
            MetadataRecord::BrokerRegistrationChange(change) if change.in_controlled_shutdown != 0 => 1,
            _ => 0,
        }
    }

    /// The type's name as `kafka-dump-log` prints it.
    pub fn type_name(&self) -> &'static str {
        match self {
            MetadataRecord::RegisterBroker(_) => "REGISTER_BROKER_RECORD",
            MetadataRecord::UnregisterBroker(_) => "UNREGISTER_BROKER_RECORD",
            MetadataRecord::Topic(_) => "TOPIC_RECORD",
            MetadataRecord::Partition(_) => "PARTITION_RECORD",
            MetadataRecord::Config(_) => "CONFIG_RECORD",
            MetadataRecord::PartitionChange(_) => "PARTITION_CHANGE_RECORD",
            MetadataRecord::RemoveTopic { .. } => "REMOVE_TOPIC_RECORD",
            MetadataRecord::FeatureLevel(_) => "FEATURE_LEVEL_RECORD",
            MetadataRecord::ClientQuota(_) => "CLIENT_QUOTA_RECORD",
            MetadataRecord::ProducerIds(_) => "PRODUCER_IDS_RECORD",
            MetadataRecord::BrokerRegistrationChange(_) => "BROKER_REGISTRATION_CHANGE_RECORD",
            MetadataRecord::NoOp => "NO_OP_RECORD",
            MetadataRecord::BeginTransaction { .. } => "BEGIN_TRANSACTION_RECORD",
            MetadataRecord::EndTransaction => "END_TRANSACTION_RECORD",
            MetadataRecord::AbortTransaction { .. } => "ABORT_TRANSACTION_RECORD",
            MetadataRecord::RegisterController(_) => "REGISTER_CONTROLLER_RECORD",
            MetadataRecord::ClearElr { .. } => "CLEAR_ELR_RECORD",
        }
    }
}
