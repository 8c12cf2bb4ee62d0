//! How much of each log is drawn. Serves the cluster picture; invariant: what is not drawn is counted, never left out.

use ottla_lab::protocol::{BrokerCard, ReplicaStrip};

/// The most replicas that are drawn with their records.
pub const MOST_STRIPS: usize = 40;
/// The most replicas that have a row of their own.
pub const MOST_ROWS: usize = 400;

/// How replicas are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Density {
    /// Each with its last records.
    Strips,
    /// Each as a row of words and a bar.
    Rows,
    /// Each topic as one row with counts.
    Topics,
}

impl Density {
    /// What fits so many replicas.
    pub fn of(replicas: usize) -> Self {
        if replicas <= MOST_STRIPS {
            Self::Strips
        } else if replicas <= MOST_ROWS {
            Self::Rows
        } else {
            Self::Topics
        }
    }
}

/// Kafka's own topics begin with two underscores.
pub fn is_internal(topic: &str) -> bool {
    topic.starts_with("__")
}

/// The replicas of a broker that are shown.
pub fn shown(broker: &BrokerCard, internal: bool) -> impl Iterator<Item = &ReplicaStrip> {
    broker.replicas.iter().filter(move |replica| internal || !is_internal(&replica.topic))
}

/// A topic's replicas on one broker, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicCount {
    /// The topic.
    pub topic: String,
    /// Its replicas on this broker.
    pub replicas: usize,
    /// Of these, leaders.
    pub leaders: usize,
    /// Of these, in sync.
    pub in_sync: usize,
    /// Records between log start and log end.
    pub records: i64,
}

/// Counts replicas by topic, in the order of the topics' first replicas.
pub fn by_topic<'a>(replicas: impl Iterator<Item = &'a ReplicaStrip>) -> Vec<TopicCount> {
    let mut counts: Vec<TopicCount> = Vec::new();
    for replica in replicas {
        if counts.last().is_none_or(|last| last.topic != replica.topic) {
            let topic = replica.topic.clone();
            counts.push(TopicCount { topic, replicas: 0, leaders: 0, in_sync: 0, records: 0 });
        }
        if let Some(count) = counts.last_mut() {
            count.replicas += 1;
            count.leaders += usize::from(replica.is_leader);
            count.in_sync += usize::from(replica.in_sync);
            count.records += replica.log_end_offset - replica.log_start_offset;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(topic: &str, partition: i32, is_leader: bool) -> ReplicaStrip {
        ReplicaStrip {
            topic: topic.into(),
            partition,
            is_leader,
            in_sync: true,
            leader_epoch: 0,
            log_start_offset: 2,
            high_watermark: 5,
            log_end_offset: 5,
            ..ReplicaStrip::default()
        }
    }

    #[test]
    fn many_replicas_are_drawn_coarser() {
        let table = [(0, Density::Strips), (40, Density::Strips), (41, Density::Rows), (401, Density::Topics)];
        for (count, density) in table {
            assert_eq!(Density::of(count), density);
        }
    }

    #[test]
    fn topics_are_counted() {
        let all = [replica("a", 0, true), replica("a", 1, false), replica("b", 0, false)];
        let counts = by_topic(all.iter());
        assert_eq!(counts.len(), 2);
        assert_eq!((counts[0].replicas, counts[0].leaders, counts[0].in_sync, counts[0].records), (2, 1, 2, 6));
        assert!(is_internal("__consumer_offsets") && !is_internal("_x"));
    }
}
