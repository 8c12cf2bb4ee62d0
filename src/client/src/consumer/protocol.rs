//! The bytes that members of a classic group exchange through the coordinator. Serves join and sync; invariant: Kafka's
//! `ConsumerProtocol`, version 3, with the version in front.

use super::assignor::{Assignor, MemberSubscription};
use crate::TopicPartition;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use ottla_wire::{
    Encodable,
    messages::consumer_protocol_assignment::TopicPartition as AssignedTopic,
    messages::consumer_protocol_subscription::TopicPartition as OwnedTopic,
    messages::{ConsumerProtocolAssignment, ConsumerProtocolSubscription},
    str_bytes, topic_name,
};
use std::collections::BTreeMap;

const VERSION: i16 = 3;

fn by_topic<'a>(partitions: impl IntoIterator<Item = &'a TopicPartition>) -> BTreeMap<&'a str, Vec<i32>> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition.partition);
    }
    topics
}

fn with_version(message: &impl Encodable) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(VERSION);
    // Texts longer than the protocol allows cannot be subscribed; an empty body is then refused by the coordinator.
    if message.encode(&mut bytes, VERSION).is_err() {
        bytes.truncate(2);
    }
    bytes.freeze()
}

/// What a member says about itself to the leader.
pub(crate) fn subscription(
    assignor: Assignor,
    topics: &[String],
    owned: &[TopicPartition],
    generation: i32,
    rack: &str,
) -> Bytes {
    let owned_topics = by_topic(owned)
        .into_iter()
        .map(|(topic, partitions)| OwnedTopic::default().with_topic(topic_name(topic)).with_partitions(partitions));
    let message = ConsumerProtocolSubscription::default()
        .with_topics(topics.iter().map(|topic| str_bytes(topic)).collect())
        .with_user_data(user_data(assignor, owned, generation))
        .with_owned_partitions(owned_topics.collect())
        .with_generation_id(generation)
        .with_rack_id((!rack.is_empty()).then(|| str_bytes(rack)));
    with_version(&message)
}

/// What the sticky assignors add: the last assignment (sticky) or its generation (cooperative-sticky).
fn user_data(assignor: Assignor, owned: &[TopicPartition], generation: i32) -> Option<Bytes> {
    let mut bytes = BytesMut::new();
    match assignor {
        Assignor::Range | Assignor::RoundRobin => return None,
        Assignor::CooperativeSticky => bytes.put_i32(generation),
        Assignor::Sticky if owned.is_empty() => return None,
        Assignor::Sticky => {
            let topics = by_topic(owned);
            bytes.put_i32(i32::try_from(topics.len()).unwrap_or(0));
            for (topic, partitions) in topics {
                bytes.put_i16(i16::try_from(topic.len()).unwrap_or(0));
                bytes.put_slice(topic.as_bytes());
                bytes.put_i32(i32::try_from(partitions.len()).unwrap_or(0));
                partitions.into_iter().for_each(|p| bytes.put_i32(p));
            }
            bytes.put_i32(generation);
        }
    }
    Some(bytes.freeze())
}

/// Reads what a member said; `None` for bytes that are none of it.
pub(crate) fn read_subscription(assignor: Assignor, bytes: &Bytes) -> Option<MemberSubscription> {
    let mut bytes = bytes.clone();
    let version = bytes.try_get_i16().ok()?;
    let topics = (0..count(&mut bytes)?).map(|_| text(&mut bytes)).collect::<Option<Vec<String>>>()?;
    let length = bytes.try_get_i32().ok()?;
    let user_data = if length < 0 { None } else { Some(take(&mut bytes, usize::try_from(length).ok()?)?) };
    let mut owned = if version >= 1 { partitions(&mut bytes)? } else { Vec::new() };
    let mut generation = if version >= 2 { bytes.try_get_i32().ok()? } else { -1 };
    match (assignor, user_data) {
        (Assignor::CooperativeSticky, Some(mut data)) if data.remaining() >= 4 && generation < 0 => {
            generation = data.get_i32();
        }
        (Assignor::Sticky, Some(mut data)) => {
            owned = partitions(&mut data)?;
            generation = data.try_get_i32().unwrap_or(-1);
        }
        _ => {}
    }
    Some(MemberSubscription { instance_id: None, topics, owned, generation })
}

/// A count of things that take at least two bytes each, so that it can be believed.
fn count(bytes: &mut Bytes) -> Option<usize> {
    let count = usize::try_from(bytes.try_get_i32().ok()?).ok()?;
    (count <= bytes.remaining() / 2).then_some(count)
}

fn take(bytes: &mut Bytes, length: usize) -> Option<Bytes> {
    (bytes.remaining() >= length).then(|| bytes.split_to(length))
}

fn text(bytes: &mut Bytes) -> Option<String> {
    let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
    String::from_utf8(take(bytes, length)?.to_vec()).ok()
}

fn partitions(bytes: &mut Bytes) -> Option<Vec<TopicPartition>> {
    let mut partitions = Vec::new();
    for _ in 0..count(bytes)? {
        let topic = text(bytes)?;
        for _ in 0..count(bytes)? {
            partitions.push(TopicPartition::new(topic.as_str(), bytes.try_get_i32().ok()?));
        }
    }
    Some(partitions)
}

/// What the leader gives a member.
pub(crate) fn assignment(partitions: &[TopicPartition]) -> Bytes {
    let topics = by_topic(partitions)
        .into_iter()
        .map(|(topic, partitions)| AssignedTopic::default().with_topic(topic_name(topic)).with_partitions(partitions));
    with_version(&ConsumerProtocolAssignment::default().with_assigned_partitions(topics.collect()).with_user_data(None))
}

/// Reads what the leader gave; `None` for bytes that are none of it.
pub(crate) fn read_assignment(bytes: &Bytes) -> Option<Vec<TopicPartition>> {
    let mut bytes = bytes.clone();
    bytes.try_get_i16().ok()?;
    partitions(&mut bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_come_back() {
        let owned = vec![TopicPartition::new("a", 0), TopicPartition::new("b", 2)];
        for assignor in [Assignor::Range, Assignor::Sticky, Assignor::CooperativeSticky] {
            let bytes = subscription(assignor, &["a".into(), "b".into()], &owned, 7, "");
            let read = read_subscription(assignor, &bytes).unwrap();
            assert_eq!((read.topics.len(), &read.owned, read.generation), (2, &owned, 7), "{assignor:?}");
        }
        assert_eq!(read_assignment(&assignment(&owned)).unwrap(), owned);
        assert!(read_assignment(&Bytes::from_static(b"\0")).is_none());
        for junk in [&b"\0\x03junk"[..], b"\0\x03\x7f\xff\xff\xff", b"\0\x03\0\0\0\x01\x7f\xff"] {
            assert!(read_subscription(Assignor::Sticky, &Bytes::from_static(junk)).is_none());
            assert!(read_assignment(&Bytes::from_static(junk)).is_none());
        }
    }

    #[test]
    fn the_bytes_are_kafkas() {
        // Version 3, one topic "t", no user data, no owned partitions, generation -1, no rack.
        let bytes = subscription(Assignor::Range, &["t".into()], &[], -1, "");
        let expected = b"\0\x03\0\0\0\x01\0\x01t\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\xff\xff";
        assert_eq!(&bytes[..], expected);
    }
}
