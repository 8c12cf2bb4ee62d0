//! `ottla replay`: a journal run again. Serves the proof of determinism and reports of violations; invariant: the first line is
//! one number, the same as the page's.

use crate::simulate;
use ottla_lab::{Lab, LabJournal};
use ottla_world::mutation;
use std::{fs, process::ExitCode};

pub fn main(path: &str, args: &[&str]) -> ExitCode {
    match run(path, args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("{path}: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// False if a guarantee is broken.
fn run(path: &str, args: &[&str]) -> Result<bool, String> {
    mutation::set(simulate::mutations(args)?.first().map(|(_, mutation)| *mutation));
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let journal = LabJournal::parse(&text).map_err(|e| e.to_string())?;
    println!("{:016x}", Lab::replay(&journal).map_err(|e| e.to_string())?.state_hash());
    let found = simulate::check(&journal)?;
    if let Some(found) = &found {
        println!("after {} ms: {}", found.at.as_millis(), found.broken);
    }
    Ok(found.is_none())
}
