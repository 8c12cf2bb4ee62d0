//! The steps of kafka-topics, one a question to the cluster. Serves the shell; invariant: each state knows what its answer is for.

use super::{
    describe::Facts,
    include::{IncludeList, is_internal},
    options::{TABLE, actions, check},
};
use crate::{
    java::{Parsed, VERSION},
    tools::admin::{AdminCommand, AdminTool, Answer, Step},
};
use ottla_client::{AdminRequest, AdminResponse, ConfigResource, JavaError, NewPartitions, NewTopic, TopicPartition};
use ottla_wire::{
    Uuid,
    config::{ConfigError, validate_topic_configs},
    java::{hash_map_order, uuid_from_text},
};
use std::collections::BTreeMap;

const LOGGER: &str = "org.apache.kafka.tools.TopicCommand";
const ILLEGAL_ARGUMENT: &str = "java.lang.IllegalArgumentException";

/// kafka-topics.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    parsed: Parsed,
    state: State,
    facts: Facts,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Starting,
    Creating {
        name: String,
    },
    Listing(Action),
    CountingPartitions {
        topics: Vec<String>,
        total: i32,
        assignment: BTreeMap<i32, Vec<i32>>,
    },
    Altering,
    Deleting,
    Describing,
    ReadingConfigs,
    FindingBrokers,
    FindingMoves,
}

/// What the list of topics is for.
#[derive(Clone, Debug)]
enum Action {
    List,
    Delete,
    Alter { total: i32, assignment: BTreeMap<i32, Vec<i32>> },
    Describe,
    DescribeId(Uuid),
}

fn illegal(message: impl Into<String>) -> JavaError {
    JavaError::new(ILLEGAL_ARGUMENT, message)
}

fn config_error(error: &ConfigError) -> JavaError {
    match error {
        ConfigError::InvalidValue { .. } | ConfigError::InvalidList { .. } => JavaError::config(error.to_string()),
        _ => JavaError::kafka("InvalidConfigurationException", error.to_string()),
    }
}

/// The first error among many answers, in Java's order of no importance here: by name.
fn first_error<K: Ord, V>(each: BTreeMap<K, Result<V, JavaError>>) -> Result<Vec<V>, JavaError> {
    each.into_values().collect()
}

impl AdminCommand for Topics {
    const CLASS: &'static str = "TopicCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let args = io.tool.invocation.args.clone();
        self.parsed = match Parsed::parse(TABLE, &args) {
            Ok(parsed) => parsed,
            Err(error) => return die(io, &error),
        };
        if let Some(step) = self.check(io) {
            return step;
        }
        if let Err(error) = self.open(io) {
            return die(io, &error);
        }
        match self.begin(io) {
            Ok(step) => step,
            Err(error) => fail(io, &error),
        }
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        let answer = match (&self.state, answer) {
            (State::FindingMoves, Err(error)) => Err(wrapped(error)),
            (_, answer) => answer,
        };
        match answer.and_then(|response| self.go_on(io, response)) {
            Ok(step) => step,
            Err(error) => fail(io, &error),
        }
    }
}

/// The real tool wraps what this one question throws twice.
fn wrapped(error: JavaError) -> JavaError {
    let execution = JavaError::new("java.util.concurrent.ExecutionException", error.to_string()).caused_by(error);
    JavaError::new("java.lang.RuntimeException", execution.to_string()).caused_by(execution)
}

fn die(io: &mut AdminTool<'_, '_, '_>, error: &JavaError) -> Step {
    io.tool.die(error);
    Step::Exit(1)
}

/// What the tool prints for an exception while it works.
fn fail(io: &mut AdminTool<'_, '_, '_>, error: &JavaError) -> Step {
    io.tool.println(format!("Error while executing topic command : {}", error.message.as_deref().unwrap_or("null")));
    io.tool.log_trace(error, LOGGER);
    Step::Exit(1)
}

impl Topics {
    /// Usage errors and what ends the tool before it connects.
    fn check(&self, io: &mut AdminTool<'_, '_, '_>) -> Option<Step> {
        let parsed = &self.parsed;
        let mut usage = |message: &str| {
            io.tool.usage(message, TABLE);
            Some(Step::Exit(1))
        };
        if parsed.is_empty {
            return usage("Create, delete, describe, or change a topic.");
        }
        if parsed.has("help") {
            return usage("This tool helps to create, delete, describe, or change a topic.");
        }
        if parsed.has("version") {
            io.tool.println(VERSION);
            return Some(Step::Exit(0));
        }
        if actions(parsed) != 1 {
            return usage("Command must include exactly one action: --list, --describe, --create, --alter or --delete");
        }
        if parsed.has("delete-config") {
            io.tool.eprintln("delete-config option is no longer supported and deprecated since version 4.0. The config will be fully removed in future releases.");
        }
        if !parsed.has("bootstrap-server") {
            return Some(die(io, &illegal("--bootstrap-server must be specified")));
        }
        if let Err(message) = check(parsed) {
            io.tool.usage(&message, TABLE);
            return Some(Step::Exit(1));
        }
        if parsed.has("describe") && parsed.has("if-exists") && parsed.has("topic") && parsed.has("topic-id") {
            io.tool.println("Only topic id will be used when both --topic and --topic-id are specified and topicId is not Uuid.ZERO_UUID");
        }
        None
    }

    fn open(&self, io: &mut AdminTool<'_, '_, '_>) -> Result<(), JavaError> {
        let mut config = match self.parsed.value("command-config")? {
            Some(path) => io.tool.load_properties(path)?,
            None => BTreeMap::new(),
        };
        if let Some(servers) = self.parsed.value("bootstrap-server")? {
            config.insert("bootstrap.servers".to_owned(), servers.to_owned());
        }
        io.open(&config)
    }

    fn begin(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Step, JavaError> {
        if self.parsed.has("create") {
            return self.create(io);
        }
        let action = match () {
            () if self.parsed.has("list") => Action::List,
            () if self.parsed.has("delete") => Action::Delete,
            () if self.parsed.has("alter") => {
                let spec = self.topic_spec()?;
                Action::Alter { total: spec.partitions.unwrap_or(0), assignment: spec.assignments }
            }
            () => match self.parsed.value("topic-id")? {
                Some(text) => match uuid_from_text(text).map_err(|e| illegal(e.to_string()))? {
                    id if id.is_nil() => Action::Describe,
                    id => Action::DescribeId(id),
                },
                None => Action::Describe,
            },
        };
        // The expression is read before the cluster is asked.
        self.parsed.value("topic")?;
        self.state = State::Listing(action);
        Ok(Step::Ask(AdminRequest::ListTopics { list_internal: !self.parsed.has("exclude-internal") }))
    }

    /// What the options say of one topic (`CommandTopicPartition`).
    fn topic_spec(&self) -> Result<NewTopic, JavaError> {
        let name = self.parsed.value("topic")?.unwrap_or_default().to_owned();
        let partitions = self.parsed.integer("partitions")?;
        let replication_factor = self.parsed.integer("replication-factor")?;
        let assignments = match self.parsed.value("replica-assignment")? {
            Some(text) if !text.is_empty() => parse_assignment(text)?,
            _ => BTreeMap::new(),
        };
        let configs = parse_configs(self.parsed.values("config"))?;
        let replication_factor = match replication_factor {
            Some(factor) => match i16::try_from(factor) {
                Ok(factor) => Some(factor),
                // Told when the topic is created, as zero is.
                Err(_) => Some(0),
            },
            None => None,
        };
        Ok(NewTopic { name, partitions, replication_factor, assignments, configs })
    }

    fn create(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Step, JavaError> {
        let topic = self.topic_spec()?;
        if topic.name.contains(['.', '_']) {
            io.tool.println("WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. To avoid issues it is best to use either, but not both.");
        }
        if topic.replication_factor.is_some_and(|factor| factor < 1) {
            return Err(illegal("The replication factor must be between 1 and 32767 inclusive"));
        }
        if topic.partitions.is_some_and(|partitions| partitions < 1) {
            return Err(illegal("The partitions must be greater than 0"));
        }
        if topic.name.is_empty() {
            // The client refuses it before it asks anybody.
            let message = "The given topic name '' cannot be represented in a request.";
            return Err(JavaError::kafka("InvalidTopicException", message));
        }
        self.state = State::Creating { name: topic.name.clone() };
        Ok(Step::Ask(AdminRequest::CreateTopics { topics: vec![topic], validate_only: false }))
    }

    fn go_on(&mut self, io: &mut AdminTool<'_, '_, '_>, response: AdminResponse) -> Result<Step, JavaError> {
        match (std::mem::take(&mut self.state), response) {
            (State::Creating { name }, AdminResponse::TopicsCreated(each)) => match first_error(each) {
                Ok(_) => {
                    io.tool.println(format!("Created topic {name}."));
                    Ok(Step::Exit(0))
                }
                Err(error) if error.is("TopicExistsException") && self.parsed.has("if-not-exists") => Ok(Step::Exit(0)),
                Err(error) => Err(error),
            },
            (State::Listing(Action::DescribeId(id)), AdminResponse::Topics(topics)) => {
                let found = topics.values().any(|topic| topic.id == id);
                if !found && !self.parsed.has("if-exists") {
                    let text = ottla_wire::java::uuid_text(id);
                    return Err(illegal(format!("TopicId '{text}' does not exist as expected")));
                }
                self.state = State::Describing;
                match found {
                    true => Ok(Step::Ask(AdminRequest::DescribeTopicIds { ids: vec![id] })),
                    false => self.read_configs(),
                }
            }
            (State::Listing(action), AdminResponse::Topics(topics)) => {
                let topics = self.selected(topics.into_keys().collect())?;
                self.act(io, action, topics)
            }
            (State::CountingPartitions { topics, total, assignment }, AdminResponse::TopicDescriptions(each)) => {
                let counts: BTreeMap<String, usize> =
                    first_error(each)?.into_iter().map(|t| (t.name, t.partitions.len())).collect();
                let of = |topic: &String| {
                    let old = counts.get(topic).copied().unwrap_or(0);
                    assignment.values().skip(old).cloned().collect::<Vec<_>>()
                };
                let assigned = topics.iter().map(|topic| (topic.clone(), Some(of(topic)))).collect();
                Ok(self.more_partitions(assigned, total))
            }
            (State::Altering, AdminResponse::PartitionsCreated(each)) => first_error(each).map(|_| Step::Exit(0)),
            (State::Deleting, AdminResponse::TopicsDeleted(each)) => first_error(each).map(|_| Step::Exit(0)),
            (state, response) => self.go_on_describing(io, state, response),
        }
    }

    /// The answers that make up a description.
    fn go_on_describing(
        &mut self,
        io: &mut AdminTool<'_, '_, '_>,
        state: State,
        response: AdminResponse,
    ) -> Result<Step, JavaError> {
        match (state, response) {
            (State::Describing, AdminResponse::TopicDescriptions(each)) => {
                let mut found: BTreeMap<String, _> = BTreeMap::new();
                for topic in first_error(each)? {
                    found.insert(topic.name.clone(), topic);
                }
                let names: Vec<String> =
                    hash_map_order(found.keys().map(String::as_str)).into_iter().map(str::to_owned).collect();
                self.facts.topics = names.iter().filter_map(|name| found.remove(name)).collect();
                self.read_configs()
            }
            (State::Describing, AdminResponse::TopicDescriptionsById(each)) => {
                self.facts.topics = first_error(each)?;
                self.read_configs()
            }
            (State::ReadingConfigs, AdminResponse::Configs(each)) => {
                for (resource, entries) in each {
                    self.facts.configs.insert(resource.name, entries?);
                }
                self.state = State::FindingBrokers;
                Ok(Step::Ask(AdminRequest::DescribeCluster { include_fenced_brokers: false }))
            }
            (State::FindingBrokers, AdminResponse::Cluster(cluster)) => {
                self.facts.live = cluster.nodes.iter().map(|node| node.id).collect();
                let all = self.facts.topics.iter().flat_map(|topic| {
                    topic.partitions.iter().map(|p| TopicPartition::new(topic.name.clone(), p.partition))
                });
                let partitions = Some(all.collect());
                self.state = State::FindingMoves;
                Ok(Step::Ask(AdminRequest::ListPartitionReassignments { partitions }))
            }
            (State::FindingMoves, AdminResponse::Reassignments(moving)) => {
                self.facts.moving = moving;
                self.facts.rows(&self.parsed).into_iter().for_each(|row| io.tool.println(row));
                Ok(Step::Exit(0))
            }
            (state, _) => {
                Err(JavaError::new("java.lang.IllegalStateException", format!("unexpected answer in {state:?}")))
            }
        }
    }

    /// The topics the options mean, sorted.
    fn selected(&self, all: Vec<String>) -> Result<Vec<String>, JavaError> {
        let exclude_internal = self.parsed.has("exclude-internal");
        match self.parsed.value("topic")? {
            Some(text) => {
                let filter = IncludeList::new(text)?;
                Ok(all.into_iter().filter(|topic| filter.allows(topic, exclude_internal)).collect())
            }
            None => Ok(all.into_iter().filter(|topic| !(exclude_internal && is_internal(topic))).collect()),
        }
    }

    fn act(&mut self, io: &mut AdminTool<'_, '_, '_>, action: Action, topics: Vec<String>) -> Result<Step, JavaError> {
        if let Action::List = action {
            io.tool.println(topics.join("\n"));
            return Ok(Step::Exit(0));
        }
        let wanted = self.parsed.value("topic")?.unwrap_or_default();
        if topics.is_empty() && !wanted.is_empty() && !self.parsed.has("if-exists") {
            return Err(illegal(format!("Topic '{wanted}' does not exist as expected")));
        }
        match action {
            Action::Delete if topics.is_empty() => Ok(Step::Exit(0)),
            Action::Delete => {
                self.state = State::Deleting;
                Ok(Step::Ask(AdminRequest::DeleteTopics { topics }))
            }
            Action::Alter { .. } if topics.is_empty() => Ok(Step::Exit(0)),
            Action::Alter { total, assignment } if assignment.is_empty() => {
                Ok(self.more_partitions(topics.into_iter().map(|topic| (topic, None)).collect(), total))
            }
            Action::Alter { total, assignment } => {
                self.state = State::CountingPartitions { topics: topics.clone(), total, assignment };
                Ok(Step::Ask(AdminRequest::DescribeTopics { topics }))
            }
            _ if topics.is_empty() => self.read_configs(),
            _ => {
                self.state = State::Describing;
                Ok(Step::Ask(AdminRequest::DescribeTopics { topics }))
            }
        }
    }

    fn more_partitions(&mut self, topics: Vec<(String, Option<Vec<Vec<i32>>>)>, total_count: i32) -> Step {
        self.state = State::Altering;
        let more = |(topic, assignments)| (topic, NewPartitions { total_count, assignments });
        let topics = topics.into_iter().map(more).collect();
        Step::Ask(AdminRequest::CreatePartitions { topics, validate_only: false })
    }

    fn read_configs(&mut self) -> Result<Step, JavaError> {
        if self.facts.topics.is_empty() {
            return Ok(Step::Exit(0));
        }
        self.state = State::ReadingConfigs;
        let resources = self.facts.topics.iter().map(|topic| ConfigResource::topic(topic.name.clone())).collect();
        Ok(Step::Ask(AdminRequest::DescribeConfigs {
            resources,
            include_synonyms: false,
            include_documentation: false,
        }))
    }
}

fn parse_assignment(text: &str) -> Result<BTreeMap<i32, Vec<i32>>, JavaError> {
    let mut assignment: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for (partition, list) in (0..).zip(text.split(',')) {
        let mut brokers = Vec::new();
        for id in list.split(':') {
            let id = id.trim();
            let number = |_| JavaError::new("java.lang.NumberFormatException", format!("For input string: \"{id}\""));
            brokers.push(id.parse::<i32>().map_err(number)?);
        }
        let repeated = |(at, id): (usize, &i32)| brokers[..at].contains(id).then(|| id.to_string());
        let mut duplicates: Vec<String> = brokers.iter().enumerate().filter_map(repeated).collect();
        duplicates.dedup();
        if !duplicates.is_empty() {
            let message =
                format!("Partition replica lists may not contain duplicate entries: {}", duplicates.join(","));
            return Err(JavaError::new("org.apache.kafka.tools.AdminCommandFailedException", message));
        }
        let shown = format!("{brokers:?}");
        let length = brokers.len();
        assignment.insert(partition, brokers);
        if assignment.get(&0).is_some_and(|first| first.len() != length) {
            let message = format!("Partition {partition} has different replication factor: {shown}");
            return Err(JavaError::new("org.apache.kafka.tools.AdminOperationException", message));
        }
    }
    Ok(assignment)
}

fn parse_configs(words: &[String]) -> Result<BTreeMap<String, String>, JavaError> {
    let mut configs = BTreeMap::new();
    for word in words {
        let parts: Vec<&str> = word.split('=').map(str::trim).collect();
        let filled = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |at| at + 1);
        let [name, value] = parts[..filled] else {
            return Err(illegal(
                "requirement failed: Invalid topic config: all configs to be added must be in the format \"key=val\".",
            ));
        };
        configs.insert(name.to_owned(), value.to_owned());
    }
    validate_topic_configs(&configs).map_err(|error| config_error(&error))?;
    Ok(configs)
}
