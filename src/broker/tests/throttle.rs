//! Throttled reassignment: it takes as long as the bytes at the rate, and hurts nobody who is in sync. Serves the broker's
//! developers.

mod common;

use bytes::Bytes;
use common::Cluster;
use ottla_records::{BatchBuilder, Compression, TimestampType};
use ottla_wire::{
    RequestKind, ResponseKind,
    messages::{
        AlterPartitionReassignmentsRequest, IncrementalAlterConfigsRequest,
        alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic},
        incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
    },
    str_bytes, topic_name,
};

const BATCH: usize = 500_000;
const BATCHES: u64 = 16;

fn set(cluster: &mut Cluster, kind: i8, name: &str, configs: &[(&str, &str)]) {
    let config = |(key, value): &(&str, &str)| {
        let config = AlterableConfig::default().with_name(str_bytes(key)).with_config_operation(0);
        config.with_value(Some(str_bytes(value)))
    };
    let resource = AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(str_bytes(name))
        .with_configs(configs.iter().map(config).collect());
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    let node = if kind == 4 { name.parse().unwrap() } else { 1 };
    match cluster.ask(node, 1, &RequestKind::IncrementalAlterConfigs(request)) {
        ResponseKind::IncrementalAlterConfigs(response) => {
            assert_eq!(response.responses[0].error_code, 0, "{response:?}");
        }
        other => panic!("{other:?}"),
    }
}

fn batch() -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    builder.append(0, None, Some(&vec![7; BATCH]), &[]);
    builder.build(0, -1)
}

/// Milliseconds a move of eight megabytes from broker 1 to broker 2 takes at a rate on each side.
fn move_takes_ms(leader_rate: &str, follower_rate: &str) -> u64 {
    let mut cluster = Cluster::start(1, 2, &[]);
    cluster.create_at("orders", &[1]);
    cluster.create_at("others", &[1, 2]);
    for _ in 0..BATCHES {
        assert_eq!(cluster.produce_batch(1, "orders", 0, batch(), 1).error_code, 0);
    }
    let lists = [("leader.replication.throttled.replicas", "0:1"), ("follower.replication.throttled.replicas", "0:2")];
    set(&mut cluster, 2, "orders", &lists);
    let rates =
        [("leader.replication.throttled.rate", leader_rate), ("follower.replication.throttled.rate", follower_rate)];
    let rates: Vec<_> = rates.into_iter().filter(|(_, rate)| !rate.is_empty()).collect();
    for broker in ["1", "2"] {
        if !rates.is_empty() {
            set(&mut cluster, 4, broker, &rates);
        }
    }
    let target = ReassignablePartition::default().with_replicas(Some(vec![1.into(), 2.into()]));
    let topic = ReassignableTopic::default().with_name(topic_name("orders")).with_partitions(vec![target]);
    let request = AlterPartitionReassignmentsRequest::default().with_topics(vec![topic]).with_timeout_ms(5000);
    let from = cluster.world.now();
    cluster.ask(1, 0, &RequestKind::AlterPartitionReassignments(request));
    cluster.run_ms(200);
    // A replica that is in sync is not held back.
    let asked_at = cluster.world.now();
    assert_eq!(cluster.produce(1, "others", 0, &["a"], -1).error_code, 0);
    assert!(cluster.world.now().millis_since(asked_at) < 1000);
    cluster.until("it has moved", 60_000, |c| c.partition(1, "orders", 0).isr == [1, 2]);
    cluster.world.now().millis_since(from)
}

#[test]
fn a_throttled_move_takes_as_long_as_its_bytes() {
    let unthrottled = move_takes_ms("", "");
    assert!(unthrottled < 1500, "{unthrottled}");
    for rates in [("500000", ""), ("", "500000"), ("500000", "500000")] {
        let took = move_takes_ms(rates.0, rates.1);
        // Sixteen seconds; the last of the bytes need not be waited for.
        assert!((13_600..=17_600).contains(&took), "{rates:?}: {took}");
    }
}
