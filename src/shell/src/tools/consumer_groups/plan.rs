//! What a reset of one group comes to (Kafka's `OffsetsUtils`). Serves `--reset-offsets`; invariant: pure; from what is known so far
//! follows the next question, the plan or the failure.

use super::{
    datetime::{parse_datetime, parse_duration},
    failure::{Failure, runtime},
    options::SCENARIOS,
};
use crate::java::Parsed;
use ottla_client::{AdminRequest, JavaError, OffsetAndMetadata, OffsetSpec, TopicDescription, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// Offsets by partition.
pub type OffsetsByPartition = BTreeMap<TopicPartition, i64>;

/// What is known of the cluster.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What the group has committed.
    pub committed: Option<BTreeMap<TopicPartition, OffsetAndMetadata>>,
    /// The topics that are meant.
    pub topics: Option<BTreeMap<String, TopicDescription>>,
    /// Where logs begin.
    pub starts: Option<OffsetsByPartition>,
    /// Where logs end.
    pub ends: Option<OffsetsByPartition>,
    /// Where a time begins; -1 if there is nothing as late.
    pub at_time: Option<OffsetsByPartition>,
}

/// A question, and what its answer will be known as.
#[derive(Clone, Debug)]
pub enum Question {
    /// [`Facts::committed`].
    Committed,
    /// [`Facts::topics`].
    Topics(Vec<String>),
    /// [`Facts::starts`].
    Starts(Vec<TopicPartition>),
    /// [`Facts::ends`].
    Ends(Vec<TopicPartition>),
    /// [`Facts::at_time`].
    AtTime(Vec<TopicPartition>, i64),
}

impl Question {
    /// As the admin client takes it.
    pub fn request(&self, group: &str) -> AdminRequest {
        let offsets = |partitions: &[TopicPartition], spec: OffsetSpec| AdminRequest::ListOffsets {
            partitions: partitions.iter().map(|partition| (partition.clone(), spec)).collect(),
            read_committed: false,
        };
        match self {
            Question::Committed => committed_request(group),
            Question::Topics(topics) => AdminRequest::DescribeTopics { topics: topics.clone() },
            Question::Starts(partitions) => offsets(partitions, OffsetSpec::Earliest),
            Question::Ends(partitions) => offsets(partitions, OffsetSpec::Latest),
            Question::AtTime(partitions, ms) => offsets(partitions, OffsetSpec::Timestamp(*ms)),
        }
    }
}

/// The question for all that a group has committed.
pub fn committed_request(group: &str) -> AdminRequest {
    AdminRequest::ListConsumerGroupOffsets { group: group.to_owned(), partitions: None, require_stable: false }
}

/// The new offsets of one group.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The offsets.
    pub offsets: OffsetsByPartition,
    /// What is told on standard output before.
    pub notices: Vec<String>,
    /// What is logged before.
    pub warnings: Vec<String>,
}

/// What follows from the facts.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Something must be known first.
    Ask(Question),
    /// Done.
    Plan(Plan),
}

/// Offsets from a file: by group, or of the only group there is.
#[derive(Clone, Debug)]
pub struct FilePlan(pub BTreeMap<String, OffsetsByPartition>);

/// The options of a reset, and the surroundings they are read in.
#[derive(Clone, Copy, Debug)]
pub struct Reset<'a> {
    /// The options.
    pub parsed: &'a Parsed,
    /// The group.
    pub group: &'a str,
    /// The host's clock, milliseconds since 1970.
    pub now_ms: i64,
    /// The text of `--from-file`, if it can be read.
    pub file: Option<&'a str>,
}

/// Topics with partitions, as in `orders:0,1`; others have none.
///
/// # Errors
/// A usage error for what is neither.
pub fn parse_topic(word: &str) -> Result<(&str, Option<Vec<i32>>), Failure> {
    if !word.contains(':') {
        return Ok((word, None));
    }
    let parts: Vec<&str> = word.trim_end_matches(':').split(':').collect();
    let [topic, list] = parts[..] else {
        return Err(Failure::Usage(format!("Invalid topic arg '{word}', expected topic name and partitions")));
    };
    let number = |text: &str| {
        let refused = |_| Failure::Usage(format!("Invalid partition '{text}' specified in topic arg '{word}''"));
        text.parse::<i32>().map_err(refused)
    };
    Ok((topic, Some(list.split(',').map(number).collect::<Result<_, _>>()?)))
}

impl Reset<'_> {
    /// The next step.
    ///
    /// # Errors
    /// What the options or the cluster refuse.
    pub fn decide(&self, facts: &Facts) -> Result<Decision, Failure> {
        let partitions = match self.partitions(facts)? {
            Ok(partitions) => partitions,
            Err(question) => return Ok(Decision::Ask(question)),
        };
        match self.scenario(facts, partitions)? {
            Ok(plan) => Ok(Decision::Plan(plan)),
            Err(question) => Ok(Decision::Ask(question)),
        }
    }

    /// The partitions that are meant, all of them there and with a leader.
    fn partitions(&self, facts: &Facts) -> Result<Result<Vec<TopicPartition>, Question>, Failure> {
        let mut named: Vec<TopicPartition> = Vec::new();
        let mut whole: Vec<String> = Vec::new();
        if self.parsed.has("all-topics") {
            match &facts.committed {
                Some(committed) => named.extend(committed.keys().cloned()),
                None => return Ok(Err(Question::Committed)),
            }
        } else if self.parsed.has("topic") {
            for word in self.parsed.values("topic") {
                match parse_topic(word)? {
                    (topic, None) => whole.push(topic.to_owned()),
                    (topic, Some(list)) => named.extend(list.into_iter().map(|p| TopicPartition::new(topic, p))),
                }
            }
        } else if !self.parsed.has("from-file") {
            let text = "One of the reset scopes should be defined: --all-topics, --topic.";
            return Err(Failure::Usage(text.to_owned()));
        }
        let topics: BTreeSet<String> = named.iter().map(|p| p.topic.clone()).chain(whole.iter().cloned()).collect();
        if topics.is_empty() {
            return Ok(Ok(named));
        }
        let Some(known) = &facts.topics else {
            return Ok(Err(Question::Topics(topics.into_iter().collect())));
        };
        for topic in &whole {
            let all = known.get(topic).map(|topic| topic.partitions.as_slice()).unwrap_or_default();
            named.extend(all.iter().map(|p| TopicPartition::new(topic.clone(), p.partition)));
        }
        check_valid(&named, known)?;
        Ok(Ok(named))
    }

    fn scenario(&self, facts: &Facts, partitions: Vec<TopicPartition>) -> Result<Result<Plan, Question>, Failure> {
        let all = |offset: i64| partitions.iter().map(|p| (p.clone(), offset)).collect::<OffsetsByPartition>();
        let plain = |offsets: &OffsetsByPartition| Plan { offsets: offsets.clone(), ..Plan::default() };
        let Some(scenario) = SCENARIOS.into_iter().find(|scenario| self.parsed.has(scenario)) else {
            let list: Vec<String> = SCENARIOS.iter().map(|scenario| format!("[{scenario}]")).collect();
            return Err(Failure::Usage(format!(
                "Option '[reset-offsets]' requires one of the following scenarios: [{}]",
                list.join(", ")
            )));
        };
        match scenario {
            "to-offset" => Ok(in_range(facts, all(self.parsed.long("to-offset")?.unwrap_or(0)))),
            "to-earliest" => Ok(facts.starts.as_ref().map(plain).ok_or(Question::Starts(partitions))),
            "to-latest" => Ok(facts.ends.as_ref().map(plain).ok_or(Question::Ends(partitions))),
            "shift-by" => self.shift(facts, &partitions),
            "to-datetime" => {
                let ms = parse_datetime(self.parsed.value("to-datetime")?.unwrap_or_default())?;
                Ok(at_time(facts, partitions, ms))
            }
            "by-duration" => {
                let ms = parse_duration(self.parsed.value("by-duration")?.unwrap_or_default())?;
                Ok(at_time(facts, partitions, self.now_ms.saturating_sub(ms)))
            }
            "to-current" => Ok(current(facts, partitions)),
            _ => {
                let FilePlan(mut groups) = self.read_file()?;
                match groups.remove(self.group) {
                    Some(offsets) => Ok(in_range(facts, offsets)),
                    None => {
                        let notice = format!("\nError: No reset plan for group {} found", self.group);
                        Ok(Ok(Plan { notices: vec![notice], ..Plan::default() }))
                    }
                }
            }
        }
    }

    fn shift(&self, facts: &Facts, partitions: &[TopicPartition]) -> Result<Result<Plan, Question>, Failure> {
        let Some(committed) = &facts.committed else { return Ok(Err(Question::Committed)) };
        let mut wanted = OffsetsByPartition::new();
        for partition in partitions {
            let by = self.parsed.long("shift-by")?.unwrap_or(0);
            let offset = committed.get(partition).ok_or_else(|| {
                Failure::Usage(format!(
                    "Cannot shift offset for partition {partition} since there is no current committed offset"
                ))
            })?;
            wanted.insert(partition.clone(), offset.offset.saturating_add(by));
        }
        Ok(in_range(facts, wanted))
    }

    fn read_file(&self) -> Result<FilePlan, Failure> {
        let path = self.parsed.value("from-file")?.unwrap_or_default();
        let missing = JavaError::new("java.nio.file.NoSuchFileException", path);
        let unreadable = JavaError::new("java.io.IOException", format!("Unable to read file {path}"));
        let text = self.file.ok_or_else(|| runtime(unreadable.caused_by(missing)))?;
        let only = (self.parsed.values("group").len() == 1).then_some(self.group);
        parse_csv(text, only).ok_or_else(|| {
            let class = "com.fasterxml.jackson.databind.exc.InvalidFormatException";
            runtime(JavaError::new(class, "Cannot deserialize value of a row")).into()
        })
    }
}

fn parse_csv(text: &str, only: Option<&str>) -> Option<FilePlan> {
    let mut groups: BTreeMap<String, OffsetsByPartition> = BTreeMap::new();
    for line in text.trim_end_matches('\n').lines() {
        let cells: Vec<&str> = line.split(',').map(|cell| cell.trim().trim_matches('"')).collect();
        let (group, topic, partition, offset) = match (only, &cells[..]) {
            (Some(group), [topic, partition, offset]) => (group, topic, partition, offset),
            (_, [group, topic, partition, offset]) => (*group, topic, partition, offset),
            _ => return None,
        };
        let partition = TopicPartition::new(*topic, partition.parse().ok()?);
        groups.entry(group.to_owned()).or_default().insert(partition, offset.parse().ok()?);
    }
    Some(FilePlan(groups))
}

fn check_valid(partitions: &[TopicPartition], topics: &BTreeMap<String, TopicDescription>) -> Result<(), JavaError> {
    let find =
        |p: &TopicPartition| topics.get(&p.topic)?.partitions.iter().find(|known| known.partition == p.partition);
    let names = |list: Vec<&TopicPartition>| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let missing: Vec<&TopicPartition> = partitions.iter().filter(|p| find(p).is_none()).collect();
    if !missing.is_empty() {
        let text = format!("The partitions \"{}\" do not exist", names(missing));
        return Err(JavaError::kafka("UnknownTopicOrPartitionException", text));
    }
    let headless =
        partitions.iter().filter(|p| find(p).is_some_and(|known| known.leader.is_none())).collect::<Vec<_>>();
    match headless.is_empty() {
        true => Ok(()),
        false => {
            let text = format!("The partitions \"{}\" have no leader", names(headless));
            Err(JavaError::kafka("LeaderNotAvailableException", text))
        }
    }
}

/// Offsets moved into their logs.
fn in_range(facts: &Facts, wanted: OffsetsByPartition) -> Result<Plan, Question> {
    let partitions = || wanted.keys().cloned().collect::<Vec<_>>();
    let starts = facts.starts.as_ref().ok_or_else(|| Question::Starts(partitions()))?;
    let ends = facts.ends.as_ref().ok_or_else(|| Question::Ends(partitions()))?;
    let mut plan = Plan::default();
    for (partition, offset) in wanted {
        let beyond = ends.get(&partition).filter(|end| offset > **end).map(|end| ("higher than latest", *end));
        let before = starts.get(&partition).filter(|start| offset < **start).map(|s| ("lower than earliest", *s));
        let offset = match beyond.or(before) {
            Some((how, limit)) => {
                plan.warnings.push(format!(
                    "New offset ({offset}) is {how} offset for topic partition {partition}. Value will be set to {limit}"
                ));
                limit
            }
            None => offset,
        };
        plan.offsets.insert(partition, offset);
    }
    Ok(plan)
}

fn at_time(facts: &Facts, partitions: Vec<TopicPartition>, ms: i64) -> Result<Plan, Question> {
    let found = facts.at_time.as_ref().ok_or(Question::AtTime(partitions, ms))?;
    let nothing: Vec<TopicPartition> =
        found.iter().filter(|(_, offset)| **offset < 0).map(|(p, _)| p.clone()).collect();
    let mut plan = Plan { offsets: found.clone(), ..Plan::default() };
    if nothing.is_empty() {
        return Ok(plan);
    }
    let Some(ends) = &facts.ends else { return Err(Question::Ends(nothing)) };
    for partition in nothing {
        plan.notices.push(format!(
            "\nWarn: Partition {} from topic {} is empty. Falling back to latest known offset.",
            partition.partition, partition.topic
        ));
        let end = ends.get(&partition).copied().unwrap_or(0);
        plan.offsets.insert(partition, end);
    }
    Ok(plan)
}

fn current(facts: &Facts, partitions: Vec<TopicPartition>) -> Result<Plan, Question> {
    let committed = facts.committed.as_ref().ok_or(Question::Committed)?;
    let without: Vec<TopicPartition> = partitions.iter().filter(|p| !committed.contains_key(p)).cloned().collect();
    let ends = match (&facts.ends, without.is_empty()) {
        (Some(ends), _) => ends.clone(),
        (None, true) => OffsetsByPartition::new(),
        (None, false) => return Err(Question::Ends(without)),
    };
    let offset = |p: &TopicPartition| committed.get(p).map(|c| c.offset).or(ends.get(p).copied());
    let offsets = partitions.iter().filter_map(|p| Some((p.clone(), offset(p)?))).collect();
    Ok(Plan { offsets, ..Plan::default() })
}
