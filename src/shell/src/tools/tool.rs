//! A Java program as a process: what it prints, how it ends. Serves Kafka's tools; invariant: output is gathered during one input
//! and written at its end, and nothing is written after the exit.

use crate::{
    files::{Files, resolve},
    java::{self, OptionSpec},
    program::Invocation,
};
use ottla_client::{JavaError, LogLine};
use ottla_world::{Context, Fd, Input, Process, Sink, Source, Time};
use std::{any::Any, collections::BTreeMap, fmt::Debug};

/// How long a Java program takes to come up, in microseconds.
pub const STARTUP_US: u64 = 300_000;

/// A Java program.
pub trait Main: Clone + Debug + 'static {
    /// The main class, as `jps` shows it.
    const CLASS: &'static str;
    /// Takes one input.
    fn input(&mut self, tool: &mut Tool<'_, '_>, input: &Input);
    /// When it wants to be woken.
    fn next_wakeup(&self) -> Option<Time>;
}

/// The program's surroundings during one input.
#[derive(Debug)]
pub struct Tool<'a, 'w> {
    /// The context.
    pub cx: &'a mut Context<'w>,
    /// How it was called.
    pub invocation: &'a Invocation,
    out: Vec<u8>,
    err: Vec<u8>,
    exit: Option<u8>,
}

impl Tool<'_, '_> {
    /// Prints a line on standard output.
    pub fn println(&mut self, line: impl AsRef<str>) {
        self.print(line.as_ref().as_bytes());
        self.print(b"\n");
    }

    /// Prints bytes on standard output.
    pub fn print(&mut self, data: &[u8]) {
        self.out.extend_from_slice(data);
    }

    /// Prints a line on standard error.
    pub fn eprintln(&mut self, line: impl AsRef<str>) {
        self.eprint(line.as_ref());
        self.eprint("\n");
    }

    /// Prints on standard error.
    pub fn eprint(&mut self, text: impl AsRef<str>) {
        self.err.extend_from_slice(text.as_ref().as_bytes());
    }

    /// Writes a log line.
    pub fn log(&mut self, line: &LogLine) {
        let text = java::log_line(self.cx.wall_ms(), line);
        self.eprint(text);
    }

    /// Writes an ERROR line of the tool itself.
    pub fn log_error(&mut self, text: impl Into<String>, logger: &'static str) {
        self.log(&java::error_line(text, logger));
    }

    /// Writes an ERROR line whose text is a whole stack trace, as `LOG.error(Utils.stackTrace(e))` does.
    pub fn log_trace(&mut self, error: &JavaError, logger: &'static str) {
        let time = crate::calendar::DateTime::from_millis(self.cx.wall_ms()).log4j();
        self.eprint(format!("[{time}] ERROR {} ({logger})\n", java::stack_trace(error)));
    }

    /// Message, stack trace and an empty line on standard error, exit code 1: how many tools end on an exception.
    pub fn die(&mut self, error: &JavaError) {
        self.eprintln(error.message.as_deref().unwrap_or("null"));
        self.eprintln(java::stack_trace(error));
        self.exit(1);
    }

    /// Writes an ERROR line and the exception it is about.
    pub fn log_exception(&mut self, text: &str, error: &JavaError, logger: &'static str) {
        self.log_error(format!("{text}\n{}", java::stack_trace(error)), logger);
    }

    /// Writes the lines that were logged before an exception.
    pub fn log_of(&mut self, error: &JavaError) {
        error.log.iter().for_each(|line| self.log(line));
    }

    /// Message and help on standard error, exit code 1 (`CommandLineUtils.printUsageAndExit`).
    pub fn usage(&mut self, message: &str, table: &[OptionSpec]) {
        self.eprintln(message);
        self.eprint(java::help(table));
        self.exit(1);
    }

    /// What an exception leaves that nobody caught: exit code 1.
    pub fn uncaught(&mut self, error: &JavaError) {
        self.log_of(error);
        self.eprint(format!("Exception in thread \"main\" {}", java::stack_trace(error)));
        self.exit(1);
    }

    /// Ends the program after this input.
    pub fn exit(&mut self, code: u8) {
        self.exit.get_or_insert(code);
    }

    /// Whether the program has ended.
    pub fn has_exited(&self) -> bool {
        self.exit.is_some()
    }

    /// Whether a person sits at standard input and output (`System.console()`).
    pub fn has_console(&self) -> bool {
        let stdio = self.cx.stdio();
        matches!(stdio.stdin, Source::Terminal(_))
            && (matches!(stdio.stdout, Sink::Terminal(_)) || matches!(stdio.stdout, Sink::Capture(_)))
    }

    /// A file of the host, by a path as typed.
    pub fn read_file(&mut self, path: &str) -> Option<String> {
        let name = resolve(&self.invocation.cwd, path);
        Files::of(self.cx).read_all(&name).map(|data| String::from_utf8_lossy(&data).into_owned())
    }

    /// The properties in a file.
    ///
    /// # Errors
    /// `java.nio.file.NoSuchFileException`.
    pub fn load_properties(&mut self, path: &str) -> Result<BTreeMap<String, String>, JavaError> {
        let missing = || java::throwable("java.nio.file.NoSuchFileException", path);
        self.read_file(path).map(|text| java::parse_properties(&text)).ok_or_else(missing)
    }
}

/// A Java program as a process.
#[derive(Clone, Debug)]
pub struct JavaProcess<M> {
    main: M,
    invocation: Invocation,
}

impl<M: Main> JavaProcess<M> {
    /// A process that has not started yet.
    pub fn boxed(main: M, invocation: &Invocation) -> Box<dyn Process> {
        Box::new(JavaProcess { main, invocation: invocation.clone() })
    }
}

impl<M: Main> Process for JavaProcess<M> {
    fn name(&self) -> &str {
        M::CLASS
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        let mut tool = Tool { cx, invocation: &self.invocation, out: vec![], err: vec![], exit: None };
        self.main.input(&mut tool, &input);
        let Tool { cx, out, err, exit, .. } = tool;
        if !out.is_empty() {
            cx.print(Fd::Stdout, out);
        }
        if !err.is_empty() {
            cx.print(Fd::Stderr, err);
        }
        if let Some(code) = exit {
            cx.exit(code);
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        self.main.next_wakeup()
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
