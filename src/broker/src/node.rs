//! One broker as a process. Serves the lab; invariant: everything it knows came over the wire or from its disk.

use crate::{
    BrokerConfig, BrokerStateName, BrokerView, ReplicaMarks,
    connections::{Connections, RequestId, Waiting},
    fetch_session::FetchSessions,
    group::GroupCoordinator,
    handlers,
    handlers::PendingReplies,
    lifecycle::Lifecycle,
    log_manager::LogTasks,
    purgatory::Purgatory,
    replica::{
        Place, ReplicaManager,
        fetcher::{FetchSettings, Fetchers},
    },
    uplink::{Purpose, Uplink},
};
use bytes::Bytes;
use ottla_controller::{MetadataImage, MetadataObserver, MetadataRecord, MetadataUpdate, ObserverConfig};
use ottla_log::CLEAN_SHUTDOWN_FILE;
use ottla_wire::{
    ApiKey, ErrorCode, Request, ResponseKind, Uuid, WireError, api, java,
    messages::incremental_alter_configs_response::AlterConfigsResourceResponse,
};
use ottla_world::{ConnectionId, Context, Input, Process, Signal, Time};
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

/// A broker.
#[derive(Clone, Debug)]
pub struct BrokerNode {
    config: BrokerConfig,
    running: Option<Box<Running>>,
}

/// A broker that has started.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) config: BrokerConfig,
    pub(crate) image: Arc<MetadataImage>,
    observer: MetadataObserver,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) uplink: Uplink,
    pub(crate) connections: Connections,
    pub(crate) replicas: ReplicaManager,
    fetchers: Fetchers,
    pub(crate) purgatory: Purgatory,
    pub(crate) sessions: FetchSessions,
    pub(crate) producer_ids: Range<i64>,
    pub(crate) groups: GroupCoordinator,
    pub(crate) pending_replies: Vec<PendingReplies>,
    /// Topics that are being made because somebody asked for them.
    pub(crate) creating: BTreeSet<String>,
    /// What this broker refused of changes of settings whose rest is with the controller.
    pub(crate) refused_configs: BTreeMap<RequestId, Vec<AlterConfigsResourceResponse>>,
    /// Proposed ISRs to send again, by the partition epoch they build on.
    pub(crate) isr_retries: BTreeMap<(Place, i32), Time>,
    pub(crate) log_tasks: LogTasks,
    next_checkpoint: Time,
    next_shrink: Time,
    /// Whether the metadata has been applied: before, it may be older than this broker's own logs.
    serving: bool,
    ending: bool,
    exit_code: u8,
}

impl BrokerNode {
    /// A broker that has not started yet.
    pub fn new(config: BrokerConfig) -> BrokerNode {
        BrokerNode { config, running: None }
    }

    /// The marks of one replica; none before it has started, or if it has no such replica.
    pub fn replica_marks(&self, topic: &str, partition: i32) -> Option<ReplicaMarks<'_>> {
        self.running.as_ref()?.replica_marks(topic, partition)
    }

    /// The marks of its replicas; none before it has started.
    pub fn marks(&self) -> impl Iterator<Item = ReplicaMarks<'_>> {
        self.running.iter().flat_map(|running| running.marks())
    }

    /// Its copy of the metadata log; none before it has started, or if the disk refused.
    pub fn raft(&self) -> Option<&ottla_controller::raft::Raft> {
        self.running.as_ref()?.observer.raft()
    }

    /// Where it stands in its life.
    pub fn state(&self) -> BrokerStateName {
        self.running.as_ref().map_or(BrokerStateName::Starting, |running| running.lifecycle.state())
    }

    /// What pictures show of it.
    pub fn view(&self) -> BrokerView {
        self.running.as_ref().map_or_else(
            || BrokerView {
                node_id: self.config.node_id,
                state: BrokerStateName::Starting,
                epoch: -1,
                controller_id: None,
                metadata_offset: -1,
                metadata: Arc::default(),
                partitions: Vec::new(),
                groups: Vec::new(),
            },
            |running| running.view(),
        )
    }
}

impl Process for BrokerNode {
    fn name(&self) -> &str {
        "Kafka"
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        if input == Input::Start {
            // What the disk refused an earlier life is not this one's business.
            cx.disk().take_refusal();
            self.running = Some(Box::new(Running::start(cx, &self.config)));
        }
        if let Some(running) = &mut self.running {
            running.take(cx, input);
            running.work(cx);
            running.look_at_disk(cx);
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        self.running.as_ref().and_then(|running| running.next_wakeup())
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Running {
    fn start(cx: &mut Context<'_>, config: &BrokerConfig) -> Running {
        let dir = &config.log_dir;
        let directory_id = directory_id(cx, config);
        let clean = format!("{dir}/{CLEAN_SHUTDOWN_FILE}");
        let kept = cx.disk().read_all(&clean);
        let previous_epoch = kept.as_ref().and_then(|text| epoch_in(text)).unwrap_or(-1);
        let observed = ObserverConfig {
            node_id: config.node_id,
            cluster_id: config.cluster_id.clone(),
            directory_id,
            voters: config.voters.clone(),
            log_dir: dir.clone(),
            settings: config.settings.clone(),
        };
        let settings = FetchSettings {
            wait_max_ms: config.int("replica.fetch.wait.max.ms"),
            min_bytes: config.int("replica.fetch.min.bytes"),
            max_bytes: config.int("replica.fetch.max.bytes"),
            response_max_bytes: config.int("replica.fetch.response.max.bytes"),
            backoff_ms: config.number("replica.fetch.backoff.ms"),
            socket_timeout_ms: config.number("replica.socket.timeout.ms"),
        };
        let now = cx.now();
        Running {
            image: Arc::default(),
            lifecycle: Lifecycle::new(cx, config, directory_id, previous_epoch),
            uplink: Uplink::new(config.node_id),
            connections: Connections::default(),
            replicas: ReplicaManager::new(config.node_id, dir, cx.disk(), &config.settings, kept.is_some()),
            fetchers: Fetchers::new(config.node_id, settings),
            purgatory: Purgatory::default(),
            sessions: FetchSessions::new(config.number("max.incremental.fetch.session.cache.slots")),
            producer_ids: 0..0,
            groups: GroupCoordinator::new(config),
            pending_replies: Vec::new(),
            creating: BTreeSet::new(),
            refused_configs: BTreeMap::new(),
            next_checkpoint: now.plus_millis(config.number("replica.high.watermark.checkpoint.interval.ms")),
            next_shrink: now.plus_millis(config.number("replica.lag.time.max.ms") / 2),
            log_tasks: LogTasks::new(now, config),
            isr_retries: BTreeMap::new(),
            serving: false,
            ending: false,
            exit_code: 143,
            observer: MetadataObserver::open(cx, observed),
            config: config.clone(),
        }
    }

    fn take(&mut self, cx: &mut Context<'_>, input: Input) {
        if self.observer.handle(cx, &input) || self.fetchers.handle(cx, &mut self.replicas, &input) {
            return;
        }
        if let Some(answer) = self.uplink.handle(cx, &input) {
            if let Some((purpose, response)) = answer {
                self.controller_answered(cx, purpose, response);
            }
            return;
        }
        match input {
            Input::Accepted { connection, .. } => self.connections.accepted(connection),
            Input::Frame { connection, frame } => {
                let fits = !self.connections.has(connection) || self.connections.push(connection, frame);
                if !fits {
                    self.cut_off(cx, connection);
                }
            }
            Input::Closed { connection } => {
                self.connections.closed(connection);
                self.detach_session(connection);
            }
            Input::Signal(signal @ (Signal::Terminate | Signal::Interrupt | Signal::HangUp)) => {
                cx.note("told to stop");
                self.exit_code = 128 + signal.number();
                if !self.config.flag("controlled.shutdown.enable") || !self.lifecycle.begin_shutdown(cx.now()) {
                    self.end(cx);
                }
            }
            _ => {}
        }
    }

    fn cut_off(&mut self, cx: &mut Context<'_>, connection: ConnectionId) {
        cx.close(connection);
        self.connections.closed(connection);
    }

    fn controller_answered(&mut self, cx: &mut Context<'_>, purpose: Purpose, response: ResponseKind) {
        match (purpose, response) {
            (Purpose::Register, ResponseKind::BrokerRegistration(r)) => self.lifecycle.registered(cx, &r),
            (Purpose::Heartbeat, ResponseKind::BrokerHeartbeat(r)) => {
                if self.lifecycle.beaten(cx, &r) {
                    self.end(cx);
                }
            }
            (Purpose::AlterPartition(place, at), ResponseKind::AlterPartition(r)) => {
                self.partition_altered(cx, (place, at), &r);
            }
            (Purpose::ProducerIds, ResponseKind::AllocateProducerIds(r)) => self.producer_ids_allocated(&r),
            (Purpose::Forward(id, key, version), ResponseKind::Envelope(r)) => self.forwarded(cx, id, key, version, &r),
            (Purpose::AutoCreate, _) => self.creating.clear(),
            (Purpose::Directories, ResponseKind::AssignReplicasToDirs(_)) => {}
            _ => cx.note("an answer of the controller that was not asked for"),
        }
    }

    fn given_up(&mut self, cx: &mut Context<'_>, purpose: Purpose) {
        let now = cx.now();
        match purpose {
            Purpose::Register | Purpose::Heartbeat => self.lifecycle.unanswered(now),
            Purpose::AlterPartition(place, at) => self.proposal_unanswered(now, place, at),
            Purpose::ProducerIds | Purpose::Directories => {}
            Purpose::Forward(id, key, _) => self.forward_given_up(cx, id, key),
            Purpose::AutoCreate => self.creating.clear(),
        }
    }

    /// Does everything that is due, after each input.
    fn work(&mut self, cx: &mut Context<'_>) {
        if self.ending {
            return;
        }
        if self.lifecycle.is_registration_late(cx.now()) {
            cx.note("ERROR Shutting down because we were unable to register with the controller quorum.");
            self.ending = true;
            return cx.exit(1);
        }
        if self.lifecycle.waited_long_enough(cx.now()) {
            return self.end(cx);
        }
        self.observer.poll(cx);
        self.follow_metadata(cx);
        let now = cx.now();
        self.lifecycle.poll(now, &self.config, self.observer.metadata_offset(), &mut self.uplink);
        let controller = self.observer.controller();
        for purpose in self.uplink.poll(cx, controller) {
            self.given_up(cx, purpose);
        }
        self.housekeeping(cx);
        self.group_timers(cx);
        while let Some((connection, frame)) = self.connections.next_frame() {
            self.request(cx, connection, &frame);
            self.look_at_waiting(cx);
        }
        self.look_at_waiting(cx);
        self.send_committed(cx);
        self.fetchers.poll(cx, &self.replicas, &self.image, self.lifecycle.epoch);
        // Proposals made while working.
        for purpose in self.uplink.poll(cx, controller) {
            self.given_up(cx, purpose);
        }
    }

    /// Ends at once when the disk refused something: a broker without a log directory that works is of no use
    /// (`LogDirFailureHandler`; `Exit.halt(1)`).
    fn look_at_disk(&mut self, cx: &mut Context<'_>) {
        let Some(error) = cx.disk().take_refusal().filter(|_| !self.ending) else { return };
        let dir = &self.config.log_dir;
        cx.note(format!("Stopping serving logs in dir {dir}: {error}"));
        cx.note(format!("Shutdown broker because all log dirs in {dir} have failed"));
        self.ending = true;
        cx.exit(1);
    }

    fn follow_metadata(&mut self, cx: &mut Context<'_>) {
        let MetadataUpdate { from_snapshot, records } = self.observer.take_committed(cx);
        if records.is_empty() && (self.serving || !self.lifecycle.is_caught_up(self.observer.metadata_offset())) {
            return;
        }
        let before = from_snapshot.then(|| std::mem::take(&mut self.image));
        let image = Arc::make_mut(&mut self.image);
        let (mut matters, mut deleted) = (from_snapshot, BTreeSet::new());
        self.replicas.reconfigured |= from_snapshot;
        for (offset, record) in &records {
            if let MetadataRecord::RemoveTopic { topic_id } = record {
                deleted.extend(image.topic_by_id(*topic_id).map(|topic| topic.name.clone()));
            }
            matters |= !matches!(record, MetadataRecord::NoOp);
            self.replicas.reconfigured |= matches!(record, MetadataRecord::Config { .. });
            image.replay(*offset, record);
        }
        // What a snapshot has no more was deleted meanwhile.
        let known = before.iter().flat_map(|before| before.topic_ids());
        deleted
            .extend(known.filter(|(name, id)| image.topic_ids().get(*name) != Some(*id)).map(|(name, _)| name.clone()));
        image.advance(self.observer.metadata_offset());
        self.observer.snapshot_if_due(cx, &self.image);
        // Its own registration is the first thing it has to know: what stands before it is history.
        let starts = !self.serving && self.lifecycle.is_caught_up(self.observer.metadata_offset());
        if starts {
            self.serving = true;
            cx.listen(self.config.port);
        }
        if starts || (matters && self.serving) {
            let image = self.image.clone();
            let changed = self.replicas.apply(cx, &image);
            self.arm_cleaner(cx.now());
            self.follow_groups(cx, &changed);
            self.claim_directories(cx.now());
            self.forget_offsets(cx, &deleted);
            self.creating.retain(|name| image.topic(name).is_none());
        }
    }

    fn housekeeping(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        if self.next_checkpoint <= now {
            self.next_checkpoint = now.plus_millis(self.config.number("replica.high.watermark.checkpoint.interval.ms"));
            self.replicas.checkpoint_high_watermarks(cx);
        }
        if self.next_shrink <= now {
            let lag_ms = self.config.number("replica.lag.time.max.ms");
            self.next_shrink = now.plus_millis(lag_ms / 2);
            self.wake_sessions();
            for (place, isr) in self.replicas.shrink(lag_ms, now) {
                self.propose_isr(cx, place, isr);
            }
        }
        self.retry_proposals(now);
        self.tend_logs(cx);
    }

    fn request(&mut self, cx: &mut Context<'_>, connection: ConnectionId, frame: &Bytes) {
        match ottla_wire::decode_request(frame) {
            Ok(request) if is_served(&request) => {
                let (correlation_id, version, api_key) = (request.correlation_id, request.version, request.api_key);
                let waiting = Waiting { connection, correlation_id, version, api_key };
                let id = self.connections.begin(waiting);
                self.dispatch(cx, id, request);
            }
            Ok(request) => {
                cx.note(format!("{:?} in version {} is not served", request.api_key, request.version));
                self.cut_off(cx, connection);
            }
            Err(WireError::UnsupportedVersion { api_key, correlation_id, .. })
                if api_key == ApiKey::ApiVersions as i16 =>
            {
                let api_key = ApiKey::ApiVersions;
                let id = self.connections.begin(Waiting { connection, correlation_id, version: 0, api_key });
                self.respond(cx, id, handlers::api_versions(&self.image, ErrorCode::UnsupportedVersion));
            }
            Err(error) => {
                cx.note(format!("a request that can't be read: {error}"));
                self.cut_off(cx, connection);
            }
        }
    }

    /// Looks again at the requests that wait for partitions where something moved, or whose time is over.
    fn look_at_waiting(&mut self, cx: &mut Context<'_>) {
        let connections = &self.connections;
        self.purgatory.keep(|id| connections.is_waiting(id));
        let now = cx.now();
        loop {
            self.wake_sessions();
            let moved = std::mem::take(&mut self.replicas.moved);
            self.fetchers.touch(&moved);
            let due = self.purgatory.due(&moved, &self.sessions, now);
            due.produces.into_iter().for_each(|id| self.try_produce(cx, id));
            due.fetches.into_iter().for_each(|id| self.try_fetch(cx, id));
            due.deletes.into_iter().for_each(|id| self.try_delete(cx, id));
            if self.replicas.moved.is_empty() {
                return;
            }
        }
    }

    /// A clean end: checkpoints, the marker, out. Logs that were not loaded are as the last life left them, and so is its marker
    /// (`LogManager.loadLogsCompletedFlags`).
    fn end(&mut self, cx: &mut Context<'_>) {
        self.ending = true;
        self.replicas.checkpoint_high_watermarks(cx);
        let closed = self.close_logs(cx);
        self.replicas.checkpoint_logs(cx);
        if closed && self.replicas.is_loaded() {
            let marker = format!("{}/{CLEAN_SHUTDOWN_FILE}", self.config.log_dir);
            let text = format!("{{\"version\":0,\"brokerEpoch\":{}}}", self.lifecycle.epoch);
            drop(cx.disk().replace(&marker, text.as_bytes()));
        }
        cx.exit(self.exit_code);
    }

    fn next_wakeup(&self) -> Option<Time> {
        let own = [
            self.observer.next_wakeup(),
            self.lifecycle
                .next_wakeup()
                .filter(|_| !self.uplink.has(&Purpose::Register) && !self.uplink.has(&Purpose::Heartbeat)),
            self.uplink.next_wakeup(),
            self.fetchers.next_wakeup(),
            self.purgatory.next_wakeup(),
            self.group_deadline(),
            self.lifecycle.shutdown_deadline(),
            self.lifecycle.registration_deadline(),
            self.isr_retries.values().min().copied(),
            self.log_tasks.next_wakeup(),
            Some(self.next_checkpoint),
            Some(self.next_shrink),
        ];
        own.into_iter().flatten().min()
    }

    pub(crate) fn metadata_offset(&self) -> i64 {
        self.observer.metadata_offset()
    }

    pub(crate) fn controller_id(&self) -> Option<i32> {
        self.observer.controller().map(|c| c.node_id)
    }
}

/// Whether a broker answers this API in this version (`ApiVersionManager.isApiEnabled`).
fn is_served(request: &Request) -> bool {
    api::is_supported(api::Role::Broker, request.api_key, request.version)
}

/// The broker epoch in the marker of a clean shutdown.
fn epoch_in(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    text.rsplit_once(':')?.1.trim_end_matches('}').trim().parse().ok()
}

/// The directory's id in `meta.properties`, which is written at the first start.
fn directory_id(cx: &mut Context<'_>, config: &BrokerConfig) -> Uuid {
    let path = format!("{}/meta.properties", config.log_dir);
    let text = cx.disk().read_all(&path).unwrap_or_default();
    let kept = std::str::from_utf8(&text).ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("directory.id="))?;
        java::uuid_from_text(line).ok()
    });
    kept.unwrap_or_else(|| {
        let id = Uuid::from_bytes(cx.rng().uuid_bytes());
        let (node, cluster) = (config.node_id, &config.cluster_id);
        let text =
            format!("#\nnode.id={node}\ndirectory.id={}\nversion=1\ncluster.id={cluster}\n", java::uuid_text(id));
        drop(cx.disk().replace(&path, text.as_bytes()));
        id
    })
}
