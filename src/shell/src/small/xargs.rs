//! `xargs`: runs a command with words from standard input, one run after the other. Serves pipelines; invariant: exit code 123
//! when a run failed, as the original.

use super::{args::Args, io::Io};
use crate::program::Invocation;
use ottla_world::{Context, Input, Process, Source, Stdio, Time};
use std::{any::Any, collections::VecDeque};

#[derive(Clone, Debug)]
struct Xargs {
    invocation: Invocation,
    input: Vec<u8>,
    runs: VecDeque<Invocation>,
    failed: bool,
}

/// The process of `xargs`.
pub fn boxed(invocation: &Invocation) -> Box<dyn Process> {
    let invocation = invocation.clone();
    Box::new(Xargs { invocation, input: Vec::new(), runs: VecDeque::new(), failed: false })
}

/// The options end where the command begins.
fn split(args: &[String]) -> (&[String], &[String]) {
    let mut at = 0;
    while let Some(arg) = args.get(at).filter(|a| a.starts_with('-')) {
        at += 1 + usize::from(matches!(arg.as_str(), "-n" | "-I" | "-P"));
    }
    args.split_at(at.min(args.len()))
}

impl Xargs {
    fn plan(&mut self) -> Result<(), String> {
        let (options, command) = split(&self.invocation.args);
        let args = Args::parse(options, "rt", "nIP")?;
        let (name, fixed) = match command.split_first() {
            Some((name, fixed)) => (name.clone(), fixed.to_vec()),
            None => ("echo".to_owned(), Vec::new()),
        };
        let input = String::from_utf8_lossy(&self.input).into_owned();
        let run = |args| Invocation { name: name.clone(), args, ..self.invocation.clone() };
        if let Some(mark) = args.value('I') {
            let lines = input.lines().filter(|l| !l.is_empty());
            self.runs = lines.map(|line| run(fixed.iter().map(|a| a.replace(mark, line)).collect())).collect();
            return Ok(());
        }
        let words: Vec<String> = input.split_whitespace().map(str::to_owned).collect();
        let size = match args.value('n') {
            Some(n) => {
                n.parse::<usize>().ok().filter(|n| *n > 0).ok_or(format!("invalid number \"{n}\" for -n option"))?
            }
            None => words.len().max(1),
        };
        self.runs = words.chunks(size).map(|chunk| run([fixed.as_slice(), chunk].concat())).collect();
        if words.is_empty() && !args.has('r') {
            self.runs = VecDeque::from([run(fixed)]);
        }
        Ok(())
    }

    fn next(&mut self, cx: &mut Context<'_>) {
        let Some(run) = self.runs.pop_front() else {
            return cx.exit(if self.failed { 123 } else { 0 });
        };
        let stdio = Stdio { stdin: Source::Null, ..cx.stdio().clone() };
        if run.spawn(cx, stdio).is_none() {
            let mut io = Io::new(cx, "xargs");
            io.error(format!("{}: No such file or directory", run.name));
            io.finish();
            cx.exit(127);
        }
    }
}

impl Process for Xargs {
    fn name(&self) -> &str {
        "xargs"
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Stdin(data) => self.input.extend_from_slice(&data),
            Input::StdinClosed => match self.plan() {
                Ok(()) => self.next(cx),
                Err(message) => {
                    let mut io = Io::new(cx, "xargs");
                    io.error(message);
                    io.finish();
                    cx.exit(1);
                }
            },
            Input::ChildExited { status, .. } => {
                self.failed |= status.shell_code() != 0;
                self.next(cx);
            }
            Input::Signal(signal) => cx.exit(128 + signal.number()),
            _ => {}
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        None
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
