//! Raft's requests to Kafka's and back. Serves the driver; invariant: both directions agree, and a request about another
//! topic or partition is none.

use super::{METADATA_TOPIC, METADATA_TOPIC_ID, snapshot};
use crate::raft::{FetchRequest, RaftRequest, VoteRequest};
use ottla_wire::messages::{
    begin_quorum_epoch_request as begin, end_quorum_epoch_request as end, fetch_request as fetch, vote_request as vote,
};
use ottla_wire::{BrokerId, RequestKind, StrBytes, Uuid, str_bytes, topic_name};

/// A Raft request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundRaft {
    /// The request.
    pub request: RaftRequest,
    /// The cluster the sender believes to be in.
    pub cluster_id: Option<String>,
    /// The log directory of the replica that fetches.
    pub directory_id: Uuid,
}

/// The version in which a Raft request is sent.
pub fn raft_version(request: &RaftRequest) -> i16 {
    match request {
        RaftRequest::Vote(_) => 2,
        RaftRequest::BeginQuorumEpoch { .. } | RaftRequest::EndQuorumEpoch { .. } => 1,
        RaftRequest::Fetch(_) => 18,
        RaftRequest::FetchSnapshot(_) => 1,
    }
}

/// The request to the voter `to`. `directory_id` is that of a fetching replica; voters of a static quorum have none.
pub fn raft_request_kind(request: &RaftRequest, to: i32, cluster_id: &str, directory_id: Uuid) -> RequestKind {
    let cluster_id = Some(str_bytes(cluster_id));
    match request {
        RaftRequest::Vote(request) => RequestKind::Vote(vote_kind(request, to, cluster_id)),
        RaftRequest::BeginQuorumEpoch { epoch, leader_id } => RequestKind::BeginQuorumEpoch(
            begin::BeginQuorumEpochRequest::default()
                .with_cluster_id(cluster_id)
                .with_voter_id(BrokerId(to))
                .with_topics(vec![
                    begin::TopicData::default().with_topic_name(topic_name(METADATA_TOPIC)).with_partitions(vec![
                        begin::PartitionData::default().with_leader_id(BrokerId(*leader_id)).with_leader_epoch(*epoch),
                    ]),
                ]),
        ),
        RaftRequest::EndQuorumEpoch { epoch, leader_id, preferred_successors } => {
            let candidate = |id: &i32| end::ReplicaInfo::default().with_candidate_id(BrokerId(*id));
            let partition = end::PartitionData::default()
                .with_leader_id(BrokerId(*leader_id))
                .with_leader_epoch(*epoch)
                .with_preferred_candidates(preferred_successors.iter().map(candidate).collect());
            let topic =
                end::TopicData::default().with_topic_name(topic_name(METADATA_TOPIC)).with_partitions(vec![partition]);
            RequestKind::EndQuorumEpoch(
                end::EndQuorumEpochRequest::default().with_cluster_id(cluster_id).with_topics(vec![topic]),
            )
        }
        RaftRequest::Fetch(request) => RequestKind::Fetch(fetch_kind(request, cluster_id, directory_id)),
        RaftRequest::FetchSnapshot(request) => {
            RequestKind::FetchSnapshot(snapshot::request_kind(request, cluster_id, directory_id))
        }
    }
}

fn vote_kind(request: &VoteRequest, to: i32, cluster_id: Option<StrBytes>) -> vote::VoteRequest {
    let partition = vote::PartitionData::default()
        .with_replica_epoch(request.epoch)
        .with_replica_id(BrokerId(request.candidate_id))
        .with_last_offset_epoch(request.last_epoch)
        .with_last_offset(request.last_offset)
        .with_pre_vote(request.pre_vote);
    let topic = vote::TopicData::default().with_topic_name(topic_name(METADATA_TOPIC)).with_partitions(vec![partition]);
    vote::VoteRequest::default().with_cluster_id(cluster_id).with_voter_id(BrokerId(to)).with_topics(vec![topic])
}

fn fetch_kind(request: &FetchRequest, cluster_id: Option<StrBytes>, directory_id: Uuid) -> fetch::FetchRequest {
    let partition = fetch::FetchPartition::default()
        .with_current_leader_epoch(request.epoch)
        .with_fetch_offset(request.offset)
        .with_last_fetched_epoch(request.last_fetched_epoch)
        .with_replica_directory_id(directory_id)
        .with_high_watermark(request.high_watermark)
        .with_partition_max_bytes(0);
    let topic = fetch::FetchTopic::default().with_topic_id(METADATA_TOPIC_ID).with_partitions(vec![partition]);
    fetch::FetchRequest::default()
        .with_cluster_id(cluster_id)
        .with_replica_state(fetch::ReplicaState::default().with_replica_id(BrokerId(request.replica_id)))
        .with_max_wait_ms(i32::try_from(request.max_wait_ms).unwrap_or(i32::MAX))
        .with_max_bytes(i32::try_from(request.max_bytes).unwrap_or(i32::MAX))
        .with_topics(vec![topic])
}

/// The Raft request in a Kafka request; none if it is about anything but the metadata log's only partition.
pub fn raft_request_from(request: &RequestKind) -> Option<InboundRaft> {
    match request {
        RequestKind::Vote(request) => {
            let topic = only(&request.topics).filter(|topic| topic.topic_name.as_str() == METADATA_TOPIC)?;
            let data = only(&topic.partitions).filter(|data| data.partition_index == 0)?;
            let vote = VoteRequest {
                epoch: data.replica_epoch,
                candidate_id: data.replica_id.0,
                last_epoch: data.last_offset_epoch,
                last_offset: data.last_offset,
                pre_vote: data.pre_vote,
            };
            Some(inbound(RaftRequest::Vote(vote), &request.cluster_id))
        }
        RequestKind::BeginQuorumEpoch(request) => {
            let topic = only(&request.topics).filter(|topic| topic.topic_name.as_str() == METADATA_TOPIC)?;
            let data = only(&topic.partitions).filter(|data| data.partition_index == 0)?;
            let begin = RaftRequest::BeginQuorumEpoch { epoch: data.leader_epoch, leader_id: data.leader_id.0 };
            Some(inbound(begin, &request.cluster_id))
        }
        RequestKind::EndQuorumEpoch(request) => {
            let topic = only(&request.topics).filter(|topic| topic.topic_name.as_str() == METADATA_TOPIC)?;
            let data = only(&topic.partitions).filter(|data| data.partition_index == 0)?;
            let end = RaftRequest::EndQuorumEpoch {
                epoch: data.leader_epoch,
                leader_id: data.leader_id.0,
                preferred_successors: data.preferred_candidates.iter().map(|info| info.candidate_id.0).collect(),
            };
            Some(inbound(end, &request.cluster_id))
        }
        RequestKind::Fetch(request) => fetch_from(request),
        RequestKind::FetchSnapshot(request) => snapshot::request_from(request),
        _ => None,
    }
}

fn fetch_from(request: &fetch::FetchRequest) -> Option<InboundRaft> {
    let topic = only(&request.topics)?;
    if topic.topic_id != METADATA_TOPIC_ID && topic.topic.as_str() != METADATA_TOPIC {
        return None;
    }
    let data = only(&topic.partitions).filter(|data| data.partition == 0)?;
    let replica_id = match request.replica_state.replica_id.0 {
        -1 => request.replica_id.0,
        id => id,
    };
    let fetch = FetchRequest {
        replica_id,
        epoch: data.current_leader_epoch,
        offset: data.fetch_offset,
        last_fetched_epoch: data.last_fetched_epoch,
        high_watermark: data.high_watermark,
        max_bytes: u64::try_from(request.max_bytes).unwrap_or(0),
        max_wait_ms: u64::try_from(request.max_wait_ms).unwrap_or(0),
    };
    let inbound = inbound(RaftRequest::Fetch(fetch), &request.cluster_id);
    Some(InboundRaft { directory_id: data.replica_directory_id, ..inbound })
}

pub(super) fn inbound(request: RaftRequest, cluster_id: &Option<StrBytes>) -> InboundRaft {
    InboundRaft { request, cluster_id: cluster_id.as_ref().map(|id| id.to_string()), directory_id: Uuid::nil() }
}

pub(super) fn only<T>(items: &[T]) -> Option<&T> {
    match items {
        [item] => Some(item),
        _ => None,
    }
}
