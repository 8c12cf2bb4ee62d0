//! A broker's life as its controller sees it (`BrokerLifecycleManager`). Serves the node; invariant: it registers once an
//! incarnation, and serves only while unfenced.

use crate::{
    BrokerConfig, BrokerStateName,
    uplink::{Purpose, Uplink},
};
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind, Uuid,
    messages::{
        BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse,
        broker_registration_request::{Feature, Listener},
    },
    str_bytes,
};
use ottla_world::{Context, Time};

/// Features of a 4.3 broker: name, first and last supported level.
pub(crate) const FEATURES: [(&str, i16, i16); 7] = [
    ("eligible.leader.replicas.version", 0, 1),
    ("group.version", 0, 1),
    ("kraft.version", 0, 1),
    ("metadata.version", 7, 30),
    ("share.version", 0, 1),
    ("streams.version", 0, 1),
    ("transaction.version", 0, 2),
];

/// Pause between heartbeats while it is being let in, in milliseconds.
const EAGER_MS: u64 = 50;

/// Where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Lifecycle {
    state: BrokerStateName,
    incarnation_id: Uuid,
    directory_id: Uuid,
    pub(crate) epoch: i64,
    previous_epoch: i64,
    next: Option<Time>,
    interval_ms: u64,
    timeout_ms: u64,
    /// When a controlled shutdown is given up: then it stops all the same.
    shutdown_deadline: Option<Time>,
    /// When a broker that nobody registers gives up (`initial.broker.registration.timeout.ms`).
    register_until: Option<Time>,
}

/// How long a broker waits for the controller's leave to stop, in milliseconds (`BrokerServer.shutdown`).
const SHUTDOWN_MS: u64 = 300_000;

impl Lifecycle {
    pub(crate) fn new(
        cx: &mut Context<'_>,
        config: &BrokerConfig,
        directory_id: Uuid,
        previous_epoch: i64,
    ) -> Lifecycle {
        Lifecycle {
            state: BrokerStateName::Starting,
            incarnation_id: Uuid::from_bytes(cx.rng().uuid_bytes()),
            directory_id,
            epoch: -1,
            previous_epoch,
            next: Some(cx.now()),
            interval_ms: config.number("broker.heartbeat.interval.ms"),
            timeout_ms: config.number("broker.session.timeout.ms") / 2,
            shutdown_deadline: None,
            register_until: Some(cx.now().plus_millis(config.number("initial.broker.registration.timeout.ms"))),
        }
    }

    pub(crate) fn state(&self) -> BrokerStateName {
        self.state
    }

    /// The id of its log directory.
    pub(crate) fn directory_id(&self) -> Uuid {
        self.directory_id
    }

    pub(crate) fn next_wakeup(&self) -> Option<Time> {
        self.next
    }

    /// SIGTERM: hands its leaderships over first, if anybody can take them.
    pub(crate) fn begin_shutdown(&mut self, now: Time) -> bool {
        if self.epoch < 0 || self.state == BrokerStateName::Starting {
            return false;
        }
        self.state = BrokerStateName::ControlledShutdown;
        self.next = Some(now);
        self.shutdown_deadline.get_or_insert(now.plus_millis(SHUTDOWN_MS));
        true
    }

    /// When it gives up, as long as it is not registered.
    pub(crate) fn registration_deadline(&self) -> Option<Time> {
        self.register_until
    }

    /// Whether no controller registered it in time (`RegistrationTimeoutEvent`).
    pub(crate) fn is_registration_late(&self, now: Time) -> bool {
        self.register_until.is_some_and(|until| until <= now)
    }

    pub(crate) fn shutdown_deadline(&self) -> Option<Time> {
        self.shutdown_deadline
    }

    /// Whether it has to stop without the controller's leave.
    pub(crate) fn waited_long_enough(&self, now: Time) -> bool {
        self.shutdown_deadline.is_some_and(|at| at <= now)
    }

    /// Whether the metadata up to `offset` holds this registration.
    pub(crate) fn is_caught_up(&self, offset: i64) -> bool {
        self.epoch >= 0 && offset >= self.epoch
    }

    /// Registers, or sends the next heartbeat, if it is due.
    pub(crate) fn poll(&mut self, now: Time, config: &BrokerConfig, metadata_offset: i64, uplink: &mut Uplink) {
        if self.next.is_none_or(|at| at > now) || uplink.has(&Purpose::Register) || uplink.has(&Purpose::Heartbeat) {
            return;
        }
        self.next = None;
        if self.epoch < 0 {
            let request = self.registration(config);
            return uplink.call(now, Purpose::Register, 4, RequestKind::BrokerRegistration(request), self.timeout_ms);
        }
        let request = BrokerHeartbeatRequest::default()
            .with_broker_id(BrokerId(config.node_id))
            .with_broker_epoch(self.epoch)
            .with_current_metadata_offset(metadata_offset)
            .with_want_fence(!self.is_caught_up(metadata_offset))
            .with_want_shut_down(self.state == BrokerStateName::ControlledShutdown);
        uplink.call(now, Purpose::Heartbeat, 1, RequestKind::BrokerHeartbeat(request), self.timeout_ms);
    }

    fn registration(&self, config: &BrokerConfig) -> BrokerRegistrationRequest {
        let listener = Listener::default()
            .with_name(str_bytes("PLAINTEXT"))
            .with_host(str_bytes("localhost"))
            .with_port(config.port);
        let feature = |(name, min, max): &(&str, i16, i16)| {
            Feature::default()
                .with_name(str_bytes(name))
                .with_min_supported_version(*min)
                .with_max_supported_version(*max)
        };
        BrokerRegistrationRequest::default()
            .with_broker_id(BrokerId(config.node_id))
            .with_cluster_id(str_bytes(&config.cluster_id))
            .with_incarnation_id(self.incarnation_id)
            .with_rack(config.setting("broker.rack").map(str_bytes))
            .with_listeners(vec![listener])
            .with_features(FEATURES.iter().map(feature).collect())
            .with_log_dirs(vec![self.directory_id])
            .with_previous_broker_epoch(self.previous_epoch)
    }

    pub(crate) fn registered(&mut self, cx: &mut Context<'_>, response: &BrokerRegistrationResponse) {
        match ErrorCode::from_code(response.error_code) {
            ErrorCode::None => {
                self.epoch = response.broker_epoch;
                self.register_until = None;
                self.state = BrokerStateName::Fenced;
                self.next = Some(cx.now().plus_millis(EAGER_MS));
                cx.note(format!("registered, broker epoch {}", self.epoch));
            }
            error => {
                // Another incarnation's session may have to end first.
                self.next = Some(cx.now().plus_millis(self.interval_ms / 4));
                cx.note(format!("registration refused: {}", error.name()));
            }
        }
    }

    /// The answer to a heartbeat; true if the broker may end now.
    pub(crate) fn beaten(&mut self, cx: &mut Context<'_>, response: &BrokerHeartbeatResponse) -> bool {
        match ErrorCode::from_code(response.error_code) {
            ErrorCode::None => {}
            ErrorCode::StaleBrokerEpoch | ErrorCode::BrokerIdNotRegistered
                if self.state == BrokerStateName::ControlledShutdown =>
            {
                return true;
            }
            error @ (ErrorCode::StaleBrokerEpoch | ErrorCode::BrokerIdNotRegistered) => {
                // It was unregistered, or another one has its id: only a new life registers again.
                self.next = Some(cx.now().plus_millis(self.interval_ms));
                cx.note(format!("heartbeat refused: {}", error.name()));
                return false;
            }
            _ => {
                self.next = Some(cx.now().plus_millis(EAGER_MS));
                return false;
            }
        }
        if self.state == BrokerStateName::ControlledShutdown {
            self.next = Some(cx.now().plus_millis(EAGER_MS));
            return response.should_shut_down;
        }
        let was = self.state;
        self.state = if response.is_fenced { BrokerStateName::Fenced } else { BrokerStateName::Running };
        if was != self.state {
            cx.note(if response.is_fenced { "fenced" } else { "unfenced" });
        }
        let pause = if response.is_fenced { EAGER_MS } else { self.interval_ms };
        self.next = Some(cx.now().plus_millis(pause));
        false
    }

    /// A request to the controller was given up.
    pub(crate) fn unanswered(&mut self, now: Time) {
        self.next = Some(now.plus_millis(EAGER_MS));
    }
}
