//! Which partition a record goes to. Serves the accumulator; invariant: records with a key go by murmur2 of the key over
//! all partitions, the others stick to one partition for `batch.size` bytes (KIP-794, Kafka's `BuiltInPartitioner`).

use crate::network::metadata::TopicInfo;
use ottla_records::{murmur2, to_positive};
use ottla_world::Rng;

/// The partition of a key.
pub(crate) fn partition_for_key(key: &[u8], partitions: i32) -> i32 {
    to_positive(murmur2(key)) % partitions
}

/// Partitions to draw from, each up to its share of a running sum.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Loads {
    partitions: Vec<i32>,
    cumulative: Vec<u64>,
}

/// The choice for records without a key, of one topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct StickyPartitioner {
    current: Option<i32>,
    produced_bytes: u64,
    loads: Option<Loads>,
    round_robin: u64,
}

impl StickyPartitioner {
    /// The partition to append to now.
    pub(crate) fn current(&mut self, topic: &TopicInfo, rng: &mut Rng) -> i32 {
        match self.current {
            Some(partition) if topic.partitions.contains_key(&partition) => partition,
            _ => {
                let partition = self.draw(topic, rng);
                self.current = Some(partition);
                self.produced_bytes = 0;
                partition
            }
        }
    }

    /// Bytes went to the current partition; moves on once `batch_size` went there and no unfinished batch waits
    /// (`may_switch`), at twice that at the latest.
    pub(crate) fn produced(&mut self, bytes: u64, batch_size: u64, may_switch: bool, topic: &TopicInfo, rng: &mut Rng) {
        self.produced_bytes += bytes;
        let full = self.produced_bytes >= batch_size && may_switch;
        if full || self.produced_bytes >= batch_size.saturating_mul(2) {
            self.current = Some(self.draw(topic, rng));
            self.produced_bytes = 0;
        }
    }

    /// Takes the lengths of the queues of partitions with a leader: longer ones are drawn less.
    pub(crate) fn set_queues(&mut self, queues: &[(i32, u64)]) {
        let longest = queues.iter().map(|(_, length)| *length).max().unwrap_or(0);
        let even = queues.iter().all(|(_, length)| *length == longest);
        self.loads = (queues.len() >= 2 && !even).then(|| {
            let mut sum = 0;
            let cumulative = queues.iter().map(|(_, length)| {
                sum += longest + 1 - length;
                sum
            });
            Loads { cumulative: cumulative.collect(), partitions: queues.iter().map(|(p, _)| *p).collect() }
        });
    }

    /// The next partition in a circle (`RoundRobinPartitioner`).
    pub(crate) fn round_robin(&mut self, topic: &TopicInfo) -> i32 {
        let available = available(topic);
        let all: Vec<i32> = topic.partitions.keys().copied().collect();
        let pool = if available.is_empty() { all } else { available };
        let partition = pool[usize::try_from(self.round_robin % pool.len() as u64).unwrap_or(0)];
        self.round_robin += 1;
        partition
    }

    fn draw(&self, topic: &TopicInfo, rng: &mut Rng) -> i32 {
        if let Some(loads) = &self.loads {
            let total = loads.cumulative.last().copied().unwrap_or(1);
            let point = rng.below(total);
            let index = loads.cumulative.partition_point(|sum| *sum <= point);
            if let Some(partition) = loads.partitions.get(index).filter(|p| topic.partitions.contains_key(p)) {
                return *partition;
            }
        }
        let mut pool = available(topic);
        if pool.is_empty() {
            pool = topic.partitions.keys().copied().collect();
        }
        pool[usize::try_from(rng.below(pool.len() as u64)).unwrap_or(0)]
    }
}

fn available(topic: &TopicInfo) -> Vec<i32> {
    topic.partitions.iter().filter(|(_, info)| info.leader.is_some()).map(|(id, _)| *id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::metadata::PartitionInfo;

    fn topic(partitions: i32) -> TopicInfo {
        let info = PartitionInfo { leader: Some(1), leader_epoch: Some(0), replicas: vec![1] };
        TopicInfo { partitions: (0..partitions).map(|p| (p, info.clone())).collect(), ..TopicInfo::default() }
    }

    #[test]
    fn keys_go_where_kafka_sends_them() {
        // Key, then its partition of 3, 6, 10 and 12.
        let table: &[(&str, [i32; 4])] = &[
            ("", [0, 3, 1, 9]),
            ("a", [1, 4, 4, 4]),
            ("key", [1, 1, 1, 1]),
            ("key1", [2, 2, 0, 8]),
            ("key2", [2, 5, 1, 11]),
            ("key3", [1, 1, 5, 1]),
            ("another key", [0, 3, 1, 3]),
            ("user_id_1", [0, 0, 8, 0]),
            ("truck_id_123", [2, 2, 6, 2]),
            ("hello", [0, 3, 9, 9]),
            ("0", [2, 2, 6, 8]),
            ("4", [1, 1, 3, 1]),
            ("kafka", [1, 4, 0, 4]),
            ("id_0", [1, 1, 1, 7]),
            ("id_3", [0, 3, 1, 3]),
        ];
        for (key, expected) in table {
            let actual = [3, 6, 10, 12].map(|n| partition_for_key(key.as_bytes(), n));
            assert_eq!(actual, *expected, "{key}");
        }
    }

    #[test]
    fn sticks_for_a_batch_and_then_moves() {
        let (topic, mut rng) = (topic(100), Rng::new(3));
        let mut sticky = StickyPartitioner::default();
        let first = sticky.current(&topic, &mut rng);
        sticky.produced(99, 100, true, &topic, &mut rng);
        assert_eq!(sticky.current(&topic, &mut rng), first);
        sticky.produced(50, 100, false, &topic, &mut rng);
        assert_eq!(sticky.current(&topic, &mut rng), first, "an unfinished batch waits");
        sticky.produced(51, 100, false, &topic, &mut rng);
        assert_ne!(sticky.current(&topic, &mut rng), first, "twice the size");
    }

    #[test]
    fn long_queues_are_drawn_less() {
        let (topic, mut rng) = (topic(2), Rng::new(3));
        let mut sticky = StickyPartitioner::default();
        sticky.set_queues(&[(0, 9), (1, 0)]);
        let drawn = (0..1100).filter(|_| sticky.draw(&topic, &mut rng) == 0).count();
        assert!((60..140).contains(&drawn), "{drawn}");
    }
}
