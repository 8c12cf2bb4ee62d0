//! What a consumer reads and how far it is. Serves the whole consumer; invariant: a partition is fetched only from a
//! position that is known and validated (Kafka's `SubscriptionState`).

use super::config::Reset;
use super::record::OffsetAndMetadata;
use crate::network::metadata::Metadata;
use crate::{JavaError, TopicPartition};
use ottla_world::Time;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Where the next record is, and by whose word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) offset: i64,
    /// The epoch of the last record read.
    pub(crate) offset_epoch: Option<i32>,
    pub(crate) leader: Option<i32>,
    pub(crate) leader_epoch: Option<i32>,
}

/// What a partition needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FetchState {
    /// A committed offset, or a reset.
    Initializing,
    /// An offset of this kind.
    AwaitReset(Reset),
    /// The leader's word that the position is on its log (KIP-320).
    AwaitValidation,
    /// Nothing: it is read.
    Fetching,
}

/// One assigned partition.
#[derive(Clone, Debug)]
pub(crate) struct PartitionState {
    pub(crate) state: FetchState,
    pub(crate) position: Option<Position>,
    /// No request for it before.
    pub(crate) retry_at: Time,
    /// A request for its offset or epoch is in flight.
    pub(crate) asked: bool,
    /// A follower to read from, until when (KIP-392).
    pub(crate) preferred_replica: Option<(i32, Time)>,
}

impl PartitionState {
    fn new() -> PartitionState {
        PartitionState {
            state: FetchState::Initializing,
            position: None,
            retry_at: Time::ZERO,
            asked: false,
            preferred_replica: None,
        }
    }
}

/// How the partitions are chosen.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Not at all yet.
    None,
    /// By topic name, shared in a group.
    Topics,
    /// By a pattern, shared in a group.
    Pattern(Regex),
    /// By the caller.
    Assigned,
}

/// Topics, partitions and positions.
#[derive(Clone, Debug)]
pub(crate) struct SubscriptionState {
    pub(crate) kind: Kind,
    /// Topics subscribed to; of a pattern, those that match now.
    pub(crate) topics: BTreeSet<String>,
    pub(crate) partitions: BTreeMap<TopicPartition, PartitionState>,
    /// Nothing is read any more: the partitions are about to be given back.
    pub(crate) pending_revocation: bool,
    default_reset: Option<Reset>,
    seen_update: u64,
}

impl SubscriptionState {
    pub(crate) fn new(default_reset: Option<Reset>) -> SubscriptionState {
        SubscriptionState {
            kind: Kind::None,
            topics: BTreeSet::new(),
            partitions: BTreeMap::new(),
            pending_revocation: false,
            default_reset,
            seen_update: 0,
        }
    }

    /// Whether a group shares the partitions out.
    pub(crate) fn is_group_managed(&self) -> bool {
        matches!(self.kind, Kind::Topics | Kind::Pattern(_))
    }

    /// Takes a new set of partitions; those that stay keep their positions.
    pub(crate) fn assign(&mut self, partitions: &BTreeSet<TopicPartition>) {
        self.partitions.retain(|partition, _| partitions.contains(partition));
        for partition in partitions {
            self.partitions.entry(partition.clone()).or_insert_with(PartitionState::new);
        }
        self.pending_revocation = false;
    }

    /// Moves a position; it is validated against the leader first, if its epoch is known.
    pub(crate) fn seek(&mut self, partition: &TopicPartition, offset: i64, epoch: Option<i32>, metadata: &Metadata) {
        let leader = metadata.leader(partition);
        let (id, leader_epoch) = leader.map_or((None, None), |(node, epoch)| (Some(node.id), epoch));
        let leader_epoch = leader_epoch.or_else(|| metadata.last_epoch(partition));
        let Some(state) = self.partitions.get_mut(partition) else { return };
        state.position = Some(Position { offset, offset_epoch: epoch, leader: id, leader_epoch });
        state.state = next_state(epoch, leader_epoch);
        state.asked = false;
        state.retry_at = Time::ZERO;
        state.preferred_replica = None;
    }

    /// Moves a position to one that needs no validation.
    pub(crate) fn seek_validated(&mut self, partition: &TopicPartition, position: Position) {
        let Some(state) = self.partitions.get_mut(partition) else { return };
        state.position = Some(position);
        state.state = FetchState::Fetching;
        state.asked = false;
    }

    /// Begins a reset; by the default kind if none is given. False if there is no kind.
    pub(crate) fn request_reset(&mut self, partition: &TopicPartition, reset: Option<Reset>) -> bool {
        let Some(reset) = reset.or(self.default_reset) else { return false };
        if let Some(state) = self.partitions.get_mut(partition) {
            state.state = FetchState::AwaitReset(reset);
            state.position = None;
            state.asked = false;
            state.retry_at = Time::ZERO;
            state.preferred_replica = None;
        }
        true
    }

    /// Whether partitions are reset by themselves.
    pub(crate) fn has_default_reset(&self) -> bool {
        self.default_reset.is_some()
    }

    /// Partitions in this state that may be asked about now.
    pub(crate) fn to_ask(&self, now: Time, wanted: impl Fn(FetchState) -> bool) -> Vec<TopicPartition> {
        let due = |state: &PartitionState| wanted(state.state) && !state.asked && state.retry_at <= now;
        self.partitions.iter().filter(|(_, state)| due(state)).map(|(partition, _)| partition.clone()).collect()
    }

    /// Positions that a commit would hold: of all partitions that have one (`allConsumed`).
    pub(crate) fn all_consumed(&self) -> BTreeMap<TopicPartition, OffsetAndMetadata> {
        let consumed = |state: &PartitionState| {
            let position = state.position.filter(|_| !matches!(state.state, FetchState::AwaitReset(_)))?;
            let leader_epoch = position.offset_epoch;
            Some(OffsetAndMetadata { offset: position.offset, leader_epoch, metadata: String::new() })
        };
        self.partitions.iter().filter_map(|(partition, state)| Some((partition.clone(), consumed(state)?))).collect()
    }

    /// New metadata: positions under a new leader are to be validated, a pattern matches anew.
    pub(crate) fn metadata_changed(&mut self, metadata: &Metadata, exclude_internal: bool) {
        if metadata.update_version == self.seen_update {
            return;
        }
        self.seen_update = metadata.update_version;
        if let Kind::Pattern(pattern) = &self.kind {
            let matching = metadata
                .topics
                .iter()
                .filter(|(name, info)| pattern.is_match(name) && !(exclude_internal && info.is_internal));
            self.topics = matching.map(|(name, _)| name.clone()).collect();
        }
        for (partition, state) in &mut self.partitions {
            let Some((node, epoch)) = metadata.leader(partition) else { continue };
            let Some(position) = &mut state.position else { continue };
            if (position.leader, position.leader_epoch) == (Some(node.id), epoch) {
                continue;
            }
            position.leader = Some(node.id);
            position.leader_epoch = epoch;
            state.preferred_replica = None;
            if matches!(state.state, FetchState::Fetching | FetchState::AwaitValidation) {
                state.state = next_state(position.offset_epoch, epoch);
                state.asked = false;
                state.retry_at = Time::ZERO;
            }
        }
    }

    /// Partitions without any position get their reset, or the error of those that must not
    /// (`resetInitializingPositions`).
    pub(crate) fn reset_initializing(&mut self) -> Result<(), JavaError> {
        let waiting: Vec<TopicPartition> = self
            .partitions
            .iter()
            .filter(|(_, state)| state.state == FetchState::Initializing)
            .map(|(partition, _)| partition.clone())
            .collect();
        if waiting.is_empty() || waiting.iter().all(|partition| self.request_reset(partition, None)) {
            return Ok(());
        }
        let names: Vec<String> = waiting.iter().map(ToString::to_string).collect();
        Err(JavaError::new(
            "org.apache.kafka.clients.consumer.NoOffsetForPartitionException",
            format!("Undefined offset with no reset policy for partitions: [{}]", names.join(", ")),
        ))
    }
}

fn next_state(offset_epoch: Option<i32>, leader_epoch: Option<i32>) -> FetchState {
    match (offset_epoch, leader_epoch) {
        (Some(_), Some(_)) => FetchState::AwaitValidation,
        _ => FetchState::Fetching,
    }
}
