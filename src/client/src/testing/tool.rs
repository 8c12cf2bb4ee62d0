//! Tools around the clients. Serves the tests; invariant: each keeps what its client said, with the time.

use crate::{
    Admin, AdminEvent, AdminRequest, AdminResponse, Consumer, ConsumerEvent, ConsumerRecord, JavaError, LogLine,
    Producer, ProducerEvent, ProducerRecord,
};
use ottla_world::{Context, Input, Process, Time};
use std::any::Any;

/// Sends records at given moments.
#[derive(Clone, Debug)]
pub(crate) struct ProducerTool {
    pub(crate) producer: Producer,
    pub(crate) script: Vec<(u64, ProducerRecord)>,
    pub(crate) close_at_ms: Option<u64>,
    pub(crate) events: Vec<(u64, ProducerEvent)>,
    pub(crate) log: Vec<(u64, LogLine)>,
}

impl ProducerTool {
    pub(crate) fn new(settings: &[(&str, &str)], script: Vec<(u64, ProducerRecord)>) -> ProducerTool {
        let producer = Producer::new(&super::settings(settings)).unwrap();
        ProducerTool { producer, script, close_at_ms: None, events: Vec::new(), log: Vec::new() }
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.log.iter().map(|(_, line)| format!("{} {} ({})", line.level.as_str(), line.text, line.logger)).collect()
    }
}

impl Process for ProducerTool {
    fn name(&self) -> &str {
        "ConsoleProducer"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        self.producer.handle(cx, &input);
        let now_ms = cx.now().as_millis();
        while self.script.first().is_some_and(|(at, _)| *at <= now_ms) {
            let (_, record) = self.script.remove(0);
            self.producer.send(cx, record);
        }
        if self.close_at_ms.is_some_and(|at| at <= now_ms) {
            self.close_at_ms = None;
            self.producer.close(cx);
        }
        self.producer.poll(cx);
        self.events.extend(self.producer.take_events().into_iter().map(|event| (now_ms, event)));
        self.log.extend(self.producer.take_log().into_iter().map(|line| (now_ms, line)));
    }
    fn next_wakeup(&self) -> Option<Time> {
        let script = self.script.first().map(|(at, _)| Time::from_millis(*at));
        let close = self.close_at_ms.map(Time::from_millis);
        [script, close, self.producer.next_wakeup()].into_iter().flatten().min()
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Reads all it can.
#[derive(Clone, Debug)]
pub(crate) struct ConsumerTool {
    pub(crate) consumer: Consumer,
    pub(crate) close_at_ms: Option<u64>,
    pub(crate) records: Vec<(u64, ConsumerRecord)>,
    pub(crate) events: Vec<(u64, ConsumerEvent)>,
    pub(crate) log: Vec<(u64, LogLine)>,
}

impl ConsumerTool {
    pub(crate) fn new(settings: &[(&str, &str)]) -> ConsumerTool {
        let consumer = Consumer::new(&super::settings(settings)).unwrap();
        ConsumerTool { consumer, close_at_ms: None, records: Vec::new(), events: Vec::new(), log: Vec::new() }
    }

    pub(crate) fn values(&self) -> Vec<String> {
        let text = |r: &ConsumerRecord| String::from_utf8(r.value.clone().unwrap_or_default().to_vec()).unwrap();
        self.records.iter().map(|(_, record)| text(record)).collect()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.log.iter().map(|(_, line)| format!("{} {} ({})", line.level.as_str(), line.text, line.logger)).collect()
    }
}

impl Process for ConsumerTool {
    fn name(&self) -> &str {
        "ConsoleConsumer"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        self.consumer.handle(cx, &input);
        let now_ms = cx.now().as_millis();
        if self.close_at_ms.is_some_and(|at| at <= now_ms) {
            self.close_at_ms = None;
            self.consumer.close(cx);
        }
        self.consumer.poll(cx);
        self.records.extend(self.consumer.poll_records(cx).into_iter().map(|record| (now_ms, record)));
        self.events.extend(self.consumer.take_events().into_iter().map(|event| (now_ms, event)));
        self.log.extend(self.consumer.take_log().into_iter().map(|line| (now_ms, line)));
    }
    fn next_wakeup(&self) -> Option<Time> {
        let close = self.close_at_ms.map(Time::from_millis);
        [close, self.consumer.next_wakeup()].into_iter().flatten().min()
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Asks questions at the start.
#[derive(Clone, Debug)]
pub(crate) struct AdminTool {
    pub(crate) admin: Admin,
    pub(crate) requests: Vec<AdminRequest>,
    pub(crate) events: Vec<(u64, AdminEvent)>,
    pub(crate) log: Vec<(u64, LogLine)>,
}

impl AdminTool {
    pub(crate) fn new(settings: &[(&str, &str)], requests: Vec<AdminRequest>) -> AdminTool {
        let admin = Admin::new(&super::settings(settings)).unwrap();
        AdminTool { admin, requests, events: Vec::new(), log: Vec::new() }
    }

    /// The answer to the n-th question.
    pub(crate) fn answer(&self, n: u64) -> &Result<AdminResponse, JavaError> {
        &self.events.iter().find(|(_, event)| event.call.0 == n).unwrap().1.result
    }
}

impl Process for AdminTool {
    fn name(&self) -> &str {
        "TopicCommand"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        self.admin.handle(cx, &input);
        for request in std::mem::take(&mut self.requests) {
            self.admin.call(cx, request);
        }
        self.admin.poll(cx);
        let now_ms = cx.now().as_millis();
        self.events.extend(self.admin.take_events().into_iter().map(|event| (now_ms, event)));
        self.log.extend(self.admin.take_log().into_iter().map(|line| (now_ms, line)));
    }
    fn next_wakeup(&self) -> Option<Time> {
        self.admin.next_wakeup()
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
