//! One segment of a log (`LogSegment`): a file of batches with its two indexes.
//!
//! Serves the partition log. Invariants: offsets increase; all lie within 32 bits of the base offset; the fields say
//! what stands on the disk, so that a failed write leaves the segment as it was.

mod load;
mod read;
mod scan;

pub(crate) use read::ReadRange;
pub(crate) use scan::{Headers, ScanMode, end_transaction_marker};

use crate::LogConfig;
use crate::index::{NewEntries, SegmentIndexes, TimeEntry, relative_offset};
use crate::names::{INDEX_SUFFIX, LOG_SUFFIX, TIME_INDEX_SUFFIX, segment_file};
use ottla_records::BatchHeader;
use ottla_world::{Disk, DiskError};

/// What can be seen of a segment from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentView {
    /// Offset in the names of its files.
    pub base_offset: i64,
    /// The offset behind its last batch.
    pub next_offset: i64,
    /// Bytes of its batches.
    pub size_bytes: u64,
    /// Entries of its offset index.
    pub index_entries: u64,
    /// Entries of its time index.
    pub time_index_entries: u64,
    /// Greatest timestamp in milliseconds, -1 for none.
    pub max_timestamp: i64,
    /// Whether it is the one that is appended to.
    pub is_active: bool,
}

/// A segment; the batches and the index entries are on the disk.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) base_offset: i64,
    pub(crate) next_offset: i64,
    pub(crate) size_bytes: u64,
    /// Greatest timestamp of the first append: rolling by time counts from it.
    first_timestamp: Option<i64>,
    /// Wall clock at creation, for records without timestamps.
    created_ms: i64,
    pub(crate) indexes: SegmentIndexes,
}

/// What is about to be appended, as far as rolling asks (`RollParams`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct RollParams {
    pub(crate) size_bytes: u64,
    pub(crate) max_timestamp: i64,
    pub(crate) last_offset: i64,
    pub(crate) wall_ms: i64,
}

impl Segment {
    /// Makes the files of an empty segment, whose names are durable at once.
    pub(crate) fn create(disk: &mut Disk, dir: &str, base_offset: i64, wall_ms: i64) -> Result<Self, DiskError> {
        for suffix in [LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX] {
            disk.replace(&segment_file(dir, base_offset, suffix), &[])?;
        }
        Ok(Self::empty(base_offset, wall_ms))
    }

    /// One that has nothing yet, on the disk or in the making.
    pub(crate) fn empty(base_offset: i64, created_ms: i64) -> Self {
        Self {
            base_offset,
            next_offset: base_offset,
            size_bytes: 0,
            first_timestamp: None,
            created_ms,
            indexes: SegmentIndexes::new(base_offset),
        }
    }

    /// Whether a new segment must be made before this is appended (`LogSegment.shouldRoll`).
    pub(crate) fn should_roll(&self, append: &RollParams, config: &LogConfig) -> bool {
        let too_large = self.size_bytes.saturating_add(append.size_bytes) > config.segment_bytes;
        let too_old = self.size_bytes > 0
            && self.waited_ms(append) > config.max_segment_ms() - config.segment_jitter(self.base_offset);
        let out_of_range = relative_offset(self.base_offset, append.last_offset).is_none();
        too_large || too_old || self.indexes.is_full(config) || out_of_range
    }

    /// Age of the segment by the records' own time, or by the clock where they have none (`timeWaitedForRoll`).
    fn waited_ms(&self, append: &RollParams) -> i64 {
        match self.first_timestamp {
            Some(first) if first >= 0 => append.max_timestamp.saturating_sub(first),
            _ => append.wall_ms.saturating_sub(self.created_ms),
        }
    }

    /// Appends batches (`bytes`, with their headers in order) and the index entries that are due.
    ///
    /// Index entries that the disk refuses are left out: an index may be sparser than it should.
    pub(crate) fn append(
        &mut self,
        disk: &mut Disk,
        dir: &str,
        bytes: &[u8],
        headers: &[BatchHeader],
        config: &LogConfig,
    ) -> Result<(), DiskError> {
        disk.append(&self.file(dir, LOG_SUFFIX), bytes)?;
        let mut indexes = self.indexes.clone();
        let mut new = NewEntries::default();
        for header in headers {
            indexes.note(header, self.size_bytes, config, &mut new);
            self.count(header);
        }
        self.write_entries(disk, dir, indexes, &new);
        Ok(())
    }

    /// Takes notice of the next batch, and adds the index entries that are due to `entries`.
    pub(crate) fn note(&mut self, header: &BatchHeader, config: &LogConfig, entries: &mut NewEntries) {
        self.indexes.note(header, self.size_bytes, config, entries);
        self.count(header);
    }

    fn count(&mut self, header: &BatchHeader) {
        self.first_timestamp.get_or_insert(header.max_timestamp);
        self.size_bytes += header.size_in_bytes();
        self.next_offset = header.next_offset();
    }

    /// The last entry of a segment that will not be appended to (`onBecomeInactiveSegment`, `close`).
    pub(crate) fn complete_time_index(&mut self, disk: &mut Disk, dir: &str) {
        let mut indexes = self.indexes.clone();
        let mut new = NewEntries::default();
        indexes.push_time(&mut new);
        self.write_entries(disk, dir, indexes, &new);
    }

    fn write_entries(&mut self, disk: &mut Disk, dir: &str, mut indexes: SegmentIndexes, new: &NewEntries) {
        if !new.offset.is_empty() && disk.append(&self.file(dir, INDEX_SUFFIX), &new.offset).is_err() {
            indexes.offset_entries = self.indexes.offset_entries;
        }
        if !new.time.is_empty() && disk.append(&self.file(dir, TIME_INDEX_SUFFIX), &new.time).is_err() {
            indexes.time_entries = self.indexes.time_entries;
            indexes.last_time = self.indexes.last_time;
        }
        self.indexes = indexes;
    }

    /// Removes the segment's files.
    pub(crate) fn remove_files(disk: &mut Disk, dir: &str, base_offset: i64) {
        disk.remove_all(&format!("{dir}/{base_offset:020}."));
    }

    /// Paths of the segment's files.
    pub(crate) fn paths(&self, dir: &str) -> [String; 3] {
        [LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX].map(|suffix| self.file(dir, suffix))
    }

    pub(crate) fn file(&self, dir: &str, suffix: &str) -> String {
        segment_file(dir, self.base_offset, suffix)
    }

    /// Wall clock in milliseconds when the segment was made or loaded.
    pub(crate) fn created_ms(&self) -> i64 {
        self.created_ms
    }

    /// Greatest timestamp of its first batch in milliseconds, if it has one (`getFirstBatchTimestamp`).
    pub(crate) fn first_timestamp(&self) -> Option<i64> {
        self.first_timestamp
    }

    /// Timestamp of the youngest record in milliseconds; without timestamps the segment's own age (`largestTimestamp`).
    pub(crate) fn newest_ms(&self) -> i64 {
        match self.max_time().timestamp {
            ottla_records::NO_TIMESTAMP => self.created_ms,
            timestamp => timestamp,
        }
    }

    /// Greatest timestamp and the last offset of the first batch that has it.
    pub(crate) fn max_time(&self) -> TimeEntry {
        self.indexes.max_time
    }

    pub(crate) fn view(&self, is_active: bool) -> SegmentView {
        SegmentView {
            base_offset: self.base_offset,
            next_offset: self.next_offset,
            size_bytes: self.size_bytes,
            index_entries: self.indexes.offset_entries,
            time_index_entries: self.indexes.time_entries,
            max_timestamp: self.indexes.max_time.timestamp,
            is_active,
        }
    }
}
