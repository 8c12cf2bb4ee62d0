//! Followers' fetching (`ReplicaFetcherThread`): one conversation with each leader broker. Serves the replica manager.
//!
//! Invariant: one fetch is under way to a leader at a time; what diverges from the leader's epochs is cut off before
//! anything is appended. Only partitions where something moved are looked at.

mod conversation;
mod take;

use super::{Place, ReplicaManager, Role};
use bytes::Bytes;
use conversation::{Conversation, WantedOf};
use ottla_controller::MetadataImage;
use ottla_wire::{ApiKey, ErrorCode, ResponseKind, messages::fetch_response::PartitionData};
use ottla_world::{Context, Input, Time};
use std::collections::{BTreeMap, BTreeSet};
use take::Untaken;

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

/// All conversations, by leader.
#[derive(Clone, Debug)]
pub(crate) struct Fetchers {
    settings: FetchSettings,
    client_id: String,
    by_leader: BTreeMap<i32, Conversation>,
    /// From which leader each partition is fetched.
    leader_of: BTreeMap<Place, i32>,
    /// Partitions that wait after an error, in the leader epoch that had it.
    delayed: BTreeMap<Place, (Time, i32)>,
    /// Partitions to look at again.
    touched: BTreeSet<Place>,
}

impl Fetchers {
    pub(crate) fn new(me: i32, settings: FetchSettings) -> Fetchers {
        let client_id = format!("broker-{me}-fetcher-0");
        Fetchers {
            settings,
            client_id,
            by_leader: BTreeMap::new(),
            leader_of: BTreeMap::new(),
            delayed: BTreeMap::new(),
            touched: BTreeSet::new(),
        }
    }

    /// Something moved in these partitions: who leads them, what they are, what their logs hold.
    pub(crate) fn touch(&mut self, moved: &BTreeSet<Place>) {
        self.touched.extend(moved);
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
                conversation.asked = None;
                self.answer(cx, replicas, leader, frame);
            }
            _ => conversation.lost(cx.now().plus_millis(self.settings.backoff_ms)),
        }
        true
    }

    /// Asks every leader that is not asked yet.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, replicas: &ReplicaManager, image: &MetadataImage, epoch: i64) {
        let now = cx.now();
        let over = self.delayed.iter().filter(|(_, (at, _))| *at <= now).map(|(place, _)| *place);
        self.touched.extend(over);
        self.delayed.retain(|_, (at, _)| *at > now);
        for place in std::mem::take(&mut self.touched) {
            self.assign(replicas, place);
        }
        let sender = conversation::Sender { settings: &self.settings, client_id: &self.client_id, epoch };
        self.by_leader.retain(|leader, conversation| {
            conversation.not_before = conversation.not_before.filter(|at| *at > now);
            let silent_ms = conversation.asked.map_or(0, |at| now.millis_since(at));
            if silent_ms >= self.settings.socket_timeout_ms {
                conversation.close(cx);
                conversation.lost(now);
            }
            if conversation.wants.is_empty() {
                // Nothing to fetch from there any more.
                if conversation.asked.is_none() {
                    conversation.close(cx);
                }
                return conversation.asked.is_some();
            }
            let address = image.broker(*leader).and_then(|broker| broker.address());
            if let (Some((_, port)), None) = (address, conversation.not_before) {
                if conversation.connection.is_none() {
                    conversation.connection = Some(cx.connect("localhost", port));
                }
                conversation.send(cx, replicas, &sender);
            }
            true
        });
    }

    /// Brings one partition to the conversation with its leader, if it is to be fetched.
    fn assign(&mut self, replicas: &ReplicaManager, place: Place) {
        let leader = replicas.partitions.get(&place).and_then(|partition| {
            let (leader, epoch) = (partition.state.leader, partition.state.leader_epoch);
            let follows = matches!(partition.role, Role::Follower) && leader >= 0 && leader != replicas.me;
            let waits = self.delayed.get(&place).is_some_and(|(_, delayed)| *delayed >= epoch);
            (follows && !waits).then_some(leader)
        });
        let before = match leader {
            Some(leader) => self.leader_of.insert(place, leader),
            None => self.leader_of.remove(&place),
        };
        if let Some(before) = before.filter(|before| Some(*before) != leader)
            && let Some(conversation) = self.by_leader.get_mut(&before)
        {
            conversation.wants.remove(&place);
            conversation.throttled.remove(&place);
            conversation.changed.insert(place);
        }
        if let Some(leader) = leader {
            let conversation = self.by_leader.entry(leader).or_default();
            if before != Some(leader) && replicas.throttles.follower.is_throttled(place) {
                // How far it is behind the first answer will tell.
                conversation.throttled.insert(place);
            }
            conversation.wants.insert(place);
            conversation.changed.insert(place);
        }
    }

    /// When it wants to be polled next.
    pub(crate) fn next_wakeup(&self) -> Option<Time> {
        let timeout_ms = self.settings.socket_timeout_ms;
        let of = |c: &Conversation| [c.not_before, c.asked.map(|at| at.plus_millis(timeout_ms))];
        let conversations = self.by_leader.values().flat_map(of).flatten();
        conversations.chain(self.delayed.values().map(|(at, _)| *at)).min()
    }

    fn answer(&mut self, cx: &mut Context<'_>, replicas: &mut ReplicaManager, leader: i32, frame: &Bytes) {
        let until = cx.now().plus_millis(self.settings.backoff_ms);
        let Some(conversation) = self.by_leader.get_mut(&leader) else { return };
        let response = match ottla_wire::decode_response(ApiKey::Fetch, FETCH_VERSION, frame) {
            Ok((_, ResponseKind::Fetch(response))) => response,
            other => {
                let error = other.err().map_or_else(|| "an error".to_owned(), |error| error.to_string());
                cx.note(format!("broker {leader} answered a fetch with {error}"));
                conversation.session.begin_anew();
                conversation.not_before = Some(until);
                return;
            }
        };
        if let Err(error) = conversation.session.answered(&response) {
            cx.note(format!("broker {leader} ends the fetch session: {}", error.name()));
            let is_over = matches!(error, ErrorCode::FetchSessionIdNotFound | ErrorCode::InvalidFetchSessionEpoch);
            // A session that is over is begun anew at once; anything else takes a while.
            conversation.not_before = (!is_over).then_some(until);
            return;
        }
        for topic in response.responses {
            for data in topic.partitions {
                self.row(cx, replicas, leader, (topic.topic_id, data.partition_index), data);
            }
        }
    }

    fn row(
        &mut self,
        cx: &mut Context<'_>,
        replicas: &mut ReplicaManager,
        leader: i32,
        place: Place,
        data: PartitionData,
    ) {
        // What was not asked for, or asked for in another state of the log, is not taken.
        let asked = self.by_leader.get(&leader).and_then(|conversation| conversation.session.asked(place));
        let Some(partition) = replicas.partitions.get_mut(&place) else { return };
        let is_followed = self.leader_of.get(&place) == Some(&leader) && matches!(partition.role, Role::Follower);
        if !is_followed || asked != Some(WantedOf::now(partition)) {
            return;
        }
        let epoch = partition.state.leader_epoch;
        let bytes = data.records.as_ref().map_or(0, |records| records.len() as u64);
        let mark = data.high_watermark;
        let taken = take::take(cx, partition, data);
        let is_behind = mark > partition.log.log_end_offset();
        replicas.throttles.follower.record(place, bytes, cx.now());
        if let Some(conversation) = self.by_leader.get_mut(&leader) {
            match is_behind && replicas.throttles.follower.is_throttled(place) {
                true => _ = conversation.throttled.insert(place),
                false => _ = conversation.throttled.remove(&place),
            }
        }
        if let (Err(error), Some(partition)) = (taken, replicas.partitions.get(&place)) {
            let name = format!("{}-{}", partition.topic, partition.index);
            match error {
                Untaken::Refused(error) => cx.note(format!("{name}: leader {leader} says {}", error.name())),
                Untaken::Log(error) => replicas.note_error(cx, &name, &error),
            }
            self.delayed.insert(place, (cx.now().plus_millis(self.settings.backoff_ms), epoch));
        }
        if let Some(partition) = replicas.partitions.get_mut(&place) {
            partition.assert_marks();
        }
        replicas.moved.insert(place);
        self.touched.insert(place);
    }
}
