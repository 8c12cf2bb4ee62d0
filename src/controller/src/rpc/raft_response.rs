//! Raft's responses to Kafka's and back. Serves the driver; invariant: both directions agree; a leader is always named with
//! its endpoint.

use super::{METADATA_TOPIC, METADATA_TOPIC_ID, snapshot};
use crate::raft::{EpochAndOffset, FetchedData, RaftError, RaftResponse, ResponseBody};
use ottla_wire::messages::{
    begin_quorum_epoch_response as begin, end_quorum_epoch_response as end, fetch_response as fetch,
    vote_response as vote,
};
use ottla_wire::{BrokerId, ErrorCode, ResponseKind, str_bytes, topic_name};

/// Ports of the voters by node id; all listen on `localhost`.
pub type EndpointTable = [(i32, u16)];

fn code_of(error: RaftError) -> i16 {
    let code = match error {
        RaftError::None => ErrorCode::None,
        RaftError::FencedLeaderEpoch => ErrorCode::FencedLeaderEpoch,
        RaftError::UnknownLeaderEpoch => ErrorCode::UnknownLeaderEpoch,
        RaftError::NotLeaderOrFollower => ErrorCode::NotLeaderOrFollower,
        RaftError::InvalidRequest => ErrorCode::InvalidRequest,
        RaftError::InconsistentClusterId => ErrorCode::InconsistentClusterId,
        RaftError::SnapshotNotFound => ErrorCode::SnapshotNotFound,
        RaftError::PositionOutOfRange => ErrorCode::PositionOutOfRange,
        RaftError::Other => ErrorCode::UnknownServerError,
    };
    code.code()
}

fn error_of(codes: [i16; 2]) -> RaftError {
    let code = codes.into_iter().find(|code| *code != 0).unwrap_or(0);
    match ErrorCode::from_code(code) {
        ErrorCode::None => RaftError::None,
        ErrorCode::FencedLeaderEpoch => RaftError::FencedLeaderEpoch,
        ErrorCode::UnknownLeaderEpoch => RaftError::UnknownLeaderEpoch,
        ErrorCode::NotLeaderOrFollower => RaftError::NotLeaderOrFollower,
        ErrorCode::InvalidRequest => RaftError::InvalidRequest,
        ErrorCode::InconsistentClusterId => RaftError::InconsistentClusterId,
        ErrorCode::SnapshotNotFound => RaftError::SnapshotNotFound,
        ErrorCode::PositionOutOfRange => RaftError::PositionOutOfRange,
        _ => RaftError::Other,
    }
}

/// The Kafka response of a Raft response.
pub fn raft_response_kind(response: &RaftResponse, voters: &EndpointTable) -> ResponseKind {
    let leader_id = BrokerId(response.leader_id.unwrap_or(-1));
    let endpoint = voters.iter().find(|(id, _)| Some(*id) == response.leader_id);
    let host = str_bytes("localhost");
    let (code, epoch) = (code_of(response.error), response.epoch);
    match &response.body {
        ResponseBody::Vote { granted } => {
            let partition = vote::PartitionData::default()
                .with_error_code(code)
                .with_leader_id(leader_id)
                .with_leader_epoch(epoch)
                .with_vote_granted(*granted);
            let topic =
                vote::TopicData::default().with_topic_name(topic_name(METADATA_TOPIC)).with_partitions(vec![partition]);
            let node = |(id, port): &(i32, u16)| {
                vote::NodeEndpoint::default().with_node_id(BrokerId(*id)).with_host(host.clone()).with_port(*port)
            };
            let nodes = endpoint.map(node).into_iter().collect();
            ResponseKind::Vote(vote::VoteResponse::default().with_topics(vec![topic]).with_node_endpoints(nodes))
        }
        ResponseBody::BeginQuorumEpoch => {
            let partition = begin::PartitionData::default()
                .with_error_code(code)
                .with_leader_id(leader_id)
                .with_leader_epoch(epoch);
            let topic = begin::TopicData::default()
                .with_topic_name(topic_name(METADATA_TOPIC))
                .with_partitions(vec![partition]);
            ResponseKind::BeginQuorumEpoch(begin::BeginQuorumEpochResponse::default().with_topics(vec![topic]))
        }
        ResponseBody::EndQuorumEpoch => {
            let partition =
                end::PartitionData::default().with_error_code(code).with_leader_id(leader_id).with_leader_epoch(epoch);
            let topic =
                end::TopicData::default().with_topic_name(topic_name(METADATA_TOPIC)).with_partitions(vec![partition]);
            ResponseKind::EndQuorumEpoch(end::EndQuorumEpochResponse::default().with_topics(vec![topic]))
        }
        ResponseBody::Fetch(data) => {
            let node = |(id, port): &(i32, u16)| {
                let node = fetch::NodeEndpoint::default().with_node_id(BrokerId(*id)).with_host(host.clone());
                node.with_port(i32::from(*port))
            };
            let partition = fetch_partition(data, code, leader_id, epoch);
            let topic = fetch::FetchableTopicResponse::default()
                .with_topic_id(METADATA_TOPIC_ID)
                .with_partitions(vec![partition]);
            let nodes = endpoint.map(node).into_iter().collect();
            ResponseKind::Fetch(fetch::FetchResponse::default().with_responses(vec![topic]).with_node_endpoints(nodes))
        }
        ResponseBody::FetchSnapshot(chunk) => {
            ResponseKind::FetchSnapshot(snapshot::response_kind(chunk, (code, leader_id, epoch), endpoint))
        }
    }
}

fn fetch_partition(data: &FetchedData, code: i16, leader_id: BrokerId, epoch: i32) -> fetch::PartitionData {
    let current = fetch::LeaderIdAndEpoch::default().with_leader_id(leader_id).with_leader_epoch(epoch);
    let mut partition = fetch::PartitionData::default()
        .with_error_code(code)
        .with_high_watermark(data.high_watermark)
        .with_log_start_offset(0)
        .with_current_leader(current)
        .with_records(Some(data.records.clone()));
    if let Some((epoch, end_offset)) = data.diverging {
        partition.diverging_epoch = fetch::EpochEndOffset::default().with_epoch(epoch).with_end_offset(end_offset);
    }
    if let Some(id) = data.snapshot {
        partition.snapshot_id = fetch::SnapshotId::default().with_epoch(id.epoch).with_end_offset(id.offset);
    }
    partition
}

/// The Raft response in a Kafka response; none if it has not the one partition it should have.
pub fn raft_response_from(response: ResponseKind) -> Option<RaftResponse> {
    match response {
        ResponseKind::Vote(response) => {
            let top = response.error_code;
            match response.topics.first().and_then(|topic| topic.partitions.first()) {
                Some(data) => {
                    let body = ResponseBody::Vote { granted: data.vote_granted };
                    Some(raft_response([top, data.error_code], data.leader_epoch, data.leader_id, body))
                }
                None => top_level(top, ResponseBody::Vote { granted: false }),
            }
        }
        ResponseKind::BeginQuorumEpoch(response) => {
            let (top, body) = (response.error_code, ResponseBody::BeginQuorumEpoch);
            match response.topics.first().and_then(|topic| topic.partitions.first()) {
                Some(data) => Some(raft_response([top, data.error_code], data.leader_epoch, data.leader_id, body)),
                None => top_level(top, body),
            }
        }
        ResponseKind::EndQuorumEpoch(response) => {
            let (top, body) = (response.error_code, ResponseBody::EndQuorumEpoch);
            match response.topics.first().and_then(|topic| topic.partitions.first()) {
                Some(data) => Some(raft_response([top, data.error_code], data.leader_epoch, data.leader_id, body)),
                None => top_level(top, body),
            }
        }
        ResponseKind::Fetch(response) => {
            let top = response.error_code;
            let partition = response.responses.into_iter().next().and_then(|topic| topic.partitions.into_iter().next());
            let Some(data) = partition else { return top_level(top, ResponseBody::Fetch(FetchedData::default())) };
            let (codes, leader) = ([top, data.error_code], data.current_leader.clone());
            let diverging = Some((data.diverging_epoch.epoch, data.diverging_epoch.end_offset));
            let snapshot = EpochAndOffset { epoch: data.snapshot_id.epoch, offset: data.snapshot_id.end_offset };
            let fetched = FetchedData {
                snapshot: Some(snapshot).filter(|id| id.epoch >= 0 && id.offset >= 0),
                high_watermark: data.high_watermark,
                diverging: diverging.filter(|(epoch, end)| *epoch >= 0 && *end >= 0),
                records: data.records.unwrap_or_default(),
            };
            Some(raft_response(codes, leader.leader_epoch, leader.leader_id, ResponseBody::Fetch(fetched)))
        }
        ResponseKind::FetchSnapshot(response) => {
            let top = response.error_code;
            match snapshot::chunk_from(response) {
                Some((code, leader, chunk)) => {
                    let body = ResponseBody::FetchSnapshot(chunk);
                    Some(raft_response([top, code], leader.leader_epoch, leader.leader_id, body))
                }
                None => top_level(top, ResponseBody::FetchSnapshot(Default::default())),
            }
        }
        _ => None,
    }
}

fn raft_response(codes: [i16; 2], epoch: i32, leader_id: BrokerId, body: ResponseBody) -> RaftResponse {
    RaftResponse { error: error_of(codes), epoch, leader_id: Some(leader_id.0).filter(|id| *id >= 0), body }
}

/// A response that is an error as a whole says nothing of epochs.
fn top_level(code: i16, body: ResponseBody) -> Option<RaftResponse> {
    (code != 0).then(|| RaftResponse { error: error_of([code, 0]), epoch: -1, leader_id: None, body })
}
