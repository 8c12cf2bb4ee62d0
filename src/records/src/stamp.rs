//! What a leader writes into a batch that a producer built: base offset, leader epoch, append time.
//!
//! Serves the log. Invariant: a stamped batch differs from the producer's in the named fields only.

use bytes::{Bytes, BytesMut};

use crate::builder::seal;
use crate::header::{ATTRIBUTES_AT, BATCH_OVERHEAD, LOG_APPEND_TIME, LOG_OVERHEAD, MAX_TIMESTAMP_AT};

/// Sets base offset and leader epoch of one whole batch; both lie outside of its checksum. Copies the bytes unless
/// they are not shared. Panics if `batch` is shorter than a header: parse it first.
#[must_use]
pub fn stamp(batch: Bytes, base_offset: i64, leader_epoch: i32) -> Bytes {
    let mut bytes = writable(batch);
    bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
    bytes[LOG_OVERHEAD..16].copy_from_slice(&leader_epoch.to_be_bytes());
    bytes.freeze()
}

/// Gives one whole batch the log append time `max_timestamp` (milliseconds) and a new checksum
/// (`DefaultRecordBatch.setMaxTimestamp`). Panics if `batch` is shorter than a header: parse it first.
#[must_use]
pub fn set_log_append_time(batch: Bytes, max_timestamp: i64) -> Bytes {
    let mut bytes = writable(batch);
    // The attributes' low byte holds the flag.
    bytes[ATTRIBUTES_AT + 1] |= LOG_APPEND_TIME as u8;
    bytes[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&max_timestamp.to_be_bytes());
    seal(&mut bytes);
    bytes.freeze()
}

fn writable(batch: Bytes) -> BytesMut {
    assert!(batch.len() >= BATCH_OVERHEAD, "not a whole batch");
    batch.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]))
}
