//! A proposal (Kafka's `AdminUtils.assignReplicasToBrokers`, without racks). Serves `--generate`; invariant: the replicas of a partition
//! are on different brokers, and leaders go around.

use super::plan::{Plan, failed};
use ottla_client::{JavaError, TopicPartition};
use ottla_world::Rng;

/// New replicas for all partitions of a topic, as many as before.
pub fn propose(
    plan: &mut Plan,
    topic: &str,
    partitions: i32,
    factor: usize,
    brokers: &[i32],
    rng: &mut Rng,
) -> Result<(), JavaError> {
    let count = brokers.len();
    if factor > count {
        let message = format!("Replication factor: {factor} larger than available brokers: {count}.");
        return Err(JavaError::kafka("InvalidReplicationFactorException", message));
    }
    if count == 0 {
        return Err(failed("Broker list cannot be empty"));
    }
    let draw = |rng: &mut Rng| usize::try_from(rng.below(count as u64)).unwrap_or(0);
    let (start, mut shift) = (draw(rng), draw(rng));
    for partition in 0..partitions {
        let at = usize::try_from(partition).unwrap_or(0);
        if at > 0 && at % count == 0 {
            shift += 1;
        }
        let first = (at + start) % count;
        let mut replicas = vec![brokers[first]];
        for replica in 0..factor.saturating_sub(1) {
            let step = 1 + (shift + replica) % (count - 1);
            replicas.push(brokers[(first + step) % count]);
        }
        plan.insert(TopicPartition::new(topic, partition), replicas);
    }
    Ok(())
}
