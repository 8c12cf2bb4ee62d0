//! Questions that only a partition's leader can answer. Serves ListOffsets and DeleteRecords; invariant: a partition whose
//! leader is not known, or was another one, is looked up again (Kafka's `PartitionLeaderStrategy`).

use super::Admin;
use super::body::Body;
use super::call::{Answered, Call, CallError, Target, Work};
use super::cluster::by_topic;
use super::request::{AdminRequest, OffsetSpec};
use super::response::{AdminResponse, ListedOffset};
use crate::{JavaError, TopicPartition};
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind, ResponseKind,
    messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic},
    messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    messages::metadata_request::MetadataRequestTopic,
    messages::{DeleteRecordsRequest, ListOffsetsRequest, MetadataRequest, MetadataResponse},
    topic_name,
};
use ottla_world::{Context, Time};
use std::collections::BTreeMap;

const LIST_OFFSETS_LOGGER: &str = "org.apache.kafka.clients.admin.internals.ListOffsetsHandler";
const DELETE_RECORDS_LOGGER: &str = "org.apache.kafka.clients.admin.internals.DeleteRecordsHandler";

/// The request for the leaders.
pub(super) fn find(partitions: &[TopicPartition]) -> Body {
    let topics = by_topic(partitions).into_keys();
    let topics = topics.map(|name| MetadataRequestTopic::default().with_name(Some(topic_name(name))));
    let body = MetadataRequest::default().with_topics(Some(topics.collect())).with_allow_auto_topic_creation(false);
    (RequestKind::Metadata(body), (4, 13))
}

fn name(call: &Call) -> &str {
    call.name.split('(').next().unwrap_or_default()
}

/// Reads who leads, and asks the leaders.
pub(super) fn found(
    admin: &mut Admin,
    cx: &mut Context<'_>,
    call: &Call,
    partitions: &[TopicPartition],
    response: &MetadataResponse,
) -> Answered {
    admin.network.metadata.set_nodes(response);
    let mut by_leader: BTreeMap<i32, Vec<TopicPartition>> = BTreeMap::new();
    let mut again: Vec<TopicPartition> = Vec::new();
    for partition in partitions {
        let topic = response.topics.iter().find(|t| t.name.as_ref().is_some_and(|n| n.as_str() == partition.topic));
        let error = topic.map_or(ErrorCode::UnknownTopicOrPartition, |t| ErrorCode::from_code(t.error_code));
        if !error.is_none() && !error.is_retriable() && error != ErrorCode::UnknownTopicOrPartition {
            fail(admin, call, partition, JavaError::of(error, None));
            continue;
        }
        let found = topic.and_then(|t| t.partitions.iter().find(|p| p.partition_index == partition.partition));
        match found.map(|p| p.leader_id.0).filter(|id| *id >= 0) {
            Some(leader) => by_leader.entry(leader).or_default().push(partition.clone()),
            None => again.push(partition.clone()),
        }
    }
    let Some(id) = call.operation else { return Ok(()) };
    let api = match admin.operations.get(&id).map(|o| &o.request) {
        Some(AdminRequest::DeleteRecords { .. }) => "DELETE_RECORDS",
        _ => "LIST_OFFSETS",
    };
    for (leader, partitions) in by_leader {
        let name = format!("{}(api={api})", name(call));
        admin.add_call(id, name, Target::Node(leader), Work::OnLeader(partitions), Time::ZERO);
    }
    look_up_again(admin, cx, call, again);
    Ok(())
}

/// Looks leaders up once more, after a back-off.
fn look_up_again(admin: &mut Admin, cx: &mut Context<'_>, call: &Call, partitions: Vec<TopicPartition>) {
    let Some(id) = call.operation.filter(|_| !partitions.is_empty()) else { return };
    let Some(operation) = admin.operations.get_mut(&id) else { return };
    operation.tries = operation.tries.saturating_add(1);
    let backoff_ms = admin.retry.draw_ms(cx.rng(), operation.tries);
    let name = format!("{}(api=METADATA)", name(call));
    admin.add_call(id, name, Target::Any, Work::FindLeaders(partitions), cx.now().plus_millis(backoff_ms));
}

fn fail(admin: &mut Admin, call: &Call, partition: &TopicPartition, error: JavaError) {
    match admin.answer_of(call) {
        Some((_, AdminResponse::Offsets(each))) => {
            each.insert(partition.clone(), Err(error));
        }
        Some((_, AdminResponse::RecordsDeleted(each))) => {
            each.insert(partition.clone(), Err(error));
        }
        _ => {}
    }
}

/// The request to a leader.
pub(super) fn ask(request: &AdminRequest, partitions: &[TopicPartition], timeout_ms: i32) -> Body {
    let topics = by_topic(partitions).into_iter();
    let key = |topic: &str, partition: i32| TopicPartition::new(topic, partition);
    match request {
        AdminRequest::DeleteRecords { before } => {
            let topics = topics.map(|(topic, list)| {
                let partition = |p: i32| {
                    let offset = before.get(&key(topic, p)).copied().unwrap_or(0);
                    DeleteRecordsPartition::default().with_partition_index(p).with_offset(offset)
                };
                let list = list.into_iter().map(partition).collect();
                DeleteRecordsTopic::default().with_name(topic_name(topic)).with_partitions(list)
            });
            let body = DeleteRecordsRequest::default().with_topics(topics.collect()).with_timeout_ms(timeout_ms);
            (RequestKind::DeleteRecords(body), (0, 2))
        }
        AdminRequest::ListOffsets { partitions: specs, read_committed } => {
            let lowest = specs.values().map(|spec| lowest_version(*spec)).max().unwrap_or(1);
            let topics = topics.map(|(topic, list)| {
                let partition = |p: i32| {
                    let spec = specs.get(&key(topic, p)).copied().unwrap_or(OffsetSpec::Latest);
                    ListOffsetsPartition::default().with_partition_index(p).with_timestamp(spec.timestamp())
                };
                let list = list.into_iter().map(partition).collect();
                ListOffsetsTopic::default().with_name(topic_name(topic)).with_partitions(list)
            });
            let body = ListOffsetsRequest::default()
                .with_replica_id(BrokerId(-1))
                .with_isolation_level(i8::from(*read_committed))
                .with_topics(topics.collect());
            (RequestKind::ListOffsets(body), (lowest.max(2), 10))
        }
        _ => (RequestKind::ListOffsets(ListOffsetsRequest::default()), (1, 10)),
    }
}

/// The first version that knows this kind of offset.
fn lowest_version(spec: OffsetSpec) -> i16 {
    match spec {
        OffsetSpec::Latest | OffsetSpec::Earliest | OffsetSpec::Timestamp(_) => 1,
        OffsetSpec::MaxTimestamp => 7,
        OffsetSpec::EarliestLocal => 8,
        OffsetSpec::LatestTiered => 9,
        // Kafka wants 11 here; the wire crate's messages end at 10, and its brokers know the offset there.
        OffsetSpec::EarliestPendingUpload => 10,
    }
}

/// Reads a leader's answer.
pub(super) fn answered(
    admin: &mut Admin,
    cx: &mut Context<'_>,
    call: &Call,
    partitions: &[TopicPartition],
    response: &ResponseKind,
) -> Answered {
    let mut again: Vec<TopicPartition> = Vec::new();
    for partition in partitions {
        let result = match response {
            ResponseKind::ListOffsets(response) => {
                let topic = response.topics.iter().find(|t| t.name.as_str() == partition.topic);
                let found = topic.and_then(|t| t.partitions.iter().find(|p| p.partition_index == partition.partition));
                found.map(|p| (p.error_code, p.offset, p.timestamp, p.leader_epoch))
            }
            ResponseKind::DeleteRecords(response) => {
                let topic = response.topics.iter().find(|t| t.name.as_str() == partition.topic);
                let found = topic.and_then(|t| t.partitions.iter().find(|p| p.partition_index == partition.partition));
                found.map(|p| (p.error_code, p.low_watermark, -1, -1))
            }
            _ => return Err(CallError::of(ErrorCode::UnknownServerError, None)),
        };
        let Some((code, offset, timestamp_ms, epoch)) = result else {
            let text = format!("The response from broker did not contain a result for topic partition {partition}");
            fail(admin, call, partition, JavaError::kafka("ApiException", text));
            continue;
        };
        match ErrorCode::from_code(code) {
            ErrorCode::None => take(admin, call, partition, offset, timestamp_ms, epoch),
            error if error.is_retriable() => again.push(partition.clone()),
            error => {
                let (request, logger) = match response {
                    ResponseKind::ListOffsets(_) => ("ListOffsets", LIST_OFFSETS_LOGGER),
                    _ => ("DeleteRecords", DELETE_RECORDS_LOGGER),
                };
                let name = error.name();
                let text = format!(
                    "{request} request for topic partition {partition} failed due to an unexpected error {name}"
                );
                admin.network.log.error(logger, text);
                fail(admin, call, partition, JavaError::of(error, None));
            }
        }
    }
    look_up_again(admin, cx, call, again);
    Ok(())
}

fn take(admin: &mut Admin, call: &Call, partition: &TopicPartition, offset: i64, timestamp_ms: i64, epoch: i32) {
    match admin.answer_of(call) {
        Some((_, AdminResponse::Offsets(each))) => {
            let leader_epoch = Some(epoch).filter(|epoch| *epoch >= 0);
            each.insert(partition.clone(), Ok(ListedOffset { offset, timestamp_ms, leader_epoch }));
        }
        Some((_, AdminResponse::RecordsDeleted(each))) => {
            each.insert(partition.clone(), Ok(offset));
        }
        _ => {}
    }
}
