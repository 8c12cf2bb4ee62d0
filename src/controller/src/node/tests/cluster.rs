//! What brokers and tools see of controllers: registration, topics, failures and elections, over the wire.

use super::broker::Cluster;
use crate::image::ConfigResource;
use ottla_wire::messages::alter_partition_request as alter;
use ottla_wire::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
use ottla_wire::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_wire::messages::{
    AllocateProducerIdsRequest, AlterPartitionRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeQuorumRequest,
    ElectLeadersRequest, IncrementalAlterConfigsRequest, UnregisterBrokerRequest, UpdateFeaturesRequest,
    create_partitions_request as grow, elect_leaders_request::TopicPartitions,
    update_features_request::FeatureUpdateKey,
};
use ottla_wire::{BrokerId, ErrorCode, ResponseKind, str_bytes, topic_name};

fn placed(name: &str, partitions: i32, factor: i16) -> CreatableTopic {
    let topic = CreatableTopic::default().with_name(topic_name(name));
    topic.with_num_partitions(partitions).with_replication_factor(factor)
}

fn assigned(name: &str, assignments: &[&[i32]], configs: &[(&str, &str)]) -> CreatableTopic {
    let assignment = |(index, ids): (i32, &&[i32])| {
        let ids = ids.iter().copied().map(BrokerId).collect();
        CreatableReplicaAssignment::default().with_partition_index(index).with_broker_ids(ids)
    };
    let config = |(name, value): &(&str, &str)| {
        CreatableTopicConfig::default().with_name(str_bytes(name)).with_value(Some(str_bytes(value)))
    };
    placed(name, -1, -1)
        .with_assignments((0..).zip(assignments).map(assignment).collect())
        .with_configs(configs.iter().map(config).collect())
}

/// Creates topics; each result as `code message`.
fn create(cluster: &mut Cluster, topics: Vec<CreatableTopic>) -> Vec<String> {
    let request = CreateTopicsRequest::default().with_topics(topics).with_timeout_ms(1000);
    let ResponseKind::CreateTopics(response) = cluster.ask(7, request.into(), true) else { panic!("another answer") };
    let text = |result: &ottla_wire::messages::create_topics_response::CreatableTopicResult| {
        let name = ErrorCode::from_code(result.error_code).name();
        result.error_message.as_ref().map_or(name.to_owned(), |message| format!("{name} {message}"))
    };
    response.topics.iter().map(text).collect()
}

fn one(cluster: &mut Cluster, topic: CreatableTopic) -> String {
    create(cluster, vec![topic]).remove(0)
}

fn elect(cluster: &mut Cluster, election_type: i8, topic: &str, partition: i32) -> String {
    let topics = vec![TopicPartitions::default().with_topic(topic_name(topic)).with_partitions(vec![partition])];
    let request = ElectLeadersRequest::default().with_election_type(election_type).with_topic_partitions(Some(topics));
    let ResponseKind::ElectLeaders(response) = cluster.ask(2, request.into(), true) else { panic!("another answer") };
    let result = &response.replica_election_results[0].partition_result[0];
    ErrorCode::from_code(result.error_code).name().to_owned()
}

fn set(cluster: &mut Cluster, resource: &ConfigResource, key: &str, value: Option<&str>) -> String {
    let config = AlterableConfig::default()
        .with_name(str_bytes(key))
        .with_config_operation(i8::from(value.is_none()))
        .with_value(value.map(str_bytes));
    let resource = AlterConfigsResource::default()
        .with_resource_type(resource.resource_type())
        .with_resource_name(str_bytes(&resource.name()))
        .with_configs(vec![config]);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    let answer = cluster.ask(1, request.into(), true);
    let ResponseKind::IncrementalAlterConfigs(response) = answer else { panic!("another answer") };
    response.responses[0].error_message.as_ref().map_or("ok".to_owned(), |message| message.to_string())
}

/// The leader proposes an ISR.
fn propose(cluster: &mut Cluster, topic: &str, isr: &[i32]) -> ErrorCode {
    let image = cluster.image();
    let (topic_image, partition) = (image.topic(topic).unwrap(), image.partition(topic, 0).unwrap());
    let state = |id: &i32| alter::BrokerState::default().with_broker_id(BrokerId(*id)).with_broker_epoch(-1);
    let data = alter::PartitionData::default()
        .with_leader_epoch(partition.leader_epoch)
        .with_partition_epoch(partition.partition_epoch)
        .with_new_isr_with_epochs(isr.iter().map(state).collect());
    let topic = alter::TopicData::default().with_topic_id(topic_image.id).with_partitions(vec![data]);
    let request = AlterPartitionRequest::default()
        .with_broker_id(BrokerId(partition.leader))
        .with_broker_epoch(image.broker(partition.leader).map_or(-1, |broker| broker.epoch))
        .with_topics(vec![topic]);
    let ResponseKind::AlterPartition(response) = cluster.ask(3, request.into(), false) else { panic!("another") };
    ErrorCode::from_code(response.topics[0].partitions[0].error_code)
}

#[test]
fn topics_are_created_or_refused_in_kafkas_words() {
    let mut c = Cluster::new(1, 3);
    assert_eq!(create(&mut c, vec![placed("orders", 3, 2), placed("page.views", 1, -1)]), ["NONE", "NONE"]);
    let image = c.image();
    assert_eq!(image.topic("orders").unwrap().partitions.len(), 3);
    assert_eq!(image.partition("page.views", 0).unwrap().replicas.len(), 1);
    let refusals = [
        (
            placed("big", 1, 4),
            "INVALID_REPLICATION_FACTOR Unable to replicate the partition 4 time(s): The target replication factor of 4 \
             cannot be reached because only 3 broker(s) are registered or some brokers have all their log directories \
             cordoned.",
        ),
        (placed("orders", 1, 1), "TOPIC_ALREADY_EXISTS Topic 'orders' already exists."),
        (
            placed("page_views", 1, 1),
            "INVALID_TOPIC_EXCEPTION Topic 'page_views' collides with existing topic: page.views",
        ),
        (placed("..", 1, 1), "INVALID_TOPIC_EXCEPTION Topic name is invalid: '..' is not allowed"),
        (placed("none", 0, 1), "INVALID_PARTITIONS Number of partitions was set to an invalid non-positive value."),
        (
            assigned("a", &[&[1, 9]], &[]),
            "INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes broker 9, but no such broker is \
             registered.",
        ),
        (assigned("a", &[&[1, 2]], &[("retention", "1")]), "INVALID_CONFIG Unknown topic config name: retention"),
        (
            assigned("a", &[&[1]], &[("retention.ms", "soon")]),
            "INVALID_CONFIG Invalid value soon for configuration retention.ms: Not a number of type LONG",
        ),
    ];
    for (topic, expected) in refusals {
        assert_eq!(one(&mut c, topic), expected);
    }
}

#[test]
fn topics_grow_and_go() {
    let mut c = Cluster::new(1, 2);
    assert_eq!(one(&mut c, placed("orders", 3, 2)), "NONE");
    let grow_to = |c: &mut Cluster, name: &str, count: i32| {
        let topic = grow::CreatePartitionsTopic::default().with_name(topic_name(name)).with_count(count);
        let request = grow::CreatePartitionsRequest::default().with_topics(vec![topic.with_assignments(None)]);
        let ResponseKind::CreatePartitions(r) = c.ask(3, request.into(), true) else { panic!("another answer") };
        r.results[0].error_message.as_ref().map_or("ok".to_owned(), |message| message.to_string())
    };
    assert_eq!(grow_to(&mut c, "orders", 5), "ok");
    assert_eq!(grow_to(&mut c, "orders", 5), "Topic already has 5 partition(s).");
    assert_eq!(
        grow_to(&mut c, "orders", 0),
        "The topic orders currently has 5 partition(s); 0 would not be an increase."
    );
    assert_eq!(c.image().topic("orders").unwrap().partitions.len(), 5);
    let request = DeleteTopicsRequest::default().with_topic_names(vec![topic_name("orders"), topic_name("nope")]);
    let ResponseKind::DeleteTopics(response) = c.ask(5, request.into(), true) else { panic!("another answer") };
    let codes: Vec<i16> = response.responses.iter().map(|result| result.error_code).collect();
    assert_eq!(codes, [0, ErrorCode::UnknownTopicOrPartition.code()]);
    assert_eq!(c.image().topics().count(), 0);
}

#[test]
fn a_dead_broker_is_fenced_after_its_session_and_isr_keeps_its_order() {
    let mut c = Cluster::new(1, 3);
    assert_eq!(one(&mut c, assigned("t", &[&[2, 3, 1]], &[])), "NONE");
    assert_eq!(c.show("t", 0), "Leader: 2 Isr: 2,3,1 Elr:  LastKnownElr: ");
    c.kill(2);
    let took = c.until("fenced", |c| !c.image().is_alive(2));
    assert!((8000..9300).contains(&took), "{took} ms");
    assert_eq!(c.show("t", 0), "Leader: 3 Isr: 3,1 Elr:  LastKnownElr: ");
    c.start(2, -1);
    c.until("back", |c| c.image().is_alive(2));
    assert_eq!(propose(&mut c, "t", &[3, 1, 2]), ErrorCode::None);
    assert_eq!(c.show("t", 0), "Leader: 3 Isr: 1,2,3 Elr:  LastKnownElr: ");
    assert_eq!(elect(&mut c, 0, "t", 0), "NONE");
    assert_eq!(c.show("t", 0), "Leader: 2 Isr: 1,2,3 Elr:  LastKnownElr: ");
    assert_eq!(elect(&mut c, 0, "t", 0), "ELECTION_NOT_NEEDED");
    assert_eq!(elect(&mut c, 0, "t", 7), "UNKNOWN_TOPIC_OR_PARTITION");
}

#[test]
fn a_controlled_shutdown_moves_leaders_at_once_and_lets_go() {
    let mut c = Cluster::new(1, 3);
    one(&mut c, assigned("t", &[&[1, 2], &[2, 1]], &[]));
    c.shut_down(2);
    let took = c.until("moved", |c| c.show("t", 1).starts_with("Leader: 1 "));
    assert!(took < 500, "{took} ms");
    let may_end = |c: &Cluster| c.broker(2).last_heartbeat.as_ref().is_some_and(|h| h.should_shut_down);
    assert!(c.until("may end", may_end) < 1500);
    let epoch = c.broker(2).epoch.unwrap();
    c.kill(2);
    assert!(!c.image().is_alive(2));
    c.start(2, epoch);
    assert!(c.until("back", |c| c.image().is_alive(2)) < 2000, "no session stands in the way");
    assert_eq!(c.show("t", 1), "Leader: 1 Isr: 1 Elr:  LastKnownElr: ");
}

#[test]
fn eligible_leader_replicas_after_crashes() {
    let mut c = Cluster::new(1, 3);
    one(&mut c, assigned("t", &[&[2, 3]], &[("min.insync.replicas", "2")]));
    c.kill(3);
    c.until("3 is fenced", |c| !c.image().is_alive(3));
    assert_eq!(c.show("t", 0), "Leader: 2 Isr: 2 Elr: 3 LastKnownElr: ");
    c.kill(2);
    c.until("2 is fenced", |c| !c.image().is_alive(2));
    assert_eq!(c.show("t", 0), "Leader: none Isr:  Elr: 2,3 LastKnownElr: 2");
    c.start(3, -1);
    c.until("3 is back", |c| c.image().is_alive(3));
    assert_eq!(c.show("t", 0), "Leader: none Isr:  Elr: 2 LastKnownElr: 2");
    c.start(2, -1);
    c.until("2 is back", |c| c.image().is_alive(2));
    assert_eq!(c.show("t", 0), "Leader: 2 Isr: 2 Elr:  LastKnownElr: ");
}

#[test]
fn offline_until_an_unclean_election() {
    let mut c = Cluster::new(1, 3);
    one(&mut c, assigned("t", &[&[2, 3]], &[]));
    for id in [2, 3] {
        c.kill(id);
        c.until("fenced", |c| !c.image().is_alive(id));
    }
    assert_eq!(c.show("t", 0), "Leader: none Isr:  Elr: 3 LastKnownElr: 3");
    assert_eq!(elect(&mut c, 1, "t", 0), "ELIGIBLE_LEADERS_NOT_AVAILABLE");
    c.start(2, -1);
    c.until("2 is back", |c| c.image().is_alive(2));
    assert_eq!(c.show("t", 0), "Leader: none Isr:  Elr: 3 LastKnownElr: 3");
    assert_eq!(elect(&mut c, 0, "t", 0), "PREFERRED_LEADER_NOT_AVAILABLE");
    assert_eq!(elect(&mut c, 1, "t", 0), "NONE");
    assert_eq!(c.show("t", 0), "Leader: 2 Isr: 2 Elr:  LastKnownElr: ");
}

#[test]
fn settings_and_their_refusals() {
    let mut c = Cluster::new(1, 1);
    one(&mut c, placed("orders", 1, 1));
    let topic = ConfigResource::Topic("orders".into());
    let cases = [
        (topic.clone(), "retention.ms", Some("60000"), "ok"),
        (
            topic.clone(),
            "retention.ms",
            Some("x"),
            "Invalid value x for configuration retention.ms: Not a number of type LONG",
        ),
        (topic.clone(), "retention", Some("1"), "Unknown topic config name: retention"),
        (topic.clone(), "nonsense", None, "ok"),
        (ConfigResource::Topic("payments".into()), "retention.ms", Some("1"), "The topic 'payments' does not exist."),
        (
            ConfigResource::Broker(1),
            "min.insync.replicas",
            Some("2"),
            "Broker-level min.insync.replicas cannot be altered while ELR is enabled.",
        ),
        (
            ConfigResource::DefaultBroker,
            "min.insync.replicas",
            None,
            "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.",
        ),
        (
            ConfigResource::Other(32, "g".into()),
            "session.timeout.ms",
            Some("1"),
            "Unknown group config name: session.timeout.ms",
        ),
    ];
    for (resource, key, value, expected) in cases {
        assert_eq!(set(&mut c, &resource, key, value), expected);
    }
    assert_eq!(c.image().config(&topic, "retention.ms"), Some("60000"));
    assert_eq!(set(&mut c, &topic, "retention.ms", None), "ok");
    assert_eq!(c.image().config(&topic, "retention.ms"), None);
}

#[test]
fn isr_proposals_are_checked() {
    let mut c = Cluster::new(1, 3);
    one(&mut c, assigned("t", &[&[1, 2, 3]], &[]));
    assert_eq!(propose(&mut c, "t", &[2, 3]), ErrorCode::InvalidRequest, "without the leader");
    assert_eq!(propose(&mut c, "t", &[1, 9]), ErrorCode::InvalidRequest, "no replica");
    c.kill(3);
    c.until("fenced", |c| !c.image().is_alive(3));
    assert_eq!(propose(&mut c, "t", &[1, 2, 3]), ErrorCode::IneligibleReplica);
}

#[test]
fn producer_ids_come_in_blocks() {
    let mut c = Cluster::new(1, 1);
    for first in [0, 1000] {
        let epoch = c.broker(1).epoch.unwrap();
        let request = AllocateProducerIdsRequest::default().with_broker_id(BrokerId(1)).with_broker_epoch(epoch);
        let ResponseKind::AllocateProducerIds(r) = c.ask(0, request.into(), false) else { panic!("another answer") };
        assert_eq!((r.producer_id_start.0, r.producer_id_len), (first, 1000));
    }
    let request = AllocateProducerIdsRequest::default().with_broker_id(BrokerId(1)).with_broker_epoch(3);
    let ResponseKind::AllocateProducerIds(r) = c.ask(0, request.into(), false) else { panic!("another answer") };
    assert_eq!(r.error_code, ErrorCode::StaleBrokerEpoch.code());
}

#[test]
fn the_quorum_describes_itself_and_brokers_can_be_unregistered() {
    let mut c = Cluster::new(3, 2);
    let topic = ottla_wire::messages::describe_quorum_request::TopicData::default();
    let request = DescribeQuorumRequest::default().with_topics(vec![topic]);
    let ResponseKind::DescribeQuorum(r) = c.ask(2, request.into(), true) else { panic!("another answer") };
    let partition = &r.topics[0].partitions[0];
    let ids = |states: &[ottla_wire::messages::describe_quorum_response::ReplicaState]| {
        states.iter().map(|state| state.replica_id.0).collect::<Vec<_>>()
    };
    assert_eq!((ids(&partition.current_voters), ids(&partition.observers)), (vec![11, 12, 13], vec![1, 2]));
    assert_eq!(r.nodes.len(), 3);
    c.kill(2);
    let request = UnregisterBrokerRequest::default().with_broker_id(BrokerId(2));
    let ResponseKind::UnregisterBroker(r) = c.ask(0, request.clone().into(), true) else { panic!("another answer") };
    assert_eq!(r.error_code, 0);
    assert!(c.image().broker(2).is_none());
    let ResponseKind::UnregisterBroker(r) = c.ask(0, request.into(), true) else { panic!("another answer") };
    assert_eq!(r.error_message.as_deref(), Some("Broker ID 2 is not currently registered"));
}

#[test]
fn a_controller_failover_keeps_brokers_and_topics() {
    let mut c = Cluster::new(3, 3);
    one(&mut c, placed("orders", 3, 3));
    let old = c.bench.active().unwrap().node_id;
    c.bench.signal(old, ottla_world::Signal::Kill);
    c.until("another one", |c| c.bench.active().is_some_and(|a| a.node_id != old));
    c.bench.run(12_000);
    assert_eq!(c.image().alive_brokers().count(), 3, "nobody is fenced by mistake");
    assert_eq!(one(&mut c, placed("payments", 1, 3)), "NONE");
    c.until("brokers know", |c| (1..=3).all(|id| c.broker(id).image.topic("payments").is_some()));
    let offset = c.broker(1).image.offset();
    assert!(offset > 0 && c.image().offset() >= offset);
}

#[test]
fn an_unclean_topic_setting_elects_by_itself() {
    let mut c = Cluster::new(1, 3);
    one(&mut c, assigned("t", &[&[2, 3]], &[("unclean.leader.election.enable", "true")]));
    for id in [2, 3] {
        c.kill(id);
        c.until("fenced", |c| !c.image().is_alive(id));
    }
    c.start(2, -1);
    c.until("2 is back", |c| c.image().is_alive(2));
    assert_eq!(c.show("t", 0), "Leader: 2 Isr: 2 Elr:  LastKnownElr: ");
}

#[test]
fn a_lower_min_isr_clears_the_elr() {
    let mut c = Cluster::new(1, 3);
    one(&mut c, assigned("t", &[&[1, 2, 3]], &[("min.insync.replicas", "3")]));
    c.kill(2);
    c.until("fenced", |c| !c.image().is_alive(2));
    assert_eq!(c.show("t", 0), "Leader: 1 Isr: 1,3 Elr: 2 LastKnownElr: ");
    let topic = ConfigResource::Topic("t".into());
    assert_eq!(set(&mut c, &topic, "min.insync.replicas", Some("2")), "ok");
    assert_eq!(c.show("t", 0), "Leader: 1 Isr: 1,3 Elr:  LastKnownElr: ");
}

#[test]
fn features_move_as_far_as_every_node_goes() {
    let mut c = Cluster::new(1, 2);
    let mut update = |name: &str, level: i16, upgrade_type: i8, validate_only: bool| {
        let key = FeatureUpdateKey::default().with_feature(str_bytes(name)).with_max_version_level(level);
        let request = UpdateFeaturesRequest::default()
            .with_feature_updates(vec![key.with_upgrade_type(upgrade_type)])
            .with_validate_only(validate_only);
        let ResponseKind::UpdateFeatures(response) = c.ask(1, request.into(), true) else { panic!("another answer") };
        let text = response.error_message.map(|text| text.to_string()).unwrap_or_default();
        let level = c.image().features().get(name).copied().unwrap_or(0);
        (level, text.rsplit_once("had an error: ").map_or(text.clone(), |(_, reason)| reason.to_owned()))
    };
    let fine = |level| (level, String::new());
    let refused = |level, reason: &str| (level, reason.to_owned());
    assert_eq!(update("transaction.version", 2, 1, false), fine(2));
    assert_eq!(update("transaction.version", 1, 2, true), fine(2));
    assert_eq!(
        update("transaction.version", 1, 1, false),
        refused(
            2,
            "Invalid update version 1 for feature transaction.version. Can't downgrade the version of this feature \
             without setting the upgrade type to either safe or unsafe downgrade."
        )
    );
    assert_eq!(update("transaction.version", 1, 2, false), fine(1));
    assert_eq!(update("transaction.version", 0, 2, false), fine(0));
    assert_eq!(
        update("transaction.version", 9, 1, false),
        refused(
            0,
            "Invalid update version 9 for feature transaction.version. Local controller 11 only supports versions 0-2"
        )
    );
    assert_eq!(
        update("teleport.version", 1, 1, false),
        refused(
            0,
            "Invalid update version 1 for feature teleport.version. Local controller 11 does not support this feature."
        )
    );
    assert_eq!(
        update("metadata.version", 25, 2, false),
        refused(
            30,
            "Invalid metadata.version 25. Refusing to perform the requested downgrade because it might delete metadata \
             information."
        )
    );
    assert_eq!(update("eligible.leader.replicas.version", 0, 2, false), fine(0));
    assert!(!c.image().elr_enabled());
}
