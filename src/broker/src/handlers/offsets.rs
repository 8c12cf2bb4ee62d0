//! Offsets by time and by leader epoch (`ListOffsets`, `OffsetForLeaderEpoch`). Serves consumers, tools and followers;
//! invariant: a client's latest offset is the high watermark, or the last stable offset where it asks for committed data.

use crate::{
    connections::RequestId,
    node::Running,
    replica::{Partition, Role},
};
use ottla_log::Lookup;
use ottla_wire::{
    ErrorCode, ResponseKind,
    messages::{
        ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
        list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse},
        offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult},
    },
};
use ottla_world::Context;

impl Running {
    fn leading(&self, topic: &str, index: i32, epoch: i32) -> Result<&Partition, ErrorCode> {
        let Some(state) = self.image.partition(topic, index) else { return Err(ErrorCode::UnknownTopicOrPartition) };
        let partition = self.replicas.by_name(&self.image, topic, index);
        let known = partition.map_or(state.leader_epoch, |p| p.state.leader_epoch);
        if epoch >= 0 && epoch < known {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if epoch > known {
            return Err(ErrorCode::UnknownLeaderEpoch);
        }
        match partition {
            Some(p) if p.is_leader() => Ok(p),
            Some(Partition { role: Role::Offline, .. }) => Err(ErrorCode::KafkaStorageError),
            _ => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    pub(crate) fn list_offsets(&mut self, cx: &mut Context<'_>, id: RequestId, request: &ListOffsetsRequest) {
        let (committed, is_client) = (request.isolation_level == 1, request.replica_id.0 == CONSUMER);
        let mut topics = Vec::new();
        for topic in &request.topics {
            let mut rows = Vec::new();
            for wanted in &topic.partitions {
                let found = self.leading(&topic.name, wanted.partition_index, wanted.current_leader_epoch);
                let found = found.and_then(|p| {
                    let bound = match () {
                        () if !is_client => p.log.log_end_offset(),
                        () if committed => p.log.last_stable_offset(),
                        () => p.log.high_watermark(),
                    };
                    lookup(cx, p, wanted.timestamp, bound, is_client)
                });
                let row = ListOffsetsPartitionResponse::default().with_partition_index(wanted.partition_index);
                rows.push(match found {
                    Ok((timestamp, offset, epoch)) => {
                        row.with_timestamp(timestamp).with_offset(offset).with_leader_epoch(epoch)
                    }
                    Err(error) => row.with_error_code(error.code()).with_timestamp(-1).with_offset(-1),
                });
            }
            topics.push(ListOffsetsTopicResponse::default().with_name(topic.name.clone()).with_partitions(rows));
        }
        self.respond(cx, id, ResponseKind::ListOffsets(ListOffsetsResponse::default().with_topics(topics)));
    }

    pub(crate) fn offset_for_leader_epoch(
        &mut self,
        cx: &mut Context<'_>,
        id: RequestId,
        request: &OffsetForLeaderEpochRequest,
    ) {
        let row =
            |topic: &str, wanted: &ottla_wire::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition| {
                let row = EpochEndOffset::default().with_partition(wanted.partition);
                match self.leading(topic, wanted.partition, wanted.current_leader_epoch) {
                    Ok(p) => {
                        let end = p.log.end_offset_for_epoch(wanted.leader_epoch);
                        row.with_leader_epoch(end.epoch).with_end_offset(end.end_offset)
                    }
                    Err(error) => row.with_error_code(error.code()).with_leader_epoch(-1).with_end_offset(-1),
                }
            };
        let topic = |t: &ottla_wire::messages::offset_for_leader_epoch_request::OffsetForLeaderTopic| {
            let rows = t.partitions.iter().map(|p| row(&t.topic, p)).collect();
            OffsetForLeaderTopicResult::default().with_topic(t.topic.clone()).with_partitions(rows)
        };
        let response = OffsetForLeaderEpochResponse::default().with_topics(request.topics.iter().map(topic).collect());
        self.respond(cx, id, ResponseKind::OffsetForLeaderEpoch(response));
    }
}

/// The replica id of consumers; followers and debugging consumers see the whole log.
const CONSUMER: i32 = -1;

/// Timestamp, offset and leader epoch; -1 where there is none (`Partition.fetchOffsetForTimestamp`).
fn lookup(
    cx: &mut Context<'_>,
    p: &Partition,
    timestamp: i64,
    bound: i64,
    is_client: bool,
) -> Result<(i64, i64, i32), ErrorCode> {
    // A new leader that does not know yet what is committed of the records before its epoch.
    let lags = is_client && matches!(&p.role, Role::Leader(l) if l.epoch_start_offset > p.log.high_watermark());
    let lookup = match timestamp {
        -1 if lags => return Err(ErrorCode::OffsetNotAvailable),
        -1 => return Ok((-1, bound, p.log.latest_epoch().unwrap_or(-1))),
        -2 | -4 => Lookup::Earliest,
        -3 => Lookup::MaxTimestamp,
        // Tiered storage is not there.
        -5 | -6 => return Ok((-1, -1, -1)),
        time if time >= 0 => Lookup::At(time),
        _ => return Err(ErrorCode::UnsupportedVersion),
    };
    let found = p.log.offset_for_timestamp(cx.disk(), lookup).map_err(|e| e.error_code())?;
    match found.filter(|f| f.offset < bound || matches!(lookup, Lookup::Earliest)) {
        Some(f) => Ok((f.timestamp, f.offset, f.leader_epoch.unwrap_or(-1))),
        None if lags => Err(ErrorCode::OffsetNotAvailable),
        None => Ok((-1, -1, -1)),
    }
}
