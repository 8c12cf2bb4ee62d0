//! The consumer against a scripted broker: what it reads, from where, what it commits and what it logs.

use super::*;
use crate::testing::{Bench, ConsumerTool, ProducerTool, Say, Topics};
use crate::{ConsumerEvent, ProducerRecord};
use bytes::Bytes;
use ottla_wire::{ApiKey, ErrorCode};
use ottla_world::Pid;

fn bench(say: Vec<Say>) -> Bench {
    let topics = Topics::from([("t".to_owned(), vec![1, 1]), ("u".to_owned(), vec![1])]);
    Bench::new(1, &topics, say)
}

/// Writes values into partitions of `t` at once.
fn write(bench: &mut Bench, at_ms: u64, values: &[(i32, &str)]) {
    let record = |(partition, value): &(i32, &str)| ProducerRecord {
        topic: "t".into(),
        partition: Some(*partition),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        ..ProducerRecord::default()
    };
    let script = values.iter().map(|value| (at_ms, record(value))).collect();
    bench.start(ProducerTool::new(&[("linger.ms", "0"), ("acks", "1")], script));
}

fn start(bench: &mut Bench, settings: &[(&str, &str)], set: impl FnOnce(&mut ConsumerTool)) -> Pid {
    let mut tool = ConsumerTool::new(settings);
    set(&mut tool);
    bench.start(tool)
}

fn subscribed(tool: &mut ConsumerTool) {
    tool.consumer.subscribe(&["t".to_owned()]).unwrap();
}

fn partitions(list: &[i32]) -> Vec<TopicPartition> {
    list.iter().map(|p| TopicPartition::new("t", *p)).collect()
}

#[test]
fn joins_reads_from_the_beginning_commits_and_leaves() {
    let mut bench = bench(Vec::new());
    write(&mut bench, 0, &[(0, "a"), (0, "b"), (1, "c")]);
    bench.until_ms(100);
    let settings = [("group.id", "g"), ("auto.offset.reset", "earliest"), ("client.id", "console-consumer")];
    let pid = start(&mut bench, &settings, |tool| {
        subscribed(tool);
        tool.close_at_ms = Some(8000);
    });
    bench.until_ms(5000);
    let tool: &ConsumerTool = bench.tool(pid);
    assert_eq!(tool.values(), ["a", "b", "c"]);
    assert_eq!(tool.events[0].1, ConsumerEvent::Assigned { partitions: partitions(&[0, 1]) });
    assert!(tool.consumer.is_stable());
    assert!(bench.broker(1).group.committed.is_empty());
    bench.until_ms(5500);
    let committed = [(("t".to_owned(), 0), 2), (("t".to_owned(), 1), 1)];
    assert_eq!(bench.broker(1).group.committed, BTreeMap::from(committed), "auto-commit after five seconds");
    bench.until_ms(8100);
    let tool: &ConsumerTool = bench.tool(pid);
    assert!(tool.consumer.is_closed() && tool.log.is_empty(), "{:?}", tool.log);
    assert_eq!(bench.broker(1).group.left, 1);
    let heartbeats = bench.broker(1).seen.iter().filter(|s| s.starts_with("Heartbeat")).count();
    assert_eq!(heartbeats, 2, "every three seconds");
}

#[test]
fn goes_on_from_the_committed_offset_and_reads_what_comes_later() {
    let mut bench = bench(Vec::new());
    write(&mut bench, 0, &[(0, "a"), (0, "b")]);
    write(&mut bench, 3000, &[(0, "d"), (1, "e")]);
    bench.until_ms(100);
    let settings = [("group.id", "g"), ("auto.offset.reset", "earliest"), ("max.poll.records", "1")];
    let first = start(&mut bench, &settings, |tool| {
        subscribed(tool);
        tool.close_at_ms = Some(1000);
    });
    bench.until_ms(1500);
    assert_eq!(bench.tool::<ConsumerTool>(first).values(), ["a", "b"]);
    assert_eq!(bench.broker(1).group.committed[&("t".to_owned(), 0)], 2, "committed on closing");
    let second = start(&mut bench, &settings, subscribed);
    bench.until_ms(4000);
    let mut values = bench.tool::<ConsumerTool>(second).values();
    values.sort();
    assert_eq!(values, ["d", "e"]);
}

#[test]
fn latest_skips_what_is_there_and_assign_needs_no_group() {
    let mut bench = bench(Vec::new());
    write(&mut bench, 0, &[(0, "old"), (1, "old")]);
    write(&mut bench, 2000, &[(0, "new"), (1, "new")]);
    bench.until_ms(100);
    let pid = start(&mut bench, &[], |tool| tool.consumer.assign(&partitions(&[0])));
    let seeker = start(&mut bench, &[("group.id", "g"), ("enable.auto.commit", "false")], |tool| {
        tool.consumer.assign(&partitions(&[1]));
        tool.consumer.seek(&partitions(&[1])[0], 1).unwrap();
    });
    bench.until_ms(4000);
    assert_eq!(bench.tool::<ConsumerTool>(pid).values(), ["new"]);
    assert_eq!(bench.tool::<ConsumerTool>(seeker).values(), ["new"]);
    assert!(!bench.broker(1).seen.iter().any(|s| s.starts_with("FindCoordinator")));
}

#[test]
fn no_fetch_leaves_out_what_is_not_handed_out_yet() {
    let mut bench = bench(Vec::new());
    write(&mut bench, 0, &[(0, "a"), (0, "b")]);
    write(&mut bench, 500, &[(0, "c")]);
    bench.until_ms(100);
    let settings = [("auto.offset.reset", "earliest"), ("max.poll.records", "1"), ("fetch.max.wait.ms", "2000")];
    let pid = start(&mut bench, &settings, |tool| tool.consumer.assign(&partitions(&[0, 1])));
    bench.until_ms(700);
    let values = bench.tool::<ConsumerTool>(pid).values();
    assert_eq!(values, ["a", "b", "c"], "a fetch of the other partition alone would wait for two seconds");
}

#[test]
fn an_offset_out_of_range_is_reset_or_an_error() {
    let mut bench = bench(Vec::new());
    write(&mut bench, 0, &[(0, "a")]);
    bench.until_ms(100);
    let at_99 = |tool: &mut ConsumerTool| {
        tool.consumer.assign(&partitions(&[0]));
        tool.consumer.seek(&partitions(&[0])[0], 99).unwrap();
    };
    let earliest = start(&mut bench, &[("auto.offset.reset", "earliest")], at_99);
    let none = start(&mut bench, &[("auto.offset.reset", "none")], at_99);
    bench.until_ms(2000);
    assert_eq!(bench.tool::<ConsumerTool>(earliest).values(), ["a"]);
    let ConsumerEvent::Failed { error } = &bench.tool::<ConsumerTool>(none).events[0].1 else { panic!() };
    assert!(error.is("OffsetOutOfRangeException"));
}

#[test]
fn a_rebalance_revokes_commits_and_joins_again() {
    let rebalance = Say::Error(ApiKey::Heartbeat, 0, ErrorCode::RebalanceInProgress);
    let mut bench = bench(vec![rebalance, Say::Error(ApiKey::Heartbeat, 1, ErrorCode::UnknownMemberId)]);
    write(&mut bench, 0, &[(0, "a")]);
    bench.until_ms(100);
    let pid = start(&mut bench, &[("group.id", "g"), ("auto.offset.reset", "earliest")], subscribed);
    bench.until_ms(4500);
    let kinds = |events: &[(u64, ConsumerEvent)]| -> Vec<&'static str> {
        let kind = |e: &ConsumerEvent| match e {
            ConsumerEvent::Assigned { .. } => "assigned",
            ConsumerEvent::Revoked { .. } => "revoked",
            ConsumerEvent::Lost { .. } => "lost",
            _ => "other",
        };
        events.iter().map(|(_, e)| kind(e)).collect()
    };
    assert_eq!(kinds(&bench.tool::<ConsumerTool>(pid).events), ["assigned", "revoked", "assigned"]);
    assert_eq!(bench.broker(1).group.committed[&("t".to_owned(), 0)], 1);
    assert_eq!(bench.broker(1).group.generation, 2);
    bench.until_ms(9000);
    let expected = ["assigned", "revoked", "assigned", "lost", "assigned"];
    assert_eq!(kinds(&bench.tool::<ConsumerTool>(pid).events), expected);
    assert_eq!(bench.tool::<ConsumerTool>(pid).values(), ["a"], "nothing is read twice");
}

#[test]
fn a_missing_topic_warns_and_a_bad_name_ends_it() {
    let mut bench = bench(Vec::new());
    let settings = [("group.id", "g"), ("client.id", "console-consumer")];
    let missing = start(&mut bench, &settings, |tool| tool.consumer.subscribe(&["later".to_owned()]).unwrap());
    let bad = start(&mut bench, &settings, |tool| tool.consumer.subscribe(&["my topic".to_owned()]).unwrap());
    bench.until_ms(5000);
    assert_eq!(
        bench.tool::<ConsumerTool>(missing).texts()[0],
        "WARN [Consumer clientId=console-consumer, groupId=g] The metadata response from the cluster reported a \
         recoverable issue with correlation id 2 : {later=UNKNOWN_TOPIC_OR_PARTITION} \
         (org.apache.kafka.clients.NetworkClient)"
    );
    let lines = bench.tool::<ConsumerTool>(missing).log.len();
    assert!((6..=12).contains(&lines), "{lines}");
    let ConsumerEvent::Failed { error } = &bench.tool::<ConsumerTool>(bad).events[0].1 else { panic!() };
    let expected = "org.apache.kafka.common.errors.InvalidTopicException: Invalid topics: [my topic]";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_pattern_follows_the_topics() {
    let mut bench = bench(Vec::new());
    write(&mut bench, 0, &[(0, "a")]);
    bench.until_ms(100);
    let pid = start(&mut bench, &[("group.id", "g"), ("auto.offset.reset", "earliest")], |tool| {
        tool.consumer.subscribe_pattern("t|u.*").unwrap();
    });
    bench.until_ms(2000);
    let tool: &ConsumerTool = bench.tool(pid);
    assert_eq!(tool.consumer.assignment().len(), 3);
    assert_eq!(tool.values(), ["a"]);
    let bad = ConsumerTool::new(&[("group.id", "g")]).consumer.subscribe_pattern("t[").unwrap_err();
    assert!(bad.is("PatternSyntaxException"));
}
