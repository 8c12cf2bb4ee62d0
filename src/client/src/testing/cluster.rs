//! Answers about the cluster. Serves the scripted broker; invariant: they are made from its table of topics.

use super::broker::{Topics, topic_id};
use ottla_wire::{
    BrokerId, ErrorCode,
    messages::create_topics_response::CreatableTopicResult,
    messages::describe_cluster_response::DescribeClusterBroker,
    messages::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult},
    messages::describe_topic_partitions_response::{
        Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
    },
    messages::*,
    str_bytes, topic_name,
};

pub(super) fn create(body: &CreateTopicsRequest, error: ErrorCode) -> CreateTopicsResponse {
    let topics = body.topics.iter().map(|topic| {
        CreatableTopicResult::default()
            .with_name(topic.name.clone())
            .with_topic_id(topic_id(topic.name.as_str()))
            .with_error_code(error.code())
            .with_num_partitions(topic.num_partitions)
            .with_replication_factor(topic.replication_factor)
    });
    CreateTopicsResponse::default().with_topics(topics.collect())
}

/// One topic a page.
pub(super) fn describe(topics: &Topics, body: &DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let Some(first) = body.topics.first() else { return DescribeTopicPartitionsResponse::default() };
    let name = first.name.as_str();
    let partitions = topics.get(name).into_iter().flatten().enumerate().map(|(index, leader)| {
        DescribeTopicPartitionsResponsePartition::default()
            .with_partition_index(index as i32)
            .with_leader_id(BrokerId(*leader))
            .with_replica_nodes(vec![BrokerId(*leader)])
            .with_isr_nodes(vec![BrokerId(*leader)])
            .with_eligible_leader_replicas(Some(Vec::new()))
            .with_last_known_elr(Some(Vec::new()))
    });
    let error = if topics.contains_key(name) { ErrorCode::None } else { ErrorCode::UnknownTopicOrPartition };
    let topic = DescribeTopicPartitionsResponseTopic::default()
        .with_name(Some(topic_name(name)))
        .with_error_code(error.code())
        .with_partitions(partitions.collect());
    let next = body.topics.get(1).map(|topic| Cursor::default().with_topic_name(topic.name.clone()));
    DescribeTopicPartitionsResponse::default().with_topics(vec![topic]).with_next_cursor(next)
}

pub(super) fn cluster(brokers: i32) -> DescribeClusterResponse {
    let brokers = (1..=brokers).map(|id| {
        DescribeClusterBroker::default()
            .with_broker_id(BrokerId(id))
            .with_host(str_bytes("localhost"))
            .with_port(9091 + id)
    });
    DescribeClusterResponse::default()
        .with_endpoint_type(1)
        .with_cluster_id(str_bytes("cluster"))
        .with_controller_id(BrokerId(1))
        .with_brokers(brokers.collect())
}

/// One setting, which says who answered.
pub(super) fn configs(id: i32, body: &DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = body.resources.iter().map(|resource| {
        let value = Some(str_bytes(&id.to_string()));
        let config = DescribeConfigsResourceResult::default()
            .with_name(str_bytes("answered.by"))
            .with_value(value)
            .with_config_source(5);
        DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone())
            .with_configs(vec![config])
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}
