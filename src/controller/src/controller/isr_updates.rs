//! What happens to partitions when a broker comes, goes or crashed (`ReplicationControlManager.handleBroker*`).
//!
//! Serves registration, heartbeats and fencing. Invariant: after a broker is fenced it is in no ISR and leads nothing.

use super::active::Controller;
use super::partition_change::{Election, PartitionChangeBuilder};
use crate::image::{PartitionState, TopicImage};
use crate::record::{BrokerRegistrationChange, MetadataRecord, UnregisterBroker};
use ottla_world::mutation::{self, Mutation};

/// Which broker comes or goes, for [`Controller::leader_and_isr_updates`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BrokerMove {
    /// It leaves ISRs, and is not elected.
    pub remove: Option<i32>,
    /// It may be elected, though still fenced.
    pub add: Option<i32>,
    /// It may have lost records: it leaves ISRs and ELRs, and is not elected.
    pub unclean_shutdown: Option<i32>,
}

impl Controller {
    /// All partitions that `concerns` says, with their topic and number.
    fn partitions_where<'a>(
        &'a self,
        concerns: impl Fn(&PartitionState) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a TopicImage, i32, &'a PartitionState)> {
        let all = self.image.topics().flat_map(|topic| topic.partitions.iter().map(move |(id, p)| (topic, *id, p)));
        all.filter(move |(_, _, partition)| concerns(partition))
    }

    /// A change builder with what this cluster has switched on.
    pub(super) fn change<'a>(
        &self,
        topic: &TopicImage,
        partition_id: i32,
        partition: &'a PartitionState,
    ) -> PartitionChangeBuilder<'a> {
        let min_isr = self.image.effective_min_isr(&topic.name);
        let builder = PartitionChangeBuilder::new(partition, (topic.id, partition_id), min_isr);
        builder.elr_enabled(self.image.elr_enabled())
    }

    /// Appends the changes of the partitions concerned (`generateLeaderAndIsrUpdates`).
    pub(super) fn leader_and_isr_updates(
        &self,
        records: &mut Vec<MetadataRecord>,
        moved: BrokerMove,
        concerns: impl Fn(&PartitionState) -> bool,
    ) {
        let acceptable = |partition: &PartitionState, id: i32| {
            let gone = moved.remove == Some(id) || moved.unclean_shutdown == Some(id);
            let serves = moved.add == Some(id) || self.image.is_active(id);
            !gone && serves && self.has_directory_of(partition, id)
        };
        for (topic, partition_id, partition) in self.partitions_where(concerns) {
            let stays = |id: &i32| moved.remove != Some(*id) && moved.unclean_shutdown != Some(*id);
            let isr = partition.isr.iter().copied().filter(stays).collect();
            let unclean = self.unclean_election_enabled(&topic.name);
            let change = self
                .change(topic, partition_id, partition)
                .election(if unclean { Election::Unclean } else { Election::Online })
                .unclean_shutdown(moved.unclean_shutdown)
                .target_isr(isr)
                .build(|id| acceptable(partition, id));
            records.extend(change.map(MetadataRecord::PartitionChange));
        }
    }

    fn registration_change(&self, id: i32, fenced: i8, in_controlled_shutdown: i8) -> MetadataRecord {
        MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChange {
            broker_id: id,
            broker_epoch: self.image.broker(id).map_or(-1, |broker| broker.epoch),
            fenced,
            in_controlled_shutdown,
            log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        })
    }

    /// `handleBrokerFenced`.
    pub(super) fn fence_broker(&self, id: i32, records: &mut Vec<MetadataRecord>) {
        let moved = BrokerMove { remove: Some(id), ..BrokerMove::default() };
        self.leader_and_isr_updates(records, moved, |partition| partition.isr.contains(&id));
        records.push(self.registration_change(id, 1, 0));
    }

    /// `handleBrokerUnfenced`: partitions without a leader may have one again.
    pub(super) fn unfence_broker(&self, id: i32, records: &mut Vec<MetadataRecord>) {
        records.push(self.registration_change(id, -1, 0));
        let moved = BrokerMove { add: Some(id), ..BrokerMove::default() };
        self.leader_and_isr_updates(records, moved, |partition| !partition.has_leader());
    }

    /// `handleBrokerInControlledShutdown`.
    pub(super) fn shut_broker_down(&self, id: i32, records: &mut Vec<MetadataRecord>) {
        if self.image.broker(id).is_some_and(|broker| !broker.in_controlled_shutdown) {
            records.push(self.registration_change(id, 0, 1));
        }
        let moved = BrokerMove { remove: Some(id), ..BrokerMove::default() };
        self.leader_and_isr_updates(records, moved, |partition| partition.isr.contains(&id));
    }

    /// A broker registers anew: what its last life left behind (`handleBrokerShutdown`).
    pub(super) fn clean_up_after(&self, id: i32, clean: bool, records: &mut Vec<MetadataRecord>) {
        if mutation::is(Mutation::UncleanShutdownForgiven) {
            return;
        }
        if clean || !self.image.elr_enabled() {
            let moved = BrokerMove { remove: Some(id), ..BrokerMove::default() };
            self.leader_and_isr_updates(records, moved, |partition| partition.isr.contains(&id));
        } else {
            let moved = BrokerMove { unclean_shutdown: Some(id), ..BrokerMove::default() };
            self.leader_and_isr_updates(records, moved, |p| p.isr.contains(&id) || p.elr.contains(&id));
        }
    }

    /// `handleBrokerUnregistered`.
    pub(super) fn unregister(&self, id: i32, broker_epoch: i64, records: &mut Vec<MetadataRecord>) {
        let moved = BrokerMove { remove: Some(id), ..BrokerMove::default() };
        self.leader_and_isr_updates(records, moved, |p| p.isr.contains(&id) || p.elr.contains(&id));
        records.push(MetadataRecord::UnregisterBroker(UnregisterBroker { broker_id: id, broker_epoch }));
    }

    /// Whether a broker leads any partition.
    pub(super) fn has_leaderships(&self, id: i32) -> bool {
        self.partitions_where(|partition| partition.leader == id).next().is_some()
    }
}
