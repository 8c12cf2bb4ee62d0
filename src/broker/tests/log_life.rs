//! What becomes of records as time passes: retention, compaction and deleted files on a running cluster. Serves the broker's
//! developers.

mod common;

use bytes::Bytes;
use common::Cluster;
use ottla_records::{BatchBuilder, Compression, TimestampType};
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind,
    messages::{
        DeleteTopicsRequest, IncrementalAlterConfigsRequest,
        delete_topics_request::DeleteTopicState,
        incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
    },
    str_bytes, topic_name,
};
use ottla_world::{Fault, Signal};

fn error(code: i16) -> ErrorCode {
    ErrorCode::from_code(code)
}

/// One record with a key, at the world's time.
fn keyed(cluster: &Cluster, key: &str, value: Option<&str>) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    let timestamp = cluster.world.wall_ms(cluster.host(1));
    builder.append(timestamp, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    builder.build(0, -1)
}

/// Files of a broker's disk under a partition's directory, or under one that begins like it.
fn files(cluster: &Cluster, id: i32, prefix: &str) -> Vec<String> {
    let prefix = format!("node-{id}/{prefix}");
    cluster.world.disk(cluster.host(id)).list(&prefix).map(str::to_owned).collect()
}

fn alter(cluster: &mut Cluster, topic: &str, name: &str, value: &str) {
    let config = AlterableConfig::default()
        .with_name(str_bytes(name))
        .with_config_operation(0)
        .with_value(Some(str_bytes(value)));
    let resource = AlterConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(str_bytes(topic))
        .with_configs(vec![config]);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    let response = cluster.ask(1, 1, &RequestKind::IncrementalAlterConfigs(request));
    let ResponseKind::IncrementalAlterConfigs(response) = response else { panic!("{response:?}") };
    assert_eq!(error(response.responses[0].error_code), ErrorCode::None);
}

#[test]
fn old_segments_go_on_every_replica_and_their_files_later() {
    let settings = [("log.retention.check.interval.ms", "1000"), ("log.initial.task.delay.ms", "1000")];
    let mut cluster = Cluster::start(1, 3, &settings);
    let configs = [("retention.ms", "20000"), ("segment.ms", "1000"), ("file.delete.delay.ms", "5000")];
    let topic = cluster.create("clicks", 1, 3, &configs);
    let leader = cluster.leader("clicks", 0);
    for value in ["a", "b"] {
        cluster.produce(leader, "clicks", 0, &[value], -1);
        cluster.run_ms(10_000);
    }
    assert_eq!(cluster.partition(leader, "clicks", 0).segments.len(), 2);
    cluster.until("the first segment goes everywhere", 5000, |c| {
        (1..=3).all(|id| c.partition(id, "clicks", 0).log_start_offset == 1)
    });
    assert_eq!(error(cluster.fetch(leader, topic, 0, 0).error_code), ErrorCode::OffsetOutOfRange);
    let deleted = |c: &Cluster, id| files(c, id, "clicks-0/").iter().any(|path| path.ends_with(".deleted"));
    assert!((1..=3).all(|id| deleted(&cluster, id)));
    cluster.until("the files go", 6000, |c| (1..=3).all(|id| !deleted(c, id)));
    // At last the active segment goes too, and the offsets go on.
    cluster.until("the log is empty", 20_000, |c| (1..=3).all(|id| c.partition(id, "clicks", 0).log_start_offset == 2));
    assert_eq!(cluster.produce(leader, "clicks", 0, &["c"], -1).base_offset, 2);
}

#[test]
fn a_changed_setting_is_in_force_at_the_next_look() {
    let settings = [("log.retention.check.interval.ms", "1000"), ("log.initial.task.delay.ms", "1000")];
    let mut cluster = Cluster::start(1, 1, &settings);
    cluster.create("clicks", 1, 1, &[]);
    cluster.produce(1, "clicks", 0, &["a"], 1);
    cluster.run_ms(5000);
    assert_eq!(cluster.partition(1, "clicks", 0).log_start_offset, 0);
    alter(&mut cluster, "clicks", "retention.ms", "3000");
    cluster.until("it is in force", 2100, |c| c.partition(1, "clicks", 0).log_start_offset == 1);
}

#[test]
fn every_replica_compacts_by_itself_and_remembers_how_far() {
    let mut cluster = Cluster::start(1, 2, &[("log.cleaner.backoff.ms", "500")]);
    let configs = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "1000"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("file.delete.delay.ms", "1000"),
    ];
    cluster.create("salaries", 1, 2, &configs);
    let leader = cluster.leader("salaries", 0);
    let refused = cluster.produce(leader, "salaries", 0, &["no key"], -1);
    assert_eq!(error(refused.error_code), ErrorCode::InvalidRecord);
    for (key, value) in [("mark", "1"), ("lucy", "1"), ("mark", "2"), ("mark", "3")] {
        let batch = keyed(&cluster, key, Some(value));
        assert_eq!(error(cluster.produce_batch(leader, "salaries", 0, batch, -1).error_code), ErrorCode::None);
    }
    let before = cluster.partition(leader, "salaries", 0).size_bytes;
    cluster.run_ms(2000);
    assert_eq!(cluster.partition(leader, "salaries", 0).size_bytes, before, "the active segment is left alone");
    let batch = keyed(&cluster, "zoe", Some("1"));
    cluster.produce_batch(leader, "salaries", 0, batch, -1);
    let one = keyed(&cluster, "mark", Some("1")).len() as u64;
    cluster.until("it is clean everywhere", 3000, |c| {
        (1..=2).all(|id| c.partition(id, "salaries", 0).size_bytes == before - 2 * one + one - 1)
    });
    for id in 1..=2 {
        let partition = cluster.partition(id, "salaries", 0);
        assert_eq!((partition.log_start_offset, partition.log_end_offset), (0, 5));
        let path = format!("node-{id}/cleaner-offset-checkpoint");
        let text = cluster.world.disk(cluster.host(id)).read_all(&path).unwrap();
        assert_eq!(text, &b"0\n1\nsalaries 0 4\n"[..]);
    }
    // A restart changes nothing of it.
    cluster.signal(leader, Signal::Kill);
    cluster.start_node(leader);
    let size = before - 2 * one + one - 1;
    cluster.until("it is back", 15_000, |c| {
        c.view(leader).is_some_and(|view| view.partitions.iter().any(|p| p.topic == "salaries" && p.size_bytes == size))
    });
}

#[test]
fn a_deleted_topic_leaves_its_name_at_once_and_its_files_later() {
    let mut cluster = Cluster::start(1, 1, &[("log.segment.delete.delay.ms", "5000")]);
    let old = cluster.create("orders", 1, 1, &[]);
    cluster.produce(1, "orders", 0, &["a"], 1);
    let delete = |cluster: &mut Cluster| {
        let topic = DeleteTopicState::default().with_name(Some(topic_name("orders")));
        let request = DeleteTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(1000);
        cluster.ask(1, 6, &RequestKind::DeleteTopics(request));
    };
    delete(&mut cluster);
    cluster.until("it is renamed", 1000, |c| files(c, 1, "orders-0/").is_empty());
    let gone = files(&cluster, 1, "orders-0.");
    assert!(gone.iter().any(|path| path.ends_with("-delete/00000000000000000000.log")), "{gone:?}");
    let new = cluster.create("orders", 1, 1, &[]);
    assert_ne!(old, new);
    assert_eq!(cluster.partition(1, "orders", 0).log_end_offset, 0);
    cluster.until("the files go", 6000, |c| files(c, 1, "orders-0.").is_empty());
    // Those that a crash leaves behind go as well.
    delete(&mut cluster);
    cluster.until("it is renamed", 1000, |c| !files(c, 1, "orders-0.").is_empty());
    cluster.signal(1, Signal::Kill);
    cluster.start_node(1);
    cluster.until("the files go", 20_000, |c| files(c, 1, "orders-0.").is_empty());
}

#[test]
fn recovery_points_are_kept_and_a_clean_stop_is_known() {
    let mut cluster = Cluster::start(1, 1, &[("log.flush.offset.checkpoint.interval.ms", "1000")]);
    cluster.create("orders", 1, 1, &[("segment.ms", "1000")]);
    let read = |c: &Cluster, name: &str| {
        let bytes = c.world.disk(c.host(1)).read_all(&format!("node-1/{name}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    for value in ["a", "b"] {
        cluster.produce(1, "orders", 0, &[value], 1);
        cluster.run_ms(32_000);
    }
    assert_eq!(read(&cluster, "recovery-point-offset-checkpoint"), "0\n1\norders 0 1\n");
    assert_eq!(read(&cluster, "log-start-offset-checkpoint"), "");
    cluster.signal(1, Signal::Terminate);
    cluster.run_ms(10_000);
    assert_eq!(read(&cluster, "recovery-point-offset-checkpoint"), "0\n1\norders 0 2\n");
    assert!(read(&cluster, ".kafka_cleanshutdown").contains("brokerEpoch"));
    assert_eq!(files(&cluster, 1, "orders-0/00000000000000000002.snapshot").len(), 1);
}

#[test]
fn logs_that_were_not_loaded_are_as_clean_as_the_last_life_left_them() {
    for (signal, clean) in [(Signal::Kill, false), (Signal::Terminate, true)] {
        let mut cluster = Cluster::start(1, 1, &[]);
        cluster.create("orders", 1, 1, &[]);
        cluster.produce(1, "orders", 0, &["a"], 1);
        let stop = |c: &mut Cluster, signal: Signal| {
            let pid = c.pids[&1];
            c.signal(1, signal);
            c.until("it ended", 20_000, |c| !c.world.is_alive(pid));
            c.world.disk(c.host(1)).read_all("node-1/.kafka_cleanshutdown")
        };
        let marker = stop(&mut cluster, signal);
        assert_eq!(marker.is_some(), clean, "{signal:?}");
        // It learns of no metadata, opens no log, and stops in order.
        let (from, to) = (cluster.host(11), cluster.host(1));
        cluster.world.cause(&Fault::CutLink { from, to });
        cluster.start_node(1);
        cluster.run_ms(1000);
        assert_eq!(stop(&mut cluster, Signal::Terminate), marker, "{signal:?}");
    }
}
