//! kafka-verifiable-producer (Kafka's `VerifiableProducer`): sends numbers and tells what became of each. Serves the shell; invariant:
//! each send has one line.

use super::{Options, event, options, text};
use crate::tools::tool::{Main, Tool};
use bytes::Bytes;
use ottla_client::{JavaError, Producer, ProducerEvent, ProducerRecord, SendId};
use ottla_wire::schema::quoted;
use ottla_world::{Input, Signal, Time};
use std::collections::BTreeMap;

const USAGE: &str = "\
usage: verifiable-producer [-h] --topic TOPIC [--max-messages MAX-MESSAGES]
                           [--throughput THROUGHPUT] [--acks ACKS]
                           [--producer.config CONFIG-FILE]
                           [--message-create-time CREATE-TIME]
                           [--value-prefix VALUE-PREFIX]
                           [--repeating-keys REPEATING-KEYS]
                           [--command-config CONFIG-FILE]
                           --bootstrap-server HOST1:PORT1[,HOST2:PORT2[...]]
";
const REQUIRED: [(&str, &str); 2] = [
    ("--topic", "argument --topic is required"),
    ("--bootstrap-server", "one of the arguments --bootstrap-server is required"),
];
/// Records made at one moment, at most, and how long that takes in milliseconds.
const BURST: (i64, u64) = (100, 10);

/// kafka-verifiable-producer.
#[derive(Clone, Debug, Default)]
pub struct VerifiableProducer {
    running: Option<Box<Running>>,
}

#[derive(Clone, Debug)]
struct Running {
    producer: Producer,
    options: Options,
    /// Below zero: without end.
    wanted: i64,
    /// Records a second; zero or less for no limit.
    throughput: i64,
    started: Time,
    next: Time,
    sent: i64,
    acked: i64,
    open: BTreeMap<SendId, (Option<Bytes>, Bytes)>,
    code: Option<u8>,
}

impl Main for VerifiableProducer {
    const CLASS: &'static str = "VerifiableProducer";

    fn input(&mut self, tool: &mut Tool<'_, '_>, input: &Input) {
        match (input, &mut self.running) {
            (Input::Start, _) => match start(tool) {
                Ok(running) => self.running = running.map(Box::new),
                Err(error) => return tool.uncaught(&error),
            },
            (Input::Signal(signal), running) => {
                let code = if *signal == Signal::Interrupt { 130 } else { 128 + signal.number() };
                match running {
                    Some(running) => running.close(tool, code),
                    None => return tool.exit(code),
                }
            }
            (input, Some(running)) => drop(running.producer.handle(tool.cx, input)),
            _ => {}
        }
        if let Some(running) = &mut self.running {
            running.work(tool);
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        let running = self.running.as_ref()?;
        let more = running.wants_more() && !running.producer.is_blocked();
        [running.producer.next_wakeup(), more.then_some(running.next)].into_iter().flatten().min()
    }
}

fn start(tool: &mut Tool<'_, '_>) -> Result<Option<Running>, JavaError> {
    let args = tool.invocation.args.clone();
    let options = match options(&args, ("verifiable-producer", USAGE), &[], &REQUIRED) {
        Ok(options) => options,
        Err(message) => {
            tool.eprint(message);
            tool.exit(1);
            return Ok(None);
        }
    };
    let mut config = BTreeMap::new();
    for file in ["--producer.config", "--command-config"] {
        if let Some(path) = options.get(file) {
            config.extend(tool.load_properties(path)?);
        }
    }
    config.insert("bootstrap.servers".to_owned(), options.get("--bootstrap-server").cloned().unwrap_or_default());
    config.insert("acks".to_owned(), options.get("--acks").cloned().unwrap_or_else(|| "-1".to_owned()));
    // It has to see failures, so nothing is repeated.
    config.insert("retries".to_owned(), "0".to_owned());
    config.entry("enable.idempotence".to_owned()).or_insert_with(|| "false".to_owned());
    let producer = Producer::new(&config)?;
    let number = |name: &str| options.get(name).and_then(|text| text.parse::<i64>().ok()).unwrap_or(-1);
    let (wanted, throughput) = (number("--max-messages"), number("--throughput"));
    event(tool, "startup_complete", "");
    let now = tool.cx.now();
    let (open, code) = (BTreeMap::new(), None);
    Ok(Some(Running { producer, options, wanted, throughput, started: now, next: now, sent: 0, acked: 0, open, code }))
}

impl Running {
    fn wants_more(&self) -> bool {
        self.code.is_none() && (self.wanted < 0 || self.sent < self.wanted)
    }

    fn record(&self) -> (Option<Bytes>, Bytes) {
        let keys = self.options.get("--repeating-keys").and_then(|text| text.parse::<i64>().ok());
        let key = keys.filter(|keys| *keys > 0).map(|keys| Bytes::from((self.sent % keys).to_string()));
        let value = match self.options.get("--value-prefix") {
            Some(prefix) => format!("{prefix}.{}", self.sent),
            None => self.sent.to_string(),
        };
        (key, Bytes::from(value))
    }

    fn work(&mut self, tool: &mut Tool<'_, '_>) {
        self.producer.poll(tool.cx);
        let now = tool.cx.now();
        if self.wants_more() && now >= self.next {
            let allowed = match self.throughput {
                1.. => self.throughput.saturating_mul(now.millis_since(self.started) as i64) / 1000 + 1,
                _ => i64::MAX,
            };
            let end = allowed.min(self.sent.saturating_add(BURST.0));
            while self.wants_more() && self.sent < end && !self.producer.is_blocked() {
                let (key, value) = self.record();
                let topic = self.options.get("--topic").cloned().unwrap_or_default();
                let create_time = self.options.get("--message-create-time").and_then(|ms| ms.parse().ok());
                let timestamp_ms = create_time.filter(|ms: &i64| *ms >= 0);
                let (k, v) = (key.clone(), Some(value.clone()));
                let record = ProducerRecord { topic, timestamp_ms, key: k, value: v, ..ProducerRecord::default() };
                let id = self.producer.send(tool.cx, record);
                self.open.insert(id, (key, value));
                self.sent += 1;
            }
            let wait_ms = if self.throughput > 0 { (1000 / self.throughput).max(1).unsigned_abs() } else { BURST.1 };
            self.next = now.plus_millis(wait_ms);
            self.producer.poll(tool.cx);
        }
        self.answers(tool);
        if !self.wants_more() {
            self.close(tool, 0);
        }
        self.producer.take_log().iter().for_each(|line| tool.log(line));
        if let Some(code) = self.code
            && self.producer.is_closed()
        {
            self.answers(tool);
            self.summary(tool);
            tool.exit(code);
        }
    }

    fn close(&mut self, tool: &mut Tool<'_, '_>, code: u8) {
        if self.code.is_none() {
            self.code = Some(code);
            self.producer.close(tool.cx);
        }
    }

    fn answers(&mut self, tool: &mut Tool<'_, '_>) {
        for answer in self.producer.take_events() {
            let Some((key, value)) = self.open.remove(&answer.send()) else { continue };
            let pair = format!("\"key\":{},\"value\":{}", text(key.as_ref()), text(Some(&value)));
            match answer {
                ProducerEvent::Delivered { topic, partition, offset, .. } => {
                    self.acked += 1;
                    let topic = quoted(&topic);
                    let more = format!("{pair},\"offset\":{offset},\"topic\":{topic},\"partition\":{partition}");
                    event(tool, "producer_send_success", &more);
                }
                ProducerEvent::Failed { topic, error, .. } => {
                    let more = format!(
                        "\"topic\":{},{pair},\"exception\":{},\"message\":{}",
                        quoted(&topic),
                        quoted(&format!("class {}", error.class)),
                        error.message.as_deref().map_or_else(|| "null".to_owned(), quoted)
                    );
                    event(tool, "producer_send_error", &more);
                }
            }
        }
    }

    fn summary(&self, tool: &mut Tool<'_, '_>) {
        event(tool, "shutdown_complete", "");
        let seconds = tool.cx.now().millis_since(self.started).max(1) as f64 / 1000.0;
        let more = format!(
            "\"sent\":{},\"acked\":{},\"target_throughput\":{},\"avg_throughput\":{:?}",
            self.sent,
            self.acked,
            self.throughput,
            self.acked as f64 / seconds
        );
        event(tool, "tool_data", &more);
    }
}
