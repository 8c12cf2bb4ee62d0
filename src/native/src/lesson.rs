//! `ottla lesson check`: lessons proved. Serves authors and CI; invariant: a lesson that does not do what its text says
//! fails, with a sentence.

use ottla_lesson::{Lesson, check};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

pub fn main(args: &[&str]) -> ExitCode {
    let paths: Vec<PathBuf> = args.iter().map(PathBuf::from).collect();
    let files = match find(&paths) {
        Ok(files) if !files.is_empty() => files,
        Ok(_) => {
            eprintln!("no lesson there");
            return ExitCode::from(2);
        }
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let (mut passed, mut failed) = (0, 0);
    for file in files {
        let findings = findings(&file);
        println!("{} {}", if findings.is_empty() { "ok  " } else { "FAIL" }, file.display());
        findings.iter().for_each(|finding| println!("       {finding}"));
        *(if findings.is_empty() { &mut passed } else { &mut failed }) += 1;
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn find(paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let below: Vec<PathBuf> = fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
            found.extend(find(&below)?);
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path.clone());
        }
    }
    found.sort();
    Ok(found)
}

fn findings(path: &Path) -> Vec<String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return vec![error.to_string()],
    };
    match Lesson::parse(&text) {
        Ok(lesson) => check(&lesson).into_iter().map(|f| f.0).collect(),
        Err(error) => vec![error.to_string()],
    }
}
