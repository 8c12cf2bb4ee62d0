//! The records of Kafka's metadata log `__cluster_metadata`, in Kafka's own serialization.
//!
//! Serves the controller (writes), controllers and brokers (replay) and the dump tools (print). Invariant: the bytes are
//! those Kafka 4.3 would write for the same record.

mod batch;
mod decode;
mod encode;
mod fields;
mod snapshot;
mod types;

#[cfg(test)]
mod tests;

pub use batch::{BatchContent, LeaderChange, leader_change_batch, read_batch, records_batch};
pub use fields::MetadataRecordError;
pub use snapshot::{SnapshotContent, read_snapshot, write_snapshot};
pub use types::{
    BrokerRegistrationChange, ClientQuota, Config, Endpoint, FeatureLevel, FeatureRange, MetadataRecord, NO_LEADER,
    NO_LEADER_CHANGE, Partition, PartitionChange, ProducerIds, RegisterBroker, RegisterController, Topic,
    UNASSIGNED_DIRECTORY, UnregisterBroker,
};
