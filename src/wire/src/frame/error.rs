//! What can be wrong with a frame.
//!
//! Serves whoever decodes: the variants keep what a server needs to answer or to say why it closes the connection.

use thiserror::Error;

/// A frame that cannot be read, or a message that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WireError {
    /// The length prefix is negative or above the limit (`socket.request.max.bytes`). Kafka: InvalidReceiveException.
    #[error("Invalid receive (size = {size_bytes} larger than {limit_bytes})")]
    InvalidFrameSize {
        /// The size that the prefix announces.
        size_bytes: i32,
        /// The largest size allowed.
        limit_bytes: i32,
    },
    /// The frame ends inside its header.
    #[error("frame of {size_bytes} bytes is too short for a header")]
    TruncatedHeader {
        /// The size of the frame.
        size_bytes: u64,
    },
    /// An API key that no version of the protocol known here has.
    #[error("unknown API key {api_key} (version {version})")]
    UnknownApi {
        /// The number of the API.
        api_key: i16,
        /// The version asked for.
        version: i16,
        /// The correlation id of the request.
        correlation_id: i32,
    },
    /// A known API in a version that cannot be read here. For ApiVersions, Kafka answers in version 0 with
    /// UNSUPPORTED_VERSION (KIP-511); for all others it closes the connection.
    #[error("unsupported version {version} of API key {api_key}")]
    UnsupportedVersion {
        /// The number of the API.
        api_key: i16,
        /// The version asked for.
        version: i16,
        /// The correlation id of the request.
        correlation_id: i32,
    },
    /// Bytes that are no message of this API and version.
    #[error("malformed message of API key {api_key}, version {version}: {reason}")]
    Malformed {
        /// The number of the API.
        api_key: i16,
        /// The version of the message.
        version: i16,
        /// What the decoder said.
        reason: String,
    },
    /// The message ended before the frame did.
    #[error("{left_bytes} bytes left after the message of API key {api_key}, version {version}")]
    TrailingBytes {
        /// The number of the API.
        api_key: i16,
        /// The version of the message.
        version: i16,
        /// How many bytes follow the message.
        left_bytes: u64,
    },
    /// A message that this version of its API cannot carry: a field set that the version lacks, a text too long.
    #[error("cannot write API key {api_key} in version {version}: {reason}")]
    Encode {
        /// The number of the API.
        api_key: i16,
        /// The version of the message.
        version: i16,
        /// What the encoder said.
        reason: String,
    },
}
