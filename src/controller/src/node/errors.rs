//! Error responses of every kind of request a controller takes (`AbstractRequest.getErrorResponse`). Serves the controller
//! node; invariant: the error stands where clients of that request look for it.

use crate::controller::{ApiError, update_refused};
use ottla_wire::messages::{
    AllocateProducerIdsResponse, AlterPartitionResponse, AssignReplicasToDirsResponse, BrokerHeartbeatResponse,
    BrokerRegistrationResponse, ControllerRegistrationResponse, CreatePartitionsResponse, CreateTopicsResponse,
    DeleteTopicsResponse, IncrementalAlterConfigsResponse, ListPartitionReassignmentsResponse,
    UnregisterBrokerResponse, alter_client_quotas_response as quotas, alter_configs_response as legacy,
    alter_partition_reassignments_response as reassign, create_partitions_response::CreatePartitionsTopicResult,
    create_topics_response::CreatableTopicResult, delete_topics_response::DeletableTopicResult,
    elect_leaders_response as elect, incremental_alter_configs_response::AlterConfigsResourceResponse,
};
use ottla_wire::{RequestKind, ResponseKind};

/// The response that says `error` to everything the request asks; none for a kind that only Raft answers.
pub(super) fn error_response(request: &RequestKind, error: &ApiError) -> Option<ResponseKind> {
    let (code, text) = (error.code.code(), error.text());
    Some(match request {
        RequestKind::BrokerRegistration(_) => BrokerRegistrationResponse::default().with_error_code(code).into(),
        RequestKind::BrokerHeartbeat(_) => BrokerHeartbeatResponse::default().with_error_code(code).into(),
        RequestKind::AlterPartition(_) => AlterPartitionResponse::default().with_error_code(code).into(),
        RequestKind::AllocateProducerIds(_) => AllocateProducerIdsResponse::default().with_error_code(code).into(),
        RequestKind::ControllerRegistration(_) => {
            ControllerRegistrationResponse::default().with_error_code(code).with_error_message(text).into()
        }
        RequestKind::UnregisterBroker(_) => {
            UnregisterBrokerResponse::default().with_error_code(code).with_error_message(text).into()
        }
        RequestKind::AssignReplicasToDirs(_) => AssignReplicasToDirsResponse::default().with_error_code(code).into(),
        RequestKind::UpdateFeatures(_) => update_refused(error).into(),
        RequestKind::ListPartitionReassignments(_) => {
            ListPartitionReassignmentsResponse::default().with_error_code(code).with_error_message(text).into()
        }
        RequestKind::AlterPartitionReassignments(_) => reassign::AlterPartitionReassignmentsResponse::default()
            .with_error_code(code)
            .with_error_message(text)
            .into(),
        RequestKind::ElectLeaders(_) => elect::ElectLeadersResponse::default().with_error_code(code).into(),
        _ => return per_item(request, error),
    })
}

/// Requests whose responses hold an error for each item.
fn per_item(request: &RequestKind, error: &ApiError) -> Option<ResponseKind> {
    let (code, text) = (error.code.code(), error.text());
    Some(match request {
        RequestKind::CreateTopics(request) => {
            let result = |topic: &ottla_wire::messages::create_topics_request::CreatableTopic| {
                let result = CreatableTopicResult::default().with_name(topic.name.clone()).with_error_code(code);
                result.with_error_message(text.clone())
            };
            CreateTopicsResponse::default().with_topics(request.topics.iter().map(result).collect()).into()
        }
        RequestKind::DeleteTopics(request) => {
            let named = request.topic_names.iter().map(|name| (Some(name.clone()), Default::default()));
            let states = request.topics.iter().map(|topic| (topic.name.clone(), topic.topic_id));
            let result = |(name, id)| {
                let result = DeletableTopicResult::default().with_name(name).with_topic_id(id).with_error_code(code);
                result.with_error_message(text.clone())
            };
            DeleteTopicsResponse::default().with_responses(named.chain(states).map(result).collect()).into()
        }
        RequestKind::CreatePartitions(request) => {
            let result = |topic: &ottla_wire::messages::create_partitions_request::CreatePartitionsTopic| {
                let result = CreatePartitionsTopicResult::default().with_name(topic.name.clone()).with_error_code(code);
                result.with_error_message(text.clone())
            };
            CreatePartitionsResponse::default().with_results(request.topics.iter().map(result).collect()).into()
        }
        RequestKind::IncrementalAlterConfigs(request) => {
            let result = |resource: &ottla_wire::messages::incremental_alter_configs_request::AlterConfigsResource| {
                AlterConfigsResourceResponse::default()
                    .with_resource_type(resource.resource_type)
                    .with_resource_name(resource.resource_name.clone())
                    .with_error_code(code)
                    .with_error_message(text.clone())
            };
            let responses = request.resources.iter().map(result).collect();
            IncrementalAlterConfigsResponse::default().with_responses(responses).into()
        }
        RequestKind::AlterConfigs(request) => {
            let result = |resource: &ottla_wire::messages::alter_configs_request::AlterConfigsResource| {
                legacy::AlterConfigsResourceResponse::default()
                    .with_resource_type(resource.resource_type)
                    .with_resource_name(resource.resource_name.clone())
                    .with_error_code(code)
                    .with_error_message(text.clone())
            };
            let responses = request.resources.iter().map(result).collect();
            legacy::AlterConfigsResponse::default().with_responses(responses).into()
        }
        RequestKind::AlterClientQuotas(request) => {
            let result = |_: &ottla_wire::messages::alter_client_quotas_request::EntryData| {
                quotas::EntryData::default().with_error_code(code).with_error_message(text.clone())
            };
            let entries = request.entries.iter().map(result).collect();
            quotas::AlterClientQuotasResponse::default().with_entries(entries).into()
        }
        _ => return None,
    })
}
