//! What a fetch is about (`FetchManager.newContext`): all that is in the request, or a session with what changed since.
//! Serves the fetch handler; invariant: a follower that rested in a session is noted as caught up with its last fetch
//! before anything else is concluded from its progress.

use crate::{
    fetch_session::{Kind, NO_SESSION, Session},
    node::Running,
    replica::Place,
};
use ottla_wire::{
    ErrorCode, Uuid,
    messages::{
        FetchRequest, TopicName,
        fetch_request::{FetchPartition, FetchTopic},
    },
};
use ottla_world::{ConnectionId, Context};

/// Who fetches, and how far he may see (`FetchParams`).
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    /// A follower: its id and the epoch of its broker (-1 where the request has none).
    pub(crate) follower: Option<(i32, i64)>,
    /// Transactions that are open or aborted are hidden.
    pub(crate) committed: bool,
    pub(crate) by_id: bool,
    /// A consumer that may read from followers, and its rack (KIP-392).
    pub(crate) rack: Option<String>,
}

/// The terms of a fetch.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) reader: Reader,
    pub(crate) min_bytes: u64,
    pub(crate) max_bytes: u64,
}

/// A partition to read.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Where it is; nothing if there is no such topic.
    pub(crate) place: Option<Place>,
    /// As in the request: by name or by id.
    pub(crate) topic: TopicName,
    pub(crate) id: Uuid,
    /// Whether its topic was known when it was asked for; one that was not has no name here.
    pub(crate) known: bool,
    pub(crate) partition: FetchPartition,
}

/// What is fetched.
#[derive(Clone, Debug)]
pub(crate) enum Fetching {
    /// What stands in the request.
    Alone(Vec<Wanted>),
    /// What a session holds.
    Session(i32),
}

impl Fetching {
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Fetching::Alone(all) if all.is_empty())
    }

    /// The partitions that a fetch without a session waits for.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        let all = match self {
            Fetching::Alone(all) => all.as_slice(),
            Fetching::Session(_) => &[],
        };
        all.iter().filter_map(|wanted| wanted.place)
    }
}

impl Terms {
    pub(crate) fn of(request: &FetchRequest, version: i16) -> Terms {
        let follower = follower_of(request);
        let reader = Reader {
            follower,
            committed: request.isolation_level == 1,
            by_id: version >= 13,
            rack: (version >= 11 && follower.is_none()).then(|| request.rack_id.to_string()),
        };
        let bytes = |n: i32| u64::try_from(n).unwrap_or(0);
        Terms { reader, min_bytes: bytes(request.min_bytes), max_bytes: bytes(request.max_bytes) }
    }
}

/// The follower that asks, if it is one, and its broker's epoch.
fn follower_of(request: &FetchRequest) -> Option<(i32, i64)> {
    if request.replica_id.0 >= 0 {
        return Some((request.replica_id.0, -1));
    }
    let state = &request.replica_state;
    (state.replica_id.0 >= 0).then_some((state.replica_id.0, state.replica_epoch))
}

impl Running {
    /// Finds or begins the session of a request, and brings it up to date.
    pub(super) fn fetching(
        &mut self,
        cx: &mut Context<'_>,
        terms: &Terms,
        request: FetchRequest,
    ) -> Result<Fetching, ErrorCode> {
        let now = cx.now();
        let kind = self.sessions.kind(&request, terms.reader.by_id)?;
        let id = match kind {
            Kind::Incremental(id) => {
                self.sessions.advance(id);
                id
            }
            Kind::Sessionless | Kind::Full => {
                self.end_session(request.session_id);
                if kind == Kind::Sessionless {
                    return Ok(Fetching::Alone(self.wanted(terms, request.topics)));
                }
                let follower = terms.reader.follower.map(|(id, _)| id);
                let size = request.topics.iter().map(|topic| topic.partitions.len()).sum();
                let (id, evicted) = self.sessions.begin(cx.rng(), follower, size, now);
                if let Some(evicted) = evicted {
                    self.session_ended(&evicted);
                }
                if size == 0 || id == NO_SESSION {
                    self.end_session(id);
                    return Ok(Fetching::Alone(self.wanted(terms, request.topics)));
                }
                id
            }
        };
        self.update_session(id, request);
        match self.sessions.get_mut(id) {
            Some(session) if !session.is_empty() => {
                session.last_fetch = now;
                Ok(Fetching::Session(id))
            }
            _ => {
                self.end_session(id);
                Ok(Fetching::Alone(Vec::new()))
            }
        }
    }

    fn wanted(&self, terms: &Terms, topics: Vec<FetchTopic>) -> Vec<Wanted> {
        let mut all = Vec::new();
        for topic in topics {
            let id = match terms.reader.by_id {
                true => Some(topic.topic_id).filter(|id| self.image.topic_by_id(*id).is_some()),
                false => self.image.topic(&topic.topic).map(|t| t.id),
            };
            for partition in topic.partitions {
                let place = id.map(|id| (id, partition.partition));
                all.push(Wanted {
                    place,
                    topic: topic.topic.clone(),
                    id: topic.topic_id,
                    known: id.is_some(),
                    partition,
                });
            }
        }
        all
    }

    /// Takes over what a request says that changed.
    fn update_session(&mut self, id: i32, request: FetchRequest) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let mut rested = Vec::new();
        let (follower, last_fetch) = (session.follower, session.last_fetch);
        for topic in request.topics {
            let known = self.image.topic_by_id(topic.topic_id).is_some();
            for partition in topic.partitions {
                let place = (topic.topic_id, partition.partition);
                rested.extend(session.rests(place).then_some(place));
                session.ask(place, partition, known);
            }
        }
        for topic in request.forgotten_topics_data {
            for place in topic.partitions.into_iter().map(|index| (topic.topic_id, index)) {
                rested.extend(session.rests(place).then_some(place));
                session.forget(place);
            }
        }
        for place in rested {
            self.replicas.rested(place, follower, last_fetch);
        }
    }

    fn end_session(&mut self, id: i32) {
        if let Some(session) = self.sessions.end(id) {
            self.session_ended(&session);
        }
    }

    fn session_ended(&mut self, session: &Session) {
        for place in session.resting() {
            self.replicas.rested(place, session.follower, session.last_fetch);
        }
    }

    /// A connection is used for a session from now on.
    pub(super) fn attach_session(&mut self, connection: ConnectionId, id: i32) {
        if self.sessions.attached_to(connection).is_some_and(|other| other != id) {
            self.detach_session(connection);
        }
        self.sessions.attach(connection, id);
    }

    /// A connection is closed: nothing rests any more in the session that was used on it.
    pub(crate) fn detach_session(&mut self, connection: ConnectionId) {
        self.wake_sessions();
        for (place, follower, last_fetch) in self.sessions.detach(connection) {
            self.replicas.rested(place, Some(follower), last_fetch);
        }
    }

    /// Tells the sessions where something moved.
    pub(crate) fn wake_sessions(&mut self) {
        for place in self.replicas.moved.clone() {
            for (follower, last_fetch) in self.sessions.wake(place) {
                self.replicas.rested(place, Some(follower), last_fetch);
            }
        }
    }
}
