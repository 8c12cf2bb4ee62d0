//! ISR changes (`AlterPartitionManager`): the leader proposes, the controller decides. Serves the replica manager;
//! invariant: one proposal a partition is under way, and until it is answered the leader counts with the larger set.

use crate::{
    node::Running,
    replica::{Place, Role},
    uplink::Purpose,
};
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind,
    messages::{
        AlterPartitionRequest, AlterPartitionResponse,
        alter_partition_request::{BrokerState, PartitionData, TopicData},
    },
};
use ottla_world::Context;

const ALTER_PARTITION_VERSION: i16 = 3;
/// How long a proposal is tried, in milliseconds.
const TIMEOUT_MS: u64 = 30_000;

impl Running {
    /// Proposes an ISR to the controller.
    pub(crate) fn propose_isr(&mut self, cx: &mut Context<'_>, place: Place, mut isr: Vec<i32>) {
        // As a Java set iterates: ascending for small ids.
        isr.sort_unstable();
        let Some(partition) = self.replicas.partitions.get_mut(&place) else { return };
        let Role::Leader(leading) = &mut partition.role else { return };
        leading.proposed_isr = Some(isr.clone());
        let member = |id: &i32| {
            let epoch = if *id == self.config.node_id {
                self.lifecycle.epoch
            } else {
                self.image.broker(*id).map_or(-1, |b| b.epoch)
            };
            BrokerState::default().with_broker_id(BrokerId(*id)).with_broker_epoch(epoch)
        };
        let data = PartitionData::default()
            .with_partition_index(place.1)
            .with_leader_epoch(partition.state.leader_epoch)
            .with_new_isr_with_epochs(isr.iter().map(member).collect())
            .with_partition_epoch(partition.state.partition_epoch);
        let request = AlterPartitionRequest::default()
            .with_broker_id(BrokerId(self.config.node_id))
            .with_broker_epoch(self.lifecycle.epoch)
            .with_topics(vec![TopicData::default().with_topic_id(place.0).with_partitions(vec![data])]);
        let body = RequestKind::AlterPartition(request);
        self.uplink.call(cx.now(), Purpose::AlterPartition, ALTER_PARTITION_VERSION, body, TIMEOUT_MS);
    }

    /// The controller's answer to proposals.
    pub(crate) fn partition_altered(&mut self, cx: &mut Context<'_>, response: &AlterPartitionResponse) {
        if response.error_code != 0 {
            return self.withdraw_proposals();
        }
        for topic in &response.topics {
            for data in &topic.partitions {
                let place = (topic.topic_id, data.partition_index);
                let Some(partition) = self.replicas.partitions.get_mut(&place) else { continue };
                let name = format!("{}-{}", partition.topic, partition.index);
                let Role::Leader(leading) = &mut partition.role else { continue };
                let proposed = leading.proposed_isr.take();
                match ErrorCode::from_code(data.error_code) {
                    ErrorCode::None if data.partition_epoch > partition.state.partition_epoch => {
                        partition.state.isr = data.isr.iter().map(|id| id.0).collect();
                        partition.state.partition_epoch = data.partition_epoch;
                        cx.note(format!("{name}: ISR {:?}", partition.state.isr));
                    }
                    ErrorCode::None => {}
                    error => cx.note(format!("{name}: ISR {proposed:?} refused: {}", error.name())),
                }
                self.replicas.moved.insert(place);
                self.replicas.advance(place);
            }
        }
    }

    /// Nobody answered: followers that still qualify are proposed again.
    pub(crate) fn withdraw_proposals(&mut self) {
        for partition in self.replicas.partitions.values_mut() {
            if let Role::Leader(leading) = &mut partition.role {
                leading.proposed_isr = None;
            }
        }
    }
}
