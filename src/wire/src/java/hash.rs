//! `String.hashCode`, and the order in which a `HashMap` of strings is walked.
//!
//! Invariant: the same result as Java for every text, also beyond the Basic Multilingual Plane.

/// Java's `String.hashCode`: over UTF-16 units, wrapping.
pub fn string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// Kafka's `Utils.abs`: 0 for the smallest integer, which has no positive counterpart.
pub fn abs(number: i32) -> i32 {
    number.checked_abs().unwrap_or(0)
}

/// The partition of `__consumer_offsets` (of a group id) or of `__transaction_state` (of a transactional id).
/// `partitions` has to be positive.
pub fn partition_for(id: &str, partitions: i32) -> i32 {
    assert!(partitions > 0, "an internal topic has partitions");
    abs(string_hash(id)) % partitions
}

/// The order in which a `HashMap` built from these keys, in this order, is walked.
///
/// The table is the smallest power of two that holds the keys at a load of 0.75 (observed of `kafka-topics.sh
/// --describe`); a key's bucket mixes the upper half of its hash into the lower; equal buckets keep their order.
pub fn hash_map_order<'a>(keys: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut keys: Vec<&str> = keys.into_iter().collect();
    let count = keys.len() as u64;
    let capacity = count.next_power_of_two();
    let capacity = if 4 * count > 3 * capacity { 2 * capacity } else { capacity };
    keys.sort_by_key(|key| bucket(key, capacity));
    keys
}

fn bucket(key: &str, capacity: u64) -> u64 {
    let hash = string_hash(key) as u32;
    u64::from(hash ^ (hash >> 16)) & (capacity - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_java() {
        let rows = [("", 0), ("a", 97), ("hello", 99_162_322), ("polygenelubricants", i32::MIN), ("😀", 1_772_899)];
        for (text, hash) in rows {
            assert_eq!(string_hash(text), hash, "{text}");
        }
        assert_eq!((abs(i32::MIN), abs(-7), abs(7)), (0, 7, 7));
    }

    #[test]
    fn partitions_of_groups() {
        let rows = [
            ("consumerApplication", 20),
            ("group1", 40),
            ("group2", 39),
            ("group33", 37),
            ("group-first", 42),
            ("group-second", 26),
            ("console-consumer-12345", 6),
            ("my-group", 12),
            ("test", 48),
            ("my-first-application", 18),
            ("foo", 24),
            ("", 0),
            ("polygenelubricants", 0),
        ];
        for (group, partition) in rows {
            assert_eq!(partition_for(group, 50), partition, "{group}");
        }
    }

    #[test]
    fn topics_in_the_order_of_recorded_describes() {
        assert_eq!(
            hash_map_order(["clicks", "invoices", "orders", "payments"]),
            ["clicks", "orders", "invoices", "payments"]
        );
        assert_eq!(hash_map_order(["logs-a", "logs-b"]), ["logs-b", "logs-a"]);
        assert_eq!(hash_map_order(["payments", "orders"]), ["orders", "payments"]);
        assert_eq!(hash_map_order([]), [""; 0]);
    }
}
