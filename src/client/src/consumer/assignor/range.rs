//! The range assignor: each topic for itself, contiguous ranges. Serves the leader of a group; invariant: the first n mod m
//! of the sorted members get one partition more (`RangeAssignor`, without racks).

use super::{Assignment, MemberSubscription, sorted_members};
use crate::TopicPartition;
use std::collections::BTreeMap;

pub(super) fn assign(partitions: &BTreeMap<String, i32>, members: &BTreeMap<String, MemberSubscription>) -> Assignment {
    let sorted = sorted_members(members);
    let mut assignment: Assignment = members.keys().map(|id| (id.clone(), Vec::new())).collect();
    for (topic, count) in partitions {
        let subscribers: Vec<&&String> = sorted.iter().filter(|id| members[**id].topics.contains(topic)).collect();
        let Ok(number) = i32::try_from(subscribers.len()) else { continue };
        if number == 0 {
            continue;
        }
        let (quota, extra) = (count / number, count % number);
        let mut next = 0;
        for (index, id) in (0..).zip(subscribers) {
            let share = quota + i32::from(index < extra);
            if let Some(own) = assignment.get_mut(*id) {
                own.extend((next..next + share).map(|p| TopicPartition::new(topic.as_str(), p)));
            }
            next += share;
        }
    }
    assignment
}
