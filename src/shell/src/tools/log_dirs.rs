//! kafka-log-dirs (Kafka's `LogDirsCommand`). Serves the shell; invariant: brokers without a wanted partition have an empty list, not
//! none.

use super::admin::{AdminCommand, AdminTool, Answer, Step};
use crate::java::{Kind, OptionSpec, Parsed, VERSION, flag, required, required_arg};
use ottla_client::{AdminRequest, AdminResponse, Each, JavaError, LogDir};
use std::collections::{BTreeMap, BTreeSet};

/// The options.
pub const TABLE: &[OptionSpec] = &[
    required_arg(
        "bootstrap-server",
        Kind::String,
        "The server(s) to use for bootstrapping",
        "REQUIRED: brokers of the cluster.",
    ),
    required_arg("broker-list", Kind::String, "Broker list", "Only these brokers, as 0,1,2."),
    required_arg(
        "command-config",
        Kind::String,
        "Admin client property file",
        "A file with settings of the admin client.",
    ),
    flag("describe", "Show the directories of brokers and what is in them."),
    flag("help", "Print usage information."),
    required_arg("topic-list", Kind::String, "Topic list", "Only these topics, as a,b.").or(""),
    flag("version", "Display Kafka version."),
];

/// kafka-log-dirs.
#[derive(Clone, Debug, Default)]
pub struct LogDirs {
    topics: BTreeSet<String>,
    asked: Vec<i32>,
}

fn join(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

impl AdminCommand for LogDirs {
    const CLASS: &'static str = "LogDirsCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        self.begin(io).unwrap_or_else(|error| {
            io.tool.die(&error);
            Step::Exit(1)
        })
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(AdminResponse::Cluster(cluster)) => {
                let mut all: Vec<i32> = cluster.nodes.iter().map(|node| node.id).collect();
                all.sort_unstable();
                let unknown: Vec<i32> = self.asked.iter().filter(|id| !all.contains(id)).copied().collect();
                if !unknown.is_empty() {
                    let (unknown, all) = (join(&unknown), join(&all));
                    io.tool.eprintln(format!("ERROR: The given brokers do not exist from --broker-list: {unknown}. Current existent brokers: {all}"));
                    return Step::Exit(1);
                }
                if self.asked.is_empty() {
                    self.asked = all;
                }
                io.tool.println("Querying brokers for log directories information");
                Step::Ask(AdminRequest::DescribeLogDirs { brokers: self.asked.clone() })
            }
            Ok(AdminResponse::LogDirs(each)) => {
                io.tool.println(format!("Received log directory information from brokers {}", join(&self.asked)));
                match self.json(each) {
                    Ok(json) => {
                        io.tool.println(json);
                        Step::Exit(0)
                    }
                    Err(error) => {
                        io.tool.die(&error);
                        Step::Exit(1)
                    }
                }
            }
            Ok(_) => Step::Exit(1),
            Err(error) => {
                io.tool.die(&error);
                Step::Exit(1)
            }
        }
    }
}

impl LogDirs {
    fn begin(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Step, JavaError> {
        let parsed = match Parsed::parse(TABLE, &io.tool.invocation.args.clone()) {
            Ok(parsed) => parsed,
            Err(error) => {
                io.tool.uncaught(&error);
                return Ok(Step::Exit(1));
            }
        };
        let refusal = match () {
            () if parsed.is_empty || parsed.has("help") => {
                Err("This tool helps to query log directory usage on the specified brokers.".to_owned())
            }
            () if parsed.has("version") => {
                io.tool.println(VERSION);
                return Ok(Step::Exit(0));
            }
            () => required(&parsed, &["bootstrap-server", "describe"]),
        };
        if let Err(message) = refusal {
            io.tool.usage(&message, TABLE);
            return Ok(Step::Exit(1));
        }
        let mut config = match parsed.value("command-config")? {
            Some(path) => io.tool.load_properties(path)?,
            None => BTreeMap::new(),
        };
        config.insert("bootstrap.servers".into(), parsed.value("bootstrap-server")?.unwrap_or_default().to_owned());
        let words = |text: Option<&str>| -> Vec<String> {
            let text = text.unwrap_or_default();
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        self.topics = words(parsed.value("topic-list")?).into_iter().collect();
        io.open(&config)?;
        for word in words(parsed.value("broker-list")?) {
            let number = |_| JavaError::new("java.lang.NumberFormatException", format!("For input string: \"{word}\""));
            self.asked.push(word.parse().map_err(number)?);
        }
        Ok(Step::Ask(AdminRequest::DescribeCluster { include_fenced_brokers: false }))
    }

    fn json(&self, each: Each<i32, BTreeMap<String, LogDir>>) -> Result<String, JavaError> {
        let mut brokers = Vec::new();
        for (broker, dirs) in each {
            let dirs = dirs?;
            let dirs: Vec<String> = dirs.iter().map(|(path, dir)| self.directory(path, dir)).collect();
            brokers.push(format!("{{\"broker\":{broker},\"logDirs\":[{}]}}", dirs.join(",")));
        }
        Ok(format!("{{\"brokers\":[{}],\"version\":1}}", brokers.join(",")))
    }

    fn directory(&self, path: &str, dir: &LogDir) -> String {
        let wanted = dir.replicas.iter().filter(|(p, _)| self.topics.is_empty() || self.topics.contains(&p.topic));
        let rows: Vec<String> = wanted
            .map(|(partition, replica)| {
                format!(
                    "{{\"partition\":\"{partition}\",\"size\":{},\"offsetLag\":{},\"isFuture\":{}}}",
                    replica.size_bytes, replica.offset_lag, replica.is_future
                )
            })
            .collect();
        let error = dir.error.as_ref().map_or("null".to_owned(), |error| format!("\"{}\"", error.class));
        format!("{{\"partitions\":[{}],\"error\":{error},\"logDir\":\"{path}\"}}", rows.join(","))
    }
}
