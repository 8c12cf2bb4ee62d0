//! A program that writes. Serves the simulator; invariant: its n-th record has the value `name:n`, and what it was told
//! about each is kept.

use super::named;
use ottla_client::{JavaError, Producer, ProducerEvent, ProducerRecord};
use ottla_world::{Context, Input, Process, Time};
use std::{any::Any, collections::BTreeMap};

/// More unanswered records are not sent: the program waits, as one with a small buffer does.
const MOST_PENDING: u64 = 500;

/// A record the producer was told is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acked {
    /// The partition it went to.
    pub partition: i32,
    /// Its offset; -1 with `acks=0`.
    pub offset: i64,
    /// Which of the producer's records, from 0.
    pub sequence: u64,
}

/// How fast, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) interval_us: u64,
    pub(super) until: Time,
}

/// Writes records at an even pace until its time is over, then drains.
#[derive(Clone, Debug)]
pub struct LoadProducer {
    name: String,
    producer: Producer,
    topic: String,
    keys: u64,
    pace: Pace,
    acks: i16,
    idempotent: bool,
    pipelined: bool,
    next_at: Option<Time>,
    sent: u64,
    acked: Vec<Acked>,
    failed: Vec<(u64, JavaError)>,
}

impl LoadProducer {
    pub(super) fn new(
        name: &str,
        settings: &BTreeMap<String, String>,
        topic: &str,
        keys: u64,
        pace: Pace,
    ) -> Result<LoadProducer, JavaError> {
        let acks = match settings.get("acks").map(String::as_str) {
            Some("0") => 0,
            Some("1") => 1,
            _ => -1,
        };
        let idempotent = acks == -1 && settings.get("enable.idempotence").is_none_or(|value| value == "true");
        Ok(LoadProducer {
            name: name.to_owned(),
            producer: Producer::new(&named(settings, name))?,
            topic: topic.to_owned(),
            keys,
            pace,
            acks,
            idempotent,
            pipelined: settings.get("max.in.flight.requests.per.connection").is_none_or(|most| most != "1"),
            next_at: None,
            sent: 0,
            acked: Vec::new(),
            failed: Vec::new(),
        })
    }

    /// Its name, as in the values of its records.
    pub fn load_name(&self) -> &str {
        &self.name
    }

    /// Where it writes to.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// `acks`: 0, 1, or -1 for all.
    pub fn acks(&self) -> i16 {
        self.acks
    }

    /// `enable.idempotence`.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Whether `max.in.flight.requests.per.connection` is more than one.
    pub fn is_pipelined(&self) -> bool {
        self.pipelined
    }

    /// How many records were sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Acknowledged records, in the order of their acknowledgements.
    pub fn acked(&self) -> &[Acked] {
        &self.acked
    }

    /// Records that were given up, and why.
    pub fn failed(&self) -> &[(u64, JavaError)] {
        &self.failed
    }

    /// Whether its time is over and every record has its answer.
    pub fn is_drained(&self, now: Time) -> bool {
        now >= self.pace.until && self.producer.pending() == 0
    }

    fn send_due(&mut self, cx: &mut Context<'_>) {
        let mut next = self.next_at.unwrap_or(cx.now());
        while next <= cx.now() && next < self.pace.until {
            next = next + self.pace.interval_us;
            if self.producer.pending() < MOST_PENDING {
                let n = self.sent;
                self.sent += 1;
                let key = (self.keys > 0).then(|| format!("key-{}", n % self.keys).into());
                let value = Some(format!("{}:{n}", self.name).into());
                let record = ProducerRecord { topic: self.topic.clone(), key, value, ..ProducerRecord::default() };
                self.producer.send(cx, record);
            }
        }
        self.next_at = Some(next);
    }

    fn take_events(&mut self) {
        for event in self.producer.take_events() {
            match event {
                ProducerEvent::Delivered { send, partition, offset, .. } => {
                    self.acked.push(Acked { partition, offset, sequence: send.0 });
                }
                ProducerEvent::Failed { send, error, .. } => self.failed.push((send.0, error)),
            }
        }
    }
}

impl Process for LoadProducer {
    fn name(&self) -> &str {
        "LoadProducer"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        self.producer.handle(cx, &input);
        self.send_due(cx);
        self.producer.poll(cx);
        self.take_events();
        for line in self.producer.take_log() {
            cx.note(format!("{}: {} {}", self.name, line.level.as_str(), line.text));
        }
    }
    fn next_wakeup(&self) -> Option<Time> {
        let next = self.next_at.filter(|at| *at < self.pace.until);
        next.into_iter().chain(self.producer.next_wakeup()).min()
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
