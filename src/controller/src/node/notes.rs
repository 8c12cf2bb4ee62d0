//! Decisions as lines of the server log. Serves the event log; invariant: one compact line a decision.

use crate::image::{MetadataImage, PartitionState};
use crate::record::{MetadataRecord, NO_LEADER_CHANGE, PartitionChange};

/// So many partitions are named; the rest is counted.
const NAMED: usize = 4;

fn ids(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

/// The line for the records of one decision; none if they say nothing worth a line. `image` is as before them.
pub(super) fn of_records(image: &MetadataImage, records: &[MetadataRecord]) -> Option<String> {
    let mut parts = Vec::new();
    let mut changes = 0;
    for record in records {
        match record {
            MetadataRecord::RegisterBroker(b) => {
                parts.push(format!("broker {} registered epoch={}", b.broker_id, b.broker_epoch))
            }
            MetadataRecord::UnregisterBroker(b) => parts.push(format!("broker {} unregistered", b.broker_id)),
            MetadataRecord::BrokerRegistrationChange(b) => parts.push(match (b.fenced, b.in_controlled_shutdown) {
                (1, _) => format!("broker {} fenced", b.broker_id),
                (-1, _) => format!("broker {} unfenced", b.broker_id),
                (_, 1) => format!("broker {} in controlled shutdown", b.broker_id),
                _ => format!("broker {} changed", b.broker_id),
            }),
            MetadataRecord::Topic(topic) => parts.push(format!("topic {} created", topic.name)),
            MetadataRecord::RemoveTopic { topic_id } => {
                let name = image.topic_by_id(*topic_id).map_or("?", |topic| &topic.name);
                parts.push(format!("topic {name} deleted"));
            }
            MetadataRecord::PartitionChange(change) => {
                changes += 1;
                if changes <= NAMED {
                    parts.extend(of_change(image, change));
                }
            }
            _ => {}
        }
    }
    if changes > NAMED {
        parts.push(format!("and {} more partitions", changes - NAMED));
    }
    (!parts.is_empty()).then(|| format!("controller: {}", parts.join("; ")))
}

fn of_change(image: &MetadataImage, change: &PartitionChange) -> Option<String> {
    let topic = image.topic_by_id(change.topic_id)?;
    let before = topic.partitions.get(&change.partition_id)?;
    let PartitionState { leader, leader_epoch, isr, elr, .. } = before.changed(change);
    let leader = match (change.leader, leader) {
        (NO_LEADER_CHANGE, leader) => format!("leader={leader}"),
        (_, -1) => format!("leader={}->none epoch={leader_epoch}", before.leader),
        (_, leader) => format!("leader={}->{leader} epoch={leader_epoch}", before.leader),
    };
    let elr = if elr.is_empty() { String::new() } else { format!(" elr={}", ids(&elr)) };
    Some(format!("{}-{} {leader} isr={}{elr}", topic.name, change.partition_id, ids(&isr)))
}
