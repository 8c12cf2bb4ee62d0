//! The offsets that a broker keeps for all its logs in the log directory (`OffsetCheckpointFile`). Serves the replica manager.
//!
//! Invariant: a file is written only when it would say something else, and not before the logs of the last life are open,
//! so that no log's offsets are lost.

use super::{Partition, ReplicaManager};
use ottla_log::{CleanerOffsets, HighWatermarks, LogError, LogStartOffsets, PartitionOffsets, RecoveryPoints};
use ottla_world::{Context, Disk};
use std::sync::Arc;

/// What the files say.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoints {
    pub(super) high_watermarks: Arc<PartitionOffsets>,
    pub(super) log_starts: Arc<PartitionOffsets>,
    pub(super) recovery_points: Arc<PartitionOffsets>,
    pub(super) cleaned: Arc<PartitionOffsets>,
}

impl Checkpoints {
    /// Reads the files of a log directory; a damaged one counts as missing.
    pub(super) fn load(disk: &Disk, log_dir: &str) -> Checkpoints {
        Checkpoints {
            high_watermarks: HighWatermarks::load(disk, log_dir).unwrap_or_default().into(),
            log_starts: LogStartOffsets::load(disk, log_dir).unwrap_or_default().into(),
            recovery_points: RecoveryPoints::load(disk, log_dir).unwrap_or_default().into(),
            cleaned: CleanerOffsets::load(disk, log_dir).unwrap_or_default().into(),
        }
    }
}

impl ReplicaManager {
    /// Writes the high watermarks (`replica.high.watermark.checkpoint.interval.ms`).
    pub(crate) fn checkpoint_high_watermarks(&mut self, cx: &mut Context<'_>) {
        let now = self.offsets(|p| Some(p.log.high_watermark()));
        if self.is_new(&self.checkpoints.high_watermarks, &now) {
            let stored = HighWatermarks::store(cx.disk(), &self.log_dir, &now);
            self.checkpoints.high_watermarks = now.into();
            self.note_checkpoint(cx, HighWatermarks::FILE, stored);
        }
    }

    /// Writes recovery points and log starts (`log.flush.offset.checkpoint.interval.ms`). The start of a log that is its
    /// first segment's needs no word.
    pub(crate) fn checkpoint_logs(&mut self, cx: &mut Context<'_>) {
        let now = self.offsets(|p| Some(p.log.recovery_point()));
        if self.is_new(&self.checkpoints.recovery_points, &now) {
            let stored = RecoveryPoints::store(cx.disk(), &self.log_dir, &now);
            self.checkpoints.recovery_points = now.into();
            self.note_checkpoint(cx, RecoveryPoints::FILE, stored);
        }
        let now = self.offsets(|p| Some(p.log.log_start_offset()).filter(|start| *start > p.log.first_base_offset()));
        if self.is_new(&self.checkpoints.log_starts, &now) {
            let stored = LogStartOffsets::store(cx.disk(), &self.log_dir, &now);
            self.checkpoints.log_starts = now.into();
            self.note_checkpoint(cx, LogStartOffsets::FILE, stored);
        }
    }

    /// Writes up to where logs are cleaned.
    pub(crate) fn checkpoint_cleaned(&mut self, cx: &mut Context<'_>) {
        let now = self.offsets(|p| p.log.cleaned_to());
        if self.is_new(&self.checkpoints.cleaned, &now) {
            let stored = CleanerOffsets::store(cx.disk(), &self.log_dir, &now);
            self.checkpoints.cleaned = now.into();
            self.note_checkpoint(cx, CleanerOffsets::FILE, stored);
        }
    }

    fn offsets(&self, of: impl Fn(&Partition) -> Option<i64>) -> PartitionOffsets {
        let all = self.partitions.values();
        all.filter_map(|p| Some(((p.topic.clone(), p.index), of(p)?))).collect()
    }

    fn is_new(&self, known: &PartitionOffsets, now: &PartitionOffsets) -> bool {
        self.started && known != now
    }

    fn note_checkpoint(&mut self, cx: &mut Context<'_>, file: &str, stored: Result<(), LogError>) {
        if let Err(error) = stored {
            self.note_error(cx, file, &error);
        }
    }
}
