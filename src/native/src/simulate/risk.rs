//! What Kafka does not promise. Serves faults and checks; invariant: one rule says when acknowledged records may be lost, for
//! those that cause faults and for those that judge.
//!
//! Brokers acknowledge what is in their page caches. A replica that lost power has lost what it had not flushed, and until the
//! controller knows (its broker registers again, and then is in no ISR and no ELR, KIP-966) the others have to hold. So nothing
//! is promised if a broker loses power while others are not well, or if anything happens to the others before it is back. Nor if
//! it is elected as the last known leader, with ISR and ELR empty: it was fenced last and leads with what it has.

use super::look;
use ottla_controller::MetadataImage;
use ottla_lab::{
    Lab, NodeKind,
    protocol::{LabInput, LinkAction, NodeAction, NodeState},
};
use std::collections::{BTreeMap, BTreeSet};

/// Brokers that lost power, and the broker epochs they had.
#[derive(Clone, Debug, Default)]
pub(super) struct Dirty {
    /// Those that the controller has not heard of since.
    now: BTreeMap<i32, i64>,
    /// All of them.
    ever: BTreeSet<i32>,
}

impl Dirty {
    /// Whether every broker's log has what its place in an ISR says.
    pub(super) fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    /// Whether a broker's log may lack what its place in an ISR says.
    pub(super) fn has(&self, broker: i32) -> bool {
        self.now.contains_key(&broker)
    }

    /// Whether a broker ever lost power.
    pub(super) fn had(&self, broker: i32) -> bool {
        self.ever.contains(&broker)
    }

    /// Takes note of an input before it takes effect; true if from now on acknowledged records may be lost.
    pub(super) fn note(&mut self, lab: &Lab, input: &LabInput) -> bool {
        let risky = self.is_risky(lab, input);
        if let LabInput::Node { node, action: NodeAction::PowerCut } = input
            && is_broker(lab, *node)
        {
            let epoch = look::metadata(lab).and_then(|image| image.broker(*node)).map_or(-1, |broker| broker.epoch);
            self.now.entry(*node).or_insert(epoch);
            self.ever.insert(*node);
        }
        risky
    }

    /// Whether an input asks more than Kafka promises to bear.
    pub(super) fn is_risky(&self, lab: &Lab, input: &LabInput) -> bool {
        match input {
            LabInput::Node { node, action: NodeAction::PowerCut } if is_broker(lab, *node) => {
                !self.now.is_empty() || !all_well(lab)
            }
            LabInput::Node { node, action } if is_broker(lab, *node) => {
                let harmless = matches!(
                    action,
                    NodeAction::Start | NodeAction::Resume | NodeAction::HealDisk | NodeAction::SkewClock(_)
                );
                !harmless && !self.now.is_empty()
            }
            LabInput::Link { action, .. } => *action != LinkAction::Heal && !self.now.is_empty(),
            _ => false,
        }
    }

    /// The controller has learned more.
    pub(super) fn learn(&mut self, image: &MetadataImage) {
        self.now.retain(|id, epoch| image.broker(*id).is_none_or(|broker| broker.epoch == *epoch));
    }
}

fn is_broker(lab: &Lab, node: i32) -> bool {
    lab.cluster().ids(NodeKind::Broker).any(|id| id == node)
}

/// All brokers run, no link is ill, everything is in sync.
fn all_well(lab: &Lab) -> bool {
    let mut brokers = lab.cluster().ids(NodeKind::Broker);
    let running = brokers.all(|id| lab.cluster().state(lab.world(), id) == NodeState::Running);
    let links = || lab.world().links().all(|(.., link)| !link.cut && link.loss_percent == 0);
    let in_sync = || {
        look::metadata(lab).is_some_and(|image| {
            // A controller that has just started may not know anything yet.
            if !lab.cluster().ids(NodeKind::Broker).all(|id| image.is_alive(id)) {
                return false;
            }
            let mut all = image.topics().flat_map(|topic| topic.partitions.values());
            all.all(|state| state.has_leader() && state.isr.len() >= state.replicas.len())
        })
    };
    running && links() && in_sync()
}
