//! One classic group (`ClassicGroup`): members, protocols, stored form. Serves the coordinator; invariant: the leader, if there
//! is one, is a member; generation and protocol change only when a join phase ends.

use super::{
    Clock, consumer_protocol,
    record::{Committed, GroupRecord, StoredGroup, StoredMember},
};
use crate::connections::RequestId;
use bytes::Bytes;
use ottla_wire::ErrorCode;
use ottla_world::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Where a group stands (`ClassicGroupState`). A dead group is not kept: it is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupState {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

impl GroupState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::PreparingRebalance => "PreparingRebalance",
            GroupState::CompletingRebalance => "CompletingRebalance",
            GroupState::Stable => "Stable",
        }
    }
}

/// A member.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) session_timeout_ms: i32,
    pub(crate) rebalance_timeout_ms: i32,
    /// Protocols by preference, with the member's metadata for each.
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) assignment: Bytes,
    /// Its JoinGroup waits for the others.
    pub(crate) joining: Option<RequestId>,
    /// Its SyncGroup waits for the leader's.
    pub(crate) syncing: Option<RequestId>,
    /// It has not seen the end of a join phase yet.
    pub(crate) is_new: bool,
    /// When it is given up; `None` while it need not send heartbeats.
    pub(crate) session_ends: Option<Time>,
    /// The order in which members joined.
    pub(crate) joined: u64,
}

impl Member {
    /// Its session starts anew.
    pub(crate) fn renew(&mut self, clock: Clock) {
        self.renew_for(clock, self.session_timeout_ms);
    }

    /// It is given up unless it speaks within this time.
    pub(crate) fn renew_for(&mut self, clock: Clock, timeout_ms: i32) {
        self.session_ends = Some(clock.now.plus_millis(timeout_ms.max(0) as u64));
    }

    /// Whether silence is all right: it waits for us. Newcomers are given up even so (`hasSatisfiedHeartbeat`).
    pub(crate) fn may_be_silent(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }

    /// What it says about itself under a protocol.
    pub(crate) fn metadata(&self, protocol: Option<&str>) -> Bytes {
        let found = self.protocols.iter().find(|(name, _)| Some(name.as_str()) == protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    pub(crate) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }
}

/// When a join phase is looked at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JoinTimer {
    pub(crate) at: Time,
    /// In a first rebalance: how long this wait was and how much longer all waits may be, in milliseconds.
    pub(crate) initial: Option<(u64, u64)>,
}

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) state: GroupState,
    pub(crate) previous: GroupState,
    /// Such as `consumer`; empty if no member ever joined.
    pub(crate) protocol_type: String,
    pub(crate) protocol: Option<String>,
    pub(crate) generation: i32,
    pub(crate) leader: Option<String>,
    pub(crate) members: BTreeMap<String, Member>,
    /// Ids given to members that have not joined with them yet, and when they are taken back.
    pub(crate) promised: BTreeMap<String, Time>,
    /// Members of this generation that have not sent SyncGroup yet, until when they have to.
    pub(crate) pending_syncs: BTreeSet<String>,
    pub(crate) sync_deadline: Option<Time>,
    pub(crate) join_timer: Option<JoinTimer>,
    /// Somebody came while a first rebalance waited.
    pub(crate) newcomer: bool,
    pub(crate) offsets: BTreeMap<(String, i32), Committed>,
    pub(crate) joins: u64,
    /// When it came to its state, -1 if not known.
    pub(crate) state_since_ms: i64,
}

impl Group {
    pub(crate) fn new(id: &str, wall_ms: i64) -> Group {
        Group {
            id: id.to_owned(),
            state: GroupState::Empty,
            previous: GroupState::Empty,
            protocol_type: String::new(),
            protocol: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            promised: BTreeMap::new(),
            pending_syncs: BTreeSet::new(),
            sync_deadline: None,
            join_timer: None,
            newcomer: false,
            offsets: BTreeMap::new(),
            joins: 0,
            state_since_ms: wall_ms,
        }
    }

    pub(super) fn transition(&mut self, state: GroupState, clock: Clock) {
        self.previous = self.state;
        self.state = state;
        self.state_since_ms = clock.wall_ms;
    }

    /// Takes a member in. The first one decides the protocol type, and leads if nobody does.
    pub(super) fn add(&mut self, mut member: Member, protocol_type: &str) {
        if self.members.is_empty() {
            protocol_type.clone_into(&mut self.protocol_type);
        }
        self.joins += 1;
        member.joined = self.joins;
        self.leader.get_or_insert_with(|| member.id.clone());
        self.promised.remove(&member.id);
        self.members.insert(member.id.clone(), member);
    }

    /// Takes a member, or the promise of one, out; if it led, the longest-serving one leads.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        let removed = self.members.remove(id);
        if self.leader.as_deref() == Some(id) {
            self.leader = self.members.values().min_by_key(|m| m.joined).map(|m| m.id.clone());
        }
        self.promised.remove(id);
        self.pending_syncs.remove(id);
        removed
    }

    /// The id of the static member of this instance.
    pub(crate) fn static_member(&self, instance_id: &str) -> Option<&str> {
        let of = |m: &&Member| m.instance_id.as_deref() == Some(instance_id);
        self.members.values().find(of).map(|m| m.id.as_str())
    }

    /// Whether a member speaks, and no other one has taken its instance id (`validateMember`).
    pub(super) fn check_member(&self, id: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.static_member(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(current) if current != id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// Whether a member of this generation speaks.
    pub(super) fn check_current(&self, id: &str, instance: Option<&str>, generation: i32) -> Result<(), ErrorCode> {
        self.check_member(id, instance)?;
        if generation == self.generation { Ok(()) } else { Err(ErrorCode::IllegalGeneration) }
    }

    /// Whether there is room for somebody who wants to join (`acceptJoiningMember`).
    pub(super) fn has_room_for(&self, id: &str, max_size: u64) -> bool {
        let member = self.members.get(id);
        match self.state {
            GroupState::Empty => true,
            GroupState::PreparingRebalance => {
                let waiting = self.members.values().filter(|m| m.joining.is_some()).count() as u64;
                member.is_some_and(|m| m.joining.is_some()) || waiting < max_size
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                member.is_some() || (self.members.len() as u64) < max_size
            }
        }
    }

    /// Whether every member knows a protocol.
    fn is_common(&self, protocol: &str) -> bool {
        self.members.values().all(|m| m.supports(protocol))
    }

    /// Whether somebody with these protocols may join (`supportsProtocols`).
    pub(super) fn fits(&self, protocol_type: &str, protocols: &[(String, Bytes)]) -> bool {
        if self.state == GroupState::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type == protocol_type && protocols.iter().any(|(name, _)| self.is_common(name))
    }

    /// The protocol most members prefer among those all know (`selectProtocol`); a tie goes to the one that the
    /// longest-serving member names first.
    pub(super) fn elect_protocol(&self) -> Option<String> {
        let first = self.members.values().min_by_key(|m| m.joined)?;
        let candidates: Vec<&str> =
            first.protocols.iter().map(|(name, _)| name.as_str()).filter(|name| self.is_common(name)).collect();
        let preferred =
            |m: &Member| m.protocols.iter().map(|(name, _)| name.clone()).find(|n| candidates.contains(&n.as_str()));
        let mut votes: BTreeMap<String, u64> = BTreeMap::new();
        for name in self.members.values().filter_map(preferred) {
            *votes.entry(name).or_default() += 1;
        }
        let most = votes.values().max().copied()?;
        candidates.into_iter().find(|name| votes.get(*name) == Some(&most)).map(str::to_owned)
    }

    /// The longest time a member asks for to join again, in milliseconds.
    pub(super) fn rebalance_timeout_ms(&self) -> u64 {
        self.members.values().map(|m| m.rebalance_timeout_ms.max(0) as u64).max().unwrap_or(0)
    }

    pub(super) fn all_joined(&self) -> bool {
        self.promised.is_empty() && self.members.values().all(|m| m.joining.is_some())
    }

    /// Whether its members, past or present, are consumers.
    pub(super) fn is_of_consumers(&self) -> bool {
        self.protocol_type == consumer_protocol::PROTOCOL_TYPE
    }

    /// Topics that its consumers read (`computeSubscribedTopics`); `None` if that is not known.
    pub(super) fn subscribed(&self) -> Option<BTreeSet<String>> {
        if !self.is_of_consumers() {
            return None;
        }
        let mut all = BTreeSet::new();
        for member in self.members.values() {
            all.extend(consumer_protocol::subscribed(&member.metadata(self.protocol.as_deref())).ok()?);
        }
        Some(all)
    }

    /// Whether a topic's offsets are in use; of a group of consumers with unknown subscriptions all are.
    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        self.subscribed().map_or(self.is_of_consumers(), |topics| topics.contains(topic))
    }

    /// The record of the group as it is, with the assignments given.
    pub(super) fn record(&self, assignments: &BTreeMap<String, Bytes>) -> GroupRecord {
        let member = |m: &Member| StoredMember {
            member_id: m.id.clone(),
            instance_id: m.instance_id.clone(),
            client_id: m.client_id.clone(),
            client_host: m.client_host.clone(),
            rebalance_timeout_ms: m.rebalance_timeout_ms,
            session_timeout_ms: m.session_timeout_ms,
            subscription: m.metadata(self.protocol.as_deref()),
            assignment: assignments.get(&m.id).cloned().unwrap_or_default(),
        };
        let stored = StoredGroup {
            protocol_type: self.protocol_type.clone(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            timestamp_ms: self.state_since_ms,
            members: self.members.values().map(member).collect(),
        };
        GroupRecord::Group { group: self.id.clone(), value: Some(stored) }
    }

    /// Takes over what was stored, as after a failover; sessions start once all is loaded.
    pub(super) fn restore(&mut self, stored: StoredGroup) {
        let offsets = std::mem::take(&mut self.offsets);
        *self = Group::new(&self.id, stored.timestamp_ms);
        self.offsets = offsets;
        self.state = if stored.members.is_empty() { GroupState::Empty } else { GroupState::Stable };
        let protocol = stored.protocol.clone().unwrap_or_default();
        for m in stored.members {
            let member = Member {
                id: m.member_id,
                instance_id: m.instance_id,
                client_id: m.client_id,
                client_host: m.client_host,
                session_timeout_ms: m.session_timeout_ms,
                rebalance_timeout_ms: m.rebalance_timeout_ms,
                protocols: vec![(protocol.clone(), m.subscription)],
                assignment: m.assignment,
                joining: None,
                syncing: None,
                is_new: false,
                session_ends: None,
                joined: 0,
            };
            self.add(member, &stored.protocol_type);
        }
        self.protocol_type = stored.protocol_type;
        self.generation = stored.generation;
        self.protocol = stored.protocol;
        self.leader = stored.leader.filter(|id| self.members.contains_key(id)).or(self.leader.take());
    }
}
