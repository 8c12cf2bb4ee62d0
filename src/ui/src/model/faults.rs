//! Which faults make sense on a node. Serves the menus on brokers and controllers; invariant: what would change nothing is
//! shown and can't be chosen.

use ottla_lab::protocol::{HostFaults, LinkAction, LinkRow, NodeAction, NodeState};

/// How much slower a slow disk is, in milliseconds.
pub const SLOW_DISK_MS: u64 = 200;
/// How much slower a slow link is, in milliseconds.
pub const SLOW_LINK_MS: u64 = 500;
/// How much a lossy link loses, in per cent.
pub const LOSSY_PERCENT: u8 = 20;
/// How far a clock can be put off by one press, in milliseconds.
pub const SKEWS_MS: [i64; 4] = [-3_600_000, -5_000, 5_000, 3_600_000];

/// Every fault of a node in the order of the menu, and whether it can be chosen now.
pub fn faults(state: NodeState) -> Vec<(NodeAction, bool)> {
    use NodeAction as A;
    let alive = matches!(state, NodeState::Running | NodeState::Paused | NodeState::Stopping);
    let pause = if state == NodeState::Paused { (A::Resume, true) } else { (A::Pause, state == NodeState::Running) };
    vec![
        (A::Kill, alive),
        (A::Stop, state == NodeState::Running),
        pause,
        (A::PowerCut, state != NodeState::NoPower),
        (A::Start, matches!(state, NodeState::Down | NodeState::NoPower)),
    ]
}

/// The faults of a node's disk: what a press does, and whether it is in effect; a press then ends it.
pub fn disk_faults(now: HostFaults) -> [(NodeAction, bool); 3] {
    let slow = if now.disk_extra_ms > 0 { 0 } else { SLOW_DISK_MS };
    let or_well = |action, on: bool| if on { (NodeAction::HealDisk, true) } else { (action, false) };
    [
        (NodeAction::SlowDisk(slow), now.disk_extra_ms > 0),
        or_well(NodeAction::FullDisk, now.disk_full),
        or_well(NodeAction::FailDisk, now.disk_failing),
    ]
}

/// How far a clock can be put off: what a press does, and whether it is in effect; a press then puts it right.
pub fn clock_faults(now: HostFaults) -> [(NodeAction, bool); 4] {
    SKEWS_MS.map(|skew| {
        let on = now.clock_skew_ms == skew;
        (NodeAction::SkewClock(if on { 0 } else { skew }), on)
    })
}

/// How the links between two nodes are, of both directions together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkState {
    /// Nothing gets from the first to the second.
    pub cut_out: bool,
    /// Nothing gets from the second to the first.
    pub cut_in: bool,
    /// The larger delay, in milliseconds.
    pub extra_ms: u64,
    /// The larger loss, in per cent.
    pub lossy_percent: u8,
}

impl LinkState {
    /// The state between `a` and `b`.
    pub fn between(links: &[LinkRow], a: i32, b: i32) -> Self {
        let row = |from, to| links.iter().find(|link| (link.from, link.to) == (from, to));
        let (out, back) = (row(a, b), row(b, a));
        let extra = |link: Option<&LinkRow>| link.map_or(0, |link| link.extra_ms);
        let loss = |link: Option<&LinkRow>| link.map_or(0, |link| link.lossy_percent);
        Self {
            cut_out: out.is_some_and(|link| link.cut),
            cut_in: back.is_some_and(|link| link.cut),
            extra_ms: extra(out).max(extra(back)),
            lossy_percent: loss(out).max(loss(back)),
        }
    }

    /// Everything gets through at normal speed.
    pub fn is_whole(self) -> bool {
        self == Self::default()
    }
}

/// The inputs that cut, slow or heal both directions, as (from, to, action).
pub fn both_ways(a: i32, b: i32, action: LinkAction) -> [(i32, i32, LinkAction); 2] {
    [(a, b, action), (b, a, action)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senseless_faults_cannot_be_chosen() {
        let chosen = |state| {
            let all = faults(state).into_iter();
            all.filter_map(|(action, possible)| possible.then_some(action)).collect::<Vec<_>>()
        };
        use NodeAction::{Kill, Pause, PowerCut, Resume, Start, Stop};
        assert_eq!(chosen(NodeState::Running), [Kill, Stop, Pause, PowerCut]);
        assert_eq!(chosen(NodeState::Paused), [Kill, Resume, PowerCut]);
        assert_eq!(chosen(NodeState::Stopping), [Kill, PowerCut]);
        assert_eq!(chosen(NodeState::Down), [PowerCut, Start]);
        assert_eq!(chosen(NodeState::NoPower), [Start]);
    }

    #[test]
    fn a_press_on_what_is_in_effect_ends_it() {
        let well = HostFaults::default();
        assert!(disk_faults(well).iter().chain(&clock_faults(well)).all(|(_, on)| !on));
        let wrong = HostFaults { disk_extra_ms: 7, disk_full: true, clock_skew_ms: 5_000, ..well };
        let disk = [(NodeAction::SlowDisk(0), true), (NodeAction::HealDisk, true), (NodeAction::FailDisk, false)];
        assert_eq!(disk_faults(wrong), disk);
        assert_eq!(clock_faults(wrong)[2], (NodeAction::SkewClock(0), true));
    }

    #[test]
    fn links_of_both_directions() {
        let links = [
            LinkRow { from: 1, to: 2, cut: true, extra_ms: 0, lossy_percent: 0 },
            LinkRow { from: 2, to: 1, cut: false, extra_ms: 500, lossy_percent: 20 },
        ];
        let state = LinkState::between(&links, 2, 1);
        assert_eq!(state, LinkState { cut_out: false, cut_in: true, extra_ms: 500, lossy_percent: 20 });
        assert!(LinkState::between(&links, 1, 3).is_whole() && !state.is_whole());
        assert_eq!(both_ways(1, 0, LinkAction::Cut)[1], (0, 1, LinkAction::Cut));
    }
}
