//! Causes faults and ends them again. Serves the run; invariant: what is drawn depends on the seed and on virtual time only,
//! and unless the run is reckless never asks more of Kafka than it promises to bear (`risk.rs`).

use super::{
    kinds::{self, FaultKind},
    knobs::{Knobs, SpanMs},
    look,
    risk::Dirty,
};
use ottla_lab::{
    Lab, NodeKind,
    protocol::{LabInput, LinkAction, NodeAction, NodeState},
};
use ottla_world::{Rng, Time};
use std::collections::{BTreeMap, BTreeSet};

/// How a fault ends.
#[derive(Clone, Debug)]
enum Ending {
    Start(i32),
    Resume(i32),
    Disk(i32),
    Clock(i32),
    Links(Vec<(i32, i32)>),
    Client(u32),
}

/// The faults of a run.
#[derive(Debug)]
pub(super) struct Faults {
    rng: Rng,
    next_at: Time,
    endings: BTreeMap<(Time, u64), Ending>,
    /// Nodes that something was done to and not yet undone.
    busy: BTreeSet<i32>,
    /// Links that something was done to and not yet undone.
    links: BTreeSet<(i32, i32)>,
    /// How many were caused.
    pub(super) count: u64,
}

/// How long after the end of a controlled shutdown is looked for again, in milliseconds.
const LOOK_AGAIN_MS: u64 = 200;

impl Faults {
    pub(super) fn new(knobs: &Knobs, now: Time) -> Faults {
        let mut rng = Rng::stream(knobs.seed, "simulate-faults", 0);
        let next_at = now.plus_millis(rng.between(knobs.gap_ms.0, knobs.gap_ms.1));
        let (endings, busy, links) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Faults { rng, next_at, endings, busy, links, count: 0 }
    }

    /// When something is to be done next.
    pub(super) fn next_at(&self) -> Time {
        self.endings.keys().next().map_or(self.next_at, |(at, _)| self.next_at.min(*at))
    }

    /// What is to be done now: the ends of what is over, and the next fault if it is time.
    pub(super) fn due(&mut self, lab: &Lab, knobs: &Knobs, dirty: &Dirty) -> Vec<LabInput> {
        let now = lab.now();
        let mut inputs = Vec::new();
        while let Some((&(at, n), _)) = self.endings.first_key_value()
            && at <= now
        {
            let ending = self.endings.remove(&(at, n)).expect("the key was just read");
            self.end(lab, knobs, ending, &mut inputs);
        }
        if self.next_at <= now {
            self.next_at = now.plus_millis(self.rng.between(knobs.gap_ms.0, knobs.gap_ms.1));
            if let Some(kind) = kinds::draw(&mut self.rng, &knobs.faults) {
                let caused = self.cause(lab, knobs, kind, dirty);
                self.count += u64::from(!caused.is_empty());
                inputs.extend(caused);
            }
        }
        inputs
    }

    /// What lets the clients go on that are paused still.
    pub(super) fn resume_clients(&mut self) -> Vec<LabInput> {
        let endings = std::mem::take(&mut self.endings).into_values();
        let resume = |ending| match ending {
            Ending::Client(pid) => Some(signal_client("CONT", pid)),
            _ => None,
        };
        endings.filter_map(resume).collect()
    }

    fn end(&mut self, lab: &Lab, knobs: &Knobs, ending: Ending, inputs: &mut Vec<LabInput>) {
        match ending {
            Ending::Start(id) => {
                if lab.cluster().state(lab.world(), id) == NodeState::Stopping {
                    return self.later(lab, LOOK_AGAIN_MS, ending);
                }
                inputs.push(node(id, NodeAction::Start));
                self.busy.remove(&id);
            }
            Ending::Resume(id) => {
                inputs.push(node(id, NodeAction::Resume));
                self.busy.remove(&id);
            }
            Ending::Disk(id) => {
                inputs.extend([node(id, NodeAction::HealDisk), node(id, NodeAction::Start)]);
                self.busy.remove(&id);
            }
            Ending::Clock(id) => {
                inputs.push(node(id, NodeAction::SkewClock(0)));
                self.busy.remove(&id);
            }
            Ending::Client(pid) => inputs.push(signal_client("CONT", pid)),
            Ending::Links(links) => {
                for (from, to) in links {
                    self.links.remove(&(from, to));
                    inputs.push(link(from, to, LinkAction::Heal));
                    inputs.extend((knobs.latency_ms > 0).then(|| link(from, to, LinkAction::Slow(knobs.latency_ms))));
                }
            }
        }
    }

    fn later(&mut self, lab: &Lab, ms: u64, ending: Ending) {
        self.count += 1;
        self.endings.insert((lab.now().plus_millis(ms), self.count << 32), ending);
    }

    fn cause(&mut self, lab: &Lab, knobs: &Knobs, kind: FaultKind, dirty: &Dirty) -> Vec<LabInput> {
        use FaultKind as K;
        let span = span_ms(knobs, kind);
        let ms = self.rng.between(span.0, span.1);
        let (which, other) = (self.rng.next_u64(), self.rng.next_u64());
        let extra_ms = self.rng.between(knobs.slow_ms.0, knobs.slow_ms.1);
        let (broker, controller) = (Some(NodeKind::Broker), Some(NodeKind::Controller));
        let (of, action) = match kind {
            K::KillBroker => (broker, NodeAction::Kill),
            K::StopBroker => (broker, NodeAction::Stop),
            K::PauseBroker => (broker, NodeAction::Pause),
            K::PowerCutBroker => (broker, NodeAction::PowerCut),
            K::KillController => (controller, NodeAction::Kill),
            K::StopController => (controller, NodeAction::Stop),
            K::PauseController => (controller, NodeAction::Pause),
            K::PowerCutController => (controller, NodeAction::PowerCut),
            K::SlowDisk => (None, NodeAction::SlowDisk(extra_ms)),
            K::FullDisk => (None, NodeAction::FullDisk),
            K::FailDisk => (None, NodeAction::FailDisk),
            K::SkewClock => {
                let skew = i64::try_from(extra_ms).unwrap_or(0) * if other & 1 == 0 { 10 } else { -10 };
                (None, NodeAction::SkewClock(skew))
            }
            K::KillClient => {
                let pid = client(lab, which);
                return pid.map(|pid| LabInput::KillClient { pid }).into_iter().collect();
            }
            K::PauseClient => {
                let Some(pid) = client(lab, which) else { return Vec::new() };
                self.later(lab, ms, Ending::Client(pid));
                return vec![signal_client("STOP", pid)];
            }
            K::CutOneWay | K::CutBothWays | K::Isolate | K::SlowLink | K::LossyLink => {
                let links = self.choose_links(lab, kind, which, other);
                let action = match kind {
                    K::SlowLink => LinkAction::Slow(knobs.latency_ms + extra_ms),
                    K::LossyLink => LinkAction::Lossy(5 + (other % 60) as u8),
                    _ => LinkAction::Cut,
                };
                let inputs: Vec<LabInput> = links.iter().map(|(from, to)| link(*from, *to, action)).collect();
                if inputs.is_empty() || !allowed(lab, knobs, dirty, &inputs) {
                    return Vec::new();
                }
                self.links.extend(links.iter().copied());
                self.later(lab, ms, Ending::Links(links));
                return inputs;
            }
        };
        self.hit(lab, knobs, dirty, (of, which), action, ms)
    }

    fn hit(
        &mut self,
        lab: &Lab,
        knobs: &Knobs,
        dirty: &Dirty,
        (of, which): (Option<NodeKind>, u64),
        action: NodeAction,
        ms: u64,
    ) -> Vec<LabInput> {
        let all = of.map_or_else(|| look::nodes(lab), |kind| lab.cluster().ids(kind).collect());
        let idle = |id: &i32| lab.cluster().state(lab.world(), *id) == NodeState::Running;
        let ids: Vec<i32> = all.into_iter().filter(|id| !self.busy.contains(id)).filter(idle).collect();
        let Some(id) = ids.get((which % ids.len().max(1) as u64) as usize).copied() else { return Vec::new() };
        let inputs = vec![node(id, action)];
        if !allowed(lab, knobs, dirty, &inputs) {
            return Vec::new();
        }
        self.busy.insert(id);
        let ending = match action {
            NodeAction::Pause => Ending::Resume(id),
            NodeAction::SlowDisk(_) | NodeAction::FullDisk | NodeAction::FailDisk => Ending::Disk(id),
            NodeAction::SkewClock(_) => Ending::Clock(id),
            _ => Ending::Start(id),
        };
        self.later(lab, ms, ending);
        inputs
    }

    /// The links a fault is about; 0 is the laptop.
    fn choose_links(&self, lab: &Lab, kind: FaultKind, which: u64, other: u64) -> Vec<(i32, i32)> {
        let mut ids = look::nodes(lab);
        let one = ids.remove((which % ids.len() as u64) as usize);
        ids.insert(0, 0);
        let two = ids[(other % ids.len() as u64) as usize];
        let (from, to) = if other & (1 << 40) == 0 { (one, two) } else { (two, one) };
        let all = match kind {
            FaultKind::Isolate => ids.iter().flat_map(|id| [(one, *id), (*id, one)]).collect(),
            FaultKind::CutOneWay => vec![(from, to)],
            _ => vec![(from, to), (to, from)],
        };
        all.into_iter().filter(|link| !self.links.contains(link)).collect()
    }
}

/// Whether these inputs ask no more than this run may.
fn allowed(lab: &Lab, knobs: &Knobs, dirty: &Dirty, inputs: &[LabInput]) -> bool {
    knobs.reckless || !inputs.iter().any(|input| dirty.is_risky(lab, input))
}

/// The bounds of how long a fault lasts.
fn span_ms(knobs: &Knobs, kind: FaultKind) -> SpanMs {
    use FaultKind as K;
    match kind {
        K::PauseBroker | K::PauseController | K::PauseClient => knobs.pause_ms,
        K::CutOneWay | K::CutBothWays | K::Isolate | K::SlowLink | K::LossyLink => knobs.ill_ms,
        K::SlowDisk | K::FullDisk | K::FailDisk | K::SkewClock => knobs.ill_ms,
        _ => knobs.down_ms,
    }
}

fn client(lab: &Lab, which: u64) -> Option<u32> {
    let clients = lab.world().processes().filter(|info| info.name == "LoadProducer" || info.name == "LoadConsumer");
    let pids: Vec<u32> = clients.map(|info| info.pid.0).collect();
    pids.get((which % pids.len().max(1) as u64) as usize).copied()
}

fn signal_client(signal: &str, pid: u32) -> LabInput {
    LabInput::Run { script: format!("kill -{signal} {pid}"), stdin: None }
}

/// Makes every link slower by the run's latency.
pub(super) fn slow_all(lab: &Lab, knobs: &Knobs) -> Vec<LabInput> {
    if knobs.latency_ms == 0 {
        return Vec::new();
    }
    let mut ids = look::nodes(lab);
    ids.push(0);
    let pairs = ids.iter().flat_map(|from| ids.iter().map(move |to| (*from, *to))).filter(|(from, to)| from != to);
    pairs.map(|(from, to)| link(from, to, LinkAction::Slow(knobs.latency_ms))).collect()
}

fn node(node: i32, action: NodeAction) -> LabInput {
    LabInput::Node { node, action }
}

fn link(from: i32, to: i32, action: LinkAction) -> LabInput {
    LabInput::Link { from, to, action }
}
