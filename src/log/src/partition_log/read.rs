//! Reading from an offset (`LocalLog.read`).

use super::PartitionLog;
use crate::LogError;
use crate::segment::ReadRange;
use bytes::Bytes;
use ottla_world::Disk;

impl PartitionLog {
    /// Whole batches from the one that holds `offset` on, of one segment: at most `max_bytes` of them, all below
    /// `upper_bound` (the log end, the high watermark or the last stable offset). With `min_one` the first batch comes
    /// even if it is larger than `max_bytes` (KIP-74). Nothing at or behind the bound. The first batch may begin before
    /// `offset`: consumers pass over what they did not ask for.
    ///
    /// # Errors
    /// `OffsetOutOfRange` outside of the log start and log end offsets; `BadBatch` where the file is damaged.
    pub fn read(
        &self,
        disk: &Disk,
        offset: i64,
        max_bytes: u64,
        upper_bound: i64,
        min_one: bool,
    ) -> Result<Bytes, LogError> {
        if offset < self.log_start_offset || offset > self.log_end_offset {
            return Err(self.out_of_range(offset));
        }
        let upper_bound = upper_bound.min(self.log_end_offset);
        if offset >= upper_bound {
            return Ok(Bytes::new());
        }
        let range = ReadRange { offset, max_bytes, upper_bound, min_one };
        let before = self.closed.partition_point(|segment| segment.next_offset <= offset);
        for segment in self.all_segments().skip(before) {
            let found = segment.read(disk, &self.dir, &range).map_err(|error| self.bad_batch(error))?;
            if let Some(bytes) = found {
                return Ok(bytes);
            }
        }
        Ok(Bytes::new())
    }

    fn out_of_range(&self, offset: i64) -> LogError {
        LogError::OffsetOutOfRange(format!(
            "Received request for offset {offset} for partition {}, but we only have log segments in the range {} to {}.",
            self.name(),
            self.log_start_offset,
            self.log_end_offset
        ))
    }
}
