//! What was run. Serves lessons; invariant: a tool counts by its name with or without `.sh` and folder.

use super::{Verdict, done_if};
use crate::Facts;
use ottla_lab::Command;
use serde::Deserialize;

/// A predicate about tools.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToolPredicate {
    /// A tool was run with these words among its arguments.
    ToolRan {
        /// Its name without `.sh`.
        tool: String,
        /// The words.
        #[serde(default)]
        with: Vec<String>,
    },
    /// A tool with these words among its arguments ended by itself with an error.
    ToolFailed {
        /// Its name without `.sh`.
        tool: String,
        /// The words.
        #[serde(default)]
        with: Vec<String>,
    },
}

impl ToolPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            ToolPredicate::ToolRan { tool, with } => {
                done_if(facts.runs(tool, with).next().is_some(), || said(tool, with, "has not been run yet"))
            }
            ToolPredicate::ToolFailed { tool, with } => {
                let failed = |command: &Command| matches!(command.ended, Some((_, 1..BY_SIGNAL)));
                done_if(facts.runs(tool, with).any(failed), || said(tool, with, "has not failed"))
            }
        }
    }
}

fn said(tool: &str, with: &[String], what: &str) -> String {
    let words: Vec<&str> = std::iter::once(tool).chain(with.iter().map(String::as_str)).collect();
    format!("{} {what}.", words.join(" "))
}

/// Exit codes from here on say which signal ended a program.
const BY_SIGNAL: u8 = 128;

impl<'a> Facts<'a> {
    /// The runs of a tool with these words among its arguments.
    pub(super) fn runs(&self, tool: &str, with: &[String]) -> impl Iterator<Item = &'a Command> {
        self.activity.commands().iter().filter(move |command| {
            let words: Vec<&str> = command.line.split_whitespace().collect();
            let name = words.first().map(|w| w.rsplit('/').next().unwrap_or(w).trim_end_matches(".sh"));
            name == Some(tool) && with.iter().all(|w| words.contains(&w.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::predicate::table::{Row, check};

    #[test]
    fn table() {
        let row = |when, before, after| Row { when, before, after };
        check(
            &[
                "[1] kafka-topics --bootstrap-server localhost:9092 --list",
                "[1] kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic t --offset 1",
            ],
            &[
                row(
                    r#"{ tool_ran = { tool = "kafka-topics", with = ["--list"] } }"#,
                    "kafka-topics --list has not been run yet.",
                    "done",
                ),
                row(
                    r#"{ tool_failed = { tool = "kafka-topics" } }"#,
                    "kafka-topics has not failed.",
                    "kafka-topics has not failed.",
                ),
                row(
                    r#"{ tool_failed = { tool = "kafka-console-consumer", with = ["--offset"] } }"#,
                    "kafka-console-consumer --offset has not failed.",
                    "done",
                ),
                row(
                    r#"{ tool_ran = { tool = "kafka-topics", with = ["--describe"] } }"#,
                    "kafka-topics --describe has not been run yet.",
                    "kafka-topics --describe has not been run yet.",
                ),
            ],
        );
    }
}
