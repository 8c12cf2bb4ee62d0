//! How a partition's ISR, ELR and leader change (`PartitionChangeBuilder`, KIP-966).
//!
//! Serves every decision about partitions. Invariants: a leader comes from the ISR, or from the ELR if the ISR is empty,
//! unless the election is unclean; ELR and ISR share no member; an ISR of at least min ISR has no ELR beside it.

use crate::image::PartitionState;
use crate::record::{NO_LEADER, NO_LEADER_CHANGE, PartitionChange};
use ottla_world::mutation::{self, Mutation};
use uuid::Uuid;

/// How far an election may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// The preferred replica, if it is in sync; else as `Online`.
    Preferred,
    /// Any in-sync replica, the present leader first.
    Online,
    /// Any live replica if nobody is in sync: records may be lost.
    Unclean,
}

/// A change of a partition in the making.
#[derive(Clone, Debug)]
pub struct PartitionChangeBuilder<'a> {
    partition: &'a PartitionState,
    topic_id: Uuid,
    partition_id: i32,
    min_isr: i32,
    elr_enabled: bool,
    election: Election,
    unclean_shutdown: Option<i32>,
    isr: Vec<i32>,
    elr: Vec<i32>,
    replicas: Vec<i32>,
    adding: Vec<i32>,
    removing: Vec<i32>,
    recovery_state: i8,
    directories: Option<Vec<Uuid>>,
}

struct Elected {
    leader: i32,
    unclean: bool,
}

impl<'a> PartitionChangeBuilder<'a> {
    /// Begins with the state as it is. `min_isr` is the topic's effective one.
    pub fn new(partition: &'a PartitionState, (topic_id, partition_id): (Uuid, i32), min_isr: i32) -> Self {
        PartitionChangeBuilder {
            partition,
            topic_id,
            partition_id,
            min_isr,
            elr_enabled: false,
            election: Election::Online,
            unclean_shutdown: None,
            isr: partition.isr.clone(),
            elr: partition.elr.clone(),
            replicas: partition.replicas.clone(),
            adding: partition.adding.clone(),
            removing: partition.removing.clone(),
            recovery_state: partition.leader_recovery_state,
            directories: None,
        }
    }

    /// Whether eligible leader replicas are kept.
    pub fn elr_enabled(mut self, enabled: bool) -> Self {
        self.elr_enabled = enabled;
        self
    }

    /// How far an election may go.
    pub fn election(mut self, election: Election) -> Self {
        self.election = election;
        self
    }

    /// The ISR that is wanted.
    pub fn target_isr(mut self, isr: Vec<i32>) -> Self {
        self.isr = isr;
        self
    }

    /// The replicas that are wanted, with what a reassignment still has to add and remove, and their directories.
    pub fn target_replicas(mut self, replicas: Vec<i32>, adding: Vec<i32>, removing: Vec<i32>) -> Self {
        self.replicas = replicas;
        self.adding = adding;
        self.removing = removing;
        self
    }

    /// The log directory of each wanted replica.
    pub fn directories(mut self, directories: Vec<Uuid>) -> Self {
        self.directories = Some(directories);
        self
    }

    /// The recovery state that is wanted.
    pub fn recovery_state(mut self, state: i8) -> Self {
        self.recovery_state = state;
        self
    }

    /// A replica that may have lost what it had acknowledged.
    pub fn unclean_shutdown(mut self, replica: Option<i32>) -> Self {
        self.unclean_shutdown = replica;
        self
    }

    /// The record of the change; none if nothing changes. `acceptable` says who may lead.
    pub fn build(mut self, acceptable: impl Fn(i32) -> bool) -> Option<PartitionChange> {
        let mut record = PartitionChange::new(self.topic_id, self.partition_id);
        self.complete_reassignment();
        self.populate_elr();
        self.try_election(&mut record, &acceptable);
        if record.leader == NO_LEADER_CHANGE && self.partition.replicas.iter().any(|id| !self.replicas.contains(id)) {
            // A replica goes: the epoch has to rise so that it is heard no more.
            record.leader = self.partition.leader;
        }
        self.put_elr(&mut record);
        if record.isr.is_none() && (!self.isr.is_empty() || self.elr_enabled) && self.isr != self.partition.isr {
            record.isr = Some(self.isr.clone());
        }
        self.put_last_known_leader(&mut record);
        self.put_assignment(&mut record);
        if self.recovery_state != self.partition.leader_recovery_state {
            record.leader_recovery_state = self.recovery_state;
        }
        (!record.is_no_op()).then_some(record)
    }

    /// A reassignment is complete once all its targets are in sync (`PartitionReassignmentReplicas`).
    fn complete_reassignment(&mut self) {
        if self.adding.is_empty() && self.removing.is_empty() {
            return;
        }
        let keep = |ids: &[i32]| -> Vec<i32> { ids.iter().copied().filter(|id| !self.removing.contains(id)).collect() };
        let (replicas, isr) = (keep(&self.replicas), keep(&self.isr));
        let complete = !isr.is_empty() && self.adding.iter().all(|id| isr.contains(id));
        // Whoever stays must not lose its place in the ISR by the removal of the others.
        let merged = !replicas.is_empty() && isr.iter().all(|id| replicas.contains(id));
        if complete && merged {
            self.isr = isr;
            self.replicas = replicas;
            self.adding.clear();
            self.removing.clear();
        }
    }

    fn populate_elr(&mut self) {
        if !self.elr_enabled {
            return;
        }
        let enough = self.isr.len() as i64 >= i64::from(self.min_isr);
        if enough && !mutation::is(Mutation::ElrIgnoresMinIsr) {
            self.elr.clear();
            return;
        }
        // A Java hash set: small ids come out in ascending order.
        let mut candidates: Vec<i32> = self.elr.iter().chain(&self.partition.isr).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates.retain(|id| !self.isr.contains(id) && self.unclean_shutdown != Some(*id));
        self.elr = candidates;
    }

    fn is_valid_leader(&self, id: i32, acceptable: &impl Fn(i32) -> bool) -> bool {
        (self.isr.contains(&id) || (self.isr.is_empty() && self.elr.contains(&id))) && acceptable(id)
    }

    fn elect(&self, acceptable: &impl Fn(i32) -> bool) -> Elected {
        let clean = |leader| Elected { leader, unclean: false };
        let valid = |id: &i32| self.is_valid_leader(*id, acceptable);
        let current = self.partition.leader;
        if self.election == Election::Preferred && self.replicas.first().is_some_and(valid) {
            return clean(self.replicas[0]);
        }
        if valid(&current) {
            return clean(current);
        }
        if let Some(id) = self.replicas.iter().copied().find(|id| valid(id)) {
            return clean(id);
        }
        if let Some(leader) = self.last_known_leader(acceptable) {
            return Elected { leader, unclean: true };
        }
        let unclean = || self.replicas.iter().copied().find(|id| acceptable(*id));
        let unclean_allowed = self.election == Election::Unclean || mutation::is(Mutation::UncleanWithoutPermission);
        match if unclean_allowed { unclean() } else { None } {
            Some(leader) => Elected { leader, unclean: true },
            None => clean(NO_LEADER),
        }
    }

    /// With ISR and ELR empty the last known leader is the best there is.
    fn last_known_leader(&self, acceptable: &impl Fn(i32) -> bool) -> Option<i32> {
        match self.partition.last_known_elr[..] {
            [id] if self.elr_enabled && self.isr.is_empty() && self.elr.is_empty() && acceptable(id) => Some(id),
            _ => None,
        }
    }

    fn try_election(&mut self, record: &mut PartitionChange, acceptable: &impl Fn(i32) -> bool) {
        let elected = self.elect(acceptable);
        if elected.leader == self.partition.leader {
            return;
        }
        record.leader = elected.leader;
        if elected.unclean {
            record.isr = Some(vec![elected.leader]);
            if self.partition.leader_recovery_state != 1 {
                record.leader_recovery_state = 1;
                self.recovery_state = 1;
            }
        } else if self.elr.contains(&elected.leader) {
            self.isr = vec![elected.leader];
            self.elr.retain(|id| *id != elected.leader);
        }
    }

    fn put_elr(&mut self, record: &mut PartitionChange) {
        // Only an unclean election has set the ISR so far.
        if record.isr.is_some() || !self.elr_enabled {
            self.elr.clear();
        }
        if self.elr != self.partition.elr {
            record.eligible_leader_replicas = Some(self.elr.clone());
        }
    }

    fn put_last_known_leader(&self, record: &mut PartitionChange) {
        if !self.elr_enabled {
            return;
        }
        let (known, leader) = (&self.partition.last_known_elr, self.partition.leader);
        let emptied = record.isr.as_ref().is_some_and(Vec::is_empty);
        if emptied && known[..] != [leader] {
            record.last_known_elr = Some(vec![leader]);
        } else if (record.leader >= 0 || (leader != NO_LEADER && record.leader != NO_LEADER)) && !known.is_empty() {
            record.last_known_elr = Some(Vec::new());
        }
    }

    fn put_assignment(&self, record: &mut PartitionChange) {
        if self.replicas != self.partition.replicas {
            record.replicas = Some(self.replicas.clone());
        }
        if self.adding != self.partition.adding {
            record.adding_replicas = Some(self.adding.clone());
        }
        if self.removing != self.partition.removing {
            record.removing_replicas = Some(self.removing.clone());
        }
        let of = |ids: &[i32], directories: &[Uuid], id: i32| {
            ids.iter().position(|other| *other == id).and_then(|at| directories.get(at)).copied()
        };
        let old = |id: &i32| of(&self.partition.replicas, &self.partition.directories, *id);
        let directories = match &self.directories {
            Some(directories) => directories.clone(),
            None => self.replicas.iter().map(|id| old(id).unwrap_or_default()).collect(),
        };
        let concerned = self.directories.is_some() || self.replicas != self.partition.replicas;
        if concerned && directories != self.partition.directories {
            record.directories = Some(directories);
        }
    }
}
