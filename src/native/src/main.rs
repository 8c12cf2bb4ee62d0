//! The `ottla` binary: the lab without a page. Serves CI, authors and those who mend the engine; invariant: it only hosts
//! (files in, text out) and decides nothing about Kafka.

mod lesson;
mod replay;
mod sh;
mod simulate;
mod transcript;

use std::process::ExitCode;

const USAGE: &str = "\
ottla sh [--brokers N] [--controllers N] [--seed S]
      a lab's terminals on standard input and output: a line goes to terminal 1, `[2] line` to terminal 2,
      `[1]^C`, `[1]^D`, `@ kill 2`, `@ stop 2`, `@ start 2`, `@ pause 2`, `@ resume 2`, `@ power-cut 2`, `@ sleep 5`
ottla transcript check [--known FILE] [--list-known] PATH...
      runs recordings of real Kafka against the engine
ottla lesson check PATH...
      proves lessons: they start unsolved, their solutions win, their wrong ways lose
ottla simulate [--runs N] [--seed S] [--minutes M] [--verbose] [--mutation NAME|all]
      random clusters under random faults; a broken guarantee prints its seed; with rules that are wrong on purpose
      a table of what saw them
ottla simulate --shrink SEED --out FILE [--mutation NAME]
      a journal as short as can be that breaks the same guarantee as the seed
ottla replay JOURNAL [--mutation NAME]
      runs a journal again and prints the final state hash, and the guarantee it breaks, if it does
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["sh", ref rest @ ..] => sh::main(rest),
        ["transcript", "check", ref rest @ ..] => transcript::main(rest),
        ["lesson", "check", ref rest @ ..] => lesson::main(rest),
        ["simulate", ref rest @ ..] => simulate::main(rest),
        ["replay", path, ref rest @ ..] => replay::main(path, rest),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// The number after an option, if it is there.
///
/// # Errors
/// No number, or not one.
fn option(args: &[&str], name: &str) -> Result<Option<u64>, String> {
    let Some(at) = args.iter().position(|a| *a == name) else { return Ok(None) };
    let value = args.get(at + 1).ok_or_else(|| format!("{name}: a number is wanted"))?;
    value.parse().map(Some).map_err(|_| format!("{name}: {value} is no number"))
}
