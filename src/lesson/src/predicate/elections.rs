//! Elections of leaders and of controllers. Serves lessons; invariant: an election is unclean if it chose a replica that was
//! neither in sync nor eligible by the metadata of the moment before.

use super::{Verdict, capital, counted, done_if, replication::NOTED_MS, topics::no_topic};
use crate::Facts;
use ottla_lab::{PartitionStep, protocol::NodeState};
use ottla_world::{Fault, Signal, Time};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A predicate about elections.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ElectionPredicate {
    /// The partitions of the topic got another leader exactly so often, all together.
    LeaderChanges {
        /// The topic's name.
        topic: String,
        /// How often.
        exactly: u32,
    },
    /// A partition of the topic had no leader for a while.
    WentLeaderless {
        /// The topic's name.
        topic: String,
    },
    /// A replica became leader that was neither in sync nor eligible.
    UncleanElection {
        /// The topic's name.
        topic: String,
    },
    /// A partition without a leader got one that had everything.
    CleanElection {
        /// The topic's name.
        topic: String,
    },
    /// So many acknowledged records of the topic are in its leaders' logs no more.
    AcknowledgedLost {
        /// The topic's name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// A consumer that was started after an unclean election has read so many records of the topic.
    ReadSinceUncleanElection {
        /// The topic's name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// A replica of the topic threw away records that the leader does not have.
    TailTruncated {
        /// The topic's name.
        topic: String,
    },
    /// Leadership went from the preferred replicas and all of it came back.
    PreferredLeaderBack {
        /// The topic's name.
        topic: String,
    },
    /// The active controller was killed or lost power.
    ActiveControllerKilled {},
    /// After that another controller became active.
    ControllerMoved {},
    /// Most controllers do not run.
    ControllerMajorityDown {},
    /// A topic was asked for and never made, while records went on being acknowledged.
    CreateFailedWhileRecordsFlowed {},
}

impl ElectionPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        use ElectionPredicate as P;
        match self {
            P::LeaderChanges { topic, exactly } => {
                let changes = facts.leader_changes(topic);
                done_if(changes == u64::from(*exactly), || {
                    format!("The leader of {topic} has changed {changes} times, not {exactly}.")
                })
            }
            P::WentLeaderless { topic } => {
                let without = facts.steps(topic).any(|s| s.after.leader.is_none());
                done_if(without, || format!("Every partition of {topic} has always had a leader."))
            }
            P::UncleanElection { topic } => done_if(facts.unclean_at(topic).is_some(), || {
                format!("Every leader of {topic} was in sync or eligible when it was elected.")
            }),
            P::CleanElection { topic } => done_if(facts.steps(topic).any(is_clean), || {
                format!("No partition of {topic} that had no leader was given a complete one.")
            }),
            P::AcknowledgedLost { topic, at_least } => {
                let lost = facts.ledger.lost_in(topic);
                done_if(lost >= u64::from(*at_least), || counted(lost, *at_least, "acknowledged record", "lost"))
            }
            P::ReadSinceUncleanElection { topic, at_least } => facts.read_since_unclean(topic, *at_least),
            P::TailTruncated { topic } => {
                let of_topic = |name: &str| name.rsplit_once('-').is_some_and(|(t, _)| t == topic);
                let truncated = facts.activity.truncations().iter().any(|t| t.from > t.to && of_topic(&t.partition));
                done_if(truncated, || format!("No replica of {topic} has thrown away a part of its log."))
            }
            P::PreferredLeaderBack { topic } => facts.preferred_back(topic),
            P::ActiveControllerKilled {} => {
                done_if(facts.active_killed().is_some(), || facts.active("is still the active controller."))
            }
            P::ControllerMoved {} => facts.controller_moved(),
            P::ControllerMajorityDown {} => {
                let all = facts.view.controllers.len();
                let running = facts.view.controllers.iter().filter(|c| c.state == NodeState::Running).count();
                done_if(running * 2 <= all, || format!("{running} of {all} controllers run: a majority."))
            }
            P::CreateFailedWhileRecordsFlowed {} => facts.create_failed_while_flowing(),
        }
    }
}

/// The step's new leader, if it has one that is not the old one.
fn new_leader(step: &PartitionStep) -> Option<i32> {
    let before = step.before.as_ref()?;
    step.after.leader.filter(|_| step.after.leader_epoch > before.leader_epoch && step.after.leader != before.leader)
}

fn was_complete(step: &PartitionStep, node: i32) -> bool {
    // With nobody in sync or eligible, the last known leader is taken when it is back: nothing committed is lost.
    let alone = |set: &[i32]| set == [node];
    step.before.as_ref().is_some_and(|before| {
        let last = before.isr.is_empty() && before.elr.is_empty() && alone(&before.last_known);
        before.isr.contains(&node) || before.elr.contains(&node) || last
    })
}

fn is_clean(step: &PartitionStep) -> bool {
    let leaderless = step.before.as_ref().is_some_and(|before| before.leader.is_none());
    leaderless && new_leader(step).is_some_and(|leader| was_complete(step, leader))
}

impl Facts<'_> {
    /// Changes of the topic's partitions, in order.
    fn steps(&self, topic: &str) -> impl Iterator<Item = &PartitionStep> {
        self.activity.partition_steps().iter().filter(move |step| step.topic == topic)
    }

    fn leader_changes(&self, topic: &str) -> u64 {
        let mut leaders: BTreeMap<i32, i32> = BTreeMap::new();
        let mut changes = 0;
        for step in self.steps(topic) {
            if let Some(leader) = step.after.leader {
                let last = leaders.insert(step.partition, leader);
                changes += u64::from(last.is_some_and(|last| last != leader));
            }
        }
        changes
    }

    fn unclean_at(&self, topic: &str) -> Option<Time> {
        let unclean = |step: &&PartitionStep| new_leader(step).is_some_and(|leader| !was_complete(step, leader));
        self.steps(topic).find(unclean).map(|step| step.at)
    }

    fn read_since_unclean(&self, topic: &str, at_least: u32) -> Verdict {
        let Some(at) = self.unclean_at(topic) else {
            return Verdict::Missing(format!("There was no unclean election of {topic} yet."));
        };
        let since = self.activity.commands().iter().filter(|command| command.at.plus_millis(NOTED_MS) > at);
        let of = |pid| self.activity.reads().iter().filter(|r| r.pid == pid && r.topic == topic).count() as u64;
        let most = since.map(|command| of(command.pid)).max().unwrap_or(0);
        let how = "read by a consumer that was started after the election";
        done_if(most >= u64::from(at_least), || counted(most, at_least, "record", how))
    }

    fn preferred_back(&self, topic: &str) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(no_topic(topic)) };
        let away =
            self.steps(topic).any(|s| s.after.leader.is_some() && s.after.leader != s.after.replicas.first().copied());
        if !away {
            return Verdict::Missing(format!("The first replicas of {topic} have always led it."));
        }
        let other = row.partitions.iter().find(|p| p.leader.is_none() || p.leader != p.replicas.first().copied());
        done_if(other.is_none(), || {
            other.map_or_else(String::new, |p| {
                let leader = p.leader.map_or_else(|| "nobody".to_owned(), |id| format!("broker {id}"));
                capital(&format!("{leader} leads {topic}-{}, not broker {:?}.", p.partition, p.replicas.first()))
                    .replace("Some(", "")
                    .replace(')', "")
            })
        })
    }

    fn active_killed(&self) -> Option<i32> {
        let dies = |fault: &Fault| matches!(fault, Fault::Signal { signal: Signal::Kill, .. } | Fault::PowerCut { .. });
        self.activity.node_faults().iter().filter(|f| dies(&f.fault)).find_map(|f| f.active_epoch)
    }

    fn active(&self, what: &str) -> String {
        let active = self.activity.active_controller();
        active.map_or_else(|| "No controller is active.".to_owned(), |(id, _)| format!("Controller {id} {what}"))
    }

    fn controller_moved(&self) -> Verdict {
        let Some(epoch) = self.active_killed() else { return Verdict::Missing(self.active("is alive and active.")) };
        let moved = self.activity.active_controller().is_some_and(|(_, now)| now > epoch);
        done_if(moved, || format!("No controller is active in an epoch after {epoch}."))
    }

    fn create_failed_while_flowing(&self) -> Verdict {
        let failed = self.activity.dealings().creations().iter().filter_map(|creation| {
            let command = self.activity.commands().iter().find(|c| c.pid == creation.pid)?;
            let (ended, code) = command.ended?;
            (code != 0 && creation.answered.is_none()).then_some((creation.at, ended))
        });
        let spans: Vec<(Time, Time)> = failed.collect();
        let batches = || self.activity.acknowledged().values().flatten();
        let flowed = spans.iter().any(|(from, to)| batches().any(|b| b.asked_at > *from && b.at < *to));
        done_if(flowed, || match spans.is_empty() {
            true => "No tool has given up on creating a topic.".to_owned(),
            false => "A tool gave up on creating a topic, but no record was acknowledged while it waited.".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::predicate::table::{Row, check};

    fn row(when: &'static str, before: &'static str, after: &'static str) -> Row {
        Row { when, before, after }
    }

    #[test]
    fn unclean() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9093 --create --topic t --replica-assignment 1:3",
            "[1] kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t",
            "[1] one",
            "@ kill 3",
            "@ sleep 10",
            "[1] two",
            "@ kill 1",
            "@ sleep 10",
            "@ start 3",
            "@ sleep 5",
            "[2] kafka-leader-election.sh --bootstrap-server localhost:9093 --election-type unclean --topic t --partition 0",
            "[2] kafka-console-consumer.sh --bootstrap-server localhost:9093 --topic t --from-beginning",
        ];
        check(
            &steps,
            &[
                row(
                    r#"{ went_leaderless = { topic = "t" } }"#,
                    "Every partition of t has always had a leader.",
                    "done",
                ),
                row(
                    r#"{ unclean_election = { topic = "t" } }"#,
                    "Every leader of t was in sync or eligible when it was elected.",
                    "done",
                ),
                row(
                    r#"{ clean_election = { topic = "t" } }"#,
                    "No partition of t that had no leader was given a complete one.",
                    "No partition of t that had no leader was given a complete one.",
                ),
                row(
                    r#"{ acknowledged_lost = { topic = "t", at_least = 1 } }"#,
                    "0 of 1 acknowledged record lost.",
                    "done",
                ),
                row(
                    r#"{ read_since_unclean_election = { topic = "t", at_least = 1 } }"#,
                    "There was no unclean election of t yet.",
                    "done",
                ),
                row(
                    r#"{ leader_changes = { topic = "t", exactly = 1 } }"#,
                    "The leader of t has changed 0 times, not 1.",
                    "done",
                ),
            ],
        );
    }

    #[test]
    fn clean() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9093 --create --topic t --replica-assignment 1",
            "@ kill 1",
            "@ sleep 10",
            "@ start 1",
            "@ sleep 5",
        ];
        check(
            &steps,
            &[
                row(
                    r#"{ clean_election = { topic = "t" } }"#,
                    "No partition of t that had no leader was given a complete one.",
                    "done",
                ),
                row(
                    r#"{ unclean_election = { topic = "t" } }"#,
                    "Every leader of t was in sync or eligible when it was elected.",
                    "Every leader of t was in sync or eligible when it was elected.",
                ),
            ],
        );
    }

    #[test]
    fn controllers() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --replica-assignment 1",
            "[1] kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t",
            "[1] one",
            "@ kill controller",
            "[2] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic u",
            "[1] two",
            "@ sleep 60",
            "@ start 11",
        ];
        let majority = "1 of 1 controllers run: a majority.";
        check(
            &steps,
            &[
                row("{ active_controller_killed = {} }", "Controller 11 is still the active controller.", "done"),
                row("{ controller_moved = {} }", "Controller 11 is alive and active.", "done"),
                row("{ controller_majority_down = {} }", majority, majority),
                row("{ create_failed_while_records_flowed = {} }", "No tool has given up on creating a topic.", "done"),
            ],
        );
    }

    #[test]
    fn divergent_tail() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --replica-assignment 1:2:3",
            "[1] kafka-console-producer.sh --bootstrap-server localhost:9092,localhost:9093 --topic t --producer-property acks=1",
            "[1] one",
            "@ cut 1 2",
            "@ cut 1 3",
            "[1] two",
            "@ kill 1",
            "@ sleep 10",
            "[1] three",
            "@ heal 1 2",
            "@ heal 1 3",
            "@ start 1",
            "@ sleep 8",
            "[2] kafka-leader-election.sh --bootstrap-server localhost:9093 --election-type preferred --topic t --partition 0",
        ];
        check(
            &steps,
            &[
                row(
                    r#"{ tail_truncated = { topic = "t" } }"#,
                    "No replica of t has thrown away a part of its log.",
                    "done",
                ),
                row(r#"{ preferred_leader_back = { topic = "t" } }"#, "There is no topic t yet.", "done"),
            ],
        );
    }
}
