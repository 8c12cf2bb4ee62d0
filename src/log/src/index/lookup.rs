//! Finding an entry in an index, and telling a sound index from a damaged one (`AbstractIndex`).
//!
//! Invariant: an entry that cannot be read counts as absent, so that the search falls back to an earlier place.

use super::{OFFSET_ENTRY_BYTES, SegmentIndexes, TIME_ENTRY_BYTES, TimeEntry};
use crate::names::{INDEX_SUFFIX, TIME_INDEX_SUFFIX, segment_file};
use bytes::Buf;
use ottla_world::Disk;

impl SegmentIndexes {
    /// Position of a batch at or before the one that holds `offset` (`OffsetIndex.lookup`).
    pub(crate) fn position_for(&self, disk: &Disk, dir: &str, offset: i64) -> u64 {
        if self.offset_entries == 0 {
            return 0;
        }
        let path = segment_file(dir, self.base_offset(), INDEX_SUFFIX);
        let read = |index: u64| read_offset_entry(disk, &path, index);
        let target = offset.saturating_sub(self.base_offset());
        let count = partition_point(self.offset_entries, |index| {
            read(index).is_some_and(|(relative, _)| i64::from(relative) <= target)
        });
        let entry = count.checked_sub(1).and_then(read);
        entry.map_or(0, |(_, position)| u64::try_from(position).unwrap_or(0))
    }

    /// The greatest entry whose timestamp is at most `timestamp` (`TimeIndex.lookup`).
    pub(crate) fn time_entry_for(&self, disk: &Disk, dir: &str, timestamp: i64) -> Option<TimeEntry> {
        if self.time_entries == 0 {
            return None;
        }
        let path = segment_file(dir, self.base_offset(), TIME_INDEX_SUFFIX);
        let read = |index: u64| read_time_entry(disk, &path, index);
        let count =
            partition_point(self.time_entries, |index| read(index).is_some_and(|(found, _)| found <= timestamp));
        let (timestamp, relative) = count.checked_sub(1).and_then(read)?;
        Some(TimeEntry { timestamp, offset: self.base_offset().saturating_add(i64::from(relative)) })
    }
}

/// How many of `0..count` fulfil a condition that holds for the first ones only.
fn partition_point(count: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

fn read_offset_entry(disk: &Disk, path: &str, index: u64) -> Option<(i32, i32)> {
    let mut bytes = disk.read(path, index * OFFSET_ENTRY_BYTES, OFFSET_ENTRY_BYTES)?;
    (bytes.len() as u64 == OFFSET_ENTRY_BYTES).then(|| (bytes.get_i32(), bytes.get_i32()))
}

fn read_time_entry(disk: &Disk, path: &str, index: u64) -> Option<(i64, i32)> {
    let mut bytes = disk.read(path, index * TIME_ENTRY_BYTES, TIME_ENTRY_BYTES)?;
    (bytes.len() as u64 == TIME_ENTRY_BYTES).then(|| (bytes.get_i64(), bytes.get_i32()))
}

/// Whether these bytes can be the offset index of a segment of `log_bytes` bytes (`OffsetIndex.sanityCheck`, and order).
pub(crate) fn is_valid_offset_index(bytes: &[u8], log_bytes: u64) -> bool {
    let (entries, rest) = bytes.as_chunks::<{ OFFSET_ENTRY_BYTES as usize }>();
    let mut last = (-1, -1);
    rest.is_empty()
        && entries.iter().all(|entry| {
            let mut entry = &entry[..];
            let (offset, position) = (entry.get_i32(), entry.get_i32());
            let sound = offset > last.0 && position > last.1 && u64::try_from(position).is_ok_and(|at| at < log_bytes);
            last = (offset, position);
            sound
        })
}

/// Whether these bytes can be a time index (`TimeIndex.sanityCheck`, and order).
pub(crate) fn is_valid_time_index(bytes: &[u8]) -> bool {
    let (entries, rest) = bytes.as_chunks::<{ TIME_ENTRY_BYTES as usize }>();
    let mut last = (i64::MIN, -1);
    rest.is_empty()
        && entries.iter().all(|entry| {
            let mut entry = &entry[..];
            let (timestamp, offset) = (entry.get_i64(), entry.get_i32());
            let sound = timestamp > last.0 && offset >= last.1 && offset >= 0;
            last = (timestamp, offset);
            sound
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset_index(entries: &[(i32, i32)]) -> Vec<u8> {
        entries.iter().flat_map(|(offset, position)| [offset.to_be_bytes(), position.to_be_bytes()].concat()).collect()
    }

    #[test]
    fn the_greatest_entry_at_or_below_is_found() {
        let mut disk = Disk::default();
        let file = segment_file("d", 100, INDEX_SUFFIX);
        disk.append(&file, &offset_index(&[(5, 50), (9, 90), (20, 200)])).unwrap();
        let mut indexes = SegmentIndexes::new(100);
        indexes.offset_entries = 3;
        for (offset, expected) in
            [(0, 0), (100, 0), (104, 0), (105, 50), (108, 50), (109, 90), (120, 200), (i64::MAX, 200)]
        {
            assert_eq!(indexes.position_for(&disk, "d", offset), expected, "offset {offset}");
        }
        disk.truncate(&file, 12).unwrap();
        assert_eq!(indexes.position_for(&disk, "d", 120), 50, "a shortened index only costs time");
    }

    #[test]
    fn damaged_indexes_are_told() {
        assert!(is_valid_offset_index(&[], 0));
        assert!(is_valid_offset_index(&offset_index(&[(0, 0), (5, 50)]), 51));
        for bad in [offset_index(&[(5, 50), (5, 60)]), offset_index(&[(5, 51)]), offset_index(&[(-1, 0)]), vec![0; 7]] {
            assert!(!is_valid_offset_index(&bad, 51), "{bad:?}");
        }
        assert!(is_valid_time_index(&[]));
        assert!(!is_valid_time_index(&[0; 24]));
        assert!(!is_valid_time_index(&[0; 13]));
    }
}
