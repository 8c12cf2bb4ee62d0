//! Producer state on the disk: snapshots where segments begin, and each segment's aborted transactions
//! (`UnifiedLog.rebuildProducerState`, `LogSegment.updateTxnIndex`).
//!
//! Invariant: the state in memory is that of the batches, or that of the latest snapshot and the batches behind it.

use super::PartitionLog;
use crate::names::{LOG_SUFFIX, SNAPSHOT_SUFFIX, TXN_INDEX_SUFFIX, parse_offset_file, segment_file};
use crate::producers::{aborted_index, read_producer_snapshot, read_transaction_index};
use crate::segment::{Headers, end_transaction_marker};
use crate::{AbortedTransaction, LogError, ProducerStateManager};
use ottla_world::Disk;

impl PartitionLog {
    /// Writes the producers of the log as it is now, which ends at `offset`, unless that was done (`takeSnapshot`).
    pub(super) fn take_snapshot(&mut self, disk: &mut Disk, offset: i64) -> Result<(), LogError> {
        if offset > self.snapshot_at {
            let path = segment_file(&self.dir, offset, SNAPSHOT_SUFFIX);
            disk.replace(&path, &self.producers.snapshot())?;
            self.snapshot_at = offset;
        }
        Ok(())
    }

    /// Adds the transactions that the last append aborted to the active segment's index.
    pub(super) fn index_aborted(&self, disk: &mut Disk, known: u64) -> Result<(), LogError> {
        let new = self.producers.all_aborted().get(known as usize..).unwrap_or_default();
        if !new.is_empty() {
            let path = self.active.file(&self.dir, TXN_INDEX_SUFFIX);
            disk.append(&path, &aborted_index::encode(new.iter()))?;
        }
        Ok(())
    }

    /// Offsets of the snapshots on the disk, lowest first.
    fn snapshots(&self, disk: &Disk) -> Vec<i64> {
        let prefix = format!("{}/", self.dir);
        disk.list(&prefix).filter_map(|path| parse_offset_file(path, SNAPSHOT_SUFFIX)).collect()
    }

    fn remove_snapshot(&self, disk: &mut Disk, offset: i64) {
        disk.remove(&segment_file(&self.dir, offset, SNAPSHOT_SUFFIX));
    }

    /// Removes all snapshots: the log starts anew.
    pub(super) fn forget_snapshots(&mut self, disk: &mut Disk) {
        for offset in self.snapshots(disk) {
            self.remove_snapshot(disk, offset);
        }
        self.snapshot_at = self.log_start_offset;
    }

    /// Removes snapshots that belong to no segment, but for one behind them all (`removeStraySnapshots`).
    pub(super) fn remove_stray_snapshots(&self, disk: &mut Disk) {
        let offsets = self.snapshots(disk);
        let latest = offsets.last().copied();
        for offset in offsets {
            let closed = self.closed.binary_search_by_key(&offset, |segment| segment.base_offset);
            let belongs = closed.is_ok() || offset == self.active.base_offset;
            if !belongs && (Some(offset) != latest || offset < self.active.base_offset) {
                self.remove_snapshot(disk, offset);
            }
        }
    }

    /// Producer state of the log as it is now: from the latest snapshot in it and the batches behind that; snapshots
    /// outside of it go (`truncateAndReload`).
    pub(super) fn rebuild_producers(&mut self, disk: &mut Disk) -> Result<(), LogError> {
        let mut usable = Vec::new();
        for offset in self.snapshots(disk) {
            if offset <= self.log_start_offset || offset > self.log_end_offset {
                self.remove_snapshot(disk, offset);
            } else {
                usable.push(offset);
            }
        }
        let indexed = self.read_transaction_indexes(disk);
        let mut from = self.first_segment_base_offset();
        let mut producers = ProducerStateManager::default();
        self.snapshot_at = self.log_start_offset;
        while let (Some(offset), Some(aborted)) = (usable.pop(), &indexed) {
            let bytes = disk.read_all(&segment_file(&self.dir, offset, SNAPSHOT_SUFFIX)).unwrap_or_default();
            if let Some(entries) = read_producer_snapshot(&bytes) {
                let before = aborted.iter().filter(|txn| txn.last_offset < offset).copied();
                producers = ProducerStateManager::from_snapshot(&entries, offset, before.collect());
                (from, self.snapshot_at) = (offset, offset);
                break;
            }
            self.remove_snapshot(disk, offset);
        }
        self.replay_producers(disk, from, &mut producers)?;
        producers.on_log_start(self.log_start_offset);
        self.producers = producers;
        self.write_transaction_indexes(disk, from)
    }

    fn replay_producers(&self, disk: &Disk, from: i64, producers: &mut ProducerStateManager) -> Result<(), LogError> {
        let segments = self.closed.partition_point(|segment| segment.next_offset <= from);
        for segment in self.all_segments().skip(segments).filter(|segment| segment.next_offset > from) {
            let path = segment.file(&self.dir, LOG_SUFFIX);
            let located = segment.locate(disk, &self.dir, &path, from).map_err(|error| self.bad_batch(error))?;
            let Some((start, _)) = located else { continue };
            let mut headers = Headers::new(disk, &path, start, segment.size_bytes);
            while let Some(found) = headers.next() {
                let (position, header) = found.map_err(|error| self.bad_batch(error))?;
                let marker = match header.is_control() {
                    true => headers.batch(position, &header).ok().as_ref().and_then(end_transaction_marker),
                    false => None,
                };
                producers.replay(&header, marker);
            }
        }
        Ok(())
    }

    /// All aborted transactions as the files have them; nothing if one is damaged.
    fn read_transaction_indexes(&self, disk: &Disk) -> Option<Vec<AbortedTransaction>> {
        let mut found = Vec::new();
        for segment in self.all_segments() {
            if let Some(bytes) = disk.read_all(&segment.file(&self.dir, TXN_INDEX_SUFFIX)) {
                found.extend(read_transaction_index(&bytes)?);
            }
        }
        Some(found)
    }

    /// Makes the files of the segments that reach behind `from` say what the state says.
    fn write_transaction_indexes(&self, disk: &mut Disk, from: i64) -> Result<(), LogError> {
        let mut segments = self.all_segments().peekable();
        while let Some(segment) = segments.next() {
            let end = segments.peek().map_or(i64::MAX, |next| next.base_offset);
            let path = segment.file(&self.dir, TXN_INDEX_SUFFIX);
            let range = segment.base_offset..end;
            let here = self.producers.all_aborted().iter().filter(|txn| range.contains(&txn.last_offset));
            let wanted = aborted_index::encode(here);
            if end <= from || disk.read_all(&path).unwrap_or_default() == wanted {
                continue;
            }
            if wanted.is_empty() {
                disk.remove(&path);
            } else {
                disk.replace(&path, &wanted)?;
            }
        }
        Ok(())
    }
}
