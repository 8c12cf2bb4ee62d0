//! kafka-delete-records (Kafka's `DeleteRecordsCommand`). Serves the shell; invariant: what fails for one partition stands in its row and
//! changes nothing for the others.

use super::admin::{AdminCommand, AdminTool, Answer, Step};
use crate::java::{Kind, OptionSpec, Parsed, VERSION, flag, hash_set_order, partition_hash, required, required_arg};
use ottla_client::{AdminRequest, AdminResponse, JavaError, TopicPartition};
use serde_json::Value;
use std::collections::BTreeMap;

/// The options.
pub const TABLE: &[OptionSpec] = &[
    required_arg(
        "bootstrap-server",
        Kind::String,
        "server(s) to use for bootstrapping",
        "REQUIRED: brokers of the cluster.",
    ),
    required_arg(
        "command-config",
        Kind::String,
        "command config property file path",
        "A file with settings of the admin client.",
    ),
    flag("help", "Print usage information."),
    required_arg(
        "offset-json-file",
        Kind::String,
        "Offset json file path",
        "REQUIRED: a file such as\n{\"partitions\":\n [{\"topic\": \"foo\", \"partition\": 1, \"offset\": 1}],\n \"version\":1\n}\nAll records before the offset go; -1 is the high watermark.",
    ),
    flag("version", "Display Kafka version."),
];

/// kafka-delete-records.
#[derive(Clone, Debug, Default)]
pub struct DeleteRecords;

fn operation(message: impl Into<String>) -> JavaError {
    JavaError::new("org.apache.kafka.tools.AdminOperationException", message)
}

fn mapping(message: impl Into<String>) -> JavaError {
    JavaError::new("com.fasterxml.jackson.databind.JsonMappingException", message)
}

fn field<'v>(value: &'v Value, name: &str) -> Result<&'v Value, JavaError> {
    value.get(name).ok_or_else(|| mapping(format!("No such field exists: `{name}`")))
}

fn parse(text: &str) -> Result<BTreeMap<TopicPartition, i64>, JavaError> {
    let value: Value = serde_json::from_str(text).map_err(|_| operation("The input string is not a valid JSON"))?;
    if !value.is_object() {
        return Err(mapping(format!("Expected JSON object, received {value}")));
    }
    let list = value.get("partitions").ok_or_else(|| operation("Missing partitions field"))?;
    let mut before = BTreeMap::new();
    for item in list.as_array().into_iter().flatten() {
        let topic = field(item, "topic")?.as_str().unwrap_or_default();
        let partition = field(item, "partition")?.as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(-1);
        let offset = field(item, "offset")?.as_i64().unwrap_or(-1);
        let partition = TopicPartition::new(topic, partition);
        let name = partition.to_string();
        if before.insert(partition, offset).is_some() {
            let message = format!("Offset json file contains duplicate topic partitions: {name}");
            return Err(JavaError::new("org.apache.kafka.tools.AdminCommandFailedException", message));
        }
    }
    Ok(before)
}

impl AdminCommand for DeleteRecords {
    const CLASS: &'static str = "DeleteRecordsCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        match begin(io) {
            Ok(step) => step,
            Err(error) => {
                io.tool.die(&error);
                Step::Exit(1)
            }
        }
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(AdminResponse::RecordsDeleted(each)) => {
                io.tool.println("Records delete operation completed:");
                let rows: Vec<_> = each.into_iter().collect();
                for (partition, result) in hash_set_order(rows, |(partition, _)| partition_hash(partition)) {
                    io.tool.println(match result {
                        Ok(start) => format!("partition: {partition}\tlow_watermark: {start}"),
                        Err(error) => format!("partition: {partition}\terror: {error}"),
                    });
                }
                Step::Exit(0)
            }
            Ok(_) => Step::Exit(1),
            Err(error) => {
                io.tool.die(&error);
                Step::Exit(1)
            }
        }
    }
}

fn begin(io: &mut AdminTool<'_, '_, '_>) -> Result<Step, JavaError> {
    let parsed = match Parsed::parse(TABLE, &io.tool.invocation.args.clone()) {
        Ok(parsed) => parsed,
        Err(error) => {
            io.tool.uncaught(&error);
            return Ok(Step::Exit(1));
        }
    };
    let refusal = match () {
        () if parsed.is_empty || parsed.has("help") => {
            Err("This tool helps to delete records of the given partitions down to the specified offset.".to_owned())
        }
        () if parsed.has("version") => {
            io.tool.println(VERSION);
            return Ok(Step::Exit(0));
        }
        () => required(&parsed, &["bootstrap-server", "offset-json-file"]),
    };
    if let Err(message) = refusal {
        io.tool.usage(&message, TABLE);
        return Ok(Step::Exit(1));
    }
    let mut config = match parsed.value("command-config")? {
        Some(path) => io.tool.load_properties(path)?,
        None => BTreeMap::new(),
    };
    let servers = parsed.value("bootstrap-server")?.unwrap_or_default();
    config.insert("bootstrap.servers".to_owned(), servers.to_owned());
    let path = parsed.value("offset-json-file")?.unwrap_or_default();
    let missing = JavaError::new("java.nio.file.NoSuchFileException", path);
    let unreadable = JavaError::new("java.io.IOException", format!("Unable to read file {path}")).caused_by(missing);
    let before = parse(&io.tool.read_file(path).ok_or(unreadable)?)?;
    io.open(&config)?;
    io.tool.println("Executing records delete operation");
    Ok(Step::Ask(AdminRequest::DeleteRecords { before }))
}
