//! Deletion and growth of topics (`ReplicationControlManager.deleteTopics`, `createPartitions`).
//!
//! Invariant: partitions are only ever added; replicas of old ones stay where they are.

use super::active::Controller;
use super::placement::RandomSource;
use super::result::{ApiError, ControllerResult};
use crate::image::TopicImage;
use crate::record::MetadataRecord;
use ottla_wire::messages::create_partitions_request::CreatePartitionsTopic;
use ottla_wire::messages::create_partitions_response::CreatePartitionsTopicResult;
use ottla_wire::messages::delete_topics_request::DeleteTopicState;
use ottla_wire::messages::delete_topics_response::DeletableTopicResult;
use ottla_wire::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
};
use ottla_wire::{ErrorCode, topic_name};

impl Controller {
    /// `DeleteTopics` by name or id, in any version.
    pub fn delete_topics(&self, request: &DeleteTopicsRequest) -> ControllerResult<DeleteTopicsResponse> {
        let by_name = |name: &ottla_wire::TopicName| DeleteTopicState::default().with_name(Some(name.clone()));
        let mut states: Vec<DeleteTopicState> = request.topic_names.iter().map(by_name).collect();
        states.extend(request.topics.iter().cloned());
        let mut records = Vec::new();
        let mut removed = Vec::new();
        let mut responses = Vec::new();
        for state in states {
            let mut result = DeletableTopicResult::default()
                .with_name(state.name.clone())
                .with_topic_id(state.topic_id)
                .with_error_message(None);
            match self.deletable(&state) {
                Ok(topic) if removed.contains(&topic.id) => {
                    let error = ApiError::new(ErrorCode::InvalidRequest, "Duplicate topic name.");
                    result = result.with_error_code(error.code.code()).with_error_message(error.text());
                }
                Ok(topic) => {
                    removed.push(topic.id);
                    records.push(MetadataRecord::RemoveTopic { topic_id: topic.id });
                    result = result.with_topic_id(topic.id).with_name(Some(topic_name(&topic.name)));
                }
                Err(error) => result = result.with_error_code(error.code.code()).with_error_message(error.text()),
            }
            responses.push(result);
        }
        ControllerResult::new(records, DeleteTopicsResponse::default().with_responses(responses))
    }

    fn deletable(&self, state: &DeleteTopicState) -> Result<&TopicImage, ApiError> {
        if self.settings.properties.get("delete.topic.enable").is_some_and(|value| value.trim() == "false") {
            return Err(ErrorCode::TopicDeletionDisabled.into());
        }
        match &state.name {
            Some(_) if !state.topic_id.is_nil() => {
                Err(ApiError::new(ErrorCode::InvalidRequest, "You may not specify both topic name and topic id."))
            }
            Some(name) => self.image.topic(name).ok_or_else(|| ErrorCode::UnknownTopicOrPartition.into()),
            None if state.topic_id.is_nil() => {
                Err(ApiError::new(ErrorCode::InvalidRequest, "Neither topic name nor id were specified."))
            }
            None => self.image.topic_by_id(state.topic_id).ok_or_else(|| ErrorCode::UnknownTopicId.into()),
        }
    }

    /// `CreatePartitions`.
    pub fn create_partitions(
        &self,
        random: &mut dyn RandomSource,
        request: &CreatePartitionsRequest,
    ) -> ControllerResult<CreatePartitionsResponse> {
        let mut records = Vec::new();
        let mut results = Vec::new();
        for topic in &request.topics {
            let result = CreatePartitionsTopicResult::default().with_name(topic.name.clone());
            let twice = request.topics.iter().filter(|other| other.name == topic.name).count() > 1;
            let outcome = match twice {
                true => Err(ApiError::new(ErrorCode::InvalidRequest, "Duplicate topic name.")),
                false => self.grow(random, topic),
            };
            results.push(match outcome {
                Ok(new) => {
                    records.extend(new);
                    result.with_error_message(None)
                }
                Err(error) => result.with_error_code(error.code.code()).with_error_message(error.text()),
            });
        }
        if request.validate_only {
            records.clear();
        }
        ControllerResult::new(records, CreatePartitionsResponse::default().with_results(results))
    }

    fn grow(
        &self,
        random: &mut dyn RandomSource,
        topic: &CreatePartitionsTopic,
    ) -> Result<Vec<MetadataRecord>, ApiError> {
        let image = self.image.topic(&topic.name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let existing = image.partitions.len() as i32;
        let fail = |message: String| Err(ApiError::new(ErrorCode::InvalidPartitions, message));
        if topic.count == existing {
            return fail(format!("Topic already has {existing} partition(s)."));
        }
        if topic.count < existing {
            return fail(format!(
                "The topic {} currently has {existing} partition(s); {} would not be an increase.",
                image.name, topic.count
            ));
        }
        let additional = topic.count - existing;
        let factor = image.partitions.values().next().map_or(0, |partition| partition.replicas.len());
        let replicas = match &topic.assignments {
            Some(assignments) => {
                let lists = assignments.iter().map(|a| a.broker_ids.iter().map(|id| id.0).collect());
                self.check_added(lists.collect(), additional, factor)?
            }
            None => self.place(random, additional, factor as i32).map_err(|error| {
                let message = format!("Unable to replicate the partition {factor} time(s): {error}");
                ApiError::new(ErrorCode::InvalidReplicationFactor, message)
            })?,
        };
        let record = |(id, replicas): (i32, &Vec<i32>)| {
            self.new_partition(image.id, id, replicas).ok_or_else(|| match topic.assignments {
                Some(_) => ApiError::new(
                    ErrorCode::InvalidReplicaAssignment,
                    format!(
                        "All brokers specified in the manual partition assignment for partition {id} are fenced or in \
                         controlled shutdown."
                    ),
                ),
                None => ApiError::new(
                    ErrorCode::InvalidReplicationFactor,
                    format!(
                        "Unable to replicate the partition {factor} time(s): All brokers are currently fenced or in \
                         controlled shutdown."
                    ),
                ),
            })
        };
        (existing..).zip(&replicas).map(record).collect()
    }

    fn check_added(
        &self,
        assignments: Vec<Vec<i32>>,
        additional: i32,
        factor: usize,
    ) -> Result<Vec<Vec<i32>>, ApiError> {
        if assignments.len() as i64 != i64::from(additional) {
            let message = format!(
                "Attempted to add {additional} additional partition(s), but only {} assignment(s) were specified.",
                assignments.len()
            );
            return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
        }
        for replicas in &assignments {
            self.check_manual_assignment(replicas, Some(factor))?;
        }
        Ok(assignments)
    }
}
