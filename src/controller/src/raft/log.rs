//! The local replica of `__cluster_metadata-0`: one file of batches and what has to be known to find one.
//!
//! Serves the quorum's members and observers. Invariant: the file holds whole batches with consecutive offsets from 0 and
//! valid checksums; `epochs` says where each leader epoch starts.

use bytes::{Bytes, BytesMut};
use ottla_records::{Batch, Batches, RecordError};
use ottla_world::{Disk, DiskError};
use std::{collections::VecDeque, sync::Arc};
use thiserror::Error;

/// Bytes between two entries of the index.
const INDEX_INTERVAL_BYTES: u64 = 4096;

/// Why the metadata log can't be used; the process halts then, as Kafka's does.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MetadataLogError {
    /// The disk refused.
    #[error("{0}")]
    Disk(#[from] DiskError),
    /// A leader sent bytes that are no batches.
    #[error("corrupt batch: {0}")]
    Batch(#[from] RecordError),
    /// A leader sent a batch that does not continue this log.
    #[error("batch at offset {got} does not continue the log that ends at {end}")]
    Gap {
        /// Where the batch starts.
        got: i64,
        /// Where it had to start.
        end: i64,
    },
}

/// An offset and the epoch of the leader that wrote up to it (`OffsetAndEpoch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpochAndOffset {
    /// Leader epoch.
    pub epoch: i32,
    /// Offset, exclusive.
    pub offset: i64,
}

/// A copy of the metadata log; the disk is lent for each call.
#[derive(Clone, Debug)]
pub struct MetadataLog {
    dir: Arc<str>,
    /// (base offset, byte position) of a batch every few kilobytes.
    index: Arc<Vec<(i64, u64)>>,
    /// (epoch, offset of its first batch), rising.
    epochs: Vec<(i32, i64)>,
    end_offset: i64,
    size_bytes: u64,
    /// The newest batches: what nearly every read is after.
    recent: VecDeque<Recent>,
}

/// A batch as it was appended.
#[derive(Clone, Debug)]
struct Recent {
    last_offset: i64,
    base_offset: i64,
    bytes: Bytes,
}

/// So many of the newest batches are kept at hand, unless they are large.
const MOST_RECENT: usize = 16;
/// A batch above this size is read from the disk again.
const MOST_RECENT_BYTES: usize = 4096;

impl MetadataLog {
    /// Opens the log in `dir` (such as `node-11/__cluster_metadata-0`), makes it if missing and cuts a torn tail off.
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn open(disk: &mut Disk, dir: &str) -> Result<MetadataLog, MetadataLogError> {
        let mut log = MetadataLog {
            dir: dir.into(),
            index: Arc::default(),
            epochs: Vec::new(),
            end_offset: 0,
            size_bytes: 0,
            recent: VecDeque::new(),
        };
        let path = log.path();
        let found = disk.read_all(&path);
        for batch in Batches::new(found.clone().unwrap_or_default()) {
            let Ok(batch) = batch else { break };
            if batch.verify_crc().is_err() || batch.header.base_offset != log.end_offset {
                break;
            }
            log.count(&batch);
        }
        match found {
            Some(bytes) if bytes.len() as u64 == log.size_bytes => {}
            Some(_) => disk.truncate(&path, log.size_bytes)?,
            None => {
                disk.append(&path, &[])?;
                let id = "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ";
                disk.replace(&format!("{dir}/partition.metadata"), id.as_bytes())?;
            }
        }
        log.store_epochs(disk)?;
        Ok(log)
    }

    /// The file, for flushes.
    pub fn path(&self) -> String {
        format!("{}/00000000000000000000.log", self.dir)
    }

    /// The next offset.
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// Epoch of the last batch, 0 for an empty log.
    pub fn last_epoch(&self) -> i32 {
        self.epochs.last().map_or(0, |(epoch, _)| *epoch)
    }

    /// End and last epoch together, in the order in which logs are compared.
    pub fn end(&self) -> EpochAndOffset {
        EpochAndOffset { epoch: self.last_epoch(), offset: self.end_offset }
    }

    /// Where `epoch` ends here: the greatest epoch not above it, and the start of the next one (KIP-101).
    pub fn end_of_epoch(&self, epoch: i32) -> EpochAndOffset {
        let after = self.epochs.partition_point(|(known, _)| *known <= epoch);
        let offset = self.epochs.get(after).map_or(self.end_offset, |(_, start)| *start);
        match after.checked_sub(1).and_then(|at| self.epochs.get(at)) {
            Some((known, _)) => EpochAndOffset { epoch: *known, offset },
            None => EpochAndOffset { epoch: 0, offset: 0 },
        }
    }

    /// Appends whole batches that continue the log.
    ///
    /// # Errors
    /// Batches that are corrupt or do not continue the log, or a disk that refuses; nothing of the failed batch is kept.
    pub fn append(&mut self, disk: &mut Disk, batches: Bytes) -> Result<(), MetadataLogError> {
        let epochs = self.epochs.len();
        for batch in Batches::new(batches) {
            let batch = batch?;
            batch.verify_crc()?;
            if batch.header.base_offset != self.end_offset {
                return Err(MetadataLogError::Gap { got: batch.header.base_offset, end: self.end_offset });
            }
            disk.append(&self.path(), &batch.bytes)?;
            self.count(&batch);
            self.remember(batch);
        }
        if self.epochs.len() != epochs {
            self.store_epochs(disk)?;
        }
        Ok(())
    }

    fn count(&mut self, batch: &Batch) {
        let header = &batch.header;
        let indexed = self.index.last().map_or(0, |(_, position)| position + INDEX_INTERVAL_BYTES);
        if self.index.is_empty() || self.size_bytes >= indexed {
            Arc::make_mut(&mut self.index).push((header.base_offset, self.size_bytes));
        }
        if self.epochs.last().is_none_or(|(epoch, _)| *epoch < header.partition_leader_epoch) {
            self.epochs.push((header.partition_leader_epoch, header.base_offset));
        }
        self.end_offset = header.base_offset + i64::from(header.last_offset_delta) + 1;
        self.size_bytes += batch.bytes.len() as u64;
    }

    fn remember(&mut self, batch: Batch) {
        if batch.bytes.len() > MOST_RECENT_BYTES {
            return self.recent.clear();
        }
        if self.recent.len() == MOST_RECENT {
            self.recent.pop_front();
        }
        let (base_offset, last_offset) = (batch.header.base_offset, self.end_offset - 1);
        self.recent.push_back(Recent { last_offset, base_offset, bytes: batch.bytes });
    }

    /// The batches from the one that holds `offset` on, if they are all at hand.
    fn read_recent(&self, offset: i64, max_bytes: u64) -> Option<Bytes> {
        let oldest = self.recent.front()?;
        if offset < oldest.base_offset {
            return None;
        }
        let first = self.recent.partition_point(|batch| batch.last_offset < offset);
        let mut taken = BytesMut::new();
        for (nth, batch) in self.recent.range(first..).enumerate() {
            if nth == 0 && self.recent.len() == first + 1 {
                return Some(batch.bytes.clone());
            }
            if nth > 0 && (taken.len() + batch.bytes.len()) as u64 > max_bytes {
                break;
            }
            taken.extend_from_slice(&batch.bytes);
        }
        Some(taken.freeze())
    }

    /// Whole batches from the one that holds `offset` on: as many as fit into `max_bytes`, at least one, none at the end.
    pub fn read(&self, disk: &Disk, offset: i64, max_bytes: u64) -> Bytes {
        if offset >= self.end_offset {
            return Bytes::new();
        }
        if let Some(bytes) = self.read_recent(offset, max_bytes) {
            return bytes;
        }
        let before = self.index.partition_point(|(base, _)| *base <= offset).saturating_sub(1);
        let position = self.index.get(before).map_or(0, |(_, position)| *position);
        let window = disk.read(&self.path(), position, max_bytes.saturating_add(2 * INDEX_INTERVAL_BYTES));
        let bytes = window.unwrap_or_default();
        let (mut start, mut end) = (None, 0);
        let mut batches = Batches::new(bytes.clone());
        while let Some(Ok(batch)) = batches.next() {
            let from = end;
            end = batches.position();
            if batch.header.base_offset + i64::from(batch.header.last_offset_delta) < offset {
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
            None if max_bytes < u64::MAX / 2 => self.read(disk, offset, u64::MAX / 2),
            None => Bytes::new(),
        }
    }

    /// Cuts off everything from the batch that holds `offset` on.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn truncate_to(&mut self, disk: &mut Disk, offset: i64) -> Result<(), MetadataLogError> {
        if offset >= self.end_offset {
            return Ok(());
        }
        let bytes = disk.read_all(&self.path()).unwrap_or_default();
        let fresh = MetadataLog {
            index: Arc::default(),
            epochs: Vec::new(),
            end_offset: 0,
            size_bytes: 0,
            recent: VecDeque::new(),
            ..self.clone()
        };
        *self = fresh;
        for batch in Batches::new(bytes) {
            let Ok(batch) = batch else { break };
            if batch.header.base_offset + i64::from(batch.header.last_offset_delta) >= offset {
                break;
            }
            self.count(&batch);
        }
        disk.truncate(&self.path(), self.size_bytes)?;
        self.store_epochs(disk)
    }

    /// Kafka's `leader-epoch-checkpoint`, for whoever looks at the directory; it is never read back.
    fn store_epochs(&self, disk: &mut Disk) -> Result<(), MetadataLogError> {
        let mut text = format!("0\n{}\n", self.epochs.len());
        for (epoch, start) in &self.epochs {
            text.push_str(&format!("{epoch} {start}\n"));
        }
        Ok(disk.replace(&format!("{}/leader-epoch-checkpoint", self.dir), text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{MetadataRecord, records_batch};

    fn batch(base: i64, epoch: i32) -> Bytes {
        records_batch(&[MetadataRecord::NoOp, MetadataRecord::NoOp], base, epoch, 5)
    }

    fn filled(disk: &mut Disk, epochs: &[i32]) -> MetadataLog {
        let mut log = MetadataLog::open(disk, "n/__cluster_metadata-0").unwrap();
        for (at, epoch) in epochs.iter().enumerate() {
            log.append(disk, batch(at as i64 * 2, *epoch)).unwrap();
        }
        log
    }

    #[test]
    fn it_comes_back_as_it_was_without_a_torn_tail() {
        let mut disk = Disk::default();
        let log = filled(&mut disk, &[1, 1, 3]);
        disk.append(&log.path(), &batch(6, 3)[..40]).unwrap();
        let again = MetadataLog::open(&mut disk, "n/__cluster_metadata-0").unwrap();
        assert_eq!(again.end(), EpochAndOffset { epoch: 3, offset: 6 });
        assert_eq!(disk.len(&log.path()), Some(again.size_bytes));
    }

    #[test]
    fn reads_are_whole_batches_and_at_least_one() {
        let mut disk = Disk::default();
        let log = filled(&mut disk, &[1; 200]);
        let base = |bytes: &Bytes| Batch::parse(bytes.slice(..batch(0, 1).len())).unwrap().header.base_offset;
        for offset in [0, 1, 2, 199, 399] {
            let one = log.read(&disk, offset, 1);
            assert_eq!((one.len(), base(&one)), (batch(0, 1).len(), offset / 2 * 2));
        }
        assert_eq!(log.read(&disk, 100, 1000).len() % batch(0, 1).len(), 0);
        assert_eq!(log.read(&disk, 0, u64::MAX / 4).len() as u64, log.size_bytes);
        assert!(log.read(&disk, 400, 1000).is_empty());
    }

    #[test]
    fn epochs_end_where_the_next_one_starts() {
        let mut disk = Disk::default();
        let mut log = filled(&mut disk, &[2, 2, 5]);
        let end = |log: &MetadataLog, epoch| (log.end_of_epoch(epoch).epoch, log.end_of_epoch(epoch).offset);
        assert_eq!([1, 2, 4, 5, 9].map(|e| end(&log, e)), [(0, 0), (2, 4), (2, 4), (5, 6), (5, 6)]);
        log.truncate_to(&mut disk, 3).unwrap();
        assert_eq!(log.end(), EpochAndOffset { epoch: 2, offset: 2 });
        assert_eq!(log.append(&mut disk, batch(4, 5)), Err(MetadataLogError::Gap { got: 4, end: 2 }));
    }
}
