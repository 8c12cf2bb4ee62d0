//! What was seen on a real cluster when brokers died, stopped and came back, told step by step to one controller.
//!
//! Each story is a partition (replicas, min ISR), steps, and after each step what `kafka-topics --describe` showed:
//! `leader isr|elr|last known elr`. `observed/failures.md` has the recordings they come from.

use super::*;
use crate::config::ControllerConfig;
use crate::image::MetadataImage;
use crate::record::{self, MetadataRecord};
use ottla_wire::messages::alter_partition_request as alter;
use ottla_wire::messages::assign_replicas_to_dirs_request as dirs;
use ottla_wire::messages::broker_registration_request::Listener;
use ottla_wire::messages::elect_leaders_request::TopicPartitions;
use ottla_wire::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_wire::messages::{
    AlterPartitionRequest, AssignReplicasToDirsRequest, BrokerHeartbeatRequest, BrokerRegistrationRequest,
    ElectLeadersRequest, IncrementalAlterConfigsRequest,
};
use ottla_wire::{BrokerId, str_bytes, topic_name};
use ottla_world::Time;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

const TOPIC: Uuid = Uuid::from_u128(500);

struct Cluster {
    controller: Controller,
    lives: u128,
}

impl Cluster {
    fn new(replicas: &[i32], min_isr: &str) -> Cluster {
        let config = ControllerConfig {
            node_id: 11,
            cluster_id: "c".into(),
            voters: vec![(11, 9192)],
            log_dir: "node-11".into(),
            settings: BTreeMap::new(),
        };
        let controller = Controller::new(&config, Arc::new(MetadataImage::default()), Time::ZERO);
        let mut cluster = Cluster { controller, lives: 0 };
        cluster.apply(vec![
            MetadataRecord::FeatureLevel(record::FeatureLevel {
                name: "eligible.leader.replicas.version".into(),
                feature_level: 1,
            }),
            setting(4, "", min_isr),
        ]);
        (1..=3).for_each(|id| cluster.start(id, -1));
        cluster.apply(vec![
            MetadataRecord::Topic(record::Topic { name: "t".into(), topic_id: TOPIC }),
            MetadataRecord::Partition(record::Partition {
                topic_id: TOPIC,
                replicas: replicas.to_vec(),
                isr: replicas.to_vec(),
                leader: replicas[0],
                directories: vec![Uuid::nil(); replicas.len()],
                ..Default::default()
            }),
        ]);
        cluster
    }

    fn apply(&mut self, records: Vec<MetadataRecord>) {
        for record in records {
            let offset = self.controller.image().offset() + 1;
            self.controller.replay(Time::ZERO, offset, &record);
        }
    }

    fn epoch(&self, id: i32) -> i64 {
        self.controller.image().broker(id).map_or(-1, |broker| broker.epoch)
    }

    /// A new life of a broker: registration and the heartbeat that unfences it.
    fn start(&mut self, id: i32, previous_epoch: i64) {
        self.lives += 1;
        let request = BrokerRegistrationRequest::default()
            .with_broker_id(BrokerId(id))
            .with_cluster_id(str_bytes("c"))
            .with_incarnation_id(Uuid::from_u128(self.lives))
            .with_listeners(vec![Listener::default().with_host(str_bytes("localhost")).with_port(9091 + id as u16)])
            .with_log_dirs(vec![Uuid::from_u128(1000 + id as u128)])
            .with_previous_broker_epoch(previous_epoch);
        let next = self.controller.image().offset() + 1;
        let result = self.controller.register_broker(Time::ZERO, &request, next).unwrap();
        self.apply(result.records);
        self.heartbeat(id, false);
    }

    fn heartbeat(&mut self, id: i32, want_shut_down: bool) -> HeartbeatReply {
        let offset = self.controller.image().offset();
        let request = BrokerHeartbeatRequest::default()
            .with_broker_id(BrokerId(id))
            .with_broker_epoch(self.epoch(id))
            .with_current_metadata_offset(offset)
            .with_want_shut_down(want_shut_down);
        let ControllerResult { records, response } = self.controller.broker_heartbeat(&request).unwrap();
        self.apply(records);
        let end = self.controller.image().offset();
        self.controller.heartbeats_mut().touch(Time::ZERO, id, response.is_fenced, offset);
        if response.in_controlled_shutdown {
            self.controller.heartbeats_mut().begin_controlled_shutdown(id, end);
        }
        response
    }

    /// A clean stop: heartbeats until the controller lets it go.
    fn stop(&mut self, id: i32) {
        for _ in 0..3 {
            if self.heartbeat(id, true).should_shut_down {
                return;
            }
            let others: Vec<i32> =
                (1..=3).filter(|other| *other != id && self.controller.image().is_alive(*other)).collect();
            for other in others {
                self.heartbeat(other, false);
            }
        }
        panic!("broker {id} is not let go");
    }

    fn in_sync(&mut self, isr: &str) {
        let partition = self.controller.image().partition("t", 0).unwrap().clone();
        let state = |id: &str| {
            let id: i32 = id.parse().unwrap();
            alter::BrokerState::default().with_broker_id(BrokerId(id)).with_broker_epoch(self.epoch(id))
        };
        let data = alter::PartitionData::default()
            .with_leader_epoch(partition.leader_epoch)
            .with_partition_epoch(partition.partition_epoch)
            .with_new_isr_with_epochs(isr.split(',').map(state).collect());
        let request = AlterPartitionRequest::default()
            .with_broker_id(BrokerId(partition.leader))
            .with_broker_epoch(self.epoch(partition.leader))
            .with_topics(vec![alter::TopicData::default().with_topic_id(TOPIC).with_partitions(vec![data])]);
        let result = self.controller.alter_partition(&request, 3).unwrap();
        assert_eq!(result.response.topics[0].partitions[0].error_code, 0);
        self.apply(result.records);
    }

    /// The election's error code.
    fn elect(&mut self, election_type: i8) -> i16 {
        let topic = TopicPartitions::default().with_topic(topic_name("t")).with_partitions(vec![0]);
        let request =
            ElectLeadersRequest::default().with_election_type(election_type).with_topic_partitions(Some(vec![topic]));
        let result = self.controller.elect_leaders(&request).unwrap();
        self.apply(result.records);
        result.response.replica_election_results[0].partition_result[0].error_code
    }

    fn set(&mut self, key: &str, value: &str) {
        let config = AlterableConfig::default().with_name(str_bytes(key)).with_value(Some(str_bytes(value)));
        let resource = AlterConfigsResource::default().with_resource_type(2).with_resource_name(str_bytes("t"));
        let request =
            IncrementalAlterConfigsRequest::default().with_resources(vec![resource.with_configs(vec![config])]);
        let result = self.controller.incremental_alter_configs(&request);
        assert_eq!(result.response.responses[0].error_code, 0);
        self.apply(result.records);
    }

    fn shown(&self) -> String {
        let p = self.controller.image().partition("t", 0).unwrap();
        let text = |ids: &[i32]| ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
        format!("{} {}|{}|{}", p.leader, text(&p.isr), text(&p.elr), text(&p.last_known_elr))
    }

    /// One step, such as `kill 2`; what came of it.
    fn step(&mut self, step: &str) -> String {
        let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
        let id = || rest.parse::<i32>().unwrap();
        match verb {
            "kill" => {
                let mut records = Vec::new();
                self.controller.fence_broker(id(), &mut records);
                self.apply(records);
            }
            "stop" => self.stop(id()),
            // After a kill there is no marker of a clean shutdown; after a stop it has the last epoch.
            "restart-after-kill" => self.start(id(), -1),
            "restart-after-stop" => self.start(id(), self.epoch(id())),
            "in-sync" => self.in_sync(rest),
            "preferred" | "unclean" => {
                let code = self.elect(i8::from(verb == "unclean"));
                if code != 0 {
                    return format!("error {code}");
                }
            }
            "set" => {
                let (key, value) = rest.split_once('=').unwrap();
                self.set(key, value);
            }
            "balance" => {
                let result = self.controller.balance_leaders();
                self.apply(result.records);
            }
            "unclean-by-clock" => {
                let result = self.controller.elect_unclean_leaders();
                self.apply(result.records);
            }
            other => panic!("no step {other}"),
        }
        self.shown()
    }
}

fn setting(resource_type: i8, resource_name: &str, min_isr: &str) -> MetadataRecord {
    MetadataRecord::Config(record::Config {
        resource_type,
        resource_name: resource_name.into(),
        name: "min.insync.replicas".into(),
        value: Some(min_isr.into()),
    })
}

type Story = (&'static str, &'static [i32], &'static str, &'static [(&'static str, &'static str)]);

const STORIES: &[Story] = &[
    // (1) The controller's own shrink keeps the order; a leader's proposal comes ascending.
    (
        "shrink and rejoin",
        &[2, 3, 1],
        "1",
        &[
            ("kill 2", "3 3,1||"),
            ("restart-after-kill 2", "3 3,1||"),
            ("in-sync 1,2,3", "3 1,2,3||"),
            ("preferred", "2 1,2,3||"),
            ("preferred", "error 84"),
        ],
    ),
    (
        "controlled shutdown",
        &[2, 3, 1],
        "1",
        &[
            ("stop 2", "3 3,1||"),
            ("restart-after-stop 2", "3 3,1||"),
            ("in-sync 1,2,3", "3 1,2,3||"),
            ("balance", "2 1,2,3||"),
        ],
    ),
    // (2) One replica: both columns hold it, and after a crash the last known leader is taken.
    ("a single replica, killed", &[2], "1", &[("kill 2", "-1 |2|2"), ("restart-after-kill 2", "2 2||")]),
    ("a single replica, stopped", &[2], "1", &[("stop 2", "-1 |2|2"), ("restart-after-stop 2", "2 2||")]),
    // (3) Only the one that made the ISR too small is eligible.
    (
        "below min ISR with a live leader",
        &[1, 2, 3],
        "2",
        &[("kill 3", "1 1,2||"), ("kill 2", "1 1|2|"), ("restart-after-kill 2", "1 1||"), ("in-sync 1,2", "1 1,2||")],
    ),
    // (3b) Crashes cost eligibility.
    (
        "eligible leader replicas, crashed",
        &[2, 3],
        "2",
        &[
            ("kill 3", "2 2|3|"),
            ("kill 2", "-1 |2,3|2"),
            ("restart-after-kill 3", "-1 |2|2"),
            ("restart-after-kill 2", "2 2||"),
            ("in-sync 2,3", "2 2,3||"),
        ],
    ),
    (
        "eligible leader replicas, stopped",
        &[2, 3],
        "2",
        &[
            ("stop 2", "3 3|2|"),
            ("stop 3", "-1 |2,3|3"),
            ("restart-after-stop 3", "3 3|2|"),
            ("restart-after-stop 2", "3 3|2|"),
            ("in-sync 2,3", "3 2,3||"),
        ],
    ),
    // (3c) Nobody but the eligible one, unless asked uncleanly, or the topic allows it.
    (
        "offline until the eligible one returns",
        &[1, 3],
        "1",
        &[
            ("kill 1", "3 3||"),
            ("kill 3", "-1 |3|3"),
            ("restart-after-kill 1", "-1 |3|3"),
            ("unclean", "1 1||"),
            ("unclean", "error 84"),
        ],
    ),
    (
        "no live replica to elect",
        &[3],
        "1",
        &[("kill 3", "-1 |3|3"), ("unclean", "error 83"), ("preferred", "error 80")],
    ),
    (
        "unclean by the topic's setting",
        &[1, 3],
        "1",
        &[
            ("set unclean.leader.election.enable=true", "1 1,3||"),
            ("kill 1", "3 3||"),
            ("kill 3", "-1 |3|3"),
            ("restart-after-kill 1", "1 1||"),
        ],
    ),
    (
        "unclean by a setting that comes later",
        &[1, 3],
        "1",
        &[
            ("kill 1", "3 3||"),
            ("kill 3", "-1 |3|3"),
            ("restart-after-kill 1", "-1 |3|3"),
            ("set unclean.leader.election.enable=true", "-1 |3|3"),
            ("unclean-by-clock", "1 1||"),
        ],
    ),
    // (23) Another min ISR clears the ELR.
    ("a setting clears the ELR", &[1, 2, 3], "3", &[("kill 2", "1 1,3|2|"), ("set min.insync.replicas=2", "1 1,3||")]),
];

#[test]
fn what_real_clusters_did() {
    for (name, replicas, min_isr, steps) in STORIES {
        let mut cluster = Cluster::new(replicas, min_isr);
        for (step, expected) in *steps {
            assert_eq!(cluster.step(step), *expected, "{name}: {step}");
        }
    }
}

#[test]
fn a_cleared_elr_is_a_change_of_the_partition() {
    let mut cluster = Cluster::new(&[1, 2], "2");
    cluster.step("kill 2");
    let before = cluster.controller.image().partition("t", 0).unwrap().partition_epoch;
    cluster.step("set min.insync.replicas=1");
    assert_eq!(cluster.controller.image().partition("t", 0).unwrap().partition_epoch, before + 1);
}

#[test]
fn a_lost_directory_takes_its_replicas_with_it() {
    let mut cluster = Cluster::new(&[1, 2], "1");
    let assign = |cluster: &mut Cluster, id: i32, directory: u128| {
        let partition = dirs::PartitionData::default().with_partition_index(0);
        let topic = dirs::TopicData::default().with_topic_id(TOPIC).with_partitions(vec![partition]);
        let directory = dirs::DirectoryData::default().with_id(Uuid::from_u128(directory)).with_topics(vec![topic]);
        let request = AssignReplicasToDirsRequest::default()
            .with_broker_id(BrokerId(id))
            .with_broker_epoch(cluster.epoch(id))
            .with_directories(vec![directory]);
        let result = cluster.controller.assign_replicas_to_dirs(&request).unwrap();
        cluster.apply(result.records);
        (result.response.directories[0].topics[0].partitions[0].error_code, cluster.shown())
    };
    assert_eq!(assign(&mut cluster, 1, 1001), (0, "1 1,2||".to_owned()));
    assert_eq!(assign(&mut cluster, 2, 1002), (0, "1 1,2||".to_owned()));
    assert_eq!(assign(&mut cluster, 3, 1003).0, 6, "it has no replica of it");
    let directories = |cluster: &Cluster| cluster.controller.image().partition("t", 0).unwrap().directories.clone();
    assert_eq!(directories(&cluster), [Uuid::from_u128(1001), Uuid::from_u128(1002)]);
    let lose = |cluster: &mut Cluster, directory: u128| {
        let request = BrokerHeartbeatRequest::default()
            .with_broker_id(BrokerId(1))
            .with_broker_epoch(cluster.epoch(1))
            .with_current_metadata_offset(cluster.controller.image().offset())
            .with_offline_log_dirs(vec![Uuid::from_u128(directory)]);
        let records = cluster.controller.broker_heartbeat(&request).unwrap().records;
        let count = records.len();
        cluster.apply(records);
        (count, cluster.shown())
    };
    assert_eq!(lose(&mut cluster, 77), (0, "1 1,2||".to_owned()), "none of its own");
    assert_eq!(lose(&mut cluster, 1001), (2, "2 2||".to_owned()));
    // A directory that is offline is none to lie in.
    assert_eq!(cluster.step("preferred"), "error 80");
}
