//! Kafka's error codes: number, name, exception, message and whether a client tries again.
//!
//! Serves brokers and controllers (which answer with codes) and the tools (which print names, exceptions and messages
//! to the letter). Invariant: every code of Kafka 4.3 has exactly one row in the table.

mod table;

pub use table::ErrorCode;

/// How a client takes an error: by the base class of its exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No retry.
    Fatal,
    /// RetriableException.
    Retriable,
    /// InvalidMetadataException: retriable after a refresh of the metadata.
    InvalidMetadata,
}

macro_rules! define_error_codes {
    ($($code:literal, $variant:ident, $name:literal, $exception:literal, $kind:ident, $message:literal;)*) => {
        /// An error code of the protocol (Kafka: `Errors`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ErrorCode {
            $(
                #[doc = $message]
                $variant = $code,
            )*
        }

        impl ErrorCode {
            /// All codes in the order of their numbers.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$variant),*];

            /// The error with this number; UNKNOWN_SERVER_ERROR for a number that Kafka 4.3 does not know.
            pub fn from_code(code: i16) -> ErrorCode {
                match code {
                    $($code => ErrorCode::$variant,)*
                    _ => ErrorCode::UnknownServerError,
                }
            }

            pub(super) fn row(self) -> (&'static str, &'static str, Kind, &'static str) {
                match self {
                    $(ErrorCode::$variant => ($name, $exception, Kind::$kind, $message),)*
                }
            }
        }
    };
}

use define_error_codes;

impl ErrorCode {
    /// The number on the wire.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// Whether this is NONE.
    pub fn is_none(self) -> bool {
        self == ErrorCode::None
    }

    /// The name in capitals, such as `NOT_LEADER_OR_FOLLOWER`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The simple name of the exception, such as `NotLeaderOrFollowerException`. Empty for NONE.
    pub fn exception(self) -> &'static str {
        self.row().1
    }

    /// The exception with its package, as traces and `Caused by:` lines print it. Empty for NONE.
    pub fn exception_class(self) -> String {
        match self {
            ErrorCode::None => String::new(),
            ErrorCode::InvalidRecord => format!("org.apache.kafka.common.{}", self.exception()),
            _ => format!("org.apache.kafka.common.errors.{}", self.exception()),
        }
    }

    /// The default message, as the client library words it; the name for NONE.
    pub fn message(self) -> &'static str {
        self.row().3
    }

    /// Whether a client may send the same request again (RetriableException).
    pub fn is_retriable(self) -> bool {
        self.row().2 != Kind::Fatal
    }

    /// Whether a client refreshes its metadata before it tries again (InvalidMetadataException).
    pub fn is_invalid_metadata(self) -> bool {
        self.row().2 == Kind::InvalidMetadata
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
