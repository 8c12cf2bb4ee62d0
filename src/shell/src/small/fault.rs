//! `fault`: breaks things in the lab and mends them. Serves learners who would rather type than click; invariant: a process
//! can't touch the world, so the words go to whoever runs it, who answers.

use crate::program::Invocation;
use ottla_world::{Context, Fd, Input, Process, Time};
use std::any::Any;

#[derive(Clone, Debug)]
struct FaultCommand {
    args: Vec<String>,
}

/// The process of `fault`.
pub fn boxed(invocation: &Invocation) -> Box<dyn Process> {
    Box::new(FaultCommand { args: invocation.args.clone() })
}

impl Process for FaultCommand {
    fn name(&self) -> &str {
        "fault"
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Start => {
                let words = std::iter::once("fault".to_owned()).chain(self.args.iter().cloned());
                cx.ask_host(words.collect());
            }
            Input::HostAnswered { code, text } => {
                let fd = if code == 0 { Fd::Stdout } else { Fd::Stderr };
                if !text.is_empty() {
                    cx.print(fd, text);
                }
                cx.exit(code);
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
