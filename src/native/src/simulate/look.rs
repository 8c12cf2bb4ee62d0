//! Looks at the cluster from outside. Serves faults and checks; invariant: reading only, through the nodes' views.

use super::workload::TOPIC;
use ottla_broker::{BrokerNode, BrokerStateName};
use ottla_controller::{ControllerView, MetadataImage, RoleName};
use ottla_lab::{Lab, NodeKind, protocol::NodeState};
use std::sync::Arc;

/// The brokers that have a process.
pub(super) fn brokers(lab: &Lab) -> impl Iterator<Item = (i32, &BrokerNode)> {
    let ids = lab.cluster().ids(NodeKind::Broker);
    ids.filter_map(|id| Some((id, lab.cluster().broker(lab.world(), id)?)))
}

/// The controllers that have a started process.
pub(super) fn controllers(lab: &Lab) -> impl Iterator<Item = ControllerView> {
    let nodes = lab.cluster().ids(NodeKind::Controller).filter_map(|id| lab.cluster().controller(lab.world(), id));
    nodes.filter_map(|node| node.view(lab.now(), 0))
}

/// The active controller's committed metadata: of the leader with the highest epoch.
fn metadata(lab: &Lab) -> Option<Arc<MetadataImage>> {
    let leaders = controllers(lab).filter(|view| view.role == RoleName::Leader);
    leaders.max_by_key(|view| view.epoch).map(|view| view.committed)
}

/// Whether all nodes run and all replicas of all partitions are in sync, as the active controller has it.
pub(super) fn all_in_sync(lab: &Lab) -> bool {
    why_not_in_sync(lab).is_none()
}

/// The first reason why that is not so.
pub(super) fn why_not_in_sync(lab: &Lab) -> Option<String> {
    for id in lab.cluster().ids(NodeKind::Broker).chain(lab.cluster().ids(NodeKind::Controller)) {
        let state = lab.cluster().state(lab.world(), id);
        if state != NodeState::Running {
            return Some(format!("node {id} is {state:?}"));
        }
    }
    for (id, broker) in brokers(lab) {
        let state = broker.view().state;
        if state != BrokerStateName::Running {
            return Some(format!("broker {id} is {state:?}"));
        }
    }
    let Some(image) = metadata(lab) else { return Some("there is no active controller".to_owned()) };
    for topic in image.topics_by_name() {
        for (partition, state) in &topic.partitions {
            if !state.has_leader() || state.isr.len() < state.replicas.len() {
                return Some(format!("{}-{partition}: leader {}, ISR {:?}", topic.name, state.leader, state.isr));
            }
        }
    }
    None
}

/// Leader, leader's high watermark and log end of the topic's partitions, if each has exactly one leader.
pub(super) fn ends(lab: &Lab, partitions: i32) -> Option<Vec<(i32, i64, i64)>> {
    let image = metadata(lab)?;
    let of = |partition: i32| {
        let leader = image.partition(TOPIC, partition)?.leader;
        let (_, broker) = brokers(lab).find(|(id, _)| *id == leader)?;
        let mine = |m: &ottla_broker::ReplicaMarks<'_>| m.topic == TOPIC && m.partition == partition && m.is_leader;
        broker.marks().find(mine).map(|m| (leader, m.high_watermark, m.log_end_offset))
    };
    (0..partitions).map(of).collect()
}
