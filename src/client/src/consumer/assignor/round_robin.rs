//! The round-robin assignor: all partitions dealt out in a circle. Serves the leader of a group; invariant: members that do
//! not subscribe a topic are skipped for it (`RoundRobinAssignor`).

use super::{Assignment, MemberSubscription, sorted_members};
use crate::TopicPartition;
use std::collections::BTreeMap;

pub(super) fn assign(partitions: &BTreeMap<String, i32>, members: &BTreeMap<String, MemberSubscription>) -> Assignment {
    let sorted = sorted_members(members);
    let mut assignment: Assignment = members.keys().map(|id| (id.clone(), Vec::new())).collect();
    let mut next = 0;
    for (topic, count) in partitions {
        if !members.values().any(|m| m.topics.contains(topic)) {
            continue;
        }
        for partition in 0..*count {
            while !members[sorted[next % sorted.len()]].topics.contains(topic) {
                next += 1;
            }
            if let Some(own) = assignment.get_mut(sorted[next % sorted.len()]) {
                own.push(TopicPartition::new(topic.as_str(), partition));
            }
            next += 1;
        }
    }
    assignment
}
