//! Looks at the cluster from outside. Serves faults and checks; invariant: reading only, and nothing is copied.

use ottla_broker::{BrokerStateName, ReplicaMarks};
use ottla_controller::{ControllerNode, MetadataImage, image::PartitionState, raft::Role};
use ottla_lab::{Lab, NodeKind, protocol::NodeState};
use std::sync::Arc;

/// The topic that records go to.
pub(super) const TOPIC: &str = "orders";

/// The controllers that have a process.
pub(super) fn controllers(lab: &Lab) -> impl Iterator<Item = (i32, &ControllerNode)> {
    let ids = lab.cluster().ids(NodeKind::Controller);
    ids.filter_map(|id| Some((id, lab.cluster().controller(lab.world(), id)?)))
}

/// All nodes, brokers first.
pub(super) fn nodes(lab: &Lab) -> Vec<i32> {
    lab.cluster().ids(NodeKind::Broker).chain(lab.cluster().ids(NodeKind::Controller)).collect()
}

/// The newest committed metadata that any running controller has replayed.
pub(super) fn metadata(lab: &Lab) -> Option<&Arc<MetadataImage>> {
    controllers(lab).filter_map(|(_, node)| node.committed()).max_by_key(|image| image.offset())
}

/// Whether some controller leads.
fn has_active_controller(lab: &Lab) -> bool {
    controllers(lab).any(|(_, node)| node.raft().is_some_and(|raft| matches!(raft.role(), Role::Leader(_))))
}

/// The first reason why not all nodes run, or not all replicas of all partitions are in sync.
pub(super) fn why_not_in_sync(lab: &Lab) -> Option<String> {
    nodes(lab).into_iter().find_map(|id| why_not_running(lab, id)).or_else(|| {
        let image = metadata(lab).filter(|_| has_active_controller(lab));
        let Some(image) = image else { return Some("there is no active controller".to_owned()) };
        let fenced = lab.cluster().ids(NodeKind::Broker).find(|id| !image.is_alive(*id));
        if let Some(id) = fenced {
            return Some(format!("broker {id} is fenced"));
        }
        why_not(image, |state| state.has_leader() && state.isr.len() >= state.replicas.len())
    })
}

/// The first reason why the nodes that run can't serve: a broker that is not up, a partition without a leader. If only the broker
/// that is kept down may lead a partition, that one has to wait for it, as in Kafka.
pub(super) fn why_not_serving(lab: &Lab, min_isr: usize, down: Option<i32>) -> Option<String> {
    let waits = |state: &PartitionState| {
        let eligible = if state.isr.is_empty() && state.elr.is_empty() { &state.last_known_elr } else { &state.elr };
        let mut eligible = state.isr.iter().chain(eligible).peekable();
        !state.has_leader() && eligible.peek().is_some() && eligible.all(|id| Some(*id) == down)
    };
    let up = |id: &i32| lab.cluster().state(lab.world(), *id) == NodeState::Running;
    nodes(lab).into_iter().filter(up).find_map(|id| why_not_running(lab, id)).or_else(|| {
        let image = metadata(lab).filter(|_| has_active_controller(lab));
        let Some(image) = image else { return Some("there is no active controller".to_owned()) };
        why_not(image, |state| (state.has_leader() && state.isr.len() >= min_isr) || waits(state))
    })
}

/// Why a node does not do its work, if it does not.
pub(super) fn why_not_running(lab: &Lab, id: i32) -> Option<String> {
    let state = lab.cluster().state(lab.world(), id);
    if state != NodeState::Running {
        return Some(format!("node {id} is {state:?}"));
    }
    if lab.cluster().controller(lab.world(), id).is_some_and(|node| node.raft().is_none()) {
        return Some(format!("controller {id} starts"));
    }
    let state = lab.cluster().broker(lab.world(), id)?.state();
    (state != BrokerStateName::Running).then(|| format!("broker {id} is {state:?}"))
}

fn why_not(image: &MetadataImage, well: impl Fn(&PartitionState) -> bool) -> Option<String> {
    let all = image.topics_by_name().flat_map(|topic| topic.partitions.iter().map(move |(n, state)| (topic, n, state)));
    let (topic, n, state) = all.into_iter().find(|(.., state)| !well(state))?;
    Some(format!("{}-{n}: leader {}, ISR {:?}", topic.name, state.leader, state.isr))
}

/// How many partitions the topic has.
pub(super) fn partitions(lab: &Lab) -> i32 {
    metadata(lab).and_then(|image| image.topic(TOPIC)).map_or(0, |topic| topic.partitions.len() as i32)
}

/// Leader, leader's high watermark and log end of the topic's partitions, if each has exactly one leader.
pub(super) fn ends(lab: &Lab) -> Option<Vec<(i32, i64, i64)>> {
    let topic = metadata(lab)?.topic(TOPIC)?;
    let of = |(partition, state): (&i32, &PartitionState)| {
        let broker = lab.cluster().broker(lab.world(), state.leader)?;
        let mine = |m: &ReplicaMarks<'_>| m.topic_id == topic.id && m.partition == *partition && m.is_leader;
        broker.marks().find(mine).map(|m| (state.leader, m.high_watermark, m.log_end_offset))
    };
    topic.partitions.iter().map(of).collect()
}
