//! `exit` and `exec`. Serves the shell; invariant: the last status is the exit code unless another is given.

use super::super::{
    state::{Shell, Waiting},
    streams::Streams,
};
use crate::program;
use ottla_world::{Context, Fd};

impl Shell {
    pub(super) fn leave(&mut self, cx: &mut Context<'_>, args: &[String]) -> u8 {
        let code = match args.first() {
            None => self.status,
            Some(text) => match text.parse::<i64>() {
                Ok(number) => number.rem_euclid(256) as u8,
                Err(_) => {
                    self.complain(cx, format!("exit: {text}: numeric argument required"));
                    2
                }
            },
        };
        if self.interactive {
            self.print(cx, Fd::Stderr, "exit\n");
        }
        self.exiting = Some(code);
        code
    }

    pub(super) fn exec_builtin(
        &mut self,
        cx: &mut Context<'_>,
        mut args: Vec<String>,
        assignments: Vec<(String, String)>,
        mut streams: Streams,
    ) {
        if args.is_empty() {
            self.streams = streams;
            self.status = 0;
            return;
        }
        let name = args.remove(0);
        if !program::exists(&name) {
            self.complain(cx, format!("exec: {name}: not found"));
            self.exiting = (!self.interactive).then_some(127);
            self.status = 127;
            return;
        }
        let invocation = self.invocation(name, args, assignments);
        let untouched = streams.stdin == self.streams.stdin && streams.stdin == Streams::of(cx.stdio()).stdin;
        if !self.has_waited && untouched {
            return self.exec(cx, &invocation, &mut streams);
        }
        self.frames.clear();
        if let Some(pid) = self.spawn(cx, &invocation, &mut streams) {
            self.wait_for(cx, vec![pid], None);
            debug_assert!(self.waiting != Waiting::No);
        }
    }
}
