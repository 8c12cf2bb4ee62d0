//! Requests that only look: ApiVersions, DescribeQuorum, DescribeCluster. Serves the controller node.

use crate::controller::FEATURES;
use crate::image::MetadataImage;
use crate::quorum::Quorum;
use crate::raft::Progress;
use crate::rpc::METADATA_TOPIC;
use ottla_wire::api::{Role, advertised};
use ottla_wire::messages::api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use ottla_wire::messages::describe_cluster_response::DescribeClusterBroker;
use ottla_wire::messages::describe_quorum_response::{Listener, Node, PartitionData, ReplicaState, TopicData};
use ottla_wire::messages::{
    ApiVersionsResponse, DescribeClusterRequest, DescribeClusterResponse, DescribeQuorumResponse,
};
use ottla_wire::{BrokerId, ErrorCode, str_bytes, topic_name};
use ottla_world::Time;

/// `ApiVersions`: what a controller answers.
pub(super) fn api_versions(image: &MetadataImage, error: ErrorCode) -> ApiVersionsResponse {
    let api = |(key, min, max)| ApiVersion::default().with_api_key(key).with_min_version(min).with_max_version(max);
    let supported = |(name, min, max, _): &(&str, i16, i16, i16)| {
        SupportedFeatureKey::default().with_name(str_bytes(name)).with_min_version(*min).with_max_version(*max)
    };
    let finalized = |(name, level): (&String, &i16)| {
        let key = FinalizedFeatureKey::default().with_name(str_bytes(name));
        key.with_min_version_level(*level).with_max_version_level(*level)
    };
    ApiVersionsResponse::default()
        .with_error_code(error.code())
        .with_api_keys(advertised(Role::Controller).map(api).collect())
        .with_supported_features(FEATURES.iter().map(supported).collect())
        .with_finalized_features_epoch(image.offset())
        .with_finalized_features(image.features().iter().map(finalized).collect())
}

/// A moment as the wall clock shows it; -1 for never.
pub(super) fn wall_of(moment: Option<Time>, now: Time, wall_ms: i64) -> i64 {
    moment.map_or(-1, |moment| wall_ms - now.millis_since(moment) as i64)
}

/// `DescribeQuorum`; only the leader knows (`handleDescribeQuorumRequest`).
pub(super) fn describe_quorum(quorum: &Quorum, now: Time, wall_ms: i64) -> DescribeQuorumResponse {
    let raft = quorum.raft();
    let partition = match raft.leader() {
        None => {
            PartitionData::default().with_error_code(ErrorCode::NotLeaderOrFollower.code()).with_error_message(None)
        }
        Some(leader) => {
            let state = |(id, progress): (&i32, &Progress)| {
                let me = *id == raft.node_id();
                let time = |moment| if me { wall_ms } else { wall_of(moment, now, wall_ms) };
                ReplicaState::default()
                    .with_replica_id(BrokerId(*id))
                    .with_replica_directory_id(quorum.directory_of(*id))
                    .with_log_end_offset(if me { raft.log().end_offset() } else { progress.end_offset.unwrap_or(-1) })
                    .with_last_fetch_timestamp(time(progress.last_fetch))
                    .with_last_caught_up_timestamp(time(progress.last_caught_up))
            };
            PartitionData::default()
                .with_error_message(None)
                .with_leader_id(BrokerId(raft.node_id()))
                .with_leader_epoch(raft.epoch())
                .with_high_watermark(leader.high_watermark.unwrap_or(-1))
                .with_current_voters(leader.voters.iter().map(state).collect())
                .with_observers(leader.observers.iter().map(state).collect())
        }
    };
    let topic = TopicData::default().with_topic_name(topic_name(METADATA_TOPIC)).with_partitions(vec![partition]);
    let node = |(id, port): &(i32, u16)| {
        let listener = Listener::default().with_name(str_bytes("CONTROLLER")).with_host(str_bytes("localhost"));
        Node::default().with_node_id(BrokerId(*id)).with_listeners(vec![listener.with_port(*port)])
    };
    DescribeQuorumResponse::default()
        .with_error_message(None)
        .with_topics(vec![topic])
        .with_nodes(quorum.config().voters.iter().map(node).collect())
}

/// `DescribeCluster` on a controller: the registered controllers.
pub(super) fn describe_cluster(
    request: &DescribeClusterRequest,
    quorum: &Quorum,
    image: &MetadataImage,
) -> DescribeClusterResponse {
    let response = DescribeClusterResponse::default()
        .with_endpoint_type(2)
        .with_error_message(None)
        .with_cluster_authorized_operations(i32::MIN);
    if request.endpoint_type != 2 {
        let message =
            "The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of type BROKER";
        return response
            .with_error_code(ErrorCode::MismatchedEndpointType.code())
            .with_error_message(Some(str_bytes(message)));
    }
    let controllers = image.controllers().values().filter_map(|controller| {
        let endpoint = controller.endpoints.first()?;
        let broker = DescribeClusterBroker::default().with_broker_id(BrokerId(controller.id));
        Some(broker.with_host(str_bytes(&endpoint.host)).with_port(i32::from(endpoint.port)))
    });
    response
        .with_cluster_id(str_bytes(&quorum.config().cluster_id))
        .with_controller_id(BrokerId(quorum.raft().leader_id().unwrap_or(-1)))
        .with_brokers(controllers.collect())
}
