//! Compaction (`LogCleaner`). Serves the log tasks.

use crate::node::Running;
use ottla_world::Context;

impl Running {
    pub(super) fn clean_logs(&mut self, _cx: &mut Context<'_>) {}
}
