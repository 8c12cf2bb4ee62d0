//! `--reset-offsets`, one group after the other. Serves kafka-consumer-groups; invariant: a group with members keeps its offsets, and
//! the others are reset all the same.

use super::{
    failure::{Failure, print_error, runtime},
    plan::{Decision, Facts, OffsetsByPartition, Question, Reset},
    table::{fixed, growing, lines},
};
use crate::{
    java::{Parsed, hash_set_order, partition_hash},
    tools::admin::AdminTool,
};
use ottla_client::{
    AdminRequest, AdminResponse, GroupDescription, JavaError, Level, LogLine, OffsetAndMetadata, TopicPartition,
};
use ottla_wire::java::hash_map_order;
use std::collections::BTreeMap;

/// The class that warns of offsets outside a log.
const LOGGER: &str = "org.apache.kafka.tools.OffsetsUtils";

/// A reset under way.
#[derive(Clone, Debug, Default)]
pub struct Resetting {
    /// Groups to come, the next one last, with their states.
    groups: Vec<(String, String)>,
    group: String,
    facts: Facts,
    question: Option<Question>,
    plan: OffsetsByPartition,
    done: BTreeMap<String, OffsetsByPartition>,
}

/// What a reset does next.
#[derive(Clone, Debug)]
pub enum Next {
    /// Asks.
    Ask(AdminRequest),
    /// It is finished.
    Done,
}

/// What Kafka's clients throw is told as it is; anything else in a `RuntimeException`.
fn unwrapped(error: JavaError) -> Failure {
    let known = error.class.starts_with("org.apache.kafka.");
    Failure::Thrown(if known { error } else { runtime(error) })
}

impl Resetting {
    /// Begins with what is known of the groups; one that is not there counts as dead.
    ///
    /// # Errors
    /// What the cluster refused.
    pub fn new(each: BTreeMap<String, Result<GroupDescription, JavaError>>) -> Result<Resetting, Failure> {
        let order: Vec<String> =
            hash_map_order(each.keys().map(String::as_str)).into_iter().map(str::to_owned).collect();
        let mut groups = Vec::new();
        for id in order.into_iter().rev() {
            let state = match &each[&id] {
                Ok(group) => group.state.clone(),
                Err(error) if error.is("GroupIdNotFoundException") => "Dead".to_owned(),
                Err(error) => return Err(unwrapped(error.clone())),
            };
            groups.push((id, state));
        }
        Ok(Resetting { groups, ..Resetting::default() })
    }

    /// Takes up the next group.
    ///
    /// # Errors
    /// What the options or the cluster refuse.
    pub fn next_group(&mut self, io: &mut AdminTool<'_, '_, '_>, parsed: &Parsed) -> Result<Next, Failure> {
        while let Some((group, state)) = self.groups.pop() {
            if state == "Empty" || state == "Dead" {
                (self.group, self.facts) = (group, Facts::default());
                return self.go_on(io, parsed);
            }
            print_error(
                io,
                &format!(
                    "Assignments can only be reset if the group '{group}' is inactive, but the current state is {state}."
                ),
            );
            self.done.insert(group, OffsetsByPartition::new());
        }
        self.print(io, parsed);
        Ok(Next::Done)
    }

    fn go_on(&mut self, io: &mut AdminTool<'_, '_, '_>, parsed: &Parsed) -> Result<Next, Failure> {
        let path = parsed.value("from-file")?;
        let file = path.and_then(|path| io.tool.read_file(path));
        let group = self.group.clone();
        let reset = Reset { parsed, group: &group, now_ms: io.tool.cx.wall_ms(), file: file.as_deref() };
        let mut decision = reset.decide(&self.facts)?;
        while let Decision::Ask(question) = decision {
            if !is_empty(&question) {
                let request = question.request(&group);
                self.question = Some(question);
                return Ok(Next::Ask(request));
            }
            // Nothing to ask about.
            self.know(&question, OffsetsByPartition::new());
            decision = reset.decide(&self.facts)?;
        }
        let Decision::Plan(plan) = decision else { return Ok(Next::Done) };
        plan.notices.iter().for_each(|notice| io.tool.println(notice));
        for text in plan.warnings {
            io.tool.log(&LogLine { level: Level::Warn, text, logger: LOGGER });
        }
        self.plan = plan.offsets;
        if parsed.has("dry-run") || !parsed.has("execute") || self.plan.is_empty() {
            return self.finish_group(io, parsed);
        }
        let offsets = self.plan.iter().map(|(p, offset)| (p.clone(), OffsetAndMetadata::new(*offset))).collect();
        self.question = None;
        Ok(Next::Ask(AdminRequest::AlterConsumerGroupOffsets { group: self.group.clone(), offsets }))
    }

    fn finish_group(&mut self, io: &mut AdminTool<'_, '_, '_>, parsed: &Parsed) -> Result<Next, Failure> {
        self.done.insert(std::mem::take(&mut self.group), std::mem::take(&mut self.plan));
        self.next_group(io, parsed)
    }

    fn know(&mut self, question: &Question, offsets: OffsetsByPartition) {
        match question {
            Question::Starts(_) => self.facts.starts = Some(offsets),
            Question::Ends(_) => self.facts.ends = Some(offsets),
            Question::AtTime(..) => self.facts.at_time = Some(offsets),
            Question::Committed | Question::Topics(_) => {}
        }
    }

    /// Goes on with an answer.
    ///
    /// # Errors
    /// What the options or the cluster refuse.
    pub fn answer(
        &mut self,
        io: &mut AdminTool<'_, '_, '_>,
        parsed: &Parsed,
        answer: Result<AdminResponse, JavaError>,
    ) -> Result<Next, Failure> {
        match answer.map_err(unwrapped)? {
            AdminResponse::GroupOffsets(offsets) => {
                self.facts.committed = Some(offsets.into_iter().filter_map(|(p, offset)| Some((p, offset?))).collect());
            }
            AdminResponse::TopicDescriptions(each) => {
                let topics: Result<BTreeMap<_, _>, Failure> =
                    each.into_iter().map(|(name, topic)| Ok((name, topic.map_err(unwrapped)?))).collect();
                self.facts.topics = Some(topics?);
            }
            AdminResponse::Offsets(each) => {
                let offsets: Result<OffsetsByPartition, Failure> =
                    each.into_iter().map(|(p, found)| Ok((p, found.map_err(unwrapped)?.offset))).collect();
                if let Some(question) = self.question.take() {
                    self.know(&question, offsets?);
                }
            }
            AdminResponse::GroupOffsetsAltered(each) => {
                altered(each)?;
                return self.finish_group(io, parsed);
            }
            _ => {}
        }
        self.go_on(io, parsed)
    }

    fn print(&self, io: &mut AdminTool<'_, '_, '_>, parsed: &Parsed) {
        let mut rows: Vec<(String, TopicPartition, i64)> = Vec::new();
        for group in hash_map_order(self.done.keys().map(String::as_str)) {
            let offsets: Vec<(&TopicPartition, &i64)> = self.done[group].iter().collect();
            let ordered = hash_set_order(offsets, |(partition, _)| partition_hash(partition));
            rows.extend(ordered.into_iter().map(|(p, offset)| (group.to_owned(), p.clone(), *offset)));
        }
        if parsed.has("export") {
            let single = parsed.values("group").len() == 1;
            for (group, p, offset) in rows {
                let group = if single { String::new() } else { format!("{group},") };
                io.tool.println(format!("{group}{},{},{offset}", p.topic, p.partition));
            }
            return io.tool.println("");
        }
        if self.done.is_empty() {
            return io.tool.println("");
        }
        // A group without rows makes its column wider too.
        let widest = self.done.keys().map(|group| group.chars().count()).max().unwrap_or(0).max(15);
        let columns = [growing("GROUP", widest), growing("TOPIC", 15), fixed("PARTITION", 10), fixed("NEW-OFFSET", 0)];
        let cells = |(group, p, offset): (String, TopicPartition, i64)| {
            vec![group, p.topic, p.partition.to_string(), offset.to_string()]
        };
        let rows: Vec<Vec<String>> = rows.into_iter().map(cells).collect();
        lines(&columns, &rows, "").iter().for_each(|line| io.tool.println(line));
    }
}

/// Whether the question is about no partition at all.
fn is_empty(question: &Question) -> bool {
    match question {
        Question::Starts(list) | Question::Ends(list) | Question::AtTime(list, _) => list.is_empty(),
        Question::Committed | Question::Topics(_) => false,
    }
}

fn altered(each: BTreeMap<TopicPartition, Result<(), JavaError>>) -> Result<(), Failure> {
    let failed: Vec<(TopicPartition, JavaError)> =
        each.into_iter().filter_map(|(partition, result)| Some((partition, result.err()?))).collect();
    let Some((_, first)) = failed.first() else { return Ok(()) };
    let names: Vec<String> = failed.iter().map(|(partition, _)| partition.to_string()).collect();
    let text = format!("Failed altering group offsets for the following partitions: [{}]", names.join(", "));
    Err(unwrapped(JavaError::new(first.class.clone(), text)))
}
