//! The conversation with one leader and its fetch session (`FetchSessionHandler`, KIP-227). Serves the fetchers.
//!
//! Invariant: what the session holds here is what the leader holds of it, as long as the epochs agree; where they may not, the
//! next fetch is a full one.

use super::{FETCH_VERSION, FetchSettings};
use crate::{
    fetch_session::{NO_SESSION, next_epoch},
    replica::{Partition, Place, ReplicaManager},
};
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind, Uuid,
    messages::{
        FetchRequest, FetchResponse,
        fetch_request::{FetchPartition, FetchTopic, ForgottenTopic, ReplicaState},
    },
};
use ottla_world::{ConnectionId, Context, Time};
use std::collections::{BTreeMap, BTreeSet};

/// What a follower says of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WantedOf {
    leader_epoch: i32,
    offset: i64,
    last_epoch: i32,
    log_start_offset: i64,
}

impl WantedOf {
    /// As a partition is now.
    pub(super) fn now(partition: &Partition) -> WantedOf {
        WantedOf {
            leader_epoch: partition.state.leader_epoch,
            offset: partition.log.log_end_offset(),
            last_epoch: partition.log.latest_epoch().unwrap_or(-1),
            log_start_offset: partition.log.log_start_offset(),
        }
    }

    fn row(self, index: i32, max_bytes: i32) -> FetchPartition {
        FetchPartition::default()
            .with_partition(index)
            .with_current_leader_epoch(self.leader_epoch)
            .with_fetch_offset(self.offset)
            .with_last_fetched_epoch(self.last_epoch)
            .with_log_start_offset(self.log_start_offset)
            .with_partition_max_bytes(max_bytes)
    }
}

/// A fetch session as the follower has it.
#[derive(Clone, Debug, Default)]
pub(super) struct SessionState {
    id: i32,
    /// Of the next request; 0 for a full one.
    epoch: i32,
    /// What the leader knows.
    partitions: BTreeMap<Place, WantedOf>,
}

impl SessionState {
    /// The next fetch is a full one; it ends the session there is.
    pub(super) fn begin_anew(&mut self) {
        self.epoch = 0;
    }

    /// What was said of a partition last.
    pub(super) fn asked(&self, place: Place) -> Option<WantedOf> {
        self.partitions.get(&place).copied()
    }

    /// Takes over what an answer says of the session itself (`FetchSessionHandler.handleResponse`).
    pub(super) fn answered(&mut self, response: &FetchResponse) -> Result<(), ErrorCode> {
        match ErrorCode::from_code(response.error_code) {
            ErrorCode::None if response.session_id == NO_SESSION => (self.id, self.epoch) = (NO_SESSION, 0),
            ErrorCode::None if self.epoch == 0 => (self.id, self.epoch) = (response.session_id, 1),
            ErrorCode::None => self.epoch = next_epoch(self.epoch),
            error => {
                if error == ErrorCode::FetchSessionIdNotFound {
                    self.id = NO_SESSION;
                }
                self.epoch = 0;
                return Err(error);
            }
        }
        Ok(())
    }
}

/// How a conversation asks.
pub(super) struct Sender<'a> {
    pub(super) settings: &'a FetchSettings,
    pub(super) client_id: &'a str,
    /// This broker's epoch.
    pub(super) epoch: i64,
}

/// The conversation with one leader.
#[derive(Clone, Debug, Default)]
pub(super) struct Conversation {
    pub(super) connection: Option<ConnectionId>,
    pub(super) open: bool,
    /// When the fetch under way was sent.
    pub(super) asked: Option<Time>,
    pub(super) not_before: Option<Time>,
    pub(super) session: SessionState,
    /// What is to be fetched from there.
    pub(super) wants: BTreeSet<Place>,
    /// What the leader may have to be told of.
    pub(super) changed: BTreeSet<Place>,
    /// Of what is wanted, the throttled replicas that are behind: each fetch looks whether they may catch up now.
    pub(super) throttled: BTreeSet<Place>,
    correlation_id: i32,
}

impl Conversation {
    pub(super) fn lost(&mut self, until: Time) {
        self.connection = None;
        self.open = false;
        self.asked = None;
        self.not_before = Some(until);
        self.session.begin_anew();
    }

    pub(super) fn close(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = self.connection {
            cx.close(connection);
        }
    }

    /// Sends the next fetch, if none is under way.
    pub(super) fn send(&mut self, cx: &mut Context<'_>, replicas: &ReplicaManager, sender: &Sender<'_>) {
        let (true, None, Some(connection)) = (self.open, self.asked, self.connection) else { return };
        let (now, quota) = (cx.now(), &replicas.throttles.follower);
        let waits = |place: &Place| quota.holds_back(*place, now);
        let waiting: BTreeSet<Place> = self.throttled.iter().filter(|place| waits(place)).copied().collect();
        if waiting.len() == self.wants.len() {
            // Nothing may be fetched now (`AbstractFetcherThread.maybeFetch`).
            self.not_before = Some(now.plus_millis(sender.settings.backoff_ms));
            return;
        }
        self.changed.extend(&self.throttled);
        let body = self.request(replicas, sender, &waiting);
        self.correlation_id = self.correlation_id.wrapping_add(1) & i32::MAX;
        let (id, kind) = (self.correlation_id, RequestKind::Fetch(body));
        match ottla_wire::encode_request(FETCH_VERSION, id, Some(sender.client_id), &kind) {
            Ok(frame) => {
                cx.send(connection, frame);
                self.asked = Some(cx.now());
            }
            Err(error) => cx.note(format!("can't fetch: {error}")),
        }
    }

    fn request(&mut self, replicas: &ReplicaManager, sender: &Sender<'_>, waiting: &BTreeSet<Place>) -> FetchRequest {
        let is_full = self.session.epoch == 0;
        if is_full {
            self.session.partitions.clear();
            self.changed.clone_from(&self.wants);
        }
        let mut topics: BTreeMap<Uuid, Vec<FetchPartition>> = BTreeMap::new();
        let mut forgotten: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        for place in std::mem::take(&mut self.changed) {
            let is_wanted = self.wants.contains(&place) && !waiting.contains(&place);
            let wanted = replicas.partitions.get(&place).filter(|_| is_wanted).map(WantedOf::now);
            match wanted {
                Some(wanted) => {
                    if self.session.partitions.insert(place, wanted) != Some(wanted) {
                        let row = wanted.row(place.1, sender.settings.max_bytes);
                        topics.entry(place.0).or_default().push(row);
                    }
                }
                None => {
                    if self.session.partitions.remove(&place).is_some() {
                        forgotten.entry(place.0).or_default().push(place.1);
                    }
                }
            }
        }
        let me = ReplicaState::default().with_replica_id(BrokerId(replicas.me)).with_replica_epoch(sender.epoch);
        let topics = topics.into_iter().map(|(id, all)| FetchTopic::default().with_topic_id(id).with_partitions(all));
        let forget = |(id, all)| ForgottenTopic::default().with_topic_id(id).with_partitions(all);
        FetchRequest::default()
            .with_replica_state(me)
            .with_max_wait_ms(sender.settings.wait_max_ms)
            .with_min_bytes(sender.settings.min_bytes)
            .with_max_bytes(sender.settings.response_max_bytes)
            .with_session_id(self.session.id)
            .with_session_epoch(self.session.epoch)
            .with_topics(topics.collect())
            .with_forgotten_topics_data(forgotten.into_iter().map(forget).collect())
    }
}
