//! The rows of `--describe`. Serves kafka-topics; invariant: columns, order and empty lists as the real tool prints them.

use crate::java::Parsed;
use ottla_client::{
    ConfigEntry, ConfigSource, PartitionDescription, PartitionReassignment, TopicDescription, TopicPartition,
};
use ottla_wire::{config::DESCRIBE_ORDER, java::uuid_text};
use std::collections::{BTreeMap, BTreeSet};

/// All that is known for the rows.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The topics, in the order they are printed.
    pub topics: Vec<TopicDescription>,
    /// Settings by topic.
    pub configs: BTreeMap<String, Vec<ConfigEntry>>,
    /// Brokers that live.
    pub live: BTreeSet<i32>,
    /// Partitions on the move.
    pub moving: BTreeMap<TopicPartition, PartitionReassignment>,
}

fn join(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

fn replication_factor(partition: &PartitionDescription, moving: Option<&PartitionReassignment>) -> usize {
    let in_progress = |m: &&PartitionReassignment| {
        partition.replicas.iter().any(|id| m.adding.contains(id) || m.removing.contains(id))
    };
    match moving.filter(in_progress) {
        Some(moving) => moving.replicas.len().saturating_sub(moving.adding.len()),
        None => partition.replicas.len(),
    }
}

impl Facts {
    fn moving(&self, topic: &str, partition: i32) -> Option<&PartitionReassignment> {
        self.moving.get(&TopicPartition::new(topic, partition))
    }

    /// All rows the options ask for.
    pub fn rows(&self, parsed: &Parsed) -> Vec<String> {
        let reports = [
            "unavailable-partitions",
            "under-replicated-partitions",
            "under-min-isr-partitions",
            "at-min-isr-partitions",
        ];
        let whole = !reports.iter().any(|report| parsed.has(report));
        let overridden = parsed.has("topics-with-overrides");
        let mut rows = Vec::new();
        for topic in &self.topics {
            let empty = Vec::new();
            let configs = self.configs.get(&topic.name).unwrap_or(&empty);
            let mut changed: Vec<&ConfigEntry> = configs.iter().filter(|c| c.source != ConfigSource::Default).collect();
            // Java keeps them in a hash map, whose order is always the same.
            changed.sort_by_key(|c| DESCRIBE_ORDER.iter().position(|name| *name == c.name).unwrap_or(usize::MAX));
            if whole && (!overridden || !changed.is_empty()) {
                rows.push(self.header(topic, &changed));
            }
            if overridden {
                continue;
            }
            let min_isr =
                configs.iter().find(|c| c.name == "min.insync.replicas").and_then(|c| c.value.as_ref()?.parse().ok());
            for partition in &topic.partitions {
                if whole || self.is_reported(parsed, &topic.name, partition, min_isr.unwrap_or(1)) {
                    rows.push(self.row(&topic.name, partition));
                }
            }
        }
        rows
    }

    fn header(&self, topic: &TopicDescription, changed: &[&ConfigEntry]) -> String {
        let factor =
            topic.partitions.first().map_or(0, |p| replication_factor(p, self.moving(&topic.name, p.partition)));
        let configs: Vec<String> =
            changed.iter().map(|c| format!("{}={}", c.name, c.value.as_deref().unwrap_or("null"))).collect();
        let id = if topic.id.is_nil() { String::new() } else { format!("\tTopicId: {}", uuid_text(topic.id)) };
        format!(
            "Topic: {}{id}\tPartitionCount: {}\tReplicationFactor: {factor}\tConfigs: {}",
            topic.name,
            topic.partitions.len(),
            configs.join(",")
        )
    }

    fn is_reported(&self, parsed: &Parsed, topic: &str, partition: &PartitionDescription, min_isr: usize) -> bool {
        let factor = replication_factor(partition, self.moving(topic, partition.partition));
        let isr = partition.isr.len();
        (parsed.has("under-replicated-partitions") && factor > isr)
            || (parsed.has("unavailable-partitions") && partition.leader.is_none_or(|l| !self.live.contains(&l)))
            || (parsed.has("under-min-isr-partitions") && (partition.leader.is_none() || isr < min_isr))
            || (parsed.has("at-min-isr-partitions") && isr == min_isr)
    }

    fn row(&self, topic: &str, partition: &PartitionDescription) -> String {
        let moving = self
            .moving(topic, partition.partition)
            .map(|m| format!("\tAdding Replicas: {}\tRemoving Replicas: {}", join(&m.adding), join(&m.removing)));
        let known = |ids: &Option<Vec<i32>>| ids.as_deref().map_or("N/A".to_owned(), join);
        format!(
            "\tTopic: {topic}\tPartition: {}\tLeader: {}\tReplicas: {}\tIsr: {}{}\tElr: {}\tLastKnownElr: {}",
            partition.partition,
            partition.leader.map_or("none".to_owned(), |id| id.to_string()),
            join(&partition.replicas),
            join(&partition.isr),
            moving.unwrap_or_default(),
            known(&partition.elr),
            known(&partition.last_known_elr),
        )
    }
}
