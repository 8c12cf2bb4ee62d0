//! Copies a broker's state for pictures. Serves the lab; invariant: reading only.

use crate::{
    BrokerView, FollowerProgress, PartitionView, ReplicaMarks, ReplicaRole,
    node::Running,
    replica::{Partition, Role},
};
use std::collections::BTreeMap;

fn marks_of(p: &Partition) -> ReplicaMarks<'_> {
    ReplicaMarks {
        topic: &p.topic,
        topic_id: p.topic_id,
        partition: p.index,
        is_leader: p.is_leader(),
        leader_epoch: p.state.leader_epoch,
        high_watermark: p.log.high_watermark(),
        log_end_offset: p.log.log_end_offset(),
        log: &p.log,
    }
}

impl Running {
    pub(crate) fn marks(&self) -> impl Iterator<Item = ReplicaMarks<'_>> {
        self.replicas.partitions.values().map(marks_of)
    }

    pub(crate) fn replica_marks(&self, topic: &str, partition: i32) -> Option<ReplicaMarks<'_>> {
        self.replicas.by_name(&self.image, topic, partition).map(marks_of)
    }

    pub(crate) fn view(&self) -> BrokerView {
        let mut partitions: Vec<PartitionView> =
            self.replicas.partitions.values().map(|p| self.partition_view(p)).collect();
        partitions.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        BrokerView {
            node_id: self.config.node_id,
            state: self.lifecycle.state(),
            epoch: self.lifecycle.epoch,
            controller_id: self.controller_id(),
            metadata_offset: self.metadata_offset(),
            metadata: self.image.clone(),
            partitions,
            groups: self.groups.views(),
        }
    }

    fn partition_view(&self, p: &Partition) -> PartitionView {
        let (role, followers) = match &p.role {
            Role::Leader(leading) => {
                let progress = leading.followers.iter().map(|(id, f)| {
                    // One that rests in its session is caught up as of the session's last fetch.
                    let resting = self.sessions.resting_at(*id, (p.topic_id, p.index)).unwrap_or(f.last_caught_up);
                    let progress = FollowerProgress {
                        log_end_offset: f.log_end_offset,
                        log_start_offset: f.log_start_offset,
                        last_caught_up_us: f.last_caught_up.max(resting).as_micros(),
                    };
                    (*id, progress)
                });
                (ReplicaRole::Leader, progress.collect())
            }
            Role::Follower if p.state.leader < 0 => (ReplicaRole::Offline, BTreeMap::new()),
            Role::Follower => (ReplicaRole::Follower, BTreeMap::new()),
            Role::Offline => (ReplicaRole::Offline, BTreeMap::new()),
        };
        PartitionView {
            topic: p.topic.clone(),
            topic_id: p.topic_id,
            partition: p.index,
            role,
            leader: p.state.leader,
            leader_epoch: p.state.leader_epoch,
            partition_epoch: p.state.partition_epoch,
            replicas: p.state.replicas.clone(),
            isr: p.state.isr.clone(),
            maximal_isr: p.maximal_isr(),
            log_start_offset: p.log.log_start_offset(),
            high_watermark: p.log.high_watermark(),
            log_end_offset: p.log.log_end_offset(),
            size_bytes: p.log.size_bytes(),
            segments: p.log.segments().map(|s| (s.base_offset, s.size_bytes)).collect(),
            followers,
        }
    }
}
