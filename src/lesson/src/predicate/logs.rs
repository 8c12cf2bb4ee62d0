//! Where logs begin, end and are cut. Serves lessons; invariant: a log is what its leader's broker holds now.

use super::{Verdict, done_if, topics::no_topic};
use crate::Facts;
use ottla_lab::protocol::ReplicaStrip;
use serde::Deserialize;

/// A predicate about logs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LogPredicate {
    /// The log of a partition of the topic begins at this offset or later, whatever moved it.
    LogStartsAt {
        /// The topic's name.
        topic: String,
        /// The offset.
        at_least: u32,
    },
}

impl LogPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            LogPredicate::LogStartsAt { topic, at_least } => {
                let Some(start) = facts.leaders(topic).map(|r| r.log_start_offset).max() else {
                    return Verdict::Missing(no_topic(topic));
                };
                done_if(start >= i64::from(*at_least), || format!("The log of {topic} still begins at offset {start}."))
            }
        }
    }
}

impl Facts<'_> {
    /// The leaders' replicas of a topic.
    pub(super) fn leaders<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a ReplicaStrip> {
        let replicas = self.view.brokers.iter().flat_map(|b| &b.replicas);
        replicas.filter(move |r| r.topic == topic && r.is_leader)
    }
}

#[cfg(test)]
mod tests {
    use crate::predicate::table::{Row, check};

    #[test]
    fn table() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t",
            "[1] kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t",
            "[1] one",
            "[1] two",
            "[1]^D",
            "[1] echo '{\"version\":1,\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"offset\":1}]}' > delete.json",
            "[1] kafka-delete-records.sh --bootstrap-server localhost:9092 --offset-json-file delete.json",
        ];
        let row = |when, before, after| Row { when, before, after };
        check(
            &steps,
            &[
                row(r#"{ log_starts_at = { topic = "t", at_least = 1 } }"#, "There is no topic t yet.", "done"),
                row(
                    r#"{ log_starts_at = { topic = "t", at_least = 2 } }"#,
                    "There is no topic t yet.",
                    "The log of t still begins at offset 1.",
                ),
            ],
        );
    }
}
