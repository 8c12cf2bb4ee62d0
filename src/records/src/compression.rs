//! The two small enumerations in a batch's attributes: codec and kind of timestamp.
//!
//! Serves headers, builders, configs (`compression.type`, `message.timestamp.type`) and the tools that print them.
//! Invariant: ids and names are Kafka's.

use crate::RecordError;
use crate::codec::{self, Codec};

/// How the records of a batch are compressed (`CompressionType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip; levels 1 to 9, or -1.
    Gzip,
    /// Snappy in the xerial framing.
    Snappy,
    /// LZ4 frames of independent 64 KiB blocks.
    Lz4,
    /// Zstandard (KIP-110).
    Zstd,
}

impl Compression {
    /// All codecs, by id.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// Number in bits 0 to 2 of the batch attributes.
    #[must_use]
    pub fn id(self) -> i16 {
        self as i16
    }

    /// The codec with this number.
    ///
    /// # Errors
    /// [`RecordError::UnknownCompression`] outside 0..=4.
    pub fn from_id(id: i16) -> Result<Self, RecordError> {
        Self::ALL.into_iter().find(|codec| codec.id() == id).ok_or(RecordError::UnknownCompression(id))
    }

    /// Name as in `compression.type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The codec of this name (lower case, as Kafka's configs demand).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// The implementation.
    #[must_use]
    pub fn codec(self) -> &'static dyn Codec {
        codec::of(self)
    }
}

/// Whose clock the timestamps of a batch come from (`TimestampType`, KIP-32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TimestampType {
    /// The producer's.
    #[default]
    CreateTime,
    /// The leader's, at append; one timestamp for the whole batch.
    LogAppendTime,
}

impl TimestampType {
    /// Name as in `message.timestamp.type` and in the tools' output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateTime => "CreateTime",
            Self::LogAppendTime => "LogAppendTime",
        }
    }

    /// The type of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::CreateTime, Self::LogAppendTime].into_iter().find(|kind| kind.name() == name)
    }
}
