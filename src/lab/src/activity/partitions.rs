//! The partitions' histories: every change of leader, in-sync replicas and replicas that the controllers committed. Serves
//! lessons; invariant: an idle cluster is not looked at, and what is noted is committed metadata.

use crate::{Cluster, views};
use ottla_controller::{MetadataImage, image::PartitionState};
use ottla_world::{Time, World};
use std::{collections::BTreeMap, sync::Arc};

/// A partition's state, as the metadata had it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionAt {
    /// Its leader; `None` if it had none.
    pub leader: Option<i32>,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// Its replicas, preferred leader first.
    pub replicas: Vec<i32>,
    /// The in-sync replicas.
    pub isr: Vec<i32>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<i32>,
    /// The last known leader, once nobody is in sync.
    pub last_known: Vec<i32>,
    /// Replicas that a reassignment was adding.
    pub adding: Vec<i32>,
    /// Replicas that a reassignment was taking away.
    pub removing: Vec<i32>,
}

/// A change of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionStep {
    /// When it was seen: with the next event after the commit, in a quiet cluster half a second later.
    pub at: Time,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// How it was; `None` if it is new.
    pub before: Option<PartitionAt>,
    /// How it is.
    pub after: PartitionAt,
    /// The brokers that were fenced.
    pub fenced: Vec<i32>,
}

/// A controller decides, the quorum commits: for so long after a decision the metadata are looked at, in milliseconds.
const WATCH_MS: u64 = 3000;
/// How often, in milliseconds.
const LOOK_MS: u64 = 5;
/// So many changes are remembered.
const REMEMBERED: usize = 20_000;

/// All partitions' histories. Checkpoints share what is not changed afterwards.
#[derive(Clone, Debug, Default)]
pub(super) struct Partitions {
    steps: Arc<Vec<PartitionStep>>,
    last: Arc<BTreeMap<(String, i32), (TopicId, PartitionState)>>,
    offset: i64,
    look_at: Option<Time>,
    until: Time,
}

type TopicId = [u8; 16];

impl Partitions {
    pub(super) fn steps(&self) -> &[PartitionStep] {
        &self.steps
    }

    /// A controller has decided something.
    pub(super) fn expect(&mut self, at: Time) {
        self.look_at = Some(at.plus_millis(LOOK_MS));
        self.until = at.plus_millis(WATCH_MS);
    }

    /// Looks at the metadata, if it is time.
    pub(super) fn poll(&mut self, world: &World, cluster: &Cluster) {
        let now = world.now();
        if self.look_at.is_none_or(|at| now < at) {
            return;
        }
        self.look_at = (now < self.until).then(|| now.plus_millis(LOOK_MS));
        let image = views::metadata_of(world, cluster).filter(|image| image.offset() != self.offset);
        if let Some(image) = image {
            self.offset = image.offset();
            self.take(now, &image);
        }
    }

    fn take(&mut self, now: Time, image: &MetadataImage) {
        let fenced: Vec<i32> = image.brokers().values().filter(|b| b.fenced).map(|b| b.id).collect();
        for topic in image.topics().filter(|topic| !topic.name.starts_with("__")) {
            for (partition, state) in &topic.partitions {
                let place = (topic.name.clone(), *partition);
                let id = *topic.id.as_bytes();
                let before = self.last.get(&place).filter(|(known, _)| *known == id).map(|(_, state)| state);
                if before.is_some_and(|before| before.partition_epoch == state.partition_epoch) {
                    continue;
                }
                if self.steps.len() < REMEMBERED {
                    let (before, after) = (before.map(PartitionAt::of), PartitionAt::of(state));
                    let (topic, fenced) = (topic.name.clone(), fenced.clone());
                    Arc::make_mut(&mut self.steps).push(PartitionStep {
                        at: now,
                        topic,
                        partition: *partition,
                        before,
                        after,
                        fenced,
                    });
                }
                Arc::make_mut(&mut self.last).insert(place, (id, state.clone()));
            }
        }
    }
}

impl PartitionAt {
    fn of(state: &PartitionState) -> PartitionAt {
        PartitionAt {
            leader: state.has_leader().then_some(state.leader),
            leader_epoch: state.leader_epoch,
            replicas: state.replicas.clone(),
            isr: state.isr.clone(),
            elr: state.elr.clone(),
            last_known: state.last_known_elr.clone(),
            adding: state.adding.clone(),
            removing: state.removing.clone(),
        }
    }
}
