//! Producer, consumer and admin client against real brokers and a real controller: what a record goes through, and what
//! clients do when brokers die. Serves the whole engine as its first proof that clients and servers understand each other.

use bytes::Bytes;
use ottla_broker::{BrokerConfig, BrokerNode};
use ottla_client::{
    Admin, AdminEvent, AdminRequest, AdminResponse, Consumer, ConsumerEvent, ConsumerRecord, JavaError, LogLine,
    NewTopic, OffsetSpec, Producer, ProducerEvent, ProducerRecord, TopicPartition,
};
use ottla_controller::{ControllerConfig, ControllerNode};
use ottla_world::{Context, Fault, HostId, Input, Pid, Process, Signal, SpawnSpec, Stdio, Time, World, WorldConfig};
use std::any::Any;
use std::collections::BTreeMap;

/// The clients of a test in one process, with what they said.
#[derive(Clone, Debug, Default)]
struct Tool {
    producer: Option<Producer>,
    consumer: Option<Consumer>,
    admin: Option<Admin>,
    /// Records to send, by milliseconds.
    script: Vec<(u64, ProducerRecord)>,
    questions: Vec<AdminRequest>,
    close_at_ms: Option<u64>,
    delivered: Vec<ProducerEvent>,
    records: Vec<ConsumerRecord>,
    events: Vec<ConsumerEvent>,
    answers: Vec<AdminEvent>,
    log: Vec<LogLine>,
}

impl Process for Tool {
    fn name(&self) -> &str {
        "Tool"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        let now_ms = cx.now().as_millis();
        let closes = self.close_at_ms.take_if(|at| *at <= now_ms).is_some();
        if let Some(producer) = &mut self.producer {
            producer.handle(cx, &input);
            while self.script.first().is_some_and(|(at, _)| *at <= now_ms) {
                producer.send(cx, self.script.remove(0).1);
            }
            producer.poll(cx);
            self.delivered.extend(producer.take_events());
            self.log.extend(producer.take_log());
        }
        if let Some(consumer) = &mut self.consumer {
            consumer.handle(cx, &input);
            if closes {
                consumer.close(cx);
            }
            consumer.poll(cx);
            self.records.extend(consumer.poll_records(cx));
            self.events.extend(consumer.take_events());
            self.log.extend(consumer.take_log());
        }
        if let Some(admin) = &mut self.admin {
            admin.handle(cx, &input);
            self.questions.drain(..).for_each(|question| {
                admin.call(cx, question);
            });
            admin.poll(cx);
            self.answers.extend(admin.take_events());
            self.log.extend(admin.take_log());
        }
    }
    fn next_wakeup(&self) -> Option<Time> {
        let own =
            [self.script.first().map(|(at, _)| *at), self.close_at_ms].into_iter().flatten().map(Time::from_millis);
        let producer = self.producer.as_ref().and_then(Producer::next_wakeup);
        let consumer = self.consumer.as_ref().and_then(Consumer::next_wakeup);
        let admin = self.admin.as_ref().and_then(Admin::next_wakeup);
        own.chain([producer, consumer, admin].into_iter().flatten()).min()
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Tool {
    fn values(&self) -> Vec<String> {
        let text = |r: &ConsumerRecord| String::from_utf8_lossy(r.value.as_deref().unwrap_or_default()).into_owned();
        self.records.iter().map(text).collect()
    }

    fn failures(&self) -> Vec<&JavaError> {
        let mut errors = Vec::new();
        for event in &self.delivered {
            if let ProducerEvent::Failed { error, .. } = event {
                errors.push(error);
            }
        }
        errors
    }
}

/// Three brokers, one controller, a laptop.
struct Cluster {
    world: World,
    brokers: BTreeMap<i32, Pid>,
    laptop: HostId,
}

fn spec(process: impl Process + 'static, host: HostId) -> SpawnSpec {
    let command = process.name().to_owned();
    let process = Box::new(process);
    SpawnSpec { process, host, stdio: Stdio::null(), command, reads_stdin: false, delay_us: 0 }
}

impl Cluster {
    /// Up for ten seconds.
    fn start() -> Cluster {
        let mut world = World::new(WorldConfig::default());
        let cluster_id = "MkU3OEVBNTcwNTJENDM2Qg".to_owned();
        let voters = vec![(11, 9192)];
        let settings = BTreeMap::from([("group.initial.rebalance.delay.ms".to_owned(), "0".to_owned())]);
        let host = world.add_host("controller-11");
        world.assign_port(9192, host);
        world.spawn(spec(
            ControllerNode::new(ControllerConfig {
                node_id: 11,
                cluster_id: cluster_id.clone(),
                voters: voters.clone(),
                log_dir: "node-11".to_owned(),
                settings: settings.clone(),
            }),
            host,
        ));
        let mut brokers = BTreeMap::new();
        for id in 1..=3 {
            let (host, port) = (world.add_host(&format!("broker-{id}")), 9091 + u16::try_from(id).unwrap());
            world.assign_port(port, host);
            let config = BrokerConfig {
                node_id: id,
                port,
                cluster_id: cluster_id.clone(),
                voters: voters.clone(),
                log_dir: format!("node-{id}"),
                settings: settings.clone(),
            };
            brokers.insert(id, world.spawn(spec(BrokerNode::new(config), host)));
        }
        let laptop = world.add_host("laptop");
        let mut cluster = Cluster { world, brokers, laptop };
        cluster.until_s(10);
        cluster
    }

    fn until_s(&mut self, seconds: u64) {
        self.world.run_until(Time::from_millis(seconds * 1000));
    }

    fn run(&mut self, tool: Tool) -> Pid {
        self.world.spawn(spec(tool, self.laptop))
    }

    fn tool(&self, pid: Pid) -> &Tool {
        self.world.process(pid).unwrap()
    }

    fn kill(&mut self, broker: i32) {
        self.world.cause(&Fault::Signal { pid: self.brokers[&broker], signal: Signal::Kill });
    }

    /// Asks, and waits for the answer.
    fn ask(&mut self, question: AdminRequest, seconds: u64) -> Result<AdminResponse, JavaError> {
        let admin = Some(Admin::new(&settings(&[])).unwrap());
        let pid = self.run(Tool { admin, questions: vec![question], ..Tool::default() });
        let until = self.world.now().plus_millis(seconds * 1000);
        self.world.run_until(until);
        let tool = self.tool(pid);
        let answer = tool.answers.first().unwrap_or_else(|| panic!("no answer; {:?}", tool.log)).result.clone();
        self.world.signal(pid, Signal::Kill);
        answer
    }

    fn create(&mut self, name: &str, partitions: i32) {
        let topic = NewTopic {
            name: name.to_owned(),
            partitions: Some(partitions),
            replication_factor: Some(3),
            ..NewTopic::default()
        };
        let answer = self.ask(AdminRequest::CreateTopics { topics: vec![topic], validate_only: false }, 2);
        let Ok(AdminResponse::TopicsCreated(each)) = answer else { panic!("{answer:?}") };
        assert!(each[name].is_ok(), "{each:?}");
    }
}

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut map =
        BTreeMap::from([("bootstrap.servers".to_owned(), "localhost:9092,localhost:9093,localhost:9094".to_owned())]);
    map.extend(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    map
}

fn producing(topic: &str, script: &[(u64, &str)]) -> Tool {
    let record = |(at, value): &(u64, &str)| {
        let bytes = Some(Bytes::copy_from_slice(value.as_bytes()));
        (*at, ProducerRecord { topic: topic.into(), key: bytes.clone(), value: bytes, ..ProducerRecord::default() })
    };
    let producer = Some(Producer::new(&settings(&[("client.id", "console-producer")])).unwrap());
    Tool { producer, script: script.iter().map(record).collect(), ..Tool::default() }
}

fn consuming(topic: &str, group: &str) -> Tool {
    let pairs = [("group.id", group), ("auto.offset.reset", "earliest"), ("client.id", "console-consumer")];
    let mut consumer = Consumer::new(&settings(&pairs)).unwrap();
    consumer.subscribe(&[topic.to_owned()]).unwrap();
    Tool { consumer: Some(consumer), ..Tool::default() }
}

#[test]
fn a_record_goes_through_and_its_offset_is_committed() {
    let mut cluster = Cluster::start();
    cluster.create("orders", 3);
    let producer = cluster.run(producing("orders", &[(0, "a"), (0, "b"), (0, "c"), (15_000, "d")]));
    let mut tool = consuming("orders", "billing");
    tool.close_at_ms = Some(25_000);
    let consumer = cluster.run(tool);
    cluster.until_s(20);
    assert_eq!(cluster.tool(producer).delivered.len(), 4, "{:?}", cluster.tool(producer));
    assert!(cluster.tool(producer).failures().is_empty());
    let mut values = cluster.tool(consumer).values();
    values.sort();
    assert_eq!(values, ["a", "b", "c", "d"], "{:?}", cluster.tool(consumer).log);
    cluster.until_s(26);
    assert!(cluster.tool(consumer).consumer.as_ref().unwrap().is_closed());
    let question =
        AdminRequest::ListConsumerGroupOffsets { group: "billing".into(), partitions: None, require_stable: false };
    let Ok(AdminResponse::GroupOffsets(offsets)) = cluster.ask(question, 2) else { panic!() };
    let total: i64 = offsets.values().flatten().map(|o| o.offset).sum();
    assert_eq!((offsets.len(), total), (3, 4));
}

#[test]
fn a_missing_topic_is_made_by_the_first_record() {
    let mut cluster = Cluster::start();
    let producer = cluster.run(producing("new_topic", &[(0, "hello")]));
    cluster.until_s(15);
    let tool = cluster.tool(producer);
    assert!(matches!(tool.delivered[..], [ProducerEvent::Delivered { offset: 0, .. }]), "{:?}", tool.delivered);
    assert!((1..=2).contains(&tool.log.len()), "{:?}", tool.log);
    assert!(tool.log[0].text.ends_with("with correlation id 1 : {new_topic=UNKNOWN_TOPIC_OR_PARTITION}"));
}

#[test]
fn two_members_share_and_the_one_that_stays_takes_all() {
    let mut cluster = Cluster::start();
    cluster.create("orders", 3);
    let first = cluster.run(consuming("orders", "billing"));
    cluster.until_s(20);
    let mut tool = consuming("orders", "billing");
    tool.close_at_ms = Some(40_000);
    let second = cluster.run(tool);
    cluster.until_s(35);
    let sizes =
        |cluster: &Cluster| [first, second].map(|pid| cluster.tool(pid).consumer.as_ref().unwrap().assignment().len());
    let mut shares = sizes(&cluster);
    shares.sort();
    assert_eq!(shares, [1, 2]);
    let question = AdminRequest::DescribeConsumerGroups { groups: vec!["billing".into()] };
    let Ok(AdminResponse::GroupDescriptions(each)) = cluster.ask(question, 2) else { panic!() };
    let group = each["billing"].as_ref().unwrap();
    assert_eq!((group.state.as_str(), group.assignor.as_str(), group.members.len()), ("Stable", "range", 2));
    assert!(group.members.iter().all(|m| m.host == "/127.0.0.1" && m.client_id == "console-consumer"));
    cluster.until_s(50);
    assert_eq!(sizes(&cluster), [3, 0]);
}

#[test]
fn clients_survive_the_death_of_a_leader() {
    let mut cluster = Cluster::start();
    cluster.create("orders", 3);
    let script: Vec<(u64, String)> = (0..40).map(|i| (13_000 + i * 500, format!("{i:02}"))).collect();
    let script: Vec<(u64, &str)> = script.iter().map(|(at, value)| (*at, value.as_str())).collect();
    let producer = cluster.run(producing("orders", &script));
    let consumer = cluster.run(consuming("orders", "billing"));
    cluster.until_s(20);
    cluster.kill(2);
    cluster.until_s(80);
    let tool = cluster.tool(producer);
    assert!(tool.failures().is_empty(), "{:?}", tool.failures());
    assert_eq!(tool.delivered.len(), 40);
    let mut values = cluster.tool(consumer).values();
    values.sort();
    values.dedup();
    let all: Vec<String> = (0..40).map(|i| format!("{i:02}")).collect();
    assert_eq!(values, all, "nothing is lost");
    let mut by_partition: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    let tool = cluster.tool(consumer);
    for (record, value) in tool.records.iter().zip(tool.values()) {
        by_partition.entry(record.partition).or_default().push(value);
    }
    for values in by_partition.values() {
        assert!(values.is_sorted(), "order is kept: {values:?}");
    }
    let text = "Connection to node 2 (localhost/127.0.0.1:9093) could not be established. Node may not be available.";
    assert!(tool.log.iter().any(|line| line.text.ends_with(text)), "{:?}", tool.log);
}

#[test]
fn admin_questions_are_answered() {
    let mut cluster = Cluster::start();
    cluster.create("orders", 3);
    cluster.run(producing("orders", &[(0, "a"), (0, "b")]));
    cluster.until_s(15);
    let partitions: BTreeMap<TopicPartition, OffsetSpec> =
        (0..3).map(|p| (TopicPartition::new("orders", p), OffsetSpec::Latest)).collect();
    let answer = cluster.ask(AdminRequest::ListOffsets { partitions, read_committed: false }, 2);
    let Ok(AdminResponse::Offsets(each)) = answer else { panic!() };
    assert_eq!(each.values().map(|o| o.as_ref().unwrap().offset).sum::<i64>(), 2);
    let answer = cluster.ask(AdminRequest::DescribeTopics { topics: vec!["orders".into(), "nope".into()] }, 2);
    let Ok(AdminResponse::TopicDescriptions(each)) = answer else { panic!() };
    let orders = each["orders"].as_ref().unwrap();
    assert!(orders.partitions.iter().all(|p| p.replicas.len() == 3 && p.isr.len() == 3 && p.elr.is_some()));
    assert!(each["nope"].as_ref().unwrap_err().is("UnknownTopicOrPartitionException"));
    let answer = cluster.ask(AdminRequest::DescribeCluster { include_fenced_brokers: false }, 2);
    let Ok(AdminResponse::Cluster(description)) = answer else { panic!() };
    assert_eq!(description.nodes.len(), 3);
    let answer = cluster.ask(AdminRequest::DeleteTopics { topics: vec!["orders".into()] }, 2);
    let Ok(AdminResponse::TopicsDeleted(each)) = answer else { panic!() };
    assert!(each["orders"].is_ok());
    let Ok(AdminResponse::Topics(topics)) = cluster.ask(AdminRequest::ListTopics { list_internal: false }, 2) else {
        panic!()
    };
    assert!(topics.is_empty(), "{topics:?}");
}

#[test]
fn a_coordinators_death_costs_no_rebalance() {
    let mut cluster = Cluster::start();
    cluster.create("orders", 3);
    let consumer = cluster.run(consuming("orders", "billing"));
    cluster.run(producing("orders", &[(0, "a"), (45_000, "b")]));
    cluster.until_s(20);
    let question = AdminRequest::DescribeConsumerGroups { groups: vec!["billing".into()] };
    let Ok(AdminResponse::GroupDescriptions(each)) = cluster.ask(question, 2) else { panic!() };
    let coordinator = each["billing"].as_ref().unwrap().coordinator.id;
    cluster.kill(coordinator);
    cluster.until_s(50);
    let tool = cluster.tool(consumer);
    assert_eq!((tool.values(), tool.events.len()), (vec!["a".to_owned(), "b".to_owned()], 1), "{:?}", tool.events);
    let node = format!("Connection to node {} (localhost/", i32::MAX - coordinator);
    let lines = tool.log.iter().filter(|line| line.text.contains(&node)).count();
    assert!((4..=14).contains(&lines), "{lines}");
}

#[test]
fn a_fenced_static_member_ends_and_says_why() {
    let member = |client_id: &str| {
        let pairs = [("group.id", "billing"), ("client.id", client_id), ("group.instance.id", "till-2")];
        let mut consumer = Consumer::new(&settings(&pairs)).unwrap();
        consumer.subscribe(&["orders".to_owned()]).unwrap();
        Tool { consumer: Some(consumer), ..Tool::default() }
    };
    let mut cluster = Cluster::start();
    cluster.create("orders", 1);
    let first = cluster.run(Tool { close_at_ms: Some(24_000), ..member("c1") });
    cluster.until_s(20);
    let second = cluster.run(member("c2"));
    cluster.until_s(25);
    let tool = cluster.tool(first);
    let failed =
        |e: &ConsumerEvent| matches!(e, ConsumerEvent::Failed { error } if error.is("FencedInstanceIdException"));
    assert!(tool.events.iter().any(failed), "{:?}", tool.events);
    let prefix = "[Consumer instanceId=till-2, clientId=c1, groupId=billing] ";
    let texts: Vec<&str> = tool.log.iter().filter_map(|line| line.text.strip_prefix(prefix)).collect();
    assert_eq!(
        texts,
        [
            "Caught fenced group.instance.id Optional[till-2] error in heartbeat thread",
            "Synchronous auto-commit of offsets {orders-0=OffsetAndMetadata{offset=0, leaderEpoch=null, metadata=''}} \
             failed: Offset commit cannot be completed since the consumer is not part of an active group for auto \
             partition assignment; it is likely that the consumer was kicked out of the group."
        ]
    );
    assert_eq!(cluster.tool(second).consumer.as_ref().unwrap().assignment().len(), 1);
}

#[test]
fn cooperative_members_keep_what_they_keep() {
    let member = || {
        let class = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
        let pairs = [("group.id", "billing"), ("partition.assignment.strategy", class)];
        let mut consumer = Consumer::new(&settings(&pairs)).unwrap();
        consumer.subscribe(&["orders".to_owned()]).unwrap();
        Tool { consumer: Some(consumer), ..Tool::default() }
    };
    let mut cluster = Cluster::start();
    cluster.create("orders", 6);
    let first = cluster.run(member());
    cluster.until_s(20);
    let second = cluster.run(member());
    cluster.until_s(35);
    let revoked = |e: &ConsumerEvent| match e {
        ConsumerEvent::Revoked { partitions } => partitions.len(),
        _ => 0,
    };
    assert_eq!(cluster.tool(first).events.iter().map(revoked).sum::<usize>(), 3, "only what the other one gets");
    for pid in [first, second] {
        assert_eq!(cluster.tool(pid).consumer.as_ref().unwrap().assignment().len(), 3);
    }
}
