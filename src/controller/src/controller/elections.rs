//! Elections that somebody asks for, or that are due by the clock (`ReplicationControlManager.electLeaders`).
//!
//! Invariant: an election that changes nothing is an error to the asker, never a record.

use super::active::Controller;
use super::partition_change::Election;
use super::result::{ApiError, ControllerResult};
use crate::image::{PartitionState, TopicImage};
use crate::record::MetadataRecord;
use ottla_wire::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use ottla_wire::messages::{ElectLeadersRequest, ElectLeadersResponse};
use ottla_wire::{ErrorCode, topic_name};

/// `maxElectionsPerImbalance`.
const MAX_ELECTIONS: usize = 1000;

impl Controller {
    /// `ElectLeaders`; without partitions in the request, all are meant, and those that need none are left out.
    ///
    /// # Errors
    /// An election type that is none.
    pub fn elect_leaders(
        &self,
        request: &ElectLeadersRequest,
    ) -> Result<ControllerResult<ElectLeadersResponse>, ApiError> {
        let election = match request.election_type {
            0 => Election::Preferred,
            1 => Election::Unclean,
            other => {
                return Err(ApiError::new(ErrorCode::InvalidRequest, format!("Unknown election type {other}")));
            }
        };
        let mut records = Vec::new();
        let mut results = Vec::new();
        match &request.topic_partitions {
            Some(topics) => {
                for topic in topics {
                    let elect = |id: &i32| self.elect(&topic.topic, *id, election, &mut records);
                    let outcomes: Vec<_> = topic.partitions.iter().map(elect).collect();
                    let pairs = topic.partitions.iter().copied().zip(outcomes);
                    results.push(election_result(&topic.topic, pairs));
                }
            }
            None => {
                for topic in self.image.topics_by_name() {
                    let elect = |id: &i32| (*id, self.elect(&topic.name, *id, election, &mut records));
                    let outcomes: Vec<_> = topic.partitions.keys().map(elect).collect();
                    let needed = |o: &(i32, Result<(), ApiError>)| !matches!(&o.1, Err(error) if error.code == ErrorCode::ElectionNotNeeded);
                    results.push(election_result(&topic.name, outcomes.into_iter().filter(needed)));
                }
            }
        }
        let response = ElectLeadersResponse::default().with_replica_election_results(results);
        Ok(ControllerResult::new(records, response))
    }

    /// `electLeader`.
    fn elect(
        &self,
        topic: &str,
        partition_id: i32,
        election: Election,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<(), ApiError> {
        let missing = |message: String| ApiError::new(ErrorCode::UnknownTopicOrPartition, message);
        let topic = self.image.topic(topic).ok_or_else(|| missing(format!("No such topic as {topic}")))?;
        let partition = topic.partitions.get(&partition_id);
        let partition =
            partition.ok_or_else(|| missing(format!("No such partition as {}-{partition_id}", topic.name)))?;
        let needless = match election {
            Election::Preferred => partition.has_preferred_leader(),
            Election::Online | Election::Unclean => partition.has_leader(),
        };
        if needless {
            return Err(ErrorCode::ElectionNotNeeded.into());
        }
        let change = self.elected(topic, partition_id, partition, election);
        let failure = match election {
            Election::Preferred => ErrorCode::PreferredLeaderNotAvailable,
            Election::Online | Election::Unclean => ErrorCode::EligibleLeadersNotAvailable,
        };
        records.push(change.ok_or(failure)?);
        Ok(())
    }

    fn elected(
        &self,
        topic: &TopicImage,
        partition_id: i32,
        partition: &PartitionState,
        election: Election,
    ) -> Option<MetadataRecord> {
        let builder = self.change(topic, partition_id, partition).election(election);
        builder.build(|id| self.may_lead(partition, id)).map(MetadataRecord::PartitionChange)
    }

    /// Gives leadership back to preferred replicas (`maybeBalancePartitionLeaders`), at most 1000 at a time; the response
    /// says whether there may be more.
    pub fn balance_leaders(&self) -> ControllerResult<bool> {
        let mut records = Vec::new();
        for topic in self.image.topics() {
            for (id, partition) in &topic.partitions {
                if records.len() < MAX_ELECTIONS && !partition.has_preferred_leader() {
                    records.extend(self.elected(topic, *id, partition, Election::Preferred));
                }
            }
        }
        let more = records.len() >= MAX_ELECTIONS;
        ControllerResult::new(records, more)
    }

    /// Elects uncleanly where nobody leads and the topic allows it (`maybeElectUncleanLeaders`).
    pub fn elect_unclean_leaders(&self) -> ControllerResult<bool> {
        let mut records = Vec::new();
        for topic in self.image.topics().filter(|topic| self.unclean_election_enabled(&topic.name)) {
            for (id, partition) in &topic.partitions {
                if records.len() < MAX_ELECTIONS && !partition.has_leader() {
                    records.extend(self.elected(topic, *id, partition, Election::Unclean));
                }
            }
        }
        let more = records.len() >= MAX_ELECTIONS;
        ControllerResult::new(records, more)
    }
}

fn election_result(topic: &str, outcomes: impl Iterator<Item = (i32, Result<(), ApiError>)>) -> ReplicaElectionResult {
    let result = |(id, outcome): (i32, Result<(), ApiError>)| {
        let result = PartitionResult::default().with_partition_id(id).with_error_message(None);
        match outcome {
            Ok(()) => result,
            Err(error) => result.with_error_code(error.code.code()).with_error_message(error.text()),
        }
    };
    ReplicaElectionResult::default().with_topic(topic_name(topic)).with_partition_result(outcomes.map(result).collect())
}
