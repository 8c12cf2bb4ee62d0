//! Records of `__consumer_offsets` as bytes.

use super::super::{
    codec::RecordError,
    consumer_protocol,
    record::{Committed, GroupRecord, StoredGroup, StoredMember},
};
use bytes::Bytes;
use ottla_wire::Uuid;
use proptest::prelude::*;

fn committed() -> Committed {
    Committed {
        offset: 7,
        leader_epoch: 2,
        metadata: "m".into(),
        timestamp_ms: 5,
        expire_timestamp_ms: None,
        topic_id: Uuid::from_u128(9),
    }
}

fn offset(value: Option<Committed>) -> GroupRecord {
    GroupRecord::Offset { group: "g".into(), topic: "t".into(), partition: 1, value }
}

#[test]
fn records_come_back() {
    let member = StoredMember {
        member_id: "c-1".into(),
        instance_id: Some("till".into()),
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
    let expiring = Committed { leader_epoch: -1, expire_timestamp_ms: Some(6), topic_id: Uuid::nil(), ..committed() };
    let of_group = |value| GroupRecord::Group { group: "g".into(), value };
    let unknown_topic = Committed { topic_id: Uuid::nil(), ..committed() };
    let offsets = [Some(committed()), Some(expiring), Some(unknown_topic), None].map(offset);
    for record in offsets.into_iter().chain([of_group(Some(group)), of_group(None)]) {
        let (key, value) = record.encode();
        assert_eq!(GroupRecord::decode(&key, value.as_ref()), Ok(record));
    }
}

#[test]
fn an_offset_in_kafkas_bytes() {
    let (key, value) = offset(Some(committed())).encode();
    assert_eq!(&key[..], b"\0\x01\0\x01g\0\x01t\0\0\0\x01");
    let expected =
        b"\0\x04\0\0\0\0\0\0\0\x07\0\0\0\x02\x02m\0\0\0\0\0\0\0\x05\x01\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09";
    assert_eq!(value.as_deref(), Some(&expected[..]));
}

#[test]
fn older_and_unknown_values() {
    let (key, _) = offset(None).encode();
    let old = Bytes::from_static(b"\0\x03\0\0\0\0\0\0\0\x07\0\0\0\x02\0\x01m\0\0\0\0\0\0\0\x05");
    let expected = Committed { topic_id: Uuid::nil(), ..committed() };
    assert_eq!(GroupRecord::decode(&key, Some(&old)), Ok(offset(Some(expected))));
    let rows: [(&'static [u8], RecordError); 3] = [
        (b"\0\x05", RecordError::UnknownVersion(5)),
        (b"\0\x03\0", RecordError::Truncated),
        (b"\0\x03\0\0\0\0\0\0\0\x07\0\0\0\x02\0\x01\xff\0\0\0\0\0\0\0\x05", RecordError::BadText),
    ];
    for (value, error) in rows {
        assert_eq!(GroupRecord::decode(&key, Some(&Bytes::from_static(value))), Err(error));
    }
    assert_eq!(GroupRecord::decode(&Bytes::from_static(b"\0\x0b"), None), Err(RecordError::UnknownKey(11)));
}

proptest! {
    #[test]
    fn anything_may_be_read(
        kind in 0i16..4,
        version in 0i16..6,
        key in proptest::collection::vec(any::<u8>(), 0..60),
        value in proptest::collection::vec(any::<u8>(), 0..90),
    ) {
        let key = Bytes::from([&kind.to_be_bytes()[..], &key].concat());
        let value = Bytes::from([&version.to_be_bytes()[..], &value].concat());
        let _ = GroupRecord::decode(&key, Some(&value));
        let short = Bytes::from_static(b"\0\x02\0\x01g");
        let _ = GroupRecord::decode(&short, Some(&value));
        consumer_protocol::assigned(&value);
        let _ = consumer_protocol::subscribed(&value);
    }

    #[test]
    fn what_is_cut_off_is_an_error(len in 0usize..41) {
        let (key, value) = offset(Some(committed())).encode();
        let value = value.expect("not a tombstone");
        prop_assume!(len < value.len());
        prop_assert!(GroupRecord::decode(&key, Some(&value.slice(..len))).is_err());
    }
}
