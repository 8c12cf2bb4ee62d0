//! Terminals: shell, small tools and Kafka's own tools as processes.
//!
//! Serves the lab. Invariant: a tool knows a cluster only through Kafka's protocol on its connections.

pub mod calendar;
pub mod editor;
pub mod files;
mod java;
pub mod lang;
pub mod program;
pub mod shell;
mod small;
mod tools;

pub use program::{CommandInfo, CommandKind};
pub use shell::{Shell, ShellOptions, commands, shell_process};
