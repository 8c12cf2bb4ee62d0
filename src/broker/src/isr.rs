//! ISR changes (`AlterPartitionManager`): the leader proposes, the controller decides. Serves the replica manager;
//! invariant: one proposal a partition is under way, and until it is answered the leader counts with the larger set.

use crate::{
    node::Running,
    replica::{Place, Proposal, Role},
    uplink::Purpose,
};
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind,
    messages::{
        AlterPartitionRequest, AlterPartitionResponse,
        alter_partition_request::{BrokerState, PartitionData, TopicData},
    },
};
use ottla_world::mutation::{self, Mutation};
use ottla_world::{Context, Time};

const ALTER_PARTITION_VERSION: i16 = 3;
/// How long a proposal is tried before it is made anew, in milliseconds.
const TIMEOUT_MS: u64 = 30_000;
/// Pause before a proposal is sent again, in milliseconds (`AlterPartitionManager`).
const RETRY_MS: u64 = 50;

impl Running {
    /// Proposes an ISR to the controller.
    pub(crate) fn propose_isr(&mut self, cx: &mut Context<'_>, place: Place, mut isr: Vec<i32>) {
        // As a Java set iterates: ascending for small ids.
        isr.sort_unstable();
        let Some(partition) = self.replicas.partitions.get_mut(&place) else { return };
        let partition_epoch = partition.state.partition_epoch;
        if isr.len() < partition.state.isr.len() && mutation::is(Mutation::ShrinkWithoutController) {
            partition.state.isr = isr;
            return self.replicas.advance(place, cx.now());
        }
        let Role::Leader(leading) = &mut partition.role else { return };
        leading.proposal = Some(Proposal { isr, partition_epoch });
        self.send_proposal(cx.now(), place, partition_epoch);
    }

    /// Sends a proposal, or sends it once more, while it stands.
    fn send_proposal(&mut self, now: Time, place: Place, partition_epoch: i32) {
        let Some(partition) = self.replicas.partitions.get(&place) else { return };
        let Role::Leader(leading) = &partition.role else { return };
        let Some(proposal) = leading.proposal.as_ref().filter(|p| p.partition_epoch == partition_epoch) else { return };
        let member = |id: &i32| {
            let own = (*id == self.config.node_id).then_some(self.lifecycle.epoch);
            let epoch = own.or_else(|| leading.followers.get(id).map(|f| f.broker_epoch)).unwrap_or(-1);
            BrokerState::default().with_broker_id(BrokerId(*id)).with_broker_epoch(epoch)
        };
        let data = PartitionData::default()
            .with_partition_index(place.1)
            .with_leader_epoch(partition.state.leader_epoch)
            .with_new_isr_with_epochs(proposal.isr.iter().map(member).collect())
            .with_partition_epoch(partition_epoch);
        let request = AlterPartitionRequest::default()
            .with_broker_id(BrokerId(self.config.node_id))
            .with_broker_epoch(self.lifecycle.epoch)
            .with_topics(vec![TopicData::default().with_topic_id(place.0).with_partitions(vec![data])]);
        let purpose = Purpose::AlterPartition(place, partition_epoch);
        let body = RequestKind::AlterPartition(request);
        self.uplink.call(now, purpose, ALTER_PARTITION_VERSION, body, TIMEOUT_MS);
    }

    /// The controller's answer to a proposal (`handleAlterPartitionUpdate`, `handleAlterPartitionError`).
    pub(crate) fn partition_altered(
        &mut self,
        cx: &mut Context<'_>,
        (place, proposed_at): (Place, i32),
        response: &AlterPartitionResponse,
    ) {
        let rows = response.topics.iter().filter(|t| t.topic_id == place.0).flat_map(|t| &t.partitions);
        let row = rows.into_iter().find(|row| row.partition_index == place.1);
        let Some(row) = row.filter(|_| response.error_code == 0) else {
            return self.proposal_unanswered(cx.now(), place, proposed_at);
        };
        let now = cx.now();
        let Some(partition) = self.replicas.partitions.get_mut(&place) else { return };
        let name = format!("{}-{}", partition.topic, partition.index);
        let Role::Leader(leading) = &mut partition.role else { return };
        if leading.proposal.as_ref().is_none_or(|proposal| proposal.partition_epoch != proposed_at) {
            // The metadata log was faster.
            return;
        }
        match ErrorCode::from_code(row.error_code) {
            ErrorCode::None if row.leader_epoch != partition.state.leader_epoch => {
                // It also completed a reassignment: what else has changed stands in the metadata log only.
            }
            ErrorCode::None if row.partition_epoch > partition.state.partition_epoch => {
                leading.proposal = None;
                partition.state.isr = row.isr.iter().map(|id| id.0).collect();
                partition.state.partition_epoch = row.partition_epoch;
                partition.assert_isr();
                cx.note(format!("{name}: ISR {:?}", partition.state.isr));
            }
            ErrorCode::None => leading.proposal = None,
            error @ (ErrorCode::OperationNotAttempted | ErrorCode::IneligibleReplica) => {
                // It was surely not applied, by no controller.
                let refused = leading.proposal.take();
                cx.note(format!("{name}: ISR {:?} refused: {}", refused.map(|p| p.isr), error.name()));
            }
            ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::InvalidRequest
            | ErrorCode::NewLeaderElected => {
                // It may be in force: the metadata log will tell. Until then the larger set counts.
            }
            _ => {
                self.isr_retries.insert((place, proposed_at), now.plus_millis(RETRY_MS));
            }
        }
        self.replicas.moved.insert(place);
        self.replicas.advance(place, now);
    }

    /// Nobody answered, or without an answer to the matter: the proposal may be in force, so it is sent again.
    pub(crate) fn proposal_unanswered(&mut self, now: Time, place: Place, proposed_at: i32) {
        self.isr_retries.insert((place, proposed_at), now.plus_millis(RETRY_MS));
    }

    /// Sends again what is due.
    pub(crate) fn retry_proposals(&mut self, now: Time) {
        let due: Vec<(Place, i32)> =
            self.isr_retries.iter().filter(|(_, at)| **at <= now).map(|(key, _)| *key).collect();
        for (place, proposed_at) in due {
            self.isr_retries.remove(&(place, proposed_at));
            self.send_proposal(now, place, proposed_at);
        }
    }
}
