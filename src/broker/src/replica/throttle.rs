//! How fast replicas may catch up (`ReplicationQuotaManager`): a rate for what this broker gives as leader and one for what it
//! takes as follower, and the partitions they hold for. Serves fetches on both sides.
//!
//! Invariant: nothing is held back but for replicas that are marked and not in sync; the rate is that of the last eleven
//! seconds (`replication.quota.window.num`, `replication.quota.window.size.seconds`).

use super::Place;
use ottla_controller::{MetadataImage, image::ConfigResource};
use ottla_wire::Uuid;
use ottla_world::Time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Samples that count.
const SAMPLES: u64 = 11;
/// How long a sample is, in milliseconds.
const SAMPLE_MS: u64 = 1000;

/// Bytes by second (`SimpleRate`).
#[derive(Clone, Debug, Default)]
struct Window {
    /// When each sample began, and its bytes.
    samples: VecDeque<(Time, u64)>,
}

impl Window {
    fn forget_old(&mut self, now: Time) {
        while self.samples.front().is_some_and(|(at, _)| now.millis_since(*at) >= SAMPLES * SAMPLE_MS) {
            self.samples.pop_front();
        }
    }

    fn record(&mut self, bytes: u64, now: Time) {
        self.forget_old(now);
        match self.samples.back_mut() {
            Some((at, sum)) if now.millis_since(*at) < SAMPLE_MS => *sum += bytes,
            _ => self.samples.push_back((now, bytes)),
        }
    }

    /// Whether more than `rate` bytes a second came since the oldest sample began, or in the last second if that is longer.
    fn exceeds(&self, rate: u64, now: Time) -> bool {
        let recent = || self.samples.iter().filter(|(at, _)| now.millis_since(*at) < SAMPLES * SAMPLE_MS);
        let bytes: u64 = recent().map(|(_, bytes)| bytes).sum();
        let elapsed_ms = recent().next().map_or(0, |(at, _)| now.millis_since(*at)).max(SAMPLE_MS);
        u128::from(bytes) * 1000 > u128::from(rate) * u128::from(elapsed_ms)
    }
}

/// Which partitions of a topic are throttled here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Marked {
    All,
    Some(BTreeSet<i32>),
}

/// One direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplicationQuota {
    /// Bytes a second; without one there is no limit.
    rate: Option<u64>,
    topics: BTreeMap<Uuid, Marked>,
    window: Window,
}

impl ReplicationQuota {
    /// Whether a partition is marked for it.
    pub(crate) fn is_throttled(&self, place: Place) -> bool {
        match self.topics.get(&place.0) {
            Some(Marked::All) => true,
            Some(Marked::Some(partitions)) => partitions.contains(&place.1),
            None => false,
        }
    }

    /// Whether a replica that is not in sync has to wait.
    pub(crate) fn holds_back(&self, place: Place, now: Time) -> bool {
        self.is_throttled(place) && self.rate.is_some_and(|rate| self.window.exceeds(rate, now))
    }

    /// Counts what went over the wire for a partition, if it is marked.
    pub(crate) fn record(&mut self, place: Place, bytes: u64, now: Time) {
        if bytes > 0 && self.is_throttled(place) {
            self.window.record(bytes, now);
        }
    }

    fn configure(&mut self, me: i32, image: &MetadataImage, rate_key: &str, replicas_key: &str) {
        self.rate = image.broker_config(me, rate_key).and_then(|(value, _)| value.trim().parse().ok());
        self.topics.clear();
        for resource in image.configured_resources() {
            let ConfigResource::Topic(name) = resource else { continue };
            let Some(list) = image.config(resource, replicas_key) else { continue };
            if let Some(topic) = image.topic(name) {
                self.topics.insert(topic.id, marked(list, me));
            }
        }
    }
}

/// Reads `partition:broker,…`, or `*` for all (`TopicConfigHandler.parseThrottledPartitions`).
fn marked(list: &str, me: i32) -> Marked {
    if list.trim() == "*" {
        return Marked::All;
    }
    let pairs = list.split(',').filter_map(|pair| pair.trim().split_once(':'));
    let mine = pairs.filter(|(_, broker)| broker.parse() == Ok(me)).filter_map(|(partition, _)| partition.parse().ok());
    Marked::Some(mine.collect())
}

/// Both directions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Throttles {
    pub(crate) leader: ReplicationQuota,
    pub(crate) follower: ReplicationQuota,
}

impl Throttles {
    /// Takes over the settings of the metadata.
    pub(crate) fn configure(&mut self, me: i32, image: &MetadataImage) {
        let of = |role: &str| {
            [format!("{role}.replication.throttled.rate"), format!("{role}.replication.throttled.replicas")]
        };
        let [leader, follower] = [of("leader"), of("follower")];
        self.leader.configure(me, image, &leader[0], &leader[1]);
        self.follower.configure(me, image, &follower[0], &follower[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_name_partitions_of_brokers() {
        let some = |all: &[i32]| Marked::Some(all.iter().copied().collect());
        let table = [
            ("*", Marked::All),
            ("0:1,3:2,7:1", some(&[0, 7])),
            ("0:2", some(&[])),
            ("", some(&[])),
            ("x:1,2:1", some(&[2])),
        ];
        for (list, expected) in table {
            assert_eq!(marked(list, 1), expected, "{list}");
        }
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let at = Time::from_millis;
        let mut window = Window::default();
        assert!(!window.exceeds(0, at(0)), "nothing came");
        // A million bytes at once, at a limit of a hundred thousand a second.
        window.record(1_000_000, at(500));
        let allowed_again = (0..30_000).step_by(100).find(|ms| !window.exceeds(100_000, at(500 + ms)));
        assert_eq!(allowed_again, Some(10_000));
        // At a lower limit it is forgotten before it is allowed.
        let forgotten = (0..30_000).step_by(100).find(|ms| !window.exceeds(10, at(500 + ms)));
        assert_eq!(forgotten, Some(11_000));
        // What comes at the limit may come.
        let mut window = Window::default();
        for second in 0..60 {
            window.record(1000, at(second * 1000));
            assert!(!window.exceeds(1000, at(second * 1000 + 1000)), "second {second}");
            assert!(window.samples.len() <= 11);
        }
    }
}
