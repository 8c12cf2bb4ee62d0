//! Which broker holds what, and how that changes. Serves lessons; invariant: a topic that was deleted and made anew has not
//! been moved.

use super::{Verdict, done_if, topics::no_topic};
use crate::Facts;
use ottla_lab::{PartitionStep, protocol::PartitionRow};
use ottla_world::Time;
use serde::Deserialize;

/// A predicate about placement.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PlacementPredicate {
    /// The topic's partitions have exactly these replicas, in order.
    Placed {
        /// The topic's name.
        topic: String,
        /// For each partition its replicas, preferred leader first.
        replicas: Vec<Vec<i32>>,
    },
    /// A topic could not be made, with this error.
    CreateRefused {
        /// The error's Kafka name.
        error: String,
    },
    /// A broker holds nothing of the topic.
    BrokerWithout {
        /// The topic's name.
        topic: String,
        /// How many partitions the topic has.
        partitions: u32,
    },
    /// The topic was moved away from these brokers, and every replica is in sync.
    MovedAway {
        /// The topic's name.
        topic: String,
        /// The brokers.
        from: Vec<i32>,
    },
    /// A partition of the topic was given more replicas than it had, at least so many, and every replica is in sync.
    ReplicaAdded {
        /// The topic's name.
        topic: String,
        /// How many replicas.
        at_least: u32,
    },
    /// After its last move the topic's reassignment was verified, successfully.
    MoveVerified {
        /// The topic's name.
        topic: String,
    },
}

impl PlacementPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            PlacementPredicate::Placed { topic, replicas } => facts.placed(topic, replicas),
            PlacementPredicate::CreateRefused { error } => {
                let mut refusals = facts.activity.dealings().refusals().iter();
                let refused = refusals.any(|r| r.api == "CreateTopics" && r.error == *error);
                done_if(refused, || format!("No topic was refused with {error}."))
            }
            PlacementPredicate::BrokerWithout { topic, partitions } => facts.broker_without(topic, *partitions),
            PlacementPredicate::MovedAway { topic, from } => {
                let wanted = |p: &PartitionRow| !p.replicas.iter().any(|id| from.contains(id));
                facts.moved(topic, "on the old brokers", wanted)
            }
            PlacementPredicate::ReplicaAdded { topic, at_least } => {
                if !facts.moves(topic).any(|(_, before, after)| after.len() > before.len()) {
                    return Verdict::Missing(format!("No partition of {topic} was given one more replica."));
                }
                let wanted = |p: &PartitionRow| p.replicas.len() as u64 >= u64::from(*at_least);
                facts.moved(topic, "short of replicas", wanted)
            }
            PlacementPredicate::MoveVerified { topic } => facts.move_verified(topic),
        }
    }
}

impl Facts<'_> {
    fn placed(&self, topic: &str, replicas: &[Vec<i32>]) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(no_topic(topic)) };
        let have: Vec<Vec<i32>> = row.partitions.iter().map(|p| p.replicas.clone()).collect();
        done_if(have == replicas, || {
            let of = |p: &Vec<i32>| p.iter().map(i32::to_string).collect::<Vec<_>>().join(":");
            format!("{topic} is placed {}.", have.iter().map(of).collect::<Vec<_>>().join(","))
        })
    }

    fn broker_without(&self, topic: &str, partitions: u32) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(no_topic(topic)) };
        if row.partitions.len() as u64 != u64::from(partitions) {
            return Verdict::Missing(format!("{topic} has {} partitions, not {partitions}.", row.partitions.len()));
        }
        let holds = |id: i32| row.partitions.iter().any(|p| p.replicas.contains(&id));
        let without = self.view.brokers.iter().any(|b| !holds(b.id));
        done_if(without, || format!("Every broker holds a part of {topic}."))
    }

    /// When replicas of the topic's partitions changed, from which, to which, once all was done.
    fn moves(&self, topic: &str) -> impl Iterator<Item = (Time, &Vec<i32>, &Vec<i32>)> {
        let steps: Vec<&PartitionStep> =
            self.activity.partition_steps().iter().filter(|step| step.topic == topic).collect();
        let mut moves = Vec::new();
        for (n, step) in steps.iter().enumerate() {
            let is_done = |s: &PartitionStep| s.after.adding.is_empty() && s.after.removing.is_empty();
            let earlier = steps[..n].iter().rev().take_while(|_| step.before.is_some());
            let mut earlier = earlier.filter(|s| s.partition == step.partition);
            if let Some(from) = earlier.find(|s| is_done(s))
                && is_done(step)
                && from.after.replicas != step.after.replicas
            {
                moves.push((step.at, &from.after.replicas, &step.after.replicas));
            }
        }
        moves.into_iter()
    }

    fn moved(&self, topic: &str, how: &str, wanted: impl Fn(&PartitionRow) -> bool) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(no_topic(topic)) };
        if self.moves(topic).next().is_none() {
            let at: Vec<String> = row.partitions.iter().map(|p| format!("{:?}", p.replicas)).collect();
            return Verdict::Missing(format!("No reassignment of {topic} is complete: replicas {}.", at.join(", ")));
        }
        if let Some(p) = row.partitions.iter().find(|p| !wanted(p)) {
            return Verdict::Missing(format!("{topic}-{} is {how}: replicas {:?}.", p.partition, p.replicas));
        }
        let behind = row.partitions.iter().find(|p| p.isr.len() < p.replicas.len());
        done_if(behind.is_none(), || {
            behind.map_or_else(String::new, |p| {
                format!("{topic}-{} is under-replicated: {:?} of {:?} are in sync.", p.partition, p.isr, p.replicas)
            })
        })
    }

    fn move_verified(&self, topic: &str) -> Verdict {
        let Some(at) = self.moves(topic).map(|(at, ..)| at).last() else {
            return Verdict::Missing(format!("No reassignment of {topic} is complete."));
        };
        let verified = self.activity.commands().iter().any(|command| {
            let ended_well = command.ended.is_some_and(|(_, code)| code == 0);
            let verifies = command.line.split_whitespace().any(|word| word == "--verify");
            command.at > at && verifies && ended_well
        });
        done_if(verified, || format!("The reassignment of {topic} was not verified since it is complete."))
    }
}

#[cfg(test)]
mod tests {
    use crate::predicate::table::{Row, check};

    #[test]
    fn table() {
        let plan = r#"{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[2,3]}]}"#;
        let reassign =
            "kafka-reassign-partitions.sh --bootstrap-server localhost:9092 --reassignment-json-file plan.json";
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --replica-assignment 1"
                .to_owned(),
            "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic u --replication-factor 4"
                .to_owned(),
            format!("[1] echo '{plan}' > plan.json"),
            format!("[1] {reassign} --execute"),
            format!("[1] {reassign} --verify"),
        ];
        let row = |when, before, after| Row { when, before, after };
        check(
            &steps.iter().map(String::as_str).collect::<Vec<_>>(),
            &[
                row(
                    r#"{ create_refused = { error = "INVALID_REPLICATION_FACTOR" } }"#,
                    "No topic was refused with INVALID_REPLICATION_FACTOR.",
                    "done",
                ),
                row(r#"{ placed = { topic = "t", replicas = [[2, 3]] } }"#, "There is no topic t yet.", "done"),
                row(
                    r#"{ placed = { topic = "t", replicas = [[3, 2]] } }"#,
                    "There is no topic t yet.",
                    "t is placed 2:3.",
                ),
                row(r#"{ broker_without = { topic = "t", partitions = 1 } }"#, "There is no topic t yet.", "done"),
                row(r#"{ moved_away = { topic = "t", from = [1] } }"#, "There is no topic t yet.", "done"),
                row(
                    r#"{ replica_added = { topic = "t", at_least = 2 } }"#,
                    "No partition of t was given one more replica.",
                    "done",
                ),
                row(r#"{ move_verified = { topic = "t" } }"#, "No reassignment of t is complete.", "done"),
            ],
        );
    }
}
