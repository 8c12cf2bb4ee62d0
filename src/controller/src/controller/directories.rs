//! Log directories of brokers (KIP-858): where replicas lie, and what fails with a directory (`handleAssignReplicasToDirs`,
//! `handleDirectoriesOffline`).
//!
//! Invariant: a replica in a directory that its broker has lost is in no ISR and leads nothing.

use super::active::Controller;
use super::isr_updates::BrokerMove;
use super::result::{ApiError, ControllerResult};
use crate::image::PartitionState;
use crate::record::{BrokerRegistrationChange, MetadataRecord};
use ottla_wire::messages::assign_replicas_to_dirs_response as answer;
use ottla_wire::messages::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse};
use ottla_wire::{ErrorCode, Uuid};

/// `DirectoryId.UNASSIGNED`, `LOST` and `MIGRATING`.
const UNASSIGNED: Uuid = Uuid::nil();
const LOST: Uuid = Uuid::from_u128(1);
const MIGRATING: Uuid = Uuid::from_u128(2);

impl Controller {
    /// Whether a replica could lead: its broker serves, and has its directory (`LeaderAcceptor`).
    pub(super) fn may_lead(&self, partition: &PartitionState, id: i32) -> bool {
        self.image.is_active(id) && self.has_directory_of(partition, id)
    }

    /// Whether a broker has the directory in which its replica lies (`BrokerRegistration.hasOnlineDir`).
    pub(super) fn has_directory_of(&self, partition: &PartitionState, id: i32) -> bool {
        let directory = partition.directory(id);
        match directory {
            None | Some(UNASSIGNED | MIGRATING) => true,
            Some(LOST) => false,
            Some(directory) => {
                self.image.broker(id).is_none_or(|b| b.log_dirs.is_empty() || b.log_dirs.contains(&directory))
            }
        }
    }

    /// A broker reports directories that failed; those known already say nothing new.
    pub(super) fn lose_directories(&self, id: i32, offline: &[Uuid], records: &mut Vec<MetadataRecord>) {
        let Some(broker) = self.image.broker(id) else { return };
        let lost: Vec<Uuid> = broker.log_dirs.iter().copied().filter(|dir| offline.contains(dir)).collect();
        if lost.is_empty() {
            return;
        }
        let moved = BrokerMove { remove: Some(id), ..BrokerMove::default() };
        let concerns = |p: &PartitionState| p.directory(id).is_some_and(|dir| lost.contains(&dir));
        self.leader_and_isr_updates(records, moved, |p| concerns(p) && (p.isr.contains(&id) || p.leader == id));
        let left = broker.log_dirs.iter().copied().filter(|dir| !lost.contains(dir)).collect();
        records.push(MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChange {
            broker_id: id,
            broker_epoch: broker.epoch,
            fenced: 0,
            in_controlled_shutdown: 0,
            log_dirs: left,
            cordoned_log_dirs: None,
        }));
    }

    /// `AssignReplicasToDirs`: a broker says where its replicas lie.
    ///
    /// # Errors
    /// `STALE_BROKER_EPOCH`.
    pub fn assign_replicas_to_dirs(
        &self,
        request: &AssignReplicasToDirsRequest,
    ) -> Result<ControllerResult<AssignReplicasToDirsResponse>, ApiError> {
        let broker = request.broker_id.0;
        self.check_broker_epoch(broker, request.broker_epoch)?;
        let mut records = Vec::new();
        let mut directories = Vec::new();
        for directory in &request.directories {
            let mut topics = Vec::new();
            for topic in &directory.topics {
                let assign = |partition: i32| {
                    let outcome = self.assign(broker, directory.id, (topic.topic_id, partition), &mut records);
                    answer::PartitionData::default()
                        .with_partition_index(partition)
                        .with_error_code(outcome.err().map_or(0, |code| code.code()))
                };
                let partitions = topic.partitions.iter().map(|p| p.partition_index).map(assign).collect();
                topics.push(answer::TopicData::default().with_topic_id(topic.topic_id).with_partitions(partitions));
            }
            directories.push(answer::DirectoryData::default().with_id(directory.id).with_topics(topics));
        }
        Ok(ControllerResult::new(records, AssignReplicasToDirsResponse::default().with_directories(directories)))
    }

    fn assign(
        &self,
        broker: i32,
        directory: Uuid,
        (topic_id, index): (Uuid, i32),
        records: &mut Vec<MetadataRecord>,
    ) -> Result<(), ErrorCode> {
        let topic = self.image.topic_by_id(topic_id).ok_or(ErrorCode::UnknownTopicId)?;
        let partition = topic.partitions.get(&index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let at = partition.replicas.iter().position(|id| *id == broker).ok_or(ErrorCode::NotLeaderOrFollower)?;
        let mut directories = partition.directories.clone();
        directories.resize(partition.replicas.len(), UNASSIGNED);
        directories[at] = directory;
        let online = self.image.broker(broker).is_some_and(|known| known.log_dirs.contains(&directory));
        let stays = |id: &i32| online || *id != broker;
        let change = self
            .change(topic, index, partition)
            .directories(directories)
            .target_isr(partition.isr.iter().copied().filter(stays).collect())
            .build(|id| stays(&id) && self.may_lead(partition, id));
        records.extend(change.map(MetadataRecord::PartitionChange));
        Ok(())
    }
}
