//! Replication rule by rule: epochs that do not fit, what moves a high watermark and what does not, who may read where,
//! what is left of a deleted topic. Serves the broker's developers.

mod common;

use common::Cluster;
use ottla_broker::ReplicaRole;
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind, Uuid,
    messages::{
        DeleteTopicsRequest, FetchRequest, IncrementalAlterConfigsRequest, ListOffsetsRequest,
        OffsetForLeaderEpochRequest,
        delete_topics_request::DeleteTopicState,
        fetch_request::{FetchPartition, FetchTopic, ReplicaState},
        fetch_response::PartitionData,
        incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic},
    },
    str_bytes, topic_name,
};
use ottla_world::Signal;

/// One fetch of one partition without a session; a follower's where its id and broker epoch are given.
fn fetch(
    cluster: &mut Cluster,
    node: i32,
    topic: Uuid,
    wanted: FetchPartition,
    (replica, rack): (Option<(i32, i64)>, &str),
) -> PartitionData {
    let mut request = FetchRequest::default()
        .with_max_wait_ms(0)
        .with_max_bytes(1 << 20)
        .with_session_epoch(-1)
        .with_rack_id(str_bytes(rack))
        .with_topics(vec![FetchTopic::default().with_topic_id(topic).with_partitions(vec![wanted])]);
    if let Some((id, epoch)) = replica {
        request.replica_state = ReplicaState::default().with_replica_id(id.into()).with_replica_epoch(epoch);
    }
    match cluster.ask(node, 17, &RequestKind::Fetch(request)) {
        ResponseKind::Fetch(response) => response.responses[0].partitions[0].clone(),
        other => panic!("{other:?}"),
    }
}

fn from(offset: i64, leader_epoch: i32) -> FetchPartition {
    FetchPartition::default()
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20)
        .with_current_leader_epoch(leader_epoch)
}

fn list_offsets(cluster: &mut Cluster, node: i32, leader_epoch: i32) -> i16 {
    let wanted = ListOffsetsPartition::default().with_timestamp(-1).with_current_leader_epoch(leader_epoch);
    let topic = ListOffsetsTopic::default().with_name(topic_name("orders")).with_partitions(vec![wanted]);
    let request = ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic]);
    match cluster.ask(node, 7, &RequestKind::ListOffsets(request)) {
        ResponseKind::ListOffsets(response) => response.topics[0].partitions[0].error_code,
        other => panic!("{other:?}"),
    }
}

/// Error, epoch and end offset.
fn epoch_end(cluster: &mut Cluster, node: i32, known: i32, wanted: i32) -> (i16, i32, i64) {
    let wanted = OffsetForLeaderPartition::default().with_current_leader_epoch(known).with_leader_epoch(wanted);
    let topic = OffsetForLeaderTopic::default().with_topic(topic_name("orders")).with_partitions(vec![wanted]);
    let request = OffsetForLeaderEpochRequest::default().with_replica_id((-1).into()).with_topics(vec![topic]);
    match cluster.ask(node, 4, &RequestKind::OffsetForLeaderEpoch(request)) {
        ResponseKind::OffsetForLeaderEpoch(response) => {
            let row = &response.topics[0].partitions[0];
            (row.error_code, row.leader_epoch, row.end_offset)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn epochs_have_to_fit() {
    let mut cluster = Cluster::start(1, 3, &[]);
    let topic = cluster.create("orders", 1, 2, &[]);
    let first = cluster.leader("orders", 0);
    cluster.produce(first, "orders", 0, &["a", "b"], -1);
    cluster.signal(first, Signal::Terminate);
    cluster.until("another leads", 5000, |c| ![first, -1].contains(&c.leader("orders", 0)));
    let leader = cluster.leader("orders", 0);
    cluster.start_node(first);
    cluster.until("both are in sync", 10_000, |c| c.partition(leader, "orders", 0).isr.len() == 2);
    cluster.produce(leader, "orders", 0, &["c"], -1);
    let epoch = cluster.partition(leader, "orders", 0).leader_epoch;
    let broker_epoch = cluster.view(first).unwrap().epoch;
    let outsider = 6 - first - leader;
    let outsider_epoch = cluster.view(outsider).unwrap().epoch;
    let no_partition = from(0, epoch).with_partition(9);
    let consumer = (None, "");
    let follower = (Some((first, broker_epoch)), "");
    let fetches = [
        ("as it is", leader, topic, from(3, epoch), consumer, ErrorCode::None),
        ("no epoch at all", leader, topic, from(3, -1), consumer, ErrorCode::None),
        ("an old epoch", leader, topic, from(3, epoch - 1), consumer, ErrorCode::FencedLeaderEpoch),
        ("an epoch to come", leader, topic, from(3, epoch + 1), consumer, ErrorCode::UnknownLeaderEpoch),
        ("behind the end", leader, topic, from(4, epoch), consumer, ErrorCode::OffsetOutOfRange),
        ("no such partition", leader, topic, no_partition, consumer, ErrorCode::UnknownTopicOrPartition),
        ("no such topic", leader, Uuid::from_u128(1), from(0, epoch), consumer, ErrorCode::UnknownTopicId),
        ("no replica there", outsider, topic, from(0, epoch), consumer, ErrorCode::NotLeaderOrFollower),
        ("a follower of the leader", leader, topic, from(3, epoch), follower, ErrorCode::None),
        ("a follower of a follower", first, topic, from(3, epoch), follower, ErrorCode::NotLeaderOrFollower),
        (
            "no follower of this partition",
            leader,
            topic,
            from(0, epoch),
            (Some((outsider, outsider_epoch)), ""),
            ErrorCode::UnknownLeaderEpoch,
        ),
        (
            "an earlier life of the follower",
            leader,
            topic,
            from(3, epoch),
            (Some((first, broker_epoch - 1)), ""),
            ErrorCode::NotLeaderOrFollower,
        ),
    ];
    for (what, node, id, wanted, reader, expected) in fetches {
        let row = fetch(&mut cluster, node, id, wanted, reader);
        assert_eq!(ErrorCode::from_code(row.error_code), expected, "{what}");
    }
    for (known, expected) in [
        (epoch, ErrorCode::None),
        (epoch - 1, ErrorCode::FencedLeaderEpoch),
        (epoch + 1, ErrorCode::UnknownLeaderEpoch),
    ] {
        assert_eq!(ErrorCode::from_code(list_offsets(&mut cluster, leader, known)), expected);
        assert_eq!(ErrorCode::from_code(epoch_end(&mut cluster, leader, known, 0).0), expected);
    }
    let elsewhere = ErrorCode::from_code(list_offsets(&mut cluster, first, epoch));
    assert_eq!(elsewhere, ErrorCode::NotLeaderOrFollower);
    // Where each epoch ends, as the leader has it; the one to come is not known.
    let ends: Vec<_> = (0..=epoch + 1).map(|n| epoch_end(&mut cluster, leader, epoch, n)).collect();
    assert_eq!(ends.first(), Some(&(0, 0, 2)));
    assert_eq!(ends[epoch as usize..], [(0, epoch, 3), (0, -1, -1)]);
}

#[test]
fn a_diverging_follower_is_told_where() {
    let mut cluster = Cluster::start(1, 2, &[]);
    let topic = cluster.create("orders", 1, 2, &[]);
    let old = cluster.leader("orders", 0);
    cluster.produce(old, "orders", 0, &["a", "b"], -1);
    cluster.signal(old, Signal::Terminate);
    cluster.until("the other leads", 5000, |c| c.leader("orders", 0) == 3 - old);
    let leader = 3 - old;
    cluster.until("it knows", 1000, |c| c.partition(leader, "orders", 0).role == ReplicaRole::Leader);
    cluster.produce(leader, "orders", 0, &["c"], 1);
    let epoch = cluster.partition(leader, "orders", 0).leader_epoch;
    let broker_epoch = cluster.view(leader).unwrap().metadata.broker(old).unwrap().epoch;
    // Fetch offset and last epoch: where the leader's log parts from it, or the error.
    let table = [
        ((2, 0), Ok(None)),
        ((3, epoch), Ok(None)),
        ((5, 0), Ok(Some((0, 2)))),
        ((3, 0), Ok(Some((0, 2)))),
        ((4, epoch), Ok(Some((epoch, 3)))),
        ((0, epoch + 1), Err(ErrorCode::OffsetOutOfRange)),
    ];
    for ((offset, last_epoch), expected) in table {
        let wanted = from(offset, epoch).with_last_fetched_epoch(last_epoch);
        let row = fetch(&mut cluster, leader, topic, wanted, (Some((old, broker_epoch)), ""));
        let diverging = row.diverging_epoch.end_offset >= 0;
        let diverging = diverging.then_some((row.diverging_epoch.epoch, row.diverging_epoch.end_offset));
        let found = if row.error_code == 0 { Ok(diverging) } else { Err(ErrorCode::from_code(row.error_code)) };
        assert_eq!(found, expected, "offset {offset}, epoch {last_epoch}");
        if expected != Ok(None) {
            assert!(row.records.is_none_or(|records| records.is_empty()));
        }
    }
}

#[test]
fn a_lower_min_insync_replicas_moves_nothing_by_itself() {
    let mut cluster = Cluster::start(1, 3, &[]);
    cluster.create("orders", 1, 3, &[("min.insync.replicas", "3")]);
    let leader = cluster.leader("orders", 0);
    cluster.signal(leader % 3 + 1, Signal::Kill);
    cluster.until("two are left", 12_000, |c| c.partition(leader, "orders", 0).isr.len() == 2);
    assert_eq!(cluster.produce(leader, "orders", 0, &["a"], 1).error_code, 0);
    cluster.run_ms(2000);
    assert_eq!(cluster.offset(leader, "orders", 0, -1), Ok(0));
    let set = AlterableConfig::default()
        .with_name(str_bytes("min.insync.replicas"))
        .with_config_operation(0)
        .with_value(Some(str_bytes("2")));
    let resource = AlterConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(str_bytes("orders"))
        .with_configs(vec![set]);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    cluster.ask(leader, 1, &RequestKind::IncrementalAlterConfigs(request));
    cluster.run_ms(90_000);
    assert_eq!(cluster.offset(leader, "orders", 0, -1), Ok(0), "followers that stand still move nothing");
    assert_eq!(cluster.produce(leader, "orders", 0, &["b"], -1).error_code, 0);
    assert_eq!(cluster.offset(leader, "orders", 0, -1), Ok(2), "the next append moves it past both");
}

#[test]
fn consumers_read_near_them_if_the_brokers_let_them() {
    let settings = [("replica.selector.class", "org.apache.kafka.common.replica.RackAwareReplicaSelector")];
    let mut cluster = Cluster::start_in_racks(3, &settings, &["a", "b", "b"]);
    let topic = cluster.create_at("orders", &[1, 2, 3]);
    cluster.produce(1, "orders", 0, &["x"], -1);
    cluster.run_ms(1000);
    for (rack, expected) in [("", [-1, -1]), ("a", [-1, -1]), ("nowhere", [-1, -1]), ("b", [2, 3])] {
        let row = fetch(&mut cluster, 1, topic, from(0, -1), (None, rack));
        assert_eq!(row.error_code, 0);
        assert!(expected.contains(&row.preferred_read_replica.0), "rack {rack:?}: {row:?}");
        assert_eq!(row.records.is_some_and(|records| !records.is_empty()), expected[0] < 0, "rack {rack:?}");
    }
    let near = fetch(&mut cluster, 3, topic, from(0, -1), (None, "b"));
    assert_eq!(common::values_of(near.records.unwrap_or_default()), ["x"]);
    // One that has left the ISR is not named.
    cluster.signal(3, Signal::Kill);
    cluster.until("it is out", 12_000, |c| c.partition(1, "orders", 0).isr == [1, 2]);
    assert_eq!(fetch(&mut cluster, 1, topic, from(0, -1), (None, "b")).preferred_read_replica.0, 2);
}

#[test]
fn a_deleted_topics_directory_is_renamed_and_goes_a_minute_later() {
    let mut cluster = Cluster::start(1, 1, &[]);
    cluster.create("orders", 1, 1, &[]);
    cluster.produce(1, "orders", 0, &["a"], -1);
    let topic = DeleteTopicState::default().with_name(Some(topic_name("orders")));
    let request = DeleteTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(5000);
    cluster.ask(1, 6, &RequestKind::DeleteTopics(request));
    let dirs = |c: &Cluster| {
        let disk = c.world.disk(c.host(1));
        let dirs = disk.list("node-1/orders-0").filter_map(|path| path.split('/').nth(1));
        dirs.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    cluster.until("it is renamed", 2000, |c| !dirs(c).contains("orders-0"));
    let left = dirs(&cluster);
    assert!(left.len() == 1 && left.iter().all(|dir| dir.ends_with("-delete")), "{left:?}");
    // A restart in between does not save it.
    cluster.run_ms(30_000);
    cluster.signal(1, Signal::Kill);
    cluster.start_node(1);
    cluster.run_ms(40_000);
    assert_eq!(dirs(&cluster), left);
    cluster.until("it is gone", 40_000, |c| dirs(c).is_empty());
}
