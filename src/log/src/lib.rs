//! A partition's log on a virtual disk: segments with their indexes, leader epochs, producer state and checkpoints.
//!
//! Serves brokers (partitions) and controllers (`__cluster_metadata`). It knows nothing of requests.
//!
//! Invariants: the files on the disk are the truth and have Kafka's names and formats; a log holds no reference to the
//! disk (each call gets it) and is cheap to clone; nothing here panics on what stands in files or in batches from
//! outside; whatever was flushed is still there after a power cut, in order.

mod checkpoint;
mod cleaner;
mod config;
mod epochs;
mod error;
mod index;
mod names;
mod partition_log;
mod partition_metadata;
mod producers;
mod segment;
mod validate;

pub use checkpoint::{CleanerOffsets, HighWatermarks, LogStartOffsets, PartitionOffsets, RecoveryPoints};
pub use cleaner::{Cleanable, Cleaned};
pub use config::{CleanupPolicy, CompressionSetting, LogConfig};
pub use epochs::{EpochEnd, EpochEntry, LeaderEpochs, UNDEFINED_EPOCH, UNDEFINED_EPOCH_OFFSET};
pub use error::{LogError, RecordRejection};
pub use names::{CLEAN_SHUTDOWN_FILE, DELETE_DIR_SUFFIX, parse_log_dir_name, segment_file};
pub use partition_log::{
    AppendInfo, AppendOrigin, Deleted, DeletionReason, Lookup, PartitionLog, Recovery, Shutdown, TimestampOffset,
};
pub use partition_metadata::PartitionMetadata;
pub use producers::{
    AbortedTransaction, BatchMetadata, ProducerState, ProducerStateManager, SnapshotEntry, read_producer_snapshot,
    read_transaction_index,
};
pub use segment::SegmentView;
