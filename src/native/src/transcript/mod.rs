//! `ottla transcript check`: recordings of real Kafka, run against the engine and compared. Serves CI and those who mend
//! the engine; invariant: only `masks.toml` and a file's own flags forgive a difference.

mod compare;
mod known;
mod masks;
mod runner;
mod script;

use known::Known;
use masks::Masks;
use script::{Script, ScriptError};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Where the masks and the list of known failures stand, unless said otherwise.
const FOLDER: &str = "tests/transcripts";

pub fn main(args: &[&str]) -> ExitCode {
    let list_known = args.contains(&"--list-known");
    let known_at = args.iter().position(|a| *a == "--known").map(|at| at + 1);
    let known_path = known_at
        .and_then(|at| args.get(at))
        .copied()
        .map_or_else(|| Path::new(FOLDER).join("known-failures.txt"), PathBuf::from);
    let known = Known::parse(&fs::read_to_string(&known_path).unwrap_or_default());
    if list_known {
        known.entries().for_each(|(path, reason)| println!("{path}  # {reason}"));
        return ExitCode::SUCCESS;
    }
    let is_path = |(at, arg): &(usize, &&str)| !arg.starts_with("--") && Some(*at) != known_at;
    let paths: Vec<PathBuf> = args.iter().enumerate().filter(is_path).map(|(_, arg)| PathBuf::from(arg)).collect();
    match check_all(&paths, &known) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("ottla transcript check: {reason}");
            ExitCode::from(2)
        }
    }
}

/// Checks every file; how many have a verdict that is not the expected one.
fn check_all(paths: &[PathBuf], known: &Known) -> Result<usize, String> {
    let masks_path = Path::new(FOLDER).join("masks.toml");
    let masks = fs::read_to_string(&masks_path).map_err(|e| format!("{}: {e}", masks_path.display()))?;
    let masks = Masks::parse(&masks).map_err(|e| e.to_string())?;
    let (mut passed, mut failed, mut expected) = (0, 0, 0);
    for path in find(paths).map_err(|e| e.to_string())? {
        let diff = check(&path, &masks).unwrap_or_else(|error| Some(format!("{error}\n")));
        match (diff, known.reason(&path)) {
            (None, None) => {
                passed += 1;
                println!("ok    {}", path.display());
            }
            (None, Some(_)) => {
                failed += 1;
                println!("FAIL  {}: it passes: take it off the list of known failures", path.display());
            }
            (Some(_), Some(reason)) => {
                expected += 1;
                println!("known {} ({reason})", path.display());
            }
            (Some(diff), None) => {
                failed += 1;
                println!("FAIL  {}\n{diff}", path.display());
            }
        }
    }
    println!("{expected} known not to be supported yet");
    println!("{passed} passed, {failed} failed");
    Ok(failed)
}

/// Every `.transcript` file at or below the paths, in order of their names.
///
/// # Errors
/// A path that can't be read.
pub fn find(paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let below: Vec<PathBuf> = fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
            found.extend(find(&below)?);
        } else if path.extension().is_some_and(|e| e == "transcript") {
            found.push(path.clone());
        }
    }
    found.sort();
    Ok(found)
}

/// Runs one file; `Ok(None)` if it passes, else a readable diff.
///
/// # Errors
/// The file can't be read or is no transcript.
pub fn check(path: &Path, masks: &Masks) -> Result<Option<String>, ScriptError> {
    let text = fs::read_to_string(path).map_err(|e| ScriptError { line: 0, reason: e.to_string() })?;
    let script = Script::parse(&text)?;
    Ok(runner::run(&script, masks).err())
}
