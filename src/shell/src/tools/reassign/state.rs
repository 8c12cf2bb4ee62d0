//! The steps of kafka-reassign-partitions. Serves the shell; invariant: facts are gathered first (moves, brokers, topics, directories),
//! and only then something is changed.

use super::{
    options::{Action, TABLE, action},
    plan::{Plan, brokers, failed, read, topics, write},
    propose::propose,
    throttle,
};
use crate::{
    java::{Parsed, VERSION, stack_trace},
    tools::admin::{AdminCommand, AdminTool, Answer, Step},
};
use ottla_client::{AdminRequest, AdminResponse, JavaError, PartitionReassignment, TopicDescription, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

const EXISTING: &str = "Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a new partition assignment in addition to the existing one. The --additional flag can also be used to change the throttle by resubmitting the current reassignment.";

/// kafka-reassign-partitions.
#[derive(Clone, Debug, Default)]
pub struct Reassign {
    parsed: Parsed,
    action: Action,
    plan: Plan,
    topics: Vec<String>,
    targets: Vec<i32>,
    moving: BTreeMap<TopicPartition, PartitionReassignment>,
    brokers: Vec<i32>,
    current: Plan,
    dirs: BTreeMap<(TopicPartition, i32), String>,
}

fn execution(error: JavaError) -> JavaError {
    JavaError::new("java.util.concurrent.ExecutionException", error.to_string()).caused_by(error)
}

/// How the tool ends on an exception: all of it on standard output.
fn fail(io: &mut AdminTool<'_, '_, '_>, error: &JavaError) -> Step {
    io.tool.println(format!("Error: {}", error.text()));
    io.tool.println(stack_trace(error));
    Step::Exit(1)
}

fn names<'a>(partitions: impl Iterator<Item = &'a TopicPartition>) -> String {
    partitions.map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn ids(list: &[i32]) -> String {
    list.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

impl AdminCommand for Reassign {
    const CLASS: &'static str = "ReassignPartitionsCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        self.parsed = match Parsed::parse(TABLE, &io.tool.invocation.args.clone()) {
            Ok(parsed) => parsed,
            Err(error) => {
                io.tool.uncaught(&error);
                return Step::Exit(1);
            }
        };
        if self.parsed.has("version") {
            io.tool.println(VERSION);
            return Step::Exit(0);
        }
        let checked = match self.parsed.is_empty || self.parsed.has("help") {
            true => Err("This tool helps to move topic partitions between replicas.".to_owned()),
            false => action(&self.parsed),
        };
        match checked {
            Ok(action) => self.action = action,
            Err(message) => {
                io.tool.usage(&message, TABLE);
                return Step::Exit(1);
            }
        }
        match self.begin(io) {
            Ok(step) => step,
            Err(error) => fail(io, &error),
        }
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer.map_err(execution).and_then(|response| self.go_on(io, response)) {
            Ok(step) => step,
            Err(error) => fail(io, &error),
        }
    }
}

impl Reassign {
    fn begin(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Step, JavaError> {
        let mut config = match self.parsed.value("command-config")? {
            Some(path) => io.tool.load_properties(path)?,
            None => BTreeMap::new(),
        };
        let servers = self.parsed.value("bootstrap-server")?.or(self.parsed.value("bootstrap-controller")?);
        config.insert("bootstrap.servers".to_owned(), servers.unwrap_or_default().to_owned());
        config.entry("client.id".to_owned()).or_insert_with(|| "reassign-partitions-tool".to_owned());
        let option =
            if self.action == Action::Generate { "topics-to-move-json-file" } else { "reassignment-json-file" };
        let mut text = String::new();
        if let Some(path) = self.parsed.value(option)? {
            let missing = JavaError::new("java.nio.file.NoSuchFileException", path);
            let unreadable =
                JavaError::new("java.io.IOException", format!("Unable to read file {path}")).caused_by(missing);
            text = io.tool.read_file(path).ok_or(unreadable)?;
        }
        io.open(&config)?;
        match self.action {
            Action::List => {}
            Action::Generate => {
                self.targets = brokers(self.parsed.value("broker-list")?.unwrap_or_default())?;
                self.topics = topics(&text)?;
                return Ok(Step::Ask(AdminRequest::DescribeTopics { topics: self.topics.clone() }));
            }
            Action::Execute | Action::Verify | Action::Cancel => self.plan = read(&text)?,
        }
        let partitions = match self.action {
            Action::Verify | Action::Cancel => Some(self.plan.keys().cloned().collect()),
            _ => None,
        };
        Ok(Step::Ask(AdminRequest::ListPartitionReassignments { partitions }))
    }

    fn go_on(&mut self, io: &mut AdminTool<'_, '_, '_>, response: AdminResponse) -> Result<Step, JavaError> {
        match response {
            AdminResponse::Reassignments(moving) => {
                self.moving = moving;
                self.with_moves(io)
            }
            AdminResponse::Cluster(cluster) => {
                self.brokers = cluster.nodes.iter().map(|node| node.id).collect();
                self.brokers.sort_unstable();
                self.with_brokers()
            }
            AdminResponse::TopicDescriptions(each) => {
                self.take_topics(each)?;
                self.with_topics(io)
            }
            AdminResponse::LogDirs(each) => {
                for (broker, dirs) in each {
                    for (path, dir) in dirs? {
                        let found = dir.replicas.into_keys().map(|partition| ((partition, broker), path.clone()));
                        self.dirs.extend(found);
                    }
                }
                self.with_dirs(io)
            }
            AdminResponse::ConfigsAltered(each) => {
                each.into_values().collect::<Result<Vec<()>, JavaError>>().map_err(execution)?;
                match self.action {
                    Action::Execute => {
                        let rate = self.parsed.long("throttle")?.unwrap_or(-1);
                        io.tool.println(format!("The inter-broker throttle limit was set to {rate} B/s"));
                        Ok(self.carry_out())
                    }
                    _ => Ok(Step::Exit(0)),
                }
            }
            AdminResponse::ReassignmentsAltered(each) => self.altered(io, each),
            _ => Err(JavaError::new("java.lang.IllegalStateException", "unexpected answer")),
        }
    }

    fn with_moves(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Step, JavaError> {
        match self.action {
            Action::List => {
                let rows = self.moving.iter().map(|(partition, moving)| {
                    let part = |name: &str, list: &[i32]| match list {
                        [] => String::new(),
                        list => format!(" {name}: {}.", ids(list)),
                    };
                    let replicas = ids(&moving.replicas);
                    let (adding, removing) = (part("adding", &moving.adding), part("removing", &moving.removing));
                    format!("{partition}: replicas: {replicas}.{adding}{removing}")
                });
                let rows: Vec<String> = rows.collect();
                match rows.is_empty() {
                    true => io.tool.println("No partition reassignments found."),
                    false => io.tool.println(format!("Current partition reassignments:\n{}", rows.join("\n"))),
                }
                Ok(Step::Exit(0))
            }
            Action::Execute if !self.parsed.has("additional") && !self.moving.is_empty() => {
                io.tool.println(EXISTING);
                Ok(Step::Exit(1))
            }
            Action::Cancel => {
                let mine: Vec<TopicPartition> =
                    self.moving.keys().filter(|partition| self.plan.contains_key(partition)).cloned().collect();
                if mine.is_empty() {
                    io.tool.println("None of the specified partition reassignments are active.");
                    return Ok(self.end_of_cancel(io));
                }
                let reassignments = mine.into_iter().map(|partition| (partition, None)).collect();
                Ok(Step::Ask(AdminRequest::AlterPartitionReassignments { reassignments }))
            }
            _ => Ok(Step::Ask(AdminRequest::DescribeCluster { include_fenced_brokers: false })),
        }
    }

    fn end_of_cancel(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        io.tool.print(b"None of the specified partition moves are active.");
        match self.parsed.has("preserve-throttles") {
            true => Step::Exit(0),
            false => Step::Ask(AdminRequest::DescribeCluster { include_fenced_brokers: false }),
        }
    }

    fn with_brokers(&mut self) -> Result<Step, JavaError> {
        if self.action == Action::Execute
            && let Some(unknown) = self.plan.values().flatten().find(|id| !self.brokers.contains(id))
        {
            return Err(failed(format!("Unknown broker id {unknown}")));
        }
        let topics: BTreeSet<String> = self.plan.keys().map(|partition| partition.topic.clone()).collect();
        Ok(Step::Ask(AdminRequest::DescribeTopics { topics: topics.into_iter().collect() }))
    }

    fn take_topics(&mut self, each: BTreeMap<String, Result<TopicDescription, JavaError>>) -> Result<(), JavaError> {
        for (name, topic) in each {
            let topic = match topic {
                Ok(topic) => topic,
                Err(error) if error.is("UnknownTopicOrPartitionException") => {
                    if matches!(self.action, Action::Verify | Action::Cancel) {
                        continue;
                    }
                    let message = format!("Topic {name} not found.");
                    return Err(execution(JavaError::kafka("UnknownTopicOrPartitionException", message)));
                }
                Err(error) => return Err(execution(error)),
            };
            for partition in topic.partitions {
                let key = TopicPartition::new(name.clone(), partition.partition);
                if self.action == Action::Generate || self.plan.contains_key(&key) {
                    self.current.insert(key, partition.replicas);
                }
            }
        }
        let missing = self.plan.keys().find(|partition| !self.current.contains_key(partition));
        match missing.filter(|_| self.action == Action::Execute) {
            Some(partition) => {
                let message = format!("Unable to find partition: {partition}");
                Err(execution(JavaError::kafka("UnknownTopicOrPartitionException", message)))
            }
            None => Ok(()),
        }
    }

    fn with_topics(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Step, JavaError> {
        match self.action {
            Action::Verify => Ok(self.verify(io)),
            Action::Cancel => Ok(self.clear_throttles(io)),
            _ => {
                let brokers: BTreeSet<i32> = self.current.values().flatten().copied().collect();
                Ok(Step::Ask(AdminRequest::DescribeLogDirs { brokers: brokers.into_iter().collect() }))
            }
        }
    }

    fn verify(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        io.tool.println("Status of partition reassignment:");
        for (partition, target) in &self.plan {
            let empty = Vec::new();
            let now = self.current.get(partition).unwrap_or(&empty);
            io.tool.println(match () {
                () if self.moving.contains_key(partition) => {
                    format!("Reassignment of partition {partition} is still in progress.")
                }
                () if now == target => format!("Reassignment of partition {partition} is completed."),
                () => format!(
                    "There is no active reassignment of partition {partition}, but replica set is {} rather than {}.",
                    ids(now),
                    ids(target)
                ),
            });
        }
        io.tool.println("");
        match self.moving.is_empty() && !self.parsed.has("preserve-throttles") {
            true => self.clear_throttles(io),
            false => Step::Exit(0),
        }
    }

    fn clear_throttles(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let topics: BTreeSet<&str> = self.plan.keys().map(|partition| partition.topic.as_str()).collect();
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let brokers = format!("broker{} {}", plural(self.brokers.len()), ids(&self.brokers));
        io.tool.println(format!("Clearing broker-level throttles on {brokers}"));
        let list: Vec<&str> = topics.iter().copied().collect();
        io.tool.println(format!("Clearing topic-level throttles on topic{} {}", plural(list.len()), list.join(",")));
        let changes = throttle::clear(&self.brokers, &topics);
        Step::Ask(AdminRequest::IncrementalAlterConfigs { changes, validate_only: false })
    }

    fn with_dirs(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Step, JavaError> {
        let dir = |partition: &TopicPartition, broker: i32| {
            self.dirs.get(&(partition.clone(), broker)).cloned().unwrap_or_else(|| "any".to_owned())
        };
        io.tool.println("Current partition replica assignment");
        if self.action == Action::Generate {
            io.tool.println(format!("{}\n", write(&self.current, &dir)));
            let mut proposed = Plan::new();
            for topic in &self.topics {
                let count = self.current.keys().filter(|partition| partition.topic == *topic).count();
                let factor = self.current.get(&TopicPartition::new(topic, 0)).map_or(1, Vec::len);
                let count = i32::try_from(count).unwrap_or(i32::MAX);
                propose(&mut proposed, topic, count, factor, &self.targets, io.tool.cx.rng())?;
            }
            let text = write(&proposed, &|_, _| "any".to_owned());
            io.tool.println(format!("Proposed partition reassignment configuration\n{text}"));
            return Ok(Step::Exit(0));
        }
        io.tool.println(format!("\n{}\n", write(&self.current, &dir)));
        io.tool.println("Save this to use as the --reassignment-json-file option during rollback");
        let changed = self.plan.iter().filter_map(|(partition, wanted)| {
            let (old, new) = (self.current.get(partition).map_or(0, Vec::len), wanted.len());
            (old != new).then(|| format!("{partition}: The replication factor is changed from {old} to {new}"))
        });
        let changed: Vec<String> = changed.collect();
        if self.parsed.has("disallow-replication-factor-change") && !changed.is_empty() {
            io.tool.println(format!("Error reassigning partition(s):\n{}", changed.join("\n")));
            return Ok(Step::Exit(1));
        }
        let rate = self.parsed.long("throttle")?.unwrap_or(-1);
        if rate < 0 {
            return Ok(self.carry_out());
        }
        io.tool.println("Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.");
        let adding = self.moving.iter().map(|(partition, moving)| (partition.clone(), moving.adding.clone())).collect();
        let changes = throttle::set(&self.plan, &self.current, &adding, rate);
        Ok(Step::Ask(AdminRequest::IncrementalAlterConfigs { changes, validate_only: false }))
    }

    fn carry_out(&mut self) -> Step {
        let wanted = |(partition, replicas): (&TopicPartition, &Vec<i32>)| (partition.clone(), Some(replicas.clone()));
        Step::Ask(AdminRequest::AlterPartitionReassignments { reassignments: self.plan.iter().map(wanted).collect() })
    }

    fn altered(
        &mut self,
        io: &mut AdminTool<'_, '_, '_>,
        each: BTreeMap<TopicPartition, Result<(), JavaError>>,
    ) -> Result<Step, JavaError> {
        let (verb, done) = match self.action {
            Action::Cancel => ("cancelling", "cancelled"),
            _ => ("reassigning", "started"),
        };
        let refused: Vec<String> = each
            .iter()
            .filter_map(|(partition, result)| Some(format!("{partition}: {}", result.as_ref().err()?.text())))
            .collect();
        if !refused.is_empty() {
            io.tool.println(format!("Error {verb} partition(s):\n{}", refused.join("\n")));
            return Ok(Step::Exit(1));
        }
        let plural = if each.len() == 1 { "" } else { "s" };
        let partitions = names(each.keys());
        let colon = if self.action == Action::Cancel { ":" } else { "" };
        io.tool.println(format!("Successfully {done} partition reassignment{plural} for{colon} {partitions}"));
        Ok(match self.action {
            Action::Cancel => self.end_of_cancel(io),
            _ => Step::Exit(0),
        })
    }
}
