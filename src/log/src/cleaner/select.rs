//! Whether a log needs cleaning, and which part of it (`LogCleanerManager.cleanableOffsets`, `LogToClean`).
//!
//! Serves the cleaner task, which takes the filthiest log first. Invariant: asking costs no reading of batches.

use crate::PartitionLog;
use crate::segment::Segment;
use std::cmp::Ordering;

/// A log that is filthy enough to be cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleanable {
    /// Where the part begins that was never cleaned.
    pub first_dirty_offset: i64,
    /// Base offset of the first segment that must not be cleaned yet.
    pub first_uncleanable_offset: i64,
    /// Bytes before the dirty part.
    pub clean_bytes: u64,
    /// Bytes of the dirty part.
    pub cleanable_bytes: u64,
}

impl Cleanable {
    /// Which of two logs is filthier: the one with the greater share of dirty bytes (`LogToClean.compareTo`).
    #[must_use]
    pub fn compare(&self, other: &Cleanable) -> Ordering {
        let cross = |one: &Cleanable, two: &Cleanable| u128::from(one.cleanable_bytes) * u128::from(two.total_bytes());
        cross(self, other).cmp(&cross(other, self))
    }

    fn total_bytes(&self) -> u64 {
        self.clean_bytes + self.cleanable_bytes
    }

    /// Whether more of the log is dirty than `min.cleanable.dirty.ratio` (in millionths).
    fn exceeds(&self, millionths: u32) -> bool {
        u128::from(self.cleanable_bytes) * 1_000_000 > u128::from(millionths) * u128::from(self.total_bytes())
    }
}

impl PartitionLog {
    /// What is to be cleaned now: if `cleanup.policy` has `compact`, and more is dirty than `min.cleanable.dirty.ratio`
    /// or something has waited for longer than `max.compaction.lag.ms`. `wall_ms` is the wall clock in milliseconds.
    #[must_use]
    pub fn cleanable(&self, wall_ms: i64) -> Option<Cleanable> {
        if !self.config.cleanup_policy.compact || self.closed.is_empty() {
            return None;
        }
        let first_dirty_offset = match self.cleaned_to {
            Some(offset) if (self.log_start_offset..=self.log_end_offset).contains(&offset) => offset,
            _ => self.log_start_offset,
        };
        let uncleanable = self.first_uncleanable(first_dirty_offset, wall_ms).max(first_dirty_offset);
        // Whole segments only: the part ends where a segment begins.
        let end = self.floor(uncleanable);
        let first_uncleanable_offset = self.closed.get(end).unwrap_or(&self.active).base_offset;
        let clean = self.closed.partition_point(|segment| segment.base_offset < first_dirty_offset);
        let dirty = self.floor(first_dirty_offset.min(first_uncleanable_offset)).min(end);
        let bytes = |segments: &[Segment]| segments.iter().map(|segment| segment.size_bytes).sum();
        let found = Cleanable {
            first_dirty_offset,
            first_uncleanable_offset,
            clean_bytes: bytes(&self.closed[..clean]),
            cleanable_bytes: bytes(&self.closed[dirty..end]),
        };
        let overdue = || found.cleanable_bytes > 0 && self.waited_too_long(first_dirty_offset, wall_ms);
        (found.exceeds(self.config.min_cleanable_dirty_ratio_millionths) || overdue()).then_some(found)
    }

    /// What bounds the cleaning: the active segment, the last stable offset, records younger than `min.compaction.lag.ms`.
    fn first_uncleanable(&self, first_dirty_offset: i64, wall_ms: i64) -> i64 {
        let bound = self.last_stable_offset().min(self.active.base_offset);
        let lag_ms = self.config.min_compaction_lag_ms.max(0);
        if lag_ms == 0 {
            return bound;
        }
        let from = self.floor(first_dirty_offset);
        let young = |segment: &&Segment| segment.newest_ms() > wall_ms.saturating_sub(lag_ms);
        self.closed[from..].iter().find(young).map_or(bound, |segment| bound.min(segment.base_offset))
    }

    /// Whether something dirty is older than `max.compaction.lag.ms` (`maxCompactionDelay`, KIP-354).
    fn waited_too_long(&self, first_dirty_offset: i64, wall_ms: i64) -> bool {
        let until = wall_ms.saturating_sub(self.config.max_compaction_lag_ms.max(0));
        let dirty = &self.closed[self.floor(first_dirty_offset)..];
        dirty.iter().filter_map(Segment::first_timestamp).filter(|at| *at > 0).any(|at| at < until)
    }

    /// Index of the closed segment that holds an offset, or the number of them.
    fn floor(&self, offset: i64) -> usize {
        let behind = self.closed.partition_point(|segment| segment.base_offset <= offset);
        if offset >= self.active.base_offset { behind } else { behind.saturating_sub(1) }
    }
}
