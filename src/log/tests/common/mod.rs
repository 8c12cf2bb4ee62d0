//! What the tests of the log share: batches to append, and a view of what a log says.
#![allow(dead_code, reason = "each test file uses its own part")]

use bytes::{Bytes, BytesMut};
use ottla_log::{LogConfig, PartitionLog, Recovery, Shutdown};
use ottla_records::{BatchBuilder, Batches, Compression, Limits, NO_PARTITION_LEADER_EPOCH, TimestampType};
use ottla_world::Disk;

pub const DIR: &str = "node-1/orders-0";
/// 2026-01-01 in milliseconds.
pub const NOW: i64 = 1_767_225_600_000;

/// A batch of these values, one record each, as a producer sends it.
pub fn batch(values: &[&str]) -> Bytes {
    batch_at(NOW, values)
}

pub fn batch_at(timestamp: i64, values: &[&str]) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    for value in values {
        builder.append(timestamp, Some(b"key"), Some(value.as_bytes()), &[]);
    }
    builder.build(0, NO_PARTITION_LEADER_EPOCH)
}

/// A batch of an idempotent producer with `count` records.
pub fn idempotent(producer_id: i64, epoch: i16, sequence: i32, count: usize) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    builder.set_producer(producer_id, epoch, sequence);
    for _ in 0..count {
        builder.append(NOW, None, Some(b"value"), &[]);
    }
    builder.build(0, NO_PARTITION_LEADER_EPOCH)
}

pub fn transactional(producer_id: i64, epoch: i16, sequence: i32, count: usize) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    builder.set_producer(producer_id, epoch, sequence);
    builder.set_transactional(true);
    for _ in 0..count {
        builder.append(NOW, None, Some(b"value"), &[]);
    }
    builder.build(0, NO_PARTITION_LEADER_EPOCH)
}

pub fn joined(batches: &[Bytes]) -> Bytes {
    let mut bytes = BytesMut::new();
    batches.iter().for_each(|batch| bytes.extend_from_slice(batch));
    bytes.freeze()
}

pub fn open(disk: &mut Disk, config: &LogConfig) -> PartitionLog {
    open_after(disk, config, Shutdown::Unclean).0
}

pub fn open_after(disk: &mut Disk, config: &LogConfig, after: Shutdown) -> (PartitionLog, Recovery) {
    PartitionLog::open(disk, DIR, config.clone(), after, NOW).unwrap()
}

/// Everything from `offset` to the end of the log: offset and value of each record.
pub fn read_all(log: &PartitionLog, disk: &Disk, mut offset: i64) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    while offset < log.log_end_offset() {
        let bytes = log.read(disk, offset, 1 << 20, log.log_end_offset(), true).unwrap();
        let Some(next) = records_of(bytes, &mut found) else { break };
        offset = next;
    }
    found
}

/// Appends what stands in the batches to `found`; the offset behind them.
pub fn records_of(bytes: Bytes, found: &mut Vec<(i64, String)>) -> Option<i64> {
    let mut next = None;
    for batch in Batches::strict(bytes) {
        let batch = batch.unwrap();
        batch.verify_crc().unwrap();
        next = Some(batch.header.next_offset());
        for record in batch.records(&Limits::default()).unwrap() {
            let value = record.value.map(|value| String::from_utf8_lossy(&value).into_owned());
            found.push((record.offset, value.unwrap_or_default()));
        }
    }
    next
}

/// Base offsets, and where each segment ends.
pub fn segments(log: &PartitionLog) -> Vec<(i64, i64)> {
    log.segments().map(|segment| (segment.base_offset, segment.next_offset)).collect()
}

pub fn epochs(log: &PartitionLog) -> Vec<(i32, i64)> {
    log.epochs().entries().iter().map(|entry| (entry.epoch, entry.start_offset)).collect()
}

/// A small-segmented log config: some 10 batches of one short record a segment, an index entry every other batch.
pub fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 800, index_interval_bytes: 100, ..LogConfig::default() }
}
