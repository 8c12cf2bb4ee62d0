//! Finding offsets by time (`UnifiedLog.fetchOffsetByTimestamp`, KIP-79), for ListOffsets.

use super::PartitionLog;
use crate::LogError;
use ottla_records::{BatchHeader, NO_TIMESTAMP};
use ottla_world::Disk;

/// What is looked for (`ListOffsetsRequest`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// The log start offset (-2); also the earliest local one (-4), since nothing is tiered.
    Earliest,
    /// The log end offset (-1); bounding it by the high watermark or last stable offset is up to the broker.
    Latest,
    /// The first record with the greatest timestamp (-3, KIP-734).
    MaxTimestamp,
    /// The first record with at least this timestamp, in milliseconds.
    At(i64),
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampOffset {
    /// Timestamp of the record in milliseconds; -1 for the earliest and latest offsets.
    pub timestamp: i64,
    /// Its offset.
    pub offset: i64,
    /// Epoch in which it was written, where that is known.
    pub leader_epoch: Option<i32>,
}

impl PartitionLog {
    /// Looks up an offset; `None` if no record is that young.
    ///
    /// # Errors
    /// `BadBatch` where the file is damaged.
    pub fn offset_for_timestamp(&self, disk: &Disk, lookup: Lookup) -> Result<Option<TimestampOffset>, LogError> {
        match lookup {
            Lookup::Earliest => {
                let epoch = self.epochs.earliest().filter(|entry| entry.start_offset <= self.log_start_offset);
                Ok(Some(bound(self.log_start_offset, epoch.map(|entry| entry.epoch))))
            }
            Lookup::Latest => Ok(Some(bound(self.log_end_offset, self.latest_epoch()))),
            Lookup::MaxTimestamp => self.find_max_timestamp(disk),
            Lookup::At(timestamp) => self.find_timestamp(disk, timestamp),
        }
    }

    fn find_max_timestamp(&self, disk: &Disk) -> Result<Option<TimestampOffset>, LogError> {
        let filled = self.all_segments().filter(|segment| segment.size_bytes > 0);
        // Of several with the same timestamp the first one counts.
        let youngest = filled.rev().max_by_key(|segment| segment.max_time().timestamp);
        let Some(segment) = youngest else { return Ok(None) };
        let found = segment.find_max_timestamp(disk, &self.dir).map_err(|error| self.bad_batch(error))?;
        Ok(found.map(record))
    }

    fn find_timestamp(&self, disk: &Disk, timestamp: i64) -> Result<Option<TimestampOffset>, LogError> {
        for segment in self.all_segments().filter(|segment| segment.max_time().timestamp >= timestamp) {
            let found = segment.find_timestamp(disk, &self.dir, timestamp, self.log_start_offset);
            if let Some(found) = found.map_err(|error| self.bad_batch(error))? {
                return Ok(Some(record(found)));
            }
        }
        Ok(None)
    }
}

fn bound(offset: i64, leader_epoch: Option<i32>) -> TimestampOffset {
    TimestampOffset { timestamp: NO_TIMESTAMP, offset, leader_epoch }
}

fn record((header, timestamp, offset): (BatchHeader, i64, i64)) -> TimestampOffset {
    let leader_epoch = Some(header.partition_leader_epoch).filter(|epoch| *epoch >= 0);
    TimestampOffset { timestamp, offset, leader_epoch }
}
