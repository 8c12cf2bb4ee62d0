//! The program that makes the topic. Serves the simulation; invariant: it asks once and keeps the answer.

use super::{TOPIC, client};
use ottla_client::{Admin, AdminRequest, AdminResponse, JavaError, NewTopic};
use ottla_world::{Context, Input, Process, Time};
use std::{any::Any, collections::BTreeMap};

/// Creates the topic with three replicas, of which two must be in sync.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct Setup {
    admin: Admin,
    partitions: i32,
    asked: bool,
    /// How it ended.
    pub(in crate::simulate) result: Option<Result<(), JavaError>>,
}

impl Setup {
    /// A program that creates so many partitions.
    ///
    /// # Errors
    /// Settings the client refuses.
    pub(in crate::simulate) fn new(partitions: i32) -> Result<Setup, JavaError> {
        let admin = Admin::new(&client(&BTreeMap::new(), "setup"))?;
        Ok(Setup { admin, partitions, asked: false, result: None })
    }

    fn ask(&mut self, cx: &mut Context<'_>) {
        self.asked = true;
        let topic = NewTopic {
            name: TOPIC.to_owned(),
            partitions: Some(self.partitions),
            replication_factor: Some(3),
            configs: BTreeMap::from([("min.insync.replicas".to_owned(), "2".to_owned())]),
            ..NewTopic::default()
        };
        self.admin.call(cx, AdminRequest::CreateTopics { topics: vec![topic], validate_only: false });
    }
}

impl Process for Setup {
    fn name(&self) -> &str {
        "Setup"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        self.admin.handle(cx, &input);
        if !self.asked {
            self.ask(cx);
        }
        self.admin.poll(cx);
        for event in self.admin.take_events() {
            self.result = Some(event.result.and_then(|response| match response {
                AdminResponse::TopicsCreated(mut topics) => topics.remove(TOPIC).map_or(Ok(()), |one| one.map(|_| ())),
                _ => Ok(()),
            }));
        }
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
