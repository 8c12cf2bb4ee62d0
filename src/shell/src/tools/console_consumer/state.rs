//! The loop of kafka-console-consumer. Serves the shell; invariant: each record handed out is counted and printed at once, and what was
//! fetched beyond is given back before closing.

use super::options::{From, Refusal, Settings, TABLE, read};
use crate::tools::tool::{Main, Tool};
use ottla_client::{Consumer, ConsumerEvent, ConsumerRecord, JavaError, TopicPartition};
use ottla_world::{Input, Signal, Time};
use std::collections::BTreeSet;

const LOGGER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const NOTICE: &str = "The consumer rebalance protocol (KIP-848) is production-ready! Set group.protocol=consumer to try it out. See https://kafka.apache.org/documentation/#consumer_rebalance_protocol";

/// kafka-console-consumer.
#[derive(Clone, Debug, Default)]
pub struct ConsoleConsumer {
    running: Option<Box<Running>>,
}

#[derive(Clone, Debug)]
struct Running {
    consumer: Consumer,
    settings: Settings,
    max_messages: Option<u64>,
    count: u64,
    /// When waiting for the next record ends.
    deadline: Option<Time>,
    closing: Option<Ending>,
}

/// How the tool ends once the consumer is closed.
#[derive(Clone, Debug)]
struct Ending {
    code: u8,
    /// An exception that comes after the count.
    error: Option<JavaError>,
}

impl Main for ConsoleConsumer {
    const CLASS: &'static str = "ConsoleConsumer";

    fn input(&mut self, tool: &mut Tool<'_, '_>, input: &Input) {
        match input {
            Input::Start => self.start(tool),
            Input::Signal(signal) => {
                let code = if *signal == Signal::Interrupt { 130 } else { 128 + signal.number() };
                match &mut self.running {
                    Some(running) if running.closing.is_none() => running.close(tool, code, None),
                    Some(running) => running.closing = Some(Ending { code, error: None }),
                    None => tool.exit(code),
                }
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
        let deadline = running.deadline.filter(|_| running.closing.is_none());
        [running.consumer.next_wakeup(), deadline].into_iter().flatten().min()
    }
}

fn unknown_error(tool: &mut Tool<'_, '_>, error: &JavaError) {
    tool.log_exception("Unknown error when running consumer: ", error, LOGGER);
    tool.exit(1);
}

impl ConsoleConsumer {
    fn start(&mut self, tool: &mut Tool<'_, '_>) {
        let settings = match read(tool) {
            Ok(settings) => settings,
            Err(Refusal::Usage(message)) => return tool.usage(&message, TABLE),
            Err(Refusal::Thrown(error)) => return tool.uncaught(&error),
            Err(Refusal::Line(message)) => {
                if !tool.has_exited() {
                    tool.eprintln(message);
                    tool.exit(1);
                }
                return;
            }
        };
        if let Err(error) = self.open(tool, settings) {
            tool.log_of(&error);
            unknown_error(tool, &error);
        }
    }

    fn open(&mut self, tool: &mut Tool<'_, '_>, settings: Settings) -> Result<(), JavaError> {
        let mut consumer = Consumer::new(&settings.consumer)?;
        let parsed = &settings.parsed;
        let new_protocol = settings.consumer.get("group.protocol").is_some_and(|p| p.eq_ignore_ascii_case("consumer"));
        if !new_protocol && !parsed.has("partition") {
            tool.eprintln(NOTICE);
        }
        match (parsed.value("topic")?, parsed.integer("partition")?, parsed.value("include")?) {
            (Some(topic), Some(partition), _) => {
                let partition = TopicPartition::new(topic, partition);
                consumer.assign(std::slice::from_ref(&partition));
                match settings.from {
                    From::Earliest => consumer.seek_to_beginning(std::slice::from_ref(&partition)),
                    From::Latest => consumer.seek_to_end(std::slice::from_ref(&partition)),
                    From::At(offset) => consumer.seek(&partition, offset)?,
                }
            }
            (Some(topic), None, _) => consumer.subscribe(&[topic.to_owned()])?,
            (None, _, Some(pattern)) => consumer.subscribe_pattern(pattern)?,
            (None, _, None) => {}
        }
        let wanted = parsed.integer("max-messages");
        let mut running = Running { consumer, settings, max_messages: None, count: 0, deadline: None, closing: None };
        running.wait_for_next(tool);
        match wanted {
            Ok(Some(0)) => running.close(tool, 0, None),
            Ok(max) => running.max_messages = max.and_then(|n| u64::try_from(n).ok()),
            Err(error) => running.close(tool, 1, Some(error)),
        }
        self.running = Some(Box::new(running));
        Ok(())
    }
}

impl Running {
    /// Begins to wait for a record.
    fn wait_for_next(&mut self, tool: &Tool<'_, '_>) {
        // Java ends when more than the time has passed.
        self.deadline = self.settings.timeout_ms.map(|ms| tool.cx.now().plus_millis(ms.saturating_add(1)));
    }

    fn close(&mut self, tool: &mut Tool<'_, '_>, code: u8, error: Option<JavaError>) {
        self.closing = Some(Ending { code, error });
        self.consumer.close(tool.cx);
    }

    /// Gives back what was fetched and not handed out.
    fn give_back(&mut self, records: &[ConsumerRecord]) {
        let mut seen = BTreeSet::new();
        for record in records {
            let partition = TopicPartition::new(record.topic.clone(), record.partition);
            if seen.insert(partition.clone()) {
                // A partition that was lost meanwhile has no position to be moved.
                let _ = self.consumer.seek(&partition, record.offset);
            }
        }
    }

    fn work(&mut self, tool: &mut Tool<'_, '_>) {
        self.consumer.poll(tool.cx);
        while self.closing.is_none() {
            let records = self.consumer.poll_records(tool.cx);
            if records.is_empty() {
                break;
            }
            self.print(tool, &records);
        }
        self.consumer.take_log().iter().for_each(|line| tool.log(line));
        for event in self.consumer.take_events() {
            if let ConsumerEvent::Failed { error } = event
                && self.closing.is_none()
            {
                tool.log_exception("Error processing message, terminating consumer process: ", &error, LOGGER);
                self.close(tool, 0, None);
            }
        }
        let over = self.deadline.is_some_and(|deadline| tool.cx.now() >= deadline);
        if self.closing.is_none() && over {
            let error = JavaError { message: None, ..JavaError::timeout("") };
            tool.log_exception("Error processing message, terminating consumer process: ", &error, LOGGER);
            self.close(tool, 0, None);
        }
        self.end(tool);
    }

    fn print(&mut self, tool: &mut Tool<'_, '_>, records: &[ConsumerRecord]) {
        for (index, record) in records.iter().enumerate() {
            self.count += 1;
            match self.settings.formatter.text(record) {
                Ok(text) => tool.print(text.as_bytes()),
                Err(error) if self.settings.parsed.has("skip-message-on-error") => {
                    tool.log_exception("Error processing message, skipping this message: ", &error, LOGGER);
                }
                Err(error) => {
                    self.give_back(&records[index + 1..]);
                    return self.close(tool, 1, Some(error));
                }
            }
            if self.max_messages.is_some_and(|max| self.count >= max) {
                self.give_back(&records[index + 1..]);
                return self.close(tool, 0, None);
            }
        }
        self.wait_for_next(tool);
    }

    /// Ends the tool once the consumer is closed.
    fn end(&mut self, tool: &mut Tool<'_, '_>) {
        if self.closing.is_none() || !self.consumer.is_closed() {
            return;
        }
        self.consumer.take_log().iter().for_each(|line| tool.log(line));
        let Some(Ending { code, error }) = self.closing.clone() else { return };
        tool.eprintln(format!("Processed a total of {} messages", self.count));
        match error {
            Some(error) => unknown_error(tool, &error),
            None => tool.exit(code),
        }
    }
}
