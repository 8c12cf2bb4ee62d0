//! One whole batch as its bytes, with its header read: what the log stores, the broker checks and the consumer unpacks.
//!
//! Invariant: `bytes` is exactly the batch that `header` describes.

use bytes::Bytes;

use crate::header::{ATTRIBUTES_AT, BATCH_OVERHEAD, BatchHeader};
use crate::record::{MIN_RECORD_BYTES, RecordContext, RecordReader};
use crate::{Compression, Limits, Record, RecordError, TimestampType, crc32c};

/// A record batch v2. Cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The parsed header.
    pub header: BatchHeader,
    /// The batch, header included.
    pub bytes: Bytes,
}

impl Batch {
    /// Takes `bytes` as one batch.
    ///
    /// # Errors
    /// A header that cannot be, too few bytes, or bytes behind the batch.
    pub fn parse(bytes: Bytes) -> Result<Self, RecordError> {
        let header = BatchHeader::parse(&bytes)?;
        let (size, available) = (header.size_in_bytes(), bytes.len() as u64);
        if available < size {
            return Err(RecordError::Truncated { needed: size, available });
        }
        if available > size {
            return Err(RecordError::InvalidField { field: "batchLength", value: i64::from(header.batch_length) });
        }
        Ok(Self { header, bytes })
    }

    /// Compares the checksum in the header with that of the bytes.
    ///
    /// # Errors
    /// [`RecordError::CrcMismatch`].
    pub fn verify_crc(&self) -> Result<(), RecordError> {
        let (stored, computed) = (self.header.crc, crc32c(&self.bytes[ATTRIBUTES_AT..]));
        if stored == computed { Ok(()) } else { Err(RecordError::CrcMismatch { stored, computed }) }
    }

    /// The batch's records, decompressed. With log append time all have the batch's maximum timestamp.
    /// The checksum is not verified here.
    ///
    /// # Errors
    /// A body that its codec refuses, records that are not what their format says, or more of either than `limits`.
    pub fn records(&self, limits: &Limits) -> Result<Vec<Record>, RecordError> {
        let count = self.header.records_count as u32;
        if count == 0 {
            return Ok(Vec::new());
        }
        if count > limits.max_records {
            return Err(RecordError::LimitExceeded { what: "records", limit: u64::from(limits.max_records) });
        }
        let body = self.body(limits)?;
        if (count as usize) > body.len() / MIN_RECORD_BYTES {
            return Err(RecordError::InvalidRecord("fewer bytes than the declared records need"));
        }
        let mut reader = RecordReader::new(&body, self.context(), limits);
        let mut records = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let record = reader.read()?;
            if records.last().is_some_and(|last: &Record| last.offset >= record.offset) {
                return Err(RecordError::InvalidRecord("offsets do not increase"));
            }
            records.push(record);
        }
        if !reader.is_at_end() {
            return Err(RecordError::InvalidRecord("bytes behind the last declared record"));
        }
        Ok(records)
    }

    fn body(&self, limits: &Limits) -> Result<Bytes, RecordError> {
        let body = self.bytes.slice(BATCH_OVERHEAD..);
        match self.header.compression() {
            // What is there already costs nothing more.
            Compression::None => Ok(body),
            compression => compression.codec().decompress(&body, limits.max_decompressed_bytes).map(Bytes::from),
        }
    }

    fn context(&self) -> RecordContext {
        let header = &self.header;
        let append_timestamp =
            (header.timestamp_type() == TimestampType::LogAppendTime).then_some(header.max_timestamp);
        RecordContext {
            base_offset: header.base_offset,
            last_offset_delta: header.last_offset_delta,
            base_timestamp: header.base_timestamp,
            append_timestamp,
        }
    }
}
