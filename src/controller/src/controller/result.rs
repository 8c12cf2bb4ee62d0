//! What a decision consists of. Serves all decisions; invariant: an error leaves no records behind.

use crate::record::MetadataRecord;
use ottla_wire::{ErrorCode, StrBytes, str_bytes};

/// Records to append as one batch, and the response once they are committed (`ControllerResult`).
#[derive(Clone, Debug, PartialEq)]
pub struct ControllerResult<R> {
    /// What changes.
    pub records: Vec<MetadataRecord>,
    /// What is answered.
    pub response: R,
}

impl<R> ControllerResult<R> {
    /// A decision.
    pub fn new(records: Vec<MetadataRecord>, response: R) -> ControllerResult<R> {
        ControllerResult { records, response }
    }

    /// A decision that changes nothing.
    pub fn unchanged(response: R) -> ControllerResult<R> {
        ControllerResult { records: Vec::new(), response }
    }

    /// The same records with another response.
    pub fn map<S>(self, f: impl FnOnce(R) -> S) -> ControllerResult<S> {
        ControllerResult { records: self.records, response: f(self.response) }
    }
}

/// An error as responses carry it (`ApiError`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The code.
    pub code: ErrorCode,
    /// Kafka's words.
    pub message: String,
}

impl ApiError {
    /// An error in words of its own.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> ApiError {
        ApiError { code, message: message.into() }
    }

    /// The message as responses hold it.
    pub fn text(&self) -> Option<StrBytes> {
        Some(str_bytes(&self.message))
    }
}

impl From<ErrorCode> for ApiError {
    /// The error in its code's own words.
    fn from(code: ErrorCode) -> ApiError {
        ApiError::new(code, code.message())
    }
}
