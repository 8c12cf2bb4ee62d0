//! One broker as a process. Serves the lab; invariant: everything it knows came over the wire or from its disk.

use crate::{BrokerConfig, BrokerStateName, BrokerView};
use ottla_world::{Context, Input, Process, Time};
use std::{any::Any, sync::Arc};

/// A broker.
#[derive(Clone, Debug)]
pub struct BrokerNode {
    config: BrokerConfig,
}

impl BrokerNode {
    /// A broker that has not started yet.
    pub fn new(config: BrokerConfig) -> BrokerNode {
        BrokerNode { config }
    }

    /// What pictures show of it.
    pub fn view(&self) -> BrokerView {
        BrokerView {
            node_id: self.config.node_id,
            state: BrokerStateName::Starting,
            epoch: -1,
            controller_id: None,
            metadata_offset: -1,
            metadata: Arc::default(),
            partitions: Vec::new(),
            groups: Vec::new(),
        }
    }
}

impl Process for BrokerNode {
    fn name(&self) -> &str {
        "Kafka"
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Start => cx.listen(self.config.port),
            Input::Signal(signal) => cx.exit(128 + signal.number()),
            _ => {}
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        None
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
