//! Kafka's own command-line tools, as processes on the client crate.
//!
//! Serves the shell. Invariant: a tool talks to a cluster only over the wire, and prints what the real tool prints.

use crate::program::{CommandInfo, Invocation, Program};

/// Kafka's tools, by name without `.sh`.
pub const COMMANDS: &[CommandInfo] = &[];

/// The program of a Kafka tool; `None` if there is none of that name.
pub fn program(name: &str, invocation: &Invocation) -> Option<Program> {
    let _ = (name, invocation);
    None
}
