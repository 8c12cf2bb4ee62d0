//! One file of the metadata log, with what has to be known to find a batch in it. Serves the log; invariant: the index names
//! batches that begin where it says.

use bytes::Bytes;
use ottla_records::{Batch, Batches};
use ottla_world::Disk;
use std::sync::Arc;

/// Bytes between two entries of the index.
const INDEX_INTERVAL_BYTES: u64 = 4096;

/// A file of batches.
#[derive(Clone, Debug, Default)]
pub(super) struct Segment {
    /// Offset of its first batch, which is in its name.
    pub(super) base: i64,
    pub(super) size_bytes: u64,
    /// (base offset, byte position) of a batch every few kilobytes.
    index: Arc<Vec<(i64, u64)>>,
}

impl Segment {
    pub(super) fn new(base: i64) -> Segment {
        Segment { base, ..Segment::default() }
    }

    pub(super) fn path(&self, dir: &str) -> String {
        format!("{dir}/{:020}.log", self.base)
    }

    /// Counts a batch that stands at the end.
    pub(super) fn count(&mut self, batch: &Batch) {
        let indexed = self.index.last().map_or(0, |(_, position)| position + INDEX_INTERVAL_BYTES);
        if self.index.is_empty() || self.size_bytes >= indexed {
            Arc::make_mut(&mut self.index).push((batch.header.base_offset, self.size_bytes));
        }
        self.size_bytes += batch.bytes.len() as u64;
    }

    /// Whole batches from the one that holds `offset` on: as many as fit into `max_bytes`, at least one, none behind the end.
    pub(super) fn read(&self, disk: &Disk, dir: &str, offset: i64, max_bytes: u64) -> Bytes {
        let before = self.index.partition_point(|(base, _)| *base <= offset).saturating_sub(1);
        let position = self.index.get(before).map_or(0, |(_, position)| *position);
        let window = disk.read(&self.path(dir), position, max_bytes.saturating_add(2 * INDEX_INTERVAL_BYTES));
        let bytes = window.unwrap_or_default();
        let (mut start, mut end) = (None, 0);
        let mut batches = Batches::new(bytes.clone());
        while let Some(Ok(batch)) = batches.next() {
            let from = end;
            end = batches.position();
            if batch.header.last_offset() < offset {
                continue;
            }
            let first = *start.get_or_insert(from);
            if end - first > max_bytes && first != from {
                end = from;
                break;
            }
        }
        match start {
            Some(start) => bytes.slice(start as usize..end as usize),
            // A batch longer than the window: all of the rest has it.
            None if max_bytes < u64::MAX / 2 => self.read(disk, dir, offset, u64::MAX / 2),
            None => Bytes::new(),
        }
    }
}
