//! Goals as named predicates over a run, one file a concern. Serves lessons; invariant: each says in a sentence what is
//! still missing while it is false, naming what the run's state is, so that nobody asks why they have not won.
//!
//! To add one: a variant in the file of its concern, its verdict there, a row in that file's table test. Its name in lesson
//! files is the variant's in snake case; names are unique over all concerns (a test compares).

mod addresses;
mod cluster;
mod elections;
mod logs;
mod names;
mod placement;
mod reading;
mod records;
mod replication;
mod segments;
#[cfg(test)]
mod table;
mod tools;
mod topics;

use crate::Facts;
pub use addresses::AddressPredicate;
pub use cluster::ClusterPredicate;
pub use elections::ElectionPredicate;
pub use logs::{LogPredicate, Retention};
pub use placement::PlacementPredicate;
pub use reading::ReadingPredicate;
pub use records::RecordPredicate;
pub use replication::ReplicationPredicate;
pub use segments::SegmentPredicate;
use serde::{Deserialize, Deserializer, de::Error};
pub use tools::ToolPredicate;
pub use topics::TopicPredicate;

/// A predicate, as lesson files write it: `when = { topic_exists = { topic = "orders" } }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// What topics there are and how they are set.
    Topic(TopicPredicate),
    /// What was written and read.
    Record(RecordPredicate),
    /// From where consumers read, and in which order.
    Reading(ReadingPredicate),
    /// Where logs begin and what moved that.
    Log(LogPredicate),
    /// Segments on disk, and compaction.
    Segment(SegmentPredicate),
    /// Brokers, leaders, replicas, controllers, and what was done to them.
    Cluster(ClusterPredicate),
    /// Followers, high watermarks, refused writes.
    Replication(ReplicationPredicate),
    /// Elections of leaders and controllers.
    Election(ElectionPredicate),
    /// Bootstrap addresses.
    Address(AddressPredicate),
    /// Which broker holds what.
    Placement(PlacementPredicate),
    /// What was run and what it said.
    Tool(ToolPredicate),
    /// `all = [..]`: all of these.
    All(Vec<Predicate>),
    /// `any = [..]`: one of these.
    Any(Vec<Predicate>),
    /// `not = {..}`: this does not hold. For answers to mistakes; as a goal it has little to say.
    Not(Box<Predicate>),
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

impl Predicate {
    /// Looks at the facts.
    pub fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            Predicate::Topic(one) => one.verdict(facts),
            Predicate::Record(one) => one.verdict(facts),
            Predicate::Reading(one) => one.verdict(facts),
            Predicate::Log(one) => one.verdict(facts),
            Predicate::Segment(one) => one.verdict(facts),
            Predicate::Cluster(one) => one.verdict(facts),
            Predicate::Replication(one) => one.verdict(facts),
            Predicate::Election(one) => one.verdict(facts),
            Predicate::Address(one) => one.verdict(facts),
            Predicate::Placement(one) => one.verdict(facts),
            Predicate::Tool(one) => one.verdict(facts),
            Predicate::All(all) => all.iter().map(|p| p.verdict(facts)).find(|v| !v.is_done()).unwrap_or(Verdict::Done),
            Predicate::Any(any) => {
                let verdicts: Vec<Verdict> = any.iter().map(|p| p.verdict(facts)).collect();
                let done = verdicts.iter().any(Verdict::is_done);
                if done { Verdict::Done } else { verdicts.into_iter().next().unwrap_or(Verdict::Done) }
            }
            Predicate::Not(one) => {
                done_if(!one.verdict(facts).is_done(), || "Something that must not be is still so.".to_owned())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Predicate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = toml::Table::deserialize(deserializer)?;
        let mut entries = table.into_iter();
        let (Some((name, value)), None) = (entries.next(), entries.next()) else {
            return Err(D::Error::custom(
                "a predicate is a table with one name: { topic_exists = { topic = \"orders\" } }",
            ));
        };
        named(&name, value).map_err(|reason| D::Error::custom(format!("predicate {name}: {reason}")))
    }
}

fn named(name: &str, value: toml::Value) -> Result<Predicate, String> {
    match name {
        "all" => return Ok(Predicate::All(value.try_into().map_err(short)?)),
        "any" => return Ok(Predicate::Any(value.try_into().map_err(short)?)),
        "not" => return Ok(Predicate::Not(Box::new(value.try_into().map_err(short)?))),
        _ => {}
    }
    let whole = toml::Value::Table(toml::Table::from_iter([(name.to_owned(), value)]));
    let of = |known: &[&str]| known.contains(&name);
    if of(names::of::<TopicPredicate>()) {
        whole.try_into().map(Predicate::Topic).map_err(short)
    } else if of(names::of::<RecordPredicate>()) {
        whole.try_into().map(Predicate::Record).map_err(short)
    } else if of(names::of::<ReadingPredicate>()) {
        whole.try_into().map(Predicate::Reading).map_err(short)
    } else if of(names::of::<SegmentPredicate>()) {
        whole.try_into().map(Predicate::Segment).map_err(short)
    } else if of(names::of::<LogPredicate>()) {
        whole.try_into().map(Predicate::Log).map_err(short)
    } else if of(names::of::<ClusterPredicate>()) {
        whole.try_into().map(Predicate::Cluster).map_err(short)
    } else if of(names::of::<ReplicationPredicate>()) {
        whole.try_into().map(Predicate::Replication).map_err(short)
    } else if of(names::of::<ElectionPredicate>()) {
        whole.try_into().map(Predicate::Election).map_err(short)
    } else if of(names::of::<AddressPredicate>()) {
        whole.try_into().map(Predicate::Address).map_err(short)
    } else if of(names::of::<PlacementPredicate>()) {
        whole.try_into().map(Predicate::Placement).map_err(short)
    } else if of(names::of::<ToolPredicate>()) {
        whole.try_into().map(Predicate::Tool).map_err(short)
    } else {
        Err("there is none of that name".to_owned())
    }
}

fn short(error: toml::de::Error) -> String {
    error.message().to_owned()
}

/// Done, or what is missing.
fn done_if(done: bool, missing: impl FnOnce() -> String) -> Verdict {
    if done { Verdict::Done } else { Verdict::Missing(missing()) }
}

/// "2 of 3 records read."
fn counted(have: u64, wanted: u32, thing: &str, how: &str) -> String {
    let plural = if wanted == 1 { "" } else { "s" };
    format!("{have} of {wanted} {thing}{plural} {how}.")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[derive(Debug, Deserialize)]
    struct When {
        when: Predicate,
    }

    fn read(text: &str) -> Result<Predicate, String> {
        toml::from_str::<When>(&format!("when = {text}")).map(|w| w.when).map_err(|e| e.message().to_owned())
    }

    #[test]
    fn names_are_unique() {
        let concerns = [
            names::of::<TopicPredicate>(),
            names::of::<RecordPredicate>(),
            names::of::<ReadingPredicate>(),
            names::of::<LogPredicate>(),
            names::of::<SegmentPredicate>(),
            names::of::<ClusterPredicate>(),
            names::of::<ReplicationPredicate>(),
            names::of::<ElectionPredicate>(),
            names::of::<AddressPredicate>(),
            names::of::<PlacementPredicate>(),
            names::of::<ToolPredicate>(),
            &["all", "any", "not"],
        ];
        let mut seen = BTreeSet::new();
        for name in concerns.into_iter().flatten() {
            assert!(seen.insert(name), "two predicates are called {name}");
        }
    }

    #[test]
    fn lesson_files_write_them_so() {
        let exists = Predicate::Topic(TopicPredicate::TopicExists { topic: "a".into() });
        assert_eq!(read(r#"{ topic_exists = { topic = "a" } }"#), Ok(exists.clone()));
        let all = r#"{ all = [{ topic_exists = { topic = "a" } }, { not = { topic_exists = { topic = "a" } } }] }"#;
        assert_eq!(read(all), Ok(Predicate::All(vec![exists.clone(), Predicate::Not(Box::new(exists))])));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let cases = [
            ("{}", "a predicate is a table with one name"),
            (r#"{ topic_flies = { topic = "a" } }"#, "predicate topic_flies: there is none of that name"),
            (r#"{ topic_exists = { topic = "a", at = 1 } }"#, "predicate topic_exists: unknown field `at`"),
            (r#"{ any = [{ topic_exists = {} }] }"#, "predicate any: predicate topic_exists: missing field `topic`"),
        ];
        for (text, reason) in cases {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }
}
