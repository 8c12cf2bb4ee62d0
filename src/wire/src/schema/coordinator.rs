//! The records of `__consumer_offsets` and `__transaction_state` (Kafka: `CoordinatorRecordSerde` and its schemas). Serves
//! `kafka-dump-log --offsets-decoder` and the console consumer's formatters; invariant: what has no schema here is named by its number.

use super::{Cursor, Field, Schema, SchemaError, Type, field, to_json};
use Type::{Bytes, Embedded, Int8, Int16, Int32, Int64, List, String as Text, Struct, Uuid};

/// Which coordinator wrote a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoordinatorLog {
    /// `__consumer_offsets`.
    Groups,
    /// `__transaction_state`.
    Transactions,
}

const NEVER: i16 = i16::MAX;

const OFFSET_COMMIT_KEY: Schema = Schema {
    newest: 1,
    flexible: NEVER,
    fields: &[field("group", Text), field("topic", Text), field("partition", Int32)],
};

const OFFSET_COMMIT_VALUE: Schema = Schema {
    newest: 4,
    flexible: 4,
    fields: &[
        field("offset", Int64),
        field("leaderEpoch", Int32).since(3),
        field("metadata", Text),
        field("commitTimestamp", Int64),
        field("expireTimestamp", Int64).since(1).until(1),
        field("topicId", Uuid).since(4).tag(0),
    ],
};

const GROUP_METADATA_KEY: Schema = Schema { newest: 2, flexible: NEVER, fields: &[field("group", Text)] };

/// What a member says it wants (`ConsumerProtocolSubscription`).
const SUBSCRIPTION: Schema = Schema {
    newest: 3,
    flexible: NEVER,
    fields: &[
        field("topics", List(&Text)),
        field("userData", Bytes).nullable(),
        field("ownedPartitions", List(&Struct(TOPIC_PARTITIONS))).since(1),
        field("generationId", Int32).since(2),
        field("rackId", Text).since(3).nullable(),
    ],
};

/// What the leader gave a member (`ConsumerProtocolAssignment`).
const ASSIGNMENT: Schema = Schema {
    newest: 3,
    flexible: NEVER,
    fields: &[field("assignedPartitions", List(&Struct(TOPIC_PARTITIONS))), field("userData", Bytes).nullable()],
};

const TOPIC_PARTITIONS: &[Field] = &[field("topic", Text), field("partitions", List(&Int32))];

const GROUP_METADATA_VALUE: Schema =
    group_metadata(&group_fields(List(&Struct(&member(Embedded(&SUBSCRIPTION), Embedded(&ASSIGNMENT))))));
/// Of groups that do not speak the consumers' protocol: the opaque bytes stay opaque.
const OTHER_METADATA_VALUE: Schema = group_metadata(&group_fields(List(&Struct(&member(Bytes, Bytes)))));

const fn group_metadata(fields: &'static [Field]) -> Schema {
    Schema { newest: 4, flexible: 4, fields }
}

const fn group_fields(members: Type) -> [Field; 6] {
    [
        field("protocolType", Text),
        field("generation", Int32),
        field("protocol", Text).nullable(),
        field("leader", Text).nullable(),
        field("currentStateTimestamp", Int64).since(2),
        field("members", members),
    ]
}

const fn member(subscription: Type, assignment: Type) -> [Field; 8] {
    [
        field("memberId", Text),
        field("groupInstanceId", Text).since(3).nullable(),
        field("clientId", Text),
        field("clientHost", Text),
        field("rebalanceTimeout", Int32).since(1),
        field("sessionTimeout", Int32),
        field("subscription", subscription),
        field("assignment", assignment),
    ]
}

const TRANSACTION_KEY: Schema = Schema { newest: 0, flexible: NEVER, fields: &[field("transactionalId", Text)] };

const TRANSACTION_VALUE: Schema = Schema {
    newest: 1,
    flexible: 1,
    fields: &[
        field("producerId", Int64),
        field("previousProducerId", Int64).since(1).tag(0),
        field("nextProducerId", Int64).since(1).tag(1),
        field("producerEpoch", Int16),
        field("nextProducerEpoch", Int16).since(1).tag(3),
        field("transactionTimeoutMs", Int32),
        field("transactionStatus", Int8),
        field("transactionPartitions", List(&Struct(&[field("topic", Text), field("partitionIds", List(&Int32))])))
            .nullable(),
        field("transactionLastUpdateTimestampMs", Int64),
        field("transactionStartTimestampMs", Int64),
        field("clientTransactionVersion", Int16).since(1).tag(2),
    ],
};

/// The type of a key and its JSON; `None` for a type that has no schema here.
///
/// # Errors
/// Whatever [`SchemaError`] names.
pub fn coordinator_key(log: CoordinatorLog, bytes: &[u8]) -> Result<(i16, Option<String>), SchemaError> {
    let mut cursor = Cursor { rest: bytes };
    let version = cursor.int16()?;
    let schema = match (log, version) {
        (CoordinatorLog::Groups, 0 | 1) => &OFFSET_COMMIT_KEY,
        (CoordinatorLog::Groups, 2) => &GROUP_METADATA_KEY,
        (CoordinatorLog::Transactions, 0) => &TRANSACTION_KEY,
        _ => return Ok((version, None)),
    };
    to_json(schema, version, &mut cursor).map(|json| (version, Some(json)))
}

/// The version of a value and its JSON, for a key of this type.
///
/// # Errors
/// Whatever [`SchemaError`] names.
pub fn coordinator_value(log: CoordinatorLog, key_type: i16, bytes: &[u8]) -> Result<(i16, String), SchemaError> {
    let mut cursor = Cursor { rest: bytes };
    let version = cursor.int16()?;
    let schema = match (log, key_type) {
        (CoordinatorLog::Groups, 0 | 1) => &OFFSET_COMMIT_VALUE,
        (CoordinatorLog::Groups, _) => group_schema(version, cursor),
        (CoordinatorLog::Transactions, _) => &TRANSACTION_VALUE,
    };
    to_json(schema, version, &mut cursor).map(|json| (version, json))
}

/// The members' bytes are readable only in groups of the protocol type `consumer`.
fn group_schema(version: i16, mut cursor: Cursor<'_>) -> &'static Schema {
    let first = match version >= GROUP_METADATA_VALUE.flexible {
        true => cursor.varint().and_then(|length| cursor.take(length.saturating_sub(1) as usize)),
        false => cursor.int16().and_then(|length| cursor.take(usize::try_from(length).unwrap_or(0))),
    };
    if first == Ok(b"consumer".as_slice()) { &GROUP_METADATA_VALUE } else { &OTHER_METADATA_VALUE }
}
