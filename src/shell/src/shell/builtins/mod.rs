//! Commands that the shell runs itself. Serves the interpreter; invariant: a builtin's redirections hold for it alone, except
//! those of `exec` without a command.

mod control;
mod process;
mod test;
mod variable;

use super::{BUILTINS, state::Shell, streams::Streams};
use crate::{
    program::{self, CommandKind},
    small,
};
use ottla_world::{Context, Fd};

/// Whether the shell runs this command itself.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.iter().any(|info| info.name == name)
}

impl Shell {
    pub(super) fn run_builtin(
        &mut self,
        cx: &mut Context<'_>,
        name: &str,
        args: Vec<String>,
        assignments: Vec<(String, String)>,
        streams: Streams,
    ) {
        if name == "exec" {
            return self.exec_builtin(cx, args, assignments, streams);
        }
        let outer = std::mem::replace(&mut self.streams, streams);
        let stdin_kept = outer.stdin == self.streams.stdin;
        self.status = self.builtin(cx, name, &args);
        let used = std::mem::replace(&mut self.streams, outer);
        if stdin_kept {
            self.streams.stdin = used.stdin;
        }
    }

    fn builtin(&mut self, cx: &mut Context<'_>, name: &str, args: &[String]) -> u8 {
        match name {
            ":" | "true" => 0,
            "false" => 1,
            "echo" => {
                self.print(cx, Fd::Stdout, small::echo(args));
                0
            }
            "printf" => self.printf(cx, args),
            "test" | "[" => self.test(cx, name, args),
            "cd" => self.cd(cx, args),
            "pwd" => {
                self.print(cx, Fd::Stdout, format!("/{}\n", self.cwd));
                0
            }
            "export" => self.export(cx, args),
            "set" => self.set(cx, args),
            "unset" => {
                args.iter().for_each(|name| self.variables.unset(name));
                0
            }
            "read" => {
                let names: Vec<String> = args.iter().filter(|a| !a.starts_with('-')).cloned().collect();
                let names = if names.is_empty() { vec!["REPLY".to_owned()] } else { names };
                self.start_read(names);
                self.status
            }
            "exit" => self.leave(cx, args),
            "break" | "continue" => {
                let count = args.first().and_then(|n| n.parse().ok()).unwrap_or(1);
                self.leave_loops(count, name == "continue");
                0
            }
            "kill" => self.kill(cx, args),
            "jobs" => {
                let table = self.jobs.table();
                self.print(cx, Fd::Stdout, table);
                self.jobs.take_ended();
                0
            }
            "fg" | "bg" => self.resume(cx, name, args),
            "wait" => self.wait(cx, args),
            "type" => self.type_of(cx, args),
            "help" => self.help(cx),
            "history" => {
                let rows = self.history.iter().enumerate().map(|(at, line)| format!("{:>5}  {line}\n", at + 1));
                self.print(cx, Fd::Stdout, rows.collect::<String>());
                0
            }
            "clear" => {
                self.print(cx, Fd::Stdout, "\x1b[H\x1b[2J\x1b[3J");
                0
            }
            "." => {
                self.complain(cx, ".: not part of this shell");
                2
            }
            other => {
                self.complain(cx, format!("{other}: not a shell builtin"));
                1
            }
        }
    }

    fn printf(&mut self, cx: &mut Context<'_>, args: &[String]) -> u8 {
        let args = if args.first().is_some_and(|a| a == "--") { &args[1..] } else { args };
        let Some((format, rest)) = args.split_first() else {
            self.print(cx, Fd::Stderr, "printf: usage: printf [-v var] format [arguments]\n");
            return 2;
        };
        self.print(cx, Fd::Stdout, small::printf(format, rest));
        0
    }

    fn type_of(&mut self, cx: &mut Context<'_>, args: &[String]) -> u8 {
        let mut code = 0;
        for name in args {
            let text = match (is_builtin(name), program::exists(name)) {
                (true, _) => format!("{name} is a shell builtin\n"),
                (false, true) if name.starts_with("kafka-") => format!("{name} is /opt/kafka/bin/{name}\n"),
                (false, true) => format!("{name} is /usr/bin/{name}\n"),
                (false, false) => {
                    self.complain(cx, format!("type: {name}: not found"));
                    code = 1;
                    continue;
                }
            };
            self.print(cx, Fd::Stdout, text);
        }
        code
    }

    fn help(&mut self, cx: &mut Context<'_>) -> u8 {
        let mut text = String::new();
        for (kind, title) in [
            (CommandKind::Kafka, "Kafka's tools (with or without .sh at the end):"),
            (CommandKind::Small, "Small tools:"),
            (CommandKind::Builtin, "The shell's own:"),
        ] {
            text += &format!("{title}\n");
            for info in super::commands().filter(|info| info.kind == kind) {
                text += &format!("  {:<24} {}\n", info.name, info.summary);
            }
        }
        self.print(cx, Fd::Stdout, text);
        0
    }
}
