//! The producer against scripted brokers: what arrives, what is answered, what is logged and when.

use super::*;
use crate::testing::{Bench, ProducerTool, Say, Topics};
use bytes::Bytes;
use ottla_wire::{ApiKey, ErrorCode};
use ottla_world::{Fault, Signal};

fn topics(leaders: &[i32]) -> Topics {
    Topics::from([("t".to_owned(), leaders.to_vec())])
}

fn line(topic: &str, value: &str) -> ProducerRecord {
    let value = Some(Bytes::copy_from_slice(value.as_bytes()));
    ProducerRecord { topic: topic.to_owned(), value, ..ProducerRecord::default() }
}

fn failures(tool: &ProducerTool) -> Vec<String> {
    let text = |e: &ProducerEvent| match e {
        ProducerEvent::Failed { error, .. } => Some(error.to_string()),
        ProducerEvent::Delivered { .. } => None,
    };
    tool.events.iter().filter_map(|(_, e)| text(e)).collect()
}

#[test]
fn a_line_is_delivered_and_the_requests_are_javas() {
    let mut bench = Bench::new(1, &topics(&[1]), Vec::new());
    let pid = bench.start(ProducerTool::new(&[("linger.ms", "0")], vec![(0, line("t", "hello"))]));
    bench.until_ms(100);
    let tool: &ProducerTool = bench.tool(pid);
    let delivered = matches!(tool.events[0].1, ProducerEvent::Delivered { offset: 0, partition: 0, .. });
    assert!(delivered, "{:?}", tool.events);
    assert_eq!(bench.broker(1).values("t", 0), ["hello"]);
    let expected = ["ApiVersions v4", "Metadata v13", "InitProducerId v5", "ApiVersions v4", "Produce v13"];
    assert_eq!(bench.broker(1).seen, expected);
    assert!(tool.log.is_empty());
}

#[test]
fn lingers_then_sends_one_batch_and_closes() {
    let mut bench = Bench::new(1, &topics(&[1]), Vec::new());
    let script = (0..5).map(|i| (i * 100, line("t", &i.to_string()))).collect();
    let mut tool = ProducerTool::new(&[("linger.ms", "1000")], script);
    tool.close_at_ms = Some(3000);
    let pid = bench.start(tool);
    bench.until_ms(900);
    assert!(bench.broker(1).values("t", 0).is_empty());
    bench.until_ms(3100);
    assert_eq!(bench.broker(1).values("t", 0), ["0", "1", "2", "3", "4"]);
    assert_eq!(bench.broker(1).seen.iter().filter(|s| s.starts_with("Produce")).count(), 1);
    assert!(bench.tool::<ProducerTool>(pid).producer.is_closed());
}

#[test]
fn a_missing_topic_warns_until_it_is_there() {
    let mut bench = Bench::new(1, &topics(&[1]), vec![Say::TopicAfter(2)]);
    let pid = bench.start(ProducerTool::new(&[("client.id", "console-producer")], vec![(0, line("t", "hello"))]));
    bench.until_ms(2000);
    assert_eq!(bench.broker(1).values("t", 0), ["hello"]);
    let text = |id| {
        format!(
            "WARN [Producer clientId=console-producer] The metadata response from the cluster reported a recoverable \
             issue with correlation id {id} : {{t=UNKNOWN_TOPIC_OR_PARTITION}} (org.apache.kafka.clients.NetworkClient)"
        )
    };
    assert_eq!(bench.tool::<ProducerTool>(pid).texts(), [text(1), text(5)]);
}

#[test]
fn an_invalid_topic_fails_at_once() {
    let mut bench = Bench::new(1, &topics(&[1]), Vec::new());
    let pid = bench.start(ProducerTool::new(&[("client.id", "p")], vec![(0, line("my topic", "hello"))]));
    bench.until_ms(500);
    let tool: &ProducerTool = bench.tool(pid);
    assert_eq!(
        tool.texts()[1],
        "ERROR [Producer clientId=p] Metadata response reported invalid topics [my topic] \
         (org.apache.kafka.clients.Metadata)"
    );
    assert_eq!(failures(tool), ["org.apache.kafka.common.errors.InvalidTopicException: Invalid topics: [my topic]"]);
}

#[test]
fn without_a_broker_it_warns_ever_more_rarely_and_gives_up() {
    let mut bench = Bench::new(0, &topics(&[1]), Vec::new());
    let settings = [("client.id", "p"), ("bootstrap.servers", "localhost:9099"), ("max.block.ms", "4000")];
    let pid = bench.start(ProducerTool::new(&settings, vec![(0, line("t", "hello"))]));
    bench.until_ms(4100);
    let tool: &ProducerTool = bench.tool(pid);
    assert_eq!(
        tool.texts()[..2],
        [
            "WARN [Producer clientId=p] Connection to node -1 (localhost/127.0.0.1:9099) could not be established. \
             Node may not be available. (org.apache.kafka.clients.NetworkClient)",
            "WARN [Producer clientId=p] Bootstrap broker localhost:9099 (id: -1 rack: null isFenced: false) \
             disconnected (org.apache.kafka.clients.NetworkClient)"
        ]
    );
    let pairs = tool.log.len() / 2;
    assert!((7..=10).contains(&pairs), "{pairs} pairs of lines");
    assert_eq!(
        failures(tool),
        ["org.apache.kafka.common.errors.TimeoutException: Topic t not present in metadata after 4000 ms."]
    );
}

#[test]
fn not_enough_replicas_is_retried_with_warnings_and_then_fails() {
    let error = |n| Say::Error(ApiKey::Produce, n, ErrorCode::NotEnoughReplicas);
    let mut bench = Bench::new(1, &topics(&[1]), vec![error(0), error(1), error(2), error(3)]);
    let settings = [("client.id", "console-producer"), ("retries", "3"), ("linger.ms", "0")];
    let script = vec![(0, line("t", "lost")), (2000, line("t", "found"))];
    let pid = bench.start(ProducerTool::new(&settings, script));
    bench.until_ms(3000);
    let tool: &ProducerTool = bench.tool(pid);
    let text = |id, left| {
        format!(
            "WARN [Producer clientId=console-producer] Got error produce response with correlation id {id} on \
             topic-partition t-0, retrying ({left} attempts left). Error: NOT_ENOUGH_REPLICAS \
             (org.apache.kafka.clients.producer.internals.Sender)"
        )
    };
    assert_eq!(tool.texts(), [text(5, 2), text(6, 1), text(7, 0)]);
    assert_eq!(
        failures(tool),
        ["org.apache.kafka.common.errors.NotEnoughReplicasException: Messages are rejected since there are fewer \
          in-sync replicas than required."]
    );
    let (first, last) = (tool.log[0].0, tool.events[0].0);
    assert!((560..=900).contains(&(last - first)), "{first} to {last}");
    assert_eq!(bench.broker(1).values("t", 0), ["found"]);
}

#[test]
fn a_gap_in_the_sequences_is_told_after_the_record() {
    let error = |n, error| Say::Error(ApiKey::Produce, n, error);
    let refused = (0..2).map(|n| error(n, ErrorCode::NotEnoughReplicas));
    let out_of_order = (2..4).map(|n| error(n, ErrorCode::OutOfOrderSequenceNumber));
    let mut bench = Bench::new(1, &topics(&[1]), refused.chain(out_of_order).collect());
    let settings = [("client.id", "p"), ("retries", "1"), ("linger.ms", "0")];
    let script = vec![(0, line("t", "lost")), (2000, line("t", "lost, too")), (4000, line("t", "found"))];
    let pid = bench.start(ProducerTool::new(&settings, script));
    bench.until_ms(6000);
    let tool: &ProducerTool = bench.tool(pid);
    assert_eq!(failures(tool).len(), 2);
    assert!(
        tool.texts().last().unwrap().starts_with(
            "ERROR [Producer clientId=p] The broker returned org.apache.kafka.common.errors.OutOfOrderSequenceException: \
             The broker received an out of order sequence number. for topic-partition t-0 with producerId "
        ),
        "{:?}",
        tool.texts()
    );
    assert_eq!(bench.broker(1).values("t", 0), ["found"]);
}

#[test]
fn order_holds_when_the_first_of_several_batches_has_to_be_sent_again() {
    let mut bench = Bench::new(1, &topics(&[1]), vec![Say::Error(ApiKey::Produce, 0, ErrorCode::NotEnoughReplicas)]);
    let script = (0..20).map(|i| (i, line("t", &format!("{i:02}")))).collect();
    bench.start(ProducerTool::new(&[("linger.ms", "0")], script));
    bench.until_ms(2000);
    // The scripted broker knows no sequences: batches behind the refused one get through, but none passes twice.
    let mut values = bench.broker(1).values("t", 0);
    values.sort();
    let all: Vec<String> = (0..20).map(|i| format!("{i:02}")).collect();
    assert_eq!(values, all);
}

#[test]
fn a_lost_connection_is_tried_again_and_a_dead_broker_expires_the_record() {
    let mut bench = Bench::new(1, &topics(&[1]), vec![Say::Close(ApiKey::Produce, 0)]);
    let settings = [("client.id", "p"), ("linger.ms", "0"), ("delivery.timeout.ms", "31000")];
    let pid = bench.start(ProducerTool::new(&settings, vec![(0, line("t", "a")), (5000, line("t", "b"))]));
    bench.until_ms(4000);
    assert_eq!(bench.broker(1).values("t", 0), ["a"]);
    assert_eq!(
        bench.tool::<ProducerTool>(pid).texts()[0],
        "WARN [Producer clientId=p] Got error produce response with correlation id 5 on topic-partition t-0, retrying \
         (2147483646 attempts left). Error: NETWORK_EXCEPTION. Error Message: Disconnected from node 1 \
         (org.apache.kafka.clients.producer.internals.Sender)"
    );
    bench.world.cause(&Fault::Signal { pid: bench.brokers[0], signal: Signal::Stop });
    bench.until_ms(70_000);
    let failed = failures(bench.tool(pid));
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].starts_with(
        "org.apache.kafka.common.errors.TimeoutException: Expiring 1 record(s) for t-0:31000 ms has passed since batch \
         creation."
    ));
}

#[test]
fn keys_spread_over_leaders_and_acks_zero_knows_no_offset() {
    let mut bench = Bench::new(2, &topics(&[1, 2, 1]), Vec::new());
    let keyed = |key: &'static str| ProducerRecord { key: Some(Bytes::from_static(key.as_bytes())), ..line("t", key) };
    let script = vec![(0, keyed("key")), (0, keyed("key1")), (0, keyed("hello"))];
    let pid = bench.start(ProducerTool::new(&[("acks", "0")], script));
    bench.until_ms(500);
    assert_eq!(bench.broker(1).values("t", 0), ["hello"]);
    assert_eq!(bench.broker(2).values("t", 1), ["key"]);
    assert_eq!(bench.broker(1).values("t", 2), ["key1"]);
    let tool: &ProducerTool = bench.tool(pid);
    assert!(tool.events.iter().all(|(_, e)| matches!(e, ProducerEvent::Delivered { offset: -1, .. })));
    assert!(!bench.broker(1).seen.iter().any(|s| s.starts_with("InitProducerId")));
}

#[test]
fn a_large_record_is_refused_with_its_size() {
    let mut bench = Bench::new(1, &topics(&[1]), Vec::new());
    let record = ProducerRecord { value: Some(Bytes::from(vec![b'x'; 1_100_000])), ..line("t", "") };
    let pid = bench.start(ProducerTool::new(&[], vec![(0, record)]));
    bench.until_ms(500);
    assert_eq!(
        failures(bench.tool(pid)),
        [
            "org.apache.kafka.common.errors.RecordTooLargeException: The message is 1100088 bytes when serialized which is \
          larger than 1048576, which is the value of the max.request.size configuration."
        ]
    );
}
