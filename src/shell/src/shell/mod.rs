//! The shell: an interpreter of the command language as a process.
//!
//! Serves terminals (interactive) and scripts (`bash -c`). Invariant: whatever waits (a child, a substitution, a line) is data in
//! the shell's state, so that a world can be cloned in the middle of a loop.

mod builtins;
mod expand;
mod frames;
mod input;
mod jobs;
mod launch;
mod pipeline;
mod read_commands;
mod state;
mod streams;
#[cfg(test)]
mod tests;
mod variables;

pub use state::Shell;

use crate::{
    program::{CommandInfo, CommandKind},
    small, tools,
};
use ottla_world::{Process, TerminalId};
use std::collections::BTreeMap;

/// What a shell starts with.
#[derive(Clone, Debug, Default)]
pub struct ShellOptions {
    /// `bash -c SCRIPT`; without one the shell is interactive.
    pub script: Option<String>,
    /// The terminal it reads from and whose foreground it sets.
    pub terminal: Option<TerminalId>,
    /// The working directory.
    pub cwd: String,
    /// Exported variables.
    pub env: BTreeMap<String, String>,
}

/// A shell, ready to be started.
pub fn shell_process(options: ShellOptions) -> Box<dyn Process> {
    Box::new(Shell::new(options))
}

const fn builtin(name: &'static str, summary: &'static str) -> CommandInfo {
    CommandInfo { name, summary, kind: CommandKind::Builtin }
}

/// The commands the shell itself knows.
pub const BUILTINS: &[CommandInfo] = &[
    builtin(".", "not there: this shell reads no script files"),
    builtin(":", "do nothing"),
    builtin("[", "compare: [ $a = b ], [ 3 -lt 5 ], [ -f file ]"),
    builtin("bg", "let a job go on in the background"),
    builtin("break", "leave a loop"),
    builtin("cd", "change the working directory"),
    builtin("clear", "clear the screen"),
    builtin("continue", "go on with a loop's next round"),
    builtin("echo", "print words"),
    builtin("exec", "go on as another program"),
    builtin("exit", "leave the shell"),
    builtin("export", "hand a variable to programs"),
    builtin("false", "fail"),
    builtin("fg", "bring a job to the foreground"),
    builtin("help", "list the commands"),
    builtin("history", "list what was typed"),
    builtin("jobs", "list jobs in the background"),
    builtin("kill", "signal a process: kill -9 PID"),
    builtin("printf", "print by a format"),
    builtin("pwd", "print the working directory"),
    builtin("read", "read a line into variables"),
    builtin("set", "set -o pipefail: a pipeline fails with its first failure"),
    builtin("test", "compare, as ["),
    builtin("true", "succeed"),
    builtin("type", "say what a command is"),
    builtin("unset", "forget a variable"),
    builtin("wait", "wait for jobs in the background"),
];

/// All commands, for completion and help: builtins, small tools, Kafka's tools.
pub fn commands() -> impl Iterator<Item = &'static CommandInfo> {
    BUILTINS.iter().chain(small::COMMANDS).chain(tools::COMMANDS)
}
