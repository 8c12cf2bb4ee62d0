//! The producer. Serves the console producer and its kin; invariant: records of one partition are delivered in the order
//! they were sent (with idempotence, the default).

mod record;

pub use record::{ProducerEvent, ProducerRecord, SendId};

use crate::{JavaError, LogLine, log::Log};
use ottla_world::{Context, Input, Time};
use std::collections::BTreeMap;

/// A producer inside a process (Kafka's `KafkaProducer` with its `Sender`).
///
/// The owner gives it every [`Input`] (`handle`), then lets it work (`poll`), then takes events and log lines.
/// Java's `send` blocks while metadata or buffer memory is missing: here [`Producer::is_blocked`] says so, and a tool
/// that copies the Java tool neither reads on nor prompts before it is false.
#[derive(Clone, Debug)]
pub struct Producer {
    log: Log,
    next_send: u64,
    events: Vec<ProducerEvent>,
    closing: bool,
}

impl Producer {
    /// A producer with these settings (Kafka's names). Nothing happens before the first `poll`.
    ///
    /// # Errors
    /// `ConfigException` for a bad value or combination; `KafkaException: Failed to construct kafka producer` with a
    /// cause for bootstrap servers that cannot be resolved.
    pub fn new(config: &BTreeMap<String, String>) -> Result<Producer, JavaError> {
        let client_id = config.get("client.id").map_or("producer-1", String::as_str);
        let log = Log::new(format!("[Producer clientId={client_id}] "));
        Ok(Producer { log, next_send: 0, events: Vec::new(), closing: false })
    }

    /// Takes a record; it is answered by one [`ProducerEvent`] sooner or later. Sends queue up while blocked.
    pub fn send(&mut self, cx: &mut Context<'_>, record: ProducerRecord) -> SendId {
        let _ = (cx.now(), record);
        let id = SendId(self.next_send);
        self.next_send += 1;
        id
    }

    /// Whether Java's `send` would not have returned yet for the record sent last (no metadata, no memory).
    pub fn is_blocked(&self) -> bool {
        false
    }

    /// Sends everything now, without lingering; done when [`Producer::pending`] is 0.
    pub fn flush(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// How many sends have not been answered by an event.
    pub fn pending(&self) -> u64 {
        0
    }

    /// Sends what is there, then closes the connections; finished when [`Producer::is_closed`].
    pub fn close(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
        self.closing = true;
    }

    /// Gives up what is not answered and closes the connections at once.
    pub fn close_now(&mut self, cx: &mut Context<'_>) {
        self.close(cx);
    }

    /// Whether a close has finished.
    pub fn is_closed(&self) -> bool {
        self.closing
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
    pub fn take_events(&mut self) -> Vec<ProducerEvent> {
        std::mem::take(&mut self.events)
    }

    /// The log lines since the last call.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        self.log.take()
    }
}
