//! The rules of the house that no compiler checks: sizes, docs, directions between crates, words that must not be there.
//!
//! Serves `cargo xtask tidy`, the list of steps, and `cargo test` (the last test below). Each rule is a function from text
//! to findings, tested on text that breaks it, so that a rule that has stopped working fails too.
mod floors;
mod lessons;
mod rust;
mod scrub;
mod text;

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use crate::process::{Result, timed};

/// Folders that hold nothing written by hand.
const SKIPPED: &[&str] = &[".git", "target", "dist", "node_modules"];

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the root of the project.
    file: String,
    /// Counted from 1; 0: the file as a whole.
    line: usize,
    /// What is wrong, and what the limit is.
    rule: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

/// A text file of the project.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path from the root, with `/`.
    path: String,
    /// What it says.
    text: String,
}

impl Source {
    fn finding(&self, line: usize, rule: impl Into<String>) -> Finding {
        Finding { file: self.path.clone(), line, rule: rule.into() }
    }

    #[cfg(test)]
    fn of(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// Prints what is untidy.
///
/// # Errors
/// Anything is.
pub fn command(root: &Path) -> Result<()> {
    timed("tidy", || {
        let findings = check(root)?;
        for finding in &findings {
            eprintln!("{finding}");
        }
        if findings.is_empty() { Ok(()) } else { Err(format!("tidy: {} findings", findings.len()).into()) }
    })
}

/// All findings, in the order of the files.
fn check(root: &Path) -> io::Result<Vec<Finding>> {
    let mut sources = Vec::new();
    read_tree(root, Path::new(""), &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let mut findings = Vec::new();
    for source in &sources {
        findings.extend(text::check(source));
        if source.path.ends_with(".rs") {
            findings.extend(rust::check(source));
        }
        if source.path.ends_with("Cargo.toml") {
            findings.extend(floors::check(source));
        }
    }
    findings.extend(lessons::check(&sources));
    Ok(findings)
}

/// Adds the text files of a folder; what is not UTF-8 is no text.
fn read_tree(root: &Path, folder: &Path, into: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path: PathBuf = folder.join(&name);
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            read_tree(root, &path, into)?;
        } else if kind.is_file()
            && name != ".git"
            && let Ok(text) = String::from_utf8(fs::read(entry.path())?)
        {
            let path = path.to_string_lossy().replace('\\', "/");
            into.push(Source { path, text });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_tidy() {
        let findings = check(&crate::process::root()).unwrap();
        let lines: Vec<_> = findings.iter().map(Finding::to_string).collect();
        assert!(findings.is_empty(), "\n{}", lines.join("\n"));
    }

    #[test]
    fn the_walk_finds_the_sources() {
        let mut sources = Vec::new();
        read_tree(&crate::process::root(), Path::new(""), &mut sources).unwrap();
        let has = |path: &str| sources.iter().any(|source| source.path == path);
        assert!(has("Cargo.toml") && has("src/main.rs") && has("src/world/Cargo.toml"));
    }
}
