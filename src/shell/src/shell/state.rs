//! The shell's state and how inputs reach it. Serves the world; invariant: at most one thing is waited for at a time, and the prompt
//! stands only when nothing is.

use super::{ShellOptions, frames::Frame, jobs::Jobs, streams::Streams, variables::Variables};
use crate::lang::{List, parse};
use ottla_world::{Context, ExitStatus, Fd, Input, Pid, PipeId, Process, Signal, TerminalId, Time};
use std::{any::Any, collections::VecDeque, sync::Arc};

/// Commands run without letting time pass, at most: a loop of builtins must not hold up the world.
const STEPS_AT_ONCE: u32 = 500;
/// How long the shell then rests.
const REST_MS: u64 = 1;

/// What the shell waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// Nothing.
    No,
    /// The processes of a pipeline in the foreground.
    Foreground { pids: Vec<Pid>, done: Vec<(Pid, ExitStatus)>, job: Option<u32> },
    /// What the commands of a substitution print.
    Substitution { pid: Pid, pipe: PipeId, data: Vec<u8>, closed: bool, exited: bool },
    /// A line for `read`.
    Line { names: Vec<String> },
    /// Jobs in the background, for `wait`.
    Jobs { ids: Vec<u32> },
    /// Time to pass in a loop that never rests.
    Rest,
}

/// The shell.
#[derive(Clone, Debug)]
pub struct Shell {
    pub(super) interactive: bool,
    pub(super) program: Option<Program>,
    pub(super) terminal: Option<TerminalId>,
    pub(super) variables: Variables,
    pub(super) cwd: String,
    pub(super) pipefail: bool,
    pub(super) status: u8,
    pub(super) last_background: Option<Pid>,
    pub(super) shell_pid: Option<Pid>,
    pub(super) frames: Vec<Frame>,
    pub(super) streams: Streams,
    pub(super) waiting: Waiting,
    pub(super) jobs: Jobs,
    pub(super) running_text: String,
    pub(super) history: Vec<String>,
    /// Whether the shell has waited for anything: before that it may go on as its only command.
    pub(super) has_waited: bool,
    pub(super) exiting: Option<u8>,
    pub(super) piped: Vec<u8>,
    pub(super) piped_end: bool,
    pub(super) typed: VecDeque<bytes::Bytes>,
    pub(super) unfinished: String,
    pub(super) prompted: bool,
    wake: Option<Time>,
}

/// What a shell that is not interactive runs.
#[derive(Clone, Debug)]
pub(super) enum Program {
    /// `bash -c TEXT`
    Text(String),
    /// A part of another shell's program: a subshell.
    List(Arc<List>),
}

impl Shell {
    /// A shell that has not started yet.
    pub fn new(options: ShellOptions) -> Shell {
        let ShellOptions { script, terminal, cwd, env } = options;
        let cwd = cwd.trim_matches('/').to_owned();
        let mut variables = Variables::new(&env);
        for (name, value) in [("HOME", format!("/{cwd}")), ("PWD", format!("/{cwd}"))] {
            if variables.get(name).is_none() {
                variables.set(name, value);
                variables.export(name);
            }
        }
        Shell {
            interactive: script.is_none(),
            program: script.map(Program::Text),
            terminal,
            variables,
            cwd,
            pipefail: false,
            status: 0,
            last_background: None,
            shell_pid: None,
            frames: Vec::new(),
            streams: Streams::default(),
            waiting: Waiting::No,
            jobs: Jobs::default(),
            running_text: String::new(),
            history: Vec::new(),
            has_waited: false,
            exiting: None,
            piped: Vec::new(),
            piped_end: false,
            typed: VecDeque::new(),
            unfinished: String::new(),
            prompted: false,
            wake: None,
        }
    }

    /// A shell that runs a part of this one's program, with a copy of its variables.
    pub(super) fn subshell(&self, list: Arc<List>) -> Shell {
        Shell {
            interactive: false,
            program: Some(Program::List(list)),
            frames: Vec::new(),
            streams: Streams::default(),
            waiting: Waiting::No,
            jobs: Jobs::default(),
            history: Vec::new(),
            has_waited: false,
            exiting: None,
            piped: Vec::new(),
            typed: VecDeque::new(),
            unfinished: String::new(),
            wake: None,
            ..self.clone()
        }
    }

    /// The lines typed at the prompt so far, oldest first.
    pub fn history(&self) -> &[String] {
        &self.history
    }

    /// The working directory, without the leading `/`.
    pub fn cwd(&self) -> &str {
        &self.cwd
    }

    /// Whether the shell stands at its prompt: the next line typed is a command.
    pub fn at_prompt(&self) -> bool {
        self.interactive && self.waiting == Waiting::No && self.frames.is_empty()
    }

    pub(super) fn print(&self, cx: &mut Context<'_>, fd: Fd, text: impl AsRef<[u8]>) {
        self.streams.write(cx, fd, text.as_ref());
    }

    /// `bash: MESSAGE` on standard error.
    pub(super) fn complain(&self, cx: &mut Context<'_>, message: impl AsRef<str>) {
        let place = if self.interactive { "" } else { "line 1: " };
        self.print(cx, Fd::Stderr, format!("bash: {place}{}\n", message.as_ref()));
    }

    fn start(&mut self, cx: &mut Context<'_>) {
        self.shell_pid.get_or_insert(cx.pid());
        self.streams = Streams::of(cx.stdio());
        self.take_terminal(cx);
        match self.program.take() {
            None => self.next_line(cx),
            Some(Program::List(list)) => {
                self.frames.push(Frame::list(&list));
                self.run(cx);
            }
            Some(Program::Text(text)) => match parse(&text) {
                Ok(list) => {
                    self.frames.push(Frame::list(&Arc::new(list)));
                    self.run(cx);
                }
                Err(error) => {
                    let quoted = text.lines().next().unwrap_or_default();
                    let second = match error.wants_more() {
                        true => String::new(),
                        false => format!("bash: -c: line 1: `{quoted}'\n"),
                    };
                    self.print(cx, Fd::Stderr, format!("bash: -c: line 1: {error}\n{second}"));
                    cx.exit(2);
                }
            },
        }
    }

    /// Makes this shell the one that hears the terminal.
    pub(super) fn take_terminal(&self, cx: &mut Context<'_>) {
        if let Some(terminal) = self.terminal {
            let me = cx.pid();
            cx.foreground(terminal, vec![me]);
        }
    }

    /// Runs until there is something to wait for, or nothing left.
    pub(super) fn run(&mut self, cx: &mut Context<'_>) {
        let mut steps = 0;
        while self.waiting == Waiting::No && self.exiting.is_none() {
            if !self.step(cx) {
                break;
            }
            steps += 1;
            if steps == STEPS_AT_ONCE {
                self.waiting = Waiting::Rest;
                self.wake = Some(cx.now().plus_millis(REST_MS));
            }
        }
        if let Some(code) = self.exiting {
            return cx.exit(code);
        }
        if self.waiting != Waiting::No {
            self.has_waited = true;
        } else if !self.interactive {
            cx.exit(self.status);
        } else {
            self.take_terminal(cx);
            self.next_line(cx);
        }
    }

    fn interrupt(&mut self, cx: &mut Context<'_>) {
        if matches!(self.waiting, Waiting::Foreground { .. }) {
            // The processes in the foreground were told, too; the shell goes by what they make of it.
            return;
        }
        if !self.interactive {
            return cx.exit(130);
        }
        if let Waiting::Substitution { pid, .. } = self.waiting {
            cx.signal(pid, Signal::Interrupt);
        }
        self.abandon(130);
        self.unfinished.clear();
        self.typed.clear();
        self.print(cx, Fd::Stdout, "\n");
        self.take_terminal(cx);
        self.prompted = true;
        self.prompt(cx);
    }

    /// Forgets what is left of the command line.
    pub(super) fn abandon(&mut self, status: u8) {
        while let Some(frame) = self.frames.pop() {
            if let Frame::Restore(streams) = frame {
                self.streams = *streams;
            }
        }
        self.status = status;
        self.waiting = Waiting::No;
        self.wake = None;
    }
}

impl Process for Shell {
    fn name(&self) -> &str {
        "bash"
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Start => self.start(cx),
            Input::Stdin(data) => self.stdin(cx, data),
            Input::StdinClosed => self.stdin_closed(cx),
            Input::Signal(Signal::Interrupt) => self.interrupt(cx),
            Input::Signal(signal) if !self.interactive => cx.exit(128 + signal.number()),
            Input::ChildExited { pid, status } => self.child_exited(cx, pid, status),
            Input::Piped { pipe, data } => self.substitution_data(pipe, &data),
            Input::PipeClosed { pipe } => self.substitution_closed(cx, pipe),
            Input::Wake => {
                self.wake = None;
                if self.waiting == Waiting::Rest {
                    self.waiting = Waiting::No;
                    self.run(cx);
                }
            }
            _ => {}
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        self.wake
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
