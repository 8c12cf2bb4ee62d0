//! A program that reads. Serves the simulation; invariant: everything that was handed to it is kept, in order.

use super::{TOPIC, client};
use bytes::Bytes;
use ottla_client::{Consumer, ConsumerEvent, JavaError, TopicPartition};
use ottla_world::{Context, Input, Process, Time};
use std::{any::Any, collections::BTreeMap};

/// A record that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulate) struct Received {
    pub(in crate::simulate) partition: i32,
    pub(in crate::simulate) offset: i64,
    pub(in crate::simulate) value: Bytes,
}

/// Reads the whole topic from its beginning, alone or as a member of a group.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct SimConsumer {
    name: String,
    consumer: Consumer,
    /// Handed out, in order.
    pub(in crate::simulate) received: Vec<Received>,
    /// What `poll` threw.
    pub(in crate::simulate) failed: Option<JavaError>,
}

impl SimConsumer {
    /// A consumer of all partitions, with a group's help if there is a group.
    ///
    /// # Errors
    /// Settings the client refuses.
    pub(in crate::simulate) fn new(
        name: &str,
        settings: &BTreeMap<String, String>,
        partitions: i32,
        group: Option<&str>,
    ) -> Result<SimConsumer, JavaError> {
        let mut settings = client(settings, name);
        settings.insert("auto.offset.reset".to_owned(), "earliest".to_owned());
        if let Some(group) = group {
            settings.insert("group.id".to_owned(), group.to_owned());
        }
        let mut consumer = Consumer::new(&settings)?;
        if group.is_some() {
            consumer.subscribe(&[TOPIC.to_owned()])?;
        } else {
            let all: Vec<TopicPartition> = (0..partitions).map(|p| TopicPartition::new(TOPIC, p)).collect();
            consumer.assign(&all);
            consumer.seek_to_beginning(&all);
        }
        Ok(SimConsumer { name: name.to_owned(), consumer, received: Vec::new(), failed: None })
    }

    /// Where it is in each partition it reads, as far as it knows.
    pub(in crate::simulate) fn positions(&self) -> BTreeMap<i32, Option<i64>> {
        let mine = self.consumer.assignment().into_iter();
        mine.map(|partition| (partition.partition, self.consumer.position(&partition))).collect()
    }
}

impl Process for SimConsumer {
    fn name(&self) -> &str {
        "SimConsumer"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        self.consumer.handle(cx, &input);
        self.consumer.poll(cx);
        for record in self.consumer.poll_records(cx) {
            let value = record.value.unwrap_or_default();
            self.received.push(Received { partition: record.partition, offset: record.offset, value });
        }
        for event in self.consumer.take_events() {
            match event {
                ConsumerEvent::Failed { error } => {
                    self.failed.get_or_insert(error);
                }
                ConsumerEvent::Assigned { partitions } => {
                    let all: Vec<String> = partitions.iter().map(ToString::to_string).collect();
                    cx.note(format!("{}: assigned {}", self.name, all.join(" ")));
                }
                _ => {}
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
