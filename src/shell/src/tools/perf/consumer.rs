//! kafka-consumer-perf-test (Kafka's `ConsumerPerformance`). Serves the shell; invariant: whole polls are counted, so the count may go
//! beyond what was asked for.

use crate::{
    calendar::DateTime,
    java::{Kind, OptionSpec, Parsed, VERSION, flag, parse_key_values, required_arg},
    tools::tool::{Main, Tool},
};
use ottla_client::{Consumer, ConsumerEvent, JavaError};
use ottla_world::{Input, Signal, Time};
use std::collections::BTreeMap;

/// The options.
pub const TABLE: &[OptionSpec] = &[
    required_arg("bootstrap-server", Kind::String, "server to connect to", "REQUIRED: brokers of the cluster."),
    required_arg("command-config", Kind::String, "config file", "A file with settings."),
    required_arg("command-property", Kind::String, "prop1=val1", "A setting; may be repeated."),
    required_arg("consumer.config", Kind::String, "config file", "DEPRECATED: --command-config."),
    required_arg("fetch-size", Kind::Integer, "size", "Bytes to fetch.").or("1048576"),
    flag("from-latest", "Begin at the end."),
    required_arg("group", Kind::String, "gid", "The group."),
    flag("help", "Print usage information."),
    flag("hide-header", "Do not print the header."),
    required_arg("include", Kind::String, "Java regex", "A pattern of topics."),
    required_arg("messages", Kind::Long, "count", "DEPRECATED: --num-records."),
    required_arg("num-records", Kind::Long, "count", "REQUIRED: how many records to read."),
    flag("print-metrics", "Print the metrics."),
    required_arg("reporting-interval", Kind::Long, "interval_ms", "Between two rows.").or("5000"),
    flag("show-detailed-stats", "A row each reporting interval."),
    required_arg("socket-buffer-size", Kind::Integer, "size", "The receive buffer.").or("2097152"),
    required_arg("timeout", Kind::Long, "milliseconds", "Longest wait.").or("10000"),
    required_arg("topic", Kind::String, "topic", "REQUIRED: the topic to read."),
    flag("version", "Display Kafka version."),
];

const HEADER: &str = "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec";
const DETAILED_HEADER: &str = "time, threadId, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec";
const MIB: f64 = 1024.0 * 1024.0;

/// kafka-consumer-perf-test.
#[derive(Clone, Debug, Default)]
pub struct ConsumerPerf {
    running: Option<Box<Running>>,
}

#[derive(Clone, Debug)]
struct Running {
    consumer: Consumer,
    wanted: u64,
    timeout_ms: u64,
    /// Rows in between, so often.
    detailed_ms: Option<u64>,
    started: Time,
    start_ms: i64,
    records: u64,
    bytes: u64,
    last: Time,
    reported: (Time, u64, u64),
    join_started: Time,
    join_ms: u64,
    closing: bool,
}

impl Main for ConsumerPerf {
    const CLASS: &'static str = "ConsumerPerformance";

    fn input(&mut self, tool: &mut Tool<'_, '_>, input: &Input) {
        match input {
            Input::Start => self.start(tool),
            Input::Signal(signal) => {
                let code = if *signal == Signal::Interrupt { 130 } else { 128 + signal.number() };
                return tool.exit(code);
            }
            input => {
                if let Some(running) = &mut self.running {
                    running.consumer.handle(tool.cx, input);
                }
            }
        }
        if let Some(running) = &mut self.running {
            running.work(tool);
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        let running = self.running.as_ref()?;
        let deadline = (!running.closing).then_some(running.deadline());
        [running.consumer.next_wakeup(), deadline].into_iter().flatten().min()
    }
}

fn check(parsed: &Parsed) -> Result<(), String> {
    if parsed.is_empty || parsed.has("help") {
        return Err("This tool is used to verify the consumer performance.".to_owned());
    }
    if !parsed.has("bootstrap-server") {
        return Err("Missing required argument \"[bootstrap-server]\"".to_owned());
    }
    let one = |left: &str, right: &str| match parsed.has(left) != parsed.has(right) {
        true => Ok(()),
        false => Err(format!("Exactly one of the following arguments is required: [{left}], [{right}]")),
    };
    one("messages", "num-records")?;
    one("include", "topic")
}

impl ConsumerPerf {
    fn start(&mut self, tool: &mut Tool<'_, '_>) {
        let parsed = match Parsed::parse(TABLE, &tool.invocation.args.clone()) {
            Ok(parsed) => parsed,
            Err(error) => return tool.usage(error.text(), TABLE),
        };
        if parsed.has("version") {
            tool.println(VERSION);
            return tool.exit(0);
        }
        if let Err(message) = check(&parsed) {
            return tool.usage(&message, TABLE);
        }
        for (old, new) in [("messages", "num-records"), ("consumer.config", "command-config")] {
            if parsed.has(old) {
                tool.println(format!("Warning: --{old} is deprecated. Use --{new} instead."));
            }
        }
        match Running::new(tool, &parsed) {
            Ok(running) => {
                if !parsed.has("hide-header") {
                    tool.println(if running.detailed_ms.is_some() { DETAILED_HEADER } else { HEADER });
                }
                self.running = Some(Box::new(running));
            }
            Err(error) => tool.uncaught(&error),
        }
    }
}

fn settings(tool: &mut Tool<'_, '_>, parsed: &Parsed) -> Result<BTreeMap<String, String>, JavaError> {
    let mut config = BTreeMap::new();
    for file in ["consumer.config", "command-config"] {
        if let Some(path) = parsed.value(file)? {
            config.extend(tool.load_properties(path)?);
        }
    }
    config.extend(parse_key_values(parsed.values("command-property")));
    let group = match parsed.value("group")? {
        Some(group) => group.to_owned(),
        None => format!("perf-consumer-{}", tool.cx.rng().below(100_000)),
    };
    let reset = if parsed.has("from-latest") { "latest" } else { "earliest" };
    let given = [
        ("bootstrap.servers", parsed.value("bootstrap-server")?.unwrap_or_default()),
        ("group.id", &group),
        ("auto.offset.reset", reset),
        ("max.partition.fetch.bytes", parsed.value("fetch-size")?.unwrap_or("1048576")),
        ("receive.buffer.bytes", parsed.value("socket-buffer-size")?.unwrap_or("2097152")),
        ("check.crcs", "false"),
    ];
    config.extend(given.map(|(name, value)| (name.to_owned(), value.to_owned())));
    config.entry("client.id".to_owned()).or_insert_with(|| "perf-consumer-client".to_owned());
    Ok(config)
}

impl Running {
    fn new(tool: &mut Tool<'_, '_>, parsed: &Parsed) -> Result<Running, JavaError> {
        let config = settings(tool, parsed)?;
        let mut consumer = Consumer::new(&config)?;
        match (parsed.value("topic")?, parsed.value("include")?) {
            (Some(topic), _) => consumer.subscribe(&[topic.to_owned()])?,
            (None, pattern) => consumer.subscribe_pattern(pattern.unwrap_or_default())?,
        }
        let number = |name: &str| -> Result<Option<u64>, JavaError> {
            Ok(parsed.long(name)?.map(|number| u64::try_from(number).unwrap_or(0)))
        };
        let wanted = if parsed.has("messages") { number("messages")? } else { number("num-records")? };
        let interval = number("reporting-interval")?.unwrap_or(5000).max(1);
        let now = tool.cx.now();
        Ok(Running {
            consumer,
            wanted: wanted.unwrap_or(0),
            timeout_ms: number("timeout")?.unwrap_or(10_000),
            detailed_ms: parsed.has("show-detailed-stats").then_some(interval),
            started: now,
            start_ms: tool.cx.wall_ms(),
            records: 0,
            bytes: 0,
            last: now,
            reported: (now, 0, 0),
            join_started: now,
            join_ms: 0,
            closing: false,
        })
    }

    /// When waiting for more ends: Java looks once more after more than the time has passed.
    fn deadline(&self) -> Time {
        self.last.plus_millis(self.timeout_ms.saturating_add(1))
    }

    fn work(&mut self, tool: &mut Tool<'_, '_>) {
        self.consumer.poll(tool.cx);
        let now = tool.cx.now();
        while !self.closing && self.records < self.wanted {
            let records = self.consumer.poll_records(tool.cx);
            if records.is_empty() {
                break;
            }
            self.last = now;
            let size = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
            self.records += records.len() as u64;
            self.bytes += records.iter().map(|record| size(&record.key) + size(&record.value)).sum::<u64>();
            self.report(tool);
        }
        self.consumer.take_log().iter().for_each(|line| tool.log(line));
        for event in self.consumer.take_events() {
            match event {
                ConsumerEvent::Assigned { .. } => {
                    self.join_ms += now.millis_since(self.join_started);
                }
                ConsumerEvent::Revoked { .. } | ConsumerEvent::Lost { .. } => self.join_started = now,
                ConsumerEvent::Failed { error } if !self.closing => return tool.uncaught(&error),
                _ => {}
            }
        }
        if !self.closing && (self.records >= self.wanted || now >= self.deadline()) {
            self.finish(tool);
        }
        if self.closing && self.consumer.is_closed() {
            tool.exit(0);
        }
    }

    /// A row in between, if one is due.
    fn report(&mut self, tool: &mut Tool<'_, '_>) {
        let now = tool.cx.now();
        let (last, bytes, records) = self.reported;
        let elapsed_ms = now.millis_since(last);
        if self.detailed_ms.is_none_or(|interval| elapsed_ms < interval) {
            return;
        }
        self.reported = (now, self.bytes, self.records);
        let (bytes, records) = (self.bytes - bytes, self.records - records);
        let row = self.row(elapsed_ms, bytes, records);
        tool.println(format!("{}, 0, {row}", time(tool.cx.wall_ms())));
    }

    fn finish(&mut self, tool: &mut Tool<'_, '_>) {
        if self.records < self.wanted {
            tool.println(format!(
                "WARNING: Exiting before consuming the expected number of records: timeout ({} ms) exceeded. You can \
                 use the --timeout option to increase the timeout.",
                self.timeout_ms
            ));
        }
        if self.detailed_ms.is_none() {
            let row = self.row(tool.cx.now().millis_since(self.started), self.bytes, self.records);
            tool.println(format!("{}, {}, {row}", time(self.start_ms), time(tool.cx.wall_ms())));
        }
        self.closing = true;
        self.consumer.close(tool.cx);
    }

    /// The numbers of a row: of this time the group took some to get together, the rest was fetching.
    fn row(&self, elapsed_ms: u64, bytes: u64, records: u64) -> String {
        let join_ms = self.join_ms.min(elapsed_ms);
        let fetch_ms = elapsed_ms - join_ms;
        let rate = |amount: f64, ms: u64| amount / (ms.max(1) as f64 / 1000.0);
        let (mib, count) = (self.bytes as f64 / MIB, self.records);
        let part = bytes as f64 / MIB;
        format!(
            "{mib:.4}, {:.4}, {count}, {:.4}, {join_ms}, {fetch_ms}, {:.4}, {:.4}",
            rate(part, elapsed_ms),
            rate(records as f64, elapsed_ms),
            rate(part, fetch_ms),
            rate(records as f64, fetch_ms)
        )
    }
}

fn time(wall_ms: i64) -> String {
    let second = DateTime::from_millis(wall_ms).format("%Y-%m-%d %H:%M:%S");
    format!("{second}:{:03}", wall_ms.rem_euclid(1000))
}
