//! A program that writes. Serves the simulation; invariant: its n-th record has the value `name:n`, and what it was told
//! about each is kept.

use super::{TOPIC, client};
use ottla_client::{JavaError, Producer, ProducerEvent, ProducerRecord};
use ottla_world::{Context, Input, Process, Time};
use std::{any::Any, collections::BTreeMap};

/// More unanswered records are not sent: the program waits, as one with a small buffer does.
const MOST_PENDING: u64 = 500;

/// A record the producer was told is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) struct Acked {
    pub(in crate::simulate) partition: i32,
    pub(in crate::simulate) offset: i64,
    pub(in crate::simulate) sequence: u64,
}

/// Writes records at an even pace until its time is over, then drains.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct SimProducer {
    name: String,
    producer: Producer,
    keys: u64,
    interval_us: u64,
    next_at: Option<Time>,
    stop_at: Time,
    sent: u64,
    /// Acknowledged records, in the order of their acknowledgements.
    pub(in crate::simulate) acked: Vec<Acked>,
    /// Records that were given up, and why.
    pub(in crate::simulate) failed: Vec<(u64, JavaError)>,
}

impl SimProducer {
    /// A producer that sends `rate` records a second until `stop_at`, with `keys` different keys (0: none).
    ///
    /// # Errors
    /// Settings the client refuses.
    pub(in crate::simulate) fn new(
        name: &str,
        settings: &BTreeMap<String, String>,
        keys: u64,
        rate: u64,
        stop_at: Time,
    ) -> Result<SimProducer, JavaError> {
        Ok(SimProducer {
            name: name.to_owned(),
            producer: Producer::new(&client(settings, name))?,
            keys,
            interval_us: 1_000_000 / rate.max(1),
            next_at: None,
            stop_at,
            sent: 0,
            acked: Vec::new(),
            failed: Vec::new(),
        })
    }

    /// How many records were sent.
    pub(in crate::simulate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether its time is over and every record has its answer.
    pub(in crate::simulate) fn is_drained(&self, now: Time) -> bool {
        now >= self.stop_at && self.producer.pending() == 0
    }

    fn send_due(&mut self, cx: &mut Context<'_>) {
        let mut next = self.next_at.unwrap_or(cx.now());
        while next <= cx.now() && next < self.stop_at {
            next = next + self.interval_us;
            if self.producer.pending() < MOST_PENDING {
                let n = self.sent;
                self.sent += 1;
                let key = (self.keys > 0).then(|| format!("key-{}", n % self.keys).into());
                let value = Some(format!("{}:{n}", self.name).into());
                let record = ProducerRecord { topic: TOPIC.to_owned(), key, value, ..ProducerRecord::default() };
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

impl Process for SimProducer {
    fn name(&self) -> &str {
        "SimProducer"
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
        let next = self.next_at.filter(|at| *at < self.stop_at);
        next.into_iter().chain(self.producer.next_wakeup()).min()
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
