//! Collects records into a batch (`MemoryRecordsBuilder`), for producers, coordinators and the controller.
//!
//! Invariant: the bytes of a built batch depend only on what was set and appended, and parse back to it.

use bytes::{Bytes, BytesMut};

use crate::header::{
    ATTRIBUTES_AT, BATCH_OVERHEAD, BatchHeader, CONTROL, CRC_AT, DELETE_HORIZON, LOG_APPEND_TIME, LOG_OVERHEAD,
    NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, NO_TIMESTAMP, TRANSACTIONAL,
};
use crate::record::{RecordParts, as_length};
use crate::{Compression, Record, RecordHeader, TimestampType, crc32c};

/// A batch in the making. Cloning is cheap enough for checkpoints: it copies the open batch only.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    compression: Compression,
    level: Option<i32>,
    timestamp_type: TimestampType,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    flags: i16,
    base_timestamp: Option<i64>,
    max_timestamp: i64,
    count: i32,
    last_offset_delta: i32,
    body: BytesMut,
}

impl BatchBuilder {
    /// An empty batch. `level` counts for gzip (1 to 9, or -1); the other codecs have one level here.
    #[must_use]
    pub fn new(compression: Compression, level: Option<i32>, timestamp_type: TimestampType) -> Self {
        Self {
            compression,
            level,
            timestamp_type,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            base_sequence: NO_SEQUENCE,
            flags: 0,
            base_timestamp: None,
            max_timestamp: NO_TIMESTAMP,
            count: 0,
            last_offset_delta: -1,
            body: BytesMut::new(),
        }
    }

    /// An empty batch with the codec, timestamp type, producer and flags of another one (its delete horizon excepted).
    #[must_use]
    pub fn like(header: &BatchHeader, level: Option<i32>) -> Self {
        let mut builder = Self::new(header.compression(), level, header.timestamp_type());
        builder.set_producer(header.producer_id, header.producer_epoch, header.base_sequence);
        builder.set_transactional(header.is_transactional());
        builder.set_control(header.is_control());
        builder
    }

    /// Names the idempotent producer and the sequence of the first record (KIP-98).
    pub fn set_producer(&mut self, producer_id: i64, producer_epoch: i16, base_sequence: i32) {
        self.producer_id = producer_id;
        self.producer_epoch = producer_epoch;
        self.base_sequence = base_sequence;
    }

    /// Marks the batch as part of a transaction.
    pub fn set_transactional(&mut self, transactional: bool) {
        self.set_flag(TRANSACTIONAL, transactional);
    }

    /// Marks the batch as holding control records.
    pub fn set_control(&mut self, control: bool) {
        self.set_flag(CONTROL, control);
    }

    /// Puts the delete horizon in place of the base timestamp (KIP-534); only before the first record.
    pub fn set_delete_horizon_ms(&mut self, delete_horizon_ms: i64) {
        assert!(self.is_empty(), "the delete horizon is the base of the records' timestamps");
        self.set_flag(DELETE_HORIZON, true);
        self.base_timestamp = Some(delete_horizon_ms);
    }

    /// Changes the codec before the batch is built.
    pub fn set_compression(&mut self, compression: Compression, level: Option<i32>) {
        self.compression = compression;
        self.level = level;
    }

    /// Appends a record behind the last one. `timestamp` in milliseconds, or -1.
    pub fn append(&mut self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[RecordHeader]) {
        self.append_at(self.last_offset_delta + 1, timestamp, key, value, headers);
    }

    /// Appends a record at `offset_delta` behind the base offset, which must be greater than the last one's.
    pub fn append_at(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[RecordHeader],
    ) {
        assert!(offset_delta > self.last_offset_delta, "offsets must increase");
        self.parts(offset_delta, timestamp, key, value, headers).encode(&mut self.body);
        self.base_timestamp.get_or_insert(timestamp);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.last_offset_delta = offset_delta;
        self.count += 1;
    }

    /// Bytes of the batch so far before compression, header included.
    #[must_use]
    pub fn estimated_size(&self) -> usize {
        BATCH_OVERHEAD + self.body.len()
    }

    /// What [`Self::estimated_size`] would be with this record appended.
    #[must_use]
    pub fn estimated_size_with(
        &self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[RecordHeader],
    ) -> usize {
        self.estimated_size() + self.parts(self.last_offset_delta + 1, timestamp, key, value, headers).size()
    }

    /// Number of records appended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether no record was appended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Greatest timestamp appended, -1 for none, in milliseconds.
    #[must_use]
    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// The batch's bytes. A producer passes 0 and -1; the leader stamps both ([`crate::stamp`]).
    /// The builder stays usable: the same records can be built again with another producer state.
    #[must_use]
    pub fn build(&self, base_offset: i64, leader_epoch: i32) -> Bytes {
        self.build_until(base_offset, self.last_offset_delta.max(0), leader_epoch)
    }

    /// The batch of `records`, which may have gaps in their offsets, from `base_offset` to `last_offset`: what
    /// compaction leaves of a batch (`MemoryRecords.filterTo`). Only on an empty builder.
    #[must_use]
    pub fn build_with_offsets(
        &self,
        base_offset: i64,
        last_offset: i64,
        leader_epoch: i32,
        records: &[Record],
    ) -> Bytes {
        assert!(self.is_empty(), "records come either by append or by build_with_offsets");
        let mut builder = self.clone();
        for record in records {
            let delta = offset_delta(base_offset, record.offset);
            builder.append_at(delta, record.timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers);
        }
        builder.build_until(base_offset, offset_delta(base_offset, last_offset), leader_epoch)
    }

    fn build_until(&self, base_offset: i64, last_offset_delta: i32, leader_epoch: i32) -> Bytes {
        assert!(last_offset_delta >= self.last_offset_delta, "the last offset lies before a record");
        // An empty batch has nothing to compress (`DefaultRecordBatch.writeEmptyHeader`).
        let compression = if self.is_empty() { Compression::None } else { self.compression };
        let header = BatchHeader {
            base_offset,
            batch_length: 0,
            partition_leader_epoch: leader_epoch,
            crc: 0,
            attributes: self.attributes(compression),
            last_offset_delta,
            base_timestamp: self.base_timestamp.unwrap_or(NO_TIMESTAMP),
            max_timestamp: self.max_timestamp,
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            base_sequence: self.base_sequence,
            records_count: self.count,
        };
        match compression {
            Compression::None => assemble(header, &self.body),
            other => assemble(header, &other.codec().compress(&self.body, self.level)),
        }
    }

    fn attributes(&self, compression: Compression) -> i16 {
        let timestamp_type = match self.timestamp_type {
            TimestampType::CreateTime => 0,
            TimestampType::LogAppendTime => LOG_APPEND_TIME,
        };
        compression.id() | timestamp_type | self.flags
    }

    fn parts<'a>(
        &self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
        headers: &'a [RecordHeader],
    ) -> RecordParts<'a> {
        let timestamp_delta = timestamp.wrapping_sub(self.base_timestamp.unwrap_or(timestamp));
        RecordParts { timestamp_delta, offset_delta, key, value, headers }
    }

    fn set_flag(&mut self, flag: i16, on: bool) {
        self.flags = if on { self.flags | flag } else { self.flags & !flag };
    }
}

fn offset_delta(base_offset: i64, offset: i64) -> i32 {
    let delta = i32::try_from(offset.wrapping_sub(base_offset));
    assert!(delta.is_ok_and(|delta| delta >= 0), "offset {offset} does not fit a batch that starts at {base_offset}");
    delta.unwrap_or(0)
}

/// Header and body as one batch, with its length and checksum set.
pub(crate) fn assemble(header: BatchHeader, body: &[u8]) -> Bytes {
    let batch_length = as_length(BATCH_OVERHEAD - LOG_OVERHEAD + body.len());
    let mut bytes = BytesMut::with_capacity(BATCH_OVERHEAD + body.len());
    bytes.extend_from_slice(&BatchHeader { batch_length, ..header }.encode());
    bytes.extend_from_slice(body);
    seal(&mut bytes);
    bytes.freeze()
}

/// Writes the checksum of a whole batch into it.
pub(crate) fn seal(batch: &mut [u8]) {
    let crc = crc32c(&batch[ATTRIBUTES_AT..]);
    batch[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
}
