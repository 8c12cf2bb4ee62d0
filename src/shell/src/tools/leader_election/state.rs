//! kafka-leader-election asks once and tells what came of it. Serves the shell; invariant: rows are in the order elected, nothing to
//! do, failed.

use super::options::{TABLE, check, parse_partitions, runtime};
use crate::{
    java::{Parsed, VERSION, hash_set_order, partition_hash, stack_trace},
    tools::admin::{AdminCommand, AdminTool, Answer, Step},
};
use ottla_client::{AdminRequest, AdminResponse, ElectionType, JavaError, TopicPartition};
use std::collections::BTreeMap;

const USAGE: &str = "This tool elects new leaders of partitions: the preferred replica, or any live one (unclean).";
const TYPES: [&str; 2] = ["PREFERRED", "UNCLEAN"];
const TIMEOUT_MS: u64 = 30_000;

/// kafka-leader-election.
#[derive(Clone, Debug, Default)]
pub struct LeaderElection {
    election_type: &'static str,
}

fn die(io: &mut AdminTool<'_, '_, '_>, error: &JavaError) -> Step {
    io.tool.die(error);
    Step::Exit(1)
}

fn join(partitions: Vec<TopicPartition>) -> String {
    let names: Vec<String> = hash_set_order(partitions, partition_hash).iter().map(ToString::to_string).collect();
    names.join(", ")
}

impl AdminCommand for LeaderElection {
    const CLASS: &'static str = "LeaderElectionCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        match self.begin(io) {
            Ok(step) => step,
            Err(error) => die(io, &error),
        }
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(AdminResponse::LeadersElected(each)) => self.report(io, each),
            Ok(_) => Step::Exit(1),
            Err(error) => {
                let told = match error.simple_name() {
                    "TimeoutException" => "Timeout waiting for election results",
                    "ClusterAuthorizationException" => "Not authorized to perform leader election",
                    _ => {
                        let class = "java.util.concurrent.ExecutionException";
                        let execution = JavaError::new(class, error.to_string()).caused_by(error);
                        return die(io, &runtime(execution));
                    }
                };
                io.tool.println(told);
                let class = "org.apache.kafka.tools.AdminCommandFailedException";
                die(io, &JavaError::new(class, told).caused_by(error))
            }
        }
    }
}

impl LeaderElection {
    fn begin(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Step, JavaError> {
        let parsed = Parsed::parse(TABLE, &io.tool.invocation.args.clone())?;
        if parsed.has("help") {
            io.tool.usage(USAGE, TABLE);
            return Ok(Step::Exit(1));
        }
        if parsed.has("version") {
            io.tool.println(VERSION);
            return Ok(Step::Exit(0));
        }
        check(&parsed)?;
        self.election_type = parsed.one_of("election-type", &TYPES)?.unwrap_or_default();
        let from_file = match parsed.value("path-to-json-file")? {
            Some(path) => {
                let missing = JavaError::new("java.nio.file.NoSuchFileException", path);
                let unreadable = JavaError::new("java.io.IOException", format!("Unable to read file {path}"));
                let text = io.tool.read_file(path).ok_or_else(|| runtime(unreadable.caused_by(missing)))?;
                Some(parse_partitions(&text)?)
            }
            None => None,
        };
        let (topic, partition) = (parsed.value("topic")?, parsed.integer("partition")?);
        let single = topic.zip(partition).map(|(topic, partition)| vec![TopicPartition::new(topic, partition)]);
        let old = "Option --admin.config has been deprecated and will be removed in a future version. Use --command-config instead.";
        if parsed.has("admin.config") {
            io.tool.println(old);
        }
        let file = parsed.value("command-config")?.or(parsed.value("admin.config")?);
        let mut config = match file {
            Some(path) => io.tool.load_properties(path)?,
            None => BTreeMap::new(),
        };
        let servers = parsed.value("bootstrap-server")?.unwrap_or_default();
        config.insert("bootstrap.servers".to_owned(), servers.to_owned());
        for (name, value) in [("default.api.timeout.ms", TIMEOUT_MS), ("request.timeout.ms", TIMEOUT_MS / 2)] {
            config.entry(name.to_owned()).or_insert_with(|| value.to_string());
        }
        io.open(&config)?;
        let election_type = match self.election_type {
            "UNCLEAN" => ElectionType::Unclean,
            _ => ElectionType::Preferred,
        };
        Ok(Step::Ask(AdminRequest::ElectLeaders { election_type, partitions: from_file.or(single) }))
    }

    fn report(&self, io: &mut AdminTool<'_, '_, '_>, each: BTreeMap<TopicPartition, Result<(), JavaError>>) -> Step {
        let (mut elected, mut not_needed, mut failed) = (vec![], vec![], vec![]);
        for (partition, result) in each {
            match result {
                Ok(()) => elected.push(partition),
                Err(error) if error.is("ElectionNotNeededException") => not_needed.push(partition),
                Err(error) => failed.push((partition, error)),
            }
        }
        let kind = self.election_type;
        if !elected.is_empty() {
            let names = join(elected);
            io.tool.println(format!("Successfully completed leader election ({kind}) for partitions {names}"));
        }
        if !not_needed.is_empty() {
            io.tool.println(format!("Valid replica already elected for partitions {}", join(not_needed)));
        }
        if failed.is_empty() {
            return Step::Exit(0);
        }
        let message = format!("{} replica(s) could not be elected", failed.len());
        let root = JavaError::new("org.apache.kafka.tools.AdminCommandFailedException", message.as_str());
        let mut trace = stack_trace(&root);
        for (partition, error) in hash_set_order(failed, |(partition, _)| partition_hash(partition)) {
            let text = format!("Error completing leader election ({kind}) for partition: {partition}: {error}");
            io.tool.println(text);
            trace.push_str(&format!("\tSuppressed: {error}\n"));
        }
        io.tool.eprintln(message);
        io.tool.eprintln(trace);
        Step::Exit(1)
    }
}
