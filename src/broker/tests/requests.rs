//! Single requests: versions, bounds, deletions, descriptions. Serves the broker's developers.

mod common;

use bytes::Bytes;
use common::{Cluster, values_of};
use ottla_wire::{
    ApiKey, ErrorCode, RequestKind, ResponseKind, encode_request,
    messages::{
        ApiVersionsRequest, DeleteRecordsRequest, DescribeLogDirsRequest, DescribeTopicPartitionsRequest,
        MetadataRequest,
        delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic},
        describe_topic_partitions_request::Cursor,
        metadata_request::MetadataRequestTopic,
    },
    topic_name,
};

fn delete(cluster: &mut Cluster, broker: i32, offset: i64) -> (ErrorCode, i64) {
    let partition = DeleteRecordsPartition::default().with_partition_index(0).with_offset(offset);
    let topic = DeleteRecordsTopic::default().with_name(topic_name("orders")).with_partitions(vec![partition]);
    let request = DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000);
    let response = cluster.ask(broker, 2, &RequestKind::DeleteRecords(request));
    let ResponseKind::DeleteRecords(response) = response else { panic!("{response:?}") };
    let row = &response.topics[0].partitions[0];
    (ErrorCode::from_code(row.error_code), row.low_watermark)
}

#[test]
fn records_are_deleted_on_every_replica() {
    let mut cluster = Cluster::start(1, 2, &[]);
    let topic = cluster.create("orders", 1, 2, &[]);
    let leader = cluster.leader("orders", 0);
    for value in ["a", "b", "c"] {
        cluster.produce(leader, "orders", 0, &[value], -1);
    }
    assert_eq!(delete(&mut cluster, leader, 9), (ErrorCode::OffsetOutOfRange, -1));
    assert_eq!(delete(&mut cluster, 3 - leader, 1), (ErrorCode::NotLeaderOrFollower, -1));
    assert_eq!(delete(&mut cluster, leader, 2), (ErrorCode::None, 2));
    assert_eq!(cluster.partition(3 - leader, "orders", 0).log_start_offset, 2);
    let data = cluster.fetch(leader, topic, 0, 1);
    assert_eq!(ErrorCode::from_code(data.error_code), ErrorCode::OffsetOutOfRange);
    let data = cluster.fetch(leader, topic, 0, 2);
    assert_eq!(values_of(data.records.unwrap_or_default()), ["c"]);
    assert_eq!(cluster.offset(leader, "orders", 0, -2), Ok(2));
    assert_eq!(delete(&mut cluster, leader, -1), (ErrorCode::None, 3));
    assert_eq!(delete(&mut cluster, leader, 1), (ErrorCode::None, 3));
}

#[test]
fn topics_come_in_pages() {
    let mut cluster = Cluster::start(1, 1, &[]);
    cluster.create("a", 3, 1, &[]);
    cluster.create("b", 2, 1, &[]);
    let (mut cursor, mut pages) = (None, Vec::new());
    loop {
        let request = DescribeTopicPartitionsRequest::default().with_response_partition_limit(2).with_cursor(cursor);
        let response = cluster.ask(1, 0, &RequestKind::DescribeTopicPartitions(request));
        let ResponseKind::DescribeTopicPartitions(response) = response else { panic!("{response:?}") };
        let rows = response.topics.iter().flat_map(|t| {
            let name = t.name.as_ref().map_or(String::new(), |n| n.to_string());
            t.partitions.iter().map(move |p| format!("{name}-{}", p.partition_index))
        });
        pages.push(rows.collect::<Vec<_>>().join(" "));
        let Some(next) = response.next_cursor else { break };
        cursor = Some(Cursor::default().with_topic_name(next.topic_name).with_partition_index(next.partition_index));
    }
    assert_eq!(pages, ["a-0 a-1", "a-2 b-0", "b-1"]);
}

#[test]
fn log_dirs_list_the_partitions() {
    let mut cluster = Cluster::start(1, 1, &[]);
    cluster.create("orders", 2, 1, &[]);
    cluster.produce(1, "orders", 1, &["hello"], -1);
    let request = RequestKind::DescribeLogDirs(DescribeLogDirsRequest::default().with_topics(None));
    let ResponseKind::DescribeLogDirs(response) = cluster.ask(1, 4, &request) else { panic!() };
    let partitions = &response.results[0].topics[0].partitions;
    let sizes: Vec<(i32, i64)> = partitions.iter().map(|p| (p.partition_index, p.partition_size)).collect();
    assert_eq!(sizes, [(0, 0), (1, 73)]);
}

#[test]
fn versions_and_features_are_told_and_others_refused() {
    let mut cluster = Cluster::start(1, 1, &[]);
    let request = RequestKind::ApiVersions(ApiVersionsRequest::default());
    let ResponseKind::ApiVersions(response) = cluster.ask(1, 4, &request) else { panic!() };
    assert!(response.finalized_features.iter().any(|f| &*f.name == "metadata.version" && f.max_version_level == 30));
    // An ApiVersions request of an unknown version is answered in version 0 (KIP-511).
    let mut frame = encode_request(3, 5, None, &request).unwrap().to_vec();
    frame[3] = 99;
    let answer = cluster.ask_frame(1, frame.into()).expect("answered");
    assert_eq!(&answer[..6], &[0, 0, 0, 5, 0, 35]);
    // Everything else is cut off: an API of controllers, an old version, noise.
    let heartbeat = ottla_wire::messages::BrokerHeartbeatRequest::default();
    let frame = encode_request(0, 1, None, &RequestKind::BrokerHeartbeat(heartbeat)).unwrap();
    assert_eq!(cluster.ask_frame(1, frame), None);
    for noise in [&b""[..], b"\0", b"GET / HTTP/1.1\r\n\r\n", &[0, 1, 0, 17, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0x7f]] {
        assert_eq!(cluster.ask_frame(1, Bytes::copy_from_slice(noise)), None, "{noise:?}");
    }
    let mut cut_short = encode_request(12, 1, None, &RequestKind::Metadata(MetadataRequest::default())).unwrap();
    cut_short.truncate(cut_short.len() - 1);
    assert_eq!(cluster.ask_frame(1, cut_short), None);
    // It is none the worse for it.
    let ResponseKind::ApiVersions(again) = cluster.ask(1, 4, &request) else { panic!() };
    assert_eq!(again.api_keys, response.api_keys);
    assert!(again.api_keys.iter().any(|k| k.api_key == ApiKey::Fetch as i16));
}

#[test]
fn a_missing_topic_is_made_on_demand() {
    let mut cluster = Cluster::start(1, 1, &[("num.partitions", "3")]);
    let mut ask = |name: &str, allow: bool| {
        let topic = MetadataRequestTopic::default().with_name(Some(topic_name(name)));
        let request = MetadataRequest::default().with_topics(Some(vec![topic])).with_allow_auto_topic_creation(allow);
        let response = cluster.ask(1, 12, &RequestKind::Metadata(request));
        cluster.run_ms(500);
        let ResponseKind::Metadata(response) = response else { panic!("{response:?}") };
        let topic = &response.topics[0];
        (ErrorCode::from_code(topic.error_code), topic.partitions.len())
    };
    assert_eq!(ask("orders", false), (ErrorCode::UnknownTopicOrPartition, 0));
    assert_eq!(ask("orders", true), (ErrorCode::UnknownTopicOrPartition, 0));
    assert_eq!(ask("orders", false), (ErrorCode::None, 3));
    assert_eq!(ask("no/such name", true), (ErrorCode::InvalidTopicException, 0));
}

#[test]
fn acks_0_gets_no_answer_and_a_failed_one_loses_its_connection() {
    use ottla_wire::messages::{
        ProduceRequest,
        produce_request::{PartitionProduceData, TopicProduceData},
    };
    let mut cluster = Cluster::start(1, 1, &[]);
    let data = PartitionProduceData::default().with_index(0).with_records(Some(Bytes::new()));
    let topic = TopicProduceData::default().with_name(topic_name("nothing")).with_partition_data(vec![data]);
    let request = ProduceRequest::default().with_acks(0).with_timeout_ms(1000).with_topic_data(vec![topic]);
    let frame = encode_request(9, 1, None, &RequestKind::Produce(request)).unwrap();
    assert_eq!(cluster.ask_frame(1, frame), None);
}

#[test]
fn producer_ids_are_given_once_and_repeated_batches_are_known() {
    use ottla_records::{BatchBuilder, Compression, TimestampType};
    use ottla_wire::messages::InitProducerIdRequest;
    let mut cluster = Cluster::start(1, 2, &[]);
    cluster.create("orders", 1, 2, &[]);
    let mut ids = Vec::new();
    for broker in [1, 2, 1, 2] {
        let request = InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(60_000);
        let request = RequestKind::InitProducerId(request);
        let id = loop {
            let ResponseKind::InitProducerId(response) = cluster.ask(broker, 4, &request) else { panic!() };
            match ErrorCode::from_code(response.error_code) {
                ErrorCode::None => break response.producer_id.0,
                error => assert_eq!(error, ErrorCode::CoordinatorLoadInProgress),
            }
            cluster.run_ms(100);
        };
        ids.push(id);
    }
    let distinct: std::collections::BTreeSet<i64> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), 4, "{ids:?}");
    let leader = cluster.leader("orders", 0);
    let mut send = |sequence: i32| {
        let mut batch = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
        batch.set_producer(ids[0], 0, sequence);
        batch.append(1_767_225_600_000, None, Some(b"x"), &[]);
        let row = cluster.produce_batch(leader, "orders", 0, batch.build(0, -1), -1);
        (ErrorCode::from_code(row.error_code), row.base_offset)
    };
    assert_eq!(send(0), (ErrorCode::None, 0));
    assert_eq!(send(1), (ErrorCode::None, 1));
    assert_eq!(send(0), (ErrorCode::None, 0));
    assert_eq!(send(3), (ErrorCode::OutOfOrderSequenceNumber, -1));
}
