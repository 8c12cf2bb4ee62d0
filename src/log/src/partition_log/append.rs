//! Appending to a log, as leader or as follower (`UnifiedLog.append`).
//!
//! Invariant: a refused append changes nothing; batches and what is known of them change together.

use super::PartitionLog;
use crate::LogError;
use crate::producers::{Prepared, PreparedAppend};
use crate::segment::{RollParams, Segment, end_transaction_marker};
use crate::validate::Validator;
use bytes::{Bytes, BytesMut};
use ottla_records::{Batch, BatchHeader, NO_TIMESTAMP, TimestampType};
use ottla_world::Disk;
use std::sync::Arc;

/// Who appends (`AppendOrigin`), hence what is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A producer: everything is checked.
    Client,
    /// A group or transaction coordinator in the same broker, which may write control batches.
    Coordinator,
    /// The metadata log's leader, which may write control batches.
    RaftLeader,
    /// Another replica: what the leader accepted is taken as it is.
    Replication,
}

/// What became of an append (`LogAppendInfo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendInfo {
    /// Offset of the first record, -1 if nothing was appended.
    pub first_offset: i64,
    /// Offset of the last record, -1 if nothing was appended.
    pub last_offset: i64,
    /// Greatest timestamp in milliseconds, -1 for none.
    pub max_timestamp: i64,
    /// Append time in milliseconds where the topic has log append time, else -1. For a duplicate the timestamp of the
    /// batch that is in the log already.
    pub log_append_time_ms: i64,
    /// Log start offset after the append.
    pub log_start_offset: i64,
    /// Leader epoch of the last batch, -1 for none.
    pub last_leader_epoch: i32,
    /// Records appended.
    pub records_count: u64,
    /// Bytes appended.
    pub size_bytes: u64,
    /// Whether the batch was in the log already, so that nothing was appended (KIP-98).
    pub is_duplicate: bool,
    /// Base offset of the segment that was begun for this append, if one was.
    pub rolled_segment: Option<i64>,
}

impl AppendInfo {
    fn nothing(log_start_offset: i64) -> Self {
        Self {
            first_offset: -1,
            last_offset: -1,
            max_timestamp: NO_TIMESTAMP,
            log_append_time_ms: NO_TIMESTAMP,
            log_start_offset,
            last_leader_epoch: -1,
            records_count: 0,
            size_bytes: 0,
            is_duplicate: false,
            rolled_segment: None,
        }
    }
}

impl PartitionLog {
    /// Appends a producer's batches: checks them, assigns offsets, stamps the leader epoch (`appendAsLeader`).
    /// `wall_ms` is the wall clock in milliseconds.
    ///
    /// # Errors
    /// Any [`LogError`] but `OffsetOutOfRange`; only `Disk` may have changed something.
    pub fn append_as_leader(
        &mut self,
        disk: &mut Disk,
        batches: Bytes,
        leader_epoch: i32,
        wall_ms: i64,
    ) -> Result<AppendInfo, LogError> {
        self.append_as_leader_from(disk, batches, leader_epoch, wall_ms, AppendOrigin::Client)
    }

    /// Appends batches of a coordinator or of the metadata log's leader: offsets and epoch are assigned all the same,
    /// control batches are allowed.
    ///
    /// # Errors
    /// As [`Self::append_as_leader`].
    pub fn append_as_leader_from(
        &mut self,
        disk: &mut Disk,
        batches: Bytes,
        leader_epoch: i32,
        wall_ms: i64,
        origin: AppendOrigin,
    ) -> Result<AppendInfo, LogError> {
        let config = self.config.clone();
        let validator = Validator { partition: self.name(), config: &config, origin, leader_epoch, wall_ms };
        let batches = validator.analyze(batches)?;
        if batches.is_empty() {
            return Err(LogError::InvalidRecord("Record batch has no batches at all".to_owned()));
        }
        let batches = validator.assign(batches, self.log_end_offset)?;
        let mut info = self.append(disk, &batches, origin, wall_ms)?;
        if !info.is_duplicate && config.message_timestamp_type == TimestampType::LogAppendTime {
            info.log_append_time_ms = wall_ms;
        }
        Ok(info)
    }

    /// Appends batches that were fetched from the leader, with their offsets and epochs (`appendAsFollower`). Gaps in
    /// the offsets, as compaction leaves them, are allowed.
    ///
    /// # Errors
    /// `BadBatch`, `UnexpectedOffset`, `LargerThanSegment` or `Disk`.
    pub fn append_as_follower(&mut self, disk: &mut Disk, batches: Bytes) -> Result<AppendInfo, LogError> {
        let config = self.config.clone();
        let origin = AppendOrigin::Replication;
        let validator =
            Validator { partition: self.name(), config: &config, origin, leader_epoch: -1, wall_ms: NO_TIMESTAMP };
        let batches = validator.analyze(batches)?;
        let mut log_end_offset = self.log_end_offset;
        for batch in &batches {
            let first_offset = batch.header.base_offset;
            if first_offset < log_end_offset {
                let partition = self.name().to_owned();
                return Err(LogError::UnexpectedOffset { partition, first_offset, log_end_offset });
            }
            log_end_offset = batch.header.next_offset();
        }
        // A follower's segments age by the records' timestamps alone.
        let wall_ms = batches.iter().map(|batch| batch.header.max_timestamp).fold(NO_TIMESTAMP, i64::max);
        self.append(disk, &batches, origin, wall_ms)
    }

    /// Appends batches that have their offsets.
    fn append(
        &mut self,
        disk: &mut Disk,
        batches: &[Batch],
        origin: AppendOrigin,
        wall_ms: i64,
    ) -> Result<AppendInfo, LogError> {
        let (Some(first), Some(last)) = (batches.first(), batches.last()) else {
            return Ok(AppendInfo::nothing(self.log_start_offset));
        };
        let size_bytes = batches.iter().map(|batch| batch.header.size_in_bytes()).sum();
        if size_bytes > self.config.segment_bytes {
            let (partition, segment_bytes) = (self.name().to_owned(), self.config.segment_bytes);
            return Err(LogError::LargerThanSegment { partition, size_bytes, segment_bytes });
        }
        let with_markers = batches.iter().map(|batch| (&batch.header, end_transaction_marker(batch)));
        let prepared = match self.producers.prepare(with_markers, origin, self.name())? {
            PreparedAppend::Append(prepared) => prepared,
            PreparedAppend::Duplicate(known) => {
                return Ok(AppendInfo {
                    first_offset: known.first_offset(),
                    last_offset: known.last_offset,
                    log_append_time_ms: known.timestamp,
                    is_duplicate: true,
                    ..AppendInfo::nothing(self.log_start_offset)
                });
            }
        };
        let max_timestamp = batches.iter().map(|batch| batch.header.max_timestamp).fold(NO_TIMESTAMP, i64::max);
        let last_offset = last.header.last_offset();
        let roll = RollParams { size_bytes, max_timestamp, last_offset, wall_ms };
        let rolled_segment = self.maybe_roll(disk, &roll, first.header.base_offset)?;
        self.write(disk, batches, prepared)?;
        Ok(AppendInfo {
            first_offset: first.header.base_offset,
            last_offset,
            max_timestamp,
            log_append_time_ms: NO_TIMESTAMP,
            log_start_offset: self.log_start_offset,
            last_leader_epoch: last.header.partition_leader_epoch,
            records_count: batches.iter().map(|batch| u64::from(batch.header.records_count.unsigned_abs())).sum(),
            size_bytes,
            is_duplicate: false,
            rolled_segment,
        })
    }

    fn write(&mut self, disk: &mut Disk, batches: &[Batch], prepared: Prepared) -> Result<(), LogError> {
        let mut epochs = self.epochs.clone();
        let mut is_new_epoch = false;
        for Batch { header, .. } in batches {
            is_new_epoch |= epochs.assign(header.partition_leader_epoch, header.base_offset);
        }
        if is_new_epoch {
            epochs.store(disk, &self.dir)?;
            self.epochs = epochs;
        }
        let headers: Vec<BatchHeader> = batches.iter().map(|batch| batch.header).collect();
        self.active.append(disk, &self.dir, &concatenated(batches), &headers, &self.config)?;
        self.log_end_offset = self.active.next_offset;
        let known = self.producers.all_aborted().len() as u64;
        self.producers.apply(prepared);
        self.index_aborted(disk, known)?;
        if self.log_end_offset - self.recovery_point >= self.config.flush_messages {
            self.flush(disk)?;
        }
        Ok(())
    }

    /// Begins a new segment if the active one must not take this append (`maybeRoll`). Its base offset, if so.
    fn maybe_roll(&mut self, disk: &mut Disk, append: &RollParams, first_offset: i64) -> Result<Option<i64>, LogError> {
        let base_offset = first_offset.max(self.log_end_offset);
        if base_offset == self.active.base_offset || !self.active.should_roll(append, &self.config) {
            return Ok(None);
        }
        self.roll(disk, base_offset, append.wall_ms)?;
        Ok(Some(base_offset))
    }

    /// Closes the active segment, which is flushed, and begins one at `base_offset` (`LocalLog.roll`).
    pub(super) fn roll(&mut self, disk: &mut Disk, base_offset: i64, wall_ms: i64) -> Result<(), LogError> {
        let next = Segment::create(disk, &self.dir, base_offset, wall_ms)?;
        self.active.complete_time_index(disk, &self.dir);
        self.take_snapshot(disk, base_offset)?;
        self.flush(disk)?;
        self.recovery_point = base_offset;
        let closed = std::mem::replace(&mut self.active, next);
        Arc::make_mut(&mut self.closed).push(closed);
        Ok(())
    }
}

fn concatenated(batches: &[Batch]) -> Bytes {
    if let [batch] = batches {
        return batch.bytes.clone();
    }
    let mut bytes = BytesMut::with_capacity(batches.iter().map(|batch| batch.bytes.len()).sum());
    batches.iter().for_each(|batch| bytes.extend_from_slice(&batch.bytes));
    bytes.freeze()
}
