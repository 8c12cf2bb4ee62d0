//! Which replica a consumer should read from (`ReplicaManager.findPreferredReadReplica`, KIP-392). Serves the fetch
//! handler; invariant: only in-sync replicas that have the offset are named, and the leader never names itself.

use super::Reader;
use crate::{
    node::Running,
    replica::{FollowerState, Partition, Role},
};

/// The one selector there is beside the leader itself.
const RACK_AWARE: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

impl Running {
    /// The replica to read from instead of this leader: the most caught-up one in the consumer's rack, unless the leader
    /// stands there itself (`RackAwareReplicaSelector`).
    pub(super) fn preferred_read_replica(&self, partition: &Partition, offset: i64, reader: &Reader) -> Option<i32> {
        let rack = reader.rack.as_deref().filter(|rack| !rack.is_empty())?;
        if self.config.setting("replica.selector.class") != Some(RACK_AWARE) {
            return None;
        }
        let Role::Leader(leading) = &partition.role else { return None };
        let in_rack = |id: i32| self.image.broker(id).is_some_and(|b| !b.fenced && b.rack.as_deref() == Some(rack));
        if in_rack(self.config.node_id) {
            return None;
        }
        let candidates = leading.followers.iter().filter(|(id, follower)| {
            partition.state.isr.contains(id)
                && in_rack(**id)
                && follower.log_end_offset >= offset
                && (0..=offset).contains(&follower.log_start_offset)
        });
        // Of several the one with the longest log, then the one caught up last, then the greatest id.
        let place = (partition.topic_id, partition.index);
        let rank = |(id, follower): &(&i32, &FollowerState)| {
            let resting = self.sessions.resting_at(**id, place).unwrap_or_default();
            (follower.log_end_offset, follower.last_caught_up.max(resting), **id)
        };
        candidates.max_by_key(rank).map(|(id, _)| *id)
    }
}
