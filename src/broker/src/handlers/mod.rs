//! What a broker answers (`KafkaApis`): one file a concern. Serves the node; invariant: an answer is decided from this broker's
//! own state, its copy of the metadata, or by the controller it forwards to.

mod alter_configs;
mod cluster;
mod configs;
mod delete_records;
mod describe_topics;
mod fetch;
mod forward;
mod groups;
mod log_dirs;
mod management;
mod metadata;
mod offsets;
mod produce;
mod producer_ids;

pub(crate) use fetch::{Fetching, Terms};
pub(crate) use groups::PendingReplies;

use crate::{connections::RequestId, lifecycle::FEATURES, node::Running};
use ottla_controller::MetadataImage;
use ottla_wire::{
    ErrorCode, Request, RequestKind, ResponseKind, api,
    messages::{
        AlterConfigsRequest, AlterConfigsResponse, ApiVersionsResponse,
        alter_configs_request::AlterConfigsResource,
        alter_configs_response::AlterConfigsResourceResponse,
        api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey},
    },
    str_bytes,
};
use ottla_world::Context;

impl Running {
    /// Works on a request: answers at once, parks it, or passes it on.
    pub(crate) fn dispatch(&mut self, cx: &mut Context<'_>, id: RequestId, request: Request) {
        let version = request.version;
        match request.body {
            RequestKind::ApiVersions(_) => {
                let response = api_versions(&self.image, ErrorCode::None);
                self.respond(cx, id, response);
            }
            RequestKind::Metadata(body) => self.metadata(cx, id, version, &body),
            RequestKind::DescribeTopicPartitions(body) => self.describe_topic_partitions(cx, id, &body),
            RequestKind::DescribeCluster(body) => self.describe_cluster(cx, id, &body),
            RequestKind::Produce(body) => self.produce(cx, id, version, body),
            RequestKind::Fetch(body) => self.fetch(cx, id, version, body),
            RequestKind::ListOffsets(body) => self.list_offsets(cx, id, &body),
            RequestKind::OffsetForLeaderEpoch(body) => self.offset_for_leader_epoch(cx, id, &body),
            RequestKind::InitProducerId(body) => self.init_producer_id(cx, id, &body),
            RequestKind::DeleteRecords(body) => self.delete_records(cx, id, &body),
            RequestKind::DescribeLogDirs(body) => self.describe_log_dirs(cx, id, &body),
            RequestKind::DescribeConfigs(body) => self.describe_configs(cx, id, &body),
            RequestKind::ListPartitionReassignments(_)
            | RequestKind::CreateTopics(_)
            | RequestKind::DeleteTopics(_)
            | RequestKind::CreatePartitions(_)
            | RequestKind::ElectLeaders(_)
            | RequestKind::AlterPartitionReassignments(_)
            | RequestKind::DescribeQuorum(_)
            | RequestKind::AlterClientQuotas(_)
            | RequestKind::UpdateFeatures(_)
            | RequestKind::UnregisterBroker(_) => self.forward(cx, id, request),
            RequestKind::IncrementalAlterConfigs(_) => self.alter_configs(cx, id, request),
            RequestKind::DescribeClientQuotas(body) => self.describe_client_quotas(cx, id, &body),
            RequestKind::ListConfigResources(body) => self.list_config_resources(cx, id, &body),
            RequestKind::DescribeAcls(_) | RequestKind::CreateAcls(_) | RequestKind::DeleteAcls(_) => {
                self.no_authorizer(cx, id, &request.body);
            }
            RequestKind::AlterConfigs(body) => self.respond(cx, id, no_alter_configs(&body)),
            _ => self.group_request(cx, id, request),
        }
    }

    pub(crate) fn respond(&mut self, cx: &mut Context<'_>, id: RequestId, response: ResponseKind) {
        self.connections.respond(cx, id, &response);
    }
}

/// AlterConfigs is deprecated since 2.3 and replaces all settings at once; clients of today send IncrementalAlterConfigs.
fn no_alter_configs(request: &AlterConfigsRequest) -> ResponseKind {
    let row = |resource: &AlterConfigsResource| {
        AlterConfigsResourceResponse::default()
            .with_error_code(ErrorCode::UnsupportedVersion.code())
            .with_error_message(Some(str_bytes("Use IncrementalAlterConfigs.")))
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone())
    };
    let rows = request.resources.iter().map(row).collect();
    ResponseKind::AlterConfigs(AlterConfigsResponse::default().with_responses(rows))
}

/// The table of what this broker speaks, with the features of the cluster (KIP-584).
pub(crate) fn api_versions(image: &MetadataImage, error: ErrorCode) -> ResponseKind {
    let row = |(key, min, max): (i16, i16, i16)| {
        ApiVersion::default().with_api_key(key).with_min_version(min).with_max_version(max)
    };
    let keys = api::advertised(api::Role::Broker).map(row).collect();
    let supported = |(name, min, max): &(&str, i16, i16)| {
        SupportedFeatureKey::default().with_name(str_bytes(name)).with_min_version(*min).with_max_version(*max)
    };
    let finalized = |(name, level): (&String, &i16)| {
        let key = FinalizedFeatureKey::default().with_name(str_bytes(name));
        key.with_min_version_level(*level).with_max_version_level(*level)
    };
    let mut response = ApiVersionsResponse::default().with_error_code(error.code()).with_api_keys(keys);
    if error.is_none() {
        response = response
            .with_supported_features(FEATURES.iter().map(supported).collect())
            .with_finalized_features_epoch(image.offset())
            .with_finalized_features(image.features().iter().map(finalized).collect());
    }
    ResponseKind::ApiVersions(response)
}
