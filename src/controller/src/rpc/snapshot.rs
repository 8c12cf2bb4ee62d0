//! `FetchSnapshot` and its answer, to Kafka's messages and back. Serves the translation of Raft's messages; invariant: both
//! directions agree.

use super::METADATA_TOPIC;
use super::raft_request::{InboundRaft, inbound, only};
use crate::raft::{EpochAndOffset, FetchSnapshotRequest, RaftRequest, SnapshotChunk};
use ottla_wire::messages::{
    FetchSnapshotRequest as Request, FetchSnapshotResponse as Response, fetch_snapshot_request as request,
    fetch_snapshot_response as response,
};
use ottla_wire::{BrokerId, StrBytes, Uuid, str_bytes, topic_name};

pub(super) fn request_kind(asked: &FetchSnapshotRequest, cluster_id: Option<StrBytes>, directory_id: Uuid) -> Request {
    let id = request::SnapshotId::default().with_end_offset(asked.id.offset).with_epoch(asked.id.epoch);
    let partition = request::PartitionSnapshot::default()
        .with_current_leader_epoch(asked.epoch)
        .with_snapshot_id(id)
        .with_position(i64::try_from(asked.position).unwrap_or(i64::MAX))
        .with_replica_directory_id(directory_id);
    let topic =
        request::TopicSnapshot::default().with_name(topic_name(METADATA_TOPIC)).with_partitions(vec![partition]);
    Request::default()
        .with_cluster_id(cluster_id)
        .with_replica_id(BrokerId(asked.replica_id))
        .with_max_bytes(i32::try_from(asked.max_bytes).unwrap_or(i32::MAX))
        .with_topics(vec![topic])
}

pub(super) fn request_from(asked: &Request) -> Option<InboundRaft> {
    let topic = only(&asked.topics).filter(|topic| topic.name.as_str() == METADATA_TOPIC)?;
    let data = only(&topic.partitions).filter(|data| data.partition == 0)?;
    let fetch = FetchSnapshotRequest {
        replica_id: asked.replica_id.0,
        epoch: data.current_leader_epoch,
        id: EpochAndOffset { epoch: data.snapshot_id.epoch, offset: data.snapshot_id.end_offset },
        // A negative one lies outside of every snapshot.
        position: u64::try_from(data.position).unwrap_or(u64::MAX),
        max_bytes: u64::try_from(asked.max_bytes).unwrap_or(0),
    };
    let inbound = inbound(RaftRequest::FetchSnapshot(fetch), &asked.cluster_id);
    Some(InboundRaft { directory_id: data.replica_directory_id, ..inbound })
}

/// `(code, leader, epoch)` is what every answer carries; `endpoint` is the leader's id and port.
pub(super) fn response_kind(
    chunk: &SnapshotChunk,
    (code, leader_id, epoch): (i16, BrokerId, i32),
    endpoint: Option<&(i32, u16)>,
) -> Response {
    let id = response::SnapshotId::default().with_end_offset(chunk.id.offset).with_epoch(chunk.id.epoch);
    let leader = response::LeaderIdAndEpoch::default().with_leader_id(leader_id).with_leader_epoch(epoch);
    let partition = response::PartitionSnapshot::default()
        .with_error_code(code)
        .with_snapshot_id(id)
        .with_current_leader(leader)
        .with_size(i64::try_from(chunk.size_bytes).unwrap_or(i64::MAX))
        .with_position(i64::try_from(chunk.position).unwrap_or(i64::MAX))
        .with_unaligned_records(chunk.bytes.clone());
    let topic =
        response::TopicSnapshot::default().with_name(topic_name(METADATA_TOPIC)).with_partitions(vec![partition]);
    let node = |(id, port): &(i32, u16)| {
        let node = response::NodeEndpoint::default().with_node_id(BrokerId(*id)).with_host(str_bytes("localhost"));
        node.with_port(*port)
    };
    Response::default().with_topics(vec![topic]).with_node_endpoints(endpoint.map(node).into_iter().collect())
}

/// The error code, the leader and the piece; none without the one partition there should be.
pub(super) fn chunk_from(answer: Response) -> Option<(i16, response::LeaderIdAndEpoch, SnapshotChunk)> {
    let data = answer.topics.into_iter().next()?.partitions.into_iter().next()?;
    let chunk = SnapshotChunk {
        id: EpochAndOffset { epoch: data.snapshot_id.epoch, offset: data.snapshot_id.end_offset },
        size_bytes: u64::try_from(data.size).unwrap_or(0),
        position: u64::try_from(data.position).unwrap_or(u64::MAX),
        bytes: data.unaligned_records,
    };
    Some((data.error_code, data.current_leader, chunk))
}
