//! Fetch (`ReplicaManager.fetchMessages`): consumers up to the high watermark, followers up to the log's end. Serves both;
//! invariant: a follower whose log diverges is told where before it gets a record.

use crate::{
    connections::RequestId,
    node::Running,
    purgatory::DelayedFetch,
    replica::{Place, Role},
};
use bytes::Bytes;
use ottla_wire::{
    BrokerId, ErrorCode, ResponseKind,
    messages::{
        FetchRequest, FetchResponse,
        fetch_request::FetchPartition,
        fetch_response::{EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData},
    },
};
use ottla_world::Context;

/// What a fetch found so far.
struct Found {
    response: FetchResponse,
    bytes: u64,
    /// Something that must be said at once: an error or a divergence.
    urgent: bool,
}

impl Running {
    pub(crate) fn fetch(&mut self, cx: &mut Context<'_>, id: RequestId, version: i16, request: FetchRequest) {
        let follower = follower_of(&request);
        let found = self.look(cx, version, &request, follower);
        let enough = found.bytes >= u64::try_from(request.min_bytes).unwrap_or(0);
        if found.urgent || enough || request.max_wait_ms <= 0 || request.topics.is_empty() {
            return self.respond(cx, id, ResponseKind::Fetch(found.response));
        }
        let deadline = cx.now().plus_millis(request.max_wait_ms as u64);
        let places = self.places(version, &request);
        self.purgatory.fetches.insert(id, DelayedFetch { deadline, request, version, places });
    }

    /// Answers a waiting fetch if there is enough now, or its time is over.
    pub(crate) fn try_fetch(&mut self, cx: &mut Context<'_>, id: RequestId) {
        let Some(delayed) = self.purgatory.fetches.remove(&id) else { return };
        let found = self.look(cx, delayed.version, &delayed.request, None);
        let enough = found.bytes >= u64::try_from(delayed.request.min_bytes).unwrap_or(0);
        if found.urgent || enough || delayed.deadline <= cx.now() {
            self.respond(cx, id, ResponseKind::Fetch(found.response));
        } else {
            self.purgatory.fetches.insert(id, delayed);
        }
    }

    fn places(&self, version: i16, request: &FetchRequest) -> Vec<Place> {
        let of = |t: &ottla_wire::messages::fetch_request::FetchTopic| {
            let id = if version >= 13 { Some(t.topic_id) } else { self.image.topic(&t.topic).map(|t| t.id) };
            let all = t.partitions.iter().map(|p| p.partition).collect::<Vec<_>>();
            id.into_iter().flat_map(move |id| all.clone().into_iter().map(move |p| (id, p))).collect::<Vec<_>>()
        };
        request.topics.iter().flat_map(of).collect()
    }

    /// Reads what is there. `follower` is told of its progress first, where this is its fresh request.
    fn look(&mut self, cx: &mut Context<'_>, version: i16, request: &FetchRequest, fresh: Option<i32>) -> Found {
        let mut left = u64::try_from(request.max_bytes).unwrap_or(0).max(1);
        let (mut bytes, mut urgent, mut responses) = (0, false, Vec::new());
        let is_follower = follower_of(request).is_some();
        for topic in &request.topics {
            let id = if version >= 13 { Some(topic.topic_id) } else { self.image.topic(&topic.topic).map(|t| t.id) };
            let known = id.filter(|id| self.image.topic_by_id(*id).is_some());
            let mut rows = Vec::new();
            for wanted in &topic.partitions {
                let unknown =
                    if version >= 13 { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
                let row = match known {
                    None => Err(unknown),
                    Some(id) => self.read(cx, (id, wanted.partition), wanted, fresh, is_follower, left, bytes == 0),
                };
                let row = row.unwrap_or_else(|error| self.refusal(known.map(|id| (id, wanted.partition)), error));
                let size = row.records.as_ref().map_or(0, |r| r.len() as u64);
                bytes += size;
                left = left.saturating_sub(size);
                urgent |= row.error_code != 0 || row.diverging_epoch.end_offset >= 0;
                rows.push(row.with_partition_index(wanted.partition));
            }
            let mut row = FetchableTopicResponse::default().with_partitions(rows);
            if version >= 13 {
                row = row.with_topic_id(topic.topic_id);
            } else {
                row = row.with_topic(topic.topic.clone());
            }
            responses.push(row);
        }
        Found { response: FetchResponse::default().with_responses(responses), bytes, urgent }
    }

    #[allow(clippy::too_many_arguments, reason = "one read, as Kafka's readFromLog has it")]
    fn read(
        &mut self,
        cx: &mut Context<'_>,
        place: Place,
        wanted: &FetchPartition,
        fresh: Option<i32>,
        is_follower: bool,
        left: u64,
        first: bool,
    ) -> Result<PartitionData, ErrorCode> {
        let exists = self.image.partition_by_id(place.0, place.1).is_some();
        let missing = if exists { ErrorCode::NotLeaderOrFollower } else { ErrorCode::UnknownTopicOrPartition };
        let partition = self.replicas.partitions.get(&place).ok_or(missing)?;
        let epoch = partition.state.leader_epoch;
        match wanted.current_leader_epoch {
            -1 => {}
            theirs if theirs < epoch => return Err(ErrorCode::FencedLeaderEpoch),
            theirs if theirs > epoch => return Err(ErrorCode::UnknownLeaderEpoch),
            _ => {}
        }
        if !matches!(partition.role, Role::Leader(_)) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let log = &partition.log;
        let row = PartitionData::default()
            .with_high_watermark(log.high_watermark())
            .with_last_stable_offset(log.last_stable_offset())
            .with_log_start_offset(log.log_start_offset())
            .with_preferred_read_replica(BrokerId(-1))
            .with_records(Some(Bytes::new()));
        if wanted.last_fetched_epoch >= 0 {
            let end = log.end_offset_for_epoch(wanted.last_fetched_epoch);
            if end.is_undefined() {
                return Err(ErrorCode::OffsetOutOfRange);
            }
            if end.epoch < wanted.last_fetched_epoch || end.end_offset < wanted.fetch_offset {
                let diverging = EpochEndOffset::default().with_epoch(end.epoch).with_end_offset(end.end_offset);
                return Ok(row.with_diverging_epoch(diverging));
            }
        }
        let bound = if is_follower { log.log_end_offset() } else { log.high_watermark() };
        let most = u64::try_from(wanted.partition_max_bytes).unwrap_or(0).min(left);
        let records = if wanted.fetch_offset > bound && wanted.fetch_offset <= log.log_end_offset() {
            // Above the high watermark and within the log: nothing yet.
            Bytes::new()
        } else {
            log.read(cx.disk(), wanted.fetch_offset, most, bound, first).map_err(|e| e.error_code())?
        };
        if let Some(follower) = fresh {
            self.follower_fetched(cx, place, follower, wanted);
        }
        let high_watermark = self.replicas.partitions.get(&place).map_or(-1, |p| p.log.high_watermark());
        Ok(row.with_records(Some(records)).with_high_watermark(high_watermark))
    }

    fn follower_fetched(&mut self, cx: &mut Context<'_>, place: Place, follower: i32, wanted: &FetchPartition) {
        let now = cx.now();
        let Some(partition) = self.replicas.partitions.get_mut(&place) else { return };
        if !partition.follower_fetched(follower, wanted.fetch_offset, wanted.log_start_offset, now) {
            return;
        }
        if partition.may_join_isr(follower) && self.image.is_active(follower) {
            let mut isr = partition.state.isr.clone();
            isr.push(follower);
            self.propose_isr(cx, place, isr);
        }
        self.replicas.advance(place);
    }

    fn refusal(&self, place: Option<Place>, error: ErrorCode) -> PartitionData {
        let state = place.and_then(|(id, n)| self.image.partition_by_id(id, n));
        let row = PartitionData::default()
            .with_error_code(error.code())
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_log_start_offset(
                place.and_then(|p| self.replicas.partitions.get(&p)).map_or(-1, |p| p.log.log_start_offset()),
            )
            .with_preferred_read_replica(BrokerId(-1))
            .with_records(Some(Bytes::new()));
        match state {
            Some(s) if matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) => {
                let current =
                    LeaderIdAndEpoch::default().with_leader_id(BrokerId(s.leader)).with_leader_epoch(s.leader_epoch);
                row.with_current_leader(current)
            }
            _ => row,
        }
    }
}

/// The follower that asks, if it is one.
fn follower_of(request: &FetchRequest) -> Option<i32> {
    let id = if request.replica_id.0 >= 0 { request.replica_id.0 } else { request.replica_state.replica_id.0 };
    (id >= 0).then_some(id)
}
