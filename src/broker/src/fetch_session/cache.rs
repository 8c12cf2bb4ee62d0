//! All fetch sessions of a broker (`FetchSessionCache`). Serves the fetch handler; invariant: never more sessions than
//! slots, and a session in use goes only for a follower or for a larger one.

use super::{Session, next_epoch};
use crate::replica::Place;
use ottla_wire::{ErrorCode, messages::FetchRequest};
use ottla_world::{ConnectionId, Rng, Time};
use std::collections::{BTreeMap, BTreeSet};

/// No session (`FetchMetadata.INVALID_SESSION_ID`).
pub(crate) const NO_SESSION: i32 = 0;
/// A full fetch that wants a session (`FetchMetadata.INITIAL_EPOCH`).
const INITIAL_EPOCH: i32 = 0;
/// A full fetch that wants none, or ends one (`FetchMetadata.FINAL_EPOCH`).
const FINAL_EPOCH: i32 = -1;
/// How long a session is safe from larger ones, in milliseconds (`MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`).
const SAFE_MS: u64 = 120_000;

/// What a request wants of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Everything is in the request, nothing is kept.
    Sessionless,
    /// Everything is in the request, and is to be kept.
    Full,
    /// Only what changed is in the request.
    Incremental(i32),
}

/// The sessions, and which of them have partitions where something moved.
#[derive(Clone, Debug)]
pub(crate) struct FetchSessions {
    /// `max.incremental.fetch.session.cache.slots`.
    slots: usize,
    sessions: BTreeMap<i32, Session>,
    woken: BTreeSet<i32>,
    /// By the connection of its last request. In a session without one nothing rests, so it need not be woken: sessions
    /// that were left behind cost their slot and nothing else.
    attached: BTreeMap<ConnectionId, i32>,
}

impl FetchSessions {
    pub(crate) fn new(slots: u64) -> FetchSessions {
        let slots = usize::try_from(slots).unwrap_or(usize::MAX);
        FetchSessions { slots, sessions: BTreeMap::new(), woken: BTreeSet::new(), attached: BTreeMap::new() }
    }

    pub(crate) fn get_mut(&mut self, id: i32) -> Option<&mut Session> {
        self.sessions.get_mut(&id)
    }

    /// When the session in which a follower's replica rests last fetched.
    pub(crate) fn resting_at(&self, follower: i32, place: Place) -> Option<Time> {
        let own = self.sessions.values().filter(|session| session.follower == Some(follower));
        own.filter(|session| session.rests(place)).map(|session| session.last_fetch).max()
    }

    /// Whether something moved in a session since it was last looked at.
    pub(crate) fn is_woken(&self, id: i32) -> bool {
        self.woken.contains(&id)
    }

    /// The session was looked at.
    pub(crate) fn looked_at(&mut self, id: i32) {
        self.woken.remove(&id);
    }

    /// Which kind of fetch a request is, in this version; an incremental one must be the next of a known session
    /// (`FetchManager.newContext`).
    pub(crate) fn kind(&self, request: &FetchRequest, by_id: bool) -> Result<Kind, ErrorCode> {
        match request.session_epoch {
            FINAL_EPOCH => return Ok(Kind::Sessionless),
            INITIAL_EPOCH => return Ok(if by_id { Kind::Full } else { Kind::Sessionless }),
            _ => {}
        }
        let session = self.sessions.get(&request.session_id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.epoch != request.session_epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if !by_id {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        Ok(Kind::Incremental(session.id))
    }

    /// A request of a session came on a connection, for which another session was detached if there was one.
    pub(crate) fn attach(&mut self, connection: ConnectionId, id: i32) {
        self.attached.retain(|_, other| *other != id);
        let before = self.attached.insert(connection, id);
        assert!(before.is_none(), "fetch session {before:?} was not detached");
    }

    /// The session that was used last on a connection.
    pub(crate) fn attached_to(&self, connection: ConnectionId) -> Option<i32> {
        self.attached.get(&connection).copied()
    }

    /// A connection is closed: the followers' partitions that rested in its session, with the moment of its last fetch.
    pub(crate) fn detach(&mut self, connection: ConnectionId) -> Vec<(Place, i32, Time)> {
        let session = self.attached.remove(&connection).and_then(|id| self.sessions.get_mut(&id));
        let Some(session) = session else { return Vec::new() };
        let resting: Vec<Place> = session.resting().collect();
        for place in &resting {
            session.wake(*place);
        }
        let (follower, at) = (session.follower, session.last_fetch);
        resting.into_iter().filter_map(|place| follower.map(|follower| (place, follower, at))).collect()
    }

    /// Ends a session: what rested in it, to be noted as caught up with its last fetch.
    pub(crate) fn end(&mut self, id: i32) -> Option<Session> {
        self.woken.remove(&id);
        self.attached.retain(|_, other| *other != id);
        self.sessions.remove(&id)
    }

    /// Begins a session if there is a slot for it; with it the session that had to go.
    pub(crate) fn begin(
        &mut self,
        rng: &mut Rng,
        follower: Option<i32>,
        size: usize,
        now: Time,
    ) -> (i32, Option<Session>) {
        let evicted = match self.sessions.len() < self.slots {
            true => None,
            false => match self.weakest(follower.is_some(), size, now) {
                Some(id) => self.end(id),
                None => return (NO_SESSION, None),
            },
        };
        let id = loop {
            let id = rng.between(1, i32::MAX.unsigned_abs().into());
            let id = i32::try_from(id).unwrap_or(1);
            if !self.sessions.contains_key(&id) {
                break id;
            }
        };
        self.sessions.insert(id, Session::new(id, follower, now));
        (id, evicted)
    }

    /// The next request of a session came.
    pub(crate) fn advance(&mut self, id: i32) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.epoch = next_epoch(session.epoch);
        }
    }

    /// The session that gives its slot to a new one, if any has to (`FetchSessionCacheShard.tryEvict`): one that was
    /// silent for two minutes; else the smallest of consumers for a follower's, or one that is smaller and older.
    fn weakest(&self, privileged: bool, size: usize, now: Time) -> Option<i32> {
        let oldest = self.sessions.values().min_by_key(|session| (session.last_fetch, session.id))?;
        if now.millis_since(oldest.last_fetch) > SAFE_MS {
            return Some(oldest.id);
        }
        let rank = |session: &Session| (session.follower.is_some(), session.len(), session.id);
        let safe = |session: &&Session| now.millis_since(session.created) <= SAFE_MS;
        let by_followers = self.sessions.values().filter(|session| session.follower.is_none() || !safe(session));
        let by_all = self.sessions.values().filter(|session| !safe(session));
        let weakest = if privileged { by_followers.min_by_key(|s| rank(s)) } else { by_all.min_by_key(|s| rank(s)) }?;
        let (privileged_too, length, _) = rank(weakest);
        ((privileged_too, length) < (privileged, size)).then_some(weakest.id)
    }

    /// Something moved in a partition: the followers it rested for, each with the moment of its last fetch.
    pub(crate) fn wake(&mut self, place: Place) -> Vec<(i32, Time)> {
        let mut rested = Vec::new();
        for id in self.attached.values() {
            let Some(session) = self.sessions.get_mut(id).filter(|session| session.holds(place)) else { continue };
            self.woken.insert(session.id);
            if session.wake(place) {
                rested.extend(session.follower.map(|follower| (follower, session.last_fetch)));
            }
        }
        rested
    }
}
