//! Clients and groups. Serves the picture; invariant: clients are known by what they sent, groups by their coordinator.

use crate::{
    Lab, NodeKind,
    protocol::{ClientCard, ClientKind, GroupRow, PositionRow},
};
use ottla_world::{Pid, ProcessInfo};
use std::collections::BTreeSet;

pub(super) fn cards(lab: &Lab) -> Vec<ClientCard> {
    let on_laptop = lab.world.processes().filter(|info| info.host == lab.cluster.laptop());
    on_laptop.filter_map(|info| card(lab, info)).collect()
}

fn card(lab: &Lab, info: &ProcessInfo) -> Option<ClientCard> {
    let pid = info.pid;
    let connected_to: BTreeSet<i32> =
        lab.activity.peers_of(pid).into_iter().filter_map(|peer| lab.node_of(peer)).collect();
    let (produces, fetches) = lab.activity.kind_of(pid);
    if connected_to.is_empty() && !produces && !fetches {
        return None;
    }
    let kind = match (produces, fetches) {
        (true, _) => ClientKind::Producer,
        (false, true) => ClientKind::Consumer,
        (false, false) => ClientKind::Admin,
    };
    let positions = lab.activity.positions_of(pid).map(|((topic, partition), position)| PositionRow {
        topic: topic.clone(),
        partition: *partition,
        position: *position,
    });
    Some(ClientCard {
        pid: pid.0,
        command: info.command.clone(),
        kind,
        terminal: terminal(lab, info),
        group: lab.activity.group_of(pid).map(str::to_owned),
        connected_to: connected_to.into_iter().collect(),
        positions: positions.collect(),
        records: lab.activity.records_of(pid),
    })
}

/// The terminal of the shell that a process descends from.
fn terminal(lab: &Lab, info: &ProcessInfo) -> Option<u32> {
    let mut ancestor: Option<Pid> = info.parent;
    while let Some(pid) = ancestor {
        if let Some(n) = lab.shells.iter().position(|shell| *shell == pid) {
            return Some(n as u32);
        }
        ancestor = lab.world.process_info(pid)?.parent;
    }
    None
}

pub(super) fn groups(lab: &Lab) -> Vec<GroupRow> {
    let mut rows = Vec::new();
    for id in lab.cluster.ids(NodeKind::Broker) {
        let Some(broker) = lab.cluster.broker(&lab.world, id) else { continue };
        rows.extend(broker.view().groups.into_iter().map(|group| {
            let places = |assignment: std::collections::BTreeMap<String, Vec<i32>>| {
                let of = |(topic, partitions): (String, Vec<i32>)| {
                    partitions.into_iter().map(move |p| format!("{topic}-{p}")).collect::<Vec<_>>()
                };
                assignment.into_iter().flat_map(of).collect()
            };
            GroupRow {
                id: group.group_id,
                state: group.state,
                generation: group.generation,
                coordinator: id,
                members: group.members.into_iter().map(|m| (m.client_id, places(m.assignment))).collect(),
                committed: group.offsets.into_iter().map(|((topic, p), offset)| (topic, p, offset)).collect(),
            }
        }));
    }
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    rows
}
