//! Tools that show something: `date`, `seq`, `env`, `which`, `ps`, `jps`, `man`. Serves the shell; invariant: the process lists
//! show what the world says, nothing else.

use super::{io::Io, once::args};
use crate::{
    calendar::DateTime,
    program::{self, Invocation},
    shell,
};
use ottla_world::{ProcessInfo, ProcessState};

/// `date`.
pub fn date(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    let now = DateTime::from_millis(io.cx.wall_ms());
    let formats: Vec<&str> = invocation.args.iter().filter_map(|a| a.strip_prefix('+')).collect();
    match (formats.as_slice(), invocation.args.iter().find(|a| !a.starts_with(['+', '-']))) {
        (_, Some(other)) => {
            io.error(format!("invalid date '{other}'"));
            return 1;
        }
        ([format, ..], None) => io.line(now.format(format)),
        ([], None) => io.line(now.format("%a %b %e %T %Z %Y")),
    }
    0
}

/// Numbers that `seq` prints, at most.
const MAX_NUMBERS: usize = 1_000_000;

/// `seq`.
pub fn seq(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    let (mut separator, mut words) = ("\n".to_owned(), invocation.args.as_slice());
    if let [flag, value, rest @ ..] = words
        && flag == "-s"
    {
        (separator, words) = (value.clone(), rest);
    }
    let mut numbers = Vec::new();
    for word in words {
        let Ok(number) = word.parse::<i64>() else {
            io.error(format!("invalid floating point argument: '{word}'"));
            return 1;
        };
        numbers.push(number);
    }
    let (first, step, last) = match numbers.as_slice() {
        [last] => (1, 1, *last),
        [first, last] => (*first, 1, *last),
        [first, step, last] if *step != 0 => (*first, *step, *last),
        [_, _, _] => {
            io.error("invalid Zero increment value: '0'");
            return 1;
        }
        _ => {
            io.error("missing operand");
            return 1;
        }
    };
    let next = |n: &i64| n.checked_add(step);
    let within = |n: &i64| if step > 0 { *n <= last } else { *n >= last };
    let texts: Vec<String> =
        std::iter::successors(Some(first), next).take_while(within).take(MAX_NUMBERS).map(|n| n.to_string()).collect();
    if !texts.is_empty() {
        io.line(texts.join(&separator));
    }
    0
}

/// `env`.
pub fn env(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    for (name, value) in &invocation.env {
        io.line(format!("{name}={value}"));
    }
    0
}

/// `which`.
pub fn which(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    let mut code = 0;
    for name in &invocation.args {
        match program::exists(name) {
            true if name.starts_with("kafka-") => io.line(format!("/opt/kafka/bin/{name}")),
            true => io.line(format!("/usr/bin/{name}")),
            false => code = 1,
        }
    }
    code
}

/// Whether a process is a program of the Java machine: those are named after their main class.
fn is_java(info: &ProcessInfo) -> bool {
    info.name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// `jps`.
pub fn jps(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    let args = match args(io, invocation, "lmvq", "") {
        Ok(args) => args,
        Err(code) => return code,
    };
    let mut rows: Vec<(u32, String)> = Vec::new();
    for info in io.cx.processes().values().filter(|i| is_java(i)) {
        rows.push((info.pid.0, if args.has('m') { info.command.clone() } else { info.name.clone() }));
    }
    rows.push((io.cx.pid().0, "Jps".to_owned()));
    rows.sort();
    for (pid, name) in rows {
        io.line(if args.has('q') { pid.to_string() } else { format!("{pid} {name}") });
    }
    0
}

/// `ps`: all processes of the lab, however it is asked.
pub fn ps(io: &mut Io<'_, '_>, _: &Invocation) -> u8 {
    io.line("    PID STAT     TIME COMMAND");
    let now = io.cx.now();
    let rows: Vec<String> = io
        .cx
        .processes()
        .values()
        .map(|info| {
            let seconds = now.millis_since(info.started) / 1000;
            let state = if info.state == ProcessState::Stopped { 'T' } else { 'S' };
            let command = if info.command.is_empty() { &info.name } else { &info.command };
            format!("{:>7} {state}    {:>5}:{:02} {command}", info.pid.0, seconds / 60, seconds % 60)
        })
        .collect();
    rows.into_iter().for_each(|row| io.line(row));
    0
}

/// `man`.
pub fn man(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    let Some(name) = invocation.args.first() else {
        io.line("What manual page do you want?\nFor example, try 'man seq'.");
        return 1;
    };
    let bare = name.strip_suffix(".sh").unwrap_or(name);
    match shell::commands().find(|info| info.name == bare) {
        Some(info) => {
            io.line(format!("{name} - {}", info.summary));
            0
        }
        None => {
            io.line(format!("No manual entry for {name}"));
            16
        }
    }
}
