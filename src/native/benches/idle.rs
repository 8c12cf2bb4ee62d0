//! How fast virtual time runs while nobody does anything. Serves those who change the engine; invariant: nothing is asserted about
//! wall time, the figures are printed.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a bench measures itself")]

use ottla_lab::{Lab, LabConfig};
use std::time::Instant;

fn main() {
    let seconds: u64 = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(600);
    for (name, topics) in [("no topics", 0), ("53 partitions", 53)] {
        let mut lab = Lab::new(LabConfig::default()).expect("the default lab is within bounds");
        assert!(lab.settle(), "the cluster comes up");
        if topics > 0 {
            let script = format!(
                "kafka-topics.sh --bootstrap-server localhost:9092 --create --topic idle --partitions {topics} --replication-factor 3"
            );
            let spawned = lab.spawn_script(&script, None);
            while lab.exit_code(&spawned).is_none() {
                lab.run_for_ms(100);
            }
        }
        lab.run_for_ms(20_000);
        let mut events = 0_u64;
        let until = lab.now().plus_millis(seconds * 1000);
        let started = Instant::now();
        while lab.step(until) {
            events += 1;
        }
        let took = started.elapsed();
        println!(
            "idle, 3 brokers + 3 controllers, {name}: {:.0} x real time, {} events a virtual second, {} ns an event",
            seconds as f64 / took.as_secs_f64(),
            events / seconds,
            took.as_nanos() / u128::from(events.max(1))
        );
    }
}
