//! Strategies that the property tests share: records with nulls, empty keys and repeated header keys.

use bytes::Bytes;
use ottla_records::{Batch, BatchBuilder, Compression, RecordHeader, TimestampType};
use proptest::prelude::*;

/// A record without its offset.
#[derive(Debug, Clone)]
pub struct Draft {
    pub timestamp: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<RecordHeader>,
}

fn nullable_bytes(max: usize) -> impl Strategy<Value = Option<Bytes>> {
    // Half of the values repeat themselves, so that the codecs find something to do.
    let random = proptest::collection::vec(any::<u8>(), 0..max);
    let repeated = (any::<u8>(), 0..max * 20).prop_map(|(byte, length)| vec![byte; length]);
    proptest::option::of(prop_oneof![random, repeated].prop_map(Bytes::from))
}

fn header() -> impl Strategy<Value = RecordHeader> {
    // Few names: keys repeat.
    (prop_oneof![Just(""), Just("a"), Just("trace-id"), Just("žluť")], nullable_bytes(20))
        .prop_map(|(key, value)| RecordHeader { key: Bytes::from_static(key.as_bytes()), value })
}

pub fn draft() -> impl Strategy<Value = Draft> {
    let timestamp = prop_oneof![Just(-1_i64), 0..i64::MAX, 1_700_000_000_000..1_700_000_100_000_i64];
    (timestamp, nullable_bytes(40), nullable_bytes(400), proptest::collection::vec(header(), 0..4))
        .prop_map(|(timestamp, key, value, headers)| Draft { timestamp, key, value, headers })
}

pub fn compression() -> impl Strategy<Value = Compression> {
    proptest::sample::select(&Compression::ALL[..])
}

pub fn build(compression: Compression, drafts: &[Draft]) -> Batch {
    let mut builder = BatchBuilder::new(compression, None, TimestampType::CreateTime);
    for draft in drafts {
        builder.append(draft.timestamp, draft.key.as_deref(), draft.value.as_deref(), &draft.headers);
    }
    Batch::parse(builder.build(0, -1)).unwrap()
}
