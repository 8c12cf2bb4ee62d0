//! Failures as the Java clients throw them. Serves the tools, which print class and message; invariant: the class is the
//! fully qualified name of Kafka's (or the JDK's) exception.

use crate::LogLine;
use ottla_wire::ErrorCode;
use std::fmt;

/// An exception of the Java client: what `Throwable.toString` would print, and its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaError {
    /// The fully qualified class, such as `org.apache.kafka.common.errors.TimeoutException`.
    pub class: String,
    /// The message; `None` for an exception without one.
    pub message: Option<String>,
    /// What caused it (`Caused by:` in a stack trace).
    pub cause: Option<Box<JavaError>>,
    /// Lines that were logged before a client could not be made; empty otherwise.
    pub log: Vec<LogLine>,
}

impl JavaError {
    /// An exception of this class with this message.
    pub fn new(class: impl Into<String>, message: impl Into<String>) -> JavaError {
        JavaError { class: class.into(), message: Some(message.into()), cause: None, log: Vec::new() }
    }

    /// An exception of the package `org.apache.kafka.common.errors`; `name` is the bare class name.
    pub fn kafka(name: &str, message: impl Into<String>) -> JavaError {
        JavaError::new(format!("org.apache.kafka.common.errors.{name}"), message)
    }

    /// `org.apache.kafka.common.errors.TimeoutException`.
    pub fn timeout(message: impl Into<String>) -> JavaError {
        JavaError::kafka("TimeoutException", message)
    }

    /// `org.apache.kafka.common.config.ConfigException`.
    pub fn config(message: impl Into<String>) -> JavaError {
        JavaError::new("org.apache.kafka.common.config.ConfigException", message)
    }

    /// The exception of an error code; the broker's message, or the code's own where it gave none
    /// (`Errors.exception(message)`).
    pub fn of(code: ErrorCode, message: Option<&str>) -> JavaError {
        JavaError::new(code.exception_class(), message.unwrap_or_else(|| code.message()))
    }

    /// The error of a response's code and message; `None` for NONE.
    pub fn from_code(code: i16, message: Option<&str>) -> Option<JavaError> {
        let code = ErrorCode::from_code(code);
        (!code.is_none()).then(|| JavaError::of(code, message))
    }

    /// The same with a cause.
    #[must_use]
    pub fn caused_by(mut self, cause: JavaError) -> JavaError {
        self.cause = Some(Box::new(cause));
        self
    }

    /// The class without its package.
    pub fn simple_name(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or(&self.class)
    }

    /// The message, empty if there is none (`getMessage`).
    pub fn text(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }

    /// Whether it is of this class, named without its package.
    pub fn is(&self, simple_name: &str) -> bool {
        self.simple_name() == simple_name
    }
}

impl fmt::Display for JavaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.class),
            None => f.write_str(&self.class),
        }
    }
}

impl std::error::Error for JavaError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|c| c as _)
    }
}
