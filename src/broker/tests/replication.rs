//! Replication end to end: acknowledgements, visibility, elections, rejoining. Serves the broker's developers.

mod common;

use common::Cluster;
use ottla_broker::ReplicaRole;
use ottla_wire::messages::UnregisterBrokerRequest;
use ottla_wire::{BrokerId, ErrorCode, ResponseKind};
use ottla_world::{Fault, Signal};

fn error(code: i16) -> ErrorCode {
    ErrorCode::from_code(code)
}

#[test]
fn acks_all_is_on_every_replica_and_readable() {
    let mut cluster = Cluster::start(1, 3, &[]);
    let topic = cluster.create("orders", 1, 3, &[]);
    let leader = cluster.leader("orders", 0);
    let row = cluster.produce(leader, "orders", 0, &["a", "b"], -1);
    assert_eq!((error(row.error_code), row.base_offset), (ErrorCode::None, 0));
    for id in 1..=3 {
        assert_eq!(cluster.partition(id, "orders", 0).log_end_offset, 2, "broker {id}");
    }
    assert_eq!(cluster.values(leader, topic, 0), ["a", "b"]);
    assert_eq!(cluster.offset(leader, "orders", 0, -1), Ok(2));
    let other = leader % 3 + 1;
    assert_eq!(error(cluster.produce(other, "orders", 0, &["c"], 1).error_code), ErrorCode::NotLeaderOrFollower);
    assert_eq!(error(cluster.produce(other, "payments", 0, &["c"], 1).error_code), ErrorCode::UnknownTopicOrPartition);
    cluster.run_ms(600);
    for id in 1..=3 {
        assert_eq!(cluster.partition(id, "orders", 0).high_watermark, 2, "broker {id}");
    }
}

#[test]
fn a_killed_leader_is_replaced_and_rejoins() {
    let mut cluster = Cluster::start(3, 3, &[]);
    let topic = cluster.create("orders", 1, 3, &[]);
    let old = cluster.leader("orders", 0);
    assert_eq!(error(cluster.produce(old, "orders", 0, &["a"], -1).error_code), ErrorCode::None);
    cluster.signal(old, Signal::Kill);
    cluster.until("a new leader", 12_000, |c| ![old, -1].contains(&c.leader("orders", 0)));
    let new = cluster.leader("orders", 0);
    cluster.until("it leads", 1000, |c| c.partition(new, "orders", 0).role == ReplicaRole::Leader);
    assert_eq!(error(cluster.produce(new, "orders", 0, &["b"], -1).error_code), ErrorCode::None);
    assert_eq!(cluster.partition(new, "orders", 0).isr.len(), 2);
    cluster.start_node(old);
    cluster.until("it is in sync again", 10_000, |c| c.partition(new, "orders", 0).isr == [1, 2, 3]);
    assert_eq!(cluster.partition(old, "orders", 0).log_end_offset, 2);
    assert_eq!(cluster.values(new, topic, 0), ["a", "b"]);
}

#[test]
fn a_diverging_tail_is_cut_off() {
    let mut cluster = Cluster::start(1, 2, &[]);
    let topic = cluster.create("orders", 1, 2, &[("min.insync.replicas", "1")]);
    let old = cluster.leader("orders", 0);
    let other = 3 - old;
    assert_eq!(error(cluster.produce(old, "orders", 0, &["a"], -1).error_code), ErrorCode::None);
    // Nothing gets from one to the other; the leader appends what nobody else gets, and dies.
    let (from, to) = (cluster.host(old), cluster.host(other));
    cluster.world.cause(&Fault::CutLink { from, to });
    assert_eq!(error(cluster.produce(old, "orders", 0, &["lost"], 1).error_code), ErrorCode::None);
    assert_eq!(cluster.partition(old, "orders", 0).log_end_offset, 2);
    cluster.signal(old, Signal::Kill);
    cluster.until("the other leads", 15_000, |c| c.leader("orders", 0) == other);
    // What was held back until now comes too late.
    cluster.world.cause(&Fault::HealLink { from, to });
    cluster.until("it knows", 1000, |c| c.partition(other, "orders", 0).role == ReplicaRole::Leader);
    assert_eq!(error(cluster.produce(other, "orders", 0, &["b", "c"], -1).error_code), ErrorCode::None);
    cluster.start_node(old);
    cluster.until("both are in sync", 10_000, |c| c.partition(other, "orders", 0).isr == [1, 2]);
    let rejoined = cluster.partition(old, "orders", 0);
    assert_eq!((rejoined.log_end_offset, rejoined.role), (3, ReplicaRole::Follower));
    assert_eq!(cluster.values(other, topic, 0), ["a", "b", "c"]);
}

#[test]
fn controlled_shutdown_hands_over_first() {
    let mut cluster = Cluster::start(1, 3, &[]);
    let topic = cluster.create("orders", 1, 3, &[]);
    let old = cluster.leader("orders", 0);
    assert_eq!(error(cluster.produce(old, "orders", 0, &["a"], -1).error_code), ErrorCode::None);
    let pid = cluster.pids[&old];
    cluster.signal(old, Signal::Terminate);
    cluster.until("it ended", 5000, |c| !c.world.is_alive(pid));
    let marker = format!("node-{old}/.kafka_cleanshutdown");
    assert!(cluster.world.disk(cluster.host(old)).exists(&marker));
    let new = cluster.leader("orders", 0);
    assert!(new != old && new != -1);
    cluster.start_node(old);
    cluster.until("it is in sync again", 10_000, |c| c.partition(new, "orders", 0).isr == [1, 2, 3]);
    assert_eq!(cluster.values(new, topic, 0), ["a"]);
    // Epochs and records are as they were.
    assert_eq!(cluster.partition(old, "orders", 0).log_end_offset, 1);
}

#[test]
fn too_few_in_sync_replicas_refuse_acks_all_and_hold_the_high_watermark() {
    let mut cluster = Cluster::start(1, 2, &[]);
    let topic = cluster.create("orders", 1, 2, &[("min.insync.replicas", "2")]);
    let leader = cluster.leader("orders", 0);
    let other = 3 - leader;
    cluster.signal(other, Signal::Kill);
    cluster.until("it is alone", 12_000, |c| c.partition(leader, "orders", 0).isr == [leader]);
    assert_eq!(error(cluster.produce(leader, "orders", 0, &["a"], -1).error_code), ErrorCode::NotEnoughReplicas);
    assert_eq!(error(cluster.produce(leader, "orders", 0, &["b"], 1).error_code), ErrorCode::None);
    assert_eq!(cluster.offset(leader, "orders", 0, -1), Ok(0));
    assert_eq!(cluster.values(leader, topic, 0), [""; 0]);
    cluster.start_node(other);
    cluster.until("both are in sync", 10_000, |c| c.partition(leader, "orders", 0).isr == [1, 2]);
    assert_eq!(cluster.values(leader, topic, 0), ["b"]);
}

#[test]
fn a_silent_follower_leaves_the_isr_by_lag() {
    // A session so long that only the leader notices.
    let mut cluster = Cluster::start(1, 2, &[("broker.session.timeout.ms", "600000")]);
    cluster.create("orders", 1, 2, &[]);
    let leader = cluster.leader("orders", 0);
    cluster.signal(3 - leader, Signal::Stop);
    assert_eq!(error(cluster.produce(leader, "orders", 0, &["a"], -1).error_code), ErrorCode::RequestTimedOut);
    cluster.run_ms(25_000);
    assert_eq!(cluster.partition(leader, "orders", 0).isr.len(), 2);
    cluster.until("it is out", 21_000, |c| c.partition(leader, "orders", 0).isr == [leader]);
    assert_eq!(cluster.offset(leader, "orders", 0, -1), Ok(1));
    cluster.signal(3 - leader, Signal::Continue);
    cluster.until("it is back", 3000, |c| c.partition(leader, "orders", 0).isr == [1, 2]);
}

#[test]
fn a_topic_deleted_while_a_broker_is_down_leaves_nothing_behind() {
    let mut cluster = Cluster::start(1, 2, &[]);
    cluster.create("orders", 1, 2, &[]);
    let leader = cluster.leader("orders", 0);
    assert_eq!(error(cluster.produce(leader, "orders", 0, &["a"], -1).error_code), ErrorCode::None);
    cluster.signal(2, Signal::Kill);
    cluster.until("it is out", 12_000, |c| c.view(1).is_some_and(|v| !v.metadata.is_alive(2)));
    let request = ottla_wire::messages::DeleteTopicsRequest::default()
        .with_topics(vec![
            ottla_wire::messages::delete_topics_request::DeleteTopicState::default()
                .with_name(Some(ottla_wire::topic_name("orders"))),
        ])
        .with_timeout_ms(5000);
    cluster.ask(1, 6, &ottla_wire::RequestKind::DeleteTopics(request));
    cluster.until("its files are gone", 2000, |c| c.world.disk(c.host(1)).list("node-1/orders-0/").next().is_none());
    let topic = cluster.create("orders", 1, 1, &[]);
    cluster.start_node(2);
    cluster.until("it is back", 10_000, |c| c.view(2).is_some_and(|v| v.metadata.is_alive(2)));
    assert!(cluster.world.disk(cluster.host(2)).list("node-2/orders-0/").next().is_none());
    assert_eq!(cluster.values(1, topic, 0), [""; 0]);
}

#[test]
fn a_replica_moves_to_another_broker() {
    use ottla_wire::messages::{
        AlterPartitionReassignmentsRequest,
        alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic},
    };
    let mut cluster = Cluster::start(1, 2, &[]);
    let topic = cluster.create("orders", 1, 1, &[]);
    let old = cluster.leader("orders", 0);
    let new = 3 - old;
    assert_eq!(error(cluster.produce(old, "orders", 0, &["a", "b"], -1).error_code), ErrorCode::None);
    let partition = ReassignablePartition::default().with_partition_index(0).with_replicas(Some(vec![new.into()]));
    let moved =
        ReassignableTopic::default().with_name(ottla_wire::topic_name("orders")).with_partitions(vec![partition]);
    let request = AlterPartitionReassignmentsRequest::default().with_topics(vec![moved]).with_timeout_ms(5000);
    let request = ottla_wire::RequestKind::AlterPartitionReassignments(request);
    let ottla_wire::ResponseKind::AlterPartitionReassignments(response) = cluster.ask(1, 0, &request) else {
        panic!("another kind of answer")
    };
    assert_eq!(response.error_code, 0, "{response:?}");
    cluster.until("it has moved", 5000, |c| c.leader("orders", 0) == new);
    cluster.until("the old one forgets it", 2000, |c| {
        c.world.disk(c.host(old)).list(&format!("node-{old}/orders-0/")).next().is_none()
    });
    let view = cluster.partition(new, "orders", 0);
    assert_eq!((view.replicas, view.isr, view.log_end_offset), (vec![new], vec![new], 2));
    assert_eq!(cluster.values(new, topic, 0), ["a", "b"]);
}

#[test]
fn a_broker_with_a_new_disk_says_where_its_replicas_lie_and_leads_again() {
    let mut cluster = Cluster::start(1, 3, &[("leader.imbalance.check.interval.seconds", "5")]);
    let topic = cluster.create("orders", 1, 3, &[]);
    let old = cluster.leader("orders", 0);
    assert_eq!(error(cluster.produce(old, "orders", 0, &["a"], -1).error_code), ErrorCode::None);
    let other = old % 3 + 1;
    let directory = |c: &Cluster| c.view(other).and_then(|v| v.metadata.partition("orders", 0)?.directory(old));
    let before = directory(&cluster);
    cluster.signal(old, Signal::Kill);
    cluster.until("a new leader", 12_000, |c| ![old, -1].contains(&c.leader("orders", 0)));
    let host = cluster.host(old);
    cluster.world.disk_mut(host).remove_all(&format!("node-{old}/"));
    cluster.start_node(old);
    cluster.until("it leads again", 30_000, |c| c.leader("orders", 0) == old);
    assert_eq!(cluster.values(old, topic, 0), ["a"]);
    assert!(before.is_some() && directory(&cluster) != before);
}

#[test]
fn without_a_controller_a_new_broker_gives_up_and_an_old_one_serves_on() {
    let mut cluster = Cluster::start(1, 2, &[]);
    let topic = cluster.create("orders", 1, 2, &[]);
    let leader = cluster.leader("orders", 0);
    let other = 3 - leader;
    cluster.signal(other, Signal::Kill);
    cluster.signal(11, Signal::Kill);
    cluster.start_node(other);
    cluster.run_ms(59_000);
    assert!(cluster.view(other).is_some());
    cluster.run_ms(2000);
    assert!(cluster.view(other).is_none(), "it waits for its registration for initial.broker.registration.timeout.ms");
    assert_eq!(error(cluster.produce(leader, "orders", 0, &["a"], 1).error_code), ErrorCode::None);
    let _ = topic;
    cluster.start_node(11);
    cluster.start_node(other);
    cluster.until("both in sync", 20_000, |c| c.partition(leader, "orders", 0).isr.len() == 2);
}

#[test]
fn an_unregistered_broker_stays_out_until_it_starts_again() {
    let mut cluster = Cluster::start(1, 2, &[]);
    let alive = |c: &Cluster| c.view(1).map_or(0, |view| view.metadata.alive_brokers().count());
    let request = UnregisterBrokerRequest::default().with_broker_id(BrokerId(2));
    let ResponseKind::UnregisterBroker(response) = cluster.ask(1, 0, &request.into()) else { panic!("another answer") };
    assert_eq!(response.error_code, 0);
    cluster.run_ms(20_000);
    assert_eq!(alive(&cluster), 1);
    cluster.signal(2, Signal::Kill);
    cluster.run_ms(100);
    cluster.start_node(2);
    cluster.until("it is back", 5000, |c| alive(c) == 2);
}
