//! Fetch (`ReplicaManager.fetchMessages`): consumers up to the high watermark or the last stable offset, followers up to the
//! log's end. Serves both; invariant: a follower whose log diverges is told where before it gets a record.

use crate::{
    connections::RequestId,
    node::Running,
    purgatory::DelayedFetch,
    replica::{FollowerFetch, Place, Role},
};
use bytes::Bytes;
use ottla_wire::{
    BrokerId, ErrorCode, ProducerId, ResponseKind,
    messages::{
        FetchRequest, FetchResponse,
        fetch_request::{FetchPartition, FetchTopic},
        fetch_response::{AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData},
    },
};
use ottla_world::Context;
use ottla_world::mutation::{self, Mutation};

/// A full fetch without a session (`FetchMetadata`): the only kind that is served, as a cache without slots would.
const NO_SESSION: i32 = 0;

/// What a fetch found so far.
struct Found {
    response: FetchResponse,
    bytes: u64,
    /// Something that must be said at once: an error or a divergence.
    urgent: bool,
}

/// Who fetches, and how far he may see (`FetchIsolation`).
#[derive(Clone, Copy)]
struct Reader {
    /// A follower: its id and the epoch of its broker.
    follower: Option<(i32, i64)>,
    /// Whether the follower's progress is to be noted: its request has just come.
    fresh: bool,
    /// Transactions that are open or aborted are hidden.
    committed: bool,
    by_id: bool,
}

/// What one partition may give.
#[derive(Clone, Copy)]
struct Room {
    bytes: u64,
    /// The first batch comes even if it is larger (KIP-74).
    min_one: bool,
}

impl Running {
    pub(crate) fn fetch(&mut self, cx: &mut Context<'_>, id: RequestId, version: i16, request: FetchRequest) {
        if request.session_id != NO_SESSION {
            let error = ErrorCode::FetchSessionIdNotFound.code();
            return self.respond(cx, id, ResponseKind::Fetch(FetchResponse::default().with_error_code(error)));
        }
        let found = self.look(cx, version, &request, true);
        let enough = found.bytes >= u64::try_from(request.min_bytes).unwrap_or(0);
        if found.urgent || enough || request.max_wait_ms <= 0 || request.topics.is_empty() {
            return self.respond(cx, id, ResponseKind::Fetch(found.response));
        }
        let deadline = cx.now().plus_millis(request.max_wait_ms.unsigned_abs().into());
        let places = self.places(version, &request);
        self.purgatory.fetches.insert(id, DelayedFetch { deadline, request, version, places });
    }

    /// Answers a waiting fetch if there is enough now, or its time is over.
    pub(crate) fn try_fetch(&mut self, cx: &mut Context<'_>, id: RequestId) {
        let Some(delayed) = self.purgatory.fetches.remove(&id) else { return };
        let found = self.look(cx, delayed.version, &delayed.request, false);
        let enough = found.bytes >= u64::try_from(delayed.request.min_bytes).unwrap_or(0);
        if found.urgent || enough || delayed.deadline <= cx.now() {
            self.respond(cx, id, ResponseKind::Fetch(found.response));
        } else {
            self.purgatory.fetches.insert(id, delayed);
        }
    }

    fn places(&self, version: i16, request: &FetchRequest) -> Vec<Place> {
        let of = |t: &FetchTopic| {
            let id = if version >= 13 { Some(t.topic_id) } else { self.image.topic(&t.topic).map(|t| t.id) };
            let all = t.partitions.iter().map(|p| p.partition).collect::<Vec<_>>();
            id.into_iter().flat_map(move |id| all.clone().into_iter().map(move |p| (id, p))).collect::<Vec<_>>()
        };
        request.topics.iter().flat_map(of).collect()
    }

    /// Reads what is there. A follower's progress is noted first, where this is its fresh request.
    fn look(&mut self, cx: &mut Context<'_>, version: i16, request: &FetchRequest, fresh: bool) -> Found {
        let by_id = version >= 13;
        let reader = Reader { follower: follower_of(request), fresh, committed: request.isolation_level == 1, by_id };
        let most = self.config.number("fetch.max.bytes");
        let mut left = u64::try_from(request.max_bytes).unwrap_or(0).clamp(1, most.max(1));
        let (mut bytes, mut urgent, mut responses) = (0, false, Vec::new());
        for topic in &request.topics {
            let id = if by_id { Some(topic.topic_id) } else { self.image.topic(&topic.topic).map(|t| t.id) };
            let mut rows = Vec::new();
            for wanted in &topic.partitions {
                let room = Room { bytes: left, min_one: bytes == 0 };
                let row = self
                    .read(cx, id, wanted, &reader, room)
                    .unwrap_or_else(|error| self.fetch_refusal(id.map(|id| (id, wanted.partition)), error));
                let size = row.records.as_ref().map_or(0, |r| r.len() as u64);
                bytes += size;
                left = left.saturating_sub(size);
                urgent |= row.error_code != 0 || row.diverging_epoch.end_offset >= 0;
                rows.push(row.with_partition_index(wanted.partition));
            }
            let row = FetchableTopicResponse::default().with_partitions(rows);
            responses.push(if by_id { row.with_topic_id(topic.topic_id) } else { row.with_topic(topic.topic.clone()) });
        }
        Found { response: FetchResponse::default().with_responses(responses), bytes, urgent }
    }

    fn read(
        &mut self,
        cx: &mut Context<'_>,
        topic: Option<ottla_wire::Uuid>,
        wanted: &FetchPartition,
        reader: &Reader,
        room: Room,
    ) -> Result<PartitionData, ErrorCode> {
        let unknown = if reader.by_id { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
        let topic = topic.filter(|id| self.image.topic_by_id(*id).is_some()).ok_or(unknown)?;
        let place = (topic, wanted.partition);
        self.check_fetch(place, wanted)?;
        let partition = self.replicas.partitions.get(&place).ok_or(ErrorCode::NotLeaderOrFollower)?;
        let log = &partition.log;
        let mut row = PartitionData::default()
            .with_high_watermark(log.high_watermark())
            .with_last_stable_offset(log.last_stable_offset())
            .with_log_start_offset(log.log_start_offset())
            .with_preferred_read_replica(BrokerId(-1))
            .with_records(Some(Bytes::new()));
        if wanted.last_fetched_epoch >= 0 && !mutation::is(Mutation::FetchIgnoresLeaderEpoch) {
            let end = log.end_offset_for_epoch(wanted.last_fetched_epoch);
            if end.is_undefined() {
                return Err(ErrorCode::OffsetOutOfRange);
            }
            if end.epoch < wanted.last_fetched_epoch || end.end_offset < wanted.fetch_offset {
                let diverging = EpochEndOffset::default().with_epoch(end.epoch).with_end_offset(end.end_offset);
                return Ok(row.with_diverging_epoch(diverging));
            }
        }
        let bound = match reader.follower {
            Some(_) => log.log_end_offset(),
            None if mutation::is(Mutation::ReadsAboveHighWatermark) => log.log_end_offset(),
            None if reader.committed => log.last_stable_offset(),
            None => log.high_watermark(),
        };
        let most = u64::try_from(wanted.partition_max_bytes).unwrap_or(0).min(room.bytes);
        let read = log.read(cx.disk(), wanted.fetch_offset, most, bound, room.min_one);
        row.records = Some(read.map_err(|error| error.error_code())?);
        if reader.committed {
            let aborted = log.aborted_transactions(wanted.fetch_offset, bound).into_iter().map(|t| {
                let row = AbortedTransaction::default().with_producer_id(ProducerId(t.producer_id));
                row.with_first_offset(t.first_offset)
            });
            row.aborted_transactions = Some(aborted.collect());
        }
        if let (true, Some(follower)) = (reader.fresh, reader.follower) {
            self.follower_fetched(cx, place, follower, wanted)?;
        }
        let high_watermark = self.replicas.partitions.get(&place).map_or(-1, |p| p.log.high_watermark());
        Ok(row.with_high_watermark(high_watermark))
    }

    /// Whether this broker leads the partition in the epoch that the reader knows.
    fn check_fetch(&self, place: Place, wanted: &FetchPartition) -> Result<(), ErrorCode> {
        let exists = self.image.partition_by_id(place.0, place.1).is_some();
        let missing = if exists { ErrorCode::NotLeaderOrFollower } else { ErrorCode::UnknownTopicOrPartition };
        let partition = self.replicas.partitions.get(&place).ok_or(missing)?;
        match (wanted.current_leader_epoch, partition.state.leader_epoch) {
            (theirs, ours) if theirs >= 0 && theirs < ours => Err(ErrorCode::FencedLeaderEpoch),
            (theirs, ours) if theirs > ours => Err(ErrorCode::UnknownLeaderEpoch),
            _ if matches!(partition.role, Role::Leader(_)) => Ok(()),
            _ => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    fn follower_fetched(
        &mut self,
        cx: &mut Context<'_>,
        place: Place,
        (follower, broker_epoch): (i32, i64),
        wanted: &FetchPartition,
    ) -> Result<(), ErrorCode> {
        let now = cx.now();
        let Some(partition) = self.replicas.partitions.get_mut(&place) else { return Ok(()) };
        let (offset, log_start_offset) = (wanted.fetch_offset, wanted.log_start_offset);
        let fetch = FollowerFetch { offset, log_start_offset, broker_epoch };
        if partition.start_of(follower) != Some(log_start_offset) {
            // For those who wait for records to be deleted everywhere.
            self.replicas.moved.insert(place);
        }
        if !partition.follower_fetched(follower, fetch, now) {
            // No replica here, as far as this leader knows: one of them is behind (`followerReplicaOrThrow`).
            return Err(ErrorCode::UnknownLeaderEpoch);
        }
        if partition.may_join_isr(follower, &self.replicas.eligible) {
            let mut isr = partition.state.isr.clone();
            isr.push(follower);
            self.propose_isr(cx, place, isr);
        }
        self.replicas.advance(place, now);
        Ok(())
    }

    fn fetch_refusal(&self, place: Option<Place>, error: ErrorCode) -> PartitionData {
        let partition = place.and_then(|place| self.replicas.partitions.get(&place));
        let row = PartitionData::default()
            .with_error_code(error.code())
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_log_start_offset(partition.map_or(-1, |p| p.log.log_start_offset()))
            .with_preferred_read_replica(BrokerId(-1))
            .with_records(Some(Bytes::new()));
        match place.and_then(|(id, n)| self.image.partition_by_id(id, n)) {
            Some(s) if matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) => {
                let current = LeaderIdAndEpoch::default().with_leader_id(BrokerId(s.leader));
                row.with_current_leader(current.with_leader_epoch(s.leader_epoch))
            }
            _ => row,
        }
    }
}

/// The follower that asks, if it is one, and its broker's epoch (-1 where the request has none).
fn follower_of(request: &FetchRequest) -> Option<(i32, i64)> {
    if request.replica_id.0 >= 0 {
        return Some((request.replica_id.0, -1));
    }
    let state = &request.replica_state;
    (state.replica_id.0 >= 0).then_some((state.replica_id.0, state.replica_epoch))
}
