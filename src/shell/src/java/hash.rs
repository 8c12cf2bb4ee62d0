//! The order of Java's hash sets. Serves tools that print one; invariant: buckets by the spread hash, insertion order within a
//! bucket.

use ottla_client::TopicPartition;
use ottla_wire::java::string_hash;

/// `TopicPartition.hashCode`.
pub fn partition_hash(partition: &TopicPartition) -> i32 {
    (31i32.wrapping_add(partition.partition)).wrapping_mul(31).wrapping_add(string_hash(&partition.topic))
}

/// The order in which a `HashSet` that grew from its default size gives its members back.
pub fn hash_set_order<T>(mut items: Vec<T>, hash: impl Fn(&T) -> i32) -> Vec<T> {
    let mut capacity: u32 = 16;
    while items.len() as u64 > u64::from(capacity) * 3 / 4 {
        capacity *= 2;
    }
    items.sort_by_key(|item| {
        let h = hash(item) as u32;
        (h ^ (h >> 16)) & (capacity - 1)
    });
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_recorded() {
        let set = vec![TopicPartition::new("orders", 0), TopicPartition::new("payments", 0)];
        let order: Vec<String> = hash_set_order(set, partition_hash).iter().map(ToString::to_string).collect();
        assert_eq!(order, ["payments-0", "orders-0"]);
    }
}
