//! Records of `__consumer_offsets` in Kafka's own bytes. Serves the coordinator; invariant: what is written here Kafka can
//! read, and what can't be read is an error, never trusted.

use super::codec::{
    RecordError, get_bytes, get_compact_bytes, get_compact_nullable, get_compact_string, get_i16, get_i32, get_i64,
    get_nullable, get_string, get_tag_0, get_varint, put_bytes, put_compact_string, put_nullable, put_string,
    put_varint, uuid_of,
};
use bytes::{BufMut, Bytes, BytesMut};
use ottla_wire::Uuid;

/// A committed offset (`OffsetCommitValue`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
    pub(crate) timestamp_ms: i64,
    /// When it is forgotten; old clients alone name such a moment.
    pub(crate) expire_timestamp_ms: Option<i64>,
    /// The topic's id; nil if it was not known.
    pub(crate) topic_id: Uuid,
}

/// A member as it is stored (`GroupMetadataValue.MemberMetadata`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredMember {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) session_timeout_ms: i32,
    pub(crate) subscription: Bytes,
    pub(crate) assignment: Bytes,
}

/// A group as it is stored (`GroupMetadataValue`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredGroup {
    pub(crate) protocol_type: String,
    pub(crate) generation: i32,
    pub(crate) protocol: Option<String>,
    pub(crate) leader: Option<String>,
    /// When the group came to its state; -1 if the record is too old to say.
    pub(crate) timestamp_ms: i64,
    pub(crate) members: Vec<StoredMember>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GroupRecord {
    /// An offset; `None` forgets it.
    Offset { group: String, topic: String, partition: i32, value: Option<Committed> },
    /// A group; `None` forgets it.
    Group { group: String, value: Option<StoredGroup> },
}

const OFFSET_KEY: i16 = 1;
const GROUP_KEY: i16 = 2;
/// The version that holds the topic's id.
const OFFSET_VALUE: i16 = 4;
/// The one version that holds an expire timestamp.
const EXPIRING_OFFSET_VALUE: i16 = 1;
const GROUP_VALUE: i16 = 3;

impl GroupRecord {
    /// The record that forgets an offset.
    pub(crate) fn no_offset(group: &str, topic: &str, partition: i32) -> GroupRecord {
        GroupRecord::Offset { group: group.to_owned(), topic: topic.to_owned(), partition, value: None }
    }

    /// The record that forgets a group.
    pub(crate) fn no_group(group: &str) -> GroupRecord {
        GroupRecord::Group { group: group.to_owned(), value: None }
    }

    /// Key and value.
    pub(crate) fn encode(&self) -> (Bytes, Option<Bytes>) {
        let mut key = BytesMut::new();
        let value = match self {
            GroupRecord::Offset { group, topic, partition, value } => {
                key.put_i16(OFFSET_KEY);
                put_string(&mut key, group);
                put_string(&mut key, topic);
                key.put_i32(*partition);
                value.as_ref().map(Committed::encode)
            }
            GroupRecord::Group { group, value } => {
                key.put_i16(GROUP_KEY);
                put_string(&mut key, group);
                value.as_ref().map(StoredGroup::encode)
            }
        };
        (key.freeze(), value)
    }

    /// Reads a record.
    pub(crate) fn decode(key: &Bytes, value: Option<&Bytes>) -> Result<GroupRecord, RecordError> {
        let mut key = key.clone();
        match get_i16(&mut key)? {
            0 | OFFSET_KEY => {
                let (group, topic) = (get_string(&mut key)?, get_string(&mut key)?);
                let partition = get_i32(&mut key)?;
                let value = value.map(Committed::decode).transpose()?;
                Ok(GroupRecord::Offset { group, topic, partition, value })
            }
            GROUP_KEY => {
                let group = get_string(&mut key)?;
                let value = value.map(StoredGroup::decode).transpose()?;
                Ok(GroupRecord::Group { group, value })
            }
            other => Err(RecordError::UnknownKey(other)),
        }
    }
}

impl Committed {
    fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        if let Some(expires) = self.expire_timestamp_ms {
            out.put_i16(EXPIRING_OFFSET_VALUE);
            out.put_i64(self.offset);
            put_string(&mut out, &self.metadata);
            out.put_i64(self.timestamp_ms);
            out.put_i64(expires);
            return out.freeze();
        }
        out.put_i16(OFFSET_VALUE);
        out.put_i64(self.offset);
        out.put_i32(self.leader_epoch);
        put_compact_string(&mut out, &self.metadata);
        out.put_i64(self.timestamp_ms);
        if self.topic_id.is_nil() {
            put_varint(&mut out, 0);
        } else {
            for number in [1, 0, 16] {
                put_varint(&mut out, number);
            }
            out.put_slice(self.topic_id.as_bytes());
        }
        out.freeze()
    }

    fn decode(value: &Bytes) -> Result<Committed, RecordError> {
        let from = &mut value.clone();
        let version = get_i16(from)?;
        if !(0..=OFFSET_VALUE).contains(&version) {
            return Err(RecordError::UnknownVersion(version));
        }
        let offset = get_i64(from)?;
        let leader_epoch = if version >= 3 { get_i32(from)? } else { -1 };
        let metadata = if version >= 4 { get_compact_string(from)? } else { get_string(from)? };
        let timestamp_ms = get_i64(from)?;
        let expires = if version == EXPIRING_OFFSET_VALUE { get_i64(from)? } else { -1 };
        let topic_id = if version >= 4 { get_tag_0(from)?.map(|field| uuid_of(&field)).transpose()? } else { None };
        Ok(Committed {
            offset,
            leader_epoch,
            metadata,
            timestamp_ms,
            expire_timestamp_ms: (expires >= 0).then_some(expires),
            topic_id: topic_id.unwrap_or_default(),
        })
    }
}

impl StoredGroup {
    fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_i16(GROUP_VALUE);
        put_string(&mut out, &self.protocol_type);
        out.put_i32(self.generation);
        put_nullable(&mut out, self.protocol.as_deref());
        put_nullable(&mut out, self.leader.as_deref());
        out.put_i64(self.timestamp_ms);
        out.put_i32(self.members.len() as i32);
        for member in &self.members {
            put_string(&mut out, &member.member_id);
            put_nullable(&mut out, member.instance_id.as_deref());
            put_string(&mut out, &member.client_id);
            put_string(&mut out, &member.client_host);
            out.put_i32(member.rebalance_timeout_ms);
            out.put_i32(member.session_timeout_ms);
            put_bytes(&mut out, &member.subscription);
            put_bytes(&mut out, &member.assignment);
        }
        out.freeze()
    }

    fn decode(value: &Bytes) -> Result<StoredGroup, RecordError> {
        let from = &mut value.clone();
        let version = get_i16(from)?;
        if !(0..=4).contains(&version) {
            return Err(RecordError::UnknownVersion(version));
        }
        let flexible = version >= 4;
        let nullable = if flexible { get_compact_nullable } else { get_nullable };
        let protocol_type = if flexible { get_compact_string(from)? } else { get_string(from)? };
        let generation = get_i32(from)?;
        let (protocol, leader) = (nullable(from)?, nullable(from)?);
        let timestamp_ms = if version >= 2 { get_i64(from)? } else { -1 };
        let count = if flexible { i64::from(get_varint(from)?) - 1 } else { i64::from(get_i32(from)?) };
        let mut members = Vec::new();
        for _ in 0..count.max(0) {
            members.push(StoredMember::decode(from, version)?);
        }
        if flexible {
            get_tag_0(from)?;
        }
        Ok(StoredGroup { protocol_type, generation, protocol, leader, timestamp_ms, members })
    }
}

impl StoredMember {
    fn decode(from: &mut Bytes, version: i16) -> Result<StoredMember, RecordError> {
        let flexible = version >= 4;
        let text = if flexible { get_compact_string } else { get_string };
        let nullable = if flexible { get_compact_nullable } else { get_nullable };
        let bytes = if flexible { get_compact_bytes } else { get_bytes };
        let member_id = text(from)?;
        let instance_id = if version >= 3 { nullable(from)? } else { None };
        let (client_id, client_host) = (text(from)?, text(from)?);
        let rebalance = if version >= 1 { get_i32(from)? } else { -1 };
        let session_timeout_ms = get_i32(from)?;
        let (subscription, assignment) = (bytes(from)?, bytes(from)?);
        if flexible {
            get_tag_0(from)?;
        }
        Ok(StoredMember {
            member_id,
            instance_id,
            client_id,
            client_host,
            rebalance_timeout_ms: if rebalance == -1 { session_timeout_ms } else { rebalance },
            session_timeout_ms,
            subscription,
            assignment,
        })
    }
}
