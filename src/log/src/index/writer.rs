//! When a segment gets index entries, and which (`LogSegment.append`, `TimeIndex.maybeAppend`).
//!
//! Serves appending and recovery alike, so that a rebuilt index is the one that was written.

use super::{OFFSET_ENTRY_BYTES, TIME_ENTRY_BYTES, TimeEntry, relative_offset};
use crate::LogConfig;
use ottla_records::{BatchHeader, NO_TIMESTAMP};

/// What is known in memory of the indexes of one segment.
#[derive(Debug, Clone)]
pub(crate) struct SegmentIndexes {
    base_offset: i64,
    /// Entries of the offset index.
    pub(crate) offset_entries: u64,
    /// Entries of the time index.
    pub(crate) time_entries: u64,
    /// Last entry of the time index.
    pub(crate) last_time: TimeEntry,
    /// Greatest timestamp of the segment, and the last offset of the first batch that has it.
    pub(crate) max_time: TimeEntry,
    bytes_since_entry: u64,
}

/// Bytes to append to the two indexes.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewEntries {
    pub(crate) offset: Vec<u8>,
    pub(crate) time: Vec<u8>,
}

impl SegmentIndexes {
    /// Those of an empty segment.
    pub(crate) fn new(base_offset: i64) -> Self {
        let none = TimeEntry { timestamp: NO_TIMESTAMP, offset: base_offset };
        Self { base_offset, offset_entries: 0, time_entries: 0, last_time: none, max_time: none, bytes_since_entry: 0 }
    }

    pub(crate) fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// Whether there is no room for another entry (`segment.index.bytes`); the time index keeps one place for the end.
    pub(crate) fn is_full(&self, config: &LogConfig) -> bool {
        let max_offset_entries = config.segment_index_bytes / OFFSET_ENTRY_BYTES;
        let max_time_entries = config.segment_index_bytes / TIME_ENTRY_BYTES;
        self.offset_entries >= max_offset_entries || self.time_entries >= max_time_entries.saturating_sub(1)
    }

    /// Takes notice of a batch that stands at `position` of the segment; adds the entries that are due to `new`.
    pub(crate) fn note(&mut self, header: &BatchHeader, position: u64, config: &LogConfig, new: &mut NewEntries) {
        if header.max_timestamp > self.max_time.timestamp {
            self.max_time = TimeEntry { timestamp: header.max_timestamp, offset: header.last_offset() };
        }
        if self.bytes_since_entry > config.index_interval_bytes && !self.is_full(config) {
            self.push_offset(header.last_offset(), position, new);
            self.push_time(new);
            self.bytes_since_entry = 0;
        }
        self.bytes_since_entry += header.size_in_bytes();
    }

    /// Takes notice of a batch whose entries are on the disk already.
    pub(crate) fn pass(&mut self, header: &BatchHeader) {
        self.bytes_since_entry += header.size_in_bytes();
    }

    fn push_offset(&mut self, offset: i64, position: u64, new: &mut NewEntries) {
        let (Some(offset), Ok(position)) = (relative_offset(self.base_offset, offset), i32::try_from(position)) else {
            return;
        };
        new.offset.extend_from_slice(&offset.to_be_bytes());
        new.offset.extend_from_slice(&position.to_be_bytes());
        self.offset_entries += 1;
    }

    /// Enters the greatest timestamp so far, if the time index does not have it: also when a segment is closed.
    pub(crate) fn push_time(&mut self, new: &mut NewEntries) {
        if self.max_time.timestamp <= self.last_time.timestamp {
            return;
        }
        let Some(offset) = relative_offset(self.base_offset, self.max_time.offset) else { return };
        new.time.extend_from_slice(&self.max_time.timestamp.to_be_bytes());
        new.time.extend_from_slice(&offset.to_be_bytes());
        self.time_entries += 1;
        self.last_time = self.max_time;
    }
}
