//! The admin client. Serves kafka-topics, kafka-configs, kafka-consumer-groups and their kin; invariant: each call is
//! answered by exactly one event, at its time-out at the latest.

mod request;
mod response;

pub use request::{
    AdminRequest, AlterConfigOp, CallId, ConfigResource, ConfigResourceType, ElectionType, NewPartitions, NewTopic,
    OffsetSpec,
};
pub use response::{
    AdminEvent, AdminResponse, ClusterDescription, ConfigEntry, ConfigSource, CreatedTopic, Each, FeatureMetadata,
    GroupDescription, GroupListing, ListedOffset, LogDir, MemberDescription, PartitionDescription,
    PartitionReassignment, QuorumInfo, QuorumReplica, ReplicaInfo, TopicDescription, TopicListing,
};

use crate::{JavaError, LogLine, log::Log};
use ottla_world::{Context, Input, Time};
use std::collections::BTreeMap;

/// An admin client inside a process (Kafka's `KafkaAdminClient`).
#[derive(Clone, Debug)]
pub struct Admin {
    log: Log,
    next_call: u64,
    events: Vec<AdminEvent>,
}

impl Admin {
    /// An admin client with these settings (Kafka's names). Nothing happens before the first `poll`.
    ///
    /// # Errors
    /// `ConfigException` for a bad value; `KafkaException: Failed to create new KafkaAdminClient` with a cause for
    /// bootstrap servers that cannot be resolved.
    pub fn new(config: &BTreeMap<String, String>) -> Result<Admin, JavaError> {
        let client_id = config.get("client.id").map_or("adminclient-1", String::as_str);
        let log = Log::new(format!("[AdminClient clientId={client_id}] "));
        Ok(Admin { log, next_call: 0, events: Vec::new() })
    }

    /// Asks; answered by one [`AdminEvent`] within `default.api.timeout.ms`.
    pub fn call(&mut self, cx: &mut Context<'_>, request: AdminRequest) -> CallId {
        self.call_within(cx, request, None)
    }

    /// Asks with a time-out of its own, in milliseconds (`AbstractOptions.timeoutMs`).
    pub fn call_within(&mut self, cx: &mut Context<'_>, request: AdminRequest, timeout_ms: Option<u64>) -> CallId {
        let _ = (cx.now(), request, timeout_ms);
        let id = CallId(self.next_call);
        self.next_call += 1;
        id
    }

    /// Closes the connections; calls that are not answered never will be.
    pub fn close(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// Takes an input; true if it was for one of its connections. `Wake` may be passed too.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> bool {
        let _ = (cx, input);
        false
    }

    /// Does what is due; to be called after each input and each call.
    pub fn poll(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// When `poll` wants to be called at the latest.
    pub fn next_wakeup(&self) -> Option<Time> {
        None
    }

    /// The events since the last call.
    pub fn take_events(&mut self) -> Vec<AdminEvent> {
        std::mem::take(&mut self.events)
    }

    /// The log lines since the last call.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        self.log.take()
    }
}
