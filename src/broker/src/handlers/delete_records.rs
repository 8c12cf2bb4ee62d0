//! DeleteRecords (`ReplicaManager.deleteRecords`, KIP-107): raises log start offsets. Serves admin clients; invariant: it is
//! answered when every living replica has forgotten the records, with the lowest start among them.

use crate::{
    connections::RequestId,
    node::Running,
    purgatory::DelayedDelete,
    replica::{Partition, Place, Role},
};
use ottla_wire::{
    ErrorCode, ResponseKind,
    messages::{
        DeleteRecordsRequest, DeleteRecordsResponse,
        delete_records_request::DeleteRecordsPartition,
        delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult},
    },
};
use ottla_world::Context;
use std::collections::BTreeMap;

/// "Up to the high watermark" (`DeleteRecordsRequest.HIGH_WATERMARK`).
const HIGH_WATERMARK: i64 = -1;

impl Running {
    pub(crate) fn delete_records(&mut self, cx: &mut Context<'_>, id: RequestId, request: &DeleteRecordsRequest) {
        let (mut waits_for, mut topics) = (BTreeMap::new(), Vec::new());
        for topic in &request.topics {
            let mut rows = Vec::new();
            for wanted in &topic.partitions {
                let row = DeleteRecordsPartitionResult::default().with_partition_index(wanted.partition_index);
                rows.push(match self.delete_before(cx, &topic.name, wanted) {
                    Ok((place, start)) => {
                        waits_for.insert(place, (start, topics.len(), rows.len()));
                        row
                    }
                    Err(error) => row.with_error_code(error.code()).with_low_watermark(-1),
                });
            }
            topics.push(DeleteRecordsTopicResult::default().with_name(topic.name.clone()).with_partitions(rows));
        }
        let response = DeleteRecordsResponse::default().with_topics(topics);
        let deadline = cx.now().plus_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
        self.purgatory.deletes.insert(id, DelayedDelete { deadline, waits_for, response });
        self.try_delete(cx, id);
    }

    /// Raises the start of one partition; where it is now to be on every replica.
    fn delete_before(
        &mut self,
        cx: &mut Context<'_>,
        topic: &str,
        wanted: &DeleteRecordsPartition,
    ) -> Result<(Place, i64), ErrorCode> {
        if super::metadata::is_internal(topic) {
            return Err(ErrorCode::InvalidTopicException);
        }
        let image = self.image.topic(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if !image.partitions.contains_key(&wanted.partition_index) {
            return Err(ErrorCode::UnknownTopicOrPartition);
        }
        let place = (image.id, wanted.partition_index);
        let partition = self.replicas.partitions.get_mut(&place).filter(|p| p.is_leader());
        let partition = partition.ok_or(ErrorCode::NotLeaderOrFollower)?;
        if !partition.log.config().cleanup_policy.delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let offset = if wanted.offset == HIGH_WATERMARK { partition.log.high_watermark() } else { wanted.offset };
        if offset < 0 {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if let Err(error) = partition.log.advance_log_start(cx.disk(), offset) {
            self.replicas.note_error(cx, topic, &error);
            return Err(error.error_code());
        }
        self.replicas.moved.insert(place);
        Ok((place, offset))
    }

    /// Answers if all replicas have followed, or the time is over.
    pub(crate) fn try_delete(&mut self, cx: &mut Context<'_>, id: RequestId) {
        let Some(mut delayed) = self.purgatory.deletes.remove(&id) else { return };
        let late = delayed.deadline <= cx.now();
        let mut left = BTreeMap::new();
        for (place, (start, topic, row)) in std::mem::take(&mut delayed.waits_for) {
            let low = self.low_watermark(place);
            let answer = &mut delayed.response.topics[topic].partitions[row];
            let error = match low {
                Ok(low) if low >= start => ErrorCode::None,
                Ok(_) if !late => {
                    left.insert(place, (start, topic, row));
                    continue;
                }
                Ok(_) => ErrorCode::RequestTimedOut,
                Err(error) => error,
            };
            answer.error_code = error.code();
            answer.low_watermark = low.unwrap_or(-1);
        }
        if left.is_empty() {
            return self.respond(cx, id, ResponseKind::DeleteRecords(delayed.response));
        }
        delayed.waits_for = left;
        self.purgatory.deletes.insert(id, delayed);
    }

    /// The lowest log start offset of a partition's living replicas (`Partition.lowWatermarkIfLeader`).
    fn low_watermark(&self, place: Place) -> Result<i64, ErrorCode> {
        let Some(Partition { log, role: Role::Leader(leading), .. }) = self.replicas.partitions.get(&place) else {
            return Err(ErrorCode::NotLeaderOrFollower);
        };
        let alive = leading.followers.iter().filter(|(id, _)| self.image.is_alive(**id));
        Ok(alive.map(|(_, follower)| follower.log_start_offset).fold(log.log_start_offset(), i64::min))
    }
}
