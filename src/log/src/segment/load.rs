//! Taking a segment over as its files say, without walking it (`LogSegment.open`): after a clean stop, or below the
//! recovery point.
//!
//! Invariant: files that do not fit each other are not taken over; then the segment is walked.

use super::{Headers, Segment};
use crate::index::{OFFSET_ENTRY_BYTES, is_valid_offset_index, is_valid_time_index};
use crate::names::{INDEX_SUFFIX, LOG_SUFFIX, TIME_INDEX_SUFFIX, segment_file};
use ottla_world::Disk;

impl Segment {
    /// The segment, if its files fit. `next_base_offset` is where the next segment begins, nothing for the last one.
    pub(crate) fn load(
        disk: &Disk,
        dir: &str,
        base_offset: i64,
        next_base_offset: Option<i64>,
        wall_ms: i64,
    ) -> Option<Self> {
        let path = segment_file(dir, base_offset, LOG_SUFFIX);
        let mut segment = Self::empty(base_offset, wall_ms);
        segment.size_bytes = disk.len(&path)?;
        let offsets = disk.read_all(&segment_file(dir, base_offset, INDEX_SUFFIX))?;
        let times = disk.read_all(&segment_file(dir, base_offset, TIME_INDEX_SUFFIX))?;
        if !is_valid_offset_index(&offsets, segment.size_bytes) || !is_valid_time_index(&times) {
            return None;
        }
        segment.adopt(&offsets, &times);
        segment.indexes.max_time = segment.indexes.last_time;
        if segment.size_bytes == 0 {
            segment.next_offset = next_base_offset.unwrap_or(base_offset);
            return (segment.indexes.offset_entries == 0).then_some(segment);
        }
        let (_, first) = Headers::new(disk, &path, 0, segment.size_bytes).next()?.ok()?;
        if first.base_offset < base_offset {
            return None;
        }
        segment.first_timestamp = Some(first.max_timestamp);
        segment.next_offset = match next_base_offset {
            Some(next) => next,
            None => segment.walk_tail(disk, &path, &offsets)?,
        };
        Some(segment)
    }

    /// Where the last segment ends: a walk from its last index entry on.
    fn walk_tail(&mut self, disk: &Disk, path: &str, offsets: &[u8]) -> Option<i64> {
        let last_entry = offsets.last_chunk::<{ OFFSET_ENTRY_BYTES as usize }>();
        let position =
            last_entry.map_or(0, |entry| u32::from_be_bytes([entry[4], entry[5], entry[6], entry[7]]).into());
        let mut next_offset = None;
        for found in Headers::new(disk, path, position, self.size_bytes) {
            let (_, header) = found.ok()?;
            self.indexes.pass(&header);
            next_offset = Some(header.next_offset());
        }
        next_offset
    }
}
