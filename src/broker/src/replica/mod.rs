//! The partitions on this broker (`ReplicaManager`). Serves requests, fetchers and metadata changes.
//!
//! Invariant: what a partition is follows the metadata log alone; records reach a log as leader's append or as fetched from
//! the leader, nothing else.

mod apply;
mod checkpoints;
pub(crate) mod fetcher;
mod follower;
mod partition;
mod throttle;

pub(crate) use follower::{FollowerFetch, FollowerState};
pub(crate) use partition::{Eligible, Partition, Proposal, Role};

use checkpoints::Checkpoints;
use ottla_controller::{MetadataImage, image::ConfigResource};
use ottla_log::{LogConfig, LogError};
use ottla_wire::Uuid;
use ottla_world::{Context, Disk, Time};
use std::collections::{BTreeMap, BTreeSet};
use throttle::Throttles;

/// A partition's place: topic id and number.
pub(crate) type Place = (Uuid, i32);

/// All partitions.
#[derive(Clone, Debug)]
pub(crate) struct ReplicaManager {
    pub(crate) me: i32,
    log_dir: String,
    pub(crate) partitions: BTreeMap<Place, Partition>,
    checkpoints: Checkpoints,
    /// Files of logs that were deleted, to be removed in a while.
    pub(crate) doomed: Vec<String>,
    clean: bool,
    /// Partitions where something moved since the last look: what waits for them is looked at again.
    pub(crate) moved: BTreeSet<Place>,
    /// Broker-wide log settings by the topic setting's name.
    broker_defaults: BTreeMap<String, String>,
    /// Who may be in sync.
    pub(crate) eligible: Eligible,
    /// How fast replicas may catch up.
    pub(crate) throttles: Throttles,
    /// Settings changed in the metadata since they were looked at.
    pub(crate) reconfigured: bool,
    /// Whether an image was applied since the start.
    started: bool,
}

impl ReplicaManager {
    pub(crate) fn new(me: i32, log_dir: &str, disk: &Disk, settings: &BTreeMap<String, String>, clean: bool) -> Self {
        let mut broker_defaults = BTreeMap::new();
        for key in ottla_wire::config::topic_configs() {
            let mut set = key.synonyms.iter().filter_map(|s| settings.get(s.name).map(|value| s.convert(value)));
            if let Some(value) = set.next() {
                broker_defaults.insert(key.name.to_owned(), value);
            }
        }
        let lag_ms = settings.get("replica.lag.time.max.ms").and_then(|ms| ms.trim().parse().ok()).unwrap_or(30_000);
        ReplicaManager {
            me,
            log_dir: log_dir.to_owned(),
            partitions: BTreeMap::new(),
            checkpoints: Checkpoints::load(disk, log_dir),
            doomed: Vec::new(),
            clean,
            moved: BTreeSet::new(),
            broker_defaults,
            eligible: Eligible { epochs: BTreeMap::new(), lag_ms },
            throttles: Throttles::default(),
            reconfigured: true,
            started: false,
        }
    }

    /// Whether the logs on the disk were opened: before the first image nothing is known of them.
    pub(crate) fn is_loaded(&self) -> bool {
        self.started
    }

    pub(crate) fn by_name(&self, image: &MetadataImage, topic: &str, index: i32) -> Option<&Partition> {
        self.partitions.get(&(image.topic(topic)?.id, index))
    }

    /// The settings of a topic's logs.
    pub(crate) fn log_config(&self, image: &MetadataImage, topic: &str) -> LogConfig {
        let mut all = self.broker_defaults.clone();
        for key in ottla_wire::config::topic_configs() {
            // A broker setting in the metadata, in the unit of the topic setting.
            for synonym in key.synonyms.iter().rev() {
                if let Some((value, _)) = image.broker_config(self.me, synonym.name) {
                    all.insert(key.name.to_owned(), synonym.convert(value));
                }
            }
        }
        if let Some(own) = image.configs(&ConfigResource::Topic(topic.to_owned())) {
            all.extend(own.clone());
        }
        LogConfig::from_configs(&all).unwrap_or_default()
    }

    /// A follower rested in its fetch session up to `last_fetch`.
    pub(crate) fn rested(&mut self, place: Place, follower: Option<i32>, last_fetch: Time) {
        if let (Some(follower), Some(partition)) = (follower, self.partitions.get_mut(&place)) {
            partition.rested(follower, last_fetch);
        }
    }

    /// Moves a partition's high watermark if its followers allow.
    pub(crate) fn advance(&mut self, place: Place, now: Time) {
        let Some(partition) = self.partitions.get_mut(&place) else { return };
        if partition.advance_high_watermark(now, &self.eligible) {
            self.moved.insert(place);
        }
        partition.assert_marks();
    }

    /// Notes why a log refused.
    pub(crate) fn note_error(&mut self, cx: &mut Context<'_>, name: &str, error: &LogError) {
        cx.note(format!("{name}: {error}"));
    }

    /// Followers that fell behind: the ISRs to propose.
    pub(crate) fn shrink(&mut self, lag_ms: u64, now: Time) -> Vec<(Place, Vec<i32>)> {
        let me = self.me;
        let smaller = |(place, p): (&Place, &Partition)| {
            let late = p.laggards(me, lag_ms, now);
            let isr = p.state.isr.iter().filter(|id| !late.contains(id)).copied().collect();
            (!late.is_empty()).then_some((*place, isr))
        };
        self.partitions.iter().filter_map(smaller).collect()
    }
}
