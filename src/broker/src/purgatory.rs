//! Requests that wait for something (`DelayedOperationPurgatory`). Serves produce and fetch; invariant: each is answered
//! once, when its condition holds or its time is over.

use crate::{
    connections::RequestId,
    fetch_session::FetchSessions,
    handlers::{Fetching, Terms},
    replica::Place,
};
use ottla_wire::messages::{DeleteRecordsResponse, ProduceResponse};
use ottla_world::Time;
use std::collections::{BTreeMap, BTreeSet};

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
    pub(crate) terms: Terms,
    pub(crate) what: Fetching,
}

/// A request to delete records that waits for the other replicas.
#[derive(Clone, Debug)]
pub(crate) struct DelayedDelete {
    pub(crate) deadline: Time,
    /// The log start offset each partition has to reach, with topic and partition in the response.
    pub(crate) waits_for: BTreeMap<Place, (i64, usize, usize)>,
    pub(crate) response: DeleteRecordsResponse,
}

impl DelayedFetch {
    /// Whether something moved in what it waits for.
    fn is_woken(&self, moved: &BTreeSet<Place>, sessions: &FetchSessions) -> bool {
        match &self.what {
            Fetching::Session(id) => sessions.is_woken(*id),
            Fetching::Alone(_) => self.what.places().any(|at| moved.contains(&at)),
        }
    }
}

/// All that wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Purgatory {
    pub(crate) produces: BTreeMap<RequestId, DelayedProduce>,
    pub(crate) fetches: BTreeMap<RequestId, DelayedFetch>,
    pub(crate) deletes: BTreeMap<RequestId, DelayedDelete>,
}

/// Requests to look at again.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) produces: Vec<RequestId>,
    pub(crate) fetches: Vec<RequestId>,
    pub(crate) deletes: Vec<RequestId>,
}

impl Purgatory {
    pub(crate) fn next_wakeup(&self) -> Option<Time> {
        let produces = self.produces.values().map(|p| p.deadline);
        let deletes = self.deletes.values().map(|d| d.deadline);
        produces.chain(self.fetches.values().map(|f| f.deadline)).chain(deletes).min()
    }

    /// Forgets those nobody waits for.
    pub(crate) fn keep(&mut self, is_waiting: impl Fn(RequestId) -> bool) {
        self.produces.retain(|id, _| is_waiting(*id));
        self.fetches.retain(|id, _| is_waiting(*id));
        self.deletes.retain(|id, _| is_waiting(*id));
    }

    /// The requests to look at again: those that wait for one of `moved`, and those whose time is over.
    pub(crate) fn due(&self, moved: &BTreeSet<Place>, sessions: &FetchSessions, now: Time) -> Due {
        let produces = self.produces.iter();
        let produces = produces.filter(|(_, p)| p.deadline <= now || p.waits_for.keys().any(|at| moved.contains(at)));
        let fetches = self.fetches.iter();
        let fetches = fetches.filter(|(_, f)| f.deadline <= now || f.is_woken(moved, sessions));
        let deletes = self.deletes.iter();
        let deletes = deletes.filter(|(_, d)| d.deadline <= now || d.waits_for.keys().any(|at| moved.contains(at)));
        Due {
            produces: produces.map(|(id, _)| *id).collect(),
            fetches: fetches.map(|(id, _)| *id).collect(),
            deletes: deletes.map(|(id, _)| *id).collect(),
        }
    }
}
