//! What topics there are and how they are set. Serves lessons; invariant: topics are what the cluster's metadata says.

use super::{Verdict, done_if};
use crate::Facts;
use ottla_lab::protocol::TopicRow;
use serde::Deserialize;

/// A predicate about topics.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TopicPredicate {
    /// The topic is there.
    TopicExists {
        /// Its name.
        topic: String,
    },
    /// The topic has at least so many partitions.
    TopicHasPartitions {
        /// Its name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// Every partition of the topic has at least so many replicas.
    TopicReplicated {
        /// Its name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// The topic's own configuration says so.
    TopicSetting {
        /// Its name.
        topic: String,
        /// The configuration's name.
        key: String,
        /// Its value, as text.
        value: String,
    },
}

impl TopicPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            TopicPredicate::TopicExists { topic } => done_if(facts.topic(topic).is_some(), || no_topic(topic)),
            TopicPredicate::TopicHasPartitions { topic, at_least } => {
                facts.counted(topic, *at_least, |row| (row.partitions.len() as u64, "partition"))
            }
            TopicPredicate::TopicReplicated { topic, at_least } => facts.counted(topic, *at_least, |row| {
                (row.partitions.iter().map(|p| p.replicas.len() as u64).min().unwrap_or(0), "replica")
            }),
            TopicPredicate::TopicSetting { topic, key, value } => {
                if facts.topic(topic).is_none() {
                    return Verdict::Missing(no_topic(topic));
                }
                let set = facts.lab.topic_setting(topic, key);
                done_if(set.as_ref() == Some(value), || match &set {
                    Some(other) => format!("{key} of {topic} is {other}."),
                    None => format!("{topic} does not set {key} itself."),
                })
            }
        }
    }
}

/// What is missing while a topic is not there.
pub(super) fn no_topic(topic: &str) -> String {
    format!("There is no topic {topic} yet.")
}

impl Facts<'_> {
    /// The topic, as the metadata has it.
    pub(super) fn topic(&self, name: &str) -> Option<&TopicRow> {
        self.view.topics.iter().find(|t| t.name == name)
    }

    fn counted(&self, topic: &str, wanted: u32, count: impl Fn(&TopicRow) -> (u64, &'static str)) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(no_topic(topic)) };
        let (have, thing) = count(row);
        done_if(have >= u64::from(wanted), || format!("{topic} has {have} {thing}s of at least {wanted}."))
    }
}

#[cfg(test)]
mod tests {
    use crate::predicate::table::{Row, check};

    #[test]
    fn table() {
        let create = "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --partitions 2 --replication-factor 3 --config retention.ms=5000";
        let row = |when, before, after| Row { when, before, after };
        check(
            &[create],
            &[
                row(r#"{ topic_exists = { topic = "t" } }"#, "There is no topic t yet.", "done"),
                row(r#"{ topic_has_partitions = { topic = "t", at_least = 2 } }"#, "There is no topic t yet.", "done"),
                row(
                    r#"{ topic_has_partitions = { topic = "t", at_least = 3 } }"#,
                    "There is no topic t yet.",
                    "t has 2 partitions of at least 3.",
                ),
                row(
                    r#"{ topic_setting = { topic = "t", key = "retention.ms", value = "5000" } }"#,
                    "There is no topic t yet.",
                    "done",
                ),
                row(
                    r#"{ topic_setting = { topic = "t", key = "cleanup.policy", value = "compact" } }"#,
                    "There is no topic t yet.",
                    "t does not set cleanup.policy itself.",
                ),
                row(r#"{ topic_replicated = { topic = "t", at_least = 3 } }"#, "There is no topic t yet.", "done"),
            ],
        );
    }
}
