//! A mini world for the broker's tests: controllers, brokers, and a client that asks one question.
//!
//! Serves the suites of this folder. Invariant: everything goes over the wire.

#![allow(dead_code, reason = "each suite uses its part")]

use bytes::Bytes;
use ottla_broker::{BrokerConfig, BrokerNode, BrokerStateName, BrokerView, PartitionView};
use ottla_controller::{ControllerConfig, ControllerNode};
use ottla_records::{BatchBuilder, Batches, Compression, Limits, TimestampType};
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind, Uuid, decode_response, encode_request,
    messages::{
        CreateTopicsRequest, FetchRequest, ListOffsetsRequest, ProduceRequest,
        create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig},
        fetch_request::{FetchPartition, FetchTopic},
        fetch_response::PartitionData,
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        produce_request::{PartitionProduceData, TopicProduceData},
        produce_response::PartitionProduceResponse,
    },
    request_api_key, str_bytes, topic_name,
};
use ottla_world::{
    ConnectionId, Context, HostId, Input, Pid, Process, Signal, SpawnSpec, Stdio, Time, TraceEvent, World, WorldConfig,
};
use std::{any::Any, collections::BTreeMap};

/// Sends one request, keeps the answer.
#[derive(Clone, Debug)]
struct Ask {
    port: u16,
    frame: Bytes,
    connection: Option<ConnectionId>,
    answer: Option<Bytes>,
    closed: bool,
}

impl Process for Ask {
    fn name(&self) -> &str {
        "Ask"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Start => self.connection = Some(cx.connect("localhost", self.port)),
            Input::Connected { connection } => cx.send(connection, self.frame.clone()),
            Input::Frame { frame, .. } => self.answer = Some(frame),
            Input::Closed { .. } | Input::ConnectFailed { .. } => self.closed = true,
            _ => {}
        }
    }
    fn next_wakeup(&self) -> Option<Time> {
        None
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The world of a test.
pub struct Cluster {
    pub world: World,
    laptop: HostId,
    hosts: BTreeMap<i32, HostId>,
    pub pids: BTreeMap<i32, Pid>,
    voters: Vec<(i32, u16)>,
    settings: BTreeMap<String, String>,
    /// `broker.rack` of brokers 1, 2, 3…
    racks: Vec<String>,
}

/// Node 1 listens on 9092, node 11 on 9192, and so on.
pub fn port(node_id: i32) -> u16 {
    if node_id > 10 { 9181 + node_id as u16 } else { 9091 + node_id as u16 }
}

impl Cluster {
    /// A running cluster; `settings` are those of its brokers and controllers.
    pub fn start(controllers: i32, brokers: i32, settings: &[(&str, &str)]) -> Cluster {
        Cluster::start_with(controllers, brokers, settings, &[])
    }

    /// A running cluster with one controller whose brokers stand in these racks.
    pub fn start_in_racks(brokers: i32, settings: &[(&str, &str)], racks: &[&str]) -> Cluster {
        Cluster::start_with(1, brokers, settings, racks)
    }

    fn start_with(controllers: i32, brokers: i32, settings: &[(&str, &str)], racks: &[&str]) -> Cluster {
        let mut world = World::new(WorldConfig { seed: 7, ..WorldConfig::default() });
        world.watch();
        let laptop = world.add_host("laptop");
        let settings = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let voters = (11..11 + controllers).map(|id| (id, port(id))).collect();
        let mut cluster = Cluster {
            world,
            laptop,
            hosts: BTreeMap::new(),
            pids: BTreeMap::new(),
            voters,
            settings,
            racks: racks.iter().map(|r| (*r).to_owned()).collect(),
        };
        for id in (11..11 + controllers).chain(1..=brokers) {
            let kind = if id > 10 { "controller" } else { "broker" };
            let host = cluster.world.add_host(&format!("{kind}-{id}"));
            cluster.world.assign_port(port(id), host);
            cluster.hosts.insert(id, host);
            cluster.start_node(id);
        }
        cluster.until("all brokers are unfenced", 30_000, |c| {
            (1..=brokers).all(|id| c.view(id).is_some_and(|v| v.state == BrokerStateName::Running))
        });
        cluster
    }

    /// Starts a node, anew if it ran before.
    pub fn start_node(&mut self, id: i32) {
        let (cluster_id, log_dir) = ("MkU3OEVBNTcwNTJENDM2Qk".to_owned(), format!("node-{id}"));
        let (voters, mut settings) = (self.voters.clone(), self.settings.clone());
        if let Some(rack) = usize::try_from(id - 1).ok().and_then(|n| self.racks.get(n)) {
            settings.insert("broker.rack".to_owned(), rack.clone());
        }
        let process: Box<dyn Process> = if id > 10 {
            Box::new(ControllerNode::new(ControllerConfig { node_id: id, cluster_id, voters, log_dir, settings }))
        } else {
            Box::new(BrokerNode::new(BrokerConfig {
                node_id: id,
                port: port(id),
                cluster_id,
                voters,
                log_dir,
                settings,
            }))
        };
        let spec = SpawnSpec {
            process,
            host: self.hosts[&id],
            stdio: Stdio::null(),
            command: "kafka.Kafka".to_owned(),
            reads_stdin: false,
            delay_us: 1000,
        };
        let pid = self.world.spawn(spec);
        self.pids.insert(id, pid);
    }

    pub fn host(&self, id: i32) -> HostId {
        self.hosts[&id]
    }

    pub fn signal(&mut self, id: i32, signal: Signal) {
        self.world.signal(self.pids[&id], signal);
    }

    pub fn view(&self, id: i32) -> Option<BrokerView> {
        self.world.process::<BrokerNode>(self.pids[&id]).map(BrokerNode::view)
    }

    pub fn partition(&self, id: i32, topic: &str, partition: i32) -> PartitionView {
        let view = self.view(id).expect("the broker runs");
        let found = view.partitions.into_iter().find(|p| p.topic == topic && p.partition == partition);
        found.expect("the broker has the partition")
    }

    pub fn run_ms(&mut self, ms: u64) {
        let until = self.world.now().plus_millis(ms);
        self.world.run_until(until);
    }

    /// Runs until a condition holds.
    pub fn until(&mut self, what: &str, limit_ms: u64, condition: impl Fn(&Cluster) -> bool) {
        let limit = self.world.now().plus_millis(limit_ms);
        while !condition(self) {
            if self.world.now() >= limit {
                panic!("not within {limit_ms} ms: {what}\n{}", self.notes());
            }
            self.run_ms(20);
        }
    }

    /// What the nodes noted since the last time.
    pub fn notes(&mut self) -> String {
        let mut text = String::new();
        for event in self.world.take_trace() {
            if let TraceEvent::Note { at, pid, text: note } = event {
                let node = self.pids.iter().find(|(_, p)| **p == pid).map_or(0, |(id, _)| *id);
                text.push_str(&format!("{:>9} ms  node {node}: {note}\n", at.as_millis()));
            }
        }
        text
    }

    /// Sends a frame; the answer's frame, or nothing if the connection was closed.
    pub fn ask_frame(&mut self, node_id: i32, frame: Bytes) -> Option<Bytes> {
        let ask = Ask { port: port(node_id), frame, connection: None, answer: None, closed: false };
        let spec = SpawnSpec {
            process: Box::new(ask),
            host: self.laptop,
            stdio: Stdio::null(),
            command: "ask".to_owned(),
            reads_stdin: false,
            delay_us: 0,
        };
        let pid = self.world.spawn(spec);
        let limit = self.world.now().plus_millis(60_000);
        loop {
            self.run_ms(1);
            let ask = self.world.process::<Ask>(pid).expect("it never ends");
            if ask.answer.is_some() || ask.closed {
                let answer = ask.answer.clone();
                self.world.signal(pid, Signal::Kill);
                return answer;
            }
            assert!(self.world.now() < limit, "no answer in a minute");
        }
    }

    /// Sends a request.
    pub fn ask(&mut self, node_id: i32, version: i16, body: &RequestKind) -> ResponseKind {
        let frame = encode_request(version, 5, Some("test"), body).expect("it can be written");
        let answer = self.ask_frame(node_id, frame).expect("it is answered");
        let (correlation_id, response) =
            decode_response(request_api_key(body), version, &answer).expect("the answer can be read");
        assert_eq!(correlation_id, 5);
        response
    }

    /// Creates a topic and waits until all its leaders lead.
    pub fn create(&mut self, name: &str, partitions: i32, replicas: i16, configs: &[(&str, &str)]) -> Uuid {
        let config = |(key, value): &(&str, &str)| {
            CreatableTopicConfig::default().with_name(str_bytes(key)).with_value(Some(str_bytes(value)))
        };
        let topic = CreatableTopic::default()
            .with_name(topic_name(name))
            .with_num_partitions(partitions)
            .with_replication_factor(replicas)
            .with_configs(configs.iter().map(config).collect());
        let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000);
        let response = self.ask(self.any(), 7, &RequestKind::CreateTopics(request));
        let ResponseKind::CreateTopics(response) = response else { panic!("{response:?}") };
        assert_eq!(ErrorCode::from_code(response.topics[0].error_code), ErrorCode::None, "{response:?}");
        let id = response.topics[0].topic_id;
        self.until("the topic has leaders", 5000, |c| {
            (0..partitions).all(|p| {
                let all = c.running().into_iter().filter_map(|id| c.view(id));
                all.flat_map(|v| v.partitions)
                    .any(|v| v.topic == name && v.partition == p && v.role == ottla_broker::ReplicaRole::Leader)
            })
        });
        id
    }

    /// Creates a topic with one partition on these brokers, and waits until the first leads.
    pub fn create_at(&mut self, name: &str, replicas: &[i32]) -> Uuid {
        let ids = replicas.iter().map(|id| (*id).into()).collect();
        let assignment = CreatableReplicaAssignment::default().with_broker_ids(ids);
        let topic = CreatableTopic::default()
            .with_name(topic_name(name))
            .with_num_partitions(-1)
            .with_replication_factor(-1)
            .with_assignments(vec![assignment]);
        let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000);
        let response = self.ask(self.any(), 7, &RequestKind::CreateTopics(request));
        let ResponseKind::CreateTopics(response) = response else { panic!("{response:?}") };
        assert_eq!(ErrorCode::from_code(response.topics[0].error_code), ErrorCode::None, "{response:?}");
        self.until("it leads", 5000, |c| c.leader(name, 0) == replicas[0]);
        self.run_ms(600);
        response.topics[0].topic_id
    }

    fn running(&self) -> Vec<i32> {
        self.pids.iter().filter(|(id, pid)| **id < 10 && self.world.is_alive(**pid)).map(|(id, _)| *id).collect()
    }

    fn any(&self) -> i32 {
        self.running()[0]
    }

    /// The leader of a partition, as the brokers' metadata has it.
    pub fn leader(&self, topic: &str, partition: i32) -> i32 {
        let view = self.view(self.any()).expect("it runs");
        view.metadata.partition(topic, partition).map_or(-1, |p| p.leader)
    }

    /// Produces one batch of values.
    pub fn produce(
        &mut self,
        node_id: i32,
        topic: &str,
        partition: i32,
        values: &[&str],
        acks: i16,
    ) -> PartitionProduceResponse {
        let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
        let timestamp = self.world.wall_ms(self.laptop);
        values.iter().for_each(|value| builder.append(timestamp, None, Some(value.as_bytes()), &[]));
        self.produce_batch(node_id, topic, partition, builder.build(0, -1), acks)
    }

    /// Produces one batch.
    pub fn produce_batch(
        &mut self,
        node_id: i32,
        topic: &str,
        partition: i32,
        batch: Bytes,
        acks: i16,
    ) -> PartitionProduceResponse {
        let data = PartitionProduceData::default().with_index(partition).with_records(Some(batch));
        let data = TopicProduceData::default().with_name(topic_name(topic)).with_partition_data(vec![data]);
        let request = ProduceRequest::default().with_acks(acks).with_timeout_ms(1500).with_topic_data(vec![data]);
        let response = self.ask(node_id, 9, &RequestKind::Produce(request));
        let ResponseKind::Produce(response) = response else { panic!("{response:?}") };
        response.responses[0].partition_responses[0].clone()
    }

    /// Fetches once, as a consumer.
    pub fn fetch(&mut self, node_id: i32, topic: Uuid, partition: i32, offset: i64) -> PartitionData {
        let wanted = FetchPartition::default()
            .with_partition(partition)
            .with_fetch_offset(offset)
            .with_partition_max_bytes(1 << 20);
        let request = FetchRequest::default()
            .with_max_wait_ms(500)
            .with_min_bytes(1)
            .with_max_bytes(1 << 20)
            .with_session_epoch(-1)
            .with_topics(vec![FetchTopic::default().with_topic_id(topic).with_partitions(vec![wanted])]);
        let response = self.ask(node_id, 17, &RequestKind::Fetch(request));
        let ResponseKind::Fetch(response) = response else { panic!("{response:?}") };
        assert_eq!(response.error_code, 0);
        response.responses[0].partitions[0].clone()
    }

    /// The values from the start of a partition.
    pub fn values(&mut self, node_id: i32, topic: Uuid, partition: i32) -> Vec<String> {
        let data = self.fetch(node_id, topic, partition, 0);
        assert_eq!(ErrorCode::from_code(data.error_code), ErrorCode::None);
        values_of(data.records.unwrap_or_default())
    }

    /// An offset by timestamp, -1 for the latest.
    pub fn offset(&mut self, node_id: i32, topic: &str, partition: i32, timestamp: i64) -> Result<i64, ErrorCode> {
        let wanted = ListOffsetsPartition::default().with_partition_index(partition).with_timestamp(timestamp);
        let topic = ListOffsetsTopic::default().with_name(topic_name(topic)).with_partitions(vec![wanted]);
        let request = ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic]);
        let response = self.ask(node_id, 7, &RequestKind::ListOffsets(request));
        let ResponseKind::ListOffsets(response) = response else { panic!("{response:?}") };
        let row = &response.topics[0].partitions[0];
        let error = ErrorCode::from_code(row.error_code);
        if error.is_none() { Ok(row.offset) } else { Err(error) }
    }
}

/// The values of some batches.
pub fn values_of(records: Bytes) -> Vec<String> {
    let batches = Batches::new(records).map(|batch| batch.expect("whole batches"));
    let records = batches.flat_map(|batch| batch.records(&Limits::default()).expect("sound records"));
    records.map(|r| String::from_utf8(r.value.unwrap_or_default().to_vec()).expect("text")).collect()
}
