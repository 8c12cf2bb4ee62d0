//! Requests that can be read and make no sense: each is answered or cut off, and the broker goes on. Serves the broker's
//! developers.

mod common;

use common::Cluster;
use ottla_wire::{
    BrokerId, RequestKind, Uuid, encode_request,
    messages::{
        DeleteRecordsRequest, DescribeTopicPartitionsRequest, FetchRequest, ListOffsetsRequest,
        OffsetForLeaderEpochRequest,
        delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic},
        describe_topic_partitions_request::Cursor,
        fetch_request::{FetchPartition, FetchTopic, ReplicaState},
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic},
    },
    topic_name,
};

const ODD: [i64; 7] = [i64::MIN, -7, -1, 0, 2, 1 << 40, i64::MAX];

fn small(odd: i64) -> i32 {
    odd.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

fn fetch(topic: Uuid, odd: i64, replica: i32) -> RequestKind {
    let wanted = FetchPartition::default()
        .with_partition(if odd == 0 { -1 } else { 0 })
        .with_current_leader_epoch(small(odd).min(0))
        .with_fetch_offset(odd)
        .with_last_fetched_epoch(if replica < 0 { -1 } else { small(odd) })
        .with_log_start_offset(odd)
        .with_partition_max_bytes(small(odd));
    let state = ReplicaState::default().with_replica_id(BrokerId(replica)).with_replica_epoch(odd);
    let request = FetchRequest::default()
        .with_replica_state(state)
        .with_max_wait_ms(small(odd).min(100))
        .with_min_bytes(small(odd))
        .with_max_bytes(small(odd))
        .with_session_epoch(-1)
        .with_topics(vec![FetchTopic::default().with_topic_id(topic).with_partitions(vec![wanted; 2])]);
    RequestKind::Fetch(request)
}

fn others(odd: i64) -> Vec<(i16, RequestKind)> {
    let orders = || topic_name("orders");
    let list = ListOffsetsPartition::default().with_timestamp(odd).with_current_leader_epoch(small(odd).min(0));
    let list = ListOffsetsTopic::default().with_name(orders()).with_partitions(vec![list]);
    let list = ListOffsetsRequest::default().with_replica_id(BrokerId(small(odd))).with_topics(vec![list]);
    let epoch = OffsetForLeaderPartition::default().with_leader_epoch(small(odd)).with_current_leader_epoch(-1);
    let epoch = OffsetForLeaderTopic::default().with_topic(orders()).with_partitions(vec![epoch]);
    let epoch = OffsetForLeaderEpochRequest::default().with_topics(vec![epoch]);
    let delete = DeleteRecordsPartition::default().with_offset(if odd == 0 { 0 } else { odd.min(-2) });
    let delete = DeleteRecordsTopic::default().with_name(orders()).with_partitions(vec![delete; 2]);
    let delete = DeleteRecordsRequest::default().with_topics(vec![delete]).with_timeout_ms(small(odd).min(100));
    let cursor = Cursor::default().with_topic_name(orders()).with_partition_index(small(odd));
    let pages =
        DescribeTopicPartitionsRequest::default().with_response_partition_limit(small(odd)).with_cursor(Some(cursor));
    vec![
        (7, RequestKind::ListOffsets(list)),
        (4, RequestKind::OffsetForLeaderEpoch(epoch)),
        (2, RequestKind::DeleteRecords(delete)),
        (0, RequestKind::DescribeTopicPartitions(pages)),
    ]
}

#[test]
fn odd_values_do_no_harm() {
    let mut cluster = Cluster::start(1, 2, &[]);
    let topic = cluster.create("orders", 1, 2, &[]);
    let leader = cluster.leader("orders", 0);
    assert_eq!(cluster.produce(leader, "orders", 0, &["a", "b"], -1).base_offset, 0);
    for odd in ODD {
        let mut requests = others(odd);
        for replica in [-1, 99, leader, i32::MAX] {
            requests.push((17, fetch(topic, odd, replica)));
        }
        for (version, request) in requests {
            let frame = encode_request(version, 1, None, &request).expect("it can be written");
            for broker in [1, 2] {
                cluster.ask_frame(broker, frame.clone());
            }
        }
        for acks in [-9, 5] {
            assert_ne!(cluster.produce(leader, "orders", 0, &["x"], acks).error_code, 0);
        }
    }
    assert_eq!(cluster.values(leader, topic, 0), ["a", "b"]);
    assert_eq!(cluster.partition(leader, "orders", 0).isr.len(), 2);
}
