//! The small tools that command lines lean on: `grep`, `head`, `seq`, … as processes.
//!
//! Serves the shell. Invariant: what a tool does not know of its original it refuses with the original's words.

mod args;
mod awk;
mod cut;
mod ends;
mod fault;
mod filter;
mod grep;
mod io;
mod manage;
mod once;
mod pattern;
mod sed;
mod show;
mod sleep;
mod sort;
mod text;
mod timeout;
mod wc;
mod xargs;

pub use text::{echo, printf};

use crate::program::{CommandInfo, CommandKind, Invocation, Program};
use ottla_world::Process;

const fn info(name: &'static str, summary: &'static str) -> CommandInfo {
    CommandInfo { name, summary, kind: CommandKind::Small }
}

/// The small tools, by name.
pub const COMMANDS: &[CommandInfo] = &[
    info("awk", "print chosen fields of each line"),
    info("cat", "print files, or standard input"),
    info("cp", "copy a file"),
    info("cut", "print chosen columns of each line"),
    info("date", "print the date of the lab"),
    info("env", "print the exported variables"),
    info("fault", "break something in the lab, or mend it; fault --help says what"),
    info("grep", "print the lines that match a pattern"),
    info("head", "print the first lines"),
    info("jps", "list the Java processes: brokers, controllers, tools"),
    info("ls", "list files"),
    info("man", "say in one line what a command is for"),
    info("mkdir", "make a directory"),
    info("mv", "rename a file"),
    info("ps", "list processes"),
    info("rm", "remove files"),
    info("sed", "edit each line: s/old/new/, 5q, 2,3p, /x/d"),
    info("seq", "print numbers in sequence"),
    info("sleep", "wait for some seconds"),
    info("sort", "sort lines"),
    info("tail", "print the last lines; -f goes on as the file grows"),
    info("tee", "write standard input to a file and on"),
    info("timeout", "run a command and end it after some seconds"),
    info("touch", "make an empty file"),
    info("tr", "replace or delete characters"),
    info("uniq", "drop repeated lines"),
    info("wc", "count lines, words and bytes"),
    info("which", "print where a command is"),
    info("xargs", "run a command with arguments from standard input"),
];

/// The program of a small tool; `None` if there is none of that name.
pub fn program(name: &str, invocation: &Invocation) -> Option<Program> {
    let reads = |process: Box<dyn Process>| Some(Program { process, reads_stdin: true, startup_us: 1000 });
    let plain = |process: Box<dyn Process>| Some(Program { process, reads_stdin: false, startup_us: 1000 });
    match name {
        "cat" => reads(filter::boxed("cat", text::cat, invocation)),
        "tee" => reads(filter::boxed("tee", text::tee, invocation)),
        "grep" => reads(filter::boxed("grep", grep::grep, invocation)),
        "head" if invocation.args.iter().any(|a| a.starts_with("-c")) => {
            reads(filter::boxed("head", ends::head_bytes, invocation))
        }
        "head" => reads(filter::boxed("head", ends::head, invocation)),
        "tail" => reads(filter::boxed("tail", ends::tail, invocation)),
        "wc" => reads(filter::boxed("wc", wc::wc, invocation)),
        "sort" => reads(filter::boxed("sort", sort::sort, invocation)),
        "uniq" => reads(filter::boxed("uniq", sort::uniq, invocation)),
        "cut" => reads(filter::boxed("cut", cut::cut, invocation)),
        "tr" => reads(filter::boxed("tr", cut::tr, invocation)),
        "sed" => reads(filter::boxed("sed", sed::sed, invocation)),
        "awk" => reads(filter::boxed("awk", awk::awk, invocation)),
        "xargs" => reads(xargs::boxed(invocation)),
        "fault" => plain(fault::boxed(invocation)),
        "sleep" => plain(sleep::boxed(invocation)),
        "timeout" => plain(timeout::boxed(invocation)),
        _ => plain(once::boxed(name, invocation)?),
    }
}
