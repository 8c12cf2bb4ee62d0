//! Writing a cleaned segment and putting it in the place of those it was made from (`Cleaner.cleanSegments`,
//! `LocalLog.replaceSegments`).
//!
//! Invariant: first `.cleaned`, whole and flushed; then `.swap`; then the old files go; then the swapped ones get their
//! names. Whatever stands on the disk after a crash in between, loading makes one sound log of it.

use super::Cleaned;
use super::filter::Filter;
use super::transactions::CleanedTransactions;
use crate::index::NewEntries;
use crate::names::{
    CLEANED_SUFFIX, INDEX_SUFFIX, LOG_SUFFIX, SNAPSHOT_SUFFIX, SWAP_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX,
};
use crate::producers::aborted_index;
use crate::segment::Segment;
use crate::{LogError, PartitionLog};
use bytes::{Bytes, BytesMut};
use ottla_records::{BatchHeader, Batches, RecordError};
use ottla_world::Disk;
use std::ops::Range;
use std::sync::Arc;

/// Bytes read and written at once.
const CHUNK_BYTES: usize = 1 << 16;

impl PartitionLog {
    /// Cleans neighbouring closed segments into one.
    pub(super) fn clean_group(
        &mut self,
        disk: &mut Disk,
        group: Range<usize>,
        filter: &Filter<'_>,
        transactions: &mut CleanedTransactions,
        stats: &mut Cleaned,
    ) -> Result<(), LogError> {
        let old = self.closed[group.clone()].to_vec();
        let Some(first) = old.first() else { return Ok(()) };
        let end = self.closed.get(group.end).unwrap_or(&self.active).base_offset;
        transactions.expect(self.producers.aborted_transactions(first.base_offset, end));
        let new = self.copy(disk, &old, filter, transactions, stats)?;
        let kept = transactions.take_kept();
        if !kept.is_empty() {
            let path = format!("{}{CLEANED_SUFFIX}", new.file(&self.dir, TXN_INDEX_SUFFIX));
            disk.replace(&path, &aborted_index::encode(kept.iter()))?;
        }
        self.swap_in(disk, &old, &new)?;
        self.producers.keep_aborted(first.base_offset..end, &kept);
        stats.bytes_before += old.iter().map(|segment| segment.size_bytes).sum::<u64>();
        stats.bytes_after += new.size_bytes;
        stats.segments_before += old.len() as u64;
        stats.segments_after += 1;
        Arc::make_mut(&mut self.closed).splice(group, [new]);
        Ok(())
    }

    /// Writes what stays of some segments to `.cleaned` files.
    fn copy(
        &self,
        disk: &mut Disk,
        old: &[Segment],
        filter: &Filter<'_>,
        transactions: &mut CleanedTransactions,
        stats: &mut Cleaned,
    ) -> Result<Segment, LogError> {
        let (first, last) = (&old[0], &old[old.len() - 1]);
        let mut new = Segment::empty(first.base_offset, last.created_ms());
        let target = |suffix| format!("{}{CLEANED_SUFFIX}", first.file(&self.dir, suffix));
        disk.replace(&target(LOG_SUFFIX), &[])?;
        let (mut entries, mut chunk) = (NewEntries::default(), BytesMut::new());
        for segment in old {
            let path = segment.file(&self.dir, LOG_SUFFIX);
            let mut position = 0;
            while position < segment.size_bytes {
                let read = read_some(disk, &path, position).map_err(|error| self.bad_batch(error))?;
                for batch in Batches::new(read) {
                    let batch = batch.map_err(|error| self.bad_batch(error))?;
                    position += batch.header.size_in_bytes();
                    let left = filter.apply(&batch, transactions, &self.producers, &self.config);
                    let left = left.map_err(|error| self.bad_batch(error))?;
                    stats.records_before += left.records_before;
                    stats.records_after += left.records_after;
                    let Some(bytes) = left.bytes else { continue };
                    let header = BatchHeader::parse(&bytes).map_err(|error| self.bad_batch(error))?;
                    new.note(&header, &self.config, &mut entries);
                    chunk.extend_from_slice(&bytes);
                }
                if chunk.len() >= CHUNK_BYTES {
                    disk.append(&target(LOG_SUFFIX), &chunk.split())?;
                }
            }
        }
        disk.append(&target(LOG_SUFFIX), &chunk)?;
        disk.flush(&target(LOG_SUFFIX))?;
        new.indexes.push_time(&mut entries);
        disk.replace(&target(INDEX_SUFFIX), &entries.offset)?;
        disk.replace(&target(TIME_INDEX_SUFFIX), &entries.time)?;
        Ok(new)
    }

    fn swap_in(&mut self, disk: &mut Disk, old: &[Segment], new: &Segment) -> Result<(), LogError> {
        let all = [LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX];
        let paths = all.map(|suffix| new.file(&self.dir, suffix));
        let written = paths.iter().filter(|path| disk.exists(&format!("{path}{CLEANED_SUFFIX}")));
        let written: Vec<&String> = written.collect();
        for path in &written {
            disk.rename(&format!("{path}{CLEANED_SUFFIX}"), &format!("{path}{SWAP_SUFFIX}"))?;
        }
        for segment in old {
            // The new segment begins where the first old one did, and so does the snapshot of the producers there.
            let keep: &[&str] = if segment.base_offset == new.base_offset { &[SNAPSHOT_SUFFIX] } else { &[] };
            self.doom_segment(disk, segment.base_offset, keep)?;
        }
        for path in &written {
            disk.rename(&format!("{path}{SWAP_SUFFIX}"), path)?;
        }
        Ok(())
    }
}

/// Batches from a position on, at least one whole one.
fn read_some(disk: &Disk, path: &str, position: u64) -> Result<Bytes, RecordError> {
    let bytes = disk.read(path, position, CHUNK_BYTES as u64).unwrap_or_default();
    match BatchHeader::parse(&bytes)?.size_in_bytes() {
        needed if needed <= bytes.len() as u64 => Ok(bytes),
        needed => {
            let bytes = disk.read(path, position, needed).unwrap_or_default();
            let available = bytes.len() as u64;
            if available < needed { Err(RecordError::Truncated { needed, available }) } else { Ok(bytes) }
        }
    }
}
