//! Moves of replicas to other brokers (KIP-455; `alterPartitionReassignment`).
//!
//! Invariants: a partition under reassignment has both the old and the new replicas; it is complete once all new ones are in
//! sync, which an AlterPartition finds out.

use super::active::Controller;
use super::partition_change::Election;
use super::result::{ApiError, ControllerResult};
use crate::image::{PartitionState, TopicImage};
use crate::record::MetadataRecord;
use ottla_wire::messages::alter_partition_reassignments_request::ReassignablePartition;
use ottla_wire::messages::alter_partition_reassignments_response as answer;
use ottla_wire::messages::list_partition_reassignments_response::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use ottla_wire::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
};
use ottla_wire::{BrokerId, ErrorCode, topic_name};

fn broker_ids(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().copied().map(BrokerId).collect()
}

impl Controller {
    /// `ListPartitionReassignments`.
    pub fn list_reassignments(
        &self,
        request: &ListPartitionReassignmentsRequest,
    ) -> ListPartitionReassignmentsResponse {
        let wanted = |topic: &TopicImage, id: i32| {
            request.topics.as_ref().is_none_or(|topics| {
                topics.iter().any(|t| t.name.as_str() == topic.name && t.partition_indexes.contains(&id))
            })
        };
        let mut topics = Vec::new();
        for topic in self.image.topics_by_name() {
            let ongoing = |(id, partition): (&i32, &PartitionState)| {
                OngoingPartitionReassignment::default()
                    .with_partition_index(*id)
                    .with_replicas(broker_ids(&partition.replicas))
                    .with_adding_replicas(broker_ids(&partition.adding))
                    .with_removing_replicas(broker_ids(&partition.removing))
            };
            let moving = topic.partitions.iter().filter(|(id, p)| p.is_reassigning() && wanted(topic, **id));
            let partitions: Vec<_> = moving.map(ongoing).collect();
            if !partitions.is_empty() {
                let topic = OngoingTopicReassignment::default().with_name(topic_name(&topic.name));
                topics.push(topic.with_partitions(partitions));
            }
        }
        ListPartitionReassignmentsResponse::default().with_error_message(None).with_topics(topics)
    }

    /// `AlterPartitionReassignments`.
    pub fn alter_reassignments(
        &self,
        request: &AlterPartitionReassignmentsRequest,
    ) -> ControllerResult<AlterPartitionReassignmentsResponse> {
        let mut records = Vec::new();
        let mut responses = Vec::new();
        for topic in &request.topics {
            let mut partitions = Vec::new();
            for partition in &topic.partitions {
                let result = answer::ReassignablePartitionResponse::default()
                    .with_partition_index(partition.partition_index)
                    .with_error_message(None);
                partitions.push(match self.reassign(&topic.name, partition, request.allow_replication_factor_change) {
                    Ok(record) => {
                        records.extend(record);
                        result
                    }
                    Err(error) => result.with_error_code(error.code.code()).with_error_message(error.text()),
                });
            }
            let response = answer::ReassignableTopicResponse::default().with_name(topic.name.clone());
            responses.push(response.with_partitions(partitions));
        }
        let response =
            AlterPartitionReassignmentsResponse::default().with_error_message(None).with_responses(responses);
        ControllerResult::new(records, response)
    }

    fn reassign(
        &self,
        name: &str,
        target: &ReassignablePartition,
        other_factor: bool,
    ) -> Result<Option<MetadataRecord>, ApiError> {
        let missing = |message: String| ApiError::new(ErrorCode::UnknownTopicOrPartition, message);
        let topic = self.image.topic(name).ok_or_else(|| missing(format!("Unable to find a topic named {name}.")))?;
        let id = target.partition_index;
        let partition =
            topic.partitions.get(&id).ok_or_else(|| missing(format!("Unable to find partition {name}:{id}.")))?;
        let record = match &target.replicas {
            None => self.cancel_reassignment(topic, id, partition)?,
            Some(replicas) => {
                let replicas: Vec<i32> = replicas.iter().map(|id| id.0).collect();
                self.check_manual_assignment(&replicas, None)?;
                // What is being added counts, what is being removed does not (KIP-860).
                let factor = partition.replicas.iter().filter(|id| !partition.removing.contains(id)).count();
                if !other_factor && factor != replicas.len() {
                    let message = format!("The replication factor is changed from {factor} to {}", replicas.len());
                    return Err(ApiError::new(ErrorCode::InvalidReplicationFactor, message));
                }
                self.change_reassignment(topic, id, partition, replicas)
            }
        };
        Ok(record.map(MetadataRecord::PartitionChange))
    }

    /// `changePartitionReassignment`: the targets first, then what has to go.
    fn change_reassignment(
        &self,
        topic: &TopicImage,
        id: i32,
        partition: &PartitionState,
        target: Vec<i32>,
    ) -> Option<crate::record::PartitionChange> {
        // What an earlier reassignment was still adding is forgotten: it is not part of the partition yet.
        let settled: Vec<i32> = partition.replicas.iter().copied().filter(|r| !partition.adding.contains(r)).collect();
        let removing: Vec<i32> = sorted(partition.replicas.iter().copied().filter(|r| !target.contains(r)));
        let adding: Vec<i32> = sorted(target.iter().copied().filter(|r| !settled.contains(r)));
        let replicas: Vec<i32> = target.iter().chain(removing.iter()).copied().collect();
        let directories = self.directories_for(partition, &replicas);
        self.change(topic, id, partition)
            .target_replicas(replicas, adding, removing)
            .directories(directories)
            .election(self.election_for(topic))
            .build(|id| self.may_lead(partition, id))
    }

    /// `cancelPartitionReassignment`: back to what was before.
    fn cancel_reassignment(
        &self,
        topic: &TopicImage,
        id: i32,
        partition: &PartitionState,
    ) -> Result<Option<crate::record::PartitionChange>, ApiError> {
        if !partition.is_reassigning() {
            return Err(ErrorCode::NoReassignmentInProgress.into());
        }
        let stays = |r: &i32| !partition.adding.contains(r);
        let replicas: Vec<i32> = partition.replicas.iter().copied().filter(stays).collect();
        let isr: Vec<i32> = partition.isr.iter().copied().filter(stays).collect();
        if isr.is_empty() && !self.unclean_election_enabled(&topic.name) {
            let message = format!(
                "Unable to revert partition assignment for {}:{id} because it would require an unclean leader election.",
                topic.name
            );
            return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
        }
        let directories = self.directories_for(partition, &replicas);
        let change = self
            .change(topic, id, partition)
            .target_isr(isr)
            .target_replicas(replicas, Vec::new(), Vec::new())
            .directories(directories)
            .election(self.election_for(topic));
        Ok(change.build(|id| self.may_lead(partition, id)))
    }

    fn election_for(&self, topic: &TopicImage) -> Election {
        if self.unclean_election_enabled(&topic.name) { Election::Unclean } else { Election::Online }
    }

    fn directories_for(&self, partition: &PartitionState, replicas: &[i32]) -> Vec<uuid::Uuid> {
        let old =
            |id: &i32| partition.replicas.iter().position(|r| r == id).and_then(|at| partition.directories.get(at));
        replicas.iter().map(|id| old(id).copied().unwrap_or_else(|| self.default_directory(*id))).collect()
    }
}

fn sorted(ids: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut ids: Vec<i32> = ids.collect();
    ids.sort_unstable();
    ids
}
