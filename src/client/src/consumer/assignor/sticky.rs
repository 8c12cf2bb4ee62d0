//! The sticky assignor: even shares with as few moves as possible. Serves the leader of a group; invariant: with equal
//! subscriptions no two members differ by more than one partition (`AbstractStickyAssignor`, without racks).

use super::{Assignment, MemberSubscription};
use crate::TopicPartition;
use ottla_wire::java::hash_map_order;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

type Members = BTreeMap<String, MemberSubscription>;
type Counts = BTreeMap<String, i32>;

pub(super) fn assign(partitions: &Counts, members: &Members) -> Assignment {
    let topics_of = |m: &MemberSubscription| m.topics.iter().cloned().collect::<BTreeSet<String>>();
    let mut subscriptions = members.values().map(topics_of);
    let first = subscriptions.next().unwrap_or_default();
    let owned = valid_owned(partitions, members);
    if subscriptions.all(|other| other == first) {
        let all = all_partitions(partitions, &first);
        constrained(&all, owned)
    } else {
        general(partitions, members, owned)
    }
}

fn all_partitions(partitions: &Counts, topics: &BTreeSet<String>) -> Vec<TopicPartition> {
    let known = partitions.iter().filter(|(topic, _)| topics.contains(*topic));
    known.flat_map(|(topic, count)| (0..*count).map(|p| TopicPartition::new(topic.as_str(), p))).collect()
}

/// What each member owned in the newest generation, without what two claim and what is gone.
fn valid_owned(partitions: &Counts, members: &Members) -> Assignment {
    let newest = members.values().filter(|m| !m.owned.is_empty()).map(|m| m.generation).max().unwrap_or(-1);
    let mut claims: BTreeMap<&TopicPartition, u32> = BTreeMap::new();
    for member in members.values().filter(|m| m.generation == newest) {
        member.owned.iter().for_each(|p| *claims.entry(p).or_default() += 1);
    }
    let owned = |member: &MemberSubscription| {
        let keeps = |p: &&TopicPartition| {
            let exists = partitions.get(&p.topic).is_some_and(|count| p.partition < *count);
            exists && member.topics.contains(&p.topic) && claims.get(p) == Some(&1)
        };
        let mut owned: Vec<TopicPartition> = member.owned.iter().filter(keeps).cloned().collect();
        owned.sort_by(|a, b| (a.partition, &a.topic).cmp(&(b.partition, &b.topic)));
        owned
    };
    let of = |m: &MemberSubscription| if m.generation == newest { owned(m) } else { Vec::new() };
    members.iter().map(|(id, m)| (id.clone(), of(m))).collect()
}

/// All members want the same topics (`ConstrainedAssignmentBuilder`).
fn constrained(all: &[TopicPartition], owned: Assignment) -> Assignment {
    let members = owned.len().max(1);
    let (min_quota, extra) = (all.len() / members, all.len() % members);
    let max_quota = min_quota + usize::from(extra > 0);
    let mut over = 0;
    let (mut under, mut exactly): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut assignment: Assignment = owned.keys().map(|id| (id.clone(), Vec::new())).collect();
    for id in hash_map_order(owned.keys().map(String::as_str)) {
        let had = &owned[id];
        let kept = if had.len() < min_quota {
            under.push(id.to_owned());
            had.len()
        } else if had.len() >= max_quota && over < extra {
            over += 1;
            if over == extra {
                exactly.clear();
            }
            max_quota
        } else {
            if over < extra {
                exactly.push(id.to_owned());
            }
            min_quota
        };
        assignment.insert(id.to_owned(), had[..kept].to_vec());
    }
    under.sort();
    exactly.sort();
    let taken: BTreeSet<TopicPartition> = assignment.values().flatten().cloned().collect();
    let free = all.iter().filter(|p| !taken.contains(p)).cloned();
    deal(free, &mut assignment, under, exactly.into(), min_quota);
    assignment
}

/// Deals partitions in a circle over those below the minimum, then one each to those exactly at it.
fn deal(
    free: impl Iterator<Item = TopicPartition>,
    assignment: &mut Assignment,
    mut under: Vec<String>,
    mut exactly: VecDeque<String>,
    min_quota: usize,
) {
    let mut next = 0;
    for partition in free {
        if under.is_empty() {
            let Some(id) = exactly.pop_front() else { return };
            assignment.entry(id).or_default().push(partition);
            continue;
        }
        next = if next >= under.len() { 0 } else { next };
        let own = assignment.entry(under[next].clone()).or_default();
        own.push(partition);
        if own.len() == min_quota {
            exactly.push_back(under.remove(next));
        } else {
            next += 1;
        }
    }
}

/// Members want different topics (`GeneralAssignmentBuilder`).
fn general(partitions: &Counts, members: &Members, owned: Assignment) -> Assignment {
    let wants = |id: &String, p: &TopicPartition| members[id].topics.contains(&p.topic);
    let subscribers = |p: &TopicPartition| members.keys().filter(|id| wants(id, p)).count();
    let topics: BTreeSet<String> = members.values().flat_map(|m| m.topics.iter().cloned()).collect();
    let mut sorted = all_partitions(partitions, &topics);
    sorted.sort_by_key(|p| (subscribers(p), p.clone()));
    let mut assignment = owned;
    let taken: BTreeSet<TopicPartition> = assignment.values().flatten().cloned().collect();
    for partition in sorted.iter().filter(|p| !taken.contains(p)) {
        let least = members.keys().filter(|id| wants(id, partition)).min_by_key(|id| (assignment[*id].len(), *id));
        if let Some(own) = least.cloned().and_then(|id| assignment.get_mut(&id)) {
            own.push(partition.clone());
        }
    }
    let before = assignment.clone();
    balance(&mut assignment, &sorted, wants);
    let had_owners = members.values().any(|m| !m.owned.is_empty());
    if had_owners && spread(&assignment) >= spread(&before) { before } else { assignment }
}

/// Moves partitions to members that have at least two fewer, until there is nothing to gain.
fn balance(assignment: &mut Assignment, sorted: &[TopicPartition], wants: impl Fn(&String, &TopicPartition) -> bool) {
    let mut moved = true;
    while moved {
        moved = false;
        for partition in sorted {
            let Some(owner) = assignment.iter().find(|(_, own)| own.contains(partition)).map(|(id, _)| id.clone())
            else {
                continue;
            };
            let eligible = assignment.iter().filter(|(id, _)| wants(id, partition));
            let Some((least, size)) =
                eligible.map(|(id, own)| (id.clone(), own.len())).min_by_key(|(id, n)| (*n, id.clone()))
            else {
                continue;
            };
            if assignment[&owner].len() < size + 2 {
                continue;
            }
            if let Some(own) = assignment.get_mut(&owner) {
                own.retain(|p| p != partition);
            }
            assignment.entry(least).or_default().push(partition.clone());
            moved = true;
        }
    }
}

/// The sum of the pairwise differences of sizes: smaller is more even.
fn spread(assignment: &Assignment) -> u64 {
    let sizes: Vec<u64> = assignment.values().map(|own| own.len() as u64).collect();
    let pairs = sizes.iter().enumerate().flat_map(|(i, a)| sizes[i + 1..].iter().map(move |b| a.abs_diff(*b)));
    pairs.sum()
}
