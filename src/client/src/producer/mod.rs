//! The producer. Serves the console producer and its kin; invariant: records of one partition are delivered in the order
//! they were sent (with idempotence, the default).

mod accumulator;
mod answers;
mod batch;
mod config;
mod identity;
mod partitioner;
mod record;
mod sender;
mod sends;
#[cfg(test)]
mod tests;

pub use record::{ProducerEvent, ProducerRecord, SendId};

use crate::network::NetworkClient;
use crate::{JavaError, LogLine, log::Log};
use accumulator::Accumulator;
use config::ProducerConfig;
use identity::Identity;
use ottla_world::{Context, Input, Time};
use sender::{InFlightProduce, InitProducer};
use sends::WaitingSend;
use std::collections::{BTreeMap, VecDeque};

/// A producer inside a process (Kafka's `KafkaProducer` with its `Sender`).
///
/// The owner gives it every [`Input`] (`handle`), then lets it work (`poll`), then takes events and log lines.
/// Java's `send` blocks while metadata or buffer memory is missing: here [`Producer::is_blocked`] says so, and a tool
/// that copies the Java tool neither reads on nor prompts before it is false.
#[derive(Clone, Debug)]
pub struct Producer {
    config: ProducerConfig,
    network: NetworkClient,
    accumulator: Accumulator,
    /// `None` without idempotence.
    identity: Option<Identity>,
    init: InitProducer,
    waiting: VecDeque<WaitingSend>,
    in_flight: BTreeMap<u64, InFlightProduce>,
    next_send: u64,
    events: Vec<ProducerEvent>,
    /// Errors that are logged once the events were told.
    afterwards: Vec<String>,
    log: Vec<LogLine>,
    state: State,
    wakeup: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Closing,
    Closed,
}

impl Producer {
    /// A producer with these settings (Kafka's names). Nothing happens before the first `poll`.
    ///
    /// # Errors
    /// `ConfigException` for a bad value or combination; `KafkaException: Failed to construct kafka producer` with a
    /// cause for bootstrap servers that cannot be resolved.
    pub fn new(config: &BTreeMap<String, String>) -> Result<Producer, JavaError> {
        let (config, common, nodes) = ProducerConfig::read(config)?;
        let mut network = common.network(&config.client_id, config.max_in_flight, true);
        network.telemetry = true;
        let log = Log::new(format!("[Producer clientId={}] ", config.client_id));
        let network = NetworkClient::new(network, common.metadata(nodes, true), log);
        Ok(Producer {
            identity: config.idempotent.then(Identity::default),
            config,
            network,
            accumulator: Accumulator::default(),
            init: InitProducer::default(),
            waiting: VecDeque::new(),
            in_flight: BTreeMap::new(),
            next_send: 0,
            events: Vec::new(),
            afterwards: Vec::new(),
            log: common.log,
            state: State::Open,
            wakeup: None,
        })
    }

    /// Takes a record; it is answered by one [`ProducerEvent`] sooner or later. Sends queue up while blocked.
    pub fn send(&mut self, cx: &mut Context<'_>, record: ProducerRecord) -> SendId {
        let id = SendId(self.next_send);
        self.next_send += 1;
        let send = WaitingSend { id, record, since: None, seen_update: None };
        if self.state == State::Open {
            self.waiting.push_back(send);
            self.poll(cx);
        } else {
            let text = "Cannot perform operation after producer has been closed";
            self.fail_send(&send, JavaError::new("java.lang.IllegalStateException", text));
        }
        id
    }

    /// Whether Java's `send` would not have returned yet for the record sent last (no metadata, no memory).
    pub fn is_blocked(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Sends everything now, without lingering; done when [`Producer::pending`] is 0.
    pub fn flush(&mut self, cx: &mut Context<'_>) {
        self.accumulator.flush();
        self.poll(cx);
    }

    /// How many sends have not been answered by an event.
    pub fn pending(&self) -> u64 {
        self.waiting.len() as u64 + self.accumulator.pending()
    }

    /// Sends what is there, then closes the connections; finished when [`Producer::is_closed`]. A send that is blocked
    /// fails.
    pub fn close(&mut self, cx: &mut Context<'_>) {
        if self.state != State::Open {
            return;
        }
        self.state = State::Closing;
        self.accumulator.closing = true;
        self.fail_waiting();
        self.poll(cx);
    }

    /// Gives up what is not answered and closes the connections at once.
    pub fn close_now(&mut self, cx: &mut Context<'_>) {
        self.fail_waiting();
        let error = JavaError::new("org.apache.kafka.common.KafkaException", "Producer is closed forcefully.");
        let ids: Vec<batch::BatchId> = self.accumulator.batches.keys().copied().collect();
        ids.into_iter().for_each(|id| self.fail_batch(id, &error, false));
        self.shut(cx);
    }

    /// Whether a close has finished.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Takes an input; true if it was for one of its connections. `Wake` may be passed too.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> bool {
        self.network.handle(cx, input)
    }

    /// Does what is due; to be called after each input and each call.
    pub fn poll(&mut self, cx: &mut Context<'_>) {
        if self.state == State::Closed {
            return;
        }
        loop {
            self.take_answers(cx);
            let block = self.advance_sends(cx);
            self.network.poll(cx);
            let (init, data) = if self.ask_producer_id(cx) {
                (Some(self.init.retry_at).filter(|at| *at > cx.now()), None)
            } else {
                (None, self.send_producer_data(cx))
            };
            let connect = self.init_connect_at(cx.now());
            self.network.poll(cx);
            self.wakeup = [block, init, data, connect, self.network.next_wakeup()].into_iter().flatten().min();
            if !self.network.has_completions() {
                break;
            }
        }
        if self.state == State::Closing && self.accumulator.batches.is_empty() && self.network.owner_in_flight() == 0 {
            self.shut(cx);
        }
    }

    /// When `poll` wants to be called at the latest.
    pub fn next_wakeup(&self) -> Option<Time> {
        self.wakeup
    }

    /// The events since the last call. Java logs some errors after the callbacks: the log may have more after this.
    pub fn take_events(&mut self) -> Vec<ProducerEvent> {
        let afterwards = std::mem::take(&mut self.afterwards);
        afterwards.into_iter().for_each(|text| self.network.log.error(answers::SEQUENCES_LOGGER, text));
        std::mem::take(&mut self.events)
    }

    /// The log lines since the last call.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        let mut lines = std::mem::take(&mut self.log);
        lines.append(&mut self.network.log.take());
        lines
    }

    fn take_answers(&mut self, cx: &mut Context<'_>) {
        for completion in self.network.take_completions() {
            if self.init.tag == Some(completion.tag) {
                self.producer_id_answered(cx, &completion.outcome);
            } else if let Some(request) = self.in_flight.remove(&completion.tag) {
                self.produce_answered(cx, &request, &completion);
            }
        }
    }

    /// When a node can be tried again by a producer that waits for its id.
    fn init_connect_at(&self, now: Time) -> Option<Time> {
        let waits = self.identity.as_ref().is_some_and(|i| i.producer.is_none()) && self.init.tag.is_none();
        let nodes = self.network.metadata.nodes.keys();
        nodes.filter_map(|id| self.network.can_connect_at(*id)).filter(|at| waits && *at > now).min()
    }

    fn fail_waiting(&mut self) {
        let class = "org.apache.kafka.common.KafkaException";
        for send in std::mem::take(&mut self.waiting) {
            let cause = JavaError::new(class, "Requested metadata update after close");
            self.fail_send(&send, JavaError::new(class, "Producer closed while send in progress").caused_by(cause));
        }
    }

    fn shut(&mut self, cx: &mut Context<'_>) {
        self.network.close(cx);
        self.in_flight.clear();
        self.wakeup = None;
        self.state = State::Closed;
    }
}
