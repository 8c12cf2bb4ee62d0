//! Requests that wait for something (`DelayedOperationPurgatory`). Serves produce and fetch; invariant: each is answered
//! once, when its condition holds or its time is over.

use crate::{connections::RequestId, replica::Place};
use ottla_wire::messages::{FetchRequest, ProduceResponse};
use ottla_world::Time;
use std::collections::BTreeMap;

/// A produce request with acks=all that waits for its replicas.
#[derive(Clone, Debug)]
pub(crate) struct DelayedProduce {
    pub(crate) deadline: Time,
    /// The high watermark each partition has to reach.
    pub(crate) waits_for: BTreeMap<Place, i64>,
    pub(crate) response: ProduceResponse,
    /// Topic and partition in the response of each place.
    pub(crate) slots: BTreeMap<Place, (usize, usize)>,
}

/// A fetch that waits for bytes.
#[derive(Clone, Debug)]
pub(crate) struct DelayedFetch {
    pub(crate) deadline: Time,
    pub(crate) request: FetchRequest,
    pub(crate) version: i16,
    pub(crate) places: Vec<Place>,
}

/// All that wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Purgatory {
    pub(crate) produces: BTreeMap<RequestId, DelayedProduce>,
    pub(crate) fetches: BTreeMap<RequestId, DelayedFetch>,
}

impl Purgatory {
    pub(crate) fn next_wakeup(&self) -> Option<Time> {
        let produces = self.produces.values().map(|p| p.deadline);
        produces.chain(self.fetches.values().map(|f| f.deadline)).min()
    }

    /// Forgets those nobody waits for.
    pub(crate) fn keep(&mut self, is_waiting: impl Fn(RequestId) -> bool) {
        self.produces.retain(|id, _| is_waiting(*id));
        self.fetches.retain(|id, _| is_waiting(*id));
    }
}
