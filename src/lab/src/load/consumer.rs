//! A program that reads. Serves the simulator; invariant: everything that was handed to it is kept, in order.

use super::named;
use bytes::Bytes;
use ottla_client::{Consumer, ConsumerEvent, JavaError, TopicPartition};
use ottla_world::{Context, Input, Process, Time};
use std::{any::Any, collections::BTreeMap};

/// A record that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its value; empty for none.
    pub value: Bytes,
}

/// Reads a topic from its beginning, alone or as a member of a group.
#[derive(Clone, Debug)]
pub struct LoadConsumer {
    name: String,
    consumer: Consumer,
    topic: String,
    grouped: bool,
    received: Vec<Received>,
    failed: Option<JavaError>,
}

impl LoadConsumer {
    pub(super) fn new(
        name: &str,
        settings: &BTreeMap<String, String>,
        topic: &str,
        partitions: i32,
    ) -> Result<LoadConsumer, JavaError> {
        let mut settings = named(settings, name);
        settings.entry("auto.offset.reset".to_owned()).or_insert_with(|| "earliest".to_owned());
        let grouped = settings.contains_key("group.id");
        let mut consumer = Consumer::new(&settings)?;
        if grouped {
            consumer.subscribe(&[topic.to_owned()])?;
        } else {
            let all: Vec<TopicPartition> = (0..partitions).map(|p| TopicPartition::new(topic, p)).collect();
            consumer.assign(&all);
            consumer.seek_to_beginning(&all);
        }
        Ok(LoadConsumer {
            name: name.to_owned(),
            consumer,
            topic: topic.to_owned(),
            grouped,
            received: Vec::new(),
            failed: None,
        })
    }

    /// Its name.
    pub fn load_name(&self) -> &str {
        &self.name
    }

    /// What it reads.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Whether it is a member of a group.
    pub fn is_grouped(&self) -> bool {
        self.grouped
    }

    /// Everything that was handed out, in order.
    pub fn received(&self) -> &[Received] {
        &self.received
    }

    /// What `poll` threw first.
    pub fn failed(&self) -> Option<&JavaError> {
        self.failed.as_ref()
    }

    /// Where it is in each partition it reads, as far as it knows.
    pub fn positions(&self) -> BTreeMap<i32, Option<i64>> {
        let mine = self.consumer.assignment().into_iter();
        mine.map(|partition| (partition.partition, self.consumer.position(&partition))).collect()
    }
}

impl Process for LoadConsumer {
    fn name(&self) -> &str {
        "LoadConsumer"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        self.consumer.handle(cx, &input);
        self.consumer.poll(cx);
        for record in self.consumer.poll_records(cx) {
            let value = record.value.unwrap_or_default();
            self.received.push(Received { partition: record.partition, offset: record.offset, value });
        }
        for event in self.consumer.take_events() {
            if let ConsumerEvent::Failed { error } = event {
                self.failed.get_or_insert(error);
            }
        }
        for line in self.consumer.take_log() {
            cx.note(format!("{}: {} {}", self.name, line.level.as_str(), line.text));
        }
    }
    fn next_wakeup(&self) -> Option<Time> {
        self.consumer.next_wakeup()
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
