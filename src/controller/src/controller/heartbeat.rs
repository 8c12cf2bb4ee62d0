//! Sessions of brokers (`BrokerHeartbeatManager`): when each was heard last and how far its metadata is.
//!
//! Serves the active controller. Invariant: soft state, begun anew by each active controller; nothing here is in records.

use ottla_world::Time;
use std::collections::BTreeMap;

/// What the active controller knows of a broker beyond its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerHeartbeat {
    /// When it was heard last.
    pub last_contact: Time,
    /// The metadata offset it reported.
    pub metadata_offset: i64,
    /// Whether it is fenced.
    pub fenced: bool,
    /// Once it shuts down: the offset that all active brokers must have reached before it may end.
    pub controlled_shutdown_offset: Option<i64>,
}

/// The states of a broker, as heartbeats move it through them (`BrokerControlState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerControlState {
    /// Registered, and kept out.
    Fenced,
    /// Serving.
    Unfenced,
    /// Giving its leaderships away.
    ControlledShutdown,
    /// May end.
    ShutdownNow,
}

/// All sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerHeartbeats {
    session_timeout_ms: u64,
    brokers: BTreeMap<i32, BrokerHeartbeat>,
}

impl BrokerHeartbeats {
    /// No broker is known yet. `session_timeout_ms` is `broker.session.timeout.ms`.
    pub fn new(session_timeout_ms: u64) -> BrokerHeartbeats {
        BrokerHeartbeats { session_timeout_ms, brokers: BTreeMap::new() }
    }

    /// All sessions by broker.
    pub fn brokers(&self) -> &BTreeMap<i32, BrokerHeartbeat> {
        &self.brokers
    }

    /// A broker registered: its session begins.
    pub fn register(&mut self, now: Time, id: i32, fenced: bool) {
        let heartbeat =
            BrokerHeartbeat { last_contact: now, metadata_offset: -1, fenced, controlled_shutdown_offset: None };
        self.brokers.insert(id, heartbeat);
    }

    /// A broker is registered no more.
    pub fn remove(&mut self, id: i32) {
        self.brokers.remove(&id);
    }

    /// A broker was heard. A fenced one leaves its controlled shutdown: it may end at once.
    pub fn touch(&mut self, now: Time, id: i32, fenced: bool, metadata_offset: i64) {
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.last_contact = now;
            broker.metadata_offset = metadata_offset;
            broker.fenced = fenced;
            if fenced {
                broker.controlled_shutdown_offset = None;
            }
        }
    }

    /// A broker was fenced.
    pub fn fence(&mut self, id: i32) {
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.fenced = true;
            broker.controlled_shutdown_offset = None;
        }
    }

    /// A broker began its controlled shutdown; the first offset counts.
    pub fn begin_controlled_shutdown(&mut self, id: i32, offset: i64) {
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.controlled_shutdown_offset.get_or_insert(offset);
        }
    }

    /// Whether a broker is unfenced and was heard within the session timeout.
    pub fn has_valid_session(&self, now: Time, id: i32) -> bool {
        self.brokers.get(&id).is_some_and(|broker| !broker.fenced && self.expires_at(broker) > now)
    }

    fn expires_at(&self, broker: &BrokerHeartbeat) -> Time {
        broker.last_contact.plus_millis(self.session_timeout_ms)
    }

    /// When the next session ends, unless its broker is heard before.
    pub fn next_expiry(&self) -> Option<Time> {
        self.brokers.values().filter(|broker| !broker.fenced).map(|broker| self.expires_at(broker)).min()
    }

    /// The unfenced broker that was silent for longest, if its session is over (`findOneStaleBroker`).
    pub fn stale_broker(&self, now: Time) -> Option<i32> {
        let unfenced = self.brokers.iter().filter(|(_, broker)| !broker.fenced);
        let oldest = unfenced.min_by_key(|(_, broker)| broker.last_contact)?;
        (self.expires_at(oldest.1) <= now).then_some(*oldest.0)
    }

    /// The lowest metadata offset of the brokers that serve; `i64::MAX` without any.
    pub fn lowest_active_offset(&self) -> i64 {
        let active = |broker: &&BrokerHeartbeat| !broker.fenced && broker.controlled_shutdown_offset.is_none();
        self.brokers.values().filter(active).map(|broker| broker.metadata_offset).min().unwrap_or(i64::MAX)
    }

    /// The state a broker is in.
    pub fn state(&self, id: i32) -> BrokerControlState {
        match self.brokers.get(&id) {
            Some(broker) if broker.controlled_shutdown_offset.is_some() => BrokerControlState::ControlledShutdown,
            Some(broker) if !broker.fenced => BrokerControlState::Unfenced,
            _ => BrokerControlState::Fenced,
        }
    }
}
