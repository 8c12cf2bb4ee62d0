//! What differs from run to run. Serves the simulation; invariant: all of it is drawn from the run's seed, and each knob has
//! a good chance of being off, so that runs differ in kind and not only in amount (swarm testing).

use super::{
    class::{self, pick},
    kinds::{ActionKind, FaultKind, weights},
};
use ottla_world::Rng;
use std::{collections::BTreeMap, fmt};

/// Low and high bound of a span, in milliseconds.
pub(super) type SpanMs = (u64, u64);
/// Settings by name.
pub(super) type Settings = BTreeMap<String, String>;

/// A producer's knobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProducerKnobs {
    /// Different keys; 0 for records without a key.
    pub(super) keys: u64,
    /// Records a second.
    pub(super) rate: u64,
    pub(super) settings: Settings,
}

/// One run's knobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Knobs {
    pub(super) seed: u64,
    /// Which cluster.
    pub(super) class: u64,
    pub(super) partitions: i32,
    /// Settings of the topic.
    pub(super) topic: Settings,
    pub(super) producers: Vec<ProducerKnobs>,
    pub(super) consumers: Vec<Settings>,
    /// How long faults happen, in milliseconds.
    pub(super) safety_ms: u64,
    /// Pause between two faults.
    pub(super) gap_ms: SpanMs,
    /// How likely each fault is, against the sum of all.
    pub(super) faults: Vec<(FaultKind, u64)>,
    /// How likely each command is, against the sum of all.
    pub(super) actions: Vec<(ActionKind, u64)>,
    /// Pause between two commands.
    pub(super) action_gap_ms: SpanMs,
    /// How long a node stays down.
    pub(super) down_ms: SpanMs,
    /// How long a process is paused.
    pub(super) pause_ms: SpanMs,
    /// How long a link is cut, slow or lossy, a disk slow or full, a clock wrong.
    pub(super) ill_ms: SpanMs,
    /// How much slower a slow link or disk is.
    pub(super) slow_ms: SpanMs,
    /// What every link takes more than the least, in milliseconds.
    pub(super) latency_ms: u64,
    /// Power cuts and more whenever they are drawn: acknowledged records may be lost, the rest must hold.
    pub(super) reckless: bool,
    /// Before everything heals only a core does.
    pub(super) core: bool,
}

impl Knobs {
    /// The knobs of a seed.
    pub(super) fn draw(seed: u64) -> Knobs {
        let rng = &mut Rng::stream(seed, "simulate-knobs", 0);
        let long = rng.chance(1, 40);
        let group = rng.chance(1, 3).then(|| consumer_group(rng));
        let topic = topic(rng);
        let compacted = topic.contains_key("cleanup.policy");
        Knobs {
            seed,
            class: class::of(rng),
            partitions: *pick(rng, &[1, 1, 2, 3]),
            topic,
            producers: (0..*pick(rng, &[1, 1, 2, 3])).map(|_| producer(rng, compacted)).collect(),
            consumers: (0..*pick(rng, &[0, 1, 1, 2])).map(|_| consumer(rng, group.as_ref())).collect(),
            safety_ms: if long { rng.between(15_000, 60_000) } else { rng.between(1500, 8000) },
            gap_ms: *pick(rng, &[(20, 300), (100, 1000), (500, 3000)]),
            faults: weights(rng, &FaultKind::ALL),
            actions: if rng.chance(1, 2) { weights(rng, &ActionKind::ALL) } else { Vec::new() },
            action_gap_ms: *pick(rng, &[(50, 500), (500, 3000)]),
            down_ms: *pick(rng, &[(0, 300), (0, 2000), (1000, 5000)]),
            pause_ms: *pick(rng, &[(10, 300), (100, 2000), (1000, 6000)]),
            ill_ms: *pick(rng, &[(10, 300), (100, 2000), (1000, 6000)]),
            slow_ms: *pick(rng, &[(1, 20), (20, 200), (200, 1500)]),
            latency_ms: *pick(rng, &[0, 0, 0, 1, 5]),
            reckless: rng.chance(1, 12),
            core: rng.chance(1, 4),
        }
    }

    /// Whether the topic takes no records without a key.
    pub(super) fn is_compacted(&self) -> bool {
        self.topic.contains_key("cleanup.policy")
    }

    /// `min.insync.replicas` of the topic.
    pub(super) fn min_isr(&self) -> usize {
        self.topic.get("min.insync.replicas").and_then(|n| n.parse().ok()).unwrap_or(1)
    }
}

/// Sets some of the settings, each with an even chance.
fn some(rng: &mut Rng, choices: &[(&str, &[&str])]) -> Settings {
    let mut all = Settings::new();
    for (name, values) in choices {
        let value = *pick(rng, values);
        if rng.chance(1, 2) {
            all.insert((*name).to_owned(), value.to_owned());
        }
    }
    all
}

fn topic(rng: &mut Rng) -> Settings {
    let mut all = some(rng, &[("message.timestamp.type", &["CreateTime", "LogAppendTime"])]);
    all.insert("min.insync.replicas".to_owned(), pick(rng, &["1", "2", "2", "2", "3"]).to_string());
    if rng.chance(1, 12) {
        all.insert("unclean.leader.election.enable".to_owned(), "true".to_owned());
    }
    let life: &[(&str, &str)] = match rng.below(16) {
        0 => &[("retention.ms", "1000"), ("segment.ms", "200")],
        1 => &[("cleanup.policy", "compact"), ("segment.ms", "200"), ("min.cleanable.dirty.ratio", "0.01")],
        _ => &[],
    };
    all.extend(life.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    all
}

fn producer(rng: &mut Rng, compacted: bool) -> ProducerKnobs {
    let mut settings = some(
        rng,
        &[
            ("linger.ms", &["0", "20", "100"]),
            ("batch.size", &["1", "100", "1000"]),
            ("max.in.flight.requests.per.connection", &["1", "2", "5"]),
            ("retry.backoff.ms", &["10", "300"]),
            ("metadata.max.age.ms", &["1000", "30000"]),
            ("compression.type", &["gzip", "snappy", "lz4", "zstd"]),
        ],
    );
    settings.insert("request.timeout.ms".to_owned(), pick(rng, &["300", "1000", "2000"]).to_string());
    settings.insert("delivery.timeout.ms".to_owned(), pick(rng, &["2500", "4000", "10000"]).to_string());
    settings.insert("max.block.ms".to_owned(), pick(rng, &["1000", "5000"]).to_string());
    match rng.below(12) {
        0 => drop(settings.insert("acks".to_owned(), "1".to_owned())),
        1 => drop(settings.insert("acks".to_owned(), "0".to_owned())),
        2 => drop(settings.insert("enable.idempotence".to_owned(), "false".to_owned())),
        _ => {}
    }
    // A compacted topic takes no records without a key.
    let keys = if !compacted && rng.chance(1, 2) { 0 } else { rng.between(1, 20) };
    ProducerKnobs { keys, rate: *pick(rng, &[3, 10, 25, 60]), settings }
}

fn consumer_group(rng: &mut Rng) -> Settings {
    let session = *pick(rng, &["600", "1500", "3000"]);
    [
        ("group.id", "readers"),
        ("session.timeout.ms", session),
        ("heartbeat.interval.ms", "200"),
        ("auto.commit.interval.ms", *pick(rng, &["200", "1000", "5000"])),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

fn consumer(rng: &mut Rng, group: Option<&Settings>) -> Settings {
    let mut all = some(
        rng,
        &[
            ("fetch.max.wait.ms", &["20", "100", "500"]),
            ("max.poll.records", &["1", "10"]),
            ("max.partition.fetch.bytes", &["200", "2000", "10000"]),
            ("metadata.max.age.ms", &["500", "2000"]),
            ("retry.backoff.ms", &["10", "300"]),
        ],
    );
    all.insert("request.timeout.ms".to_owned(), pick(rng, &["1000", "2000"]).to_string());
    all.extend(group.cloned().unwrap_or_default());
    // New partitions are to be found within the run.
    all.entry("metadata.max.age.ms".to_owned()).or_insert_with(|| "3000".to_owned());
    all
}

impl fmt::Display for Knobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = class::config(self.class);
        writeln!(f, "  {} brokers, {} controllers, {:?}", config.brokers, config.controllers, config.settings)?;
        writeln!(f, "  {} partitions, {:?}", self.partitions, self.topic)?;
        for producer in &self.producers {
            let ProducerKnobs { keys, rate, settings } = producer;
            writeln!(f, "  producer: {keys} keys, {rate} records/s, {settings:?}")?;
        }
        for consumer in &self.consumers {
            writeln!(f, "  consumer: {consumer:?}")?;
        }
        writeln!(
            f,
            "  faults for {} ms, each {:?} ms after the last; down {:?} ms, paused {:?} ms, ill {:?} ms, slower by {:?} ms; \
             latency {} ms{}{}",
            self.safety_ms,
            self.gap_ms,
            self.down_ms,
            self.pause_ms,
            self.ill_ms,
            self.slow_ms,
            self.latency_ms,
            if self.reckless { "; reckless" } else { "" },
            if self.core { "; a core heals first" } else { "" },
        )?;
        write!(f, "  faults {:?}\n  commands {:?} every {:?} ms", self.faults, self.actions, self.action_gap_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knobs_are_the_seeds() {
        assert_eq!(Knobs::draw(5), Knobs::draw(5));
        assert_ne!(Knobs::draw(5), Knobs::draw(6));
    }
}
