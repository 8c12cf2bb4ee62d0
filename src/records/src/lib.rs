//! Kafka's record batches (format v2), compression codecs and checksums: pure functions over bytes.
//!
//! Serves the log (which stores batches as they came), the broker (which checks and stamps them), the clients (which
//! build and read them) and the tools (which print them). It knows nothing of any other crate.
//!
//! Invariants: nothing here panics on outside bytes; every length from outside is checked before anything is
//! allocated for it; the same input gives the same bytes on every host.

mod batch;
mod batches;
mod builder;
mod checksum;
mod codec;
mod compression;
pub mod control;
mod error;
mod hash;
mod header;
mod limits;
mod rebuild;
mod record;
mod sequence;
mod stamp;
pub mod varint;

pub use batch::Batch;
pub use batches::Batches;
pub use builder::BatchBuilder;
pub use checksum::crc32c;
pub use codec::Codec;
pub use compression::{Compression, TimestampType};
pub use control::{ControlType, EndTransactionMarker};
pub use error::RecordError;
pub use hash::{java_string_hash, murmur2, to_positive};
pub use header::{
    BATCH_OVERHEAD, BatchHeader, LOG_OVERHEAD, MAGIC, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID,
    NO_SEQUENCE, NO_TIMESTAMP,
};
pub use limits::Limits;
pub use rebuild::retain_records;
pub use record::{Record, RecordHeader, record_size_upper_bound};
pub use sequence::{decrement_sequence, increment_sequence};
pub use stamp::{set_log_append_time, stamp};
