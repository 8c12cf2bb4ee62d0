//! Questions to coordinators and to every broker. Serves the calls about groups and log directories; invariant: a group
//! whose coordinator moved is looked up again (Kafka's `CoordinatorStrategy`, `AllBrokersStrategy`).

use super::Admin;
use super::body::Body;
use super::call::{Answered, Call, CallError, Target, Work};
use super::describe;
use super::request::AdminRequest;
use super::response::{AdminResponse, GroupListing, LogDir, ReplicaInfo};
use crate::{JavaError, Node, OffsetAndMetadata, TopicPartition};
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind, group_id,
    java::hash_map_order,
    messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic},
    messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics},
    messages::{
        ConsumerGroupDescribeRequest, DeleteGroupsRequest, DescribeGroupsRequest, DescribeLogDirsRequest,
        DescribeLogDirsResponse, FindCoordinatorRequest, FindCoordinatorResponse, ListGroupsRequest,
        ListGroupsResponse, MetadataResponse, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
        OffsetFetchResponse,
    },
    str_bytes, topic_name,
};
use ottla_world::{Context, Time};
use std::collections::BTreeMap;

/// The request for coordinators.
pub(super) fn find(ids: &[String]) -> Body {
    let keys = ids.iter().map(|id| str_bytes(id)).collect();
    (
        RequestKind::FindCoordinator(FindCoordinatorRequest::default().with_key_type(0).with_coordinator_keys(keys)),
        (4, 6),
    )
}

fn base_name(call: &Call) -> &str {
    call.name.split('(').next().unwrap_or_default()
}

fn api_of(request: &AdminRequest) -> &'static str {
    match request {
        AdminRequest::ListConsumerGroupOffsets { .. } => "OFFSET_FETCH",
        AdminRequest::AlterConsumerGroupOffsets { .. } => "OFFSET_COMMIT",
        AdminRequest::DeleteConsumerGroupOffsets { .. } => "OFFSET_DELETE",
        AdminRequest::DeleteConsumerGroups { .. } => "DELETE_GROUPS",
        _ => "CONSUMER_GROUP_DESCRIBE",
    }
}

/// Reads who coordinates, and asks them.
pub(super) fn found(
    admin: &mut Admin,
    cx: &mut Context<'_>,
    call: &Call,
    asked: &[String],
    response: &FindCoordinatorResponse,
) -> Answered {
    let mut by_node: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    let mut again: Vec<String> = Vec::new();
    for id in asked {
        let answer = response.coordinators.iter().find(|c| c.key.as_str() == id);
        let error = answer.map_or(ErrorCode::CoordinatorNotAvailable, |c| ErrorCode::from_code(c.error_code));
        match (answer, error) {
            (Some(coordinator), ErrorCode::None) => {
                let port = u16::try_from(coordinator.port).unwrap_or(0);
                let node = Node::new(coordinator.node_id.0, coordinator.host.to_string(), port);
                by_node.entry(node.id).or_default().push(id.clone());
                admin.network.metadata.nodes.entry(node.id).or_insert(node);
            }
            (_, error) if error.is_retriable() => again.push(id.clone()),
            (answer, error) => {
                let message = answer.and_then(|c| c.error_message.as_deref());
                fail_group(admin, call, id, CallError::of(error, message))?;
            }
        }
    }
    let Some(operation) = call.operation else { return Ok(()) };
    let api = admin.operations.get(&operation).map_or("", |o| api_of(&o.request));
    for (node, ids) in by_node {
        let name = format!("{}(api={api})", base_name(call));
        admin.add_call(operation, name, Target::Node(node), Work::OnCoordinator(ids, false), Time::ZERO);
    }
    look_up_again(admin, cx, call, again);
    Ok(())
}

/// Looks coordinators up once more, after a back-off.
pub(super) fn look_up_again(admin: &mut Admin, cx: &mut Context<'_>, call: &Call, ids: Vec<String>) {
    let Some(id) = call.operation.filter(|_| !ids.is_empty()) else { return };
    let Some(operation) = admin.operations.get_mut(&id) else { return };
    operation.tries = operation.tries.saturating_add(1);
    let backoff_ms = admin.retry.draw_ms(cx.rng(), operation.tries);
    let name = format!("{}(api=FIND_COORDINATOR)", base_name(call));
    admin.add_call(id, name, Target::Any, Work::FindCoordinators(ids), cx.now().plus_millis(backoff_ms));
}

/// The error of one group; of the whole question if it is about one group only.
pub(super) fn fail_group(admin: &mut Admin, call: &Call, id: &str, error: CallError) -> Answered {
    match admin.answer_of(call) {
        Some((_, AdminResponse::GroupDescriptions(each))) => {
            each.insert(id.to_owned(), Err(error.error));
        }
        Some((_, AdminResponse::GroupsDeleted(each))) => {
            each.insert(id.to_owned(), Err(error.error));
        }
        _ => return Err(CallError { retriable: false, ..error }),
    }
    Ok(())
}

/// The request to a coordinator.
pub(super) fn ask(request: &AdminRequest, ids: &[String], classic: bool) -> Body {
    let group_ids = || ids.iter().map(|id| group_id(id)).collect::<Vec<_>>();
    match request {
        AdminRequest::ListConsumerGroupOffsets { group, partitions, require_stable } => {
            let topics = partitions.as_ref().map(|list| {
                let topics = super::cluster::by_topic(list).into_iter();
                let topic = |(name, list)| {
                    OffsetFetchRequestTopics::default().with_name(topic_name(name)).with_partition_indexes(list)
                };
                topics.map(topic).collect()
            });
            let asked = OffsetFetchRequestGroup::default().with_group_id(group_id(group)).with_topics(topics);
            let body = OffsetFetchRequest::default().with_groups(vec![asked]).with_require_stable(*require_stable);
            (RequestKind::OffsetFetch(body), (8, 9))
        }
        AdminRequest::AlterConsumerGroupOffsets { group, offsets } => {
            (RequestKind::OffsetCommit(commit(group, offsets)), (2, 9))
        }
        AdminRequest::DeleteConsumerGroupOffsets { group, partitions } => {
            let topics = super::cluster::by_topic(partitions).into_iter().map(|(name, list)| {
                let list = list.into_iter().map(|p| OffsetDeleteRequestPartition::default().with_partition_index(p));
                OffsetDeleteRequestTopic::default().with_name(topic_name(name)).with_partitions(list.collect())
            });
            let body = OffsetDeleteRequest::default().with_group_id(group_id(group)).with_topics(topics.collect());
            (RequestKind::OffsetDelete(body), (0, 0))
        }
        AdminRequest::DeleteConsumerGroups { .. } => {
            (RequestKind::DeleteGroups(DeleteGroupsRequest::default().with_groups_names(group_ids())), (0, 2))
        }
        _ if classic => {
            (RequestKind::DescribeGroups(DescribeGroupsRequest::default().with_groups(group_ids())), (0, 6))
        }
        _ => {
            let body = ConsumerGroupDescribeRequest::default().with_group_ids(group_ids());
            (RequestKind::ConsumerGroupDescribe(body), (0, 1))
        }
    }
}

fn commit(group: &str, offsets: &BTreeMap<TopicPartition, OffsetAndMetadata>) -> OffsetCommitRequest {
    let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for (partition, offset) in offsets {
        let committed = OffsetCommitRequestPartition::default()
            .with_partition_index(partition.partition)
            .with_committed_offset(offset.offset)
            .with_committed_leader_epoch(offset.leader_epoch.unwrap_or(-1))
            .with_committed_metadata(Some(str_bytes(&offset.metadata)));
        topics.entry(&partition.topic).or_default().push(committed);
    }
    let topics = topics
        .into_iter()
        .map(|(name, list)| OffsetCommitRequestTopic::default().with_name(topic_name(name)).with_partitions(list));
    OffsetCommitRequest::default()
        .with_group_id(group_id(group))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(topics.collect())
}

/// Reads a coordinator's answer.
pub(super) fn answered(
    admin: &mut Admin,
    cx: &mut Context<'_>,
    call: &Call,
    asked: &[String],
    response: &ResponseKind,
) -> Answered {
    let error = group_error(asked, response);
    if is_moved(error) {
        look_up_again(admin, cx, call, asked.to_vec());
        return Ok(());
    }
    if error == ErrorCode::CoordinatorLoadInProgress {
        return Err(CallError::of(error, None));
    }
    match response {
        ResponseKind::ConsumerGroupDescribe(response) => describe::modern(admin, call, asked, response),
        ResponseKind::DescribeGroups(response) => describe::classic(admin, call, response),
        ResponseKind::OffsetFetch(response) => offsets_listed(admin, call, response),
        ResponseKind::DeleteGroups(response) => {
            let Some((_, AdminResponse::GroupsDeleted(each))) = admin.answer_of(call) else { return Ok(()) };
            for result in &response.results {
                let error = JavaError::from_code(result.error_code, None);
                each.insert(result.group_id.to_string(), error.map_or(Ok(()), Err));
            }
            Ok(())
        }
        ResponseKind::OffsetCommit(response) => {
            let Some((_, AdminResponse::GroupOffsetsAltered(each))) = admin.answer_of(call) else { return Ok(()) };
            for topic in &response.topics {
                for p in &topic.partitions {
                    let key = TopicPartition::new(topic.name.to_string(), p.partition_index);
                    each.insert(key, JavaError::from_code(p.error_code, None).map_or(Ok(()), Err));
                }
            }
            Ok(())
        }
        ResponseKind::OffsetDelete(response) => {
            if !error.is_none() {
                return Err(CallError { retriable: false, ..CallError::of(error, None) });
            }
            let Some((_, AdminResponse::GroupOffsetsDeleted(each))) = admin.answer_of(call) else { return Ok(()) };
            for topic in &response.topics {
                for p in &topic.partitions {
                    let key = TopicPartition::new(topic.name.to_string(), p.partition_index);
                    each.insert(key, JavaError::from_code(p.error_code, None).map_or(Ok(()), Err));
                }
            }
            Ok(())
        }
        _ => Err(CallError::of(ErrorCode::UnknownServerError, None)),
    }
}

fn is_moved(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable)
}

/// The error that concerns the coordinator, or the group as a whole.
fn group_error(asked: &[String], response: &ResponseKind) -> ErrorCode {
    let transient = |code: i16| {
        let error = ErrorCode::from_code(code);
        is_moved(error) || error == ErrorCode::CoordinatorLoadInProgress
    };
    let codes: Vec<i16> = match response {
        ResponseKind::ConsumerGroupDescribe(r) => r.groups.iter().map(|g| g.error_code).collect(),
        ResponseKind::DescribeGroups(r) => r.groups.iter().map(|g| g.error_code).collect(),
        ResponseKind::OffsetFetch(r) => r.groups.iter().map(|g| g.error_code).collect(),
        ResponseKind::DeleteGroups(r) => r.results.iter().map(|g| g.error_code).collect(),
        ResponseKind::OffsetDelete(r) => return ErrorCode::from_code(r.error_code),
        ResponseKind::OffsetCommit(r) => r.topics.iter().flat_map(|t| &t.partitions).map(|p| p.error_code).collect(),
        _ => Vec::new(),
    };
    // Groups of one request share their coordinator: what one says of it holds for all.
    debug_assert!(!asked.is_empty());
    codes.into_iter().find(|code| transient(*code)).map_or(ErrorCode::None, ErrorCode::from_code)
}

fn offsets_listed(admin: &mut Admin, call: &Call, response: &OffsetFetchResponse) -> Answered {
    let Some(group) = response.groups.first() else { return Ok(()) };
    let error = ErrorCode::from_code(group.error_code);
    if !error.is_none() {
        return Err(CallError::of(error, None));
    }
    let Some((_, AdminResponse::GroupOffsets(offsets))) = admin.answer_of(call) else { return Ok(()) };
    for topic in &group.topics {
        for p in &topic.partitions {
            if p.error_code != 0 {
                continue;
            }
            let committed = OffsetAndMetadata {
                offset: p.committed_offset,
                leader_epoch: Some(p.committed_leader_epoch).filter(|epoch| *epoch >= 0),
                metadata: p.metadata.as_ref().map(ToString::to_string).unwrap_or_default(),
            };
            let key = TopicPartition::new(topic.name.to_string(), p.partition_index);
            offsets.insert(key, (p.committed_offset >= 0).then_some(committed));
        }
    }
    Ok(())
}

/// Reads which brokers there are, and asks each.
pub(super) fn brokers_found(admin: &mut Admin, call: &Call, response: &MetadataResponse) -> Answered {
    admin.network.metadata.set_nodes(response);
    if response.brokers.is_empty() {
        return Err(CallError::of(
            ErrorCode::BrokerNotAvailable,
            Some("Metadata fetch failed due to missing broker list"),
        ));
    }
    let Some(id) = call.operation else { return Ok(()) };
    for broker in &response.brokers {
        let node = broker.node_id.0;
        admin.add_call(id, "listGroups".to_owned(), Target::Node(node), Work::OnBroker(node), Time::ZERO);
    }
    Ok(())
}

/// The request to each broker.
pub(super) fn ask_broker(request: &AdminRequest) -> Body {
    match request {
        AdminRequest::ListGroups { states, types, .. } => {
            let mut body = ListGroupsRequest::default();
            let mut lowest = 0;
            if !states.is_empty() {
                body = body.with_states_filter(states.iter().map(|s| str_bytes(s)).collect());
                lowest = 4;
            }
            if !types.is_empty() {
                body = body.with_types_filter(types.iter().map(|t| str_bytes(t)).collect());
                lowest = 5;
            }
            (RequestKind::ListGroups(body), (lowest, 5))
        }
        _ => (RequestKind::DescribeLogDirs(DescribeLogDirsRequest::default().with_topics(None)), (1, 4)),
    }
}

/// Reads a broker's answer.
pub(super) fn broker_answered(admin: &mut Admin, call: &Call, broker: i32, response: &ResponseKind) -> Answered {
    match response {
        ResponseKind::ListGroups(response) => groups_listed(admin, call, response),
        ResponseKind::DescribeLogDirs(response) => {
            let error = JavaError::from_code(response.error_code, None);
            let dirs = error.map_or_else(|| Ok(log_dirs(response)), Err);
            if let Some((_, AdminResponse::LogDirs(each))) = admin.answer_of(call) {
                each.insert(broker, dirs);
            }
            Ok(())
        }
        _ => Err(CallError::of(ErrorCode::UnknownServerError, None)),
    }
}

fn groups_listed(admin: &mut Admin, call: &Call, response: &ListGroupsResponse) -> Answered {
    let error = ErrorCode::from_code(response.error_code);
    if matches!(error, ErrorCode::CoordinatorLoadInProgress | ErrorCode::CoordinatorNotAvailable) {
        return Err(CallError::of(error, None));
    }
    let Some((AdminRequest::ListGroups { protocol_types, .. }, AdminResponse::Groups { groups, errors })) =
        admin.answer_of(call)
    else {
        return Ok(());
    };
    if !error.is_none() {
        errors.push(JavaError::of(error, None));
        return Ok(());
    }
    let wanted = |g: &&ottla_wire::messages::list_groups_response::ListedGroup| {
        protocol_types.is_empty() || protocol_types.iter().any(|t| *t == g.protocol_type.as_str())
    };
    groups.extend(response.groups.iter().filter(wanted).map(|g| GroupListing {
        group_id: g.group_id.to_string(),
        protocol_type: g.protocol_type.to_string(),
        state: g.group_state.to_string(),
        group_type: group_type(g.group_type.as_str()).to_owned(),
    }));
    // Java keeps them in a hash map.
    let by_id: BTreeMap<String, GroupListing> = groups.drain(..).map(|g| (g.group_id.clone(), g)).collect();
    let order = hash_map_order(by_id.keys().map(String::as_str));
    groups.extend(order.into_iter().filter_map(|id| by_id.get(id).cloned()));
    Ok(())
}

/// How `GroupType` spells a type; brokers send it in small letters.
fn group_type(sent: &str) -> &'static str {
    match sent.to_ascii_lowercase().as_str() {
        "consumer" => "Consumer",
        "classic" => "Classic",
        "share" => "Share",
        "streams" => "Streams",
        _ => "Unknown",
    }
}

fn log_dirs(response: &DescribeLogDirsResponse) -> BTreeMap<String, LogDir> {
    let dir = |result: &ottla_wire::messages::describe_log_dirs_response::DescribeLogDirsResult| {
        let replicas = result.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|p| {
                let info =
                    ReplicaInfo { size_bytes: p.partition_size, offset_lag: p.offset_lag, is_future: p.is_future_key };
                (TopicPartition::new(topic.name.to_string(), p.partition_index), info)
            })
        });
        let dir = LogDir {
            error: JavaError::from_code(result.error_code, None),
            replicas: replicas.collect(),
            total_bytes: result.total_bytes,
            usable_bytes: result.usable_bytes,
        };
        (result.log_dir.to_string(), dir)
    };
    response.results.iter().map(dir).collect()
}
