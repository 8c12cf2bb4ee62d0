//! The admin client. Serves kafka-topics, kafka-configs, kafka-consumer-groups and their kin; invariant: each call is
//! answered by exactly one event, at its time-out at the latest.

mod body;
mod call;
mod cluster;
mod configs;
mod describe;
mod engine;
mod groups;
mod leaders;
mod manage;
mod refresh;
mod request;
mod response;
#[cfg(test)]
mod tests;
mod topics;

pub use request::{
    AclBinding, AdminRequest, AlterConfigOp, CallId, ConfigResource, ConfigResourceType, ElectionType, NewPartitions,
    NewTopic, OffsetSpec, QuotaMatch,
};
pub use response::{
    AdminEvent, AdminResponse, ClusterDescription, ConfigEntry, ConfigSource, CreatedTopic, Each, FeatureMetadata,
    GroupDescription, GroupListing, ListedOffset, LogDir, MemberDescription, PartitionDescription,
    PartitionReassignment, QuorumInfo, QuorumReplica, QuotaEntry, ReplicaInfo, TopicDescription, TopicListing,
};

use crate::network::{NetworkClient, backoff::Backoff};
use crate::settings::{CommonConfig, Settings};
use crate::{JavaError, LogLine, log::Log};
use call::{Call, Operation};
use ottla_world::{Context, Input, Time};
use refresh::Refresh;
use std::collections::BTreeMap;

/// An admin client inside a process (Kafka's `KafkaAdminClient`).
///
/// The owner gives it every [`Input`] (`handle`), then lets it work (`poll`), then takes events and log lines.
#[derive(Clone, Debug)]
pub struct Admin {
    network: NetworkClient,
    /// It was given `bootstrap.controllers`: it talks to the quorum itself.
    asks_controllers: bool,
    refresh: Refresh,
    operations: BTreeMap<CallId, Operation>,
    /// Calls that wait for a node or for their next try.
    pending: Vec<Call>,
    /// By the network's number: the node and the call.
    in_flight: BTreeMap<u64, (i32, Call)>,
    retry: Backoff,
    retries: i64,
    request_timeout_ms: u64,
    default_timeout_ms: u64,
    metadata_max_age_ms: u64,
    next_call: u64,
    events: Vec<AdminEvent>,
    log: Vec<LogLine>,
    wakeup: Option<Time>,
}

impl Admin {
    /// An admin client with these settings (Kafka's names). Nothing happens before the first call.
    ///
    /// # Errors
    /// `ConfigException` for a bad value; `KafkaException: Failed to create new KafkaAdminClient` with a cause for
    /// bootstrap servers that cannot be resolved.
    pub fn new(config: &BTreeMap<String, String>) -> Result<Admin, JavaError> {
        let settings = Settings::new(config);
        let mut common = CommonConfig::read(&settings)?;
        settings.check(ottla_wire::config::ConfigKind::Admin)?;
        let retries = settings.int("retries", i32::MAX, 0)?;
        let default_timeout_ms = settings.millis("default.api.timeout.ms", 60_000)?;
        let failure = "Failed to create new KafkaAdminClient";
        if default_timeout_ms < common.request_timeout_ms && settings.has("default.api.timeout.ms") {
            let text = "The specified value of default.api.timeout.ms must be no smaller than the value of \
                        request.timeout.ms.";
            let outer = JavaError::new("org.apache.kafka.common.KafkaException", failure);
            return Err(outer.caused_by(JavaError::config(text)));
        }
        let (nodes, asks_controllers) = common.admin_bootstrap(&settings, failure)?;
        let client_id = settings.text("client.id").filter(|id| !id.is_empty()).unwrap_or("adminclient-1");
        let log = Log::new(format!("[AdminClient clientId={client_id}] "));
        let network = NetworkClient::new(common.network(client_id, 1, false), common.metadata(nodes, true), log);
        Ok(Admin {
            network,
            asks_controllers,
            refresh: Refresh::default(),
            operations: BTreeMap::new(),
            pending: Vec::new(),
            in_flight: BTreeMap::new(),
            retry: common.retry,
            retries: i64::from(retries),
            request_timeout_ms: common.request_timeout_ms,
            default_timeout_ms: default_timeout_ms.max(common.request_timeout_ms),
            metadata_max_age_ms: common.metadata_max_age_ms,
            next_call: 0,
            events: Vec::new(),
            log: common.log,
            wakeup: None,
        })
    }

    /// Asks; answered by one [`AdminEvent`] within `default.api.timeout.ms`.
    pub fn call(&mut self, cx: &mut Context<'_>, request: AdminRequest) -> CallId {
        self.call_within(cx, request, None)
    }

    /// Asks with a time-out of its own, in milliseconds (`AbstractOptions.timeoutMs`).
    pub fn call_within(&mut self, cx: &mut Context<'_>, request: AdminRequest, timeout_ms: Option<u64>) -> CallId {
        let id = CallId(self.next_call);
        self.next_call += 1;
        self.start(cx, id, request, timeout_ms.unwrap_or(self.default_timeout_ms));
        self.poll(cx);
        id
    }

    /// Closes the connections; calls that are not answered never will be.
    pub fn close(&mut self, cx: &mut Context<'_>) {
        self.network.close(cx);
        self.operations.clear();
        self.pending.clear();
        self.in_flight.clear();
        self.wakeup = None;
    }

    /// Takes an input; true if it was for one of its connections. `Wake` may be passed too.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> bool {
        self.network.handle(cx, input)
    }

    /// Does what is due; to be called after each input and each call.
    pub fn poll(&mut self, cx: &mut Context<'_>) {
        loop {
            self.advance(cx);
            if !self.network.has_completions() {
                break;
            }
        }
    }

    /// When `poll` wants to be called at the latest.
    pub fn next_wakeup(&self) -> Option<Time> {
        self.wakeup
    }

    /// The events since the last call.
    pub fn take_events(&mut self) -> Vec<AdminEvent> {
        std::mem::take(&mut self.events)
    }

    /// The log lines since the last call.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        let mut lines = std::mem::take(&mut self.log);
        lines.append(&mut self.network.log.take());
        lines
    }
}
