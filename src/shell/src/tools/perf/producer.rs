//! kafka-producer-perf-test (Kafka's `ProducerPerformance`). Serves the shell; invariant: never more records a second than asked for,
//! and never more than a program could make.

use super::{producer_options::Options, stats::Stats};
use crate::{
    java::parse_key_values,
    tools::tool::{Main, Tool},
};
use bytes::Bytes;
use ottla_client::{JavaError, Producer, ProducerEvent, ProducerRecord, SendId};
use ottla_world::{Context, Input, Signal, Time};
use std::collections::BTreeMap;

/// Records made at one moment, at most; the next ones come a little later.
const BURST: u64 = 500;
/// How long making them takes, in milliseconds.
const BURST_MS: u64 = 5;
/// The longest value, in bytes: no broker takes longer ones.
const MAX_RECORD_BYTES: i64 = 104_857_600;

/// kafka-producer-perf-test.
#[derive(Clone, Debug, Default)]
pub struct ProducerPerf {
    running: Option<Box<Running>>,
}

#[derive(Clone, Debug)]
struct Running {
    producer: Producer,
    topic: String,
    payload: Payload,
    wanted: u64,
    /// Records a second; none for no limit.
    throughput: Option<f64>,
    interval_ms: u64,
    started: Time,
    sent: u64,
    /// When the next records may be made.
    next: Time,
    /// Moments and sizes of sends without an answer.
    open: BTreeMap<SendId, (Time, u64)>,
    stats: Stats,
    code: Option<u8>,
}

#[derive(Clone, Debug)]
enum Payload {
    /// Random capital letters, so many.
    Random(u64),
    /// The record's number.
    Monotonic,
    /// One of these, by chance.
    Of(Vec<Bytes>),
}

impl Main for ProducerPerf {
    const CLASS: &'static str = "ProducerPerformance";

    fn input(&mut self, tool: &mut Tool<'_, '_>, input: &Input) {
        match input {
            Input::Start => self.start(tool),
            Input::Signal(signal) => {
                let code = if *signal == Signal::Interrupt { 130 } else { 128 + signal.number() };
                return tool.exit(code);
            }
            input => {
                if let Some(running) = &mut self.running {
                    running.producer.handle(tool.cx, input);
                }
            }
        }
        if let Some(running) = &mut self.running {
            running.work(tool);
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        let running = self.running.as_ref()?;
        let more = running.sent < running.wanted && !running.producer.is_blocked() && running.code.is_none();
        [running.producer.next_wakeup(), more.then_some(running.next)].into_iter().flatten().min()
    }
}

impl ProducerPerf {
    fn start(&mut self, tool: &mut Tool<'_, '_>) {
        let options = match Options::parse(&tool.invocation.args.clone()) {
            Ok(options) => options,
            Err(text) => {
                tool.eprint(text);
                return tool.exit(1);
            }
        };
        for (old, new) in [("--producer-props", "--command-property"), ("--producer.config", "--command-config")] {
            if options.has(old) {
                tool.println(format!(
                    "Option {old} has been deprecated and will be removed in a future version. Use {new} instead."
                ));
            }
        }
        match Running::new(tool, &options) {
            Ok(running) => self.running = Some(Box::new(running)),
            Err(error) => tool.uncaught(&error),
        }
    }
}

impl Payload {
    fn new(tool: &mut Tool<'_, '_>, options: &Options) -> Result<Payload, JavaError> {
        let illegal = |text: &str| JavaError::new("java.lang.IllegalArgumentException", text);
        if let Some(path) = options.value("--payload-file") {
            let missing = || {
                let text = format!("File does not exist or empty file provided.: {path}");
                JavaError::new("java.lang.IllegalArgumentException", text)
            };
            let text = tool.read_file(path).filter(|text| !text.is_empty()).ok_or_else(missing)?;
            let delimiter = options.value("--payload-delimiter").unwrap_or("\\n").replace("\\n", "\n");
            let parts = text.split(delimiter.as_str()).filter(|part| !part.is_empty());
            return Ok(Payload::Of(parts.map(|part| Bytes::from(part.to_owned())).collect()));
        }
        if options.has("--payload-monotonic") {
            return Ok(Payload::Monotonic);
        }
        match options.number("--record-size", 0) {
            size @ 1..=MAX_RECORD_BYTES => Ok(Payload::Random(size.unsigned_abs())),
            _ => Err(illegal("--record-size should be greater than zero.")),
        }
    }

    fn next(&self, cx: &mut Context<'_>, number: u64) -> Bytes {
        match self {
            Payload::Monotonic => Bytes::from(number.to_string()),
            Payload::Of(parts) => {
                let at = cx.rng().below(parts.len().max(1) as u64);
                parts.get(at as usize).cloned().unwrap_or_default()
            }
            Payload::Random(size) => {
                let mut letters = Vec::with_capacity(*size as usize);
                while (letters.len() as u64) < *size {
                    // Thirteen letters fit into one random number.
                    let mut random = cx.rng().next_u64();
                    for _ in 0..13.min(*size - letters.len() as u64) {
                        letters.push(b'A' + (random % 26) as u8);
                        random /= 26;
                    }
                }
                letters.into()
            }
        }
    }
}

impl Running {
    fn new(tool: &mut Tool<'_, '_>, options: &Options) -> Result<Running, JavaError> {
        let mut config = BTreeMap::new();
        for file in ["--producer.config", "--command-config"] {
            if let Some(path) = options.value(file) {
                config.extend(tool.load_properties(path)?);
            }
        }
        for list in ["--producer-props", "--command-property"] {
            config.extend(parse_key_values(options.values(list)));
        }
        if let Some(servers) = options.value("--bootstrap-server") {
            config.insert("bootstrap.servers".to_owned(), servers.to_owned());
        }
        if let Some(id) = options.value("--transactional-id") {
            config.insert("transactional.id".to_owned(), id.to_owned());
        }
        config.entry("client.id".to_owned()).or_insert_with(|| "perf-producer-client".to_owned());
        let payload = Payload::new(tool, options)?;
        let producer = Producer::new(&config)?;
        let throughput = options.value("--throughput").and_then(|text| text.parse().ok());
        let now = tool.cx.now();
        Ok(Running {
            producer,
            topic: options.value("--topic").unwrap_or_default().to_owned(),
            payload,
            wanted: u64::try_from(options.number("--num-records", 0)).unwrap_or(0),
            throughput: throughput.filter(|rate: &f64| *rate > 0.0),
            interval_ms: u64::try_from(options.number("--reporting-interval", 5000)).unwrap_or(0).max(1),
            started: now,
            sent: 0,
            next: now,
            open: BTreeMap::new(),
            stats: Stats::default(),
            code: None,
        })
    }

    fn work(&mut self, tool: &mut Tool<'_, '_>) {
        self.producer.poll(tool.cx);
        if self.code.is_none() {
            self.send_due(tool);
            self.producer.poll(tool.cx);
        }
        self.answers(tool);
        let all_sent = self.sent >= self.wanted;
        if all_sent && self.open.is_empty() && self.code.is_none() {
            let elapsed_ms = tool.cx.now().millis_since(self.started);
            tool.println(self.stats.total(elapsed_ms));
            self.code = Some(0);
            self.producer.close(tool.cx);
        }
        self.producer.take_log().iter().for_each(|line| tool.log(line));
        if let Some(code) = self.code
            && self.producer.is_closed()
        {
            tool.exit(code);
        }
    }

    fn send_due(&mut self, tool: &mut Tool<'_, '_>) {
        let now = tool.cx.now();
        if now < self.next {
            return;
        }
        // `ThroughputThrottler`: no more than the target since the start.
        let allowed = match self.throughput {
            None => self.wanted,
            Some(rate) => (rate * now.millis_since(self.started) as f64 / 1000.0) as u64 + 1,
        };
        let end = allowed.min(self.wanted).min(self.sent + BURST);
        while self.sent < end && !self.producer.is_blocked() {
            let value = self.payload.next(tool.cx, self.sent);
            let size = value.len() as u64;
            let record = ProducerRecord { topic: self.topic.clone(), value: Some(value), ..ProducerRecord::default() };
            let id = self.producer.send(tool.cx, record);
            self.open.insert(id, (now, size));
            self.sent += 1;
        }
        let wait_ms = match self.throughput {
            Some(rate) if self.sent >= allowed => ((1000.0 / rate) as u64).clamp(1, 3_600_000),
            _ => BURST_MS,
        };
        self.next = now.plus_millis(wait_ms);
        if self.sent >= self.wanted {
            self.producer.flush(tool.cx);
        }
    }

    fn answers(&mut self, tool: &mut Tool<'_, '_>) {
        let now = tool.cx.now();
        for event in self.producer.take_events() {
            let Some((sent, size)) = self.open.remove(&event.send()) else { continue };
            match event {
                ProducerEvent::Delivered { .. } => {
                    self.stats.record(now.millis_since(sent), size);
                    if let Some(line) = self.stats.window(now.millis_since(self.started), self.interval_ms) {
                        tool.println(line);
                    }
                }
                ProducerEvent::Failed { error, .. } => tool.eprint(crate::java::stack_trace(&error)),
            }
        }
    }
}
