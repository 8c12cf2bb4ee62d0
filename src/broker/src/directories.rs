//! Tells the controller in which log directory this broker's replicas lie (`AssignmentsManager`, KIP-858).
//!
//! Serves the node. Invariant: a directory in the metadata that is not the replica's own is put right; one request at a time.

use crate::{node::Running, uplink::Purpose};
use ottla_wire::messages::assign_replicas_to_dirs_request::{DirectoryData, PartitionData, TopicData};
use ottla_wire::{BrokerId, RequestKind, Uuid, messages::AssignReplicasToDirsRequest};
use ottla_world::Time;
use std::collections::BTreeMap;

/// How long such a request is tried, in milliseconds (`request.timeout.ms`).
const TIMEOUT_MS: u64 = 60_000;

impl Running {
    /// Asks for the replicas whose directory the metadata have wrong: a broker that got a new disk has another one.
    pub(crate) fn claim_directories(&mut self, now: Time) {
        if self.lifecycle.epoch < 0 || self.uplink.has(&Purpose::Directories) {
            return;
        }
        let (me, mine) = (self.config.node_id, self.lifecycle.directory_id());
        let mut wrong: BTreeMap<Uuid, Vec<PartitionData>> = BTreeMap::new();
        for ((topic, index), partition) in &self.replicas.partitions {
            if partition.state.directory(me).is_some_and(|directory| directory != mine) {
                wrong.entry(*topic).or_default().push(PartitionData::default().with_partition_index(*index));
            }
        }
        if wrong.is_empty() {
            return;
        }
        let topic = |(id, list)| TopicData::default().with_topic_id(id).with_partitions(list);
        let directory = DirectoryData::default().with_id(mine).with_topics(wrong.into_iter().map(topic).collect());
        let request = AssignReplicasToDirsRequest::default()
            .with_broker_id(BrokerId(me))
            .with_broker_epoch(self.lifecycle.epoch)
            .with_directories(vec![directory]);
        self.uplink.call(now, Purpose::Directories, 0, RequestKind::AssignReplicasToDirs(request), TIMEOUT_MS);
    }
}
