//! Brokers and controllers as the metadata log registers them. Serves the image; invariant: a registration's epoch is the
//! offset of the record that made it.

use crate::record::{BrokerRegistrationChange, Endpoint, FeatureRange, RegisterBroker};
use std::sync::Arc;
use uuid::Uuid;

/// A registered broker (`BrokerRegistration`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistration {
    /// Node id.
    pub id: i32,
    /// Offset of its registration record.
    pub epoch: i64,
    /// A number its process drew at its start.
    pub incarnation_id: Uuid,
    /// Where it listens.
    pub endpoints: Arc<[Endpoint]>,
    /// What it supports.
    pub features: Arc<[FeatureRange]>,
    /// Its rack.
    pub rack: Option<String>,
    /// Whether it is kept out of ISRs and leadership.
    pub fenced: bool,
    /// Whether it is about to stop.
    pub in_controlled_shutdown: bool,
    /// Its log directories.
    pub log_dirs: Vec<Uuid>,
}

impl BrokerRegistration {
    /// The registration a record makes.
    pub fn new(record: &RegisterBroker) -> BrokerRegistration {
        BrokerRegistration {
            id: record.broker_id,
            epoch: record.broker_epoch,
            incarnation_id: record.incarnation_id,
            endpoints: record.endpoints.clone().into(),
            features: record.features.clone().into(),
            rack: record.rack.clone(),
            fenced: record.fenced,
            in_controlled_shutdown: record.in_controlled_shutdown,
            log_dirs: record.log_dirs.clone(),
        }
    }

    /// Host and port of its first listener.
    pub fn address(&self) -> Option<(&str, u16)> {
        self.endpoints.first().map(|endpoint| (endpoint.host.as_str(), endpoint.port))
    }

    pub(super) fn change(&mut self, change: &BrokerRegistrationChange) {
        if change.fenced != 0 {
            self.fenced = change.fenced > 0;
        }
        if change.in_controlled_shutdown != 0 {
            self.in_controlled_shutdown = change.in_controlled_shutdown > 0;
        }
        if !change.log_dirs.is_empty() {
            self.log_dirs.clone_from(&change.log_dirs);
        }
    }
}

/// A registered controller (`ControllerRegistration`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerRegistration {
    /// Node id.
    pub id: i32,
    /// A number its process drew at its start.
    pub incarnation_id: Uuid,
    /// Where it listens.
    pub endpoints: Arc<[Endpoint]>,
    /// What it supports.
    pub features: Arc<[FeatureRange]>,
}
