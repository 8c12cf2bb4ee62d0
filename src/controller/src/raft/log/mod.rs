//! The local replica of `__cluster_metadata-0`: files of batches, snapshots, and what has to be known to find a batch.
//!
//! Serves the quorum's members and observers. Invariant: from the first file to the last stand whole batches with consecutive
//! offsets and valid checksums; `epochs` says where each leader epoch starts; all below `start` is in a snapshot.

mod open;
mod recent;
mod segment;
mod snapshots;

#[cfg(test)]
mod tests;

pub use snapshots::Snapshot;

use bytes::Bytes;
use ottla_records::{Batch, Batches, RecordError};
use ottla_world::{Disk, DiskError};
use recent::RecentBatches;
use segment::Segment;
use std::sync::Arc;
use thiserror::Error;

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
    /// The log's beginning is gone and no snapshot is whole.
    #[error("snapshot expected, since the log start offset is {0}")]
    NoSnapshot(i64),
}

/// An offset and the epoch of the leader that wrote up to it (`OffsetAndEpoch`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpochAndOffset {
    /// Leader epoch.
    pub epoch: i32,
    /// Offset, exclusive.
    pub offset: i64,
}

/// How much of the log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// `metadata.log.segment.bytes`: a file is not made longer.
    pub segment_bytes: u64,
    /// `metadata.max.retention.bytes`, log and snapshots together.
    pub retention_bytes: u64,
    /// `metadata.max.retention.ms`.
    pub retention_ms: i64,
}

impl Default for LogSettings {
    /// Kafka keeps 100 MiB in files of 1 GiB. Nobody can see the difference but by listing a directory, and here the disks of
    /// a whole cluster lie in a browser tab: without a setting it is 1 MiB in files of 256 KiB. The time is Kafka's.
    fn default() -> LogSettings {
        LogSettings { segment_bytes: 256 << 10, retention_bytes: 1 << 20, retention_ms: 7 * 24 * 3600 * 1000 }
    }
}

/// What a leader finds when it looks for a follower's end in its own log (`ValidOffsetAndEpoch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The follower's log is a prefix.
    Valid,
    /// It leaves this log here.
    Diverging(EpochAndOffset),
    /// What it lacks is only in this snapshot.
    Snapshot(EpochAndOffset),
}

/// A copy of the metadata log; the disk is lent for each call.
#[derive(Clone, Debug)]
pub struct MetadataLog {
    dir: Arc<str>,
    settings: LogSettings,
    /// Never empty.
    segments: Vec<Segment>,
    /// (epoch, offset of its first batch), rising.
    epochs: Vec<(i32, i64)>,
    /// Oldest first.
    snapshots: Vec<Snapshot>,
    /// What lies below is in a snapshot, for whoever needs it.
    start: EpochAndOffset,
    end_offset: i64,
    recent: RecentBatches,
}

impl MetadataLog {
    /// The file that is written to.
    pub fn path(&self) -> String {
        self.segments.last().map_or(String::new(), |segment| segment.path(&self.dir))
    }

    /// The files that hold `offset` and what follows, for flushes.
    pub fn paths_from(&self, offset: i64) -> Vec<String> {
        let first = self.segments.partition_point(|segment| segment.base <= offset).saturating_sub(1);
        self.segments[first..].iter().map(|segment| segment.path(&self.dir)).collect()
    }

    /// The first offset that the log answers for, with the epoch of the last record before it.
    pub fn start(&self) -> EpochAndOffset {
        self.start
    }

    /// The next offset.
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// Epoch of the last record, 0 for an empty log.
    pub fn last_epoch(&self) -> i32 {
        self.epochs.last().map_or(self.start.epoch, |(epoch, _)| *epoch)
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
            None => self.start,
        }
    }

    /// Whether a log that ends at `end` is a prefix of this one (`ReplicatedLog.validateOffsetAndEpoch`).
    pub fn compare(&self, end: EpochAndOffset) -> Comparison {
        let start = self.start;
        if start.offset == 0 && end == start {
            return Comparison::Valid;
        }
        let behind = end.offset < start.offset
            || (end.offset == start.offset && end.epoch != start.epoch)
            || end.epoch < start.epoch;
        if let (true, Some(latest)) = (behind && start.offset > 0, self.latest_snapshot()) {
            return Comparison::Snapshot(latest.id);
        }
        let own = self.end_of_epoch(end.epoch);
        let same = own.epoch == end.epoch && end.offset <= own.offset;
        if same { Comparison::Valid } else { Comparison::Diverging(own) }
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
            let size = self.segments.last().map_or(0, |segment| segment.size_bytes);
            if size > 0 && size + batch.bytes.len() as u64 > self.settings.segment_bytes {
                self.begin_segment(disk, self.end_offset)?;
            }
            disk.append(&self.path(), &batch.bytes)?;
            self.count(&batch);
            self.recent.remember(batch);
        }
        if self.epochs.len() != epochs {
            self.store_epochs(disk)?;
        }
        Ok(())
    }

    fn begin_segment(&mut self, disk: &mut Disk, base: i64) -> Result<(), MetadataLogError> {
        let segment = Segment::new(base);
        disk.append(&segment.path(&self.dir), &[])?;
        self.segments.push(segment);
        self.end_offset = base;
        Ok(())
    }

    fn count(&mut self, batch: &Batch) {
        let header = &batch.header;
        if let Some(segment) = self.segments.last_mut() {
            segment.count(batch);
        }
        if self.epochs.last().is_none_or(|(epoch, _)| *epoch < header.partition_leader_epoch) {
            self.epochs.push((header.partition_leader_epoch, header.base_offset));
        }
        self.end_offset = header.next_offset();
    }

    /// Whole batches from the one that holds `offset` on: as many as one file has and fit into `max_bytes`, at least one,
    /// none at the end.
    pub fn read(&self, disk: &Disk, offset: i64, max_bytes: u64) -> Bytes {
        if offset >= self.end_offset {
            return Bytes::new();
        }
        if let Some(bytes) = self.recent.read(offset, max_bytes) {
            return bytes;
        }
        let at = self.segments.partition_point(|segment| segment.base <= offset);
        match at.checked_sub(1).and_then(|at| self.segments.get(at)) {
            Some(segment) => segment.read(disk, &self.dir, offset, max_bytes),
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
        self.recent.clear();
        while self.segments.len() > 1 && self.segments.last().is_some_and(|segment| segment.base >= offset) {
            if let Some(gone) = self.segments.pop() {
                disk.remove(&gone.path(&self.dir));
            }
        }
        let base = self.segments.pop().map_or(0, |segment| segment.base);
        self.segments.push(Segment::new(base));
        self.epochs.retain(|(_, start)| *start < base);
        self.end_offset = base;
        for batch in Batches::new(disk.read_all(&self.path()).unwrap_or_default()) {
            let Ok(batch) = batch else { break };
            if batch.header.last_offset() >= offset {
                break;
            }
            self.count(&batch);
        }
        let size = self.segments.last().map_or(0, |segment| segment.size_bytes);
        disk.truncate(&self.path(), size)?;
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
