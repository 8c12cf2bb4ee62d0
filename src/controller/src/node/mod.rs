//! One KRaft controller as a process. Serves the lab; invariant: everything it knows came over the wire or from its disk.

use crate::config::ControllerConfig;
use crate::image::MetadataImage;
use crate::view::{ControllerView, RoleName};
use ottla_world::{Context, Input, Process, Time};
use std::{any::Any, sync::Arc};

/// A controller: a voter of the metadata quorum, and the active controller while it leads.
#[derive(Clone, Debug)]
pub struct ControllerNode {
    config: ControllerConfig,
    committed: Arc<MetadataImage>,
}

impl ControllerNode {
    /// A controller that has not started yet.
    pub fn new(config: ControllerConfig) -> ControllerNode {
        ControllerNode { config, committed: Arc::default() }
    }

    /// What pictures show of it.
    pub fn view(&self) -> ControllerView {
        ControllerView {
            node_id: self.config.node_id,
            role: RoleName::Unattached,
            epoch: 0,
            leader_id: None,
            voted_for: None,
            log_end_offset: 0,
            high_watermark: -1,
            voters: Vec::new(),
            observers: Vec::new(),
            committed: self.committed.clone(),
            active: None,
        }
    }
}

impl Process for ControllerNode {
    fn name(&self) -> &str {
        "Kafka"
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Start => {
                if let Some(port) = self.config.port_of(self.config.node_id) {
                    cx.listen(port);
                }
            }
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
