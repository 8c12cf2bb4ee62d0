//! One classic group (`ClassicGroup`). Serves the coordinator; invariant: generation and members change only between
//! rebalances; timers are moments kept here.

use super::record::{Committed, StoredGroup, StoredMember};
use crate::connections::RequestId;
use bytes::Bytes;
use ottla_world::Time;
use std::collections::BTreeMap;

/// Where a group stands.
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
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) assignment: Bytes,
    /// Its JoinGroup waits for the others.
    pub(crate) joining: Option<RequestId>,
    /// Its SyncGroup waits for the leader's.
    pub(crate) syncing: Option<RequestId>,
    pub(crate) session_ends: Time,
    /// The order in which members joined.
    pub(crate) joined: u64,
}

impl Member {
    pub(crate) fn renew(&mut self, now: Time) {
        self.session_ends = now.plus_millis(self.session_timeout_ms.max(0) as u64);
    }
}

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) state: GroupState,
    pub(crate) protocol_type: String,
    pub(crate) protocol: Option<String>,
    pub(crate) generation: i32,
    pub(crate) leader: Option<String>,
    pub(crate) members: BTreeMap<String, Member>,
    /// Ids given to members that have not joined with them yet, and when they are taken back.
    pub(crate) promised: BTreeMap<String, Time>,
    pub(crate) offsets: BTreeMap<(String, i32), Committed>,
    /// When the join phase ends even if members are missing.
    pub(crate) join_ends: Option<Time>,
    /// While a first rebalance waits for newcomers: it does not end before this.
    pub(crate) not_before: Option<Time>,
    pub(crate) joins: u64,
    pub(crate) state_since_ms: i64,
}

impl Group {
    pub(crate) fn new(id: &str) -> Group {
        Group {
            id: id.to_owned(),
            state: GroupState::Empty,
            protocol_type: String::new(),
            protocol: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            promised: BTreeMap::new(),
            offsets: BTreeMap::new(),
            join_ends: None,
            not_before: None,
            joins: 0,
            state_since_ms: 0,
        }
    }

    /// The id of the static member of this instance.
    pub(crate) fn static_member(&self, instance_id: &str) -> Option<&str> {
        let of = |m: &&Member| m.instance_id.as_deref() == Some(instance_id);
        self.members.values().find(of).map(|m| m.id.as_str())
    }

    /// Protocols that every member knows.
    pub(crate) fn common_protocols(&self) -> Vec<String> {
        let Some(first) = self.members.values().next() else { return Vec::new() };
        let known_by_all =
            |name: &String| self.members.values().all(|m| m.protocols.iter().any(|(theirs, _)| theirs == name));
        first.protocols.iter().map(|(name, _)| name.clone()).filter(known_by_all).collect()
    }

    /// Whether somebody with these protocols may join.
    pub(crate) fn fits(&self, protocol_type: &str, protocols: &[(String, Bytes)], but: &str) -> bool {
        if self.members.keys().all(|id| id == but) {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        let others: Vec<&Member> = self.members.values().filter(|m| m.id != but).collect();
        let shared = |name: &str| others.iter().all(|m| m.protocols.iter().any(|(theirs, _)| theirs == name));
        self.protocol_type == protocol_type && protocols.iter().any(|(name, _)| shared(name))
    }

    /// The protocol most members prefer among those all know.
    pub(crate) fn elect_protocol(&self) -> Option<String> {
        let candidates = self.common_protocols();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            if let Some((name, _)) = member.protocols.iter().find(|(name, _)| candidates.contains(name)) {
                *votes.entry(name).or_default() += 1;
            }
        }
        let most = votes.values().max().copied()?;
        candidates.iter().find(|name| votes.get(name.as_str()) == Some(&most)).cloned()
    }

    pub(crate) fn longest_rebalance_ms(&self) -> u64 {
        self.members.values().map(|m| m.rebalance_timeout_ms.max(0) as u64).max().unwrap_or(0)
    }

    /// The metadata a member gave for the protocol in use.
    pub(crate) fn metadata_of(&self, member: &Member) -> Bytes {
        let chosen = self.protocol.as_deref();
        let found = member.protocols.iter().find(|(name, _)| Some(name.as_str()) == chosen);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    /// The stored form; `assignments` are those that come into force.
    pub(crate) fn stored(&self, assignments: &BTreeMap<String, Bytes>) -> StoredGroup {
        let member = |m: &Member| StoredMember {
            member_id: m.id.clone(),
            instance_id: m.instance_id.clone(),
            client_id: m.client_id.clone(),
            client_host: m.client_host.clone(),
            rebalance_timeout_ms: m.rebalance_timeout_ms,
            session_timeout_ms: m.session_timeout_ms,
            subscription: self.metadata_of(m),
            assignment: assignments.get(&m.id).cloned().unwrap_or_default(),
        };
        StoredGroup {
            protocol_type: self.protocol_type.clone(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            timestamp_ms: self.state_since_ms,
            members: self.members.values().map(member).collect(),
        }
    }

    /// Takes over what was stored, as after a failover: sessions start anew.
    pub(crate) fn restore(&mut self, stored: &StoredGroup) {
        self.protocol_type.clone_from(&stored.protocol_type);
        self.generation = stored.generation;
        self.protocol.clone_from(&stored.protocol);
        self.leader.clone_from(&stored.leader);
        self.state_since_ms = stored.timestamp_ms;
        self.state = if stored.members.is_empty() { GroupState::Empty } else { GroupState::Stable };
        let protocol = stored.protocol.clone().unwrap_or_default();
        let member = |(n, m): (usize, &StoredMember)| {
            let member = Member {
                id: m.member_id.clone(),
                instance_id: m.instance_id.clone(),
                client_id: m.client_id.clone(),
                client_host: m.client_host.clone(),
                session_timeout_ms: m.session_timeout_ms,
                rebalance_timeout_ms: m.rebalance_timeout_ms,
                protocols: vec![(protocol.clone(), m.subscription.clone())],
                assignment: m.assignment.clone(),
                joining: None,
                syncing: None,
                session_ends: Time::MAX,
                joined: n as u64,
            };
            (m.member_id.clone(), member)
        };
        self.members = stored.members.iter().enumerate().map(member).collect();
        self.joins = stored.members.len() as u64;
    }
}
