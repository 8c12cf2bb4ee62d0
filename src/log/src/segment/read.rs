//! Reading a segment: from an offset, or by timestamp (`LogSegment.read`, `findOffsetByTimestamp`).
//!
//! Invariant: whole batches are handed out, as slices of the disk's extents where they lie within one.

use super::{Headers, Segment};
use crate::names::LOG_SUFFIX;
use bytes::Bytes;
use ottla_records::{Batch, BatchHeader, Limits, RecordError};
use ottla_world::Disk;

/// What a read asks for: `LogSegment.read` with the bound as an offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadRange {
    pub(crate) offset: i64,
    pub(crate) max_bytes: u64,
    /// Batches must lie below this offset as a whole.
    pub(crate) upper_bound: i64,
    pub(crate) min_one: bool,
}

impl Segment {
    /// Whole batches from the one that holds `offset` on; `None` if this segment has none at or behind it.
    pub(crate) fn read(&self, disk: &Disk, dir: &str, range: &ReadRange) -> Result<Option<Bytes>, RecordError> {
        let path = self.file(dir, LOG_SUFFIX);
        let Some((position, first)) = self.locate(disk, dir, &path, range.offset)? else { return Ok(None) };
        if first.next_offset() > range.upper_bound {
            return Ok(Some(Bytes::new()));
        }
        let least = if range.min_one { first.size_in_bytes() } else { 0 };
        let window = range.max_bytes.max(least).min(self.size_bytes - position);
        let bytes = disk.read(&path, position, window).unwrap_or_default();
        let kept = whole_batches_below(&bytes, range.upper_bound);
        Ok(Some(bytes.slice(..kept)))
    }

    /// The first batch whose last offset is at or behind `offset`, and its position (`translateOffset`).
    pub(crate) fn locate(
        &self,
        disk: &Disk,
        dir: &str,
        path: &str,
        offset: i64,
    ) -> Result<Option<(u64, BatchHeader)>, RecordError> {
        let start = self.indexes.position_for(disk, dir, offset);
        let found = self.locate_from(disk, path, offset, start);
        // An index that was damaged meanwhile points at anything: then walk from the start.
        if start > 0 && !found.as_ref().is_ok_and(Option::is_some) {
            return self.locate_from(disk, path, offset, 0);
        }
        found
    }

    fn locate_from(
        &self,
        disk: &Disk,
        path: &str,
        offset: i64,
        start: u64,
    ) -> Result<Option<(u64, BatchHeader)>, RecordError> {
        for found in Headers::new(disk, path, start, self.size_bytes) {
            let (position, header) = found?;
            if header.last_offset() >= offset {
                return Ok(Some((position, header)));
            }
        }
        Ok(None)
    }

    /// The first record with at least this timestamp at or behind `start_offset`: its batch, timestamp and offset.
    pub(crate) fn find_timestamp(
        &self,
        disk: &Disk,
        dir: &str,
        timestamp: i64,
        start_offset: i64,
    ) -> Result<Option<(BatchHeader, i64, i64)>, RecordError> {
        let path = self.file(dir, LOG_SUFFIX);
        let entry = self.indexes.time_entry_for(disk, dir, timestamp);
        let from = entry.map_or(self.base_offset, |entry| entry.offset).max(start_offset);
        let start = self.locate(disk, dir, &path, from)?.map_or(0, |(position, _)| position);
        let mut headers = Headers::new(disk, &path, start, self.size_bytes);
        while let Some(found) = headers.next() {
            let (position, header) = found?;
            if header.max_timestamp < timestamp {
                continue;
            }
            let wanted = |at: i64, offset: i64| at >= timestamp && offset >= start_offset;
            if let Some((at, offset)) = first_record(&headers.batch(position, &header)?, wanted)? {
                return Ok(Some((header, at, offset)));
            }
        }
        Ok(None)
    }

    /// The first record that has the segment's greatest timestamp (`batch.offsetOfMaxTimestamp`).
    pub(crate) fn find_max_timestamp(
        &self,
        disk: &Disk,
        dir: &str,
    ) -> Result<Option<(BatchHeader, i64, i64)>, RecordError> {
        let path = self.file(dir, LOG_SUFFIX);
        let max = self.indexes.max_time;
        let Some((position, header)) = self.locate(disk, dir, &path, max.offset)? else { return Ok(None) };
        let batch = Headers::new(disk, &path, position, self.size_bytes).batch(position, &header)?;
        let found = first_record(&batch, |at, _| at == max.timestamp)?;
        Ok(found.map(|(at, offset)| (header, at, offset)))
    }
}

/// Timestamp and offset of the first record of a batch for which they are wanted.
fn first_record(batch: &Batch, wanted: impl Fn(i64, i64) -> bool) -> Result<Option<(i64, i64)>, RecordError> {
    let records = batch.records(&Limits::default())?;
    Ok(records.iter().map(|record| (record.timestamp, record.offset)).find(|(at, offset)| wanted(*at, *offset)))
}

/// Bytes of the whole batches at the start of `bytes` that lie below an offset.
fn whole_batches_below(bytes: &Bytes, upper_bound: i64) -> usize {
    let mut kept = 0;
    while let Ok(header) = BatchHeader::parse(&bytes[kept..]) {
        let end = (kept as u64).saturating_add(header.size_in_bytes());
        if end > bytes.len() as u64 || header.next_offset() > upper_bound {
            break;
        }
        kept = end as usize;
    }
    kept
}
