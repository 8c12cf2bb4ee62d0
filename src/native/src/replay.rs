//! `ottla replay`: a journal run again. Serves the proof of determinism; invariant: prints one number, the same as the
//! page's.

use ottla_lab::{Lab, LabJournal};
use std::{fs, process::ExitCode};

pub fn main(path: &str) -> ExitCode {
    match run(path) {
        Ok(hash) => {
            println!("{hash:016x}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{path}: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &str) -> Result<u64, String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let journal = LabJournal::parse(&text).map_err(|e| e.to_string())?;
    Ok(Lab::replay(&journal).map_err(|e| e.to_string())?.state_hash())
}
