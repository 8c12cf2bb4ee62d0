//! Fetch (`ReplicaManager.fetchMessages`): consumers up to the high watermark or the last stable offset, followers up to the
//! log's end. Serves both; invariant: an answer is sent when there is enough, something urgent, or the time is over.

mod context;
mod read;
mod selector;

pub(crate) use context::{Fetching, Reader, Terms, Wanted};

use crate::{connections::RequestId, node::Running, purgatory::DelayedFetch, replica::Place};
use ottla_wire::Uuid;
use ottla_wire::{
    ErrorCode, ResponseKind,
    messages::{
        FetchRequest, FetchResponse, TopicName,
        fetch_response::{FetchableTopicResponse, PartitionData},
    },
};
use ottla_world::Context;

/// One partition of what a fetch found.
struct Row {
    place: Option<Place>,
    topic: TopicName,
    id: Uuid,
    data: PartitionData,
    /// The reader has everything, and nothing is to be done for it until something moves.
    settled: bool,
}

/// What a fetch found so far.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    bytes: u64,
    /// Something that must be said at once: an error, a divergence, another replica to read from.
    urgent: bool,
}

impl Found {
    fn add(&mut self, row: Row) {
        self.bytes += row.data.records.as_ref().map_or(0, |records| records.len() as u64);
        self.urgent |= row.data.error_code != 0
            || row.data.diverging_epoch.end_offset >= 0
            || row.data.preferred_read_replica.0 >= 0;
        self.rows.push(row);
    }
}

impl Running {
    pub(crate) fn fetch(&mut self, cx: &mut Context<'_>, id: RequestId, version: i16, request: FetchRequest) {
        self.wake_sessions();
        let terms = Terms::of(&request, version);
        let max_wait_ms = u64::try_from(request.max_wait_ms).unwrap_or(0);
        let what = match self.fetching(cx, &terms, request) {
            Ok(what) => what,
            Err(error) => {
                let response = FetchResponse::default().with_error_code(error.code());
                return self.respond(cx, id, ResponseKind::Fetch(response));
            }
        };
        if let (Fetching::Session(session), Some(connection)) = (&what, self.connections.connection_of(id)) {
            self.attach_session(connection, *session);
        }
        let found = self.look(cx, &terms, &what, true);
        if found.urgent || found.bytes >= terms.min_bytes || max_wait_ms == 0 || what.is_empty() {
            return self.answer_fetch(cx, id, (&terms.reader, &what), found);
        }
        self.let_rest(&what, &found);
        let deadline = cx.now().plus_millis(max_wait_ms);
        self.purgatory.fetches.insert(id, DelayedFetch { deadline, terms, what });
    }

    /// Answers a waiting fetch if there is enough now, or its time is over.
    pub(crate) fn try_fetch(&mut self, cx: &mut Context<'_>, id: RequestId) {
        let Some(delayed) = self.purgatory.fetches.remove(&id) else { return };
        let found = self.look(cx, &delayed.terms, &delayed.what, false);
        if found.urgent || found.bytes >= delayed.terms.min_bytes || delayed.deadline <= cx.now() {
            self.answer_fetch(cx, id, (&delayed.terms.reader, &delayed.what), found);
        } else {
            self.let_rest(&delayed.what, &found);
            self.purgatory.fetches.insert(id, delayed);
        }
    }

    /// Reads what is there: all partitions of a full fetch, those that do not rest of a session. A follower's progress is
    /// noted first, where this is its fresh request.
    fn look(&mut self, cx: &mut Context<'_>, terms: &Terms, what: &Fetching, fresh: bool) -> Found {
        let of_session;
        let all: &[Wanted] = match what {
            Fetching::Alone(all) => all,
            Fetching::Session(id) => {
                self.sessions.looked_at(*id);
                let active = self.sessions.get_mut(*id).map(|session| session.active()).unwrap_or_default();
                let wanted = |(place, partition, known): (Place, _, bool)| Wanted {
                    place: Some(place),
                    topic: TopicName::default(),
                    id: place.0,
                    known,
                    partition,
                };
                of_session = active.into_iter().map(wanted).collect::<Vec<_>>();
                &of_session
            }
        };
        let most = self.config.number("fetch.max.bytes").max(1);
        let most =
            if terms.reader.follower.is_some() { terms.max_bytes.max(1) } else { terms.max_bytes.clamp(1, most) };
        let mut found = Found::default();
        for wanted in all {
            let room = read::Room { bytes: most.saturating_sub(found.bytes), min_one: found.bytes == 0 };
            let (data, settled) = self.read_or_refuse(cx, wanted, &terms.reader, room, fresh);
            let data = data.with_partition_index(wanted.partition.partition);
            found.add(Row { place: wanted.place, topic: wanted.topic.clone(), id: wanted.id, data, settled });
        }
        found
    }

    /// Nothing is said yet: what is at its end waits for something to move.
    fn let_rest(&mut self, what: &Fetching, found: &Found) {
        let Fetching::Session(id) = what else { return };
        let Some(session) = self.sessions.get_mut(*id) else { return };
        for row in found.rows.iter().filter(|row| row.settled) {
            if let Some(place) = row.place {
                session.rest(place, &row.data);
            }
        }
    }

    /// Says everything, or to a session what is new there.
    fn answer_fetch(
        &mut self,
        cx: &mut Context<'_>,
        id: RequestId,
        (reader, what): (&Reader, &Fetching),
        found: Found,
    ) {
        let mut response = FetchResponse::default();
        let mut rows = found.rows;
        if let Fetching::Session(session_id) = what {
            match self.sessions.get_mut(*session_id) {
                Some(session) => {
                    response.session_id = *session_id;
                    rows.retain(|row| {
                        let Some(place) = row.place else { return true };
                        let is_news = session.is_news(place, &row.data);
                        if is_news {
                            session.told(place, &row.data);
                        }
                        if row.settled {
                            session.rest(place, &row.data);
                        }
                        is_news
                    });
                }
                None => {
                    // It lost its slot meanwhile.
                    response.error_code = ErrorCode::FetchSessionIdNotFound.code();
                    rows.clear();
                }
            }
        }
        for row in rows {
            if let (Some(_), Some(place), Some(records)) = (reader.follower, row.place, &row.data.records) {
                self.replicas.throttles.leader.record(place, records.len() as u64, cx.now());
            }
            match response.responses.last_mut() {
                Some(last) if last.topic_id == row.id && last.topic == row.topic => last.partitions.push(row.data),
                _ => response.responses.push(
                    FetchableTopicResponse::default()
                        .with_topic(row.topic)
                        .with_topic_id(row.id)
                        .with_partitions(vec![row.data]),
                ),
            }
        }
        self.respond(cx, id, ResponseKind::Fetch(response));
    }
}
