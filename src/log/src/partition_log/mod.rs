//! The log of one partition (`UnifiedLog`): segments end to end, with leader epochs and producer state over them.
//!
//! Serves partitions of brokers and the controllers' metadata log. Invariants: `log_start_offset <= high_watermark <=
//! log_end_offset`; all segments but the last are closed and were flushed when they were; everything held can be
//! rebuilt from the files, but for the high watermark and the log start offset, which have checkpoints of their own.

mod append;
mod lookup;
mod open;
mod producer_files;
mod read;
mod retention;
mod truncate;

pub use append::{AppendInfo, AppendOrigin};
pub use lookup::{Lookup, TimestampOffset};
pub use open::{Recovery, Shutdown};
pub use retention::{Deleted, DeletionReason};

use crate::names::{DELETE_DIR_SUFFIX, TXN_INDEX_SUFFIX, partition_name};
use crate::segment::Segment;
use crate::{AbortedTransaction, EpochEnd, LeaderEpochs, LogConfig, LogError, ProducerStateManager, SegmentView};
use ottla_world::Disk;
use std::sync::Arc;

/// A partition's log. It holds no reference to the disk: each call gets it. Clones share what is large.
#[derive(Debug, Clone)]
pub struct PartitionLog {
    pub(crate) dir: Arc<str>,
    pub(crate) config: Arc<LogConfig>,
    pub(crate) closed: Arc<Vec<Segment>>,
    pub(crate) active: Segment,
    pub(crate) log_start_offset: i64,
    pub(crate) log_end_offset: i64,
    pub(crate) high_watermark: i64,
    pub(crate) epochs: LeaderEpochs,
    pub(crate) producers: ProducerStateManager,
    /// Files renamed to `.deleted` that nobody has taken charge of yet.
    pub(crate) doomed: Vec<String>,
    /// Up to where the log was cleaned, if it was.
    pub(crate) cleaned_to: Option<i64>,
    /// Up to where everything was flushed.
    pub(crate) recovery_point: i64,
    /// Offset of the last snapshot of the producers, or the log start offset.
    pub(crate) snapshot_at: i64,
}

impl PartitionLog {
    /// Directory of the log, such as `node-1/orders-0`.
    #[must_use]
    pub fn dir(&self) -> &str {
        &self.dir
    }

    /// Topic and partition, such as `orders-0`.
    #[must_use]
    pub fn name(&self) -> &str {
        partition_name(&self.dir)
    }

    /// The configs in force.
    #[must_use]
    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Puts other configs in force, from the next append on.
    pub fn update_config(&mut self, config: LogConfig) {
        self.config = Arc::new(config);
    }

    /// The first offset that can be read.
    #[must_use]
    pub fn log_start_offset(&self) -> i64 {
        self.log_start_offset
    }

    /// The offset of the next record.
    #[must_use]
    pub fn log_end_offset(&self) -> i64 {
        self.log_end_offset
    }

    /// The offset up to which all in-sync replicas have the log.
    #[must_use]
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// The offset below which every transaction is decided (`lastStableOffset`, KIP-98).
    #[must_use]
    pub fn last_stable_offset(&self) -> i64 {
        let unstable = self.producers.first_unstable_offset().map(|offset| offset.max(self.log_start_offset));
        unstable.map_or(self.high_watermark, |offset| offset.min(self.high_watermark))
    }

    /// Moves the high watermark, within the log; it may go back (`updateHighWatermark`). What it is now.
    pub fn set_high_watermark(&mut self, high_watermark: i64) -> i64 {
        self.high_watermark = high_watermark.clamp(self.log_start_offset, self.log_end_offset);
        self.producers.on_high_watermark(self.high_watermark);
        self.high_watermark
    }

    /// The latest leader epoch that is known.
    #[must_use]
    pub fn latest_epoch(&self) -> Option<i32> {
        self.epochs.latest().map(|entry| entry.epoch)
    }

    /// The leader epochs and their start offsets.
    #[must_use]
    pub fn epochs(&self) -> &LeaderEpochs {
        &self.epochs
    }

    /// Where a leader epoch ends in this log (OffsetsForLeaderEpoch, KIP-101).
    #[must_use]
    pub fn end_offset_for_epoch(&self, epoch: i32) -> EpochEnd {
        self.epochs.end_offset_for(epoch, self.log_end_offset)
    }

    /// Notes that a leader epoch starts at an offset (`maybeAssignEpochStartOffset`); new leaders do so at the log end.
    ///
    /// # Errors
    /// [`LogError::Disk`].
    pub fn assign_epoch_start(&mut self, disk: &mut Disk, epoch: i32, offset: i64) -> Result<(), LogError> {
        let mut epochs = self.epochs.clone();
        if epochs.assign(epoch, offset) {
            epochs.store(disk, &self.dir)?;
            self.epochs = epochs;
        }
        Ok(())
    }

    /// The producers that wrote to the partition.
    #[must_use]
    pub fn producers(&self) -> &ProducerStateManager {
        &self.producers
    }

    /// Forgets idle producers (`producer.id.expiration.ms`). How many went.
    pub fn remove_expired_producers(&mut self, wall_ms: i64, expiration_ms: i64) -> u64 {
        self.producers.remove_expired(wall_ms, expiration_ms)
    }

    /// The aborted transactions that a `read_committed` fetch of `offset..upper_bound` has to name.
    #[must_use]
    pub fn aborted_transactions(&self, offset: i64, upper_bound: i64) -> Vec<AbortedTransaction> {
        self.producers.aborted_transactions(offset, upper_bound).collect()
    }

    /// The segments, oldest first; the last one is active.
    pub fn segments(&self) -> impl Iterator<Item = SegmentView> {
        let closed = self.closed.iter().map(|segment| segment.view(false));
        closed.chain(std::iter::once(self.active.view(true)))
    }

    /// Bytes of all batches.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.all_segments().map(|segment| segment.size_bytes).sum()
    }

    /// Files that may have bytes which are not flushed: those of the active segment. What must be durable before a
    /// message leaves names them to `Context::flush`.
    #[must_use]
    pub fn unflushed_paths(&self) -> Vec<String> {
        let mut paths = Vec::from(self.active.paths(&self.dir));
        if self.producers.all_aborted().last().is_some_and(|txn| txn.last_offset >= self.active.base_offset) {
            paths.push(self.active.file(&self.dir, TXN_INDEX_SUFFIX));
        }
        paths
    }

    /// The offset up to which the log was flushed by the broker itself: after a crash only what lies behind is looked
    /// through (`recovery-point-offset-checkpoint`).
    #[must_use]
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// Brings everything to the flushed part of the disk (`UnifiedLog.flush`).
    ///
    /// # Errors
    /// [`LogError::Disk`].
    pub fn flush(&mut self, disk: &mut Disk) -> Result<(), LogError> {
        self.unflushed_paths().iter().try_for_each(|path| disk.flush(path))?;
        self.recovery_point = self.log_end_offset;
        Ok(())
    }

    /// Brings the log in order for a clean stop (`UnifiedLog.close`).
    ///
    /// # Errors
    /// [`LogError::Disk`].
    pub fn close(&mut self, disk: &mut Disk) -> Result<(), LogError> {
        self.active.complete_time_index(disk, &self.dir);
        self.take_snapshot(disk, self.log_end_offset)?;
        self.flush(disk)
    }

    /// Renames the log's directory so that the partition's name is free at once (`UnifiedLog.renameDir`,
    /// `LogManager.asyncDelete`); `unique` makes the new name. The files to remove after a while.
    ///
    /// # Errors
    /// [`LogError::Disk`].
    pub fn delete_later(self, disk: &mut Disk, unique: &str) -> Result<Vec<String>, LogError> {
        let prefix = format!("{}/", self.dir);
        let gone = format!("{}.{unique}{DELETE_DIR_SUFFIX}/", self.dir);
        let paths: Vec<String> = disk.list(&prefix).map(str::to_owned).collect();
        let mut doomed = Vec::with_capacity(paths.len());
        for path in paths {
            let target = format!("{gone}{}", partition_name(&path));
            disk.rename(&path, &target)?;
            doomed.push(target);
        }
        Ok(doomed)
    }

    /// Base offset of the oldest segment.
    #[must_use]
    pub fn first_base_offset(&self) -> i64 {
        self.first_segment_base_offset()
    }

    fn all_segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.closed.iter().chain(std::iter::once(&self.active))
    }

    fn first_segment_base_offset(&self) -> i64 {
        self.closed.first().unwrap_or(&self.active).base_offset
    }

    pub(crate) fn bad_batch(&self, source: ottla_records::RecordError) -> LogError {
        LogError::BadBatch { partition: self.name().to_owned(), source }
    }
}
