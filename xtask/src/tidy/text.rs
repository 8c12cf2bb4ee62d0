//! Rules for every text file: no path of the machine on which it was written.
use super::{Finding, Source};

/// Folders of one machine, cut in two so that this file does not name them.
const MACHINE: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Recordings say what the recorded machine said.
const RECORDINGS: &str = "tests/transcripts/";

/// What is wrong with a text file.
pub fn check(source: &Source) -> Vec<Finding> {
    if source.path.starts_with(RECORDINGS) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        for path in MACHINE.iter().filter(|path| starts_a_path(line, path)) {
            findings.push(source.finding(index + 1, format!("`{path}` is on one machine only")));
        }
    }
    findings
}

/// Whether `path` stands in `line` as the beginning of a path.
fn starts_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '~' | '-' | '_' | '}'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_paths_are_found() {
        for path in MACHINE {
            assert_eq!(check(&Source::of("a", &format!("x\ncd {path}y")))[0].line, 2);
            assert_eq!(check(&Source::of("a", &format!("\"{path}\""))).len(), 1);
            assert_eq!(check(&Source::of("a", &format!("http://a.org{path}y"))), []);
        }
    }
}
