//! The retention task (`LogManager.cleanupLogs`): old segments of every log here, led or followed. Serves the log tasks;
//! invariant: a replica deletes by its own clock and its own configs, below its own high watermark.

use crate::node::Running;
use ottla_log::{Deleted, DeletionReason, LogConfig};
use ottla_world::Context;

impl Running {
    /// Lets old segments go in the logs whose configs are meant.
    pub(super) fn retain(&mut self, cx: &mut Context<'_>, meant: impl Fn(&LogConfig) -> bool) {
        let (now, wall_ms) = (cx.now(), cx.wall_ms());
        let mut failures = Vec::new();
        for (place, partition) in &mut self.replicas.partitions {
            let (log, name) = (&mut partition.log, || format!("{}-{}", partition.topic, partition.index));
            if !meant(log.config()) {
                continue;
            }
            match log.delete_old_segments(cx.disk(), wall_ms) {
                Ok(deleted) if deleted.segments.is_empty() => {}
                Ok(deleted) => {
                    cx.note(format!("{}: {}", name(), told(&deleted, log.config(), log.log_start_offset())));
                    self.replicas.moved.insert(*place);
                }
                Err(error) => failures.push((name(), error)),
            }
            if log.has_doomed() {
                let (delay_ms, files) = (log.config().file_delete_delay_ms, log.take_doomed());
                self.log_tasks.doom(now, delay_ms, files);
            }
        }
        for (name, error) in failures {
            self.replicas.note_error(cx, &name, &error);
        }
    }
}

fn told(deleted: &Deleted, config: &LogConfig, log_start_offset: i64) -> String {
    let because = |reason| match reason {
        DeletionReason::LogStartOffset => "before the log start offset".to_owned(),
        DeletionReason::RetentionSize => format!("retention.bytes={} exceeded", config.retention_bytes),
        DeletionReason::RetentionTime => format!("retention.ms={} over", config.retention_ms),
    };
    let one = |(base, reason): &(i64, DeletionReason)| format!("segment {base} deleted ({})", because(*reason));
    let segments: Vec<String> = deleted.segments.iter().map(one).collect();
    let rolled = if deleted.rolled { ", a new segment begun" } else { "" };
    format!("{}{rolled}; log start offset {log_start_offset}", segments.join(", "))
}
