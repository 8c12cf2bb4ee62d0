//! The group coordinator of a broker (`GroupCoordinator`, classic protocol). Serves consumers; pure: it gets requests and
//! moments, and gives records and answers.
//!
//! Invariant: what must outlive this broker is a record first; offsets change by `replay` alone, and a group that is loaded is
//! what its records say.

mod codec;
mod config;
mod consumer_protocol;
mod describe;
mod expiry;
mod join;
mod members;
mod offset_fetch;
mod offsets;
mod rebalance;
pub(crate) mod record;
mod state;
mod sync;
#[cfg(test)]
mod tests;

use crate::{BrokerConfig, GroupView, MemberView, connections::RequestId};
use bytes::Bytes;
use config::GroupConfig;
use ottla_controller::MetadataImage;
use ottla_wire::{ErrorCode, RequestKind, ResponseKind, Uuid, java};
use ottla_world::{Rng, Time};
use record::GroupRecord;
use state::Group;
use std::collections::BTreeMap;

/// Records to write and answers that follow.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// The partition of `__consumer_offsets`.
    pub(crate) partition: i32,
    pub(crate) records: Vec<GroupRecord>,
    /// To be sent once the records are committed; at once if there are none.
    pub(crate) replies: Vec<(RequestId, ResponseKind)>,
    /// To be handed to `written` once the records are committed or could not be.
    pub(crate) ticket: Option<Ticket>,
}

/// An assignment on its way into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    partition: i32,
    group: String,
    generation: i32,
    assignments: BTreeMap<String, Bytes>,
}

/// What the coordinator has to know of topics.
pub(crate) trait TopicLookup {
    /// The id of a topic, if there is such a topic.
    fn topic_id(&self, topic: &str) -> Option<Uuid>;
    /// Whether there is such a partition.
    fn has_partition(&self, topic: &str, partition: i32) -> bool;
}

impl TopicLookup for MetadataImage {
    fn topic_id(&self, topic: &str) -> Option<Uuid> {
        self.topic(topic).map(|t| t.id)
    }

    fn has_partition(&self, topic: &str, partition: i32) -> bool {
        self.partition(topic, partition).is_some()
    }
}

/// Who asks, and when.
pub(crate) struct Asked<'a> {
    pub(crate) id: RequestId,
    pub(crate) now: Time,
    pub(crate) wall_ms: i64,
    pub(crate) rng: &'a mut Rng,
    pub(crate) client_id: &'a str,
    pub(crate) version: i16,
    pub(crate) topics: &'a dyn TopicLookup,
}

impl Asked<'_> {
    fn clock(&self) -> Clock {
        Clock { now: self.now, wall_ms: self.wall_ms }
    }
}

/// A moment: of the run, for timers, and of the calendar, for what is stored.
#[derive(Clone, Copy, Debug)]
struct Clock {
    now: Time,
    wall_ms: i64,
}

/// A partition of `__consumer_offsets` that this broker leads.
#[derive(Clone, Debug, Default)]
struct Shard {
    groups: BTreeMap<String, Group>,
    /// When outdated offsets are looked for; `None` while loading.
    next_cleanup: Option<Time>,
}

/// The coordinator.
#[derive(Clone, Debug)]
pub(crate) struct GroupCoordinator {
    config: GroupConfig,
    shards: BTreeMap<i32, Shard>,
}

/// Where all clients are.
pub(crate) const CLIENT_HOST: &str = "/127.0.0.1";

impl GroupCoordinator {
    pub(crate) fn new(config: &BrokerConfig) -> GroupCoordinator {
        GroupCoordinator { config: GroupConfig::from(config), shards: BTreeMap::new() }
    }

    /// The partition whose leader coordinates a group.
    pub(crate) fn partition_for(&self, group: &str) -> i32 {
        java::partition_for(group, self.config.offsets_topic_partitions)
    }

    /// Leads a partition from now on; its records are replayed next, then `loaded`.
    pub(crate) fn load(&mut self, partition: i32) {
        self.shards.insert(partition, Shard::default());
    }

    /// All records are replayed: sessions start now.
    pub(crate) fn loaded(&mut self, partition: i32, now: Time) {
        let Some(shard) = self.shards.get_mut(&partition) else { return };
        shard.next_cleanup = Some(now.plus_millis(self.config.retention_check_interval_ms));
        for member in shard.groups.values_mut().flat_map(|g| g.members.values_mut()) {
            member.renew(Clock { now, wall_ms: 0 });
        }
    }

    /// Leads it no more: those who wait are sent away.
    pub(crate) fn unload(&mut self, partition: i32) -> Vec<(RequestId, ResponseKind)> {
        let Some(shard) = self.shards.remove(&partition) else { return Vec::new() };
        let mut replies = Vec::new();
        for member in shard.groups.into_values().flat_map(|g| g.members.into_values()) {
            let error = ErrorCode::NotCoordinator;
            replies.extend(member.joining.map(|id| (id, join::refusal(error, &member.id))));
            replies.extend(member.syncing.map(|id| (id, sync::refusal(error))));
        }
        replies
    }

    /// Takes in a record of a partition's log. Group records count while loading only: a living group knows more.
    pub(crate) fn replay(&mut self, partition: i32, key: &Bytes, value: Option<&Bytes>, loading: bool) {
        let Some(shard) = self.shards.get_mut(&partition) else { return };
        match GroupRecord::decode(key, value) {
            Ok(GroupRecord::Offset { group, topic, partition, value: Some(committed) }) => {
                let entry = shard.groups.entry(group).or_insert_with_key(|id| Group::new(id, committed.timestamp_ms));
                entry.offsets.insert((topic, partition), committed);
            }
            Ok(GroupRecord::Offset { group, topic, partition, value: None }) => {
                if let Some(group) = shard.groups.get_mut(&group) {
                    group.offsets.remove(&(topic, partition));
                }
            }
            Ok(GroupRecord::Group { group, value: Some(stored) }) if loading => {
                let entry = shard.groups.entry(group).or_insert_with_key(|id| Group::new(id, stored.timestamp_ms));
                entry.restore(stored);
            }
            Ok(GroupRecord::Group { group, value: None }) => drop(shard.groups.remove(&group)),
            // Kafka passes over keys that it does not know, too.
            Ok(GroupRecord::Group { .. }) | Err(_) => {}
        }
    }

    /// Works on a request of one group, whose coordinator this broker is or is not.
    pub(crate) fn handle(&mut self, asked: Asked<'_>, body: &RequestKind) -> Option<Vec<Decision>> {
        Some(match body {
            RequestKind::JoinGroup(r) => self.join(asked, r),
            RequestKind::SyncGroup(r) => self.sync(&asked, r),
            RequestKind::Heartbeat(r) => self.heartbeat(&asked, r),
            RequestKind::LeaveGroup(r) => self.leave(&asked, r),
            RequestKind::OffsetCommit(r) => self.commit(&asked, r),
            RequestKind::OffsetFetch(r) => self.fetch_offsets(&asked, r),
            RequestKind::OffsetDelete(r) => self.delete_offsets(&asked, r),
            RequestKind::ListGroups(r) => self.list(&asked, r),
            RequestKind::DescribeGroups(r) => self.describe(&asked, r),
            RequestKind::DeleteGroups(r) => self.delete(&asked, r),
            RequestKind::ConsumerGroupDescribe(r) => self.describe_consumer_groups(&asked, r),
            RequestKind::ConsumerGroupHeartbeat(r) => self.refuse_consumer_heartbeat(&asked, &r.group_id),
            _ => return None,
        })
    }

    /// An answer without records.
    fn answer(partition: i32, id: RequestId, response: ResponseKind) -> Vec<Decision> {
        vec![Decision { partition, records: Vec::new(), replies: vec![(id, response)], ticket: None }]
    }

    /// What pictures show.
    pub(crate) fn views(&self) -> Vec<GroupView> {
        let member = |m: &state::Member| MemberView {
            member_id: m.id.clone(),
            client_id: m.client_id.clone(),
            instance_id: m.instance_id.clone(),
            assignment: consumer_protocol::assigned(&m.assignment).into_iter().collect(),
        };
        let group = |g: &Group| GroupView {
            group_id: g.id.clone(),
            state: g.state.name().to_owned(),
            generation: g.generation,
            members: g.members.values().map(member).collect(),
            offsets: g.offsets.iter().map(|(place, c)| (place.clone(), c.offset)).collect(),
        };
        self.shards.values().flat_map(|s| s.groups.values()).map(group).collect()
    }
}
