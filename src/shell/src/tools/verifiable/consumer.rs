//! kafka-verifiable-consumer (Kafka's `VerifiableConsumer`): reads, commits and tells both. Serves the shell; invariant: nothing is read
//! while a commit is on its way.

use super::{event, options, text};
use crate::tools::tool::{Main, Tool};
use ottla_client::{Consumer, ConsumerEvent, ConsumerRecord, JavaError, OffsetAndMetadata, TopicPartition};
use ottla_wire::schema::quoted;
use ottla_world::{Input, Signal, Time};
use std::collections::BTreeMap;

const USAGE: &str = "\
usage: verifiable-consumer [-h] --topic TOPIC
                           [--group-protocol GROUP_PROTOCOL]
                           [--group-remote-assignor GROUP_REMOTE_ASSIGNOR]
                           --group-id GROUP_ID
                           [--group-instance-id GROUP_INSTANCE_ID]
                           [--max-messages MAX-MESSAGES]
                           [--session-timeout TIMEOUT_MS] [--verbose]
                           [--enable-autocommit]
                           [--reset-policy RESETPOLICY]
                           [--assignment-strategy ASSIGNMENTSTRATEGY]
                           [--consumer.config CONFIG_FILE]
                           [--command-config CONFIG_FILE]
                           --bootstrap-server HOST1:PORT1[,HOST2:PORT2[...]]
";
const REQUIRED: [(&str, &str); 3] = [
    ("--topic", "argument --topic is required"),
    ("--group-id", "argument --group-id is required"),
    ("--bootstrap-server", "one of the arguments --bootstrap-server is required"),
];

/// kafka-verifiable-consumer.
#[derive(Clone, Debug, Default)]
pub struct VerifiableConsumer {
    running: Option<Box<Running>>,
}

#[derive(Clone, Debug)]
struct Running {
    consumer: Consumer,
    verbose: bool,
    auto_commit: bool,
    /// Records that are still wanted; none for no limit.
    left: Option<u64>,
    committing: bool,
    /// The exit code once it is closed, and whether a signal asked for it.
    closing: Option<(u8, bool)>,
}

impl Main for VerifiableConsumer {
    const CLASS: &'static str = "VerifiableConsumer";

    fn input(&mut self, tool: &mut Tool<'_, '_>, input: &Input) {
        match (input, &mut self.running) {
            (Input::Start, _) => match start(tool) {
                Ok(running) => self.running = running.map(Box::new),
                Err(error) => return tool.uncaught(&error),
            },
            (Input::Signal(signal), running) => {
                let code = if *signal == Signal::Interrupt { 130 } else { 128 + signal.number() };
                match running {
                    Some(running) if running.closing.is_none() => {
                        event(tool, "shutdown_requested", "");
                        running.close(tool, code, true);
                    }
                    Some(_) => {}
                    None => return tool.exit(code),
                }
            }
            (input, Some(running)) => drop(running.consumer.handle(tool.cx, input)),
            _ => {}
        }
        if let Some(running) = &mut self.running {
            running.work(tool);
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        self.running.as_ref()?.consumer.next_wakeup()
    }
}

fn start(tool: &mut Tool<'_, '_>) -> Result<Option<Running>, JavaError> {
    let args = tool.invocation.args.clone();
    let flags = ["--verbose", "--enable-autocommit"];
    let options = match options(&args, ("verifiable-consumer", USAGE), &flags, &REQUIRED) {
        Ok(options) => options,
        Err(message) => {
            tool.eprint(message);
            tool.exit(1);
            return Ok(None);
        }
    };
    let mut config = BTreeMap::new();
    for file in ["--consumer.config", "--command-config"] {
        if let Some(path) = options.get(file) {
            config.extend(tool.load_properties(path)?);
        }
    }
    let auto_commit = options.contains_key("--enable-autocommit");
    config.insert("enable.auto.commit".to_owned(), auto_commit.to_string());
    let given = [
        ("--bootstrap-server", "bootstrap.servers", None),
        ("--group-id", "group.id", None),
        ("--group-instance-id", "group.instance.id", None),
        ("--group-protocol", "group.protocol", None),
        ("--group-remote-assignor", "group.remote.assignor", None),
        ("--reset-policy", "auto.offset.reset", Some("earliest")),
        ("--session-timeout", "session.timeout.ms", None),
        ("--assignment-strategy", "partition.assignment.strategy", None),
    ];
    for (option, setting, default) in given {
        if let Some(value) = options.get(option).cloned().or_else(|| default.map(str::to_owned)) {
            config.insert(setting.to_owned(), value);
        }
    }
    let mut consumer = Consumer::new(&config)?;
    consumer.subscribe(&[options.get("--topic").cloned().unwrap_or_default()])?;
    event(tool, "startup_complete", "");
    let limit = options.get("--max-messages").and_then(|text| text.parse::<i64>().ok());
    let left = limit.and_then(|limit| u64::try_from(limit).ok());
    let verbose = options.contains_key("--verbose");
    Ok(Some(Running { consumer, verbose, auto_commit, left, committing: false, closing: None }))
}

fn partitions(partitions: &[TopicPartition]) -> String {
    let one = |p: &TopicPartition| format!("{{\"topic\":{},\"partition\":{}}}", quoted(&p.topic), p.partition);
    format!("\"partitions\":[{}]", partitions.iter().map(one).collect::<Vec<_>>().join(","))
}

impl Running {
    fn close(&mut self, tool: &mut Tool<'_, '_>, code: u8, requested: bool) {
        self.closing = Some((code, requested));
        self.consumer.close(tool.cx);
    }

    fn work(&mut self, tool: &mut Tool<'_, '_>) {
        self.consumer.poll(tool.cx);
        self.events(tool);
        while self.closing.is_none() && !self.committing && self.left != Some(0) {
            let records = self.consumer.poll_records(tool.cx);
            if records.is_empty() {
                break;
            }
            self.take(tool, records);
        }
        self.consumer.poll(tool.cx);
        self.events(tool);
        if self.closing.is_none() && self.left == Some(0) && !self.committing {
            self.close(tool, 0, false);
            self.events(tool);
        }
        self.consumer.take_log().iter().for_each(|line| tool.log(line));
        if let Some((code, requested)) = self.closing
            && self.consumer.is_closed()
        {
            self.events(tool);
            event(tool, "shutdown_complete", "");
            if !requested {
                // The hook at the program's end tells it whoever ended it.
                event(tool, "shutdown_requested", "");
            }
            tool.exit(code);
        }
    }

    fn take(&mut self, tool: &mut Tool<'_, '_>, mut records: Vec<ConsumerRecord>) {
        if let Some(left) = &mut self.left {
            records.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= records.len() as u64;
        }
        let mut counts: BTreeMap<TopicPartition, (u64, i64, i64)> = BTreeMap::new();
        for record in &records {
            let partition = TopicPartition::new(record.topic.clone(), record.partition);
            let (count, _, last) = counts.entry(partition).or_insert((0, record.offset, record.offset));
            *count += 1;
            *last = record.offset;
            if self.verbose {
                let more = format!(
                    "\"key\":{},\"value\":{},\"topic\":{},\"partition\":{},\"offset\":{}",
                    text(record.key.as_ref()),
                    text(record.value.as_ref()),
                    quoted(&record.topic),
                    record.partition,
                    record.offset
                );
                event(tool, "record_data", &more);
            }
        }
        let row = |(p, (count, first, last)): (&TopicPartition, &(u64, i64, i64))| {
            let topic = quoted(&p.topic);
            let partition = p.partition;
            format!(
                "{{\"topic\":{topic},\"partition\":{partition},\"count\":{count},\"minOffset\":{first},\"maxOffset\":{last}}}"
            )
        };
        let rows: Vec<String> = counts.iter().map(row).collect();
        let count = records.len();
        event(tool, "records_consumed", &format!("\"count\":{count},\"partitions\":[{}]", rows.join(",")));
        if !self.auto_commit {
            let next = |(partition, (_, _, last)): (TopicPartition, (u64, i64, i64))| {
                (partition, OffsetAndMetadata::new(last + 1))
            };
            self.committing = true;
            self.consumer.commit(tool.cx, Some(counts.into_iter().map(next).collect()));
        }
    }

    fn events(&mut self, tool: &mut Tool<'_, '_>) {
        for happened in self.consumer.take_events() {
            match happened {
                ConsumerEvent::Assigned { partitions: list } => {
                    event(tool, "partitions_assigned", &partitions(&list));
                }
                ConsumerEvent::Revoked { partitions: list } | ConsumerEvent::Lost { partitions: list } => {
                    event(tool, "partitions_revoked", &partitions(&list));
                }
                ConsumerEvent::Committed { offsets, error } => {
                    self.committing = false;
                    let row = |(p, at): (&TopicPartition, &OffsetAndMetadata)| {
                        let (topic, partition, offset) = (quoted(&p.topic), p.partition, at.offset);
                        format!("{{\"topic\":{topic},\"partition\":{partition},\"offset\":{offset}}}")
                    };
                    let rows: Vec<String> = offsets.iter().map(row).collect();
                    let outcome = match &error {
                        None => "\"success\":true".to_owned(),
                        Some(error) => format!("\"error\":{},\"success\":false", quoted(error.text())),
                    };
                    event(tool, "offsets_committed", &format!("\"offsets\":[{}],{outcome}", rows.join(",")));
                }
                ConsumerEvent::Failed { error } if self.closing.is_none() => return tool.uncaught(&error),
                ConsumerEvent::Failed { .. } => {}
            }
        }
    }
}
