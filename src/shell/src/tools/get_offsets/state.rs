//! The steps of kafka-get-offsets: the topics, their partitions, the offsets. Serves the shell; invariant: rows are ordered by the
//! text `topic-partition`.

use super::{
    filter::{Filter, FilterError},
    options::{TABLE, offset_spec},
};
use crate::{
    java::{Parsed, VERSION, required, stack_trace},
    tools::admin::{AdminCommand, AdminTool, Answer, Step},
};
use ottla_client::{AdminRequest, AdminResponse, JavaError, OffsetSpec, TopicPartition};
use ottla_wire::java::hash_map_order;
use std::collections::BTreeMap;

const USAGE: &str = "An interactive shell for getting topic-partition offsets.";

/// kafka-get-offsets.
#[derive(Clone, Debug, Default)]
pub struct GetOffsets {
    filter: Filter,
    spec: Option<OffsetSpec>,
    /// In the order the real tool goes through them.
    partitions: Vec<TopicPartition>,
}

fn terse(io: &mut AdminTool<'_, '_, '_>, message: &str) -> Step {
    io.tool.eprintln(format!("Error occurred: {message}"));
    Step::Exit(1)
}

fn thrown(io: &mut AdminTool<'_, '_, '_>, error: &JavaError) -> Step {
    io.tool.eprintln(format!("Error occurred: {}", error.message.as_deref().unwrap_or("null")));
    io.tool.eprintln(stack_trace(error));
    Step::Exit(1)
}

/// What `Future.get` makes of an error.
fn execution(error: JavaError) -> JavaError {
    JavaError::new("java.util.concurrent.ExecutionException", error.to_string()).caused_by(error)
}

impl AdminCommand for GetOffsets {
    const CLASS: &'static str = "GetOffsetShell";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let args = io.tool.invocation.args.clone();
        let parsed = match Parsed::parse(TABLE, &args) {
            Ok(parsed) => parsed,
            Err(error) => return terse(io, error.text()),
        };
        let refusal = match () {
            () if parsed.is_empty || parsed.has("help") => Err(USAGE.to_owned()),
            () if parsed.has("version") => {
                io.tool.println(VERSION);
                return Step::Exit(0);
            }
            () => required(&parsed, &["bootstrap-server"]),
        };
        if let Err(message) = refusal {
            io.tool.usage(&message, TABLE);
            return Step::Exit(1);
        }
        match self.begin(io, &parsed) {
            Ok(step) => step,
            Err(FilterError::Terse(message)) => terse(io, &message),
            Err(FilterError::Thrown(error)) => thrown(io, &error),
        }
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(AdminResponse::Topics(topics)) => {
                let topics: Vec<String> = topics.into_keys().filter(|topic| self.filter.allows_topic(topic)).collect();
                match topics.is_empty() {
                    true => self.ask(io),
                    false => Step::Ask(AdminRequest::DescribeTopics { topics }),
                }
            }
            Ok(AdminResponse::TopicDescriptions(each)) => {
                let order: Vec<String> =
                    hash_map_order(each.keys().map(String::as_str)).into_iter().map(str::to_owned).collect();
                for topic in order {
                    let description = match &each[&topic] {
                        Ok(description) => description,
                        Err(error) => return thrown(io, &execution(error.clone())),
                    };
                    let numbers = description.partitions.iter().map(|p| p.partition);
                    let meant = numbers.filter(|p| self.filter.allows(&topic, *p));
                    self.partitions.extend(meant.map(|p| TopicPartition::new(topic.clone(), p)));
                }
                self.ask(io)
            }
            Ok(AdminResponse::Offsets(mut each)) => {
                let mut rows = BTreeMap::new();
                for partition in &self.partitions {
                    match each.remove(partition) {
                        Some(Ok(found)) if found.offset >= 0 => {
                            let row = format!("{}:{}:{}", partition.topic, partition.partition, found.offset);
                            rows.insert(partition.to_string(), row);
                        }
                        Some(Err(error)) => io.tool.eprintln(format!(
                            "Skip getting offsets for topic-partition {partition} due to error: {error}"
                        )),
                        _ => {}
                    }
                }
                rows.values().for_each(|row| io.tool.println(row));
                Step::Exit(0)
            }
            Ok(_) => Step::Exit(1),
            Err(error) => thrown(io, &execution(error)),
        }
    }
}

impl GetOffsets {
    fn begin(&mut self, io: &mut AdminTool<'_, '_, '_>, parsed: &Parsed) -> Result<Step, FilterError> {
        let servers = parsed.value("bootstrap-server")?.unwrap_or_default();
        let rules = parsed.value("topic-partitions")?;
        if rules.is_some() && (parsed.has("topic") || parsed.has("partitions")) {
            let message = "--topic-partitions cannot be used with --topic or --partitions";
            return Err(FilterError::Terse(message.to_owned()));
        }
        let time = parsed.value("time")?.unwrap_or_default();
        self.spec = Some(offset_spec(time).map_err(FilterError::Terse)?);
        self.filter = match rules {
            Some(rules) => Filter::of_rules(rules)?,
            None => Filter::of_topic(parsed.value("topic")?, parsed.value("partitions")?)?,
        };
        let mut config = match parsed.value("command-config")? {
            Some(path) => io.tool.load_properties(path)?,
            None => BTreeMap::new(),
        };
        config.insert("bootstrap.servers".to_owned(), servers.to_owned());
        config.insert("client.id".to_owned(), "GetOffsetShell".to_owned());
        io.open(&config)?;
        Ok(Step::Ask(AdminRequest::ListTopics { list_internal: !parsed.has("exclude-internal-topics") }))
    }

    fn ask(&self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        if self.partitions.is_empty() {
            return terse(io, "Could not match any topic-partitions with the specified filters");
        }
        let spec = self.spec.unwrap_or(OffsetSpec::Latest);
        let partitions = self.partitions.iter().map(|p| (p.clone(), spec)).collect();
        Step::Ask(AdminRequest::ListOffsets { partitions, read_committed: false })
    }
}
