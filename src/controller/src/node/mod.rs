//! One KRaft controller as a process. Serves the lab; invariant: everything it knows came over the wire or from its disk.

mod active;
pub(crate) mod describe;
mod errors;
mod notes;
mod reply;
mod requests;
mod running;
mod startup;
mod view;

#[cfg(test)]
mod tests;

use crate::config::ControllerConfig;
use crate::view::ControllerView;
use ottla_world::{Context, Input, Process, Time};
use running::Running;
use std::any::Any;

/// A controller: a voter of the metadata quorum, and the active controller while it leads.
#[derive(Clone, Debug)]
pub struct ControllerNode {
    config: ControllerConfig,
    running: Option<Running>,
}

impl ControllerNode {
    /// A controller that has not started yet.
    pub fn new(config: ControllerConfig) -> ControllerNode {
        ControllerNode { config, running: None }
    }

    /// What it was started with.
    pub fn config(&self) -> &ControllerConfig {
        &self.config
    }

    /// The Raft core, to look at; none before it has started.
    pub fn raft(&self) -> Option<&crate::raft::Raft> {
        self.running.as_ref().map(|running| running.quorum.raft())
    }

    /// The metadata as committed, as far as it has replayed it; none before it has started.
    pub fn committed(&self) -> Option<&std::sync::Arc<crate::MetadataImage>> {
        self.running.as_ref().map(|running| &running.committed)
    }

    /// What pictures show of it at `now`, when its host's clock shows `wall_ms`; none before it has started.
    pub fn view(&self, now: Time, wall_ms: i64) -> Option<ControllerView> {
        self.running.as_ref().map(|running| view::view(running, now, wall_ms))
    }

    fn start(&mut self, cx: &mut Context<'_>) {
        if let Err(fault) = startup::check_meta_properties(cx, &self.config) {
            cx.note(format!("ERROR Exiting Kafka due to fatal exception: {fault}"));
            return cx.exit(1);
        }
        if let Some(port) = self.config.port_of(self.config.node_id) {
            cx.listen(port);
        }
        self.running = Running::start(cx, self.config.clone());
    }
}

impl Process for ControllerNode {
    fn name(&self) -> &str {
        "Kafka"
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        if input == Input::Start {
            // What the disk refused an earlier life is not this one's business.
            cx.disk().take_refusal();
            self.start(cx);
        }
        if let Some(running) = &mut self.running {
            running.handle(cx, &input);
        }
        // Errors of the disk that came back to the quorum have ended the process already; a flush that failed has not.
        if let Some(error) = cx.disk().take_refusal() {
            cx.note(format!("ERROR Encountered fatal fault: metadata log: {error}"));
            cx.exit(1);
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        self.running.as_ref().and_then(Running::next_wakeup)
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
