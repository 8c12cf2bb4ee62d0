//! The records of `__cluster_metadata` (Kafka: `metadata/.../common/metadata/*.json`) and of snapshots' ends. Serves
//! `kafka-dump-log --cluster-metadata-decoder`; invariant: a record is written out in the version it was stored in.

use super::{Cursor, Field, Schema, SchemaError, Type, field, json::quoted, to_json};
use Type::{Bool, Float64, Int8, Int16, Int32, Int64, List, String as Text, Struct, Uint16, Uuid};

const INTS: Type = List(&Int32);
const UUIDS: Type = List(&Uuid);

const ENDPOINTS: Type =
    List(&Struct(&[field("name", Text), field("host", Text), field("port", Uint16), field("securityProtocol", Int16)]));
const FEATURES: Type =
    List(&Struct(&[field("name", Text), field("minSupportedVersion", Int16), field("maxSupportedVersion", Int16)]));

const REGISTER_BROKER: &[Field] = &[
    field("brokerId", Int32),
    field("isMigratingZkBroker", Bool).since(2),
    field("incarnationId", Uuid),
    field("brokerEpoch", Int64),
    field("endPoints", ENDPOINTS),
    field("features", FEATURES),
    field("rack", Text).nullable(),
    field("fenced", Bool),
    field("inControlledShutdown", Bool).since(1),
    field("logDirs", UUIDS).since(3).tag(0),
    field("cordonedLogDirs", UUIDS).since(4).nullable().tag(1),
];

const PARTITION: &[Field] = &[
    field("partitionId", Int32),
    field("topicId", Uuid),
    field("replicas", INTS),
    field("isr", INTS),
    field("removingReplicas", INTS),
    field("addingReplicas", INTS),
    field("leader", Int32),
    field("leaderRecoveryState", Int8).tag(0),
    field("leaderEpoch", Int32),
    field("partitionEpoch", Int32),
    field("directories", UUIDS).since(1),
    field("eligibleLeaderReplicas", INTS).since(2).nullable().tag(1),
    field("lastKnownElr", INTS).since(2).nullable().tag(2),
];

const PARTITION_CHANGE: &[Field] = &[
    field("partitionId", Int32),
    field("topicId", Uuid),
    field("isr", INTS).nullable().tag(0),
    field("leader", Int32).tag(1),
    field("replicas", INTS).nullable().tag(2),
    field("removingReplicas", INTS).nullable().tag(3),
    field("addingReplicas", INTS).nullable().tag(4),
    field("leaderRecoveryState", Int8).tag(5),
    field("directories", UUIDS).since(1).nullable().tag(8),
    field("eligibleLeaderReplicas", INTS).since(2).nullable().tag(6),
    field("lastKnownElr", INTS).since(2).nullable().tag(7),
];

const CLIENT_QUOTA: &[Field] = &[
    field("entity", List(&Struct(&[field("entityType", Text), field("entityName", Text).nullable()]))),
    field("key", Text),
    field("value", Float64),
    field("remove", Bool),
];

const REGISTRATION_CHANGE: &[Field] = &[
    field("brokerId", Int32),
    field("brokerEpoch", Int64),
    field("fenced", Int8).tag(0),
    field("inControlledShutdown", Int8).since(1).tag(1),
    field("logDirs", UUIDS).since(2).tag(2),
    field("cordonedLogDirs", UUIDS).since(3).nullable().tag(3),
];

const REGISTER_CONTROLLER: &[Field] = &[
    field("controllerId", Int32),
    field("incarnationId", Uuid),
    field("zkMigrationReady", Bool),
    field("endPoints", ENDPOINTS),
    field("features", FEATURES),
];

/// The types: number, name (Kafka: `MetadataRecordType`), newest version, fields.
const TYPES: &[(u32, &str, i16, &[Field])] = &[
    (0, "REGISTER_BROKER_RECORD", 4, REGISTER_BROKER),
    (1, "UNREGISTER_BROKER_RECORD", 0, &[field("brokerId", Int32), field("brokerEpoch", Int64)]),
    (2, "TOPIC_RECORD", 0, &[field("name", Text), field("topicId", Uuid)]),
    (3, "PARTITION_RECORD", 2, PARTITION),
    (
        4,
        "CONFIG_RECORD",
        0,
        &[
            field("resourceType", Int8),
            field("resourceName", Text),
            field("name", Text),
            field("value", Text).nullable(),
        ],
    ),
    (5, "PARTITION_CHANGE_RECORD", 2, PARTITION_CHANGE),
    (7, "FENCE_BROKER_RECORD", 0, &[field("id", Int32), field("epoch", Int64)]),
    (8, "UNFENCE_BROKER_RECORD", 0, &[field("id", Int32), field("epoch", Int64)]),
    (9, "REMOVE_TOPIC_RECORD", 0, &[field("topicId", Uuid)]),
    (12, "FEATURE_LEVEL_RECORD", 0, &[field("name", Text), field("featureLevel", Int16)]),
    (14, "CLIENT_QUOTA_RECORD", 0, CLIENT_QUOTA),
    (
        15,
        "PRODUCER_IDS_RECORD",
        0,
        &[field("brokerId", Int32), field("brokerEpoch", Int64), field("nextProducerId", Int64)],
    ),
    (17, "BROKER_REGISTRATION_CHANGE_RECORD", 3, REGISTRATION_CHANGE),
    (20, "NO_OP_RECORD", 0, &[]),
    (23, "BEGIN_TRANSACTION_RECORD", 0, &[field("name", Text).nullable().tag(0)]),
    (24, "END_TRANSACTION_RECORD", 0, &[]),
    (25, "ABORT_TRANSACTION_RECORD", 0, &[field("reason", Text).nullable().tag(0)]),
    (27, "REGISTER_CONTROLLER_RECORD", 0, REGISTER_CONTROLLER),
    (28, "CLEAR_ELR_RECORD", 0, &[field("topicName", Text)]),
];

/// The value of the control record that opens a snapshot (Kafka: `SnapshotHeaderRecord`).
pub const SNAPSHOT_HEADER: Schema =
    Schema { newest: 0, flexible: 0, fields: &[field("version", Int16), field("lastContainedLogTimestamp", Int64)] };

/// The value of the control record that closes one (Kafka: `SnapshotFooterRecord`).
pub const SNAPSHOT_FOOTER: Schema = Schema { newest: 0, flexible: 0, fields: &[field("version", Int16)] };

const VOTERS: Type = List(&Struct(&[field("voterId", Int32), field("voterDirectoryId", Uuid).since(1)]));

/// The control record that opens a leader's epoch (Kafka: `LeaderChangeMessage`).
pub const LEADER_CHANGE: Schema = Schema {
    newest: 1,
    flexible: 0,
    fields: &[
        field("version", Int16),
        field("leaderId", Int32),
        field("voters", VOTERS),
        field("grantingVoters", VOTERS),
    ],
};

/// A metadata record as the JSON object `{"type":…,"version":…,"data":…}`.
///
/// # Errors
/// Whatever [`SchemaError`] names.
pub fn metadata_record(bytes: &[u8]) -> Result<String, SchemaError> {
    let mut cursor = Cursor { rest: bytes };
    let frame = cursor.varint()?;
    if frame != 1 {
        return Err(SchemaError::UnknownVersion(i16::try_from(frame).unwrap_or(i16::MAX)));
    }
    let (id, version) = (cursor.varint()?, i16::try_from(cursor.varint()?).unwrap_or(i16::MAX));
    let found = TYPES.iter().find(|(number, ..)| *number == id);
    let (_, name, newest, fields) = found.ok_or(SchemaError::UnknownType(id))?;
    let schema = Schema { newest: *newest, flexible: 0, fields };
    let data = to_json(&schema, version, &mut cursor)?;
    match cursor.rest.len() {
        0 => Ok(format!("{{\"type\":{},\"version\":{version},\"data\":{data}}}", quoted(name))),
        rest => Err(SchemaError::Garbage(rest as u64)),
    }
}
