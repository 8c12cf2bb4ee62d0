//! The last offset of each key in the dirty part (`SkimpyOffsetMap`, `Cleaner.buildOffsetMap`).
//!
//! Serves the copying. Invariants: records of aborted transactions count for nothing; the map says up to where it knows.

use super::transactions::{CleanedTransactions, Verdict};
use crate::PartitionLog;
use crate::names::LOG_SUFFIX;
use crate::segment::Headers;
use bytes::Bytes;
use ottla_records::{Limits, RecordError};
use ottla_world::Disk;
use std::collections::BTreeMap;

/// Key → last offset.
#[derive(Debug, Default)]
pub(super) struct OffsetMap {
    offsets: BTreeMap<Bytes, i64>,
    latest_offset: i64,
}

impl OffsetMap {
    /// Reads the segments from the one that holds `start` up to `end`, a segment's base offset. It stops before a batch
    /// that could bring more than `max_keys` keys.
    pub(super) fn build(
        log: &PartitionLog,
        disk: &Disk,
        start: i64,
        end: i64,
        max_keys: u64,
    ) -> Result<Self, RecordError> {
        let mut map = Self { offsets: BTreeMap::new(), latest_offset: start - 1 };
        let mut transactions = CleanedTransactions::default();
        transactions.expect(log.producers.aborted_transactions(start, end));
        for (index, segment) in log.closed.iter().enumerate() {
            let next = log.closed.get(index + 1).unwrap_or(&log.active).base_offset;
            if next <= start || segment.base_offset >= end {
                continue;
            }
            let path = segment.file(&log.dir, LOG_SUFFIX);
            let mut headers = Headers::new(disk, &path, 0, segment.size_bytes);
            while let Some(found) = headers.next() {
                let (position, header) = found?;
                let is_marker = header.is_control();
                if header.last_offset() >= start && !is_marker {
                    let coming = u64::from(header.records_count.unsigned_abs());
                    if map.len() > 0 && map.len() + coming > max_keys {
                        return Ok(map);
                    }
                }
                let batch = headers.batch(position, &header)?;
                if transactions.see(&batch) == Verdict::Needed && !is_marker {
                    map.note(batch.records(&Limits::default())?, start);
                }
                if header.last_offset() >= start {
                    map.latest_offset = map.latest_offset.max(header.last_offset());
                }
            }
            map.latest_offset = map.latest_offset.max(next.min(end) - 1);
        }
        Ok(map)
    }

    fn note(&mut self, records: Vec<ottla_records::Record>, start: i64) {
        for record in records.into_iter().filter(|record| record.offset >= start) {
            if let Some(key) = record.key {
                self.offsets.insert(key, record.offset);
            }
        }
    }

    /// The last offset it knows of.
    pub(super) fn latest_offset(&self) -> i64 {
        self.latest_offset
    }

    /// The last offset of a key, if it is in the dirty part.
    pub(super) fn get(&self, key: &[u8]) -> Option<i64> {
        self.offsets.get(key).copied()
    }

    pub(super) fn len(&self) -> u64 {
        self.offsets.len() as u64
    }
}
