//! What can be wrong with a batch, for whoever reads bytes from outside.
//!
//! Invariant: every refusal of this crate is one of these; brokers map them to error codes by [`RecordError::is_corrupt`].

/// Why bytes are not a record batch, or a batch not readable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Fewer bytes than the structure needs.
    #[error("truncated: {needed} bytes needed, {available} available")]
    Truncated {
        /// Bytes that the structure declares.
        needed: u64,
        /// Bytes that are there.
        available: u64,
    },
    /// The batch declares itself smaller than its own header (`DefaultRecordBatch.ensureValid`).
    #[error("Record batch is corrupt (the size {0} is smaller than the minimum allowed overhead 61)")]
    TooSmall(i64),
    /// Only the record batch format v2 is read; Kafka 4 dropped magic 0 and 1 for writes (KIP-724).
    #[error("unsupported record batch magic {0}")]
    UnsupportedMagic(i8),
    /// A header field has a value no writer may give it.
    #[error("invalid batch header field {field}: {value}")]
    InvalidField {
        /// Kafka's name of the field.
        field: &'static str,
        /// What was found.
        value: i64,
    },
    /// The checksum does not match (`DefaultRecordBatch.ensureValid`).
    #[error("Record is corrupt (stored crc = {stored}, computed crc = {computed})")]
    CrcMismatch {
        /// Checksum in the header.
        stored: u32,
        /// Checksum of the bytes.
        computed: u32,
    },
    /// Codec id outside 0..=4.
    #[error("Unknown compression type id: {0}")]
    UnknownCompression(i16),
    /// The compressed bytes are not what their codec wrote.
    #[error("cannot decompress {codec}: {reason}")]
    Decompression {
        /// Name of the codec.
        codec: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// A varint longer than its type allows (`ByteUtils.readVarint`).
    #[error("varint is too long")]
    VarintTooLong,
    /// A record that is not structured as the format says (`DefaultRecord.readFrom`).
    #[error("invalid record: {0}")]
    InvalidRecord(&'static str),
    /// A header key that is not UTF-8.
    #[error("invalid record: header key is not UTF-8")]
    HeaderKeyNotUtf8,
    /// A bound of [`crate::Limits`] would be exceeded.
    #[error("{what} exceed the limit of {limit}")]
    LimitExceeded {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
}

impl RecordError {
    /// Whether Kafka would answer `CORRUPT_MESSAGE` (the batch itself is damaged) rather than `INVALID_RECORD`.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        matches!(
            self,
            Self::Truncated { .. } | Self::TooSmall(_) | Self::UnsupportedMagic(_) | Self::CrcMismatch { .. }
        )
    }
}
