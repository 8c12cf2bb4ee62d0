//! Which brokers new partitions get: placed by the controller or named by the asker.
//!
//! Serves creation and growth of topics. Invariant: every new partition has a replica that may lead, and begins with all
//! that may as its ISR.

use super::active::Controller;
use super::placement::{PlacementError, RandomSource, UsableBroker, place};
use super::result::ApiError;
use crate::record::{MetadataRecord, Partition, UNASSIGNED_DIRECTORY};
use ottla_wire::ErrorCode;
use uuid::Uuid;

impl Controller {
    /// The brokers that replicas can go to: all that are registered and not shutting down.
    pub(super) fn usable_brokers(&self) -> Vec<UsableBroker> {
        let heartbeats = self.heartbeats.brokers().iter();
        let usable = heartbeats.filter(|(_, broker)| broker.controlled_shutdown_offset.is_none());
        usable
            .map(|(id, broker)| UsableBroker {
                id: *id,
                rack: self.image.broker(*id).and_then(|broker| broker.rack.clone()),
                fenced: broker.fenced,
            })
            .collect()
    }

    /// Replicas for new partitions, placed by the controller.
    pub(super) fn place(
        &self,
        random: &mut dyn RandomSource,
        partitions: i32,
        replication_factor: i32,
    ) -> Result<Vec<Vec<i32>>, PlacementError> {
        place(random, &self.usable_brokers(), partitions.max(0) as u32, replication_factor)
    }

    /// The log directory a new replica goes to: the broker's only one, or one it chooses itself
    /// (`ClusterControlManager.defaultDir`).
    pub(super) fn default_directory(&self, id: i32) -> Uuid {
        match self.image.broker(id).map(|broker| &broker.log_dirs[..]) {
            Some([directory]) => *directory,
            _ => UNASSIGNED_DIRECTORY,
        }
    }

    /// The record of a new partition; none if no replica may lead.
    pub(super) fn new_partition(&self, topic_id: Uuid, partition_id: i32, replicas: &[i32]) -> Option<MetadataRecord> {
        let isr: Vec<i32> = replicas.iter().copied().filter(|id| self.image.is_active(*id)).collect();
        let leader = *isr.first()?;
        Some(MetadataRecord::Partition(Partition {
            partition_id,
            topic_id,
            replicas: replicas.to_vec(),
            isr,
            leader,
            leader_epoch: 0,
            partition_epoch: 0,
            directories: replicas.iter().map(|id| self.default_directory(*id)).collect(),
            ..Partition::default()
        }))
    }

    /// `validateManualPartitionAssignment`.
    pub(super) fn check_manual_assignment(
        &self,
        replicas: &[i32],
        replication_factor: Option<usize>,
    ) -> Result<(), ApiError> {
        let fail = |message: String| Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
        if replicas.is_empty() {
            return fail("The manual partition assignment includes an empty replica list.".to_owned());
        }
        let mut sorted = replicas.to_vec();
        sorted.sort_unstable();
        for (at, id) in sorted.iter().enumerate() {
            if self.image.broker(*id).is_none() {
                return fail(format!(
                    "The manual partition assignment includes broker {id}, but no such broker is registered."
                ));
            }
            if sorted[..at].contains(id) {
                return fail(format!("The manual partition assignment includes the broker {id} more than once."));
            }
        }
        match replication_factor {
            Some(expected) if expected != sorted.len() => fail(format!(
                "The manual partition assignment includes a partition with {} replica(s), but this is not consistent \
                 with previous partitions, which have {expected} replica(s).",
                sorted.len()
            )),
            _ => Ok(()),
        }
    }
}
