//! One run: a cluster works under faults, heals, comes to rest, and is judged. Serves the simulation; invariant: the run is a
//! function of its seed, and all that is done to the cluster stands in the lab's journal.

use super::{
    actions::{self, Actions},
    broken::Broken,
    class,
    faults::{self, Faults},
    knobs::{Knobs, ProducerKnobs},
    look::{self, TOPIC},
    rest,
    stage::{Stage, Tail},
    verdict,
};
use ottla_lab::{
    LabJournal, NodeKind,
    load::Load,
    protocol::{LabInput, NodeAction, NodeState},
};
use ottla_world::Time;
use std::cell::RefCell;

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

/// How long a healed cluster may take until all replicas are in sync, in milliseconds.
const HEAL_LIMIT_MS: u64 = 60_000;
/// How long producers may take from then on to get an answer for each record.
const DRAIN_LIMIT_MS: u64 = 30_000;
/// How long consumers may take from then on to reach the ends of the logs, in milliseconds.
const READ_LIMIT_MS: u64 = 60_000;
/// What the producer that comes last writes, at so many records a second.
const PROBE: (u64, u64) = (5, 50);

/// A world with its programs.
pub(super) struct Run<'a> {
    stage: Stage<'a>,
    knobs: Knobs,
    faults: Faults,
    actions: Actions,
}

impl<'a> Run<'a> {
    /// Runs the world of these knobs to its end, or to what is broken; with the journal of what was done to it.
    pub(super) fn whole(knobs: Knobs, tail: Option<&'a RefCell<Tail>>) -> (Result<Tally, Broken>, Option<LabJournal>) {
        let lab = match class::booted(knobs.class) {
            Ok(lab) => lab,
            Err(broken) => return (Err(broken), None),
        };
        let (faults, actions) = (Faults::new(&knobs, Time::MAX), Actions::new(&knobs, lab.now()));
        let mut run = Run { stage: Stage::new(lab, tail), knobs, faults, actions };
        let result = run.phases();
        let journal = result.is_err().then(|| run.stage.lab.journal());
        (result, journal)
    }

    fn phases(&mut self) -> Result<Tally, Broken> {
        self.begin()?;
        self.under_faults()?;
        let healed_ms = self.heal()?;
        self.drain()?;
        self.catch_up()?;
        let written = verdict::judge(&self.stage)?;
        Ok(self.tally(healed_ms, written))
    }

    /// The topic, the clients.
    fn begin(&mut self) -> Result<(), Broken> {
        self.stage.apply(LabInput::Reseed { seed: self.knobs.seed })?;
        for input in faults::slow_all(&self.stage.lab, &self.knobs) {
            self.stage.apply(input)?;
        }
        self.stage.apply(actions::create_topic(&self.knobs))?;
        self.stage.wait(HEAL_LIMIT_MS, |stage| {
            Ok(look::ends(&stage.lab).is_none().then(|| "the topic has no leaders".to_owned()))
        })?;
        let stop_at = self.stage.lab.now().plus_millis(self.knobs.safety_ms);
        for (n, producer) in (1..).zip(self.knobs.producers.clone()) {
            self.start_producer(&format!("p{n}"), &producer, stop_at)?;
        }
        for (n, consumer) in (1..).zip(self.knobs.consumers.clone()) {
            self.start_consumer(&format!("c{n}"), consumer)?;
        }
        Ok(())
    }

    fn bootstrap(&self, mut settings: super::knobs::Settings) -> super::knobs::Settings {
        let brokers = self.stage.lab.config().brokers;
        settings.insert("bootstrap.servers".to_owned(), actions::bootstrap(brokers));
        settings
    }

    fn start_producer(&mut self, name: &str, producer: &ProducerKnobs, until: Time) -> Result<(), Broken> {
        self.stage.apply(LabInput::Load(Load::Produce {
            name: name.to_owned(),
            settings: self.bootstrap(producer.settings.clone()),
            topic: TOPIC.to_owned(),
            keys: producer.keys,
            interval_us: 1_000_000 / producer.rate.max(1),
            until_us: until.as_micros(),
        }))
    }

    fn start_consumer(&mut self, name: &str, settings: super::knobs::Settings) -> Result<(), Broken> {
        let partitions = look::partitions(&self.stage.lab);
        let (name, topic, settings) = (name.to_owned(), TOPIC.to_owned(), self.bootstrap(settings));
        self.stage.apply(LabInput::Load(Load::Consume { name, settings, topic, partitions }))
    }

    fn under_faults(&mut self) -> Result<(), Broken> {
        let end = self.stage.lab.now().plus_millis(self.knobs.safety_ms);
        self.faults = Faults::new(&self.knobs, self.stage.lab.now());
        self.actions = Actions::new(&self.knobs, self.stage.lab.now());
        loop {
            let until = self.faults.next_at().min(self.actions.next_at()).min(end);
            self.stage.advance(until)?;
            if until >= end {
                return Ok(());
            }
            for input in self.faults.due(&self.stage.lab, &self.knobs, self.stage.watch.dirty()) {
                self.stage.apply(input)?;
            }
            if let Some(input) = self.actions.due(&self.stage.lab, &self.knobs) {
                self.stage.apply(input)?;
            }
        }
    }

    /// Ends all faults and waits until the cluster is whole. If a core heals first, that one has to serve alone.
    fn heal(&mut self) -> Result<u64, Broken> {
        for input in self.faults.resume_clients() {
            self.stage.apply(input)?;
        }
        let core = if self.knobs.core { self.core() } else { None };
        if let Some((broker, controller)) = core {
            self.stage.apply(LabInput::HealAll)?;
            for node in broker.into_iter().chain(controller) {
                self.stage.apply(LabInput::Node { node, action: NodeAction::Kill })?;
            }
            let min_isr = self.knobs.min_isr().min(2);
            self.stage.wait(HEAL_LIMIT_MS, |stage| {
                let others_up = rest::keep_down(stage, &[broker, controller])?;
                Ok(others_up.or_else(|| look::why_not_serving(&stage.lab, min_isr, broker)))
            })?;
        }
        self.stage.apply(LabInput::HealAll)?;
        self.stage.wait(HEAL_LIMIT_MS, |stage| {
            if look::nodes(&stage.lab).iter().any(|id| is_down(stage.lab.cluster().state(stage.lab.world(), *id))) {
                // A node that was stopping, or gave up, only now is down.
                stage.apply(LabInput::HealAll)?;
            }
            Ok(look::why_not_in_sync(&stage.lab))
        })
    }

    /// A broker and a controller that the others can do without: a minority each, and no replica that is needed.
    fn core(&self) -> Option<(Option<i32>, Option<i32>)> {
        let lab = &self.stage.lab;
        if self.knobs.reckless
            || self.stage.watch.may_lose()
            || self.knobs.min_isr() > 2
            || !self.stage.watch.dirty().is_empty()
        {
            return None;
        }
        let image = self.stage.watch.image()?;
        let spare = |id: &i32| {
            let mut states = image.topics().flat_map(|topic| topic.partitions.values());
            let runs = |other: &i32| look::why_not_running(lab, *other).is_none();
            states.all(|state| state.isr.iter().any(|other| other != id && runs(other)))
        };
        let broker = lab.cluster().ids(NodeKind::Broker).find(spare);
        let controllers: Vec<i32> = lab.cluster().ids(NodeKind::Controller).collect();
        let controller = controllers.last().copied().filter(|_| controllers.len() > 2);
        Some((broker, controller))
    }

    /// Waits until every record has its answer; those of one more producer must all be acknowledged.
    fn drain(&mut self) -> Result<(), Broken> {
        let (records, rate) = PROBE;
        let until = self.stage.lab.now().plus_millis(1000 * records / rate);
        let settings = [("request.timeout.ms", "2000"), ("delivery.timeout.ms", "20000")];
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.start_producer(
            "probe",
            &ProducerKnobs { keys: u64::from(self.knobs.is_compacted()), rate, settings },
            until,
        )?;
        self.stage.wait(DRAIN_LIMIT_MS, |stage| Ok(rest::why_not_drained(&stage.lab)))?;
        let probe = self.stage.watch.clients().producers.values().find(|producer| producer.name == "probe");
        match probe.and_then(|producer| producer.failed.first()) {
            Some((n, error)) => Err(Broken::Liveness(format!("probe:{n} failed in a whole cluster: {error}"))),
            None => Ok(()),
        }
    }

    /// Waits until high watermarks, consumers and one fresh consumer are at the ends of the logs.
    fn catch_up(&mut self) -> Result<(), Broken> {
        self.start_consumer("last", super::knobs::Settings::new())?;
        rest::come_to_rest(&mut self.stage, READ_LIMIT_MS)
    }

    fn tally(&self, healed_ms: u64, written: u64) -> Tally {
        let clients = self.stage.watch.clients();
        Tally {
            virtual_ms: self.stage.lab.now().as_millis(),
            events: self.stage.events,
            faults: self.faults.count,
            sent: clients.producers.values().map(|producer| producer.sent).sum(),
            acknowledged: clients.producers.values().map(|producer| producer.acked.len() as u64).sum(),
            written,
            delivered: clients.consumers.values().map(|consumer| consumer.received.len() as u64).sum(),
            healed_ms,
            hash: self.stage.lab.world().history_hash(),
        }
    }
}

fn is_down(state: NodeState) -> bool {
    matches!(state, NodeState::Down | NodeState::NoPower)
}
