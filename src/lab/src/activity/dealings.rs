//! What clients were refused, waited for or never heard of. Serves lessons; invariant: read off the clients' own frames.

use ottla_world::{Pid, Time};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Something that a client asked for and was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When the client heard of it.
    pub at: Time,
    /// The client.
    pub pid: Pid,
    /// What was asked: `Produce`, `CreateTopics`.
    pub api: &'static str,
    /// The topic.
    pub topic: String,
    /// The error, by its Kafka name.
    pub error: String,
}

/// A topic that a client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// When a broker was asked.
    pub at: Time,
    /// The client.
    pub pid: Pid,
    /// The topics.
    pub topics: Vec<String>,
    /// When an answer came, if one did.
    pub answered: Option<Time>,
}

/// A consumer that asked for what lies at a high watermark, and was given nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// When it last was given nothing.
    pub at: Time,
    /// The consumer that waited.
    pub pid: Pid,
}

/// A place in a partition.
type Place = (String, i32);

/// So many refusals, creations and places are remembered.
const REMEMBERED: usize = 2000;

/// Everything of that kind. Checkpoints share what is not changed afterwards.
#[derive(Clone, Debug, Default)]
pub struct Dealings {
    refusals: Arc<Vec<Refusal>>,
    creations: Arc<Vec<Creation>>,
    waits: Arc<BTreeMap<Place, BTreeMap<i64, Waited>>>,
    answered: Arc<BTreeMap<Pid, BTreeSet<i32>>>,
}

impl Dealings {
    /// What was refused, in order.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// Topics asked for, in order.
    pub fn creations(&self) -> &[Creation] {
        &self.creations
    }

    /// Where consumers were last given nothing, by partition and high watermark.
    pub fn waits(&self) -> &BTreeMap<Place, BTreeMap<i64, Waited>> {
        &self.waits
    }

    /// The nodes that have answered a client.
    pub fn answered(&self, pid: Pid) -> impl Iterator<Item = i32> {
        self.answered.get(&pid).into_iter().flatten().copied()
    }

    /// A node has answered a client.
    pub(super) fn answer(&mut self, pid: Pid, node: i32) {
        Arc::make_mut(&mut self.answered).entry(pid).or_default().insert(node);
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        if self.refusals.len() < REMEMBERED {
            Arc::make_mut(&mut self.refusals).push(refusal);
        }
    }

    pub(super) fn create(&mut self, at: Time, pid: Pid, topics: Vec<String>) {
        if self.creations.len() < REMEMBERED {
            Arc::make_mut(&mut self.creations).push(Creation { at, pid, topics, answered: None });
        }
    }

    pub(super) fn created(&mut self, at: Time, pid: Pid) {
        if let Some(creation) = Arc::make_mut(&mut self.creations).iter_mut().rev().find(|c| c.pid == pid) {
            creation.answered = Some(at);
        }
    }

    /// A consumer was given nothing at the high watermark.
    pub(super) fn wait(&mut self, at: Time, pid: Pid, place: &Place, high_watermark: i64) {
        let waits = Arc::make_mut(&mut self.waits);
        if !waits.contains_key(place) {
            waits.insert(place.clone(), BTreeMap::new());
        }
        if let Some(waits) = waits.get_mut(place)
            && (waits.len() < REMEMBERED || waits.contains_key(&high_watermark))
        {
            waits.insert(high_watermark, Waited { at, pid });
        }
    }
}
