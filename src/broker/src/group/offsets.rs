//! OffsetCommit and OffsetDelete (`OffsetMetadataManager`). Serves consumers and tools; invariant: an offset is what the last
//! replayed record says.

use super::{
    Asked, Decision, GroupCoordinator, TopicLookup,
    record::{Committed, GroupRecord},
    state::{Group, GroupState},
};
use ottla_wire::{
    ErrorCode, ResponseKind,
    messages::{
        OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
        offset_commit_request::OffsetCommitRequestPartition,
        offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic},
        offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic},
    },
};

/// From this version on a member of a group that is not there is told so.
const GROUP_ID_NOT_FOUND_VERSION: i16 = 9;

impl GroupCoordinator {
    pub(super) fn commit(&mut self, asked: &Asked<'_>, r: &OffsetCommitRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let verdict = self.may_commit(asked, partition, r);
        let mut records = Vec::new();
        let mut topics = Vec::new();
        for topic in &r.topics {
            let mut rows = Vec::new();
            for p in &topic.partitions {
                let checked = match self.check_offset(asked.topics, &topic.name, p) {
                    Ok(()) => verdict,
                    Err(error) => {
                        Err(verdict.err().filter(|_| error != ErrorCode::UnknownTopicOrPartition).unwrap_or(error))
                    }
                };
                if checked.is_ok() {
                    records.push(GroupRecord::Offset {
                        group: r.group_id.to_string(),
                        topic: topic.name.to_string(),
                        partition: p.partition_index,
                        value: Some(committed(asked, r.retention_time_ms, &topic.name, p)),
                    });
                }
                let code = checked.err().unwrap_or(ErrorCode::None).code();
                let row = OffsetCommitResponsePartition::default().with_partition_index(p.partition_index);
                rows.push(row.with_error_code(code));
            }
            topics.push(OffsetCommitResponseTopic::default().with_name(topic.name.clone()).with_partitions(rows));
        }
        let response = ResponseKind::OffsetCommit(OffsetCommitResponse::default().with_topics(topics));
        vec![Decision { partition, records, replies: vec![(asked.id, response)], ticket: None }]
    }

    fn check_offset(
        &self,
        topics: &dyn TopicLookup,
        topic: &str,
        p: &OffsetCommitRequestPartition,
    ) -> Result<(), ErrorCode> {
        if !topics.has_partition(topic, p.partition_index) {
            return Err(ErrorCode::UnknownTopicOrPartition);
        }
        let units = p.committed_metadata.as_ref().map_or(0, |m| m.encode_utf16().count() as u64);
        if units > self.config.metadata_max_units { Err(ErrorCode::OffsetMetadataTooLarge) } else { Ok(()) }
    }

    fn may_commit(&mut self, asked: &Asked<'_>, partition: i32, r: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        let shard = self.shards.get_mut(&partition).ok_or(ErrorCode::NotCoordinator)?;
        let generation = r.generation_id_or_member_epoch;
        match shard.groups.get_mut(&*r.group_id.0) {
            Some(group) => group.may_commit(asked, r),
            // The group of a tool, or of a consumer that assigns by itself, comes with its first offset.
            None if generation < 0 => Ok(()),
            None if asked.version >= GROUP_ID_NOT_FOUND_VERSION => Err(ErrorCode::GroupIdNotFound),
            None => Err(ErrorCode::IllegalGeneration),
        }
    }

    pub(super) fn delete_offsets(&mut self, asked: &Asked<'_>, r: &OffsetDeleteRequest) -> Vec<Decision> {
        let partition = self.partition_for(&r.group_id);
        let refuse = |error: ErrorCode| {
            let response = OffsetDeleteResponse::default().with_error_code(error.code());
            Self::answer(partition, asked.id, ResponseKind::OffsetDelete(response))
        };
        if r.group_id.is_empty() {
            return refuse(ErrorCode::InvalidGroupId);
        }
        let Some(shard) = self.shards.get(&partition) else { return refuse(ErrorCode::NotCoordinator) };
        let Some(group) = shard.groups.get(&*r.group_id.0) else { return refuse(ErrorCode::GroupIdNotFound) };
        if group.state != GroupState::Empty && !group.is_of_consumers() {
            return refuse(ErrorCode::NonEmptyGroup);
        }
        let (mut records, mut topics) = (Vec::new(), Vec::new());
        for topic in &r.topics {
            let mut rows = Vec::new();
            for p in &topic.partitions {
                let error = if !asked.topics.has_partition(&topic.name, p.partition_index) {
                    ErrorCode::UnknownTopicOrPartition
                } else if group.is_subscribed(&topic.name) {
                    ErrorCode::GroupSubscribedToTopic
                } else {
                    if group.offsets.contains_key(&(topic.name.to_string(), p.partition_index)) {
                        records.push(GroupRecord::no_offset(&group.id, &topic.name, p.partition_index));
                    }
                    ErrorCode::None
                };
                let row = OffsetDeleteResponsePartition::default().with_partition_index(p.partition_index);
                rows.push(row.with_error_code(error.code()));
            }
            topics.push(OffsetDeleteResponseTopic::default().with_name(topic.name.clone()).with_partitions(rows));
        }
        let response = ResponseKind::OffsetDelete(OffsetDeleteResponse::default().with_topics(topics));
        vec![Decision { partition, records, replies: vec![(asked.id, response)], ticket: None }]
    }
}

fn committed(asked: &Asked<'_>, retention_ms: i64, topic: &str, p: &OffsetCommitRequestPartition) -> Committed {
    Committed {
        offset: p.committed_offset,
        leader_epoch: p.committed_leader_epoch,
        metadata: p.committed_metadata.as_ref().map(|m| m.to_string()).unwrap_or_default(),
        timestamp_ms: asked.wall_ms,
        expire_timestamp_ms: (retention_ms >= 0).then(|| asked.wall_ms.saturating_add(retention_ms)),
        topic_id: asked.topics.topic_id(topic).unwrap_or_default(),
    }
}

impl Group {
    /// Whether the one who asks may commit now (`ClassicGroup.validateOffsetCommit`); to commit is a sign of life.
    fn may_commit(&mut self, asked: &Asked<'_>, r: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        let generation = r.generation_id_or_member_epoch;
        if generation < 0 && self.state == GroupState::Empty {
            return Ok(());
        }
        let instance = r.group_instance_id.as_deref();
        if generation < 0 && r.member_id.is_empty() && instance.is_none() {
            return Err(ErrorCode::UnknownMemberId);
        }
        self.check_current(&r.member_id, instance, generation)?;
        if self.state == GroupState::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        if let Some(member) = self.members.get_mut(&*r.member_id) {
            member.renew(asked.clock());
        }
        Ok(())
    }
}
