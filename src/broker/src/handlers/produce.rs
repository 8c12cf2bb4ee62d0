//! Produce (`ReplicaManager.appendRecords`). Serves producers; invariant: acks=all is answered when the high watermark has
//! passed the records, and refused before the append while the ISR is too small.

use crate::{
    connections::RequestId,
    node::Running,
    purgatory::DelayedProduce,
    replica::{Place, Role},
};
use bytes::Bytes;
use ottla_log::LogError;
use ottla_wire::{
    ErrorCode, ResponseKind,
    messages::{
        ProduceRequest, ProduceResponse,
        produce_response::{BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse},
    },
    str_bytes,
};
use ottla_world::Context;
use ottla_world::mutation::{self, Mutation};
use std::collections::BTreeMap;

/// The first version of Produce that goes by topic ids (KIP-516).
const BY_ID_VERSION: i16 = 13;

impl Running {
    pub(crate) fn produce(&mut self, cx: &mut Context<'_>, id: RequestId, version: i16, request: ProduceRequest) {
        let (acks, by_id) = (request.acks, version >= BY_ID_VERSION);
        let unknown = if by_id { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
        let mut waits_for = BTreeMap::new();
        let mut slots = BTreeMap::new();
        let mut responses = Vec::new();
        for topic in request.topic_data {
            let known = if by_id { self.image.topic_by_id(topic.topic_id) } else { self.image.topic(&topic.name) };
            let topic_id = known.map(|t| t.id);
            let mut rows = Vec::new();
            for data in topic.partition_data {
                let place = topic_id.map(|id| (id, data.index));
                let appended = match place {
                    _ if !matches!(acks, -1..=1) => Err(Box::new(refusal(ErrorCode::InvalidRequiredAcks))),
                    Some(place) => self.append(cx, place, data.records.unwrap_or_default(), acks),
                    None => Err(Box::new(refusal(unknown))),
                };
                let row = match appended {
                    Ok((row, required)) => {
                        if let Some(place) = place {
                            waits_for.insert(place, required);
                            slots.insert(place, (responses.len(), rows.len()));
                        }
                        row
                    }
                    Err(row) => *row,
                };
                rows.push(row.with_index(data.index));
            }
            let row = TopicProduceResponse::default().with_name(topic.name).with_topic_id(topic.topic_id);
            responses.push(row.with_partition_responses(rows));
        }
        let response = ProduceResponse::default().with_responses(responses);
        let failed = |topic: &TopicProduceResponse| topic.partition_responses.iter().any(|row| row.error_code != 0);
        match acks {
            // The only way to tell that something went wrong (`KafkaApis.handleProduceRequest`).
            0 if response.responses.iter().any(failed) => self.connections.refuse(cx, id),
            0 => self.connections.no_response(id),
            -1 if !waits_for.is_empty() && !mutation::is(Mutation::AcksAllAfterLeaderAppend) => {
                let deadline = cx.now().plus_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
                let delayed = DelayedProduce { deadline, waits_for, response, slots };
                self.purgatory.produces.insert(id, delayed);
                self.try_produce(cx, id);
            }
            _ => self.respond(cx, id, ResponseKind::Produce(response)),
        }
    }

    /// Appends to one partition: the row of the answer, and the high watermark that acks=all waits for.
    fn append(
        &mut self,
        cx: &mut Context<'_>,
        place: Place,
        records: Bytes,
        acks: i16,
    ) -> Result<(PartitionProduceResponse, i64), Box<PartitionProduceResponse>> {
        let Some(partition) = self.replicas.partitions.get_mut(&place) else {
            let exists = self.image.partition_by_id(place.0, place.1).is_some();
            let error = if exists { ErrorCode::NotLeaderOrFollower } else { ErrorCode::UnknownTopicOrPartition };
            return Err(Box::new(refusal(error)));
        };
        match partition.role {
            Role::Leader(_) => {}
            Role::Follower => return Err(Box::new(refusal(ErrorCode::NotLeaderOrFollower))),
            Role::Offline => return Err(Box::new(refusal(ErrorCode::KafkaStorageError))),
        }
        if acks == -1 && partition.state.isr.len() < partition.min_isr() {
            let (isr, needed) = (&partition.state.isr, partition.min_isr());
            cx.note(format!(
                "The size of the current ISR : {} is insufficient to satisfy the min.isr requirement of {needed} for \
                 partition {}-{}, live replica(s) broker.id are : {}",
                isr.len(),
                partition.topic,
                partition.index,
                set_text(isr)
            ));
            return Err(Box::new(refusal(ErrorCode::NotEnoughReplicas)));
        }
        let wall_ms = cx.wall_ms();
        let info = partition.log.append_as_leader(cx.disk(), records, partition.state.leader_epoch, wall_ms);
        let info = match info {
            Ok(info) => info,
            Err(error) => {
                let name = format!("{}-{}", partition.topic, partition.index);
                self.replicas.note_error(cx, &name, &error);
                return Err(Box::new(rejected(&error)));
            }
        };
        let row = PartitionProduceResponse::default()
            .with_base_offset(info.first_offset)
            .with_log_append_time_ms(info.log_append_time_ms)
            .with_log_start_offset(info.log_start_offset);
        self.replicas.moved.insert(place);
        self.replicas.advance(place, cx.now());
        Ok((row, info.last_offset + 1))
    }

    /// Answers a waiting produce request if all its partitions are done, or failed.
    pub(crate) fn try_produce(&mut self, cx: &mut Context<'_>, id: RequestId) {
        let Some(delayed) = self.purgatory.produces.get_mut(&id) else { return };
        let late = delayed.deadline <= cx.now();
        let mut errors = Vec::new();
        delayed.waits_for.retain(|place, required| {
            let error = match self.replicas.partitions.get(place) {
                Some(p) if !p.is_leader() => ErrorCode::NotLeaderOrFollower,
                Some(p) if p.log.high_watermark() >= *required => {
                    if p.state.isr.len() >= p.min_isr() {
                        return false;
                    }
                    ErrorCode::NotEnoughReplicasAfterAppend
                }
                Some(_) if late => ErrorCode::RequestTimedOut,
                Some(_) => return true,
                None => ErrorCode::UnknownTopicOrPartition,
            };
            errors.push((*place, error));
            false
        });
        for (place, error) in errors {
            if let Some((topic, row)) = delayed.slots.get(&place) {
                // Offsets stay: the records are in the log.
                delayed.response.responses[*topic].partition_responses[*row].error_code = error.code();
            }
        }
        if delayed.waits_for.is_empty()
            && let Some(done) = self.purgatory.produces.remove(&id)
        {
            self.respond(cx, id, ResponseKind::Produce(done.response));
        }
    }
}

fn refusal(error: ErrorCode) -> PartitionProduceResponse {
    PartitionProduceResponse::default().with_error_code(error.code()).with_base_offset(-1).with_log_append_time_ms(-1)
}

fn rejected(error: &LogError) -> PartitionProduceResponse {
    let rows = error.record_errors().iter().map(|r| {
        BatchIndexAndErrorMessage::default()
            .with_batch_index(r.batch_index)
            .with_batch_index_error_message(Some(str_bytes(&r.message)))
    });
    let row = refusal(error.error_code()).with_record_errors(rows.collect());
    match error {
        // The others' words are the client's own (`LogAppendResult.hasCustomErrorMessage`).
        LogError::RecordsRejected { .. } | LogError::InvalidRecord(_) => {
            row.with_error_message(Some(str_bytes(&error.to_string())))
        }
        _ => row,
    }
}

/// As Scala prints a set.
fn set_text(ids: &[i32]) -> String {
    let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
    format!("Set({})", ids.join(", "))
}
