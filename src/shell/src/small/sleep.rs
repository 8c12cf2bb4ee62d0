//! `sleep`. Serves scripts; invariant: it ends exactly when its time is over, or by a signal.

use super::{args::duration_us, io::Io};
use crate::program::Invocation;
use ottla_world::{Context, Input, Process, Time};
use std::any::Any;

#[derive(Clone, Debug)]
struct Sleep {
    args: Vec<String>,
    until: Option<Time>,
}

/// The process of `sleep`.
pub fn boxed(invocation: &Invocation) -> Box<dyn Process> {
    Box::new(Sleep { args: invocation.args.clone(), until: None })
}

impl Sleep {
    fn start(&mut self, cx: &mut Context<'_>) {
        let mut io = Io::new(cx, "sleep");
        let mut total = 0u64;
        let mut code = None;
        if self.args.is_empty() {
            io.error("missing operand");
            code = Some(1);
        }
        for arg in &self.args {
            match duration_us(arg) {
                Some(us) => total = total.saturating_add(us),
                None => {
                    io.error(format!("invalid time interval '{arg}'"));
                    code = Some(1);
                }
            }
        }
        io.finish();
        match code {
            Some(code) => cx.exit(code),
            None => self.until = Some(cx.now() + total),
        }
    }
}

impl Process for Sleep {
    fn name(&self) -> &str {
        "sleep"
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Start => self.start(cx),
            Input::Wake => cx.exit(0),
            Input::Signal(signal) => cx.exit(128 + signal.number()),
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
