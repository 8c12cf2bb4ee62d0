//! Registrations, heartbeats and fencing of brokers, registration of controllers (`ClusterControlManager`).
//!
//! Invariants: a broker's epoch is the offset at which its registration was appended; a broker serves only once its
//! metadata reached that offset.

use super::active::Controller;
use super::heartbeat::BrokerControlState;
use super::result::{ApiError, ControllerResult};
use crate::record::{Endpoint, FeatureRange, MetadataRecord, RegisterBroker, RegisterController};
use ottla_wire::ErrorCode;
use ottla_wire::messages::{
    BrokerHeartbeatRequest, BrokerRegistrationRequest, ControllerRegistrationRequest, UnregisterBrokerRequest,
};
use ottla_world::Time;

/// The answer to a heartbeat (`BrokerHeartbeatReply`), and what the sessions learn from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatReply {
    /// Whether the broker's metadata has reached its registration.
    pub is_caught_up: bool,
    /// Whether it is fenced now.
    pub is_fenced: bool,
    /// Whether it is in its controlled shutdown now.
    pub in_controlled_shutdown: bool,
    /// Whether it may end.
    pub should_shut_down: bool,
}

impl Controller {
    /// Whether a request comes from the broker's present life (`checkBrokerEpoch`).
    ///
    /// # Errors
    /// `STALE_BROKER_EPOCH`.
    pub fn check_broker_epoch(&self, id: i32, epoch: i64) -> Result<(), ApiError> {
        let fail = |message: String| Err(ApiError::new(ErrorCode::StaleBrokerEpoch, message));
        match self.image.broker(id) {
            None => fail(format!("No broker registration found for broker id {id}")),
            Some(broker) if broker.epoch != epoch => {
                fail(format!("Expected broker epoch {}, but got broker epoch {epoch}", broker.epoch))
            }
            Some(_) => Ok(()),
        }
    }

    /// `registerBroker`: the response is the broker's epoch. `next_offset` is where the first record will stand.
    ///
    /// # Errors
    /// Another cluster, another live broker of that id, or directories that can't be.
    pub fn register_broker(
        &self,
        now: Time,
        request: &BrokerRegistrationRequest,
        next_offset: i64,
    ) -> Result<ControllerResult<i64>, ApiError> {
        let id = request.broker_id.0;
        self.check_registration(now, request)?;
        let existing = self.image.broker(id);
        let same_life = existing.filter(|broker| broker.incarnation_id == request.incarnation_id);
        let mut records = Vec::new();
        if same_life.is_none() {
            // -2: never registered, so that no previous epoch (-1 without one) counts as a clean shutdown.
            let clean = existing.map_or(-2, |broker| broker.epoch) == request.previous_broker_epoch;
            self.clean_up_after(id, clean, &mut records);
        }
        let broker_epoch = same_life.map_or(next_offset, |broker| broker.epoch);
        records.push(MetadataRecord::RegisterBroker(RegisterBroker {
            broker_id: id,
            incarnation_id: request.incarnation_id,
            broker_epoch,
            endpoints: request
                .listeners
                .iter()
                .map(|l| endpoint(&l.name, &l.host, l.port, l.security_protocol))
                .collect(),
            features: request
                .features
                .iter()
                .map(|f| feature(&f.name, f.min_supported_version, f.max_supported_version))
                .collect(),
            rack: request.rack.as_ref().map(|rack| rack.to_string()),
            fenced: same_life.is_none_or(|broker| broker.fenced),
            in_controlled_shutdown: same_life.is_some_and(|broker| broker.in_controlled_shutdown),
            log_dirs: request.log_dirs.clone(),
        }));
        Ok(ControllerResult::new(records, broker_epoch))
    }

    fn check_registration(&self, now: Time, request: &BrokerRegistrationRequest) -> Result<(), ApiError> {
        let fail = |code, message: String| Err(ApiError::new(code, message));
        let (expected, got) = (&self.settings.cluster_id, request.cluster_id.as_str());
        if expected != got {
            let message = format!("Expected cluster ID {expected}, but got cluster ID {got}");
            return fail(ErrorCode::InconsistentClusterId, message);
        }
        let id = request.broker_id.0;
        let other_life = self.image.broker(id).is_some_and(|broker| broker.incarnation_id != request.incarnation_id);
        if other_life && self.heartbeats.has_valid_session(now, id) {
            let message = "Another broker is registered with that broker id. If the broker was recently restarted this \
                           should self-resolve once the heartbeat manager expires the broker's session.";
            return fail(ErrorCode::DuplicateBrokerRegistration, message.to_owned());
        }
        if request.log_dirs.is_empty() {
            return fail(ErrorCode::InvalidRegistration, "No directories specified in request".to_owned());
        }
        for (at, directory) in request.log_dirs.iter().enumerate() {
            // `DirectoryId.reserved`: the first hundred ids.
            if directory.as_u128() < 100 {
                return fail(ErrorCode::InvalidRegistration, "Reserved directory ID in request".to_owned());
            }
            if request.log_dirs[..at].contains(directory) {
                return fail(ErrorCode::InvalidRegistration, "Duplicate directory ID in request".to_owned());
            }
            let owner = self.image.brokers().values().find(|b| b.id != id && b.log_dirs.contains(directory));
            if let Some(owner) = owner {
                let text = ottla_wire::java::uuid_text(*directory);
                let message = format!("Broker {} is already registered with directory {text}", owner.id);
                return fail(ErrorCode::InvalidRegistration, message);
            }
        }
        Ok(())
    }

    /// `processBrokerHeartbeat`. The caller then tells the sessions what the reply says.
    ///
    /// # Errors
    /// `STALE_BROKER_EPOCH`.
    pub fn broker_heartbeat(
        &self,
        request: &BrokerHeartbeatRequest,
    ) -> Result<ControllerResult<HeartbeatReply>, ApiError> {
        let id = request.broker_id.0;
        self.check_broker_epoch(id, request.broker_epoch)?;
        let is_caught_up = request.current_metadata_offset >= request.broker_epoch;
        let (current, next) = (self.heartbeats.state(id), self.next_state(request, is_caught_up));
        let mut records = Vec::new();
        if current != next {
            match next {
                BrokerControlState::Fenced | BrokerControlState::ShutdownNow => self.fence_broker(id, &mut records),
                BrokerControlState::Unfenced => self.unfence_broker(id, &mut records),
                BrokerControlState::ControlledShutdown => self.shut_broker_down(id, &mut records),
            }
        }
        self.lose_directories(id, &request.offline_log_dirs, &mut records);
        let reply = HeartbeatReply {
            is_caught_up,
            is_fenced: matches!(next, BrokerControlState::Fenced | BrokerControlState::ShutdownNow),
            in_controlled_shutdown: next == BrokerControlState::ControlledShutdown,
            should_shut_down: next == BrokerControlState::ShutdownNow,
        };
        Ok(ControllerResult::new(records, reply))
    }

    /// `BrokerHeartbeatManager.calculateNextBrokerState`.
    fn next_state(&self, request: &BrokerHeartbeatRequest, is_caught_up: bool) -> BrokerControlState {
        use BrokerControlState::{ControlledShutdown, Fenced, ShutdownNow, Unfenced};
        let id = request.broker_id.0;
        match self.heartbeats.state(id) {
            _ if request.want_fence && request.want_shut_down => ShutdownNow,
            Fenced if request.want_shut_down => ShutdownNow,
            Fenced if !request.want_fence && is_caught_up => Unfenced,
            Unfenced if request.want_fence => Fenced,
            Unfenced if request.want_shut_down && self.has_leaderships(id) => ControlledShutdown,
            Unfenced if request.want_shut_down => ShutdownNow,
            ControlledShutdown if !self.has_leaderships(id) => {
                let broker = self.heartbeats.brokers().get(&id);
                let offset = broker.and_then(|broker| broker.controlled_shutdown_offset).unwrap_or(0);
                if offset <= self.heartbeats.lowest_active_offset() { ShutdownNow } else { ControlledShutdown }
            }
            state => state,
        }
    }

    /// Fences the broker that was silent for longest, if its session is over (`maybeFenceOneStaleBroker`): the response
    /// is its id. One at a time, so that each sees what the last one changed.
    pub fn fence_stale_broker(&self, now: Time) -> ControllerResult<Option<i32>> {
        let stale = self.heartbeats.stale_broker(now);
        let mut records = Vec::new();
        stale.iter().for_each(|id| self.fence_broker(*id, &mut records));
        ControllerResult::new(records, stale)
    }

    /// `unregisterBroker`.
    ///
    /// # Errors
    /// `BROKER_ID_NOT_REGISTERED`.
    pub fn unregister_broker(&self, request: &UnregisterBrokerRequest) -> Result<ControllerResult<()>, ApiError> {
        let id = request.broker_id.0;
        let Some(broker) = self.image.broker(id) else {
            let message = format!("Broker ID {id} is not currently registered");
            return Err(ApiError::new(ErrorCode::BrokerIdNotRegistered, message));
        };
        let mut records = Vec::new();
        self.unregister(id, broker.epoch, &mut records);
        Ok(ControllerResult::new(records, ()))
    }

    /// `registerController`.
    pub fn register_controller(&self, request: &ControllerRegistrationRequest) -> ControllerResult<()> {
        let record = RegisterController {
            controller_id: request.controller_id,
            incarnation_id: request.incarnation_id,
            zk_migration_ready: request.zk_migration_ready,
            endpoints: request
                .listeners
                .iter()
                .map(|l| endpoint(&l.name, &l.host, l.port, l.security_protocol))
                .collect(),
            features: request
                .features
                .iter()
                .map(|f| feature(&f.name, f.min_supported_version, f.max_supported_version))
                .collect(),
        };
        ControllerResult::new(vec![MetadataRecord::RegisterController(record)], ())
    }
}

fn endpoint(name: &str, host: &str, port: u16, security_protocol: i16) -> Endpoint {
    Endpoint { name: name.to_owned(), host: host.to_owned(), port, security_protocol }
}

fn feature(name: &str, min_supported_version: i16, max_supported_version: i16) -> FeatureRange {
    FeatureRange { name: name.to_owned(), min_supported_version, max_supported_version }
}
