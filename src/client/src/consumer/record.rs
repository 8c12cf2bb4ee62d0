//! What a consumer hands out. Serves the tools; invariant: records of one partition come in the order of their offsets.

use crate::{JavaError, TopicPartition};
use bytes::Bytes;
use std::collections::BTreeMap;

/// Whose clock a record's time stamp is from (Kafka's `TimestampType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordTimestampType {
    /// `NoTimestampType`.
    None,
    /// `CreateTime`.
    CreateTime,
    /// `LogAppendTime`.
    LogAppendTime,
}

/// A record that was read (Kafka's `ConsumerRecord`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRecord {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The leader epoch of its batch, if the batch has one.
    pub leader_epoch: Option<i32>,
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Whose clock that is.
    pub timestamp_type: RecordTimestampType,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// Headers in order.
    pub headers: Vec<(String, Option<Bytes>)>,
}

/// A committed position (Kafka's `OffsetAndMetadata`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetAndMetadata {
    /// The next offset to read.
    pub offset: i64,
    /// The leader epoch of the last record read, if known.
    pub leader_epoch: Option<i32>,
    /// Free text.
    pub metadata: String,
}

impl OffsetAndMetadata {
    /// A position without epoch and text.
    pub fn new(offset: i64) -> OffsetAndMetadata {
        OffsetAndMetadata { offset, leader_epoch: None, metadata: String::new() }
    }
}

/// What happened to a consumer besides records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerEvent {
    /// The group gave it these partitions (`onPartitionsAssigned`): the newly added ones.
    Assigned {
        /// Added partitions, sorted.
        partitions: Vec<TopicPartition>,
    },
    /// It has to give these back (`onPartitionsRevoked`).
    Revoked {
        /// Revoked partitions, sorted.
        partitions: Vec<TopicPartition>,
    },
    /// They were given to others while it was away (`onPartitionsLost`).
    Lost {
        /// Lost partitions, sorted.
        partitions: Vec<TopicPartition>,
    },
    /// A commit that was asked for has ended.
    Committed {
        /// What was committed.
        offsets: BTreeMap<TopicPartition, OffsetAndMetadata>,
        /// Why not, if it failed.
        error: Option<JavaError>,
    },
    /// `poll` would have thrown this: the tool ends with it.
    Failed {
        /// Why.
        error: JavaError,
    },
}
