//! The views of `--describe`. Serves kafka-consumer-groups; invariant: columns and order of rows as the real tool prints them.

use super::table::{Column, fixed, growing, lines};
use ottla_client::{GroupDescription, ListedOffset, MemberDescription, OffsetAndMetadata, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

const NONE: &str = "-";

/// What is told about a state before its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// On standard error.
    Warning(String),
    /// As an error, and there is no table of offsets.
    Gone(String),
}

/// What the state of a group makes the tool say.
pub fn notice(group: &GroupDescription) -> Option<Notice> {
    let id = &group.group_id;
    match group.state.as_str() {
        "Dead" => Some(Notice::Gone(format!("Consumer group '{id}' does not exist."))),
        "Empty" => Some(Notice::Warning(format!("\nConsumer group '{id}' has no active members."))),
        "Stable" => None,
        _ => Some(Notice::Warning(format!("\nWarning: Consumer group '{id}' is rebalancing."))),
    }
}

fn or_none(value: Option<impl ToString>) -> String {
    value.map_or(NONE.to_owned(), |value| value.to_string())
}

/// What a group has committed, and where the logs end.
#[derive(Clone, Debug, Default)]
pub struct Offsets {
    /// Committed, by partition.
    pub committed: BTreeMap<TopicPartition, OffsetAndMetadata>,
    /// Ends of logs, by partition.
    pub ends: BTreeMap<TopicPartition, ListedOffset>,
}

/// All partitions the offsets view shows.
pub fn partitions(group: &GroupDescription, offsets: &Offsets) -> BTreeSet<TopicPartition> {
    let owned = group.members.iter().flat_map(|member| member.assignment.iter());
    owned.chain(offsets.committed.keys()).cloned().collect()
}

/// The offsets view; nothing if there are no rows.
pub fn offsets(group: &GroupDescription, offsets: &Offsets, verbose: bool) -> Vec<String> {
    let row = |partition: &TopicPartition, member: Option<&MemberDescription>| {
        let committed = offsets.committed.get(partition);
        let end = offsets.ends.get(partition).map(|end| end.offset);
        let lag = committed.zip(end).map(|(committed, end)| end.saturating_sub(committed.offset));
        let mut cells = vec![group.group_id.clone(), partition.topic.clone(), partition.partition.to_string()];
        if verbose {
            cells.push(or_none(committed.and_then(|c| c.leader_epoch)));
        }
        cells.extend([or_none(committed.map(|c| c.offset)), or_none(end), or_none(lag)]);
        cells.extend([
            or_none(member.map(|m| &m.member_id)),
            or_none(member.map(|m| &m.host)),
            or_none(member.map(|m| &m.client_id)),
        ]);
        cells
    };
    let mut members: Vec<&MemberDescription> = group.members.iter().collect();
    members.sort_by_key(|member| std::cmp::Reverse(member.assignment.len()));
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut owned: BTreeSet<&TopicPartition> = BTreeSet::new();
    for member in members {
        rows.extend(member.assignment.iter().map(|partition| row(partition, Some(member))));
        owned.extend(&member.assignment);
    }
    rows.extend(offsets.committed.keys().filter(|p| !owned.contains(p)).map(|partition| row(partition, None)));
    if rows.is_empty() {
        return vec![];
    }
    let mut columns = vec![growing("GROUP", 15), growing("TOPIC", 15), fixed("PARTITION", 10)];
    if verbose {
        columns.push(fixed("LEADER-EPOCH", 15));
    }
    columns.extend([fixed("CURRENT-OFFSET", 15), fixed("LOG-END-OFFSET", 15), fixed("LAG", 15)]);
    columns.extend([growing("CONSUMER-ID", 15), growing("HOST", 15), fixed("CLIENT-ID", 0)]);
    lines(&columns, &rows, "")
}

fn assignment_text(partitions: &BTreeSet<TopicPartition>) -> String {
    if partitions.is_empty() {
        return NONE.to_owned();
    }
    let mut topics: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition.partition.to_string());
    }
    let text = |(topic, mut list): (&str, Vec<String>)| {
        // The real tool sorts the numbers as texts.
        list.sort();
        format!("{topic}:{}", list.join(","))
    };
    topics.into_iter().map(text).collect::<Vec<_>>().join(";")
}

/// The members view.
pub fn members(group: &GroupDescription, verbose: bool) -> Vec<String> {
    let members = &group.members;
    let instances = members.iter().any(|member| member.group_instance_id.as_ref().is_some_and(|id| !id.is_empty()));
    let upgrading = members.iter().any(|member| member.upgraded == Some(false));
    let mut columns: Vec<Column> = vec![growing("GROUP", 15), growing("CONSUMER-ID", 15)];
    if instances {
        columns.push(growing("GROUP-INSTANCE-ID", 17));
    }
    columns.extend([growing("HOST", 15), growing("CLIENT-ID", 15), fixed("#PARTITIONS", 15)]);
    if verbose {
        columns.extend([fixed("CURRENT-EPOCH", 15), growing("CURRENT-ASSIGNMENT", 20)]);
        columns.extend([fixed("TARGET-EPOCH", 15), growing("TARGET-ASSIGNMENT", 20)]);
    }
    if verbose && upgrading {
        columns.push(fixed("UPGRADED", 0));
    }
    let row = |member: &MemberDescription| {
        let mut cells = vec![group.group_id.clone(), member.member_id.clone()];
        if instances {
            cells.push(member.group_instance_id.clone().unwrap_or_default());
        }
        cells.extend([member.host.clone(), member.client_id.clone(), member.assignment.len().to_string()]);
        if verbose {
            cells.push(or_none(member.member_epoch));
            cells.push(assignment_text(&member.assignment));
            cells.push(or_none(group.target_assignment_epoch));
            cells.push(member.target_assignment.as_ref().map_or(NONE.to_owned(), assignment_text));
        }
        if verbose && upgrading {
            cells.push(or_none(member.upgraded));
        }
        cells
    };
    let rows: Vec<Vec<String>> = members.iter().map(row).collect();
    lines(&columns, &rows, if verbose { "" } else { " " })
}

/// The state view.
pub fn state(group: &GroupDescription, verbose: bool) -> Vec<String> {
    let node = &group.coordinator;
    let assignor = if group.assignor.is_empty() { NONE } else { &group.assignor };
    let mut columns = vec![growing("GROUP", 15), growing("COORDINATOR (ID)", 25)];
    columns.extend([fixed("ASSIGNMENT-STRATEGY", 20), fixed("STATE", 20)]);
    let mut cells = vec![group.group_id.clone(), format!("{}:{}  ({})", node.host, node.port, node.id)];
    cells.extend([assignor.to_owned(), group.state.clone()]);
    if verbose {
        columns.extend([fixed("GROUP-EPOCH", 15), fixed("TARGET-ASSIGNMENT-EPOCH", 25)]);
        cells.extend([or_none(group.group_epoch), or_none(group.target_assignment_epoch)]);
    }
    columns.push(fixed("#MEMBERS", 0));
    cells.push(group.members.len().to_string());
    lines(&columns, &[cells], "")
}
