//! The steps of kafka-consumer-groups, one a question to the cluster. Serves the shell; invariant: each state knows what its answer is
//! for.

use super::{
    delete::{groups_deleted, offsets_deleted},
    describe::{self, Notice, Offsets},
    failure::{Failure, execution, print_error, runtime},
    list,
    options::{TABLE, available, check},
    plan::{committed_request, parse_topic},
    regex_check::validate,
    reset::{Next, Resetting},
};
use crate::{
    java::{Parsed, VERSION},
    tools::admin::{AdminCommand, AdminTool, Answer, Step},
};
use ottla_client::{AdminRequest, AdminResponse, GroupDescription, JavaError, OffsetSpec, TopicPartition};
use ottla_wire::java::hash_map_order;
use std::collections::BTreeMap;

const USAGE: &str = "This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, or reset consumer group offsets.";
const DEFAULT_TIMEOUT_MS: u64 = 30_000;

/// kafka-consumer-groups.
#[derive(Clone, Debug, Default)]
pub struct ConsumerGroups {
    parsed: Parsed,
    state: State,
    timeout_ms: u64,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Starting,
    Listing,
    /// All groups, to do with them what the options say.
    FindingGroups,
    Describing,
    ReadingOffsets(Box<Reading>),
    Deleting,
    FindingTopics {
        partitions: Vec<TopicPartition>,
    },
    DeletingOffsets {
        partitions: Vec<TopicPartition>,
        unknown: BTreeMap<TopicPartition, Result<(), JavaError>>,
    },
    DescribingForReset,
    Resetting(Box<Resetting>),
}

/// The offsets view under way: nothing is printed before all is known.
#[derive(Clone, Debug, Default)]
struct Reading {
    /// Groups to come, the next one last.
    groups: Vec<GroupDescription>,
    group: Option<GroupDescription>,
    offsets: Offsets,
    done: Vec<(GroupDescription, Offsets)>,
}

impl AdminCommand for ConsumerGroups {
    const CLASS: &'static str = "ConsumerGroupCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let args = io.tool.invocation.args.clone();
        self.parsed = match Parsed::parse(TABLE, &args).and_then(|parsed| available(&parsed).map(|()| parsed)) {
            Ok(parsed) => parsed,
            Err(error) => {
                io.tool.uncaught(&error);
                return Step::Exit(1);
            }
        };
        if self.parsed.is_empty || self.parsed.has("help") {
            return Failure::Usage(USAGE.to_owned()).tell(io);
        }
        if self.parsed.has("version") {
            io.tool.println(VERSION);
            return Step::Exit(0);
        }
        let mut notice = None;
        let checked = check(&self.parsed, &mut notice);
        if let Some(notice) = notice {
            io.tool.eprintln(notice);
        }
        match checked.map_err(Failure::Usage).and_then(|()| self.begin(io)) {
            Ok(step) => step,
            Err(failure) => failure.tell(io),
        }
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match self.go_on(io, answer) {
            Ok(step) => step,
            Err(failure) => failure.tell(io),
        }
    }
}

fn unexpected() -> Failure {
    JavaError::new("java.lang.IllegalStateException", "unexpected answer").into()
}

impl ConsumerGroups {
    fn begin(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Step, Failure> {
        if let Some(expression) = self.parsed.value("validate-regex")? {
            io.tool.println(validate(expression));
            return Ok(Step::Exit(0));
        }
        let mut config = match self.parsed.value("command-config")? {
            Some(path) => io.tool.load_properties(path).map_err(runtime)?,
            None => BTreeMap::new(),
        };
        let servers = self.parsed.value("bootstrap-server")?.unwrap_or_default();
        config.insert("bootstrap.servers".to_owned(), servers.to_owned());
        io.open(&config)?;
        let timeout = self.parsed.long("timeout")?;
        self.timeout_ms = timeout.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(DEFAULT_TIMEOUT_MS);
        if self.parsed.has("list") {
            let request = list::request(&self.parsed)?;
            return Ok(self.ask(State::Listing, request));
        }
        if self.parsed.has("delete-offsets") {
            return self.find_topics();
        }
        match self.parsed.has("all-groups") {
            true => Ok(self.ask(State::FindingGroups, list::all())),
            false => {
                let mut groups: Vec<String> = Vec::new();
                for group in self.parsed.values("group") {
                    if !groups.contains(group) {
                        groups.push(group.clone());
                    }
                }
                self.act_on(io, groups)
            }
        }
    }

    fn ask(&mut self, state: State, request: AdminRequest) -> Step {
        self.state = state;
        Step::AskWithin(request, self.timeout_ms)
    }

    fn act_on(&mut self, io: &mut AdminTool<'_, '_, '_>, groups: Vec<String>) -> Result<Step, Failure> {
        if self.parsed.has("delete") {
            if groups.is_empty() {
                groups_deleted(io, &BTreeMap::new());
                return Ok(Step::Exit(0));
            }
            return Ok(self.ask(State::Deleting, AdminRequest::DeleteConsumerGroups { groups }));
        }
        let resets = self.parsed.has("reset-offsets");
        if groups.is_empty() {
            return match resets {
                true => self.reset(io, Resetting::default()),
                false => Ok(Step::Exit(0)),
            };
        }
        let state = if resets { State::DescribingForReset } else { State::Describing };
        Ok(self.ask(state, AdminRequest::DescribeConsumerGroups { groups }))
    }

    fn go_on(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Result<Step, Failure> {
        match (std::mem::take(&mut self.state), answer) {
            (State::Listing, answer) => {
                let bare = !self.parsed.has("state") && !self.parsed.has("type");
                let groups = groups_of(answer)
                    .map_err(|error| if bare { runtime(execution(error)) } else { execution(error) })?;
                list::rows(&self.parsed, &groups).iter().for_each(|row| io.tool.println(row));
                Ok(Step::Exit(0))
            }
            (State::FindingGroups, answer) => {
                let groups = groups_of(answer).map_err(|error| runtime(execution(error)))?;
                self.act_on(io, groups.into_iter().map(|group| group.group_id).collect())
            }
            (State::Describing, Ok(AdminResponse::GroupDescriptions(each))) => self.describe(io, each),
            (State::Describing, Err(error)) => Err(execution(error).into()),
            (State::ReadingOffsets(reading), answer) => self.read_on(io, *reading, answer),
            (State::Deleting, Ok(AdminResponse::GroupsDeleted(each))) => {
                groups_deleted(io, &each);
                Ok(Step::Exit(0))
            }
            (State::Deleting, Err(error)) => {
                let each =
                    self.parsed.values("group").iter().map(|group| (group.clone(), Err(error.clone()))).collect();
                groups_deleted(io, &each);
                Ok(Step::Exit(0))
            }
            (State::FindingTopics { partitions }, answer) => self.found_topics(partitions, answer),
            (State::DeletingOffsets { partitions, unknown }, answer) => {
                self.deleted_offsets(io, &partitions, unknown, answer)
            }
            (State::DescribingForReset, Ok(AdminResponse::GroupDescriptions(each))) => {
                self.reset(io, Resetting::new(each)?)
            }
            (State::DescribingForReset, Err(error)) => Err(error.into()),
            (State::Resetting(mut resetting), answer) => {
                let next = resetting.answer(io, &self.parsed, answer)?;
                Ok(self.after_reset(*resetting, next))
            }
            _ => Err(unexpected()),
        }
    }

    fn reset(&mut self, io: &mut AdminTool<'_, '_, '_>, mut resetting: Resetting) -> Result<Step, Failure> {
        let next = resetting.next_group(io, &self.parsed)?;
        Ok(self.after_reset(resetting, next))
    }

    fn after_reset(&mut self, resetting: Resetting, next: Next) -> Step {
        match next {
            Next::Ask(request) => self.ask(State::Resetting(Box::new(resetting)), request),
            Next::Done => Step::Exit(0),
        }
    }

    fn describe(
        &mut self,
        io: &mut AdminTool<'_, '_, '_>,
        mut each: BTreeMap<String, Result<GroupDescription, JavaError>>,
    ) -> Result<Step, Failure> {
        let order: Vec<String> =
            hash_map_order(each.keys().map(String::as_str)).into_iter().map(str::to_owned).collect();
        let mut groups: BTreeMap<String, GroupDescription> = BTreeMap::new();
        for id in order {
            if let Some(group) = each.remove(&id) {
                groups.insert(id, group.map_err(execution)?);
            }
        }
        let verbose = self.parsed.has("verbose");
        if !self.parsed.has("members") && !self.parsed.has("state") {
            let groups = groups.into_values().rev().collect();
            return self.read(io, Reading { groups, ..Reading::default() });
        }
        for group in groups.values() {
            let shown = tell(io, group);
            let lines = match self.parsed.has("members") {
                true => describe::members(group, verbose),
                false if shown => describe::state(group, verbose),
                false => vec![],
            };
            lines.iter().for_each(|line| io.tool.println(line));
        }
        Ok(Step::Exit(0))
    }

    /// Takes up the next group of the offsets view; prints when there is none left.
    fn read(&mut self, io: &mut AdminTool<'_, '_, '_>, mut reading: Reading) -> Result<Step, Failure> {
        if let Some(group) = reading.group.take() {
            reading.done.push((group, std::mem::take(&mut reading.offsets)));
        }
        if let Some(group) = reading.groups.pop() {
            let request = committed_request(&group.group_id);
            reading.group = Some(group);
            return Ok(self.ask(State::ReadingOffsets(Box::new(reading)), request));
        }
        for (group, offsets) in &reading.done {
            if tell(io, group) {
                let lines = describe::offsets(group, offsets, self.parsed.has("verbose"));
                lines.iter().for_each(|line| io.tool.println(line));
            }
        }
        Ok(Step::Exit(0))
    }

    fn read_on(
        &mut self,
        io: &mut AdminTool<'_, '_, '_>,
        mut reading: Reading,
        answer: Answer,
    ) -> Result<Step, Failure> {
        match answer.map_err(|error| runtime(execution(error)))? {
            AdminResponse::GroupOffsets(offsets) => {
                let committed = offsets.into_iter().filter_map(|(partition, offset)| Some((partition, offset?)));
                reading.offsets.committed = committed.collect();
                let group = reading.group.as_ref().ok_or_else(unexpected)?;
                let partitions = describe::partitions(group, &reading.offsets);
                if partitions.is_empty() {
                    return self.read(io, reading);
                }
                let partitions = partitions.into_iter().map(|partition| (partition, OffsetSpec::Latest)).collect();
                let request = AdminRequest::ListOffsets { partitions, read_committed: false };
                Ok(self.ask(State::ReadingOffsets(Box::new(reading)), request))
            }
            AdminResponse::Offsets(each) => {
                for (partition, end) in each {
                    let end = end.map_err(|error| runtime(execution(error)))?;
                    reading.offsets.ends.insert(partition, end);
                }
                self.read(io, reading)
            }
            _ => Err(unexpected()),
        }
    }

    fn find_topics(&mut self) -> Result<Step, Failure> {
        let mut partitions = Vec::new();
        let mut topics = Vec::new();
        self.parsed.value("group")?;
        for word in self.parsed.values("topic") {
            match parse_topic(word)? {
                (topic, None) => topics.push(topic.to_owned()),
                (topic, Some(list)) => partitions.extend(list.into_iter().map(|p| TopicPartition::new(topic, p))),
            }
        }
        match topics.is_empty() {
            true => Ok(self.delete_offsets(partitions, BTreeMap::new())),
            false => Ok(self.ask(State::FindingTopics { partitions }, AdminRequest::DescribeTopics { topics })),
        }
    }

    fn found_topics(&mut self, mut partitions: Vec<TopicPartition>, answer: Answer) -> Result<Step, Failure> {
        let mut unknown = BTreeMap::new();
        match answer.map_err(|error| runtime(execution(error)))? {
            AdminResponse::TopicDescriptions(each) => {
                for (name, topic) in each {
                    match topic {
                        Ok(topic) => {
                            let all = topic.partitions.iter();
                            partitions.extend(all.map(|p| TopicPartition::new(name.clone(), p.partition)));
                        }
                        Err(error) => {
                            unknown.insert(TopicPartition::new(name, -1), Err(error));
                        }
                    }
                }
                partitions.sort();
                partitions.dedup();
                Ok(self.delete_offsets(partitions, unknown))
            }
            _ => Err(unexpected()),
        }
    }

    fn delete_offsets(
        &mut self,
        partitions: Vec<TopicPartition>,
        unknown: BTreeMap<TopicPartition, Result<(), JavaError>>,
    ) -> Step {
        let group = self.parsed.values("group").first().cloned().unwrap_or_default();
        let request = AdminRequest::DeleteConsumerGroupOffsets { group, partitions: partitions.clone() };
        self.ask(State::DeletingOffsets { partitions, unknown }, request)
    }

    fn deleted_offsets(
        &mut self,
        io: &mut AdminTool<'_, '_, '_>,
        partitions: &[TopicPartition],
        mut each: BTreeMap<TopicPartition, Result<(), JavaError>>,
        answer: Answer,
    ) -> Result<Step, Failure> {
        let refused = match answer {
            Ok(AdminResponse::GroupOffsetsDeleted(deleted)) => {
                let first = deleted.values().find_map(|result| result.as_ref().err().cloned());
                each.extend(deleted);
                first
            }
            Ok(_) => return Err(unexpected()),
            Err(error) => {
                each.extend(partitions.iter().map(|partition| (partition.clone(), Err(error.clone()))));
                Some(error)
            }
        };
        let group = self.parsed.value("group")?.unwrap_or_default();
        offsets_deleted(io, group, refused.as_ref(), &each);
        Ok(Step::Exit(0))
    }
}

fn groups_of(answer: Answer) -> Result<Vec<ottla_client::GroupListing>, JavaError> {
    match answer? {
        AdminResponse::Groups { groups, errors } => match errors.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(groups),
        },
        _ => Err(JavaError::new("java.lang.IllegalStateException", "unexpected answer")),
    }
}

/// Tells what a group's state makes worth telling; whether there is a table.
fn tell(io: &mut AdminTool<'_, '_, '_>, group: &GroupDescription) -> bool {
    match describe::notice(group) {
        Some(Notice::Gone(text)) => {
            print_error(io, &text);
            false
        }
        Some(Notice::Warning(text)) => {
            io.tool.eprintln(text);
            true
        }
        None => true,
    }
}
