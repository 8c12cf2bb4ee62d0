//! Letting whole segments go: by the log's start, by size, by age (`UnifiedLog.deleteOldSegments`).
//!
//! Serves the broker's retention task. Invariants: oldest segments go first, none that reaches above the high watermark;
//! a log keeps at least one segment; files are renamed at once and go later, so that readers could finish with them.

use super::PartitionLog;
use crate::names::{CLEANED_SUFFIX, DELETED_SUFFIX, SWAP_SUFFIX};
use crate::segment::Segment;
use crate::{LogConfig, LogError};
use ottla_world::Disk;
use std::sync::Arc;

/// What retention did to one log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Base offsets of the segments that went, with the reason for each.
    pub segments: Vec<(i64, DeletionReason)>,
    /// Whether the active segment went too, so that a new one was begun.
    pub rolled: bool,
}

/// Why a segment went (`SegmentDeletionReason`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionReason {
    /// It lies before the log start offset.
    LogStartOffset,
    /// The log was larger than `retention.bytes`.
    RetentionSize,
    /// Its records were older than `retention.ms`.
    RetentionTime,
}

impl PartitionLog {
    /// Removes the oldest segments that the log's configs no longer keep. `wall_ms` is the wall clock in milliseconds.
    /// The files to remove after `file.delete.delay.ms` are in [`Self::take_doomed`] then.
    ///
    /// # Errors
    /// [`LogError::Disk`].
    pub fn delete_old_segments(&mut self, disk: &mut Disk, wall_ms: i64) -> Result<Deleted, LogError> {
        let mut deleted = Deleted::default();
        if self.config.cleanup_policy.delete {
            self.delete_for(disk, wall_ms, DeletionReason::LogStartOffset, &mut deleted)?;
            self.delete_for(disk, wall_ms, DeletionReason::RetentionSize, &mut deleted)?;
            self.delete_for(disk, wall_ms, DeletionReason::RetentionTime, &mut deleted)?;
        } else {
            self.delete_for(disk, wall_ms, DeletionReason::LogStartOffset, &mut deleted)?;
        }
        Ok(deleted)
    }

    fn delete_for(
        &mut self,
        disk: &mut Disk,
        wall_ms: i64,
        reason: DeletionReason,
        deleted: &mut Deleted,
    ) -> Result<(), LogError> {
        let count: u64 = self.deletable(wall_ms, reason);
        if count == 0 {
            return Ok(());
        }
        if count > self.closed.len() as u64 {
            self.roll(disk, self.log_end_offset, wall_ms)?;
            deleted.rolled = true;
        }
        let gone: Vec<Segment> = Arc::make_mut(&mut self.closed).drain(..count as usize).collect();
        for segment in &gone {
            self.doom_segment(disk, segment.base_offset, &[])?;
            deleted.segments.push((segment.base_offset, reason));
        }
        self.move_log_start(disk, self.first_segment_base_offset())
    }

    /// How many of the oldest segments go for this reason (`deletableSegments`).
    fn deletable(&self, wall_ms: i64, reason: DeletionReason) -> u64 {
        let config = &*self.config;
        let mut excess = match reason {
            DeletionReason::RetentionSize => match u64::try_from(config.retention_bytes) {
                Ok(limit) => self.size_bytes().saturating_sub(limit),
                Err(_) => return 0,
            },
            _ => 0,
        };
        if reason == DeletionReason::RetentionTime && config.retention_ms < 0 {
            return 0;
        }
        let mut segments = self.all_segments().peekable();
        let mut count = 0;
        while let Some(segment) = segments.next() {
            let next = segments.peek().map(|next| next.base_offset);
            if next.is_none() && segment.size_bytes == 0 {
                break;
            }
            let goes = match reason {
                DeletionReason::LogStartOffset => next.is_some_and(|next| next <= self.log_start_offset),
                DeletionReason::RetentionSize => excess >= segment.size_bytes && excess > 0,
                DeletionReason::RetentionTime => is_expired(segment, config, wall_ms),
            };
            if !goes || self.high_watermark < next.unwrap_or(self.log_end_offset) {
                break;
            }
            excess = excess.saturating_sub(segment.size_bytes);
            count += 1;
        }
        count
    }

    /// Renames the files of a segment that is no longer part of the log (`LocalLog.removeAndDeleteSegments`), but for
    /// those with the suffixes to keep.
    pub(crate) fn doom_segment(&mut self, disk: &mut Disk, base_offset: i64, keep: &[&str]) -> Result<(), LogError> {
        let prefix = format!("{}/{base_offset:020}.", self.dir);
        let paths: Vec<String> = disk.list(&prefix).map(str::to_owned).collect();
        for path in paths.into_iter().filter(|path| is_live(path) && !keep.iter().any(|suffix| path.ends_with(suffix)))
        {
            let doomed = format!("{path}{DELETED_SUFFIX}");
            disk.rename(&path, &doomed)?;
            self.doomed.push(doomed);
        }
        Ok(())
    }

    /// The files that were renamed to `.deleted` since the last call; whoever takes them removes them when
    /// `file.delete.delay.ms` is over. After a crash loading removes them.
    pub fn take_doomed(&mut self) -> Vec<String> {
        std::mem::take(&mut self.doomed)
    }

    /// Whether [`Self::take_doomed`] has something.
    #[must_use]
    pub fn has_doomed(&self) -> bool {
        !self.doomed.is_empty()
    }
}

/// Files of the log itself: not those on their way out or in.
fn is_live(path: &str) -> bool {
    ![DELETED_SUFFIX, CLEANED_SUFFIX, SWAP_SUFFIX].iter().any(|suffix| path.ends_with(suffix))
}

/// Whether the youngest record is older than `retention.ms`.
fn is_expired(segment: &Segment, config: &LogConfig, wall_ms: i64) -> bool {
    wall_ms.saturating_sub(segment.newest_ms()) > config.retention_ms
}
