//! Compaction while brokers lose power one after the other: each replica's log goes on holding the last value of each key. Serves the
//! broker's developers.

mod common;

use bytes::Bytes;
use common::Cluster;
use ottla_broker::ReplicaRole;
use ottla_records::{BatchBuilder, Batches, Compression, Limits, TimestampType};
use ottla_world::{Fault, Rng};
use std::collections::BTreeMap;

fn keyed(cluster: &Cluster, key: u64, value: u64) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    let timestamp = cluster.world.wall_ms(cluster.host(1));
    builder.append(timestamp, Some(format!("key-{key}").as_bytes()), Some(format!("{value}").as_bytes()), &[]);
    builder.build(0, -1)
}

/// The table that a replica's segments make, and how many records they hold.
fn table(cluster: &Cluster, id: i32) -> (BTreeMap<String, u64>, u64) {
    let disk = cluster.world.disk(cluster.host(id));
    let prefix = format!("node-{id}/salaries-0/");
    let (mut table, mut count, mut offset) = (BTreeMap::new(), 0, -1);
    for path in disk.list(&prefix).filter(|path| path.ends_with(".log")) {
        for batch in Batches::strict(disk.read_all(path).unwrap_or_default()) {
            let batch = batch.expect("whole batches");
            batch.verify_crc().expect("sound batches");
            for record in batch.records(&Limits::default()).expect("sound records") {
                assert!(record.offset > offset, "offsets increase in {path}");
                offset = record.offset;
                let text =
                    |bytes: Option<Bytes>| String::from_utf8(bytes.expect("is there").to_vec()).expect("is text");
                table.insert(text(record.key), text(record.value).parse().expect("is a number"));
                count += 1;
            }
        }
    }
    (table, count)
}

/// Who leads the partition, by his own word.
fn leader(cluster: &Cluster) -> Option<i32> {
    let leads = |id: &i32| {
        let partitions = cluster.view(*id).map(|view| view.partitions).unwrap_or_default();
        partitions.iter().any(|p| p.role == ReplicaRole::Leader && p.topic == "salaries")
    };
    (1..=3).find(leads)
}

fn storm(seed: u64) {
    let settings = [("log.cleaner.backoff.ms", "700"), ("log.flush.offset.checkpoint.interval.ms", "1000")];
    let mut cluster = Cluster::start(1, 3, &settings);
    let configs = [("cleanup.policy", "compact"), ("segment.ms", "900"), ("min.cleanable.dirty.ratio", "0.01")];
    cluster.create("salaries", 1, 3, &configs);
    let mut rng = Rng::new(seed);
    let (mut acknowledged, mut number, mut written) = (BTreeMap::new(), 0, 0);
    for _ in 0..4 {
        for _ in 0..rng.between(10, 40) {
            let key = rng.below(5);
            let Some(leader) = leader(&cluster) else {
                cluster.run_ms(100);
                continue;
            };
            number += 1;
            let batch = keyed(&cluster, key, number);
            if cluster.produce_batch(leader, "salaries", 0, batch, -1).error_code == 0 {
                acknowledged.insert(format!("key-{key}"), number);
                written += 1;
            }
            cluster.run_ms(rng.below(300));
        }
        let id = rng.between(1, 3) as i32;
        let host = cluster.host(id);
        cluster.world.cause(&Fault::PowerCut { host });
        cluster.run_ms(rng.below(12_000));
        cluster.world.cause(&Fault::PowerOn { host });
        cluster.start_node(id);
        // Its earlier life's session may have to end first.
        cluster.run_ms(15_000);
        cluster.until("all are in sync again", 40_000, |c| {
            let leading = (1..=3).filter_map(|id| c.view(id)).flat_map(|view| view.partitions);
            leading.into_iter().any(|p| p.role == ReplicaRole::Leader && p.topic == "salaries" && p.isr == [1, 2, 3])
        });
    }
    cluster.run_ms(3000);
    for id in 1..=3 {
        let (found, count) = table(&cluster, id);
        for (key, value) in &acknowledged {
            // What was refused or not answered may be there too.
            assert!(found.get(key).is_some_and(|last| last >= value), "seed {seed}, broker {id}: {key} in {found:?}");
        }
        assert!(count < written, "seed {seed}, broker {id}: nothing was compacted of {written}");
        assert_eq!(found, table(&cluster, 1).0, "seed {seed}, broker {id}");
    }
}

#[test]
fn replicas_keep_the_last_value_of_each_key() {
    (0..6).for_each(storm);
}
