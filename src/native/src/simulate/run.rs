//! One run: a cluster comes up, works under faults, heals, comes to rest, and is judged. Serves the simulation; invariant:
//! the run is a function of its seed.

use super::{
    broken::Broken,
    faults::{self, Faults},
    knobs::Knobs,
    look,
    verdict::{self, Logs},
    watch::Watch,
    workload::{Setup, SimConsumer, SimProducer},
};
use ottla_lab::{Lab, LabConfig};
use ottla_world::{Pid, Time};
use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
};

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) virtual_ms: u64,
    pub(super) events: u64,
    pub(super) faults: u64,
    pub(super) sent: u64,
    pub(super) acknowledged: u64,
    pub(super) written: u64,
    pub(super) delivered: u64,
    /// How long the cluster took to heal, in milliseconds.
    pub(super) healed_ms: u64,
    pub(super) hash: u64,
}

/// The last lines of the event log.
#[derive(Debug, Default)]
pub(super) struct Tail(pub(super) VecDeque<String>);

/// How much of the event log is kept.
const TAIL_LINES: usize = 40;
/// How often the quorum is looked at, in milliseconds.
const LOOK_MS: u64 = 100;
/// How long a healed cluster may take until all replicas are in sync, in milliseconds.
const HEAL_LIMIT_MS: u64 = 120_000;
/// How long producers may take from then on to get an answer for each record: the longest delivery time-out and a little.
const DRAIN_LIMIT_MS: u64 = 130_000;
/// How long consumers may take from then on to reach the ends of the logs, in milliseconds.
const READ_LIMIT_MS: u64 = 300_000;
/// What the producer that comes last writes, at so many records a second.
const PROBE: (u64, u64) = (20, 20);

/// A world with its programs.
pub(super) struct Run<'a> {
    lab: Lab,
    knobs: Knobs,
    watch: Watch,
    faults: Faults,
    producers: Vec<(String, Pid)>,
    consumers: Vec<Pid>,
    next_look: Time,
    events: u64,
    tail: &'a RefCell<Tail>,
    /// All lines of the event log go to standard error.
    verbose: bool,
}

impl<'a> Run<'a> {
    /// Runs the world of these knobs to its end.
    pub(super) fn whole(knobs: Knobs, tail: &'a RefCell<Tail>, verbose: bool) -> Result<Tally, Broken> {
        let mut run = Run::start(knobs, tail, verbose)?;
        run.create_topic()?;
        run.start_clients()?;
        run.under_faults()?;
        let healed_ms = run.heal()?;
        run.drain()?;
        run.catch_up()?;
        let written = run.judge()?;
        Ok(run.tally(healed_ms, written))
    }

    fn start(knobs: Knobs, tail: &'a RefCell<Tail>, verbose: bool) -> Result<Run<'a>, Broken> {
        let (controllers, settings) = (knobs.controllers, knobs.server.clone());
        let config = LabConfig { brokers: 3, controllers, seed: knobs.seed, settings, ..LabConfig::default() };
        let mut lab = Lab::new(config).map_err(|error| Broken::Liveness(error.to_string()))?;
        faults::slow_all(&mut lab, &knobs);
        let faults = Faults::new(&knobs, Time::MAX);
        let (producers, consumers) = (Vec::new(), Vec::new());
        let watch = Watch::default();
        let next_look = Time::ZERO;
        Ok(Run { lab, knobs, watch, faults, producers, consumers, next_look, events: 0, tail, verbose })
    }

    /// Lets everything happen up to `until`, watching.
    fn advance(&mut self, until: Time) -> Result<(), Broken> {
        loop {
            let stop = self.next_look.min(until);
            while self.lab.step(stop) {
                self.events += 1;
                self.take_lines();
                self.watch.after_event(&self.lab)?;
            }
            self.lab.run_until(stop);
            if self.next_look <= stop {
                self.next_look = stop.plus_millis(LOOK_MS);
                self.watch.look(&self.lab)?;
            }
            if stop >= until {
                return Ok(());
            }
        }
    }

    fn take_lines(&mut self) {
        for event in self.lab.take_events() {
            let (seconds, us) = (event.at_us / 1_000_000, event.at_us % 1_000_000);
            let node = event.node.map(|id| format!("[{id}] ")).unwrap_or_default();
            let line = format!("{seconds:>4}.{us:06} {node}{}", event.text);
            if self.verbose {
                eprintln!("{line}");
            }
            let tail = &mut self.tail.borrow_mut().0;
            tail.push_back(line);
            if tail.len() > TAIL_LINES {
                tail.pop_front();
            }
        }
    }

    /// Advances until `done` gives nothing more to wait for; a reason that stays too long breaks progress.
    fn wait(&mut self, limit_ms: u64, mut why_not: impl FnMut(&mut Run<'a>) -> Option<String>) -> Result<u64, Broken> {
        let start = self.lab.now();
        while let Some(reason) = why_not(self) {
            let waited_ms = self.lab.now().millis_since(start);
            if waited_ms >= limit_ms {
                return Err(Broken::Liveness(format!("after {waited_ms} ms {reason}")));
            }
            self.advance(self.lab.now().plus_millis(LOOK_MS))?;
        }
        Ok(self.lab.now().millis_since(start))
    }

    fn create_topic(&mut self) -> Result<(), Broken> {
        self.wait(HEAL_LIMIT_MS, |run| look::why_not_in_sync(&run.lab))?;
        let setup = Setup::new(self.knobs.partitions).map_err(|error| Broken::Client(error.to_string()))?;
        let pid = self.lab.spawn_process(Box::new(setup));
        self.wait(HEAL_LIMIT_MS, |run| {
            let made = run.lab.world().process::<Setup>(pid).is_some_and(|setup| setup.result.is_some());
            (!made).then(|| "the topic is not made".to_owned())
        })?;
        let partitions = self.knobs.partitions;
        self.wait(HEAL_LIMIT_MS, |run| {
            look::ends(&run.lab, partitions).is_none().then(|| "the topic has no leaders".to_owned())
        })?;
        match self.lab.world().process::<Setup>(pid).and_then(|setup| setup.result.clone()) {
            Some(Err(error)) => Err(Broken::Client(format!("the topic can't be made: {error}"))),
            _ => Ok(()),
        }
    }

    fn start_clients(&mut self) -> Result<(), Broken> {
        let stop_at = self.lab.now().plus_millis(self.knobs.safety_ms);
        for n in 1..=self.knobs.producers {
            self.start_producer(&format!("p{n}"), self.knobs.rate, stop_at)?;
        }
        let group = self.knobs.group.then_some("readers");
        for n in 1..=self.knobs.consumers {
            self.start_consumer(&format!("c{n}"), group)?;
        }
        Ok(())
    }

    fn start_producer(&mut self, name: &str, rate: u64, stop_at: Time) -> Result<Pid, Broken> {
        let producer = SimProducer::new(name, &self.knobs.producer, self.knobs.keys, rate, stop_at);
        let producer = producer.map_err(|error| Broken::Client(error.to_string()))?;
        let pid = self.lab.spawn_process(Box::new(producer));
        self.producers.push((name.to_owned(), pid));
        Ok(pid)
    }

    fn start_consumer(&mut self, name: &str, group: Option<&str>) -> Result<Pid, Broken> {
        let consumer = SimConsumer::new(name, &self.knobs.consumer, self.knobs.partitions, group);
        let consumer = consumer.map_err(|error| Broken::Client(error.to_string()))?;
        let pid = self.lab.spawn_process(Box::new(consumer));
        self.consumers.push(pid);
        self.watch.consumer(pid);
        Ok(pid)
    }

    fn under_faults(&mut self) -> Result<(), Broken> {
        let end = self.lab.now().plus_millis(self.knobs.safety_ms);
        self.faults = Faults::new(&self.knobs, self.lab.now());
        loop {
            let until = self.faults.next_at().min(end);
            self.advance(until)?;
            if until >= end {
                return Ok(());
            }
            self.watch.look(&self.lab)?;
            self.faults.act(&mut self.lab, &self.knobs);
            self.take_lines();
            self.watch.look(&self.lab)?;
        }
    }

    /// Ends all faults and waits until the cluster is whole.
    fn heal(&mut self) -> Result<u64, Broken> {
        self.wait(HEAL_LIMIT_MS, |run| {
            run.faults.end_all(&mut run.lab, &run.knobs);
            look::why_not_in_sync(&run.lab)
        })
    }

    /// Waits until every record has its answer; those of one more producer must all be acknowledged.
    fn drain(&mut self) -> Result<(), Broken> {
        let (rate, records) = PROBE;
        let stop_at = self.lab.now().plus_millis(1000 * records / rate);
        let probe = self.start_producer("probe", rate, stop_at)?;
        self.wait(DRAIN_LIMIT_MS, |run| {
            let now = run.lab.now();
            let busy = run.producers().find(|(_, producer)| !producer.is_drained(now));
            busy.map(|(name, _)| format!("producer {name} waits for answers"))
        })?;
        match self.lab.world().process::<SimProducer>(probe).and_then(|p| p.failed.first().cloned()) {
            Some((n, error)) => Err(Broken::Liveness(format!("probe:{n} failed in a whole cluster: {error}"))),
            None => Ok(()),
        }
    }

    /// Waits until high watermarks, consumers and one fresh consumer are at the ends of the logs.
    fn catch_up(&mut self) -> Result<(), Broken> {
        self.start_consumer("last", None)?;
        let partitions = self.knobs.partitions;
        self.wait(READ_LIMIT_MS, |run| {
            let Some(ends) = look::ends(&run.lab, partitions) else { return Some("a partition has no leader".into()) };
            if let Some((leader, high_watermark, end)) = ends.iter().find(|(_, hw, end)| hw != end) {
                return Some(format!("leader {leader} has high watermark {high_watermark} and log end {end}"));
            }
            run.behind(&ends)
        })?;
        // Followers learn of the last high watermark with one more fetch.
        self.advance(self.lab.now().plus_millis(1000))
    }

    /// A reader that is not at the end.
    fn behind(&self, ends: &[(i32, i64, i64)]) -> Option<String> {
        let mut group: BTreeMap<i32, Option<i64>> = BTreeMap::new();
        let lags = |positions: &BTreeMap<i32, Option<i64>>| {
            let at = |partition: i32| positions.get(&partition).copied().flatten();
            (0..)
                .zip(ends)
                .find(|(partition, (_, _, end))| at(*partition) != Some(*end))
                .map(|(p, (_, _, end))| format!("is at {:?} of partition {p}, which ends at {end}", at(p)))
        };
        for (n, (pid, consumer)) in self.consumers().enumerate() {
            if let Some(error) = &consumer.failed {
                return Some(format!("process {} failed with {error}", pid.0));
            }
            if self.knobs.group && n < self.knobs.consumers as usize {
                group.extend(consumer.positions());
            } else if let Some(text) = lags(&consumer.positions()) {
                return Some(format!("process {} {text}", pid.0));
            }
        }
        lags(&group).filter(|_| self.knobs.group).map(|text| format!("the group {text}"))
    }

    /// Holds what the clients were told against what there is; the number of records there are.
    fn judge(&self) -> Result<u64, Broken> {
        let logs = Logs::read(&self.lab, self.knobs.partitions)?;
        for (name, producer) in self.producers() {
            logs.hold_acknowledged(name, producer)?;
            verdict::failed_for_time(name, producer)?;
        }
        logs.are_in_order()?;
        for (n, (pid, consumer)) in self.consumers().enumerate() {
            logs.hold_delivered(pid, consumer)?;
            if !self.knobs.group || n >= self.knobs.consumers as usize {
                logs.were_read_in_order(pid, consumer)?;
            }
        }
        if self.knobs.group {
            logs.were_read_by(self.consumers().take(self.knobs.consumers as usize).map(|(_, consumer)| consumer))?;
        }
        Ok(logs.len())
    }

    fn producers(&self) -> impl Iterator<Item = (&str, &SimProducer)> {
        let all = self.producers.iter();
        all.filter_map(|(name, pid)| Some((name.as_str(), self.lab.world().process::<SimProducer>(*pid)?)))
    }

    fn consumers(&self) -> impl Iterator<Item = (Pid, &SimConsumer)> {
        self.consumers.iter().filter_map(|pid| Some((*pid, self.lab.world().process::<SimConsumer>(*pid)?)))
    }

    fn tally(&self, healed_ms: u64, written: u64) -> Tally {
        Tally {
            virtual_ms: self.lab.now().as_millis(),
            events: self.events,
            faults: self.faults.count,
            sent: self.producers().map(|(_, p)| p.sent()).sum(),
            acknowledged: self.producers().map(|(_, p)| p.acked.len() as u64).sum(),
            written,
            delivered: self.consumers().map(|(_, c)| c.received.len() as u64).sum(),
            healed_ms,
            hash: self.lab.state_hash(),
        }
    }
}
