//! What differs from run to run. Serves the simulation; invariant: all of it is drawn from the run's seed, and each knob has
//! a good chance of being off, so that runs differ in kind and not only in amount (swarm testing).

use ottla_world::Rng;
use std::{collections::BTreeMap, fmt};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FaultKind {
    /// SIGKILL to a broker, started again later.
    KillBroker,
    /// SIGTERM to a broker, started again later.
    StopBroker,
    /// SIGSTOP to a broker for a while.
    PauseBroker,
    /// A broker's host loses power for a while.
    PowerCutBroker,
    /// SIGKILL to a controller, started again later.
    KillController,
    /// SIGTERM to a controller, started again later.
    StopController,
    /// SIGSTOP to a controller for a while.
    PauseController,
    /// A controller's host loses power for a while.
    PowerCutController,
    /// Nothing gets from one node to another for a while.
    CutOneWay,
    /// Nothing gets through between two nodes for a while.
    CutBothWays,
    /// Nothing gets to and from one node for a while.
    Isolate,
    /// Frames between two nodes take longer for a while.
    SlowLink,
}

/// All of them.
const KINDS: [FaultKind; 12] = [
    FaultKind::KillBroker,
    FaultKind::StopBroker,
    FaultKind::PauseBroker,
    FaultKind::PowerCutBroker,
    FaultKind::KillController,
    FaultKind::StopController,
    FaultKind::PauseController,
    FaultKind::PowerCutController,
    FaultKind::CutOneWay,
    FaultKind::CutBothWays,
    FaultKind::Isolate,
    FaultKind::SlowLink,
];

/// Low and high bound of a span, in milliseconds.
pub(super) type SpanMs = (u64, u64);

/// One run's knobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Knobs {
    pub(super) seed: u64,
    pub(super) controllers: u32,
    pub(super) partitions: i32,
    pub(super) producers: u32,
    pub(super) consumers: u32,
    /// The consumers share a group.
    pub(super) group: bool,
    /// Different keys; 0 for records without a key.
    pub(super) keys: u64,
    /// Records a second, of each producer.
    pub(super) rate: u64,
    /// How long faults happen, in milliseconds.
    pub(super) safety_ms: u64,
    /// Pause between two faults.
    pub(super) gap_ms: SpanMs,
    /// How likely each fault is, against the sum of all.
    pub(super) weights: Vec<(FaultKind, u64)>,
    /// How long a node stays down.
    pub(super) down_ms: SpanMs,
    /// How long a process is paused.
    pub(super) pause_ms: SpanMs,
    /// How long a link is cut or slow.
    pub(super) link_ms: SpanMs,
    /// How much slower a slow link is.
    pub(super) slow_ms: SpanMs,
    /// What every link takes more than the least, in milliseconds.
    pub(super) latency_ms: u64,
    pub(super) server: BTreeMap<String, String>,
    pub(super) producer: BTreeMap<String, String>,
    pub(super) consumer: BTreeMap<String, String>,
}

impl Knobs {
    /// The knobs of a seed.
    pub(super) fn draw(seed: u64) -> Knobs {
        let rng = &mut Rng::stream(seed, "simulate-knobs", 0);
        Knobs {
            seed,
            controllers: if rng.chance(1, 3) { 1 } else { 3 },
            partitions: rng.between(1, 4) as i32,
            producers: rng.between(1, 3) as u32,
            consumers: rng.between(1, 2) as u32,
            group: rng.chance(1, 3),
            keys: if rng.chance(1, 2) { 0 } else { rng.between(1, 20) },
            rate: rng.between(10, 60),
            safety_ms: rng.between(20_000, 60_000),
            gap_ms: *pick(rng, &[(100, 1000), (500, 4000), (2000, 10_000)]),
            weights: weights(rng),
            down_ms: *pick(rng, &[(0, 1000), (0, 8000), (5000, 20_000)]),
            pause_ms: *pick(rng, &[(10, 1000), (500, 8000), (5000, 25_000)]),
            link_ms: *pick(rng, &[(10, 1000), (500, 8000), (5000, 25_000)]),
            slow_ms: *pick(rng, &[(1, 50), (50, 500), (500, 3000)]),
            latency_ms: *pick(rng, &[0, 0, 0, 1, 5, 20]),
            server: server(rng),
            producer: producer(rng),
            consumer: consumer(rng),
        }
    }

    /// The bounds of how long a fault lasts.
    pub(super) fn span_ms(&self, kind: FaultKind) -> SpanMs {
        match kind {
            FaultKind::PauseBroker | FaultKind::PauseController => self.pause_ms,
            FaultKind::CutOneWay | FaultKind::CutBothWays | FaultKind::Isolate | FaultKind::SlowLink => self.link_ms,
            _ => self.down_ms,
        }
    }

    /// A fault to cause next; `None` if none is on.
    pub(super) fn draw_fault(&self, rng: &mut Rng) -> Option<FaultKind> {
        let sum: u64 = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut at = rng.below(sum);
        for (kind, weight) in &self.weights {
            if at < *weight {
                return Some(*kind);
            }
            at -= weight;
        }
        None
    }
}

fn pick<'a, T>(rng: &mut Rng, choices: &'a [T]) -> &'a T {
    &choices[rng.below(choices.len() as u64) as usize]
}

fn weights(rng: &mut Rng) -> Vec<(FaultKind, u64)> {
    let mut all = Vec::new();
    for kind in KINDS {
        if rng.chance(1, 2) {
            all.push((kind, rng.between(1, 8)));
        }
    }
    all
}

/// Sets some of the settings, each with an even chance.
fn settings(rng: &mut Rng, choices: &[(&str, &[&str])]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, values) in choices {
        let value = *pick(rng, values);
        if rng.chance(1, 2) {
            all.insert((*name).to_owned(), value.to_owned());
        }
    }
    all
}

fn server(rng: &mut Rng) -> BTreeMap<String, String> {
    let choices: [(&str, &[&str]); 5] = [
        ("broker.heartbeat.interval.ms", &["500", "1000"]),
        ("broker.session.timeout.ms", &["4000", "6000"]),
        ("replica.lag.time.max.ms", &["3000", "10000", "20000"]),
        ("replica.fetch.wait.max.ms", &["50", "200"]),
        ("replica.high.watermark.checkpoint.interval.ms", &["1000", "20000"]),
    ];
    settings(rng, &choices)
}

fn producer(rng: &mut Rng) -> BTreeMap<String, String> {
    let choices: [(&str, &[&str]); 7] = [
        ("linger.ms", &["0", "20", "100"]),
        ("batch.size", &["1", "100", "1000"]),
        ("max.in.flight.requests.per.connection", &["1", "2", "5"]),
        ("request.timeout.ms", &["2000", "5000"]),
        ("retry.backoff.ms", &["10", "500"]),
        ("metadata.max.age.ms", &["2000", "30000"]),
        ("compression.type", &["gzip", "snappy", "lz4", "zstd"]),
    ];
    let mut all = settings(rng, &choices);
    all.insert("delivery.timeout.ms".to_owned(), pick(rng, &["31000", "60000", "120000"]).to_string());
    all
}

fn consumer(rng: &mut Rng) -> BTreeMap<String, String> {
    let choices: [(&str, &[&str]); 6] = [
        ("fetch.max.wait.ms", &["20", "100"]),
        ("max.poll.records", &["1", "10"]),
        ("max.partition.fetch.bytes", &["2000", "10000"]),
        ("request.timeout.ms", &["2000", "5000"]),
        ("metadata.max.age.ms", &["2000", "30000"]),
        ("retry.backoff.ms", &["10", "500"]),
    ];
    settings(rng, &choices)
}

impl fmt::Display for Knobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  controllers {}, partitions {}, producers {}, consumers {}{}, keys {}, {} records/s each",
            self.controllers,
            self.partitions,
            self.producers,
            self.consumers,
            if self.group { " in a group" } else { "" },
            self.keys,
            self.rate,
        )?;
        writeln!(
            f,
            "  faults for {} ms, each {:?} ms after the last; down {:?} ms, paused {:?} ms, links {:?} ms, slower by {:?} ms; \
             latency {} ms",
            self.safety_ms, self.gap_ms, self.down_ms, self.pause_ms, self.link_ms, self.slow_ms, self.latency_ms,
        )?;
        writeln!(f, "  weights {:?}", self.weights)?;
        write!(f, "  servers {:?}\n  producers {:?}\n  consumers {:?}", self.server, self.producer, self.consumer)
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

    #[test]
    fn faults_follow_their_weights() {
        let weights = vec![(FaultKind::KillBroker, 1), (FaultKind::SlowLink, 3)];
        let knobs = Knobs { weights, ..Knobs::draw(1) };
        let mut rng = Rng::new(1);
        let slow = (0..4000).filter(|_| knobs.draw_fault(&mut rng) == Some(FaultKind::SlowLink)).count();
        assert!((2800..3200).contains(&slow), "{slow}");
        assert_eq!(Knobs { weights: Vec::new(), ..knobs }.draw_fault(&mut rng), None);
    }
}
