//! What a run can find wrong. Serves the simulation; invariant: a variant names a guarantee of Kafka, its text the proof.

use thiserror::Error;

/// A broken guarantee.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Broken {
    #[error("an acknowledged record is lost: {0}")]
    Lost(String),
    #[error("records of one producer are out of order or twice in a partition: {0}")]
    Order(String),
    #[error("a consumer read above the high watermark: {0}")]
    ReadUncommitted(String),
    #[error("a consumer left records out: {0}")]
    Skipped(String),
    #[error("a high watermark went back: {0}")]
    HighWatermark(String),
    #[error("two leaders of one epoch: {0}")]
    TwoLeaders(String),
    #[error("committed metadata differs: {0}")]
    Metadata(String),
    #[error("replicas differ: {0}")]
    Replicas(String),
    #[error("a client failed that should not: {0}")]
    Client(String),
    #[error("no progress: {0}")]
    Liveness(String),
    #[error("the engine stopped at a broken invariant of its own: {0}")]
    Panic(String),
}
