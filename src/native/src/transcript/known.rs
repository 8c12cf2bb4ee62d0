//! `known-failures.txt`: files that are not supported yet. Serves the check; invariant: a file that is listed and passes
//! is an error, so the list can only shrink on purpose.

use std::path::Path;

/// The list: one path a line, relative to the folder of the list; `#` begins a comment, where the reason stands.
#[derive(Clone, Debug, Default)]
pub struct Known(Vec<(String, String)>);

impl Known {
    /// Reads the list's text.
    pub fn parse(text: &str) -> Known {
        let entry = |line: &str| {
            let (path, reason) = line.split_once('#').unwrap_or((line, ""));
            (!path.trim().is_empty()).then(|| (path.trim().to_owned(), reason.trim().to_owned()))
        };
        Known(text.lines().filter_map(entry).collect())
    }

    /// The reason a file is listed for, if it is.
    pub fn reason(&self, path: &Path) -> Option<&str> {
        self.0.iter().find(|(known, _)| path.ends_with(known)).map(|(_, reason)| reason.as_str())
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, reason)| (path.as_str(), reason.as_str()))
    }
}
