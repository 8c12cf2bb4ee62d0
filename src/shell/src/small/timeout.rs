//! `timeout`: runs a command and signals it when its time is over. Serves scripts; invariant: exit code 124 when the time ran
//! out, the command's own otherwise.

use super::{args::duration_us, io::Io};
use crate::program::Invocation;
use ottla_world::{Context, ExitStatus, Input, Pid, Process, Signal, Source, Time};
use std::any::Any;

#[derive(Clone, Debug)]
struct Timeout {
    invocation: Invocation,
    signal: Signal,
    child: Option<Pid>,
    until: Option<Time>,
    over: bool,
}

/// The process of `timeout`.
pub fn boxed(invocation: &Invocation) -> Box<dyn Process> {
    let invocation = invocation.clone();
    Box::new(Timeout { invocation, signal: Signal::Terminate, child: None, until: None, over: false })
}

impl Timeout {
    fn start(&mut self, cx: &mut Context<'_>) -> Result<(), (u8, String)> {
        let mut args = self.invocation.args.clone().into_iter().peekable();
        while let Some(flag) = args.next_if(|a| a.starts_with('-')) {
            let name = match flag.as_str() {
                "-s" | "--signal" => args.next().unwrap_or_default(),
                "-k" => {
                    args.next();
                    continue;
                }
                "--foreground" | "-f" => continue,
                other => other.strip_prefix("--signal=").or(other.strip_prefix("-s")).unwrap_or(other).to_owned(),
            };
            self.signal = Signal::parse(&name).ok_or((125, format!("{name}: invalid signal")))?;
        }
        let duration = args.next().ok_or((125, "missing operand".to_owned()))?;
        let us = duration_us(&duration).ok_or((125, format!("invalid time interval '{duration}'")))?;
        let name = args.next().ok_or((125, "missing operand".to_owned()))?;
        let command = Invocation { name: name.clone(), args: args.collect(), ..self.invocation.clone() };
        let stdio = cx.stdio().clone();
        let terminal = match stdio.stdin {
            Source::Terminal(id) => Some(id),
            _ => None,
        };
        let missing = (127, format!("failed to run command '{name}': No such file or directory"));
        let pid = command.spawn(cx, stdio).ok_or(missing)?;
        self.child = Some(pid);
        self.until = (us > 0).then(|| cx.now() + us);
        if let Some(terminal) = terminal {
            let me = cx.pid();
            cx.foreground(terminal, vec![me, pid]);
        }
        Ok(())
    }
}

impl Process for Timeout {
    fn name(&self) -> &str {
        "timeout"
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Start => {
                if let Err((code, message)) = self.start(cx) {
                    let mut io = Io::new(cx, "timeout");
                    io.error(message);
                    io.finish();
                    cx.exit(code);
                }
            }
            Input::Wake => {
                (self.until, self.over) = (None, true);
                if let Some(child) = self.child {
                    cx.signal(child, self.signal);
                }
            }
            Input::ChildExited { pid, status } if Some(pid) == self.child => match (self.over, status) {
                (true, ExitStatus::Signal(Signal::Kill)) => cx.exit(137),
                (true, _) => cx.exit(124),
                (false, status) => cx.exit(status.shell_code()),
            },
            Input::Signal(Signal::Terminate) => {
                if let Some(child) = self.child {
                    cx.signal(child, Signal::Terminate);
                }
            }
            _ => {}
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        self.until
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
