//! Walking a segment from its first byte: loading, recovery after a crash, truncation (`LogSegment.recover`).
//!
//! Invariants: what is kept is a prefix of whole, sound batches with increasing offsets; indexes that do not fit are
//! written anew.

use super::Segment;
use crate::index::{NewEntries, TimeEntry, is_valid_offset_index, is_valid_time_index};
use crate::names::{INDEX_SUFFIX, LOG_SUFFIX, TIME_INDEX_SUFFIX, segment_file};
use crate::{LogConfig, LogError};
use bytes::{Buf, Bytes};
use ottla_records::{BATCH_OVERHEAD, Batch, BatchHeader, EndTransactionMarker, Limits, RecordError};
use ottla_world::Disk;
use ottla_world::mutation::{self, Mutation};

/// Bytes read at once when headers are looked for: about what lies between two index entries.
const WINDOW_BYTES: u64 = 4096;

/// The headers of a file of batches, with their positions. After an error nothing more comes.
pub(crate) struct Headers<'a> {
    disk: &'a Disk,
    path: &'a str,
    position: u64,
    end: u64,
    /// What was read at once, and where it begins.
    window: Bytes,
    window_at: u64,
}

impl<'a> Headers<'a> {
    /// Those between two positions of a file; the first must be where a batch begins.
    pub(crate) fn new(disk: &'a Disk, path: &'a str, position: u64, end: u64) -> Self {
        Self { disk, path, position, end, window: Bytes::new(), window_at: position }
    }

    /// Bytes at a position, of the window if they are in it.
    fn peek(&mut self, position: u64, len: u64) -> Bytes {
        if position < self.window_at || position + len > self.window_at + self.window.len() as u64 {
            let window = (self.end - position).min(WINDOW_BYTES);
            self.window = self.disk.read(self.path, position, window).unwrap_or_default();
            self.window_at = position;
        }
        let from = (position - self.window_at) as usize;
        let to = from.saturating_add(len as usize).min(self.window.len());
        self.window.slice(from..to)
    }

    /// The whole batch at a position.
    pub(crate) fn batch(&self, position: u64, header: &BatchHeader) -> Result<Batch, RecordError> {
        Batch::parse(self.disk.read(self.path, position, header.size_in_bytes()).unwrap_or_default())
    }
}

impl Iterator for Headers<'_> {
    type Item = Result<(u64, BatchHeader), RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.end {
            return None;
        }
        let (position, available) = (self.position, self.end - self.position);
        let bytes = self.peek(position, available.min(BATCH_OVERHEAD as u64));
        let header = BatchHeader::parse(&bytes).and_then(|header| match header.size_in_bytes() {
            needed if needed > available => Err(RecordError::Truncated { needed, available }),
            _ => Ok(header),
        });
        self.position = header.as_ref().map_or(self.end, |header| position + header.size_in_bytes());
        Some(header.map(|header| (position, header)))
    }
}

/// How a transaction ended, if that is what this batch says.
pub(crate) fn end_transaction_marker(batch: &Batch) -> Option<EndTransactionMarker> {
    if !batch.header.is_control() {
        return None;
    }
    let records = batch.records(&Limits::default()).ok()?;
    records.first().and_then(|record| EndTransactionMarker::parse(record).ok())
}

/// How much a walk trusts what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanMode {
    /// After a clean stop: headers only; indexes stay unless damaged.
    Trust,
    /// After a crash: checksums too; indexes are those of the batches.
    Verify,
    /// After truncation: headers only; indexes are those of the batches.
    Reindex,
}

/// What became of a segment.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) segment: Segment,
    /// Why the rest of the file was cut off, if it was.
    pub(crate) damage: Option<RecordError>,
    /// Bytes that were cut off.
    pub(crate) truncated_bytes: u64,
    /// Whether an index was missing or said something else than the batches do.
    pub(crate) index_rebuilt: bool,
}

impl Segment {
    /// Reads the segment from its files; cuts off what is not sound and writes indexes that do not fit anew.
    pub(crate) fn recover(
        disk: &mut Disk,
        dir: &str,
        base_offset: i64,
        wall_ms: i64,
        (config, mode): (&LogConfig, ScanMode),
        visit: &mut dyn FnMut(&BatchHeader),
    ) -> Result<Recovered, LogError> {
        let path = segment_file(dir, base_offset, LOG_SUFFIX);
        let file_bytes = disk.len(&path).unwrap_or(0);
        let mut segment = Self::empty(base_offset, wall_ms);
        let mut entries = NewEntries::default();
        let damage = segment.walk(disk, &path, file_bytes, (config, mode), &mut entries, visit).err();
        let truncated_bytes = file_bytes - segment.size_bytes;
        if truncated_bytes > 0 {
            disk.truncate(&path, segment.size_bytes)?;
            disk.flush(&path)?;
        }
        let index_rebuilt = segment.settle_indexes(disk, dir, entries, mode)?;
        Ok(Recovered { segment, damage, truncated_bytes, index_rebuilt })
    }

    fn walk(
        &mut self,
        disk: &Disk,
        path: &str,
        file_bytes: u64,
        (config, mode): (&LogConfig, ScanMode),
        entries: &mut NewEntries,
        visit: &mut dyn FnMut(&BatchHeader),
    ) -> Result<(), RecordError> {
        let mut headers = Headers::new(disk, path, 0, file_bytes);
        while let Some(found) = headers.next() {
            let (position, header) = found?;
            self.check_offsets(&header)?;
            if mode == ScanMode::Verify {
                let batch = headers.batch(position, &header)?;
                if !mutation::is(Mutation::RecoverySkipsCrc) {
                    batch.verify_crc()?;
                }
            }
            self.note(&header, config, entries);
            visit(&header);
        }
        Ok(())
    }

    fn check_offsets(&self, header: &BatchHeader) -> Result<(), RecordError> {
        let in_range = crate::index::relative_offset(self.base_offset, header.last_offset()).is_some();
        if header.base_offset >= self.next_offset && in_range {
            Ok(())
        } else {
            Err(RecordError::InvalidField { field: "baseOffset", value: header.base_offset })
        }
    }

    /// Leaves sound indexes on the disk and counts their entries. Whether one was missing or wrong.
    fn settle_indexes(
        &mut self,
        disk: &mut Disk,
        dir: &str,
        mut entries: NewEntries,
        mode: ScanMode,
    ) -> Result<bool, LogError> {
        let (offset_path, time_path) = (self.file(dir, INDEX_SUFFIX), self.file(dir, TIME_INDEX_SUFFIX));
        let (offset, time) = (disk.read_all(&offset_path), disk.read_all(&time_path));
        let trusted = mode == ScanMode::Trust
            && offset.as_ref().is_some_and(|bytes| is_valid_offset_index(bytes, self.size_bytes))
            && time.as_ref().is_some_and(|bytes| is_valid_time_index(bytes));
        if let (true, Some(offset), Some(time)) = (trusted, &offset, &time) {
            self.adopt(offset, time);
            return Ok(false);
        }
        if mode != ScanMode::Reindex {
            self.indexes.push_time(&mut entries);
        }
        let mut wrong = false;
        for (path, found, wanted) in [(offset_path, offset, &entries.offset), (time_path, time, &entries.time)] {
            if found.as_deref() != Some(wanted) {
                disk.replace(&path, wanted)?;
            }
            // Entries that were not flushed, or that only the end of a segment adds, are no damage.
            wrong |= !found.is_some_and(|found| wanted.starts_with(&found));
        }
        Ok(wrong)
    }

    /// Counts the entries of indexes that stay as they are.
    pub(super) fn adopt(&mut self, offset: &[u8], time: &[u8]) {
        let indexes = &mut self.indexes;
        indexes.offset_entries = offset.len() as u64 / crate::index::OFFSET_ENTRY_BYTES;
        indexes.time_entries = time.len() as u64 / crate::index::TIME_ENTRY_BYTES;
        indexes.last_time = match time.last_chunk::<{ crate::index::TIME_ENTRY_BYTES as usize }>() {
            Some(entry) => {
                let mut entry = &entry[..];
                let timestamp = entry.get_i64();
                TimeEntry { timestamp, offset: self.base_offset + i64::from(entry.get_i32()) }
            }
            None => TimeEntry { timestamp: ottla_records::NO_TIMESTAMP, offset: self.base_offset },
        };
    }
}
