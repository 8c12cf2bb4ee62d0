//! The 61 bytes at the head of a record batch v2 (`DefaultRecordBatch`), for all who look at a batch without its records.
//!
//! Invariant: a parsed header has possible sizes, signs and offsets, so that no method of it can overflow.

use bytes::{Buf, BufMut};

use crate::sequence::increment_sequence;
use crate::{Compression, RecordError, TimestampType};

/// Bytes of the header of a batch.
pub const BATCH_OVERHEAD: usize = 61;
/// Bytes before what `batch_length` counts: base offset and the length itself.
pub const LOG_OVERHEAD: usize = 12;
/// The one format version that is read and written.
pub const MAGIC: i8 = 2;
/// Producer id of a batch whose producer is not idempotent.
pub const NO_PRODUCER_ID: i64 = -1;
/// Producer epoch of a batch whose producer is not idempotent.
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// Sequence of a batch whose producer is not idempotent, and of control batches.
pub const NO_SEQUENCE: i32 = -1;
/// Timestamp of a record that has none.
pub const NO_TIMESTAMP: i64 = -1;
/// Leader epoch of a batch no leader has stamped.
pub const NO_PARTITION_LEADER_EPOCH: i32 = -1;

pub(crate) const CRC_AT: usize = 17;
pub(crate) const ATTRIBUTES_AT: usize = 21;
pub(crate) const MAX_TIMESTAMP_AT: usize = 35;
const MAGIC_AT: usize = 16;

pub(crate) const COMPRESSION_MASK: i16 = 0b111;
pub(crate) const LOG_APPEND_TIME: i16 = 1 << 3;
pub(crate) const TRANSACTIONAL: i16 = 1 << 4;
pub(crate) const CONTROL: i16 = 1 << 5;
pub(crate) const DELETE_HORIZON: i16 = 1 << 6;

/// The fields of a batch's header. Timestamps are milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record the batch was built with; compaction keeps it.
    pub base_offset: i64,
    /// Bytes behind this field; the whole batch has 12 more.
    pub batch_length: i32,
    /// Epoch of the leader that appended the batch, -1 before. Outside the checksum.
    pub partition_leader_epoch: i32,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Codec, timestamp type and flags; see the methods.
    pub attributes: i16,
    /// Offset of the last record minus base offset; compaction keeps it.
    pub last_offset_delta: i32,
    /// What the records' timestamp deltas count from; the delete horizon where that flag is set (KIP-534).
    pub base_timestamp: i64,
    /// Greatest timestamp, or the append time of the whole batch.
    pub max_timestamp: i64,
    /// Producer id, -1 for none.
    pub producer_id: i64,
    /// Producer epoch, -1 for none.
    pub producer_epoch: i16,
    /// Sequence of the first record, -1 for none.
    pub base_sequence: i32,
    /// Number of records.
    pub records_count: i32,
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`; what stands behind it is not looked at.
    ///
    /// # Errors
    /// Too few bytes, another magic, an unknown codec, or a size, count or offset that cannot be.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() < BATCH_OVERHEAD {
            return Err(RecordError::Truncated { needed: BATCH_OVERHEAD as u64, available: bytes.len() as u64 });
        }
        let magic = bytes[MAGIC_AT] as i8;
        if magic != MAGIC {
            return Err(RecordError::UnsupportedMagic(magic));
        }
        let mut input = bytes;
        let base_offset = input.get_i64();
        let batch_length = input.get_i32();
        let partition_leader_epoch = input.get_i32();
        input.advance(1);
        let header = Self {
            base_offset,
            batch_length,
            partition_leader_epoch,
            crc: input.get_u32(),
            attributes: input.get_i16(),
            last_offset_delta: input.get_i32(),
            base_timestamp: input.get_i64(),
            max_timestamp: input.get_i64(),
            producer_id: input.get_i64(),
            producer_epoch: input.get_i16(),
            base_sequence: input.get_i32(),
            records_count: input.get_i32(),
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), RecordError> {
        let size = i64::from(self.batch_length) + LOG_OVERHEAD as i64;
        if size < BATCH_OVERHEAD as i64 {
            return Err(RecordError::TooSmall(size));
        }
        let last_offset = self.base_offset.checked_add(i64::from(self.last_offset_delta));
        let end_fits = last_offset.is_some_and(|last| last < i64::MAX);
        let checks = [
            ("baseOffset", self.base_offset, self.base_offset >= 0 && end_fits),
            ("lastOffsetDelta", i64::from(self.last_offset_delta), self.last_offset_delta >= 0),
            ("recordsCount", i64::from(self.records_count), self.records_count >= 0),
        ];
        if let Some((field, value, _)) = checks.into_iter().find(|(_, _, good)| !good) {
            return Err(RecordError::InvalidField { field, value });
        }
        Compression::from_id(self.attributes & COMPRESSION_MASK)?;
        Ok(())
    }

    /// The header's 61 bytes as they are written.
    pub(crate) fn encode(&self) -> [u8; BATCH_OVERHEAD] {
        let mut bytes = [0; BATCH_OVERHEAD];
        let mut out = &mut bytes[..];
        out.put_i64(self.base_offset);
        out.put_i32(self.batch_length);
        out.put_i32(self.partition_leader_epoch);
        out.put_i8(MAGIC);
        out.put_u32(self.crc);
        out.put_i16(self.attributes);
        out.put_i32(self.last_offset_delta);
        out.put_i64(self.base_timestamp);
        out.put_i64(self.max_timestamp);
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_i32(self.base_sequence);
        out.put_i32(self.records_count);
        bytes
    }

    /// How the records are compressed.
    #[must_use]
    pub fn compression(&self) -> Compression {
        // Parsing refused every other id; a header made by hand with a wrong one counts as uncompressed.
        Compression::from_id(self.attributes & COMPRESSION_MASK).unwrap_or_default()
    }

    /// Whose clock the timestamps come from.
    #[must_use]
    pub fn timestamp_type(&self) -> TimestampType {
        if self.has(LOG_APPEND_TIME) { TimestampType::LogAppendTime } else { TimestampType::CreateTime }
    }

    /// Whether the batch belongs to a transaction (KIP-98).
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.has(TRANSACTIONAL)
    }

    /// Whether the batch holds control records, which consumers never see.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.has(CONTROL)
    }

    /// Whether the base timestamp is a delete horizon (KIP-534).
    #[must_use]
    pub fn has_delete_horizon(&self) -> bool {
        self.has(DELETE_HORIZON)
    }

    /// Time from which tombstones and markers of this batch may be removed, if set, in milliseconds.
    #[must_use]
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        self.has_delete_horizon().then_some(self.base_timestamp)
    }

    /// Whether an idempotent producer wrote the batch.
    #[must_use]
    pub fn has_producer_id(&self) -> bool {
        self.producer_id > NO_PRODUCER_ID
    }

    /// Offset of the last record the batch was built with.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    /// Offset of the record that follows the batch.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.last_offset() + 1
    }

    /// Sequence of the last record, -1 without sequences.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            return NO_SEQUENCE;
        }
        increment_sequence(self.base_sequence, self.last_offset_delta)
    }

    /// Bytes of the whole batch, header included.
    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        (i64::from(self.batch_length) + LOG_OVERHEAD as i64) as u64
    }

    fn has(&self, flag: i16) -> bool {
        self.attributes & flag != 0
    }
}
