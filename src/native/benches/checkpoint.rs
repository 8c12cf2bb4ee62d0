//! What a checkpoint costs: cloning a world whose logs hold a million records, and the same of the whole lab. Serves those who
//! change the engine; invariant: nothing is asserted about wall time, the figures are printed.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a bench measures itself")]

use ottla_lab::{Lab, LabConfig, load::Load, protocol::LabInput};
use std::{collections::BTreeMap, time::Instant};

/// Clones timed; the median is printed.
const CLONES: usize = 31;

fn main() {
    for records in [10_000, 100_000, 1_000_000] {
        let lab = filled(records);
        let (world, whole) = (median(|| lab.world().clone()), median(|| lab.clone()));
        println!("{records} records, three replicas: world cloned in {world} us, lab in {whole} us");
    }
}

/// A lab in which somebody wrote so many records.
fn filled(records: u64) -> Lab {
    let mut lab = Lab::new(LabConfig::default()).expect("the default lab is within bounds");
    assert!(lab.settle(), "the cluster comes up");
    let create =
        "kafka-topics.sh --bootstrap-server localhost:9092 --create --topic many --partitions 6 --replication-factor 3";
    let created = lab.spawn_script(create, None);
    while lab.exit_code(&created).is_none() {
        lab.run_for_ms(100);
    }
    let interval_us = 50;
    let until_us = lab.now().as_micros() + 4 * records * interval_us;
    let settings = BTreeMap::from([("bootstrap.servers".to_owned(), "localhost:9092".to_owned())]);
    let (name, topic) = ("filler".to_owned(), "many".to_owned());
    lab.apply(&LabInput::Load(Load::Produce { name, settings, topic, keys: 100, interval_us, until_us }));
    while lab.activity().acknowledged_records() < records {
        assert!(lab.now().as_micros() < until_us, "the records are written in time");
        lab.run_for_ms(200);
    }
    // Its own list of answers is not what a checkpoint is about.
    let pids: Vec<u32> = lab.view().clients.iter().map(|client| client.pid).collect();
    for pid in pids {
        lab.apply(&LabInput::KillClient { pid });
    }
    lab.run_for_ms(5_000);
    lab
}

fn median<T>(clone: impl Fn() -> T) -> u128 {
    let mut took: Vec<u128> = (0..CLONES)
        .map(|_| {
            let started = Instant::now();
            let copy = clone();
            let took = started.elapsed().as_micros();
            drop(copy);
            took
        })
        .collect();
    took.sort_unstable();
    took[CLONES / 2]
}
