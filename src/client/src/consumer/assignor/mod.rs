//! Who reads what: the assignors that the leader of a classic group runs. Serves the coordinator client; invariant: the
//! same members and partitions give the same assignment as Kafka's own assignors.

mod range;
mod round_robin;
mod sticky;
#[cfg(test)]
mod tests;

use crate::TopicPartition;
use std::collections::{BTreeMap, BTreeSet};

/// Partitions of each member.
pub(crate) type Assignment = BTreeMap<String, Vec<TopicPartition>>;

/// What a member said when it joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberSubscription {
    pub(crate) instance_id: Option<String>,
    pub(crate) topics: Vec<String>,
    /// What it had before.
    pub(crate) owned: Vec<TopicPartition>,
    /// In which generation it had that; -1 if unknown.
    pub(crate) generation: i32,
}

/// The assignors of the Java client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assignor {
    Range,
    RoundRobin,
    Sticky,
    CooperativeSticky,
}

impl Assignor {
    const ALL: [(Assignor, &'static str, &'static str); 4] = [
        (Assignor::Range, "range", "RangeAssignor"),
        (Assignor::RoundRobin, "roundrobin", "RoundRobinAssignor"),
        (Assignor::Sticky, "sticky", "StickyAssignor"),
        (Assignor::CooperativeSticky, "cooperative-sticky", "CooperativeStickyAssignor"),
    ];

    /// The assignor of a class name.
    pub(crate) fn of_class(class: &str) -> Option<Assignor> {
        let name = class.strip_prefix("org.apache.kafka.clients.consumer.")?;
        Assignor::ALL.into_iter().find(|(_, _, class)| *class == name).map(|(assignor, _, _)| assignor)
    }

    /// The assignor of a protocol name.
    pub(crate) fn of_name(name: &str) -> Option<Assignor> {
        Assignor::ALL.into_iter().find(|(_, n, _)| *n == name).map(|(assignor, _, _)| assignor)
    }

    /// Its name in the group protocol.
    pub(crate) fn name(self) -> &'static str {
        Assignor::ALL.into_iter().find(|(a, _, _)| *a == self).map_or("", |(_, name, _)| name)
    }

    /// Whether members keep reading what they keep (KIP-429).
    pub(crate) fn is_cooperative(self) -> bool {
        self == Assignor::CooperativeSticky
    }

    /// The partitions of each member. `partitions` counts those of each topic; topics without are left out.
    pub(crate) fn assign(
        self,
        partitions: &BTreeMap<String, i32>,
        members: &BTreeMap<String, MemberSubscription>,
    ) -> Assignment {
        match self {
            Assignor::Range => range::assign(partitions, members),
            Assignor::RoundRobin => round_robin::assign(partitions, members),
            Assignor::Sticky => sticky::assign(partitions, members),
            Assignor::CooperativeSticky => withhold(sticky::assign(partitions, members), members),
        }
    }
}

/// Member ids with static members first, by instance id, then the others by member id (`MemberInfo.compareTo`).
fn sorted_members(members: &BTreeMap<String, MemberSubscription>) -> Vec<&String> {
    let mut ids: Vec<&String> = members.keys().collect();
    ids.sort_by_key(|id| match &members[*id].instance_id {
        Some(instance) => (false, instance.clone()),
        None => (true, (*id).clone()),
    });
    ids
}

/// Takes away what somebody else still owns: it is handed over in the next rebalance
/// (`CooperativeStickyAssignor.adjustAssignment`).
fn withhold(mut assignment: Assignment, members: &BTreeMap<String, MemberSubscription>) -> Assignment {
    let newest = members.values().map(|m| m.generation).max().unwrap_or(-1);
    let mut owners: BTreeMap<&TopicPartition, BTreeSet<&String>> = BTreeMap::new();
    for (id, member) in members.iter().filter(|(_, m)| m.generation == newest) {
        for partition in &member.owned {
            owners.entry(partition).or_default().insert(id);
        }
    }
    for (id, partitions) in &mut assignment {
        partitions.retain(|partition| match owners.get(partition) {
            Some(owners) => owners.len() > 1 || owners.contains(id),
            None => true,
        });
    }
    assignment
}
