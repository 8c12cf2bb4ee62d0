//! The table of error codes: complete, in order, and right where the names are irregular.

use super::ErrorCode;

#[test]
fn every_number_has_its_row_and_every_row_its_number() {
    let numbers: Vec<i16> = ErrorCode::ALL.iter().map(|error| error.code()).collect();
    assert_eq!(numbers, (-1..=133).collect::<Vec<i16>>());
    for &error in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_code(error.code()), error);
        assert!(!error.message().is_empty() && !error.message().contains("  "), "{error}");
    }
    assert_eq!(ErrorCode::from_code(4711), ErrorCode::UnknownServerError);
}

#[test]
fn exceptions_that_do_not_follow_from_the_name() {
    let rows = [
        (ErrorCode::NotLeaderOrFollower, "NotLeaderOrFollowerException"),
        (ErrorCode::CorruptMessage, "CorruptRecordException"),
        (ErrorCode::RequestTimedOut, "TimeoutException"),
        (ErrorCode::MessageTooLarge, "RecordTooLargeException"),
        (ErrorCode::StaleControllerEpoch, "ControllerMovedException"),
        (ErrorCode::OffsetMetadataTooLarge, "OffsetMetadataTooLarge"),
        (ErrorCode::InvalidTopicException, "InvalidTopicException"),
        (ErrorCode::RecordListTooLarge, "RecordBatchTooLargeException"),
        (ErrorCode::TopicAlreadyExists, "TopicExistsException"),
        (ErrorCode::InvalidConfig, "InvalidConfigurationException"),
        (ErrorCode::OutOfOrderSequenceNumber, "OutOfOrderSequenceException"),
        (ErrorCode::InvalidProducerIdMapping, "InvalidPidMappingException"),
        (ErrorCode::InvalidTransactionTimeout, "InvalidTxnTimeoutException"),
        (ErrorCode::NonEmptyGroup, "GroupNotEmptyException"),
        (ErrorCode::GroupIdNotFound, "GroupIdNotFoundException"),
        (ErrorCode::InvalidRegularExpression, "InvalidRegularExpression"),
    ];
    for (error, exception) in rows {
        assert_eq!(error.exception(), exception);
    }
    assert_eq!(ErrorCode::TopicAlreadyExists.exception_class(), "org.apache.kafka.common.errors.TopicExistsException");
}

#[test]
fn retriable_errors() {
    let retriable = [ErrorCode::NotEnoughReplicas, ErrorCode::RequestTimedOut, ErrorCode::NotController];
    let fatal = [ErrorCode::None, ErrorCode::RebalanceInProgress, ErrorCode::MessageTooLarge, ErrorCode::InvalidConfig];
    let refresh = [
        ErrorCode::UnknownTopicOrPartition,
        ErrorCode::LeaderNotAvailable,
        ErrorCode::NotLeaderOrFollower,
        ErrorCode::FencedLeaderEpoch,
        ErrorCode::UnknownTopicId,
    ];
    assert!(retriable.iter().all(|error| error.is_retriable()));
    assert!(fatal.iter().all(|error| !error.is_retriable() && !error.is_invalid_metadata()));
    assert!(refresh.iter().all(|error| error.is_retriable() && error.is_invalid_metadata()));
}
