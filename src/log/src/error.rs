//! Why a log refuses, with Kafka's messages and error codes.
//!
//! Serves the broker's answers. Invariant: a refused call changed nothing, unless its error is [`LogError::Disk`].

use ottla_records::RecordError;
use ottla_wire::ErrorCode;
use ottla_world::DiskError;
use std::fmt::Write;

/// One record that a broker refuses, and why (`ProduceResponse.RecordError`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRejection {
    /// Index of the record in its batch.
    pub batch_index: i32,
    /// Kafka's message.
    pub message: String,
}

/// Why a log refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The disk refused; Kafka takes the log directory offline.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A read, truncation or deletion outside of the log (`OffsetOutOfRangeException`).
    #[error("{0}")]
    OffsetOutOfRange(String),
    /// A batch that is damaged or none at all (`CorruptRecordException`, `InvalidRecordException`).
    #[error("{source} in topic partition {partition}.")]
    BadBatch {
        /// Topic and partition, as in `orders-0`.
        partition: String,
        /// What is wrong with it.
        source: RecordError,
    },
    /// A batch that clients may not send (`InvalidRecordException` of `LogValidator`).
    #[error("{0}")]
    InvalidRecord(String),
    /// Records that break the topic's rules (`RecordValidationException`).
    #[error("{}", rejection_message(*.invalid_timestamp, .errors))]
    RecordsRejected {
        /// Whether a timestamp is among the reasons: the code is INVALID_TIMESTAMP then.
        invalid_timestamp: bool,
        /// All of them.
        errors: Vec<RecordRejection>,
    },
    /// A batch larger than `max.message.bytes` (`RecordTooLargeException`).
    #[error(
        "The record batch size in the append to {partition} is {size_bytes} bytes which exceeds the maximum configured \
         value of {max_message_bytes}."
    )]
    MessageTooLarge {
        /// Topic and partition.
        partition: String,
        /// Bytes of the batch.
        size_bytes: u64,
        /// The topic's `max.message.bytes`.
        max_message_bytes: u64,
    },
    /// More bytes at once than a segment may have (`RecordBatchTooLargeException`).
    #[error(
        "Message batch size is {size_bytes} bytes in append to partition {partition}, which exceeds the maximum \
         configured segment size of {segment_bytes}."
    )]
    LargerThanSegment {
        /// Topic and partition.
        partition: String,
        /// Bytes of the append.
        size_bytes: u64,
        /// The topic's `segment.bytes`.
        segment_bytes: u64,
    },
    /// An idempotent producer's batch is missing before this one (`OutOfOrderSequenceException`).
    #[error("{0}")]
    OutOfOrderSequence(String),
    /// A newer producer with the same id wrote already (`InvalidProducerEpochException`).
    #[error("{0}")]
    InvalidProducerEpoch(String),
    /// A plain write within the producer's transaction (`InvalidTxnStateException`).
    #[error("{0}")]
    InvalidTxnState(String),
    /// A marker of an older transaction coordinator (`TransactionCoordinatorFencedException`).
    #[error("{0}")]
    TransactionCoordinatorFenced(String),
    /// Fetched batches that do not continue the log (`UnexpectedAppendOffsetException`, `OffsetsOutOfOrderException`).
    #[error(
        "Unexpected offset in append to {partition}. First offset {first_offset} is less than the next offset \
         {log_end_offset}."
    )]
    UnexpectedOffset {
        /// Topic and partition.
        partition: String,
        /// First offset of the batch that does not fit.
        first_offset: i64,
        /// Where the log ends, counting the batches before it.
        log_end_offset: i64,
    },
    /// A topic config that cannot be.
    #[error("Invalid value {value} for configuration {name}")]
    InvalidConfig {
        /// Config name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A checkpoint or metadata file that is not in its format (`CheckpointFile.malformedLineException`).
    #[error("Malformed file {path}: {reason}")]
    MalformedFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl LogError {
    /// The code that the broker answers with.
    #[must_use]
    pub fn error_code(&self) -> ErrorCode {
        match self {
            Self::Disk(_) | Self::MalformedFile { .. } => ErrorCode::KafkaStorageError,
            Self::OffsetOutOfRange(_) => ErrorCode::OffsetOutOfRange,
            Self::BadBatch { source, .. } if is_corrupt(source) => ErrorCode::CorruptMessage,
            Self::BadBatch { .. } | Self::InvalidRecord(_) => ErrorCode::InvalidRecord,
            Self::RecordsRejected { invalid_timestamp: true, .. } => ErrorCode::InvalidTimestamp,
            Self::RecordsRejected { .. } => ErrorCode::InvalidRecord,
            Self::MessageTooLarge { .. } => ErrorCode::MessageTooLarge,
            Self::LargerThanSegment { .. } => ErrorCode::RecordListTooLarge,
            Self::OutOfOrderSequence(_) => ErrorCode::OutOfOrderSequenceNumber,
            Self::InvalidProducerEpoch(_) => ErrorCode::InvalidProducerEpoch,
            Self::InvalidTxnState(_) => ErrorCode::InvalidTxnState,
            Self::TransactionCoordinatorFenced(_) => ErrorCode::TransactionCoordinatorFenced,
            Self::UnexpectedOffset { .. } => ErrorCode::UnknownServerError,
            Self::InvalidConfig { .. } => ErrorCode::InvalidConfig,
        }
    }

    /// The single records that were refused, for Produce responses (KIP-467).
    #[must_use]
    pub fn record_errors(&self) -> &[RecordRejection] {
        match self {
            Self::RecordsRejected { errors, .. } => errors,
            _ => &[],
        }
    }
}

/// A batch of another magic is whole, but not welcome (`ProduceRequest.validateRecords`).
fn is_corrupt(error: &RecordError) -> bool {
    error.is_corrupt() && !matches!(error, RecordError::UnsupportedMagic(_))
}

/// `LogValidator.processRecordErrors`.
fn rejection_message(invalid_timestamp: bool, errors: &[RecordRejection]) -> String {
    if invalid_timestamp {
        return "One or more records have been rejected due to invalid timestamp".to_owned();
    }
    let mut text = format!(
        "One or more records have been rejected due to {} record errors in total, and only showing the first three \
         errors at most: [",
        errors.len()
    );
    for (position, error) in errors.iter().take(3).enumerate() {
        let separator = if position == 0 { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(text, "{separator}RecordError(batchIndex={}, message='{}')", error.batch_index, error.message);
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_records_are_listed_as_kafka_lists_them() {
        let message = "Compacted topic cannot accept message without key in topic partition t-0";
        let rejection = |batch_index| RecordRejection { batch_index, message: message.to_owned() };
        let error = LogError::RecordsRejected { invalid_timestamp: false, errors: (0..4).map(rejection).collect() };
        assert_eq!(
            error.to_string(),
            format!(
                "One or more records have been rejected due to 4 record errors in total, and only showing the first \
                 three errors at most: [RecordError(batchIndex=0, message='{message}'), RecordError(batchIndex=1, \
                 message='{message}'), RecordError(batchIndex=2, message='{message}')]"
            )
        );
        assert_eq!(error.error_code(), ErrorCode::InvalidRecord);
        assert_eq!(error.record_errors().len(), 4);
    }

    #[test]
    fn damage_and_rule_breaking_have_codes_of_their_own() {
        let bad = |source| LogError::BadBatch { partition: "t-0".to_owned(), source }.error_code();
        assert_eq!(bad(RecordError::CrcMismatch { stored: 1, computed: 2 }), ErrorCode::CorruptMessage);
        assert_eq!(bad(RecordError::UnsupportedMagic(1)), ErrorCode::InvalidRecord);
        assert_eq!(bad(RecordError::InvalidRecord("negative size")), ErrorCode::InvalidRecord);
        assert_eq!(LogError::Disk(DiskError::Full("f".to_owned())).error_code(), ErrorCode::KafkaStorageError);
    }
}
