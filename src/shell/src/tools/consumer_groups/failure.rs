//! How kafka-consumer-groups fails. Serves its actions; invariant: a usage error ends with 1, anything else is told with its stack
//! trace and ends with 0.

use super::options::TABLE;
use crate::{
    java::stack_trace,
    tools::admin::{AdminTool, Step},
};
use ottla_client::JavaError;

/// Why an action could not be done.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Wrong arguments (`IllegalArgumentException`): the message and the help.
    Usage(String),
    /// Anything else that was thrown.
    Thrown(JavaError),
}

impl From<JavaError> for Failure {
    fn from(error: JavaError) -> Failure {
        Failure::Thrown(error)
    }
}

impl Failure {
    /// Tells it, and ends the tool.
    pub fn tell(&self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        match self {
            Failure::Usage(message) => {
                io.tool.usage(message, TABLE);
                Step::Exit(1)
            }
            Failure::Thrown(error) => {
                let text = error.message.as_deref().unwrap_or("null");
                print_error(io, &format!("Executing consumer group command failed due to {text}"));
                io.tool.eprint(stack_trace(error));
                Step::Exit(0)
            }
        }
    }
}

/// Tells an error that is no exception.
pub fn print_error(io: &mut AdminTool<'_, '_, '_>, message: &str) {
    io.tool.println(format!("\nError: {message}"));
}

/// What `Future.get` makes of an error.
pub fn execution(error: JavaError) -> JavaError {
    JavaError::new("java.util.concurrent.ExecutionException", error.to_string()).caused_by(error)
}

/// An exception inside a `RuntimeException`.
pub fn runtime(error: JavaError) -> JavaError {
    JavaError::new("java.lang.RuntimeException", error.to_string()).caused_by(error)
}
