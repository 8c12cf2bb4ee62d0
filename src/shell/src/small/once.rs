//! Tools that do their work at the start and end. Serves `ls`, `seq`, `date`, …; invariant: one input, one answer.

use super::{args::Args, io::Io, manage, show, text};
use crate::program::Invocation;
use ottla_world::{Context, Input, Process, Time};
use std::any::Any;

type Run = fn(&mut Io<'_, '_>, &Invocation) -> u8;

const TOOLS: &[(&str, Run)] = &[
    ("cp", manage::cp),
    ("date", show::date),
    ("echo", |io, invocation| {
        io.write(&text::echo(&invocation.args));
        0
    }),
    ("env", show::env),
    ("false", |_, _| 1),
    ("jps", show::jps),
    ("ls", manage::ls),
    ("man", show::man),
    ("mkdir", manage::mkdir),
    ("mv", manage::mv),
    ("printf", |io, invocation| {
        if let Some((format, args)) = invocation.args.split_first() {
            io.write(&text::printf(format, args));
        }
        0
    }),
    ("ps", show::ps),
    ("rm", manage::rm),
    ("seq", show::seq),
    ("touch", manage::touch),
    ("true", |_, _| 0),
    ("which", show::which),
];

#[derive(Clone, Debug)]
struct Once {
    name: &'static str,
    run: Run,
    invocation: Invocation,
}

/// The process of such a tool; `None` if there is none of that name.
pub fn boxed(name: &str, invocation: &Invocation) -> Option<Box<dyn Process>> {
    let (name, run) = *TOOLS.iter().find(|(n, _)| *n == name)?;
    Some(Box::new(Once { name, run, invocation: invocation.clone() }))
}

/// Reads options; an error is printed and ends the tool with code 1.
pub fn args(io: &mut Io<'_, '_>, invocation: &Invocation, flags: &str, valued: &str) -> Result<Args, u8> {
    Args::parse(&invocation.args, flags, valued).map_err(|message| {
        io.error(message);
        1
    })
}

impl Process for Once {
    fn name(&self) -> &str {
        self.name
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        if input != Input::Start {
            return;
        }
        let mut io = Io::new(cx, self.name);
        let code = (self.run)(&mut io, &self.invocation);
        io.finish();
        cx.exit(code);
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
