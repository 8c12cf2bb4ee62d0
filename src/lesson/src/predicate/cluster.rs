//! Brokers, leaders and what was done to them. Serves lessons; invariant: a fault counts by what the node led when it hit.

use super::{Verdict, capital, counted, done_if, topics::no_topic};
use crate::Facts;
use ottla_world::{Fault, Signal, Time};
use serde::Deserialize;

/// A predicate about the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClusterPredicate {
    /// A broker was killed (SIGKILL or power) while it led a partition of the topic.
    LeaderKilled {
        /// The topic's name.
        topic: String,
    },
    /// A broker was stopped in good order (SIGTERM) while it led a partition of the topic.
    LeaderStopped {
        /// The topic's name.
        topic: String,
    },
    /// A partition of the topic has a leader of a later epoch than its first.
    LeaderMoved {
        /// The topic's name.
        topic: String,
    },
    /// So many records were acknowledged after a leader of the topic was killed.
    WrittenAfterLeaderKilled {
        /// The topic's name.
        topic: String,
        /// How many.
        at_least: u32,
    },
}

impl ClusterPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            ClusterPredicate::LeaderKilled { topic } => done_if(facts.leader_killed(topic).is_some(), || {
                format!("No broker was killed while it led a partition of {topic}.")
            }),
            ClusterPredicate::LeaderStopped { topic } => {
                done_if(facts.leader_hit(topic, &[Signal::Terminate]).is_some(), || {
                    format!("No broker was stopped while it led a partition of {topic}.")
                })
            }
            ClusterPredicate::LeaderMoved { topic } => facts.leader_moved(topic),
            ClusterPredicate::WrittenAfterLeaderKilled { topic, at_least } => {
                let Some(at) = facts.leader_killed(topic) else {
                    return Verdict::Missing(format!("The leader of {topic} is still alive."));
                };
                let written = facts.written(topic, at);
                let missing = || counted(written, *at_least, "record", "acknowledged since the leader died");
                done_if(written >= u64::from(*at_least), missing)
            }
        }
    }
}

impl Facts<'_> {
    fn leader_hit(&self, topic: &str, signals: &[Signal]) -> Option<Time> {
        let hit = |fault: &Fault| match fault {
            Fault::Signal { signal, .. } => signals.contains(signal),
            Fault::PowerCut { .. } => signals.contains(&Signal::Kill),
            _ => false,
        };
        let faults = self.activity.node_faults();
        faults.iter().find(|f| hit(&f.fault) && f.led.iter().any(|(t, _)| t == topic)).map(|f| f.at)
    }

    fn leader_killed(&self, topic: &str) -> Option<Time> {
        self.leader_hit(topic, &[Signal::Kill])
    }

    fn leader_moved(&self, topic: &str) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(no_topic(topic)) };
        let moved = row.partitions.iter().any(|p| p.leader_epoch > 0 && p.leader.is_some());
        done_if(moved, || {
            let leaders: Vec<String> = row
                .partitions
                .iter()
                .map(|p| match p.leader {
                    Some(id) => format!("partition {} still has leader {id}", p.partition),
                    None => format!("partition {} has no leader", p.partition),
                })
                .collect();
            format!("{}.", capital(&leaders.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::predicate::table::{Row, check};

    #[test]
    fn table() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9092,localhost:9093 --create --topic t --replica-assignment 2:1",
            "[1] kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t",
            "@ kill 2",
            "@ sleep 12",
            "[1] one",
        ];
        let row = |when, before, after| Row { when, before, after };
        check(
            &steps,
            &[
                row(
                    r#"{ leader_killed = { topic = "t" } }"#,
                    "No broker was killed while it led a partition of t.",
                    "done",
                ),
                row(
                    r#"{ leader_stopped = { topic = "t" } }"#,
                    "No broker was stopped while it led a partition of t.",
                    "No broker was stopped while it led a partition of t.",
                ),
                row(r#"{ leader_moved = { topic = "t" } }"#, "There is no topic t yet.", "done"),
                row(
                    r#"{ written_after_leader_killed = { topic = "t", at_least = 1 } }"#,
                    "The leader of t is still alive.",
                    "done",
                ),
            ],
        );
    }
}
