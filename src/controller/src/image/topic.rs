//! Topics and partitions of the image. Serves lookups and the rules of elections; invariant: every change of a partition
//! raises its partition epoch by one, every change of its leader its leader epoch too (`PartitionRegistration.merge`).

use crate::record::{self, NO_LEADER, NO_LEADER_CHANGE, PartitionChange};
use ottla_world::mutation::{self, Mutation};
use std::collections::BTreeMap;
use uuid::Uuid;

/// State of one partition (`PartitionRegistration`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionState {
    /// Replicas, preferred leader first.
    pub replicas: Vec<i32>,
    /// In-sync replicas, in the order the metadata log has them.
    pub isr: Vec<i32>,
    /// Leader, or [`NO_LEADER`].
    pub leader: i32,
    /// Rises with every election.
    pub leader_epoch: i32,
    /// Rises with every change.
    pub partition_epoch: i32,
    /// 1 after an unclean election until the leader has recovered.
    pub leader_recovery_state: i8,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<i32>,
    /// The last known leader, once the partition lost all of ISR.
    pub last_known_elr: Vec<i32>,
    /// Replicas that a reassignment adds.
    pub adding: Vec<i32>,
    /// Replicas that a reassignment takes away.
    pub removing: Vec<i32>,
    /// Log directory of each replica, in the order of `replicas`.
    pub directories: Vec<Uuid>,
}

impl PartitionState {
    /// The state a partition record makes.
    pub fn new(record: &record::Partition) -> PartitionState {
        PartitionState {
            replicas: record.replicas.clone(),
            isr: record.isr.clone(),
            leader: record.leader,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
            leader_recovery_state: record.leader_recovery_state,
            elr: record.eligible_leader_replicas.clone(),
            last_known_elr: record.last_known_elr.clone(),
            adding: record.adding_replicas.clone(),
            removing: record.removing_replicas.clone(),
            directories: record.directories.clone(),
        }
    }

    /// Whether it has a leader.
    pub fn has_leader(&self) -> bool {
        self.leader != NO_LEADER
    }

    /// `replicas[0]`; [`NO_LEADER`] without replicas.
    pub fn preferred_replica(&self) -> i32 {
        self.replicas.first().copied().unwrap_or(NO_LEADER)
    }

    /// Whether the preferred replica leads.
    pub fn has_preferred_leader(&self) -> bool {
        self.leader == self.preferred_replica()
    }

    /// The log directory of a replica, if one is known.
    pub fn directory(&self, id: i32) -> Option<Uuid> {
        let at = self.replicas.iter().position(|replica| *replica == id)?;
        self.directories.get(at).copied()
    }

    /// Whether a reassignment is under way.
    pub fn is_reassigning(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }

    /// The state after a change.
    pub fn changed(&self, change: &PartitionChange) -> PartitionState {
        let mut next = self.clone();
        for (field, value) in [
            (&mut next.replicas, &change.replicas),
            (&mut next.isr, &change.isr),
            (&mut next.elr, &change.eligible_leader_replicas),
            (&mut next.last_known_elr, &change.last_known_elr),
            (&mut next.adding, &change.adding_replicas),
            (&mut next.removing, &change.removing_replicas),
        ] {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        if let Some(directories) = &change.directories {
            next.directories.clone_from(directories);
        }
        if change.leader != NO_LEADER_CHANGE {
            next.leader = change.leader;
            next.leader_epoch += i32::from(!mutation::is(Mutation::LeaderEpochStands));
        }
        if change.leader_recovery_state != -1 {
            next.leader_recovery_state = change.leader_recovery_state;
        }
        next.partition_epoch += 1;
        next
    }
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicImage {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// Its partitions by number.
    pub partitions: BTreeMap<i32, PartitionState>,
}
