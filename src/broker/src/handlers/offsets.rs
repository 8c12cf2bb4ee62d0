//! Offsets by time and by leader epoch (`ListOffsets`, `OffsetForLeaderEpoch`). Serves consumers, tools and followers;
//! invariant: a client's latest offset is the high watermark, or the last stable offset where it asks for committed data.

use crate::{connections::RequestId, node::Running, replica::Partition};
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
        partition.filter(|p| p.is_leader()).ok_or(ErrorCode::NotLeaderOrFollower)
    }

    pub(crate) fn list_offsets(&mut self, cx: &mut Context<'_>, id: RequestId, request: &ListOffsetsRequest) {
        let committed = request.isolation_level == 1;
        let mut topics = Vec::new();
        for topic in &request.topics {
            let mut rows = Vec::new();
            for wanted in &topic.partitions {
                let found = self.leading(&topic.name, wanted.partition_index, wanted.current_leader_epoch);
                let found = found.and_then(|p| {
                    let bound = if committed { p.log.last_stable_offset() } else { p.log.high_watermark() };
                    lookup(cx, p, wanted.timestamp, bound)
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

/// Timestamp, offset and leader epoch; -1 where there is none.
fn lookup(cx: &mut Context<'_>, p: &Partition, timestamp: i64, bound: i64) -> Result<(i64, i64, i32), ErrorCode> {
    let lookup = match timestamp {
        -1 => return Ok((-1, bound, p.log.latest_epoch().unwrap_or(-1))),
        -2 | -4 => Lookup::Earliest,
        -3 => Lookup::MaxTimestamp,
        // Tiered storage is not there.
        -5 | -6 => return Ok((-1, -1, -1)),
        time if time >= 0 => Lookup::At(time),
        _ => return Err(ErrorCode::UnsupportedVersion),
    };
    let found = p.log.offset_for_timestamp(cx.disk(), lookup).map_err(|e| e.error_code())?;
    let visible = found.filter(|f| f.offset < bound || timestamp == -2 || timestamp == -4);
    Ok(visible.map_or((-1, -1, -1), |f| (f.timestamp, f.offset, f.leader_epoch.unwrap_or(-1))))
}
