//! What compaction leaves of a batch, for the log cleaner (`MemoryRecords.filterTo`).
//!
//! Invariant: base offset, last offset, producer state and flags of the batch stay, whatever records go.

use bytes::Bytes;

use crate::builder::assemble;
use crate::header::{COMPRESSION_MASK, DELETE_HORIZON};
use crate::{BatchBuilder, BatchHeader, NO_TIMESTAMP, Record};

/// The batch of `header` with only `retained` left of its records, compressed as before (gzip with `level`).
/// `delete_horizon_ms` is set where given, else an earlier one is kept (KIP-534). Without records an empty batch
/// remains, which keeps the producer's last sequence known.
#[must_use]
pub fn retain_records(
    header: &BatchHeader,
    retained: &[Record],
    delete_horizon_ms: Option<i64>,
    level: Option<i32>,
) -> Bytes {
    if retained.is_empty() {
        return empty(header);
    }
    let mut builder = BatchBuilder::like(header, level);
    if let Some(horizon_ms) = delete_horizon_ms.or(header.delete_horizon_ms()) {
        builder.set_delete_horizon_ms(horizon_ms);
    }
    builder.build_with_offsets(header.base_offset, header.last_offset(), header.partition_leader_epoch, retained)
}

/// `DefaultRecordBatch.writeEmptyHeader`.
fn empty(header: &BatchHeader) -> Bytes {
    let attributes = header.attributes & !(COMPRESSION_MASK | DELETE_HORIZON);
    assemble(BatchHeader { attributes, base_timestamp: NO_TIMESTAMP, records_count: 0, ..*header }, &[])
}
