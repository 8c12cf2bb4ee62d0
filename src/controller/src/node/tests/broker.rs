//! A broker that does what a controller sees of brokers: it registers, sends heartbeats and follows the metadata log; and
//! whatever request a test hands it. Serves the node's tests.

use super::bench::{Bench, CLUSTER};
use crate::config::ObserverConfig;
use crate::image::MetadataImage;
use crate::observer::MetadataObserver;
use ottla_wire::messages::broker_registration_request::{Feature, Listener};
use ottla_wire::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, EnvelopeRequest,
};
use ottla_wire::{
    ApiKey, BrokerId, RequestKind, ResponseKind, Uuid, decode_response, encode_request, request_api_key, str_bytes,
};
use ottla_world::{ConnectionId, Context, HostId, Input, Pid, Process, Time};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// API and version of a request, and of the one in its envelope.
type Asked = (ApiKey, i16, Option<(ApiKey, i16)>);

#[derive(Debug, Default)]
pub(crate) struct Orders {
    pub(crate) want_shut_down: bool,
    /// (version, request, in an envelope): sent at the next wake-up.
    outbox: Vec<(i16, RequestKind, bool)>,
}

#[derive(Clone, Debug)]
pub(crate) struct TestBroker {
    id: i32,
    voters: Vec<(i32, u16)>,
    directory_id: Uuid,
    settings: BTreeMap<String, String>,
    /// The epoch of its last clean stop.
    previous_epoch: i64,
    incarnation_id: Uuid,
    observer: Option<MetadataObserver>,
    pub(crate) image: MetadataImage,
    pub(crate) epoch: Option<i64>,
    pub(crate) last_heartbeat: Option<BrokerHeartbeatResponse>,
    /// What the test's hand gives it to do.
    orders: Arc<Mutex<Orders>>,
    link: Option<(i32, ConnectionId)>,
    in_flight: BTreeMap<i32, Asked>,
    next_correlation: i32,
    next_send: Time,
    pub(crate) answers: Vec<ResponseKind>,
}

impl TestBroker {
    pub(crate) fn new(id: i32, voters: &[(i32, u16)], previous_epoch: i64) -> TestBroker {
        TestBroker {
            id,
            voters: voters.to_vec(),
            settings: BTreeMap::new(),
            directory_id: Uuid::from_u128(1000 + id as u128),
            previous_epoch,
            incarnation_id: Uuid::nil(),
            observer: None,
            image: MetadataImage::default(),
            epoch: None,
            last_heartbeat: None,
            orders: Arc::default(),
            link: None,
            in_flight: BTreeMap::new(),
            next_correlation: 0,
            next_send: Time::ZERO,
            answers: Vec::new(),
        }
    }

    fn registration(&self) -> RequestKind {
        let listener = Listener::default().with_name(str_bytes("PLAINTEXT")).with_host(str_bytes("localhost"));
        let feature = |(name, min, max, _): &(&str, i16, i16, i16)| {
            let feature = Feature::default().with_name(str_bytes(name)).with_min_supported_version(*min);
            feature.with_max_supported_version(*max)
        };
        BrokerRegistrationRequest::default()
            .with_broker_id(BrokerId(self.id))
            .with_cluster_id(str_bytes(CLUSTER))
            .with_incarnation_id(self.incarnation_id)
            .with_listeners(vec![listener.with_port(9091 + self.id as u16)])
            .with_features(crate::controller::FEATURES.iter().map(feature).collect())
            .with_log_dirs(vec![self.directory_id])
            .with_previous_broker_epoch(self.previous_epoch)
            .into()
    }

    fn heartbeat(&self, epoch: i64) -> RequestKind {
        BrokerHeartbeatRequest::default()
            .with_broker_id(BrokerId(self.id))
            .with_broker_epoch(epoch)
            .with_current_metadata_offset(self.image.offset())
            .with_want_shut_down(self.orders.lock().unwrap().want_shut_down)
            .into()
    }

    fn send(&mut self, cx: &mut Context<'_>, version: i16, body: RequestKind, envelope: bool) {
        let Some((_, connection)) = self.link else { return };
        self.next_correlation += 1;
        let id = self.next_correlation;
        let key = request_api_key(&body);
        let inner = encode_request(version, id, Some("test"), &body).unwrap();
        if envelope {
            let wrapped = EnvelopeRequest::default().with_request_data(inner).with_request_principal(None);
            let frame = encode_request(0, id, Some("test"), &wrapped.into()).unwrap();
            self.in_flight.insert(id, (ApiKey::Envelope, 0, Some((key, version))));
            cx.send(connection, frame);
        } else {
            self.in_flight.insert(id, (key, version, None));
            cx.send(connection, inner);
        }
    }

    fn work(&mut self, cx: &mut Context<'_>) {
        let Some(observer) = &self.observer else { return };
        let leader = observer.controller();
        if let Some((node, connection)) = self.link
            && leader.is_none_or(|leader| leader.node_id != node)
        {
            cx.close(connection);
            self.link = None;
            self.in_flight.clear();
        }
        if let (None, Some(leader)) = (self.link, leader) {
            self.link = Some((leader.node_id, cx.connect("localhost", leader.port)));
            self.next_send = cx.now().plus_millis(5);
        }
        if self.next_send > cx.now() || !self.in_flight.is_empty() {
            return;
        }
        self.next_send = cx.now().plus_millis(200);
        let routine = match self.epoch {
            None => (4, self.registration()),
            Some(epoch) => (1, self.heartbeat(epoch)),
        };
        self.send(cx, routine.0, routine.1, false);
        let orders = std::mem::take(&mut self.orders.lock().unwrap().outbox);
        for (version, body, envelope) in orders {
            self.send(cx, version, body, envelope);
        }
    }

    fn take(&mut self, frame: &bytes::Bytes) {
        let id = ottla_wire::peek_correlation_id(frame).unwrap();
        let Some((key, version, inner)) = self.in_flight.remove(&id) else { return };
        match (decode_response(key, version, frame).unwrap().1, inner) {
            (ResponseKind::BrokerRegistration(response), _) => {
                self.epoch = (response.error_code == 0).then_some(response.broker_epoch);
            }
            (ResponseKind::BrokerHeartbeat(response), _) => self.last_heartbeat = Some(response),
            (ResponseKind::Envelope(response), Some((key, version))) => match response.response_data {
                Some(data) => self.answers.push(decode_response(key, version, &data).unwrap().1),
                None => self.answers.push(response.into()),
            },
            (response, _) => self.answers.push(response),
        }
    }
}

impl Process for TestBroker {
    fn name(&self) -> &str {
        "Kafka"
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        if input == Input::Start {
            self.incarnation_id = Uuid::from_bytes(cx.rng().uuid_bytes());
            let config = ObserverConfig {
                node_id: self.id,
                cluster_id: CLUSTER.into(),
                directory_id: self.directory_id,
                voters: self.voters.clone(),
                log_dir: format!("node-{}", self.id),
                settings: self.settings.clone(),
            };
            self.observer = Some(MetadataObserver::open(cx, config));
        }
        let mine = self.observer.as_mut().is_some_and(|observer| observer.handle(cx, &input));
        match &input {
            Input::Frame { frame, .. } if !mine => self.take(frame),
            Input::Closed { .. } | Input::ConnectFailed { .. } if !mine => {
                self.link = None;
                self.in_flight.clear();
                self.next_send = cx.now().plus_millis(100);
            }
            _ => {}
        }
        if let Some(observer) = &mut self.observer {
            observer.poll(cx);
            let update = observer.take_committed(cx);
            if update.from_snapshot {
                self.image = MetadataImage::default();
            }
            for (offset, record) in update.records {
                self.image.replay(offset, &record);
            }
            self.image.advance(observer.metadata_offset());
            observer.snapshot_if_due(cx, &self.image);
        }
        self.work(cx);
    }

    fn next_wakeup(&self) -> Option<Time> {
        let observer = self.observer.as_ref()?.next_wakeup();
        let own = self.in_flight.is_empty().then_some(self.next_send);
        observer.into_iter().chain(own).min()
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A bench with brokers 1, 2, ….
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) bench: Bench,
    hosts: BTreeMap<i32, HostId>,
    pids: BTreeMap<i32, Pid>,
}

impl Cluster {
    /// Started, with all brokers unfenced.
    pub(crate) fn new(controllers: u16, brokers: i32) -> Cluster {
        Cluster::with_settings(controllers, brokers, &[])
    }

    pub(crate) fn with_settings(controllers: u16, brokers: i32, settings: &[(&str, &str)]) -> Cluster {
        let bench = Bench::with_settings(controllers, 1, settings);
        let mut cluster = Cluster { bench, hosts: BTreeMap::new(), pids: BTreeMap::new() };
        for id in 1..=brokers {
            cluster.hosts.insert(id, cluster.bench.world.add_host(&format!("broker-{id}")));
            cluster.start(id, -1);
        }
        cluster.until("all unfenced", |c| c.image().alive_brokers().count() == brokers as usize);
        cluster
    }

    pub(crate) fn start(&mut self, id: i32, previous_epoch: i64) {
        let mut broker = TestBroker::new(id, &self.bench.voters, previous_epoch);
        broker.settings.clone_from(&self.bench.settings);
        let pid = self.bench.spawn(broker, self.hosts[&id]);
        self.pids.insert(id, pid);
    }

    pub(crate) fn kill(&mut self, id: i32) {
        let pid = self.pids[&id];
        self.bench.world.cause(&ottla_world::Fault::Signal { pid, signal: ottla_world::Signal::Kill });
    }

    pub(crate) fn broker(&self, id: i32) -> &TestBroker {
        self.bench.world.process::<TestBroker>(self.pids[&id]).unwrap()
    }

    /// A broker's disk.
    pub(crate) fn disk(&self, id: i32) -> &ottla_world::Disk {
        self.bench.world.disk(self.hosts[&id])
    }

    /// Cuts a file of a broker short.
    pub(crate) fn damage(&mut self, id: i32, path: &str) {
        self.bench.damage_on(self.hosts[&id], path);
    }

    /// Begins a broker's controlled shutdown.
    pub(crate) fn shut_down(&self, id: i32) {
        self.broker(id).orders.lock().unwrap().want_shut_down = true;
    }

    /// The active controller's committed metadata.
    pub(crate) fn image(&self) -> Arc<MetadataImage> {
        self.bench.active().map(|view| view.committed).unwrap_or_default()
    }

    pub(crate) fn until(&mut self, what: &str, done: impl Fn(&Cluster) -> bool) -> u64 {
        let start = self.bench.world.now();
        while !done(self) {
            self.bench.run(10);
            let took = self.bench.world.now().millis_since(start);
            assert!(took < 30_000, "never: {what}\n{}", self.bench.notes.join("\n"));
        }
        self.bench.world.now().millis_since(start)
    }

    /// Sends a request through broker 1 (in an envelope) and waits for the answer.
    pub(crate) fn ask(&mut self, version: i16, request: RequestKind, envelope: bool) -> ResponseKind {
        let before = self.broker(1).answers.len();
        self.broker(1).orders.lock().unwrap().outbox.push((version, request, envelope));
        self.until("an answer", |c| c.broker(1).answers.len() > before);
        self.broker(1).answers[before].clone()
    }

    /// Leader, ISR, ELR, last known leader of a partition, as a describe shows them.
    pub(crate) fn show(&self, topic: &str, partition: i32) -> String {
        let image = self.image();
        let Some(p) = image.partition(topic, partition) else { return "missing".into() };
        let ids = |ids: &[i32]| ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
        let leader = if p.leader == -1 { "none".to_owned() } else { p.leader.to_string() };
        format!("Leader: {leader} Isr: {} Elr: {} LastKnownElr: {}", ids(&p.isr), ids(&p.elr), ids(&p.last_known_elr))
    }
}
