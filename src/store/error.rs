//! Why the browser did not keep something. Serves everyone who must tell it to the learner in a plain sentence.

use thiserror::Error;

/// Why a store cannot be opened, read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The browser offers no storage (private mode, blocked by its settings), or took it away.
    #[error("the browser keeps nothing for this page")]
    Unavailable,
    /// The browser grants no more room.
    #[error("the browser's storage is full")]
    Quota,
    /// Another tab holds an older version of the database open.
    #[error("another tab holds the storage")]
    Blocked,
    /// The rest, in the browser's own words.
    #[error("storage failed: {0}")]
    Other(String),
}

impl StoreError {
    /// The error for a DOM exception of this name.
    pub fn named(name: &str, message: &str) -> Self {
        match name {
            "QuotaExceededError" => Self::Quota,
            "InvalidStateError" | "SecurityError" | "UnknownError" | "NotFoundError" => Self::Unavailable,
            _ => Self::Other(format!("{name}: {message}")),
        }
    }
}
