//! Records of `__consumer_offsets` in Kafka's own bytes. Serves the coordinator; invariant: what can't be read is passed over,
//! never trusted.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// A committed offset (`OffsetCommitValue`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
    pub(crate) timestamp_ms: i64,
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
const OFFSET_VALUE: i16 = 3;
const GROUP_VALUE: i16 = 3;

impl GroupRecord {
    /// Key and value.
    pub(crate) fn encode(&self) -> (Bytes, Option<Bytes>) {
        let mut key = BytesMut::new();
        let value = match self {
            GroupRecord::Offset { group, topic, partition, value } => {
                key.put_i16(OFFSET_KEY);
                put_string(&mut key, group);
                put_string(&mut key, topic);
                key.put_i32(*partition);
                value.as_ref().map(|v| {
                    let mut out = BytesMut::new();
                    out.put_i16(OFFSET_VALUE);
                    out.put_i64(v.offset);
                    out.put_i32(v.leader_epoch);
                    put_string(&mut out, &v.metadata);
                    out.put_i64(v.timestamp_ms);
                    out.freeze()
                })
            }
            GroupRecord::Group { group, value } => {
                key.put_i16(GROUP_KEY);
                put_string(&mut key, group);
                value.as_ref().map(StoredGroup::encode)
            }
        };
        (key.freeze(), value)
    }

    /// Reads a record; `None` if it is none of these.
    pub(crate) fn decode(key: &Bytes, value: Option<&Bytes>) -> Option<GroupRecord> {
        let mut key = key.clone();
        match get_i16(&mut key)? {
            0 | OFFSET_KEY => {
                let (group, topic) = (get_string(&mut key)?, get_string(&mut key)?);
                let partition = get_i32(&mut key)?;
                let value = match value {
                    Some(value) => Some(Committed::decode(value)?),
                    None => None,
                };
                Some(GroupRecord::Offset { group, topic, partition, value })
            }
            GROUP_KEY => {
                let group = get_string(&mut key)?;
                let value = match value {
                    Some(value) => Some(StoredGroup::decode(value)?),
                    None => None,
                };
                Some(GroupRecord::Group { group, value })
            }
            _ => None,
        }
    }
}

impl Committed {
    fn decode(value: &Bytes) -> Option<Committed> {
        let mut value = value.clone();
        let version = get_i16(&mut value)?;
        let offset = get_i64(&mut value)?;
        let leader_epoch = if version >= 3 { get_i32(&mut value)? } else { -1 };
        let metadata = get_string(&mut value)?;
        Some(Committed { offset, leader_epoch, metadata, timestamp_ms: get_i64(&mut value)? })
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

    fn decode(value: &Bytes) -> Option<StoredGroup> {
        let mut value = value.clone();
        let version = get_i16(&mut value)?;
        let protocol_type = get_string(&mut value)?;
        let generation = get_i32(&mut value)?;
        let (protocol, leader) = (get_nullable(&mut value)?, get_nullable(&mut value)?);
        let timestamp_ms = if version >= 2 { get_i64(&mut value)? } else { -1 };
        let count = get_i32(&mut value)?;
        let mut members = Vec::new();
        for _ in 0..count.max(0) {
            let member_id = get_string(&mut value)?;
            let instance_id = if version >= 3 { get_nullable(&mut value)? } else { None };
            let (client_id, client_host) = (get_string(&mut value)?, get_string(&mut value)?);
            let rebalance = if version >= 1 { Some(get_i32(&mut value)?) } else { None };
            let session_timeout_ms = get_i32(&mut value)?;
            members.push(StoredMember {
                member_id,
                instance_id,
                client_id,
                client_host,
                rebalance_timeout_ms: rebalance.unwrap_or(session_timeout_ms),
                session_timeout_ms,
                subscription: get_bytes(&mut value)?,
                assignment: get_bytes(&mut value)?,
            });
        }
        Some(StoredGroup { protocol_type, generation, protocol, leader, timestamp_ms, members })
    }
}

fn put_string(out: &mut BytesMut, text: &str) {
    let text = &text.as_bytes()[..text.len().min(i16::MAX as usize)];
    out.put_i16(text.len() as i16);
    out.put_slice(text);
}

fn put_nullable(out: &mut BytesMut, text: Option<&str>) {
    match text {
        Some(text) => put_string(out, text),
        None => out.put_i16(-1),
    }
}

fn put_bytes(out: &mut BytesMut, bytes: &Bytes) {
    out.put_i32(bytes.len() as i32);
    out.put_slice(bytes);
}

fn get_i16(from: &mut Bytes) -> Option<i16> {
    (from.remaining() >= 2).then(|| from.get_i16())
}

fn get_i32(from: &mut Bytes) -> Option<i32> {
    (from.remaining() >= 4).then(|| from.get_i32())
}

fn get_i64(from: &mut Bytes) -> Option<i64> {
    (from.remaining() >= 8).then(|| from.get_i64())
}

fn take(from: &mut Bytes, len: usize) -> Option<Bytes> {
    (from.remaining() >= len).then(|| from.split_to(len))
}

fn get_nullable(from: &mut Bytes) -> Option<Option<String>> {
    let len = get_i16(from)?;
    if len < 0 {
        return Some(None);
    }
    let bytes = take(from, len as usize)?;
    Some(Some(String::from_utf8(bytes.to_vec()).ok()?))
}

fn get_string(from: &mut Bytes) -> Option<String> {
    get_nullable(from)?
}

fn get_bytes(from: &mut Bytes) -> Option<Bytes> {
    let len = usize::try_from(get_i32(from)?).ok()?;
    take(from, len)
}

/// The topics and partitions in a consumer's assignment (`ConsumerProtocolAssignment`); nothing if it is not one.
pub(crate) fn assigned(bytes: &Bytes) -> Vec<(String, Vec<i32>)> {
    let mut bytes = bytes.clone();
    let mut read = || {
        get_i16(&mut bytes)?;
        let topics = get_i32(&mut bytes)?;
        let mut all = Vec::new();
        for _ in 0..topics.max(0) {
            let topic = get_string(&mut bytes)?;
            let count = get_i32(&mut bytes)?;
            let mut partitions = Vec::new();
            for _ in 0..count.max(0) {
                partitions.push(get_i32(&mut bytes)?);
            }
            all.push((topic, partitions));
        }
        Some(all)
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn records_come_back() {
        let committed = Committed { offset: 7, leader_epoch: 2, metadata: "m".into(), timestamp_ms: 5 };
        let member = StoredMember {
            member_id: "c-1".into(),
            instance_id: None,
            client_id: "c".into(),
            client_host: "/127.0.0.1".into(),
            rebalance_timeout_ms: 300_000,
            session_timeout_ms: 45_000,
            subscription: Bytes::from_static(b"s"),
            assignment: Bytes::from_static(b"a"),
        };
        let group = StoredGroup {
            protocol_type: "consumer".into(),
            generation: 3,
            protocol: Some("range".into()),
            leader: Some("c-1".into()),
            timestamp_ms: 9,
            members: vec![member],
        };
        let offset = |value| GroupRecord::Offset { group: "g".into(), topic: "t".into(), partition: 1, value };
        let of_group = |value| GroupRecord::Group { group: "g".into(), value };
        for record in [offset(Some(committed)), offset(None), of_group(Some(group)), of_group(None)] {
            let (key, value) = record.encode();
            assert_eq!(GroupRecord::decode(&key, value.as_ref()), Some(record));
        }
    }

    proptest! {
        #[test]
        fn anything_may_be_read(key in proptest::collection::vec(any::<u8>(), 0..60), value in proptest::collection::vec(any::<u8>(), 0..90)) {
            let (key, value) = (Bytes::from(key), Bytes::from(value));
            GroupRecord::decode(&key, Some(&value));
            assigned(&value);
        }
    }
}
