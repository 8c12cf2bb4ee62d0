//! What was run. Serves lessons; invariant: a tool counts by its name with or without `.sh` and folder.

use super::{Verdict, done_if};
use crate::Facts;
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
}

impl ToolPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            ToolPredicate::ToolRan { tool, with } => {
                done_if(facts.tool_ran(tool, with), || format!("{tool} {} has not been run yet.", with.join(" ")))
            }
        }
    }
}

impl Facts<'_> {
    fn tool_ran(&self, tool: &str, with: &[String]) -> bool {
        self.activity.commands().iter().any(|command| {
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
            &["[1] kafka-topics --bootstrap-server localhost:9092 --list"],
            &[
                row(
                    r#"{ tool_ran = { tool = "kafka-topics", with = ["--list"] } }"#,
                    "kafka-topics --list has not been run yet.",
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
