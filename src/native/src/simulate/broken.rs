//! What a run can find wrong. Serves the simulation; invariant: a variant names a guarantee of Kafka, its text the proof.

use thiserror::Error;

/// A broken guarantee.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Broken {
    #[error("a committed record is lost: {0}")]
    Lost(String),
    #[error("a producer was told of a record that is not committed: {0}")]
    AckedUncommitted(String),
    #[error("a member of ISR or ELR lacks committed records: {0}")]
    IsrBehind(String),
    #[error("replicas differ within a leader epoch: {0}")]
    LogMatching(String),
    #[error("records of one producer are out of order or twice in a partition: {0}")]
    Order(String),
    #[error("a record that nobody sent: {0}")]
    Invented(String),
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
    #[error("replicas differ at rest: {0}")]
    Replicas(String),
    #[error("a client failed that should not: {0}")]
    Client(String),
    #[error("no progress: {0}")]
    Liveness(String),
    #[error("the engine stopped at a broken invariant of its own: {0}")]
    Panic(String),
}

impl Broken {
    /// The guarantee's name, for tables and for telling whether two runs found the same.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Broken::Lost(_) => "committed records stay",
            Broken::AckedUncommitted(_) => "acknowledged is committed",
            Broken::IsrBehind(_) => "ISR and ELR have what is committed",
            Broken::LogMatching(_) => "log matching",
            Broken::Order(_) => "order, once",
            Broken::Invented(_) => "no invented record",
            Broken::ReadUncommitted(_) => "no read above the high watermark",
            Broken::Skipped(_) => "every record read",
            Broken::HighWatermark(_) => "monotonic high watermark",
            Broken::TwoLeaders(_) => "one leader an epoch",
            Broken::Metadata(_) => "metadata agreement",
            Broken::Replicas(_) => "replicas converge",
            Broken::Client(_) => "clients fail for want of time only",
            Broken::Liveness(_) => "progress",
            Broken::Panic(_) => "the engine's own asserts",
        }
    }
}
