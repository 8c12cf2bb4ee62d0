//! The admin client against scripted brokers: where calls go, how they are tried again, how they end.

use super::*;
use crate::TopicPartition;
use crate::testing::{AdminTool, Bench, Say, Topics};
use ottla_wire::{ApiKey, ErrorCode};

fn bench(brokers: i32, say: Vec<Say>) -> Bench {
    let topics = Topics::from([("t".to_owned(), vec![1, 2]), ("u".to_owned(), vec![1, -1])]);
    Bench::new(brokers, &topics, say)
}

fn create(name: &str) -> AdminRequest {
    let topic = NewTopic { name: name.to_owned(), partitions: Some(3), ..NewTopic::default() };
    AdminRequest::CreateTopics { topics: vec![topic], validate_only: false }
}

#[test]
fn lists_describes_and_creates_topics() {
    let mut bench = bench(2, vec![Say::Error(ApiKey::CreateTopics, 0, ErrorCode::NotController)]);
    let names = ["u", "t", "nope"].map(str::to_owned).to_vec();
    let requests = vec![
        AdminRequest::ListTopics { list_internal: false },
        AdminRequest::DescribeTopics { topics: names },
        create("new"),
        AdminRequest::DescribeCluster { include_fenced_brokers: false },
    ];
    let pid = bench.start(AdminTool::new(&[], requests));
    bench.until_ms(1000);
    let tool: &AdminTool = bench.tool(pid);
    let Ok(AdminResponse::Topics(topics)) = tool.answer(0) else { panic!() };
    assert_eq!(topics.keys().collect::<Vec<_>>(), ["t", "u"]);
    let Ok(AdminResponse::TopicDescriptions(each)) = tool.answer(1) else { panic!() };
    assert_eq!(each["t"].as_ref().unwrap().partitions[1].leader, Some(2));
    assert_eq!(each["u"].as_ref().unwrap().partitions[1].leader, None);
    assert_eq!(
        each["nope"].as_ref().unwrap_err().to_string(),
        "org.apache.kafka.common.errors.UnknownTopicOrPartitionException: This server does not host this topic-partition."
    );
    let Ok(AdminResponse::TopicsCreated(each)) = tool.answer(2) else { panic!() };
    assert_eq!(each["new"].as_ref().unwrap().partitions, 3, "tried again after NOT_CONTROLLER");
    let Ok(AdminResponse::Cluster(cluster)) = tool.answer(3) else { panic!() };
    assert_eq!(cluster.controller.as_ref().unwrap().to_string(), "localhost:9092 (id: 1 rack: null isFenced: false)");
    assert!(tool.log.is_empty());
}

#[test]
fn without_a_broker_calls_time_out_waiting_for_a_node() {
    let mut bench = bench(0, Vec::new());
    let settings =
        [("bootstrap.servers", "localhost:9999"), ("default.api.timeout.ms", "4000"), ("request.timeout.ms", "3000")];
    let pid = bench.start(AdminTool::new(&settings, vec![AdminRequest::ListTopics { list_internal: true }]));
    bench.until_ms(10_000);
    let tool: &AdminTool = bench.tool(pid);
    let Err(error) = tool.answer(0) else { panic!() };
    assert_eq!(
        error.to_string(),
        "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment. Call: listTopics"
    );
    assert!((4000..4200).contains(&tool.events[0].0), "{}", tool.events[0].0);
    let text = "[AdminClient clientId=adminclient-1] Connection to node -1 (localhost/127.0.0.1:9999) could not be \
                established. Node may not be available.";
    assert!(tool.log.iter().all(|(_, line)| line.text == text), "{:?}", tool.log);
    assert!((6..=10).contains(&tool.log.len()), "{}", tool.log.len());
}

#[test]
fn a_call_that_nobody_answers_ends_at_its_deadline() {
    let mut bench = bench(1, vec![Say::Nothing(ApiKey::CreateTopics, 0)]);
    let pid = bench.start(AdminTool::new(&[], vec![create("new")]));
    bench.until_ms(59_000);
    assert!(bench.tool::<AdminTool>(pid).events.is_empty());
    bench.until_ms(61_000);
    let Err(error) = bench.tool::<AdminTool>(pid).answer(0) else { panic!() };
    assert!(error.is("TimeoutException"));
    assert!(
        error.text().starts_with("Call(callName=createTopics, deadlineMs=1767225660000, tries=1, nextAllowedTryMs=")
    );
    assert!(error.text().ends_with(" after 1 attempt(s)"), "{error}");
    assert_eq!(
        error.cause.as_ref().unwrap().to_string(),
        "org.apache.kafka.common.errors.DisconnectException: Cancelled createTopics request with correlation id 3 due to \
         node 1 being disconnected"
    );
}

#[test]
fn leaders_are_found_and_a_leaderless_partition_alone_times_out() {
    let mut bench = bench(2, vec![Say::Error(ApiKey::ListOffsets, 0, ErrorCode::NotLeaderOrFollower)]);
    let partition = |topic: &str, p| TopicPartition::new(topic, p);
    let partitions = [partition("t", 0), partition("t", 1), partition("u", 1)].map(|p| (p, OffsetSpec::Latest));
    let request = AdminRequest::ListOffsets { partitions: partitions.into(), read_committed: false };
    let pid = bench.start(AdminTool::new(&[], vec![request]));
    bench.until_ms(65_000);
    let Ok(AdminResponse::Offsets(each)) = bench.tool::<AdminTool>(pid).answer(0) else { panic!() };
    assert_eq!(each[&partition("t", 0)].as_ref().unwrap().offset, 0);
    assert_eq!(each[&partition("t", 1)].as_ref().unwrap().offset, 0);
    let error = each[&partition("u", 1)].as_ref().unwrap_err();
    assert!(error.is("TimeoutException") && error.text().contains("listOffsets(api=METADATA)"), "{error}");
}

#[test]
fn groups_are_listed_described_and_their_offsets_read() {
    let mut bench = bench(2, Vec::new());
    let offsets = [(TopicPartition::new("t", 0), crate::OffsetAndMetadata::new(7))];
    let requests = vec![
        AdminRequest::ListGroups { states: Vec::new(), types: Vec::new(), protocol_types: Vec::new() },
        AdminRequest::DescribeConsumerGroups { groups: vec!["g".into(), "nobody".into()] },
        AdminRequest::AlterConsumerGroupOffsets { group: "g".into(), offsets: offsets.into() },
        AdminRequest::ListConsumerGroupOffsets {
            group: "g".into(),
            partitions: Some(vec![TopicPartition::new("t", 1)]),
            require_stable: false,
        },
    ];
    let pid = bench.start(AdminTool::new(&[], requests));
    bench.until_ms(1000);
    let tool: &AdminTool = bench.tool(pid);
    let Ok(AdminResponse::Groups { groups, errors }) = tool.answer(0) else { panic!() };
    assert_eq!((groups.len(), errors.len()), (2, 0));
    let Ok(AdminResponse::GroupDescriptions(each)) = tool.answer(1) else { panic!() };
    assert_eq!(each["g"].as_ref().unwrap().state, "Stable");
    assert_eq!(
        each["nobody"].as_ref().unwrap_err().to_string(),
        "org.apache.kafka.common.errors.GroupIdNotFoundException: Group nobody not found."
    );
    let Ok(AdminResponse::GroupOffsetsAltered(each)) = tool.answer(2) else { panic!() };
    assert!(each[&TopicPartition::new("t", 0)].is_ok());
    let Ok(AdminResponse::GroupOffsets(offsets)) = tool.answer(3) else { panic!() };
    assert_eq!(offsets[&TopicPartition::new("t", 1)], None);
}

#[test]
fn a_broker_answers_for_its_own_settings() {
    let mut bench = bench(2, Vec::new());
    let resources = vec![ConfigResource::broker("2"), ConfigResource::topic("t")];
    let request = AdminRequest::DescribeConfigs { resources, include_synonyms: true, include_documentation: false };
    let pid = bench.start(AdminTool::new(&[], vec![request]));
    bench.until_ms(1000);
    let Ok(AdminResponse::Configs(each)) = bench.tool::<AdminTool>(pid).answer(0) else { panic!() };
    assert_eq!(each[&ConfigResource::broker("2")].as_ref().unwrap()[0].value.as_deref(), Some("2"));
    assert!(each[&ConfigResource::topic("t")].is_ok());
}

#[test]
fn a_controllers_port_is_no_broker() {
    let mut bench = bench(1, vec![Say::Controller]);
    let pid = bench.start(AdminTool::new(&[], vec![AdminRequest::ListTopics { list_internal: true }]));
    bench.until_ms(1000);
    let tool: &AdminTool = bench.tool(pid);
    let Err(error) = tool.answer(0) else { panic!() };
    assert_eq!(error.text(), "The node does not support METADATA");
    assert!(tool.log[0].1.text.contains("The remote node is not a BROKER that supports the METADATA api.\n"));
}

#[test]
fn controllers_are_asked_what_they_answer_and_nothing_else() {
    let config = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs.collect::<std::collections::BTreeMap<String, String>>()
    };
    let controllers = ("bootstrap.controllers", "localhost:9192");
    let both = super::Admin::new(&config(&[controllers, ("bootstrap.servers", "localhost:9092")])).map(drop);
    let text = "You cannot set both bootstrap.servers and bootstrap.controllers";
    assert_eq!(both.unwrap_err().cause.unwrap().text(), text);
    assert!(super::Admin::new(&config(&[controllers])).is_ok());
    let mut bench = bench(1, Vec::new());
    let settings = [("bootstrap.servers", ""), controllers];
    let pid = bench.start(AdminTool::new(&settings, vec![AdminRequest::ListTopics { list_internal: true }]));
    bench.until_ms(10);
    let Err(error) = bench.tool::<AdminTool>(pid).answer(0) else { panic!() };
    assert!(error.is("UnsupportedEndpointTypeException"), "{error}");
}
