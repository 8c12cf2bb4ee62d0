//! Goals as named predicates over a run. Serves lessons; invariant: each says in a sentence what is still missing while
//! it is false, so that nobody asks why they have not won.

use crate::Facts;
use ottla_lab::protocol::TopicRow;
use ottla_world::{Fault, Signal, Time};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A predicate, as lesson files write it: `when = { topic_exists = { topic = "orders" } }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Predicate {
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
    /// So many records of the topic were acknowledged to producers.
    RecordsWritten {
        /// Its name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// One consumer was handed so many records of the topic.
    RecordsRead {
        /// Its name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// Every partition of the topic has a record, and there are at least so many partitions.
    RecordsOnEveryPartition {
        /// Its name.
        topic: String,
        /// How many partitions at least.
        partitions: u32,
    },
    /// A tool was run with these words among its arguments.
    ToolRan {
        /// Its name without `.sh`.
        tool: String,
        /// The words.
        #[serde(default)]
        with: Vec<String>,
    },
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
    /// At least so many records of the topic were acknowledged, and none of them is lost.
    NothingLost {
        /// The topic's name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// All of these.
    All(Vec<Predicate>),
    /// One of these.
    Any(Vec<Predicate>),
}

/// Whether a predicate holds, and if not, what is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Done,
    /// This is missing.
    Missing(String),
}

impl Verdict {
    /// Whether it holds.
    pub fn is_done(&self) -> bool {
        *self == Verdict::Done
    }
}

fn done_if(done: bool, missing: impl FnOnce() -> String) -> Verdict {
    if done { Verdict::Done } else { Verdict::Missing(missing()) }
}

impl Predicate {
    /// Looks at the facts.
    pub fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            Predicate::TopicExists { topic } => {
                done_if(facts.topic(topic).is_some(), || format!("There is no topic {topic} yet."))
            }
            Predicate::TopicHasPartitions { topic, at_least } => {
                facts.counted(topic, *at_least, |row| (row.partitions.len() as u64, "partition"))
            }
            Predicate::TopicReplicated { topic, at_least } => facts.counted(topic, *at_least, |row| {
                (row.partitions.iter().map(|p| p.replicas.len() as u64).min().unwrap_or(0), "replica")
            }),
            Predicate::RecordsWritten { topic, at_least } => {
                let written = facts.written(topic, Time::ZERO);
                done_if(written >= u64::from(*at_least), || counted(written, *at_least, "record", "acknowledged"))
            }
            Predicate::RecordsRead { topic, at_least } => {
                let read = facts.most_read(topic);
                let missing = || counted(read, *at_least, "record", "read by one consumer");
                done_if(read >= u64::from(*at_least), missing)
            }
            Predicate::RecordsOnEveryPartition { topic, partitions } => facts.on_every_partition(topic, *partitions),
            Predicate::ToolRan { tool, with } => {
                done_if(facts.tool_ran(tool, with), || format!("{tool} {} has not been run yet.", with.join(" ")))
            }
            Predicate::LeaderKilled { topic } => done_if(facts.leader_killed(topic).is_some(), || {
                format!("No broker was killed while it led a partition of {topic}.")
            }),
            Predicate::LeaderStopped { topic } => {
                done_if(facts.leader_hit(topic, &[Signal::Terminate]).is_some(), || {
                    format!("No broker was stopped while it led a partition of {topic}.")
                })
            }
            Predicate::LeaderMoved { topic } => facts.leader_moved(topic),
            Predicate::WrittenAfterLeaderKilled { topic, at_least } => {
                let Some(at) = facts.leader_killed(topic) else {
                    return Verdict::Missing(format!("The leader of {topic} is still alive."));
                };
                let written = facts.written(topic, at);
                let missing = || counted(written, *at_least, "record", "acknowledged since the leader died");
                done_if(written >= u64::from(*at_least), missing)
            }
            Predicate::NothingLost { topic, at_least } => facts.nothing_lost(topic, *at_least),
            Predicate::All(all) => all.iter().map(|p| p.verdict(facts)).find(|v| !v.is_done()).unwrap_or(Verdict::Done),
            Predicate::Any(any) => {
                let verdicts: Vec<Verdict> = any.iter().map(|p| p.verdict(facts)).collect();
                let done = verdicts.iter().any(Verdict::is_done);
                if done { Verdict::Done } else { verdicts.into_iter().next().unwrap_or(Verdict::Done) }
            }
        }
    }
}

fn counted(have: u64, wanted: u32, thing: &str, how: &str) -> String {
    let plural = if wanted == 1 { "" } else { "s" };
    format!("{have} of {wanted} {thing}{plural} {how}.")
}

impl Facts<'_> {
    fn topic(&self, name: &str) -> Option<&TopicRow> {
        self.view.topics.iter().find(|t| t.name == name)
    }

    fn counted(&self, topic: &str, wanted: u32, count: impl Fn(&TopicRow) -> (u64, &'static str)) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(format!("There is no topic {topic} yet.")) };
        let (have, thing) = count(row);
        done_if(have >= u64::from(wanted), || format!("{topic} has {have} {thing}s of at least {wanted}."))
    }

    fn written(&self, topic: &str, after: Time) -> u64 {
        let batches = self.activity.acknowledged().iter().filter(|((t, _), _)| t == topic).flat_map(|(_, all)| all);
        batches.filter(|b| b.at >= after).map(|b| u64::from(b.records)).sum()
    }

    fn most_read(&self, topic: &str) -> u64 {
        let mut by_consumer: BTreeMap<u32, u64> = BTreeMap::new();
        for read in self.activity.reads().iter().filter(|r| r.topic == topic) {
            *by_consumer.entry(read.pid.0).or_default() += 1;
        }
        by_consumer.into_values().max().unwrap_or(0)
    }

    fn on_every_partition(&self, topic: &str, partitions: u32) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(format!("There is no topic {topic} yet.")) };
        if (row.partitions.len() as u64) < u64::from(partitions) {
            return Verdict::Missing(format!("{topic} has {} partitions of {partitions}.", row.partitions.len()));
        }
        let has_record = |partition: i32| {
            let replicas = self.view.brokers.iter().flat_map(|b| &b.replicas);
            replicas
                .filter(|r| r.topic == topic && r.partition == partition)
                .any(|r| r.high_watermark > r.log_start_offset)
        };
        let empty: Vec<String> =
            row.partitions.iter().map(|p| p.partition).filter(|p| !has_record(*p)).map(|p| p.to_string()).collect();
        done_if(empty.is_empty(), || format!("No record yet on partition {}.", empty.join(", ")))
    }

    fn tool_ran(&self, tool: &str, with: &[String]) -> bool {
        self.activity.commands().iter().any(|command| {
            let words: Vec<&str> = command.line.split_whitespace().collect();
            let name = words.first().map(|w| w.rsplit('/').next().unwrap_or(w).trim_end_matches(".sh"));
            name == Some(tool) && with.iter().all(|w| words.contains(&w.as_str()))
        })
    }

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
        let Some(row) = self.topic(topic) else { return Verdict::Missing(format!("There is no topic {topic} yet.")) };
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

    fn nothing_lost(&self, topic: &str, at_least: u32) -> Verdict {
        let written = self.written(topic, Time::ZERO);
        let lost = self.ledger.lost_in(topic);
        if lost > 0 {
            return Verdict::Missing(format!("{lost} acknowledged records of {topic} are gone."));
        }
        done_if(written >= u64::from(at_least), || counted(written, at_least, "record", "acknowledged"))
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
