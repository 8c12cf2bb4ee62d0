//! Programs: what a command's name starts. Serves the shell and the tools that start others; invariant: every name that
//! completion offers can be started, and none else.

use crate::{small, tools};
use ottla_world::{Context, Process, SpawnSpec, Stdio};
use std::collections::BTreeMap;

/// How a program is called.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// The command as typed.
    pub name: String,
    /// Its arguments, without the name.
    pub args: Vec<String>,
    /// The working directory.
    pub cwd: String,
    /// The exported variables.
    pub env: BTreeMap<String, String>,
}

/// A program ready to start.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program.
    pub process: Box<dyn Process>,
    /// Whether it reads its standard input.
    pub reads_stdin: bool,
    /// How long it takes to come up, in microseconds.
    pub startup_us: u64,
}

/// One command, for completion and help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandInfo {
    /// Its name, as typed.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// Where it comes from.
    pub kind: CommandKind,
}

/// Where a command comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// The shell itself.
    Builtin,
    /// One of the usual small tools.
    Small,
    /// One of Kafka's tools.
    Kafka,
}

impl Invocation {
    /// The command line, as `ps` shows it.
    pub fn command_line(&self) -> String {
        let words: Vec<&str> =
            std::iter::once(self.name.as_str()).chain(self.args.iter().map(String::as_str)).collect();
        words.join(" ")
    }

    /// The program this starts; `None` if there is none of that name.
    pub fn program(&self) -> Option<Program> {
        let name = base_name(&self.name);
        tools::program(kafka_name(name), self).or_else(|| small::program(name, self))
    }

    /// Starts the program on the same host; `None` if there is none of that name.
    pub fn spawn(&self, cx: &mut Context<'_>, stdio: Stdio) -> Option<ottla_world::Pid> {
        let spec = self.spec(cx, stdio)?;
        Some(cx.spawn(spec))
    }

    /// What the world needs to start the program; `None` if there is none of that name.
    pub fn spec(&self, cx: &Context<'_>, stdio: Stdio) -> Option<SpawnSpec> {
        let Program { process, reads_stdin, startup_us } = self.program()?;
        let (host, command) = (cx.host(), self.command_line());
        Some(SpawnSpec { process, host, stdio, command, reads_stdin, delay_us: startup_us })
    }
}

/// Whether a program of this name can be started.
pub fn exists(name: &str) -> bool {
    let name = base_name(name);
    let known = |info: &CommandInfo| info.name == name || info.name == kafka_name(name);
    small::COMMANDS.iter().any(known) || tools::COMMANDS.iter().any(known)
}

/// The name without the directories before it: `bin/kafka-topics.sh` is `kafka-topics.sh`.
fn base_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Kafka's tools have two spellings: with `.sh` in Kafka's own package, without in others.
fn kafka_name(name: &str) -> &str {
    name.strip_suffix(".sh").unwrap_or(name)
}
