//! Incremental fetch sessions (`FetchSession`, KIP-227): what a leader remembers of one fetcher, so that a fetch names
//! only what changed and an answer holds only what is new. Serves the fetch handler.
//!
//! Invariant: a partition of a session that is not in `active` rests: nothing has moved there since it was looked at, the
//! fetcher had all of it and knows its marks, and if the fetcher is a follower, it is in the ISR. So a fetch costs nothing
//! for it, and the moment of the session's last fetch is the moment it was last caught up.

mod cache;

pub(crate) use cache::{FetchSessions, Kind, NO_SESSION};

use crate::replica::Place;
use ottla_wire::messages::{fetch_request::FetchPartition, fetch_response::PartitionData};
use ottla_world::Time;
use std::collections::BTreeMap;

/// What a session holds of one partition (`CachedPartition`).
#[derive(Clone, Debug)]
pub(crate) struct Cached {
    /// As asked for last.
    pub(crate) wanted: FetchPartition,
    /// Whether its topic was ever known here.
    known: bool,
    /// High watermark and log start offset as the fetcher was last told; nothing after an error.
    told: Option<(i64, i64)>,
    /// Its place in the order in which partitions are served: one that gave records goes to the end.
    turn: u64,
}

/// One fetcher's session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: i32,
    /// The epoch its next request must have.
    pub(crate) epoch: i32,
    /// The follower that fetches, if it is one.
    pub(crate) follower: Option<i32>,
    created: Time,
    /// When its last request came.
    pub(crate) last_fetch: Time,
    partitions: BTreeMap<Place, Cached>,
    /// What does not rest, by turn.
    active: BTreeMap<u64, Place>,
    next_turn: u64,
}

/// The epoch after `epoch` (`FetchMetadata.nextEpoch`): 0 stands for a full fetch and does not come again.
pub(crate) fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        ..0 => -1,
        i32::MAX => 1,
        _ => epoch + 1,
    }
}

impl Session {
    fn new(id: i32, follower: Option<i32>, now: Time) -> Session {
        let (partitions, active) = (BTreeMap::new(), BTreeMap::new());
        Session { id, epoch: 1, follower, created: now, last_fetch: now, partitions, active, next_turn: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    pub(crate) fn holds(&self, place: Place) -> bool {
        self.partitions.contains_key(&place)
    }

    /// Partitions that rest.
    pub(crate) fn resting(&self) -> impl Iterator<Item = Place> {
        self.partitions.iter().filter(|(_, cached)| !self.active.contains_key(&cached.turn)).map(|(place, _)| *place)
    }

    /// Whether a partition rests.
    pub(crate) fn rests(&self, place: Place) -> bool {
        self.partitions.get(&place).is_some_and(|cached| !self.active.contains_key(&cached.turn))
    }

    /// Partitions to look at, in their turn, with whether their topic was ever known.
    pub(crate) fn active(&self) -> Vec<(Place, FetchPartition, bool)> {
        let wanted = |place: &Place| {
            let cached = self.partitions.get(place)?;
            Some((*place, cached.wanted.clone(), cached.known))
        };
        self.active.values().filter_map(wanted).collect()
    }

    /// Takes what a request says of a partition, of a topic that is known now or not. It has to be looked at.
    pub(crate) fn ask(&mut self, place: Place, wanted: FetchPartition, known: bool) {
        let turn = self.next_turn;
        let cached = self.partitions.entry(place).or_insert_with(|| {
            self.next_turn += 1;
            Cached { wanted: wanted.clone(), known, told: None, turn }
        });
        let goes_on = cached.wanted.current_leader_epoch == wanted.current_leader_epoch
            && cached.wanted.fetch_offset <= wanted.fetch_offset;
        if !goes_on {
            // A fetcher that begins anew may have thrown the answer away.
            cached.told = None;
        }
        cached.wanted = wanted;
        cached.known |= known;
        self.active.insert(cached.turn, place);
    }

    pub(crate) fn forget(&mut self, place: Place) {
        if let Some(cached) = self.partitions.remove(&place) {
            self.active.remove(&cached.turn);
        }
    }

    /// Something moved there; true if it rested.
    fn wake(&mut self, place: Place) -> bool {
        let Some(cached) = self.partitions.get(&place) else { return false };
        self.active.insert(cached.turn, place).is_none()
    }

    /// Whether a row says anything new (`CachedPartition.maybeUpdateResponseData`).
    pub(crate) fn is_news(&self, place: Place, row: &PartitionData) -> bool {
        let told = self.partitions.get(&place).and_then(|cached| cached.told);
        !is_quiet(row) || told != Some((row.high_watermark, row.log_start_offset))
    }

    /// A row is in the answer: it will be known, and what gave records is served last the next time.
    pub(crate) fn told(&mut self, place: Place, row: &PartitionData) {
        let Some(cached) = self.partitions.get_mut(&place) else { return };
        cached.known |= row.error_code == 0;
        cached.told = (row.error_code == 0).then_some((row.high_watermark, row.log_start_offset));
        if row.records.as_ref().is_some_and(|records| !records.is_empty()) {
            self.active.remove(&cached.turn);
            cached.turn = self.next_turn;
            self.next_turn += 1;
            self.active.insert(cached.turn, place);
        }
    }

    /// Lets a partition rest until something moves, as there is nothing new to say of it.
    pub(crate) fn rest(&mut self, place: Place, row: &PartitionData) {
        if self.is_news(place, row) {
            return;
        }
        if let Some(cached) = self.partitions.get(&place) {
            self.active.remove(&cached.turn);
        }
    }

    /// How many partitions it has.
    fn len(&self) -> usize {
        self.partitions.len()
    }
}

/// No records, no error, no word about other replicas.
fn is_quiet(row: &PartitionData) -> bool {
    row.error_code == 0
        && row.records.as_ref().is_none_or(|records| records.is_empty())
        && row.preferred_read_replica.0 < 0
        && row.diverging_epoch.end_offset < 0
}

#[cfg(test)]
mod tests;
