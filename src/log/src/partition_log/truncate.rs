//! Shortening a log: at its end when another leader's log diverges (KIP-101), at its start when records are deleted.
//!
//! Invariant: segments, indexes, epochs, producer state, high watermark and log start offset agree afterwards. What is
//! cut off stays cut off after a power cut, so that it does not come back behind what is appended next.

use super::PartitionLog;
use crate::names::LOG_SUFFIX;
use crate::segment::{ScanMode, Segment};
use crate::{LogError, ProducerStateManager};
use ottla_world::Disk;
use std::sync::Arc;

impl PartitionLog {
    /// Drops everything from `offset` on (`truncateTo`). A batch that holds `offset` goes as a whole.
    ///
    /// # Errors
    /// [`LogError::Disk`].
    pub fn truncate_to(&mut self, disk: &mut Disk, offset: i64) -> Result<(), LogError> {
        if offset >= self.log_end_offset {
            return self.truncate_epochs_from_end(disk, offset);
        }
        if offset < self.first_segment_base_offset() {
            return self.truncate_fully_and_start_at(disk, offset);
        }
        self.drop_segments_from(disk, offset);
        let end = self.cut_active(disk, offset)?;
        self.log_end_offset = end;
        self.cleaned_to = self.cleaned_to.map(|offset| offset.min(end));
        self.recovery_point = self.recovery_point.min(end);
        self.log_start_offset = self.log_start_offset.min(end);
        self.truncate_epochs_from_end(disk, end)?;
        if self.snapshot_at > end || !self.producers.lies_below(end) {
            self.rebuild_producers(disk)?;
        }
        self.set_high_watermark(self.high_watermark);
        Ok(())
    }

    /// Drops everything; the log goes on at `offset` (`truncateFullyAndStartAt`).
    ///
    /// # Errors
    /// [`LogError::Disk`].
    pub fn truncate_fully_and_start_at(&mut self, disk: &mut Disk, offset: i64) -> Result<(), LogError> {
        let bases: Vec<i64> = self.all_segments().map(|segment| segment.base_offset).collect();
        let active = Segment::create(disk, &self.dir, offset, self.active.created_ms())?;
        for base_offset in bases.into_iter().filter(|base_offset| *base_offset != offset) {
            Segment::remove_files(disk, &self.dir, base_offset);
        }
        self.active = active;
        self.closed = Arc::default();
        self.cleaned_to = None;
        self.producers = ProducerStateManager::default();
        (self.log_start_offset, self.log_end_offset, self.high_watermark) = (offset, offset, offset);
        self.recovery_point = offset;
        self.forget_snapshots(disk);
        if self.epochs.clear() {
            self.epochs.store(disk, &self.dir)?;
        }
        Ok(())
    }

    /// Raises the log start offset: what lies before can no longer be read (DeleteRecords, KIP-107). Files stay until
    /// retention runs. An offset below the present one changes nothing.
    ///
    /// # Errors
    /// `OffsetOutOfRange` beyond the high watermark; `Disk`.
    pub fn advance_log_start(&mut self, disk: &mut Disk, offset: i64) -> Result<(), LogError> {
        if offset > self.high_watermark {
            return Err(LogError::OffsetOutOfRange(format!(
                "Cannot increment the log start offset to {offset} of partition {} since it is larger than the high \
                 watermark {}",
                self.name(),
                self.high_watermark
            )));
        }
        self.move_log_start(disk, offset)
    }

    pub(super) fn move_log_start(&mut self, disk: &mut Disk, offset: i64) -> Result<(), LogError> {
        if offset <= self.log_start_offset {
            return Ok(());
        }
        self.log_start_offset = offset;
        self.producers.on_log_start(offset);
        self.set_high_watermark(self.high_watermark);
        let mut epochs = self.epochs.clone();
        if epochs.truncate_from_start(offset) {
            epochs.store(disk, &self.dir)?;
            self.epochs = epochs;
        }
        Ok(())
    }

    /// Removes the segments that lie at or behind `offset`, but for the first segment; the last one left is active.
    fn drop_segments_from(&mut self, disk: &mut Disk, offset: i64) {
        while self.active.base_offset > offset {
            let Some(previous) = Arc::make_mut(&mut self.closed).pop() else { break };
            let dropped = std::mem::replace(&mut self.active, previous);
            Segment::remove_files(disk, &self.dir, dropped.base_offset);
        }
    }

    /// Cuts the active segment before the batch that holds `offset`; where the log ends then.
    fn cut_active(&mut self, disk: &mut Disk, offset: i64) -> Result<i64, LogError> {
        let path = self.active.file(&self.dir, LOG_SUFFIX);
        let located = self.active.locate(disk, &self.dir, &path, offset).map_err(|error| self.bad_batch(error))?;
        let Some((position, header)) = located else { return Ok(offset) };
        disk.truncate(&path, position)?;
        disk.flush(&path)?;
        let (base_offset, how) = (self.active.base_offset, (&*self.config, ScanMode::Reindex));
        let recovered = Segment::recover(disk, &self.dir, base_offset, self.active.created_ms(), how, &mut |_| {})?;
        self.active = recovered.segment;
        Ok(offset.min(header.base_offset).max(self.active.next_offset))
    }

    fn truncate_epochs_from_end(&mut self, disk: &mut Disk, offset: i64) -> Result<(), LogError> {
        let mut epochs = self.epochs.clone();
        if epochs.truncate_from_end(offset) {
            epochs.store(disk, &self.dir)?;
            self.epochs = epochs;
        }
        Ok(())
    }
}
