//! Throttles of a reassignment: settings of brokers and topics. Serves kafka-reassign-partitions; invariant: clearing takes away exactly
//! the settings that throttling sets.

use super::plan::Plan;
use ottla_client::{AlterConfigOp, ConfigResource, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

const RATES: [&str; 2] = ["leader.replication.throttled.rate", "follower.replication.throttled.rate"];
const DIRS_RATE: &str = "replica.alter.log.dirs.io.max.bytes.per.second";
const REPLICAS: [&str; 2] = ["leader.replication.throttled.replicas", "follower.replication.throttled.replicas"];

/// Changes of settings.
pub type Changes = Vec<(ConfigResource, Vec<AlterConfigOp>)>;

/// What to set so that a plan's moves take no more than a rate.
pub fn set(plan: &Plan, current: &Plan, adding: &BTreeMap<TopicPartition, Vec<i32>>, rate: i64) -> Changes {
    let mut topics: BTreeMap<&str, [Vec<String>; 2]> = BTreeMap::new();
    let mut brokers = BTreeSet::new();
    for (partition, target) in plan {
        let new = adding.get(partition).map(Vec::as_slice).unwrap_or_default();
        let all = current.get(partition).map(Vec::as_slice).unwrap_or_default();
        let sources: Vec<i32> = all.iter().filter(|id| !new.contains(id)).copied().collect();
        let targets: Vec<i32> = target.iter().filter(|id| !sources.contains(id)).copied().collect();
        let lists = topics.entry(&partition.topic).or_default();
        for (list, ids) in lists.iter_mut().zip([&sources, &targets]) {
            list.extend(ids.iter().map(|id| format!("{}:{id}", partition.partition)));
        }
        brokers.extend(sources.into_iter().chain(targets));
    }
    let of_topic = |(topic, lists): (&str, [Vec<String>; 2])| {
        let ops = REPLICAS.iter().zip(lists).map(|(name, list)| AlterConfigOp::Set((*name).to_owned(), list.join(",")));
        (ConfigResource::topic(topic), ops.collect())
    };
    let of_broker = |id: i32| {
        let ops = RATES.iter().map(|name| AlterConfigOp::Set((*name).to_owned(), rate.to_string()));
        (ConfigResource::broker(id.to_string()), ops.collect())
    };
    topics.into_iter().map(of_topic).chain(brokers.into_iter().map(of_broker)).collect()
}

/// What to take back from all brokers and from these topics.
pub fn clear(brokers: &[i32], topics: &BTreeSet<&str>) -> Changes {
    let delete = |names: &[&str]| names.iter().map(|name| AlterConfigOp::Delete((*name).to_owned())).collect();
    let of_broker = |id: &i32| (ConfigResource::broker(id.to_string()), delete(&[RATES[0], RATES[1], DIRS_RATE]));
    let of_topic = |topic: &&str| (ConfigResource::topic(*topic), delete(&REPLICAS));
    brokers.iter().map(of_broker).chain(topics.iter().map(of_topic)).collect()
}
