//! Compaction of a log (`Cleaner`): of each key only the last record stays, with its offset.
//!
//! Serves the broker's cleaner task. Invariants: offsets never change, so gaps appear; nothing at or behind the first
//! uncleanable offset is touched; the log holds the old segments or the cleaned ones, never a part of both.

mod filter;
mod map;
mod replace;
mod select;
mod transactions;

pub use select::Cleanable;

use crate::segment::Segment;
use crate::{LogError, PartitionLog};
use map::OffsetMap;
use ottla_world::Disk;
use std::ops::Range;
use transactions::CleanedTransactions;

/// What a cleaning did (`CleanerStats`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Where the next cleaning begins: the first dirty offset now.
    pub end_offset: i64,
    /// Keys in the dirty part.
    pub keys: u64,
    /// Records read while copying.
    pub records_before: u64,
    /// Records that stayed.
    pub records_after: u64,
    /// Bytes of the segments that were cleaned.
    pub bytes_before: u64,
    /// Bytes of what replaced them.
    pub bytes_after: u64,
    /// Segments that were cleaned.
    pub segments_before: u64,
    /// Segments that replaced them.
    pub segments_after: u64,
}

impl PartitionLog {
    /// Cleans what [`Self::cleanable`] found. `max_keys` is how many keys fit the map at once
    /// (`log.cleaner.dedupe.buffer.size`): with more of them a part of the log is cleaned. `wall_ms` is the wall clock.
    ///
    /// # Errors
    /// [`LogError::Disk`], and `BadBatch` where the log is damaged; the log is as it was, or a part of it is cleaned.
    pub fn clean(
        &mut self,
        disk: &mut Disk,
        cleanable: &Cleanable,
        wall_ms: i64,
        max_keys: u64,
    ) -> Result<Cleaned, LogError> {
        let (first_dirty, bound) = (cleanable.first_dirty_offset, cleanable.first_uncleanable_offset);
        let map = OffsetMap::build(self, disk, first_dirty, bound, max_keys).map_err(|error| self.bad_batch(error))?;
        let end_offset = map.latest_offset() + 1;
        let mut cleaned = Cleaned { end_offset, keys: map.len(), ..Cleaned::default() };
        let mut transactions = CleanedTransactions::default();
        let count = self.closed.partition_point(|segment| segment.base_offset < end_offset);
        // Transactions are followed from the start on: groups are put in place in order, and those behind move up.
        let mut replaced = 0;
        for group in groups(&self.closed[..count], self) {
            let group = group.start - replaced..group.end - replaced;
            replaced += group.len() - 1;
            let context = filter::Filter {
                map: &map,
                wall_ms,
                delete_retention_ms: self.config.delete_retention_ms,
                upper_bound: bound,
            };
            self.clean_group(disk, group, &context, &mut transactions, &mut cleaned)?;
        }
        self.cleaned_to = Some(end_offset);
        Ok(cleaned)
    }

    /// Where the part begins that was never cleaned, if the log was cleaned before (`cleaner-offset-checkpoint`).
    #[must_use]
    pub fn cleaned_to(&self) -> Option<i64> {
        self.cleaned_to
    }

    /// Takes over what the checkpoint says when the log is opened.
    pub fn restore_cleaned_to(&mut self, offset: Option<i64>) {
        self.cleaned_to = offset.filter(|offset| *offset <= self.log_end_offset);
    }
}

/// Neighbours that become one segment, because together they are not larger than one may be (`groupSegmentsBySize`).
fn groups(segments: &[Segment], log: &PartitionLog) -> Vec<Range<usize>> {
    let config = log.config();
    let mut groups: Vec<Range<usize>> = Vec::new();
    let (mut size, mut offset_entries, mut time_entries) = (0, 0, 0);
    for (index, segment) in segments.iter().enumerate() {
        size += segment.size_bytes;
        offset_entries += segment.indexes.offset_entries;
        time_entries += segment.indexes.time_entries;
        let fits = size <= config.segment_bytes
            && offset_entries * crate::index::OFFSET_ENTRY_BYTES <= config.segment_index_bytes
            && time_entries * crate::index::TIME_ENTRY_BYTES <= config.segment_index_bytes;
        match groups.last_mut() {
            Some(group) if fits && in_range(segments[group.start].base_offset, segment) => group.end = index + 1,
            _ => {
                groups.push(index..index + 1);
                size = segment.size_bytes;
                offset_entries = segment.indexes.offset_entries;
                time_entries = segment.indexes.time_entries;
            }
        }
    }
    groups
}

/// Whether the offsets of a segment fit behind an earlier base offset.
fn in_range(base_offset: i64, segment: &Segment) -> bool {
    segment.size_bytes == 0 || crate::index::relative_offset(base_offset, segment.next_offset).is_some()
}
