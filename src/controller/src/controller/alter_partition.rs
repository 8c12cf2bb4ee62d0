//! ISR changes that leaders propose (`ReplicationControlManager.alterPartition`).
//!
//! Invariant: only the present leader, with the present epochs, changes an ISR, and only to replicas that serve.

use super::active::Controller;
use super::partition_change::Election;
use super::result::{ApiError, ControllerResult};
use crate::image::PartitionState;
use crate::record::{MetadataRecord, NO_LEADER_CHANGE};
use ottla_wire::messages::alter_partition_request::{BrokerState, PartitionData};
use ottla_wire::messages::alter_partition_response as answer;
use ottla_wire::messages::{AlterPartitionRequest, AlterPartitionResponse};
use ottla_wire::{BrokerId, ErrorCode};
use ottla_world::mutation::{self, Mutation};

impl Controller {
    /// Decides on all proposals of one leader. `version` is the request's.
    ///
    /// # Errors
    /// `STALE_BROKER_EPOCH`.
    pub fn alter_partition(
        &self,
        request: &AlterPartitionRequest,
        version: i16,
    ) -> Result<ControllerResult<AlterPartitionResponse>, ApiError> {
        self.check_broker_epoch(request.broker_id.0, request.broker_epoch)?;
        let mut records = Vec::new();
        let mut topics = Vec::new();
        for topic in &request.topics {
            let decide = |data: &PartitionData| {
                let index = data.partition_index;
                let decided = self.alter_one(request.broker_id.0, topic.topic_id, data, version, &mut records);
                decided.unwrap_or_else(|error| {
                    answer::PartitionData::default().with_partition_index(index).with_error_code(error.code())
                })
            };
            let partitions = topic.partitions.iter().map(decide).collect();
            topics.push(answer::TopicData::default().with_topic_id(topic.topic_id).with_partitions(partitions));
        }
        Ok(ControllerResult::new(records, AlterPartitionResponse::default().with_topics(topics)))
    }

    fn alter_one(
        &self,
        broker_id: i32,
        topic_id: ottla_wire::Uuid,
        data: &PartitionData,
        version: i16,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<answer::PartitionData, ErrorCode> {
        let topic = self.image.topic_by_id(topic_id).ok_or(ErrorCode::UnknownTopicId)?;
        let partition = topic.partitions.get(&data.partition_index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let states: Vec<BrokerState> = if version >= 3 {
            data.new_isr_with_epochs.clone()
        } else {
            let state = |id: &BrokerId| BrokerState::default().with_broker_id(*id).with_broker_epoch(-1);
            data.new_isr.iter().map(state).collect()
        };
        self.check_proposal(broker_id, partition, data, &states)?;
        // A Java hash set on the leader's side: small ids come in ascending order.
        let mut isr: Vec<i32> = states.iter().map(|state| state.broker_id.0).collect();
        isr.sort_unstable();
        let unclean = self.unclean_election_enabled(&topic.name);
        let change = self
            .change(topic, data.partition_index, partition)
            .election(if unclean { Election::Unclean } else { Election::Online })
            .target_isr(isr)
            .recovery_state(data.leader_recovery_state)
            .build(|id| self.may_lead(partition, id));
        let mut after = partition.clone();
        if let Some(change) = change {
            after = after.changed(&change);
            let leader = change.leader;
            records.push(MetadataRecord::PartitionChange(change));
            if leader != NO_LEADER_CHANGE && leader != broker_id {
                // It completed a reassignment that took the leader away: an error with a record.
                return Err(ErrorCode::NewLeaderElected);
            }
        }
        Ok(answer::PartitionData::default()
            .with_partition_index(data.partition_index)
            .with_leader_id(BrokerId(after.leader))
            .with_leader_epoch(after.leader_epoch)
            .with_isr(after.isr.iter().copied().map(BrokerId).collect())
            .with_leader_recovery_state(after.leader_recovery_state)
            .with_partition_epoch(after.partition_epoch))
    }

    /// `validateAlterPartitionData`.
    fn check_proposal(
        &self,
        broker_id: i32,
        partition: &PartitionState,
        data: &PartitionData,
        states: &[BrokerState],
    ) -> Result<(), ErrorCode> {
        if data.leader_epoch > partition.leader_epoch || data.partition_epoch > partition.partition_epoch {
            // The broker knows more: somebody else is the active controller.
            return Err(ErrorCode::NotController);
        }
        if !mutation::is(Mutation::StaleLeaderAltersIsr) {
            if data.leader_epoch < partition.leader_epoch {
                return Err(ErrorCode::FencedLeaderEpoch);
            }
            if broker_id != partition.leader {
                return Err(ErrorCode::InvalidRequest);
            }
            if data.partition_epoch < partition.partition_epoch {
                return Err(ErrorCode::InvalidUpdateVersion);
            }
        }
        let isr: Vec<i32> = states.iter().map(|state| state.broker_id.0).collect();
        let repeated = |(at, id): (usize, &i32)| isr[..at].contains(id);
        let valid = !isr.is_empty()
            && !isr.iter().enumerate().any(repeated)
            && isr.iter().all(|id| partition.replicas.contains(id))
            && isr.contains(&partition.leader);
        let recovering = data.leader_recovery_state == 1;
        let backwards = recovering && partition.leader_recovery_state == 0;
        if !valid || (recovering && isr.len() > 1) || backwards {
            return Err(ErrorCode::InvalidRequest);
        }
        if states.iter().any(|state| self.is_ineligible(state)) {
            return Err(ErrorCode::IneligibleReplica);
        }
        Ok(())
    }

    fn is_ineligible(&self, state: &BrokerState) -> bool {
        self.image.broker(state.broker_id.0).is_none_or(|broker| {
            let other_life = state.broker_epoch != -1 && state.broker_epoch != broker.epoch;
            broker.in_controlled_shutdown || broker.fenced || other_life
        })
    }
}
