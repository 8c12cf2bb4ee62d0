//! Followers, high watermarks and refused writes. Serves lessons; invariant: who left the in-sync replicas because it died is
//! told apart from who was only slow.

use super::{Verdict, counted, done_if, topics::no_topic};
use crate::Facts;
use ottla_lab::{Acknowledged, Waited};
use ottla_world::{Fault, Signal, Time};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A predicate about replication.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ReplicationPredicate {
    /// A follower whose process lives left the in-sync replicas of the topic.
    FollowerLeftIsr {
        /// The topic's name.
        topic: String,
        /// Its leader must have put it out, not the controller: it was not fenced.
        #[serde(default)]
        by_leader: bool,
    },
    /// A follower that left so, and was not restarted, is in sync again.
    FollowerBackInIsr {
        /// The topic's name.
        topic: String,
        /// Its leader must have put it out.
        #[serde(default)]
        by_leader: bool,
    },
    /// A record of the topic was acknowledged to a producer that asked for so many acknowledgements.
    AcknowledgedWith {
        /// The topic's name.
        topic: String,
        /// 1, or -1 for all.
        acks: i16,
    },
    /// So many records were acknowledged while such a follower was out.
    WrittenWhileFollowerOut {
        /// The topic's name.
        topic: String,
        /// How many.
        at_least: u32,
    },
    /// A broker that holds the topic was killed, stopped or lost power.
    ReplicaDied {
        /// The topic's name.
        topic: String,
    },
    /// Every replica of every partition of the topic is alive, in sync and holds the leader's whole log, and one partition
    /// has so many records.
    CopiedEverywhere {
        /// The topic's name.
        topic: String,
        /// How many records.
        at_least: u32,
    },
    /// A consumer was given nothing although the record it asked for was in the leader's log: it was above the high
    /// watermark.
    WaitedAtHighWatermark {
        /// The topic's name.
        topic: String,
    },
    /// The consumer that waited so was given the record later.
    ReadAfterWaiting {
        /// The topic's name.
        topic: String,
    },
    /// A producer was refused with this error.
    WriteRefused {
        /// The topic's name.
        topic: String,
        /// The error's Kafka name.
        error: String,
    },
    /// After such a refusal a record was acknowledged to a producer that asked for all.
    AcceptedAfterRefusal {
        /// The topic's name.
        topic: String,
        /// The error's Kafka name.
        error: String,
    },
}

impl ReplicationPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        use ReplicationPredicate as P;
        match self {
            P::FollowerLeftIsr { topic, by_leader } => facts.follower_left(topic, *by_leader),
            P::FollowerBackInIsr { topic, by_leader } => facts.follower_back(topic, *by_leader),
            P::AcknowledgedWith { topic, acks } => done_if(facts.acknowledged_with(topic, *acks), || {
                format!("No record of {topic} was acknowledged to a producer with acks={acks}.")
            }),
            P::WrittenWhileFollowerOut { topic, at_least } => {
                let leaves = facts.leaves(topic);
                let written: u64 = leaves.iter().map(|leave| facts.written_meanwhile(topic, leave)).sum();
                let how = "acknowledged while a living follower was out of the Isr";
                done_if(written >= u64::from(*at_least), || counted(written, *at_least, "record", how))
            }
            P::ReplicaDied { topic } => done_if(facts.replica_died(topic), || format!("All brokers of {topic} live.")),
            P::CopiedEverywhere { topic, at_least } => facts.copied_everywhere(topic, *at_least),
            P::WaitedAtHighWatermark { topic } => done_if(!facts.waits(topic).is_empty(), || {
                format!("No consumer of {topic} has waited for a record that was written already.")
            }),
            P::ReadAfterWaiting { topic } => facts.read_after_waiting(topic),
            P::WriteRefused { topic, error } => done_if(facts.refused_at(topic, error).is_some(), || {
                format!("No write to {topic} was refused with {error}.")
            }),
            P::AcceptedAfterRefusal { topic, error } => facts.accepted_after_refusal(topic, error),
        }
    }
}

/// A follower that left the in-sync replicas.
struct Leave {
    partition: i32,
    node: i32,
    /// Since when it had been in sync.
    joined: Time,
    at: Time,
    returned: Option<Time>,
    by_leader: bool,
}

/// A quiet cluster is looked at with its next event: a change may be noted so long after it was committed, in milliseconds.
pub(super) const NOTED_MS: u64 = 600;
/// A consumer that asked and was given nothing so long after a broker was asked to write the record has waited, in
/// milliseconds: longer than a healthy cluster takes to replicate.
const WAITED_MS: u64 = 300;

fn ends_process(fault: &Fault) -> bool {
    matches!(fault, Fault::Signal { signal: Signal::Kill | Signal::Terminate, .. } | Fault::PowerCut { .. })
}

impl Facts<'_> {
    fn leaves(&self, topic: &str) -> Vec<Leave> {
        let mut leaves: Vec<Leave> = Vec::new();
        let mut joined: BTreeMap<(i32, i32), Time> = BTreeMap::new();
        for step in self.activity.partition_steps().iter().filter(|step| step.topic == topic) {
            let Some(before) = &step.before else { continue };
            for node in step.after.isr.iter().filter(|node| !before.isr.contains(node)) {
                joined.insert((step.partition, *node), step.at);
                let open = |l: &&mut Leave| (l.partition, l.node) == (step.partition, *node) && l.returned.is_none();
                if let Some(leave) = leaves.iter_mut().find(open) {
                    leave.returned = Some(step.at);
                }
            }
            let left = before.isr.iter().filter(|node| !step.after.isr.contains(node));
            for node in left.filter(|node| step.after.replicas.contains(node)) {
                leaves.push(Leave {
                    partition: step.partition,
                    node: *node,
                    joined: joined.get(&(step.partition, *node)).copied().unwrap_or(Time::ZERO),
                    at: step.at,
                    returned: None,
                    by_leader: !step.fenced.contains(node),
                });
            }
        }
        leaves.retain(|leave| !self.died_meanwhile(leave));
        leaves
    }

    fn died_meanwhile(&self, leave: &Leave) -> bool {
        let deaths = self.activity.node_faults().iter().filter(|f| f.node == leave.node && ends_process(&f.fault));
        deaths.map(|f| f.at).any(|at| at > leave.joined && leave.returned.is_none_or(|returned| at < returned))
    }

    fn replica_died(&self, topic: &str) -> bool {
        let Some(row) = self.topic(topic) else { return false };
        let holds = |node: i32| row.partitions.iter().any(|p| p.replicas.contains(&node));
        self.activity.node_faults().iter().any(|f| ends_process(&f.fault) && holds(f.node))
    }

    fn follower_left(&self, topic: &str, by_leader: bool) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(no_topic(topic)) };
        let left = self.leaves(topic).iter().any(|leave| leave.by_leader || !by_leader);
        done_if(left, || {
            let sets = row.partitions.iter().map(|p| format!("{}: {:?} of {:?}", p.partition, p.isr, p.replicas));
            let how =
                if by_leader { "been put out by its leader alone" } else { "left the Isr while its process lived" };
            format!("No follower has {how}. In sync, by partition: {}.", sets.collect::<Vec<_>>().join("; "))
        })
    }

    fn acknowledged_with(&self, topic: &str, acks: i16) -> bool {
        let all = self.activity.acknowledged().iter();
        all.filter(|((t, _), _)| t == topic).flat_map(|(_, batches)| batches).any(|batch| batch.acks == acks)
    }

    fn follower_back(&self, topic: &str, by_leader: bool) -> Verdict {
        let mut leaves = self.leaves(topic);
        leaves.retain(|leave| leave.by_leader || !by_leader);
        done_if(leaves.iter().any(|leave| leave.returned.is_some()), || match leaves.last() {
            Some(leave) => format!("Broker {} is still out of the Isr of {topic}-{}.", leave.node, leave.partition),
            None => format!("No living follower has left the Isr of {topic} yet."),
        })
    }

    fn written_meanwhile(&self, topic: &str, leave: &Leave) -> u64 {
        let batches = self.activity.acknowledged().get(&(topic.to_owned(), leave.partition));
        let meanwhile = |b: &&Acknowledged| {
            b.at.plus_millis(NOTED_MS) >= leave.at && leave.returned.is_none_or(|returned| b.at < returned)
        };
        batches.into_iter().flatten().filter(meanwhile).map(|b| u64::from(b.records)).sum()
    }

    fn copied_everywhere(&self, topic: &str, at_least: u32) -> Verdict {
        let Some(row) = self.topic(topic) else { return Verdict::Missing(no_topic(topic)) };
        let mut most = 0;
        for p in &row.partitions {
            let strips = self.view.brokers.iter().flat_map(|b| b.replicas.iter().map(move |r| (b.id, r)));
            let ends: BTreeMap<i32, i64> = strips
                .filter(|(_, r)| r.topic == topic && r.partition == p.partition)
                .map(|(id, r)| (id, r.log_end_offset))
                .collect();
            let end = p.leader.and_then(|leader| ends.get(&leader)).copied();
            let behind = p.replicas.iter().find(|id| end.is_none() || ends.get(id).copied() != end);
            if let Some(id) = behind.or_else(|| p.replicas.iter().find(|id| !p.isr.contains(id))) {
                return Verdict::Missing(format!("Broker {id} does not have all of {topic}-{}.", p.partition));
            }
            most = most.max(end.unwrap_or(0));
        }
        let most = u64::try_from(most).unwrap_or(0);
        done_if(most >= u64::from(at_least), || counted(most, at_least, "record", "on every replica"))
    }

    /// Partition, high watermark and consumer of every wait for a record that was there.
    fn waits(&self, topic: &str) -> Vec<(i32, i64, &Waited)> {
        let places = self.activity.dealings().waits().iter().filter(|((t, _), _)| t == topic);
        let all =
            places.flat_map(|(place, waits)| waits.iter().map(move |(high_watermark, w)| (place, *high_watermark, w)));
        let was_there = |place: &(String, i32), high_watermark: i64, waited: &Waited| {
            let batches = self.activity.acknowledged().get(place);
            batches
                .into_iter()
                .flatten()
                .any(|batch| batch.base_offset >= high_watermark && waited.at >= batch.asked_at.plus_millis(WAITED_MS))
        };
        all.filter(|(place, mark, w)| was_there(place, *mark, w)).map(|(place, mark, w)| (place.1, mark, w)).collect()
    }

    fn read_after_waiting(&self, topic: &str) -> Verdict {
        let waits = self.waits(topic);
        let read = |&(partition, offset, waited): &(i32, i64, &Waited)| {
            let mut reads = self.activity.reads().iter();
            reads.any(|r| (r.pid, r.partition, r.offset) == (waited.pid, partition, offset) && r.topic == topic)
        };
        done_if(waits.iter().any(read), || match waits.first() {
            Some((partition, offset, _)) => {
                format!("A consumer still waits for offset {offset} of {topic}-{partition}.")
            }
            None => format!("No consumer of {topic} has waited yet."),
        })
    }

    fn refused_at(&self, topic: &str, error: &str) -> Option<Time> {
        let mut refusals = self.activity.dealings().refusals().iter();
        refusals.find(|r| r.api == "Produce" && r.topic == topic && r.error == error).map(|r| r.at)
    }

    fn accepted_after_refusal(&self, topic: &str, error: &str) -> Verdict {
        let Some(at) = self.refused_at(topic, error) else {
            return Verdict::Missing(format!("No write to {topic} was refused with {error} yet."));
        };
        let batches = self.activity.acknowledged().iter().filter(|((t, _), _)| t == topic).flat_map(|(_, all)| all);
        let mut later = batches.filter(|b| b.at > at);
        done_if(later.any(|b| b.acks == -1), || {
            format!("Since the refusal no record of {topic} was acknowledged with acks=all.")
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::predicate::table::{Row, check};

    const CREATE: &str = "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --replica-assignment 1:2:3 --config min.insync.replicas=3";
    const PRODUCE: &str = "[1] kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t";

    fn row(when: &'static str, before: &'static str, after: &'static str) -> Row {
        Row { when, before, after }
    }

    #[test]
    fn paused_and_refused() {
        let steps = [
            CREATE,
            PRODUCE,
            "@ pause 3",
            "@ sleep 10",
            "[1] no",
            "[1] no again",
            "@ resume 3",
            "@ sleep 5",
            "[1] yes",
        ];
        let refused = r#"{ write_refused = { topic = "t", error = "NOT_ENOUGH_REPLICAS" } }"#;
        let accepted = r#"{ accepted_after_refusal = { topic = "t", error = "NOT_ENOUGH_REPLICAS" } }"#;
        check(
            &steps,
            &[
                row(r#"{ follower_left_isr = { topic = "t" } }"#, "There is no topic t yet.", "done"),
                row(
                    r#"{ follower_left_isr = { topic = "t", by_leader = true } }"#,
                    "There is no topic t yet.",
                    "No follower has been put out by its leader alone. In sync, by partition: 0: [1, 2, 3] of [1, 2, 3].",
                ),
                row(
                    r#"{ follower_back_in_isr = { topic = "t" } }"#,
                    "No living follower has left the Isr of t yet.",
                    "done",
                ),
                row(refused, "No write to t was refused with NOT_ENOUGH_REPLICAS.", "done"),
                row(accepted, "No write to t was refused with NOT_ENOUGH_REPLICAS yet.", "done"),
                row(r#"{ copied_everywhere = { topic = "t", at_least = 1 } }"#, "There is no topic t yet.", "done"),
                row(r#"{ replica_died = { topic = "t" } }"#, "All brokers of t live.", "All brokers of t live."),
            ],
        );
    }

    #[test]
    fn a_refused_batch_leaves_a_gap_that_ends_after_one_more_error() {
        let steps = [CREATE, PRODUCE, "[1] first", "@ pause 3", "@ sleep 10", "[1] no", "@ resume 3", "@ sleep 5"];
        let steps: Vec<&str> = steps.into_iter().chain(["[1] no again", "[1] yes"]).collect();
        let refused = r#"{ write_refused = { topic = "t", error = "OUT_OF_ORDER_SEQUENCE_NUMBER" } }"#;
        let accepted = r#"{ accepted_after_refusal = { topic = "t", error = "OUT_OF_ORDER_SEQUENCE_NUMBER" } }"#;
        check(
            &steps,
            &[
                row(refused, "No write to t was refused with OUT_OF_ORDER_SEQUENCE_NUMBER.", "done"),
                row(accepted, "No write to t was refused with OUT_OF_ORDER_SEQUENCE_NUMBER yet.", "done"),
                row(
                    r#"{ records_written = { topic = "t", at_least = 3 } }"#,
                    "0 of 3 records acknowledged.",
                    "2 of 3 records acknowledged.",
                ),
            ],
        );
    }

    #[test]
    fn killed_is_not_left() {
        check(
            &[CREATE, "@ kill 3", "@ sleep 10", "@ start 3", "@ sleep 10"],
            &[
                row(
                    r#"{ follower_back_in_isr = { topic = "t" } }"#,
                    "No living follower has left the Isr of t yet.",
                    "No living follower has left the Isr of t yet.",
                ),
                row(r#"{ replica_died = { topic = "t" } }"#, "All brokers of t live.", "done"),
            ],
        );
    }

    #[test]
    fn cut_off() {
        let produce =
            "[1] kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t --producer-property acks=1";
        let consume = "[2] kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic t --from-beginning";
        let steps =
            [CREATE, produce, consume, "[1] one", "@ cut 1 2", "[1] two", "@ sleep 50", "[1] three", "@ heal 1 2"];
        check(
            &steps,
            &[
                row(r#"{ follower_left_isr = { topic = "t", by_leader = true } }"#, "There is no topic t yet.", "done"),
                row(
                    r#"{ written_while_follower_out = { topic = "t", at_least = 1 } }"#,
                    "0 of 1 record acknowledged while a living follower was out of the Isr.",
                    "done",
                ),
                row(
                    r#"{ acknowledged_with = { topic = "t", acks = 1 } }"#,
                    "No record of t was acknowledged to a producer with acks=1.",
                    "done",
                ),
                row(
                    r#"{ acknowledged_with = { topic = "t", acks = -1 } }"#,
                    "No record of t was acknowledged to a producer with acks=-1.",
                    "No record of t was acknowledged to a producer with acks=-1.",
                ),
                row(
                    r#"{ follower_back_in_isr = { topic = "t", by_leader = true } }"#,
                    "No living follower has left the Isr of t yet.",
                    "done",
                ),
                row(
                    r#"{ waited_at_high_watermark = { topic = "t" } }"#,
                    "No consumer of t has waited for a record that was written already.",
                    "done",
                ),
                row(r#"{ read_after_waiting = { topic = "t" } }"#, "No consumer of t has waited yet.", "done"),
            ],
        );
    }
}
