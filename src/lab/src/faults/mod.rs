//! What a person breaks and mends. Serves the lab's inputs and the `fault` command; invariant: what is wrong is read from the
//! world itself, so that no second book can disagree with it.

mod obey;
mod order;

pub use order::{FaultOrder, Whom};

use crate::{
    Lab,
    protocol::{HostFaults, LinkAction, LinkRow, NodeAction, NodeState},
};
use ottla_world::{Fault, HostId};

impl Lab {
    /// Changes one direction of a link between two nodes; 0 is the laptop. Nothing happens if there is no such node.
    pub(crate) fn change_link(&mut self, from_node: i32, to_node: i32, action: LinkAction) {
        let (Some(from), Some(to)) = (self.cluster.host(from_node), self.cluster.host(to_node)) else { return };
        let faults = match action {
            LinkAction::Cut => vec![Fault::CutLink { from, to }],
            LinkAction::Heal => self.link_cures(from, to),
            LinkAction::Slow(ms) => vec![Fault::SlowLink { from, to, extra_us: ms.saturating_mul(1000) }],
            LinkAction::Lossy(percent) => vec![Fault::LossyLink { from, to, percent }],
            LinkAction::LoseNext(segments) => vec![Fault::LoseNext { from, to, segments }],
        };
        faults.iter().for_each(|fault| self.world.cause(fault));
    }

    /// What makes a link well again: the loss ends before what was held back goes out.
    fn link_cures(&mut self, from: HostId, to: HostId) -> Vec<Fault> {
        let link = self.world.link(from, to);
        let (lossy, losing) = (link.loss_percent > 0, link.lose_next > 0);
        let mut cures = vec![Fault::SlowLink { from, to, extra_us: 0 }];
        cures.extend(lossy.then_some(Fault::LossyLink { from, to, percent: 0 }));
        cures.extend(losing.then_some(Fault::LoseNext { from, to, segments: 0 }));
        cures.push(Fault::HealLink { from, to });
        cures
    }

    /// Ends every fault that is in effect.
    pub(crate) fn heal_all(&mut self) {
        for row in self.link_rows() {
            self.change_link(row.from, row.to, LinkAction::Heal);
        }
        let nodes: Vec<i32> = self.cluster.nodes.keys().copied().collect();
        for node in nodes {
            let faults = self.host_faults(node);
            if (HostFaults { clock_skew_ms: 0, ..faults }) != HostFaults::default() {
                self.cluster.act(&mut self.world, node, NodeAction::HealDisk);
            }
            if faults.clock_skew_ms != 0 {
                self.cluster.act(&mut self.world, node, NodeAction::SkewClock(0));
            }
            match self.cluster.state(&self.world, node) {
                NodeState::Paused => self.cluster.act(&mut self.world, node, NodeAction::Resume),
                NodeState::Down | NodeState::NoPower => self.cluster.act(&mut self.world, node, NodeAction::Start),
                NodeState::Running | NodeState::Stopping => {}
            }
        }
    }

    /// The links that are not as they should be.
    pub(crate) fn link_rows(&self) -> Vec<LinkRow> {
        let faulty = self.world.links().filter(|(.., l)| l.cut || l.extra_us > 0 || l.loss_percent > 0);
        let row = |(from, to, link): (HostId, HostId, &ottla_world::Link)| LinkRow {
            from: self.cluster.node_on(from),
            to: self.cluster.node_on(to),
            cut: link.cut,
            extra_ms: link.extra_us / 1000,
            lossy_percent: link.loss_percent,
        };
        faulty.map(row).collect()
    }

    /// What is wrong with a node's host.
    pub(crate) fn host_faults(&self, node: i32) -> HostFaults {
        let Some(host) = self.cluster.host(node) else { return HostFaults::default() };
        let disk = self.world.disk(host);
        HostFaults {
            disk_extra_ms: self.world.disk_extra_us(host) / 1000,
            disk_full: disk.capacity().is_some(),
            disk_failing: disk.is_failing(),
            clock_skew_ms: self.world.clock_skew_ms(host),
        }
    }
}
