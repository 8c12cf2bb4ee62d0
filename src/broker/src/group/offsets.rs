//! Committed offsets (`OffsetMetadataManager`). Serves consumers and tools; invariant: an offset is what the last replayed
//! record says.

use super::{
    Asked, Decision, GroupCoordinator,
    record::{Committed, GroupRecord},
    state::{Group, GroupState},
};
use ottla_wire::{
    ErrorCode, ResponseKind,
    messages::{
        OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest,
        OffsetFetchResponse,
        offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic},
        offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic},
        offset_fetch_response::{
            OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
            OffsetFetchResponseTopic, OffsetFetchResponseTopics,
        },
    },
    str_bytes, topic_name,
};
use std::collections::BTreeMap;

/// Longest text that may go with an offset (`offset.metadata.max.bytes`).
const MOST_METADATA: usize = 4096;

type Places = Vec<(String, Vec<i32>)>;

impl GroupCoordinator {
    pub(super) fn commit(&mut self, asked: &Asked<'_>, r: &OffsetCommitRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let verdict = self.may_commit(asked, partition, r);
        let mut records = Vec::new();
        let mut topics = Vec::new();
        for topic in &r.topics {
            let mut rows = Vec::new();
            for p in &topic.partitions {
                let metadata = p.committed_metadata.as_ref().map(|m| m.to_string()).unwrap_or_default();
                let error = match verdict {
                    Ok(()) if metadata.len() > MOST_METADATA => ErrorCode::OffsetMetadataTooLarge,
                    Ok(()) => ErrorCode::None,
                    Err(error) => error,
                };
                if error == ErrorCode::None {
                    records.push(GroupRecord::Offset {
                        group: r.group_id.to_string(),
                        topic: topic.name.to_string(),
                        partition: p.partition_index,
                        value: Some(Committed {
                            offset: p.committed_offset,
                            leader_epoch: p.committed_leader_epoch,
                            metadata,
                            timestamp_ms: asked.wall_ms,
                            expire_timestamp_ms: None,
                            topic_id: ottla_wire::Uuid::nil(),
                        }),
                    });
                }
                let row = OffsetCommitResponsePartition::default().with_partition_index(p.partition_index);
                rows.push(row.with_error_code(error.code()));
            }
            topics.push(OffsetCommitResponseTopic::default().with_name(topic.name.clone()).with_partitions(rows));
        }
        let response = ResponseKind::OffsetCommit(OffsetCommitResponse::default().with_topics(topics));
        vec![Decision { partition, records, replies: vec![(asked.id, response)], ticket: None }]
    }

    fn may_commit(&mut self, asked: &Asked<'_>, partition: i32, r: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        let shard = self.shards.get_mut(&partition).ok_or(ErrorCode::NotCoordinator)?;
        let generation = r.generation_id_or_member_epoch;
        let name = r.group_id.to_string();
        let Some(group) = shard.groups.get_mut(&name) else {
            if generation >= 0 {
                return Err(ErrorCode::IllegalGeneration);
            }
            shard.groups.insert(name.clone(), Group::new(&name, asked.wall_ms));
            return Ok(());
        };
        if generation < 0 && r.member_id.is_empty() {
            // A tool, or a consumer that assigns by itself.
            let idle = group.members.is_empty() || group.state == GroupState::Empty;
            return if idle { Ok(()) } else { Err(ErrorCode::UnknownMemberId) };
        }
        group.check_current(&r.member_id, r.group_instance_id.as_deref(), generation)?;
        if group.state == GroupState::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        if let Some(member) = group.members.get_mut(&r.member_id.to_string()) {
            member.renew(asked.clock());
        }
        Ok(())
    }

    pub(super) fn fetch_offsets(&mut self, asked: &Asked<'_>, r: &OffsetFetchRequest) -> Vec<Decision> {
        if asked.version < 8 {
            let partition = self.partition_for(&r.group_id);
            let wanted: Option<Places> = r
                .topics
                .as_ref()
                .map(|all| all.iter().map(|t| (t.name.to_string(), t.partition_indexes.clone())).collect());
            let response = match self.offsets_of(&r.group_id, wanted) {
                Ok(found) => OffsetFetchResponse::default().with_topics(found.into_iter().map(old_topic).collect()),
                Err(error) => OffsetFetchResponse::default().with_error_code(error.code()),
            };
            return Self::answer(partition, asked.id, ResponseKind::OffsetFetch(response));
        }
        let mut groups = Vec::new();
        for g in &r.groups {
            let wanted: Option<Places> = g
                .topics
                .as_ref()
                .map(|all| all.iter().map(|t| (t.name.to_string(), t.partition_indexes.clone())).collect());
            let row = OffsetFetchResponseGroup::default().with_group_id(g.group_id.clone());
            groups.push(match self.offsets_of(&g.group_id, wanted) {
                Ok(found) => row.with_topics(found.into_iter().map(topic_row).collect()),
                Err(error) => row.with_error_code(error.code()),
            });
        }
        let response = ResponseKind::OffsetFetch(OffsetFetchResponse::default().with_groups(groups));
        Self::answer(0, asked.id, response)
    }

    fn offsets_of(&self, group: &str, wanted: Option<Places>) -> Result<Vec<Found>, ErrorCode> {
        let shard = self.shards.get(&self.partition_for(group)).ok_or(ErrorCode::NotCoordinator)?;
        let nothing = BTreeMap::new();
        let offsets = shard.groups.get(group).map_or(&nothing, |g| &g.offsets);
        let wanted = wanted.unwrap_or_else(|| {
            let mut all: BTreeMap<String, Vec<i32>> = BTreeMap::new();
            offsets.keys().for_each(|(topic, p)| all.entry(topic.clone()).or_default().push(*p));
            all.into_iter().collect()
        });
        let found = |(topic, partitions): (String, Vec<i32>)| {
            let rows = partitions.into_iter().map(|p| (p, offsets.get(&(topic.clone(), p)).cloned())).collect();
            Found { topic, rows }
        };
        Ok(wanted.into_iter().map(found).collect())
    }

    pub(super) fn delete_offsets(&mut self, asked: &Asked<'_>, r: &OffsetDeleteRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let refuse = |error: ErrorCode| {
            let response = OffsetDeleteResponse::default().with_error_code(error.code());
            Self::answer(partition, asked.id, ResponseKind::OffsetDelete(response))
        };
        let Some(shard) = self.shards.get(&partition) else { return refuse(ErrorCode::NotCoordinator) };
        let Some(group) = shard.groups.get(&r.group_id.to_string()) else { return refuse(ErrorCode::GroupIdNotFound) };
        let read: Vec<String> = group
            .members
            .values()
            .flat_map(|m| super::consumer_protocol::assigned(&m.assignment))
            .map(|(t, _)| t)
            .collect();
        let (mut records, mut topics) = (Vec::new(), Vec::new());
        for topic in &r.topics {
            let busy = read.iter().any(|name| name.as_str() == &**topic.name);
            let mut rows = Vec::new();
            for p in &topic.partitions {
                let known = group.offsets.contains_key(&(topic.name.to_string(), p.partition_index));
                if known && !busy {
                    let (group, name) = (r.group_id.to_string(), topic.name.to_string());
                    let index = p.partition_index;
                    records.push(GroupRecord::Offset { group, topic: name, partition: index, value: None });
                }
                let error = if busy { ErrorCode::GroupSubscribedToTopic } else { ErrorCode::None };
                let row = OffsetDeleteResponsePartition::default().with_partition_index(p.partition_index);
                rows.push(row.with_error_code(error.code()));
            }
            topics.push(OffsetDeleteResponseTopic::default().with_name(topic.name.clone()).with_partitions(rows));
        }
        let response = ResponseKind::OffsetDelete(OffsetDeleteResponse::default().with_topics(topics));
        vec![Decision { partition, records, replies: vec![(asked.id, response)], ticket: None }]
    }
}

struct Found {
    topic: String,
    rows: Vec<(i32, Option<Committed>)>,
}

fn topic_row(found: Found) -> OffsetFetchResponseTopics {
    let row = |(index, committed): (i32, Option<Committed>)| {
        let row = OffsetFetchResponsePartitions::default().with_partition_index(index);
        match committed {
            Some(c) => row
                .with_committed_offset(c.offset)
                .with_committed_leader_epoch(c.leader_epoch)
                .with_metadata(Some(str_bytes(&c.metadata))),
            None => row.with_committed_offset(-1).with_committed_leader_epoch(-1).with_metadata(Some(str_bytes(""))),
        }
    };
    let rows = found.rows.into_iter().map(row).collect();
    OffsetFetchResponseTopics::default().with_name(topic_name(&found.topic)).with_partitions(rows)
}

fn old_topic(found: Found) -> OffsetFetchResponseTopic {
    let row = |(index, committed): (i32, Option<Committed>)| {
        let row = OffsetFetchResponsePartition::default().with_partition_index(index);
        match committed {
            Some(c) => row
                .with_committed_offset(c.offset)
                .with_committed_leader_epoch(c.leader_epoch)
                .with_metadata(Some(str_bytes(&c.metadata))),
            None => row.with_committed_offset(-1).with_committed_leader_epoch(-1).with_metadata(Some(str_bytes(""))),
        }
    };
    let rows = found.rows.into_iter().map(row).collect();
    OffsetFetchResponseTopic::default().with_name(topic_name(&found.topic)).with_partitions(rows)
}
