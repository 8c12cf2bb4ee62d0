//! What a leader takes from a producer, and what it makes of it (`UnifiedLog.analyzeAndValidateRecords`,
//! `LogValidator`): checks, offsets, leader epoch, timestamps, compression.
//!
//! Serves the partition log. Invariant: a batch is stored as its bytes came, with offset and epoch stamped, unless the
//! topic's compression or a claim in its header that is not true demands that it is built anew.

mod record;

use crate::partition_log::AppendOrigin;
use crate::{LogConfig, LogError, RecordRejection};
use bytes::Bytes;
use ottla_records::{
    Batch, BatchBuilder, Batches, Limits, NO_TIMESTAMP, Record, RecordError, TimestampType, set_log_append_time, stamp,
};

/// What validation needs to know of the append.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validator<'a> {
    pub(crate) partition: &'a str,
    pub(crate) config: &'a LogConfig,
    pub(crate) origin: AppendOrigin,
    pub(crate) leader_epoch: i32,
    pub(crate) wall_ms: i64,
}

impl Validator<'_> {
    fn bad_batch(&self, source: RecordError) -> LogError {
        LogError::BadBatch { partition: self.partition.to_owned(), source }
    }

    /// The whole batches at the start of `bytes`, their checksums verified. A partial batch at the end is left out.
    pub(crate) fn analyze(&self, bytes: Bytes) -> Result<Vec<Batch>, LogError> {
        let mut batches = Vec::new();
        for batch in Batches::new(bytes) {
            let batch = batch.map_err(|error| self.bad_batch(error))?;
            if self.origin == AppendOrigin::Client && batch.header.base_offset != 0 {
                return Err(LogError::InvalidRecord(format!(
                    "The baseOffset of the record batch in the append to {} should be 0, but it is {}",
                    self.partition, batch.header.base_offset
                )));
            }
            if self.origin != AppendOrigin::Replication {
                self.check_size(&batch)?;
            }
            batch.verify_crc().map_err(|error| self.bad_batch(error))?;
            batches.push(batch);
        }
        Ok(batches)
    }

    fn check_size(&self, batch: &Batch) -> Result<(), LogError> {
        let (size_bytes, max_message_bytes) = (batch.header.size_in_bytes(), self.config.max_message_bytes);
        if size_bytes <= max_message_bytes {
            return Ok(());
        }
        Err(LogError::MessageTooLarge { partition: self.partition.to_owned(), size_bytes, max_message_bytes })
    }

    /// Gives the batches offsets from `next_offset` on (`validateMessagesAndAssignOffsets`).
    pub(crate) fn assign(&self, batches: Vec<Batch>, mut next_offset: i64) -> Result<Vec<Batch>, LogError> {
        let mut assigned = Vec::with_capacity(batches.len());
        for batch in batches {
            let batch = self.assign_one(batch, next_offset)?;
            next_offset = batch.header.next_offset();
            assigned.push(batch);
        }
        Ok(assigned)
    }

    fn assign_one(&self, batch: Batch, offset: i64) -> Result<Batch, LogError> {
        let mut bytes = batch.bytes.clone();
        if self.origin == AppendOrigin::Client {
            self.check_header(&batch)?;
        }
        let target = self.config.target_compression(batch.header.compression());
        let recompress = target != batch.header.compression() && !batch.header.is_control();
        if self.origin == AppendOrigin::Client || recompress {
            let records = batch.records(&Limits::default()).map_err(|error| self.bad_batch(error))?;
            self.check_records(&batch, &records)?;
            if recompress || !header_is_true(&batch, &records) {
                bytes = self.rebuild(&batch, &records);
            }
        }
        if self.config.message_timestamp_type == TimestampType::LogAppendTime {
            bytes = set_log_append_time(bytes, self.wall_ms);
        }
        let too_far = offset.checked_add(i64::from(batch.header.last_offset_delta)).is_none_or(|last| last == i64::MAX);
        if too_far {
            return Err(LogError::InvalidRecord(format!("No offsets are left in {}", self.partition)));
        }
        let stamped = Batch::parse(stamp(bytes, offset, self.leader_epoch)).map_err(|error| self.bad_batch(error))?;
        self.check_size(&stamped)?;
        Ok(stamped)
    }

    /// `LogValidator.validateBatch` for clients.
    fn check_header(&self, batch: &Batch) -> Result<(), LogError> {
        let (header, partition) = (&batch.header, self.partition);
        let count_from_offsets = i64::from(header.last_offset_delta) + 1;
        let count = header.records_count;
        let refusal = if count <= 0 {
            format!("Invalid reported count for record batch: {count} in topic partition {partition}")
        } else if count_from_offsets != i64::from(count) {
            format!(
                "Inconsistent batch offset range [{}, {}] and count of records {count} in topic partition {partition}",
                header.base_offset,
                header.last_offset()
            )
        } else if header.is_control() {
            format!("Clients are not allowed to write control records in topic partition {partition}")
        } else if header.has_producer_id() && header.base_sequence < 0 {
            format!(
                "Invalid sequence number {} in record batch with producerId {} in topic partition {partition}",
                header.base_sequence, header.producer_id
            )
        } else {
            return Ok(());
        };
        Err(LogError::InvalidRecord(refusal))
    }

    /// `LogValidator.validateRecord` for each record; all refusals together.
    fn check_records(&self, batch: &Batch, records: &[Record]) -> Result<(), LogError> {
        let mut invalid_timestamp = false;
        let mut errors = Vec::new();
        for (batch_index, record) in (0..).zip(records) {
            let Some(rejection) = record::reject(self, batch, record) else { continue };
            invalid_timestamp |= rejection.is_timestamp;
            errors.push(RecordRejection { batch_index, message: rejection.message });
        }
        if errors.is_empty() { Ok(()) } else { Err(LogError::RecordsRejected { invalid_timestamp, errors }) }
    }

    /// The same records in the topic's compression, with offsets that follow each other.
    fn rebuild(&self, batch: &Batch, records: &[Record]) -> Bytes {
        let target = self.config.target_compression(batch.header.compression());
        let level = self.config.compression_level(target);
        let mut builder = BatchBuilder::like(&batch.header, level);
        builder.set_compression(target, level);
        for record in records {
            builder.append(record.timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers);
        }
        builder.build(0, self.leader_epoch)
    }
}

/// Whether offsets and greatest timestamp of the records are what the header makes of them.
fn header_is_true(batch: &Batch, records: &[Record]) -> bool {
    let header = &batch.header;
    let max_timestamp = records.iter().map(|record| record.timestamp).fold(NO_TIMESTAMP, i64::max);
    let offsets_follow = (header.base_offset..).zip(records).all(|(expected, record)| record.offset == expected);
    offsets_follow && max_timestamp == header.max_timestamp
}
