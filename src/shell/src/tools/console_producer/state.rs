//! The loop of kafka-console-producer. Serves the shell; invariant: a line is read, and a prompt shown, only when the send before it
//! would have returned in Java.

use super::{
    options::{Refusal, TABLE, check, producer_properties, reader_properties},
    reader::LineReader,
};
use crate::{
    java::{Parsed, VERSION, stack_trace},
    tools::tool::{Main, Tool},
};
use ottla_client::{JavaError, Producer, ProducerEvent, SendId};
use ottla_world::{Input, Signal, Time};

const CALLBACK: &str = "org.apache.kafka.clients.producer.internals.ErrorLoggingCallback";

/// kafka-console-producer.
#[derive(Clone, Debug, Default)]
pub struct ConsoleProducer {
    running: Option<Running>,
    typed: Vec<u8>,
    end_of_input: bool,
}

#[derive(Clone, Debug)]
struct Running {
    producer: Producer,
    reader: LineReader,
    console: bool,
    sync: bool,
    /// With --sync: the send whose answer is awaited.
    awaited: Option<SendId>,
    /// The prompt of the next line stands.
    prompted: bool,
    /// The exit code, once nothing more is read.
    closing: Option<u8>,
}

impl Main for ConsoleProducer {
    const CLASS: &'static str = "ConsoleProducer";

    fn input(&mut self, tool: &mut Tool<'_, '_>, input: &Input) {
        match input {
            Input::Start => self.start(tool),
            Input::Stdin(data) => self.typed.extend_from_slice(data),
            Input::StdinClosed => self.end_of_input = true,
            Input::Signal(Signal::Interrupt) => self.interrupt(tool, 130),
            Input::Signal(signal) => self.interrupt(tool, 128 + signal.number()),
            input => {
                if let Some(running) = &mut self.running {
                    running.producer.handle(tool.cx, input);
                }
            }
        }
        self.work(tool);
    }

    fn next_wakeup(&self) -> Option<Time> {
        self.running.as_ref().and_then(|r| r.producer.next_wakeup())
    }
}

impl ConsoleProducer {
    fn start(&mut self, tool: &mut Tool<'_, '_>) {
        match self.open(tool) {
            Ok(()) => {}
            Err(Refusal::Usage(message)) => tool.usage(&message, TABLE),
            Err(Refusal::Thrown(error)) => {
                tool.log_of(&error);
                match error.class.starts_with("joptsimple.") {
                    true => tool.eprintln(error.text()),
                    false => tool.eprint(stack_trace(&error)),
                }
                tool.exit(1);
            }
        }
    }

    fn open(&mut self, tool: &mut Tool<'_, '_>) -> Result<(), Refusal> {
        let args = tool.invocation.args.clone();
        let parsed = Parsed::parse(TABLE, &args).map_err(|e| Refusal::Usage(e.text().to_owned()))?;
        if parsed.is_empty || parsed.has("help") {
            let about = "This tool helps to read data from standard input and publish it to Kafka.";
            return Err(Refusal::Usage(about.to_owned()));
        }
        if parsed.has("version") {
            tool.println(VERSION);
            tool.exit(0);
            return Ok(());
        }
        check(tool, &parsed)?;
        let class = parsed.value("line-reader")?.unwrap_or_default();
        if class != "org.apache.kafka.tools.LineMessageReader" {
            return Err(Refusal::Thrown(JavaError::new("java.lang.ClassNotFoundException", class)));
        }
        let reader = LineReader::new(&reader_properties(tool, &parsed)?)?;
        let producer = Producer::new(&producer_properties(tool, &parsed)?)?;
        let (console, sync) = (tool.has_console(), parsed.has("sync"));
        let running = Running { producer, reader, console, sync, awaited: None, prompted: false, closing: None };
        self.running = Some(running);
        Ok(())
    }

    fn interrupt(&mut self, tool: &mut Tool<'_, '_>, code: u8) {
        match &mut self.running {
            Some(running) => running.close(tool, code),
            None => tool.exit(code),
        }
    }

    /// The next line, if there is a whole one or the input has ended.
    fn next_line(&mut self) -> Option<String> {
        let end = self.typed.iter().position(|b| *b == b'\n');
        let line: Vec<u8> = match end {
            Some(end) => self.typed.drain(..=end).take(end).collect(),
            None if self.end_of_input && !self.typed.is_empty() => std::mem::take(&mut self.typed),
            None => return None,
        };
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        Some(String::from_utf8_lossy(line).into_owned())
    }

    fn work(&mut self, tool: &mut Tool<'_, '_>) {
        loop {
            let Some(running) = &mut self.running else { return };
            running.poll(tool);
            if tool.has_exited() || !running.is_ready() {
                return;
            }
            if running.console && !std::mem::replace(&mut running.prompted, true) {
                tool.print(b">");
            }
            let line = self.next_line();
            let Some(running) = &mut self.running else { return };
            match line {
                Some(line) => running.send(tool, &line),
                None if self.end_of_input => running.close(tool, 0),
                None => return,
            }
        }
    }
}

impl Running {
    /// Whether the tool would read its next line.
    fn is_ready(&self) -> bool {
        self.closing.is_none() && self.awaited.is_none() && !self.producer.is_blocked()
    }

    fn send(&mut self, tool: &mut Tool<'_, '_>, line: &str) {
        self.prompted = false;
        match self.reader.read(line) {
            Ok(record) => {
                let id = self.producer.send(tool.cx, record);
                self.awaited = self.sync.then_some(id);
            }
            Err(error) => {
                tool.eprint(stack_trace(&error));
                self.close(tool, 1);
            }
        }
    }

    fn close(&mut self, tool: &mut Tool<'_, '_>, code: u8) {
        if self.closing.is_none() {
            self.closing = Some(code);
            self.producer.close(tool.cx);
        }
    }

    /// Lets the producer work and tells what came of it.
    fn poll(&mut self, tool: &mut Tool<'_, '_>) {
        self.producer.poll(tool.cx);
        self.producer.take_log().iter().for_each(|line| tool.log(line));
        for event in self.producer.take_events() {
            let awaited = self.awaited.take_if(|id| *id == event.send()).is_some();
            let ProducerEvent::Failed { topic, key_bytes, value_bytes, error, .. } = event else { continue };
            if awaited {
                let class = "java.util.concurrent.ExecutionException";
                tool.eprint(stack_trace(&JavaError::new(class, error.to_string()).caused_by(error)));
                self.close(tool, 1);
                continue;
            }
            let size = |bytes: Option<u64>| bytes.map_or("null".to_owned(), |n| format!("{n} bytes"));
            let (key, value) = (size(key_bytes), size(value_bytes));
            let text =
                format!("Error when sending message to topic {topic} with key: {key}, value: {value} with error:");
            tool.log_exception(&text, &error, CALLBACK);
        }
        self.producer.take_log().iter().for_each(|line| tool.log(line));
        if let Some(code) = self.closing
            && self.producer.is_closed()
        {
            tool.exit(code);
        }
    }
}
