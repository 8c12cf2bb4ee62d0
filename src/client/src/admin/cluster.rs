//! The cluster as a whole: brokers, quorum, features, elections, reassignments. Serves the engine; invariant: an error of
//! the whole response is an error of the whole call.

use super::body::Body;
use super::call::{Answered, CallError, Operation};
use super::request::{AdminRequest, ElectionType};
use super::response::{
    AdminResponse, ClusterDescription, FeatureMetadata, PartitionReassignment, QuorumInfo, QuorumReplica,
};
use super::topics::numbers;
use crate::{JavaError, Node, TopicPartition};
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind, ResponseKind,
    messages::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic},
    messages::describe_quorum_request::{PartitionData, TopicData},
    messages::describe_quorum_response::ReplicaState,
    messages::elect_leaders_request::TopicPartitions,
    messages::list_partition_reassignments_request::ListPartitionReassignmentsTopics,
    messages::{
        AlterPartitionReassignmentsRequest, ApiVersionsRequest, ApiVersionsResponse, DescribeClusterRequest,
        DescribeClusterResponse, DescribeQuorumRequest, DescribeQuorumResponse, ElectLeadersRequest,
        ElectLeadersResponse, ListPartitionReassignmentsRequest,
    },
    str_bytes, topic_name,
};
use std::collections::BTreeMap;

pub(super) fn empty_cluster() -> AdminResponse {
    AdminResponse::Cluster(ClusterDescription { cluster_id: String::new(), controller: None, nodes: Vec::new() })
}

pub(super) fn empty_quorum() -> AdminResponse {
    AdminResponse::Quorum(QuorumInfo {
        leader_id: -1,
        leader_epoch: -1,
        high_watermark: -1,
        voters: Vec::new(),
        observers: Vec::new(),
        nodes: BTreeMap::new(),
    })
}

pub(super) fn empty_features() -> AdminResponse {
    let (finalized, supported) = (BTreeMap::new(), BTreeMap::new());
    AdminResponse::Features(FeatureMetadata { finalized, finalized_epoch: None, supported })
}

pub(super) fn by_topic<'a>(partitions: impl IntoIterator<Item = &'a TopicPartition>) -> BTreeMap<&'a str, Vec<i32>> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition.partition);
    }
    topics
}

/// What a client that talks to controllers asks for its metadata (`makeControllerMetadataCall`).
pub(super) fn controllers_body() -> Body {
    (RequestKind::DescribeCluster(DescribeClusterRequest::default().with_endpoint_type(2)), (1, 2))
}

/// The controllers of such an answer, and the active one.
pub(super) fn controllers(response: &DescribeClusterResponse) -> (Vec<Node>, Option<i32>) {
    let mut cluster = ClusterDescription { cluster_id: String::new(), controller: None, nodes: Vec::new() };
    match read_cluster(&mut cluster, response) {
        Ok(()) => (cluster.nodes, cluster.controller.map(|node| node.id)),
        Err(_) => (Vec::new(), None),
    }
}

/// The request of an operation of this module.
pub(super) fn body(request: &AdminRequest, timeout_ms: i32) -> Option<Body> {
    Some(match request {
        AdminRequest::DescribeCluster { include_fenced_brokers } => {
            let body = DescribeClusterRequest::default()
                .with_endpoint_type(1)
                .with_include_fenced_brokers(*include_fenced_brokers);
            (RequestKind::DescribeCluster(body), (0, 2))
        }
        AdminRequest::DescribeMetadataQuorum => {
            let topic = TopicData::default()
                .with_topic_name(topic_name("__cluster_metadata"))
                .with_partitions(vec![PartitionData::default().with_partition_index(0)]);
            (RequestKind::DescribeQuorum(DescribeQuorumRequest::default().with_topics(vec![topic])), (0, 2))
        }
        AdminRequest::DescribeFeatures => {
            let body = ApiVersionsRequest::default()
                .with_client_software_name(str_bytes("apache-kafka-java"))
                .with_client_software_version(str_bytes("4.3.1"));
            (RequestKind::ApiVersions(body), (3, 4))
        }
        AdminRequest::ElectLeaders { election_type, partitions } => {
            let topics = partitions.as_ref().map(|list| {
                let topics = by_topic(list).into_iter();
                let topic =
                    |(name, list)| TopicPartitions::default().with_topic(topic_name(name)).with_partitions(list);
                topics.map(topic).collect()
            });
            let body = ElectLeadersRequest::default()
                .with_election_type(i8::from(*election_type == ElectionType::Unclean))
                .with_topic_partitions(topics)
                .with_timeout_ms(timeout_ms);
            (RequestKind::ElectLeaders(body), (1, 2))
        }
        AdminRequest::ListPartitionReassignments { partitions } => {
            let topics = partitions.as_ref().map(|list| {
                let topics = by_topic(list).into_iter();
                let topic = |(name, list)| {
                    let topic = ListPartitionReassignmentsTopics::default();
                    topic.with_name(topic_name(name)).with_partition_indexes(list)
                };
                topics.map(topic).collect()
            });
            let body = ListPartitionReassignmentsRequest::default().with_topics(topics).with_timeout_ms(timeout_ms);
            (RequestKind::ListPartitionReassignments(body), (0, 0))
        }
        AdminRequest::AlterPartitionReassignments { reassignments } => {
            (RequestKind::AlterPartitionReassignments(alter_body(reassignments, timeout_ms)), (0, 1))
        }
        _ => return None,
    })
}

fn alter_body(
    reassignments: &BTreeMap<TopicPartition, Option<Vec<i32>>>,
    timeout_ms: i32,
) -> AlterPartitionReassignmentsRequest {
    let mut topics: BTreeMap<&str, Vec<ReassignablePartition>> = BTreeMap::new();
    for (partition, replicas) in reassignments {
        let replicas = replicas.as_ref().map(|ids| ids.iter().map(|id| BrokerId(*id)).collect());
        let wanted = ReassignablePartition::default().with_partition_index(partition.partition).with_replicas(replicas);
        topics.entry(&partition.topic).or_default().push(wanted);
    }
    let topics = topics
        .into_iter()
        .map(|(name, list)| ReassignableTopic::default().with_name(topic_name(name)).with_partitions(list));
    AlterPartitionReassignmentsRequest::default().with_timeout_ms(timeout_ms).with_topics(topics.collect())
}

fn whole(code: i16, message: Option<&str>) -> Answered {
    match ErrorCode::from_code(code) {
        ErrorCode::None => Ok(()),
        error => Err(CallError::of(error, message)),
    }
}

/// Reads the answer to an operation of this module; `None` if it is not one.
pub(super) fn answer(operation: &mut Operation, response: &ResponseKind) -> Option<Answered> {
    Some(match (&mut operation.answer, response) {
        (AdminResponse::Cluster(cluster), ResponseKind::DescribeCluster(response)) => read_cluster(cluster, response),
        (AdminResponse::Quorum(quorum), ResponseKind::DescribeQuorum(response)) => read_quorum(quorum, response),
        (AdminResponse::Features(features), ResponseKind::ApiVersions(response)) => {
            read_features(features, response);
            whole(response.error_code, None)
        }
        (AdminResponse::LeadersElected(each), ResponseKind::ElectLeaders(response)) => read_elections(each, response),
        (AdminResponse::Reassignments(moves), ResponseKind::ListPartitionReassignments(response)) => {
            for topic in &response.topics {
                for p in &topic.partitions {
                    let reassignment = PartitionReassignment {
                        replicas: numbers(&p.replicas),
                        adding: numbers(&p.adding_replicas),
                        removing: numbers(&p.removing_replicas),
                    };
                    moves.insert(TopicPartition::new(topic.name.to_string(), p.partition_index), reassignment);
                }
            }
            whole(response.error_code, response.error_message.as_deref())
        }
        (AdminResponse::ReassignmentsAltered(each), ResponseKind::AlterPartitionReassignments(response)) => {
            for topic in &response.responses {
                for p in &topic.partitions {
                    let error = JavaError::from_code(p.error_code, p.error_message.as_deref());
                    let key = TopicPartition::new(topic.name.to_string(), p.partition_index);
                    each.insert(key, error.map_or(Ok(()), Err));
                }
            }
            whole(response.error_code, response.error_message.as_deref())
        }
        _ => return None,
    })
}

fn read_cluster(cluster: &mut ClusterDescription, response: &DescribeClusterResponse) -> Answered {
    whole(response.error_code, response.error_message.as_deref())?;
    let node = |b: &ottla_wire::messages::describe_cluster_response::DescribeClusterBroker| Node {
        id: b.broker_id.0,
        host: b.host.to_string(),
        port: u16::try_from(b.port).unwrap_or(0),
        rack: b.rack.as_ref().map(ToString::to_string),
        is_fenced: b.is_fenced,
    };
    cluster.cluster_id = response.cluster_id.to_string();
    cluster.nodes = response.brokers.iter().map(node).collect();
    cluster.controller = cluster.nodes.iter().find(|n| n.id == response.controller_id.0).cloned();
    Ok(())
}

fn read_quorum(quorum: &mut QuorumInfo, response: &DescribeQuorumResponse) -> Answered {
    whole(response.error_code, response.error_message.as_deref())?;
    let Some(partition) = response.topics.first().and_then(|topic| topic.partitions.first()) else {
        return Err(CallError::of(ErrorCode::UnknownServerError, None));
    };
    whole(partition.error_code, partition.error_message.as_deref())?;
    let time = |ms: i64| Some(ms).filter(|ms| *ms >= 0);
    let replica = |r: &ReplicaState| QuorumReplica {
        replica_id: r.replica_id.0,
        directory_id: r.replica_directory_id,
        log_end_offset: r.log_end_offset,
        last_fetch_ms: time(r.last_fetch_timestamp),
        last_caught_up_ms: time(r.last_caught_up_timestamp),
    };
    quorum.leader_id = partition.leader_id.0;
    quorum.leader_epoch = i64::from(partition.leader_epoch);
    quorum.high_watermark = partition.high_watermark;
    quorum.voters = partition.current_voters.iter().map(replica).collect();
    quorum.observers = partition.observers.iter().map(replica).collect();
    for node in &response.nodes {
        let endpoints = node.listeners.iter().map(|l| (l.name.to_string(), l.host.to_string(), l.port));
        quorum.nodes.insert(node.node_id.0, endpoints.collect());
    }
    Ok(())
}

fn read_features(features: &mut FeatureMetadata, response: &ApiVersionsResponse) {
    let finalized = response.finalized_features.iter();
    features.finalized = finalized.map(|f| (f.name.to_string(), (f.min_version_level, f.max_version_level))).collect();
    features.finalized_epoch = Some(response.finalized_features_epoch).filter(|epoch| *epoch >= 0);
    let supported = response.supported_features.iter();
    features.supported = supported.map(|f| (f.name.to_string(), (f.min_version, f.max_version))).collect();
}

fn read_elections(
    each: &mut BTreeMap<TopicPartition, Result<(), JavaError>>,
    response: &ElectLeadersResponse,
) -> Answered {
    whole(response.error_code, None)?;
    for topic in &response.replica_election_results {
        for p in &topic.partition_result {
            let error = JavaError::from_code(p.error_code, p.error_message.as_deref());
            each.insert(TopicPartition::new(topic.topic.to_string(), p.partition_id), error.map_or(Ok(()), Err));
        }
    }
    Ok(())
}
