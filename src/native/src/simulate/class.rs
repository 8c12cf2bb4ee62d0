//! Kinds of clusters. Serves the runs; invariant: a cluster of a kind comes up once a thread, and each run goes on from a
//! copy of it with random streams of its own.

use super::{broken::Broken, look};
use ottla_lab::{Lab, LabConfig};
use ottla_world::Rng;
use std::{cell::RefCell, collections::BTreeMap};

/// How many kinds there are.
const CLASSES: u64 = 48;
/// The longest a cluster may take to come up, in milliseconds.
const BOOT_LIMIT_MS: u64 = 60_000;

thread_local! {
    static BOOTED: RefCell<BTreeMap<u64, Lab>> = const { RefCell::new(BTreeMap::new()) };
}

/// The kind of a seed's cluster.
pub(super) fn of(rng: &mut Rng) -> u64 {
    rng.below(CLASSES)
}

/// What a cluster of this kind is made of.
pub(super) fn config(class: u64) -> LabConfig {
    let rng = &mut Rng::stream(class, "simulate-class", 0);
    let controllers = *pick(rng, &[1, 3, 3, 3]);
    let brokers = *pick(rng, &[3, 3, 3, 4]);
    LabConfig { brokers, controllers, seed: class, settings: settings(rng), ..LabConfig::default() }
}

/// Time-outs short enough for elections and fencing within seconds.
fn settings(rng: &mut Rng) -> BTreeMap<String, String> {
    let choices: [(&str, &[&str]); 21] = [
        ("broker.heartbeat.interval.ms", &["100", "200"]),
        ("broker.session.timeout.ms", &["600", "1000", "2000", "4000"]),
        ("replica.lag.time.max.ms", &["500", "1000", "3000", "10000"]),
        ("replica.fetch.wait.max.ms", &["50", "200", "500"]),
        ("replica.fetch.backoff.ms", &["50", "200", "1000"]),
        ("replica.socket.timeout.ms", &["1000", "1500", "3000"]),
        ("replica.high.watermark.checkpoint.interval.ms", &["200", "1000", "5000"]),
        ("controller.quorum.election.timeout.ms", &["200", "500", "1000"]),
        ("controller.quorum.fetch.timeout.ms", &["600", "1000", "2000"]),
        ("controller.quorum.election.backoff.max.ms", &["100", "500", "1000"]),
        ("group.min.session.timeout.ms", &["100"]),
        ("offsets.topic.num.partitions", &["1", "1", "3"]),
        ("leader.imbalance.check.interval.seconds", &["1", "5", "300"]),
        ("metadata.log.max.record.bytes.between.snapshots", &["2000", "20971520", "20971520"]),
        ("metadata.log.max.snapshot.interval.ms", &["1000", "3600000", "3600000"]),
        ("metadata.log.segment.bytes", &["1000", "1073741824"]),
        ("metadata.max.retention.bytes", &["8000", "104857600"]),
        ("log.initial.task.delay.ms", &["100"]),
        ("log.retention.check.interval.ms", &["200", "1000"]),
        ("log.cleaner.backoff.ms", &["200", "1000"]),
        ("replica.fetch.max.bytes", &["200", "1048576", "1048576"]),
    ];
    choices.iter().map(|(name, values)| ((*name).to_owned(), pick(rng, values).to_string())).collect()
}

/// One of the choices.
pub(super) fn pick<'a, T>(rng: &mut Rng, choices: &'a [T]) -> &'a T {
    &choices[rng.below(choices.len() as u64) as usize]
}

/// A copy of a cluster that has come up.
pub(super) fn booted(class: u64) -> Result<Lab, Broken> {
    if let Some(lab) = BOOTED.with_borrow(|all| all.get(&class).cloned()) {
        return Ok(lab);
    }
    let mut lab = Lab::new(config(class)).map_err(|error| Broken::Liveness(error.to_string()))?;
    lab.be_quiet();
    while let Some(reason) = look::why_not_in_sync(&lab) {
        if lab.now().as_millis() >= BOOT_LIMIT_MS {
            return Err(Broken::Liveness(format!("it does not come up: {reason}")));
        }
        lab.run_for_ms(20);
    }
    BOOTED.with_borrow_mut(|all| all.insert(class, lab.clone()));
    Ok(lab)
}

/// Forgets the clusters of this thread: they came up under other rules.
pub(super) fn forget() {
    BOOTED.with_borrow_mut(BTreeMap::clear);
}
