//! `ottla sh`: a lab's terminals on standard input and output. Serves scripts and the curious; invariant: after each line
//! virtual time runs until the lab has been silent for a while, so a script's output does not depend on the machine.

use crate::option;
use ottla_lab::{
    Lab, LabConfig,
    protocol::{LabInput, TerminalStream},
};
use ottla_lesson::Step;
use std::{
    io::{self, BufRead, Write},
    process::ExitCode,
};

/// Silence after which the next line is read, and the longest wait, in milliseconds of virtual time.
const QUIET_MS: u64 = 2500;
const LIMIT_MS: u64 = 60_000;

pub fn main(args: &[&str]) -> ExitCode {
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("ottla sh: {reason}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &[&str]) -> Result<(), String> {
    let number = |name: &str, default: u64| option(args, name).map(|n| n.unwrap_or(default));
    let config = LabConfig {
        brokers: number("--brokers", 3)? as u32,
        controllers: number("--controllers", 3)? as u32,
        seed: number("--seed", 1)?,
        ..LabConfig::default()
    };
    let mut lab = Lab::new(config).map_err(|e| e.to_string())?;
    lab.settle();
    let mut terminals = 0;
    let mut shown = Shown::default();
    open(&mut lab, &mut terminals, 1);
    wait(&mut lab, &mut shown)?;
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|e| e.to_string())?;
        let step = if line.starts_with('[') || line.starts_with("@ ") {
            Step::parse(&line).map_err(|e| e.to_string())?
        } else {
            Step::Type(0, line)
        };
        if let Step::Type(n, _) | Step::Interrupt(n) | Step::EndOfInput(n) = &step {
            open(&mut lab, &mut terminals, n + 1);
        }
        step.take(&mut lab);
        wait(&mut lab, &mut shown)?;
    }
    Ok(())
}

fn open(lab: &mut Lab, terminals: &mut u32, wanted: u32) {
    while *terminals < wanted.min(16) {
        lab.apply(&LabInput::OpenTerminal);
        *terminals += 1;
    }
}

#[derive(Default)]
struct Shown {
    terminal: u32,
    line_open: bool,
}

fn wait(lab: &mut Lab, shown: &mut Shown) -> Result<(), String> {
    let limit = lab.now().plus_millis(LIMIT_MS);
    let mut silent_until = lab.now().plus_millis(QUIET_MS);
    loop {
        let more = lab.step(silent_until.min(limit));
        let chunks = lab.take_chunks();
        for chunk in &chunks {
            print(shown, chunk.terminal, chunk.stream, &chunk.text).map_err(|e| e.to_string())?;
        }
        if !chunks.is_empty() {
            silent_until = lab.now().plus_millis(QUIET_MS);
        }
        if !more {
            lab.run_until(silent_until.min(limit));
            return Ok(());
        }
    }
}

/// Prints a chunk; where another terminal speaks, its number stands first.
fn print(shown: &mut Shown, terminal: u32, stream: TerminalStream, text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if terminal != shown.terminal {
        if shown.line_open {
            writeln!(out)?;
        }
        writeln!(out, "--- terminal {}", terminal + 1)?;
        (shown.terminal, shown.line_open) = (terminal, false);
    }
    if stream == TerminalStream::Stderr {
        out.flush()?;
        io::stderr().write_all(text.as_bytes())?;
    } else {
        out.write_all(text.as_bytes())?;
    }
    shown.line_open = !text.ends_with('\n');
    out.flush()
}
