//! Topics: listing, describing, making, deleting. Serves the engine; invariant: each topic asked for has an answer of its
//! own.

use super::Admin;
use super::body::Body;
use super::call::{Answered, Call, CallError, Operation, Target, Work};
use super::request::{AdminRequest, NewPartitions, NewTopic};
use super::response::{AdminResponse, CreatedTopic, PartitionDescription, TopicDescription, TopicListing};
use crate::JavaError;
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind, ResponseKind, Uuid,
    messages::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic},
    messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig},
    messages::delete_topics_request::DeleteTopicState,
    messages::describe_topic_partitions_request::{Cursor, TopicRequest},
    messages::metadata_request::MetadataRequestTopic,
    messages::metadata_response::MetadataResponseTopic,
    messages::{
        CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeTopicPartitionsRequest,
        DescribeTopicPartitionsResponse, MetadataRequest,
    },
    str_bytes, topic_name,
};

/// The most partitions in one page of descriptions.
const PAGE_PARTITIONS: i32 = 2000;

fn ids(brokers: &[i32]) -> Vec<BrokerId> {
    brokers.iter().map(|id| BrokerId(*id)).collect()
}

pub(super) fn numbers(brokers: &[BrokerId]) -> Vec<i32> {
    brokers.iter().map(|id| id.0).collect()
}

/// The request of an operation that needs one request only.
pub(super) fn body(request: &AdminRequest, timeout_ms: i32) -> Option<Body> {
    Some(match request {
        AdminRequest::ListTopics { .. } => {
            (RequestKind::Metadata(MetadataRequest::default().with_topics(None)), (1, 13))
        }
        AdminRequest::DescribeTopicIds { ids } => {
            let topics = ids.iter().map(|id| MetadataRequestTopic::default().with_topic_id(*id).with_name(None));
            let body =
                MetadataRequest::default().with_topics(Some(topics.collect())).with_allow_auto_topic_creation(false);
            (RequestKind::Metadata(body), (12, 13))
        }
        AdminRequest::DescribeTopics { topics } => {
            let topics = topics.iter().map(|name| MetadataRequestTopic::default().with_name(Some(topic_name(name))));
            let body =
                MetadataRequest::default().with_topics(Some(topics.collect())).with_allow_auto_topic_creation(false);
            (RequestKind::Metadata(body), (4, 13))
        }
        AdminRequest::CreateTopics { topics, validate_only } => {
            let body = CreateTopicsRequest::default()
                .with_topics(topics.iter().map(new_topic).collect())
                .with_timeout_ms(timeout_ms)
                .with_validate_only(*validate_only);
            (RequestKind::CreateTopics(body), (4, 7))
        }
        AdminRequest::DeleteTopics { topics } => {
            let state = |name: &String| DeleteTopicState::default().with_name(Some(topic_name(name)));
            let body = DeleteTopicsRequest::default()
                .with_topics(topics.iter().map(state).collect())
                .with_timeout_ms(timeout_ms);
            (RequestKind::DeleteTopics(body), (6, 6))
        }
        AdminRequest::CreatePartitions { topics, validate_only } => {
            let body = CreatePartitionsRequest::default()
                .with_topics(topics.iter().map(|(name, new)| new_partitions(name, new)).collect())
                .with_timeout_ms(timeout_ms)
                .with_validate_only(*validate_only);
            (RequestKind::CreatePartitions(body), (0, 3))
        }
        _ => return None,
    })
}

fn new_topic(topic: &NewTopic) -> CreatableTopic {
    let assignments = topic.assignments.iter().map(|(partition, brokers)| {
        CreatableReplicaAssignment::default().with_partition_index(*partition).with_broker_ids(ids(brokers))
    });
    let configs = topic.configs.iter().map(|(name, value)| {
        CreatableTopicConfig::default().with_name(str_bytes(name)).with_value(Some(str_bytes(value)))
    });
    CreatableTopic::default()
        .with_name(topic_name(&topic.name))
        .with_num_partitions(topic.partitions.unwrap_or(-1))
        .with_replication_factor(topic.replication_factor.unwrap_or(-1))
        .with_assignments(assignments.collect())
        .with_configs(configs.collect())
}

fn new_partitions(name: &str, new: &NewPartitions) -> CreatePartitionsTopic {
    let assignments = new.assignments.as_ref().map(|list| {
        list.iter().map(|brokers| CreatePartitionsAssignment::default().with_broker_ids(ids(brokers))).collect()
    });
    CreatePartitionsTopic::default()
        .with_name(topic_name(name))
        .with_count(new.total_count)
        .with_assignments(assignments)
}

/// Reads the answer to an operation of this module; `None` if it is not one.
pub(super) fn answer(operation: &mut Operation, response: &ResponseKind) -> Option<Answered> {
    let result = |code: i16, message: Option<&str>| JavaError::from_code(code, message).map_or(Ok(()), Err);
    let Operation { request, answer, .. } = operation;
    match (answer, response) {
        (AdminResponse::Topics(topics), ResponseKind::Metadata(response)) => {
            let all = matches!(request, AdminRequest::ListTopics { list_internal: true });
            let listed = response.topics.iter().filter(|t| all || !t.is_internal);
            topics.extend(listed.filter_map(|t| {
                let listing = TopicListing { id: t.topic_id, is_internal: t.is_internal };
                Some((t.name.as_ref()?.to_string(), listing))
            }));
        }
        (AdminResponse::TopicDescriptionsById(each), ResponseKind::Metadata(response)) => {
            for topic in &response.topics {
                each.insert(topic.topic_id, described(topic));
            }
        }
        (AdminResponse::TopicDescriptions(each), ResponseKind::Metadata(response)) => {
            for topic in &response.topics {
                let name = topic.name.as_ref().map(|name| name.to_string()).unwrap_or_default();
                each.insert(name, described(topic));
            }
        }
        (AdminResponse::TopicsCreated(each), ResponseKind::CreateTopics(response)) => {
            if response.topics.iter().any(|t| t.error_code == ErrorCode::NotController.code()) {
                return Some(Err(CallError::of(ErrorCode::NotController, None)));
            }
            for t in &response.topics {
                let created = CreatedTopic {
                    id: t.topic_id,
                    partitions: t.num_partitions,
                    replication_factor: t.replication_factor,
                };
                let outcome = result(t.error_code, t.error_message.as_deref()).map(|()| created);
                each.insert(t.name.to_string(), outcome);
            }
        }
        (AdminResponse::TopicsDeleted(each), ResponseKind::DeleteTopics(response)) => {
            if response.responses.iter().any(|t| t.error_code == ErrorCode::NotController.code()) {
                return Some(Err(CallError::of(ErrorCode::NotController, None)));
            }
            for t in &response.responses {
                let name = t.name.as_ref().map(|name| name.to_string()).unwrap_or_default();
                each.insert(name, result(t.error_code, t.error_message.as_deref()));
            }
        }
        (AdminResponse::PartitionsCreated(each), ResponseKind::CreatePartitions(response)) => {
            if response.results.iter().any(|t| t.error_code == ErrorCode::NotController.code()) {
                return Some(Err(CallError::of(ErrorCode::NotController, None)));
            }
            for t in &response.results {
                each.insert(t.name.to_string(), result(t.error_code, t.error_message.as_deref()));
            }
        }
        _ => return None,
    }
    Some(Ok(()))
}

fn described(topic: &MetadataResponseTopic) -> Result<TopicDescription, JavaError> {
    if let Some(error) = JavaError::from_code(topic.error_code, None) {
        return Err(error);
    }
    let partition = |p: &ottla_wire::messages::metadata_response::MetadataResponsePartition| PartitionDescription {
        partition: p.partition_index,
        leader: Some(p.leader_id.0).filter(|id| *id >= 0),
        replicas: numbers(&p.replica_nodes),
        isr: numbers(&p.isr_nodes),
        elr: None,
        last_known_elr: None,
        offline: numbers(&p.offline_replicas),
    };
    let mut partitions: Vec<PartitionDescription> = topic.partitions.iter().map(partition).collect();
    partitions.sort_by_key(|p| p.partition);
    let name = topic.name.as_ref().map(|name| name.to_string()).unwrap_or_default();
    Ok(TopicDescription { name, id: topic.topic_id, is_internal: topic.is_internal, partitions })
}

/// The request for a page of descriptions, from a topic and partition on.
pub(super) fn page(request: &AdminRequest, from: Option<&(String, i32)>) -> Body {
    let AdminRequest::DescribeTopics { topics } = request else {
        return (RequestKind::DescribeTopicPartitions(DescribeTopicPartitionsRequest::default()), (0, 0));
    };
    let mut names: Vec<&String> = topics.iter().filter(|name| from.is_none_or(|(first, _)| *name >= first)).collect();
    names.sort();
    names.dedup();
    let cursor = from.map(|(topic, partition)| {
        Cursor::default().with_topic_name(topic_name(topic)).with_partition_index(*partition)
    });
    let body = DescribeTopicPartitionsRequest::default()
        .with_topics(names.iter().map(|name| TopicRequest::default().with_name(topic_name(name))).collect())
        .with_response_partition_limit(PAGE_PARTITIONS)
        .with_cursor(cursor);
    (RequestKind::DescribeTopicPartitions(body), (0, 0))
}

/// Reads a page of descriptions, and asks for the next one.
pub(super) fn page_answered(admin: &mut Admin, call: &Call, response: &DescribeTopicPartitionsResponse) -> Answered {
    let Some((_, AdminResponse::TopicDescriptions(each))) = admin.answer_of(call) else { return Ok(()) };
    for topic in &response.topics {
        let name = topic.name.as_ref().map(|name| name.to_string()).unwrap_or_default();
        if let Some(error) = JavaError::from_code(topic.error_code, None) {
            each.insert(name, Err(error));
            continue;
        }
        let fresh = || description(&name, topic.topic_id, topic.is_internal);
        let entry = each.entry(name.clone()).or_insert_with(|| Ok(fresh()));
        let Ok(described) = entry else { continue };
        described.partitions.extend(topic.partitions.iter().map(|p| PartitionDescription {
            partition: p.partition_index,
            leader: Some(p.leader_id.0).filter(|id| *id >= 0),
            replicas: numbers(&p.replica_nodes),
            isr: numbers(&p.isr_nodes),
            elr: p.eligible_leader_replicas.as_deref().map(numbers),
            last_known_elr: p.last_known_elr.as_deref().map(numbers),
            offline: numbers(&p.offline_replicas),
        }));
        described.partitions.sort_by_key(|p| p.partition);
        described.partitions.dedup_by_key(|p| p.partition);
    }
    if let (Some(cursor), Some(id)) = (&response.next_cursor, call.operation) {
        let from = Some((cursor.topic_name.to_string(), cursor.partition_index));
        admin.add_call(id, call.name.clone(), Target::Any, Work::TopicPage(from), ottla_world::Time::ZERO);
    }
    Ok(())
}

fn description(name: &str, id: Uuid, is_internal: bool) -> TopicDescription {
    TopicDescription { name: name.to_owned(), id, is_internal, partitions: Vec::new() }
}
