//! Exceptions as the JVM prints them, without stack frames. Serves the tools; invariant: class, message and chain of causes stand
//! as `Throwable.printStackTrace` gives them.

use ottla_client::JavaError;

/// What `printStackTrace` writes, frames left out.
pub fn stack_trace(error: &JavaError) -> String {
    let mut text = format!("{error}\n");
    let mut cause = error.cause.as_deref();
    while let Some(error) = cause {
        text.push_str(&format!("Caused by: {error}\n"));
        cause = error.cause.as_deref();
    }
    text
}

/// An exception of any package.
pub fn throwable(class: &str, message: impl Into<String>) -> JavaError {
    JavaError::new(class, message)
}
