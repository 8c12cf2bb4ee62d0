//! Followers' fetching (`ReplicaFetcherThread`): one conversation with each leader broker. Serves the replica manager.
//!
//! Invariant: one fetch is under way to a leader at a time; what diverges from the leader's epochs is cut off before
//! anything is appended.

use super::{Partition, Place, ReplicaManager, Role};
use bytes::Bytes;
use ottla_controller::MetadataImage;
use ottla_log::LogError;
use ottla_wire::{
    ApiKey, BrokerId, ErrorCode, RequestKind, ResponseKind,
    messages::{
        FetchRequest, FetchResponse,
        fetch_request::{FetchPartition, FetchTopic, ReplicaState},
        fetch_response::PartitionData,
    },
};
use ottla_world::mutation::{self, Mutation};
use ottla_world::{ConnectionId, Context, Input, Time};
use std::collections::BTreeMap;

const FETCH_VERSION: i16 = 17;

/// How followers fetch.
#[derive(Clone, Debug)]
pub(crate) struct FetchSettings {
    pub(crate) wait_max_ms: i32,
    pub(crate) min_bytes: i32,
    pub(crate) max_bytes: i32,
    pub(crate) response_max_bytes: i32,
    pub(crate) backoff_ms: u64,
    pub(crate) socket_timeout_ms: u64,
}

#[derive(Clone, Debug, Default)]
struct Conversation {
    connection: Option<ConnectionId>,
    open: bool,
    asked: Option<Asked>,
    correlation_id: i32,
    not_before: Option<Time>,
}

/// A fetch under way: from which offset, in which leader epoch.
#[derive(Clone, Debug)]
struct Asked {
    at: Time,
    offsets: BTreeMap<Place, (i64, i32)>,
}

/// All conversations, by leader.
#[derive(Clone, Debug)]
pub(crate) struct Fetchers {
    settings: FetchSettings,
    client_id: String,
    by_leader: BTreeMap<i32, Conversation>,
    /// Partitions that wait after an error, in the leader epoch that had it.
    delayed: BTreeMap<Place, (Time, i32)>,
}

impl Fetchers {
    pub(crate) fn new(me: i32, settings: FetchSettings) -> Fetchers {
        let client_id = format!("broker-{me}-fetcher-0");
        Fetchers { settings, client_id, by_leader: BTreeMap::new(), delayed: BTreeMap::new() }
    }

    /// Takes an input; true if it was for one of the conversations.
    pub(crate) fn handle(&mut self, cx: &mut Context<'_>, replicas: &mut ReplicaManager, input: &Input) -> bool {
        let id = match input {
            Input::Connected { connection }
            | Input::ConnectFailed { connection, .. }
            | Input::Closed { connection }
            | Input::Frame { connection, .. } => *connection,
            _ => return false,
        };
        let found = self.by_leader.iter_mut().find(|(_, c)| c.connection == Some(id));
        let Some((leader, conversation)) = found else { return false };
        match input {
            Input::Connected { .. } => conversation.open = true,
            Input::Frame { frame, .. } => {
                let leader = *leader;
                let asked = conversation.asked.take();
                self.answer(cx, replicas, leader, asked, frame);
            }
            _ => conversation.lost(cx.now().plus_millis(self.settings.backoff_ms)),
        }
        true
    }

    /// Asks every leader that is not asked yet.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, replicas: &ReplicaManager, image: &MetadataImage, epoch: i64) {
        let now = cx.now();
        self.delayed.retain(|_, (at, _)| *at > now);
        self.by_leader.values_mut().for_each(|c| c.not_before = c.not_before.filter(|at| *at > now));
        let mut wanted: BTreeMap<i32, Vec<Place>> = BTreeMap::new();
        for (place, partition) in &replicas.partitions {
            let leader = partition.state.leader;
            let follows = matches!(partition.role, Role::Follower) && leader >= 0 && leader != replicas.me;
            let epoch = partition.state.leader_epoch;
            if follows && self.delayed.get(place).is_none_or(|(_, delayed)| *delayed < epoch) {
                wanted.entry(leader).or_default().push(*place);
            }
        }
        for (leader, places) in &wanted {
            let Some(port) = image.broker(*leader).and_then(|b| b.address()).map(|(_, port)| port) else { continue };
            let conversation = self.by_leader.entry(*leader).or_default();
            if conversation.not_before.is_some_and(|at| at > now) {
                continue;
            }
            let timeout_ms = self.settings.socket_timeout_ms;
            if conversation.asked.as_ref().is_some_and(|asked| now.millis_since(asked.at) >= timeout_ms) {
                if let Some(connection) = conversation.connection {
                    cx.close(connection);
                }
                conversation.lost(now);
            }
            if conversation.connection.is_none() {
                conversation.connection = Some(cx.connect("localhost", port));
            }
            if let (true, None, Some(connection)) = (conversation.open, &conversation.asked, conversation.connection) {
                let body = self.settings.request(replicas, places, epoch);
                conversation.correlation_id = conversation.correlation_id.wrapping_add(1) & i32::MAX;
                let id = conversation.correlation_id;
                let kind = RequestKind::Fetch(body);
                if let Ok(frame) = ottla_wire::encode_request(FETCH_VERSION, id, Some(&self.client_id), &kind) {
                    cx.send(connection, frame);
                    conversation.asked = Some(Asked { at: now, offsets: offsets(replicas, places) });
                }
            }
        }
        // Nothing to fetch from there any more.
        self.by_leader.retain(|leader, conversation| {
            let silent_ms = self.settings.socket_timeout_ms;
            let awaited = conversation.asked.as_ref().is_some_and(|asked| now.millis_since(asked.at) < silent_ms);
            let keep = wanted.contains_key(leader) || awaited;
            if let (false, Some(connection)) = (keep, conversation.connection) {
                cx.close(connection);
            }
            keep
        });
    }

    /// When it wants to be polled next.
    pub(crate) fn next_wakeup(&self) -> Option<Time> {
        let pauses = self.by_leader.values().filter_map(|c| c.not_before);
        let timeout = self.settings.socket_timeout_ms;
        let answers =
            self.by_leader.values().filter_map(|c| c.asked.as_ref().map(|asked| asked.at.plus_millis(timeout)));
        pauses.chain(answers).chain(self.delayed.values().map(|(at, _)| *at)).min()
    }

    fn answer(
        &mut self,
        cx: &mut Context<'_>,
        replicas: &mut ReplicaManager,
        leader: i32,
        asked: Option<Asked>,
        frame: &Bytes,
    ) {
        let until = cx.now().plus_millis(self.settings.backoff_ms);
        let responses = match ottla_wire::decode_response(ApiKey::Fetch, FETCH_VERSION, frame) {
            Ok((_, ResponseKind::Fetch(FetchResponse { responses, error_code: 0, .. }))) => responses,
            other => {
                let error = other.err().map_or_else(|| "an error".to_owned(), |error| error.to_string());
                cx.note(format!("broker {leader} answered a fetch with {error}"));
                if let Some(conversation) = self.by_leader.get_mut(&leader) {
                    conversation.not_before = Some(until);
                }
                return;
            }
        };
        let offsets = asked.map(|asked| asked.offsets).unwrap_or_default();
        for topic in responses {
            for data in topic.partitions {
                let place = (topic.topic_id, data.partition_index);
                // What was not asked for, or asked for in another state of the log, is not taken.
                let Some(partition) = replicas.partitions.get_mut(&place) else { continue };
                let state = (partition.log.log_end_offset(), partition.state.leader_epoch);
                let follows = matches!(partition.role, Role::Follower) && partition.state.leader == leader;
                if !follows || offsets.get(&place) != Some(&state) {
                    continue;
                }
                if let Err(error) = take(cx, partition, data) {
                    let name = format!("{}-{}", partition.topic, partition.index);
                    match error {
                        Untaken::Refused(error) => cx.note(format!("{name}: leader {leader} says {}", error.name())),
                        Untaken::Log(error) => replicas.note_error(cx, &name, &error),
                    }
                    self.delayed.insert(place, (until, state.1));
                }
                replicas.moved.insert(place);
            }
        }
    }
}

/// From where, and in which leader epoch, these partitions fetch.
fn offsets(replicas: &ReplicaManager, places: &[Place]) -> BTreeMap<Place, (i64, i32)> {
    let state = |place: &Place| {
        let partition = replicas.partitions.get(place)?;
        Some((*place, (partition.log.log_end_offset(), partition.state.leader_epoch)))
    };
    places.iter().filter_map(state).collect()
}

impl Conversation {
    fn lost(&mut self, until: Time) {
        self.connection = None;
        self.open = false;
        self.asked = None;
        self.not_before = Some(until);
    }
}

impl FetchSettings {
    fn request(&self, replicas: &ReplicaManager, places: &[Place], epoch: i64) -> FetchRequest {
        let mut topics: BTreeMap<ottla_wire::Uuid, Vec<FetchPartition>> = BTreeMap::new();
        for place in places {
            let Some(partition) = replicas.partitions.get(place) else { continue };
            let wanted = FetchPartition::default()
                .with_partition(place.1)
                .with_current_leader_epoch(partition.state.leader_epoch)
                .with_fetch_offset(partition.log.log_end_offset())
                .with_last_fetched_epoch(partition.log.latest_epoch().unwrap_or(-1))
                .with_log_start_offset(partition.log.log_start_offset())
                .with_partition_max_bytes(self.max_bytes);
            topics.entry(place.0).or_default().push(wanted);
        }
        let topics = topics.into_iter().map(|(id, all)| FetchTopic::default().with_topic_id(id).with_partitions(all));
        let me = ReplicaState::default().with_replica_id(BrokerId(replicas.me)).with_replica_epoch(epoch);
        FetchRequest::default()
            .with_replica_state(me)
            .with_max_wait_ms(self.wait_max_ms)
            .with_min_bytes(self.min_bytes)
            .with_max_bytes(self.response_max_bytes)
            .with_session_epoch(-1)
            .with_topics(topics.collect())
    }
}

/// Why what a leader sent was not taken.
enum Untaken {
    /// The leader refused.
    Refused(ErrorCode),
    /// The log refused.
    Log(LogError),
}

impl From<LogError> for Untaken {
    fn from(error: LogError) -> Untaken {
        Untaken::Log(error)
    }
}

/// Takes what the leader sent for one partition (`AbstractFetcherThread.processPartitionData`).
fn take(cx: &mut Context<'_>, partition: &mut Partition, data: PartitionData) -> Result<(), Untaken> {
    match ErrorCode::from_code(data.error_code) {
        ErrorCode::None => {}
        ErrorCode::OffsetOutOfRange if data.log_start_offset >= 0 => {
            // Divergence is told apart: so the leader's log starts behind the end of this one.
            let start = data.log_start_offset;
            let (name, end) = (format!("{}-{}", partition.topic, partition.index), partition.log.log_end_offset());
            cx.note(format!("{name}: its end {end} is out of the leader's range, starts anew at {start}"));
            return Ok(partition.log.truncate_fully_and_start_at(cx.disk(), start)?);
        }
        error => return Err(Untaken::Refused(error)),
    }
    if data.diverging_epoch.end_offset >= 0 && mutation::is(Mutation::FollowerKeepsDivergence) {
        return Ok(());
    }
    if data.diverging_epoch.end_offset >= 0 {
        let (epoch, leader_end) = (data.diverging_epoch.epoch, data.diverging_epoch.end_offset);
        let (own, end) = (partition.log.end_offset_for_epoch(epoch), partition.log.log_end_offset());
        let to = if own.is_undefined() { leader_end } else { own.end_offset.min(leader_end) };
        let to = to.min(end);
        cx.note(format!("{}-{}: truncated from {end} to {to}, epoch {epoch}", partition.topic, partition.index));
        return Ok(partition.log.truncate_to(cx.disk(), to)?);
    }
    let records = data.records.unwrap_or_default();
    if !records.is_empty() {
        partition.log.append_as_follower(cx.disk(), records)?;
    }
    let high_watermark = data.high_watermark.min(partition.log.log_end_offset());
    if high_watermark > partition.log.high_watermark() {
        partition.log.set_high_watermark(high_watermark);
    }
    let start = data.log_start_offset.min(partition.log.high_watermark());
    if start > partition.log.log_start_offset() {
        partition.log.advance_log_start(cx.disk(), start)?;
    }
    Ok(())
}
