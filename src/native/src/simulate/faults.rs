//! Causes faults and ends them again. Serves the run; invariant: what is drawn depends on the seed and on virtual time only,
//! and never asks more of Kafka than it promises (see [`Faults::may`]).

use super::{
    knobs::{FaultKind, Knobs},
    look,
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
    Links(Vec<(i32, i32)>),
}

/// The faults of a run.
#[derive(Debug)]
pub(super) struct Faults {
    rng: Rng,
    next_at: Time,
    endings: BTreeMap<(Time, u64), Ending>,
    /// Nodes that something was done to and not yet undone.
    busy: BTreeSet<i32>,
    /// Links that are cut.
    cut: BTreeSet<(i32, i32)>,
    /// Links that are slower than the others.
    slow: BTreeSet<(i32, i32)>,
    /// A broker that lost power and may not have caught up yet.
    recovering: Option<i32>,
    /// How many were caused.
    pub(super) count: u64,
}

/// How long after the end of a controlled shutdown is looked for again, in milliseconds.
const LOOK_AGAIN_MS: u64 = 500;

impl Faults {
    pub(super) fn new(knobs: &Knobs, now: Time) -> Faults {
        let mut rng = Rng::stream(knobs.seed, "simulate-faults", 0);
        let next_at = now.plus_millis(rng.between(knobs.gap_ms.0, knobs.gap_ms.1));
        Faults {
            rng,
            next_at,
            endings: BTreeMap::new(),
            busy: BTreeSet::new(),
            cut: BTreeSet::new(),
            slow: BTreeSet::new(),
            recovering: None,
            count: 0,
        }
    }

    /// When something is to be done next.
    pub(super) fn next_at(&self) -> Time {
        self.endings.keys().next().map_or(self.next_at, |(at, _)| self.next_at.min(*at))
    }

    /// Ends what is over, and causes the next fault if it is time.
    pub(super) fn act(&mut self, lab: &mut Lab, knobs: &Knobs) {
        let now = lab.now();
        while let Some((&(at, n), _)) = self.endings.first_key_value()
            && at <= now
        {
            let ending = self.endings.remove(&(at, n)).expect("the key was just read");
            self.end(lab, knobs, ending);
        }
        if self.next_at <= now {
            self.next_at = now.plus_millis(self.rng.between(knobs.gap_ms.0, knobs.gap_ms.1));
            if let Some(kind) = knobs.draw_fault(&mut self.rng) {
                self.cause(lab, knobs, kind);
            }
        }
    }

    /// Ends everything: links heal, nodes go on or start again. To be called again while a node still stops.
    pub(super) fn end_all(&mut self, lab: &mut Lab, knobs: &Knobs) {
        self.endings.clear();
        let links = self.cut.iter().chain(&self.slow).copied().collect();
        self.heal(lab, knobs, links);
        for id in all_nodes(lab) {
            match lab.cluster().state(lab.world(), id) {
                NodeState::Paused => node(lab, id, NodeAction::Resume),
                NodeState::Down | NodeState::NoPower => node(lab, id, NodeAction::Start),
                NodeState::Running | NodeState::Stopping => {}
            }
        }
        self.busy.clear();
    }

    fn end(&mut self, lab: &mut Lab, knobs: &Knobs, ending: Ending) {
        match ending {
            Ending::Start(id) => {
                if matches!(lab.cluster().state(lab.world(), id), NodeState::Stopping) {
                    return self.later(lab, LOOK_AGAIN_MS, ending);
                }
                node(lab, id, NodeAction::Start);
                self.busy.remove(&id);
            }
            Ending::Resume(id) => {
                node(lab, id, NodeAction::Resume);
                self.busy.remove(&id);
            }
            Ending::Links(links) => self.heal(lab, knobs, links),
        }
    }

    fn heal(&mut self, lab: &mut Lab, knobs: &Knobs, links: Vec<(i32, i32)>) {
        for (from, to) in links {
            self.cut.remove(&(from, to));
            self.slow.remove(&(from, to));
            link(lab, from, to, LinkAction::Heal);
            if knobs.latency_ms > 0 {
                link(lab, from, to, LinkAction::Slow(knobs.latency_ms));
            }
        }
    }

    fn later(&mut self, lab: &Lab, ms: u64, ending: Ending) {
        self.count += 1;
        self.endings.insert((lab.now().plus_millis(ms), self.count), ending);
    }

    /// Whether a fault of this kind may hit now. Kafka may lose what it acknowledged when a broker comes back without its
    /// newest records while the others also fail (they are not flushed before they are acknowledged): so a broker loses
    /// power only while all is well, and until it has caught up nothing else happens to brokers and links.
    fn may(&mut self, lab: &Lab, kind: FaultKind) -> bool {
        use FaultKind::{KillController, PauseController, PowerCutBroker, PowerCutController, StopController};
        if matches!(kind, KillController | StopController | PauseController | PowerCutController) {
            return true;
        }
        if self.recovering.is_some() && look::all_in_sync(lab) {
            self.recovering = None;
        }
        let brokers_idle = self.busy.iter().all(|id| *id > 10);
        let well = || brokers_idle && self.cut.is_empty() && look::all_in_sync(lab);
        self.recovering.is_none() && (kind != PowerCutBroker || well())
    }

    fn cause(&mut self, lab: &mut Lab, knobs: &Knobs, kind: FaultKind) {
        use FaultKind as K;
        let span = knobs.span_ms(kind);
        let ms = self.rng.between(span.0, span.1);
        let (which, other) = (self.rng.next_u64(), self.rng.next_u64());
        if !self.may(lab, kind) {
            return;
        }
        match kind {
            K::KillBroker => self.hit(lab, NodeKind::Broker, which, NodeAction::Kill, ms),
            K::StopBroker => self.hit(lab, NodeKind::Broker, which, NodeAction::Stop, ms),
            K::PauseBroker => self.hit(lab, NodeKind::Broker, which, NodeAction::Pause, ms),
            K::PowerCutBroker => self.hit(lab, NodeKind::Broker, which, NodeAction::PowerCut, ms),
            K::KillController => self.hit(lab, NodeKind::Controller, which, NodeAction::Kill, ms),
            K::StopController => self.hit(lab, NodeKind::Controller, which, NodeAction::Stop, ms),
            K::PauseController => self.hit(lab, NodeKind::Controller, which, NodeAction::Pause, ms),
            K::PowerCutController => self.hit(lab, NodeKind::Controller, which, NodeAction::PowerCut, ms),
            K::CutOneWay | K::CutBothWays | K::Isolate | K::SlowLink => {
                let links = self.links(lab, kind, which, other);
                let extra_ms = self.rng.between(knobs.slow_ms.0, knobs.slow_ms.1);
                self.hit_links(lab, kind == K::SlowLink, links, knobs.latency_ms + extra_ms, ms);
            }
        }
    }

    fn hit(&mut self, lab: &mut Lab, kind: NodeKind, which: u64, action: NodeAction, ms: u64) {
        let ids: Vec<i32> = lab.cluster().ids(kind).filter(|id| !self.busy.contains(id)).collect();
        let idle = |id: &i32| lab.cluster().state(lab.world(), *id) == NodeState::Running;
        let ids: Vec<i32> = ids.into_iter().filter(idle).collect();
        let Some(id) = ids.get((which % ids.len().max(1) as u64) as usize).copied() else { return };
        node(lab, id, action);
        self.busy.insert(id);
        if action == NodeAction::PowerCut && kind == NodeKind::Broker {
            self.recovering = Some(id);
        }
        let ending = if action == NodeAction::Pause { Ending::Resume(id) } else { Ending::Start(id) };
        self.later(lab, ms, ending);
    }

    /// The links a fault is about; 0 is the laptop.
    fn links(&self, lab: &Lab, kind: FaultKind, which: u64, other: u64) -> Vec<(i32, i32)> {
        let mut ids = all_nodes(lab);
        let one = ids.remove((which % ids.len() as u64) as usize);
        ids.insert(0, 0);
        if kind == FaultKind::Isolate {
            return ids.iter().flat_map(|id| [(one, *id), (*id, one)]).collect();
        }
        let two = ids[(other % ids.len() as u64) as usize];
        let (from, to) = if other & (1 << 40) == 0 { (one, two) } else { (two, one) };
        match kind {
            FaultKind::CutOneWay => vec![(from, to)],
            _ => vec![(from, to), (to, from)],
        }
    }

    fn hit_links(&mut self, lab: &mut Lab, slow: bool, links: Vec<(i32, i32)>, slow_ms: u64, ms: u64) {
        let free = |l: &(i32, i32)| !self.cut.contains(l) && !self.slow.contains(l);
        let links: Vec<(i32, i32)> = links.into_iter().filter(free).collect();
        for (from, to) in &links {
            let action = if slow { LinkAction::Slow(slow_ms) } else { LinkAction::Cut };
            link(lab, *from, *to, action);
        }
        if slow {
            self.slow.extend(&links)
        } else {
            self.cut.extend(&links)
        }
        self.later(lab, ms, Ending::Links(links));
    }
}

/// Makes every link slower by the run's latency.
pub(super) fn slow_all(lab: &mut Lab, knobs: &Knobs) {
    let mut ids = all_nodes(lab);
    ids.push(0);
    for from in &ids {
        for to in ids.iter().filter(|to| *to != from && knobs.latency_ms > 0) {
            link(lab, *from, *to, LinkAction::Slow(knobs.latency_ms));
        }
    }
}

fn all_nodes(lab: &Lab) -> Vec<i32> {
    lab.cluster().ids(NodeKind::Broker).chain(lab.cluster().ids(NodeKind::Controller)).collect()
}

fn node(lab: &mut Lab, node: i32, action: NodeAction) {
    lab.apply(&LabInput::Node { node, action });
}

fn link(lab: &mut Lab, from: i32, to: i32, action: LinkAction) {
    lab.apply(&LabInput::Link { from, to, action });
}
