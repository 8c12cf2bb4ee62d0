//! The options of kafka-leader-election, the rules between them and the file of partitions. Serves the tool; invariant: checks run in
//! the real tool's order.

use crate::java::{Kind, OptionSpec, Parsed, flag, hash_set_order, partition_hash, required_arg};
use ottla_client::{JavaError, TopicPartition};
use serde_json::Value;

/// The options.
pub const TABLE: &[OptionSpec] = &[
    required_arg("admin.config", Kind::String, "config file", "DEPRECATED: use --command-config."),
    flag("all-topic-partitions", "Elect for all partitions that need it."),
    required_arg("bootstrap-server", Kind::String, "host:port", "REQUIRED. Brokers of the cluster."),
    required_arg("command-config", Kind::String, "config file", "A file with settings of the admin client."),
    required_arg(
        "election-type",
        Kind::Election,
        "election type",
        "REQUIRED. \"preferred\": back to the first replica. \"unclean\": to any live replica where there is no leader, though records may be lost.",
    ),
    flag("help", "Print usage information."),
    required_arg("partition", Kind::Integer, "partition id", "The partition; REQUIRED with --topic."),
    required_arg(
        "path-to-json-file",
        Kind::String,
        "Path to JSON file",
        "A file such as\n{\"partitions\":\n\t[{\"topic\": \"foo\", \"partition\": 1}]\n}",
    ),
    required_arg("topic", Kind::String, "topic name", "The topic."),
    flag("version", "Display Kafka version."),
];

fn failed(message: impl Into<String>) -> JavaError {
    JavaError::new("org.apache.kafka.tools.AdminCommandFailedException", message)
}

fn operation(message: impl Into<String>) -> JavaError {
    JavaError::new("org.apache.kafka.tools.AdminOperationException", message)
}

/// Checks how options stand together.
///
/// # Errors
/// `AdminCommandFailedException`.
pub fn check(parsed: &Parsed) -> Result<(), JavaError> {
    let missing: Vec<&str> = ["bootstrap-server", "election-type"].into_iter().filter(|o| !parsed.has(o)).collect();
    if !missing.is_empty() {
        return Err(failed(format!("Missing required option(s): {}", missing.join(", "))));
    }
    let scopes = ["topic", "all-topic-partitions", "path-to-json-file"];
    if scopes.iter().filter(|scope| parsed.has(scope)).count() != 1 {
        let list = scopes.join(", ");
        return Err(failed(format!("One and only one of the following options is required: {list}")));
    }
    match (parsed.has("topic"), parsed.has("partition")) {
        (true, false) => Err(failed("Missing required option(s): partition")),
        (false, true) => Err(failed("Option partition is only allowed if topic is used")),
        _ => Ok(()),
    }
}

/// An exception inside a `RuntimeException`.
pub fn runtime(error: JavaError) -> JavaError {
    JavaError::new("java.lang.RuntimeException", error.to_string()).caused_by(error)
}

fn mapping(message: String) -> JavaError {
    runtime(runtime(JavaError::new("com.fasterxml.jackson.databind.JsonMappingException", message)))
}

/// The partitions a file names.
///
/// # Errors
/// `AdminOperationException`, or a `JsonMappingException` inside.
pub fn parse_partitions(text: &str) -> Result<Vec<TopicPartition>, JavaError> {
    let value: Value = serde_json::from_str(text).map_err(|_| operation("Replica election data is empty"))?;
    if !value.is_object() {
        return Err(mapping(format!("Expected JSON object, received {value}")));
    }
    let list =
        value.get("partitions").ok_or_else(|| operation("Replica election data is missing \"partitions\" field"))?;
    let list = list.as_array().ok_or_else(|| mapping(format!("Expected JSON array, received {list}")))?;
    let mut partitions: Vec<TopicPartition> = Vec::new();
    let mut twice: Vec<TopicPartition> = Vec::new();
    for item in list {
        let field = |name: &str| item.get(name).ok_or_else(|| mapping(format!("No such field exists: `{name}`")));
        let (topic, number) = (field("topic")?, field("partition")?);
        let topic = topic.as_str().ok_or_else(|| mapping(format!("Expected `String` value, received {topic}")))?;
        let number = number.as_i64().and_then(|n| i32::try_from(n).ok());
        let number =
            number.ok_or_else(|| mapping(format!("Expected `Integer` value, received {}", item["partition"])))?;
        let partition = TopicPartition::new(topic, number);
        match partitions.contains(&partition) {
            true if twice.contains(&partition) => {}
            true => twice.push(partition),
            false => partitions.push(partition),
        }
    }
    if twice.is_empty() {
        return Ok(partitions);
    }
    let names: Vec<String> = hash_set_order(twice, partition_hash).iter().map(ToString::to_string).collect();
    Err(operation(format!("Replica election data contains duplicate partitions: [{}]", names.join(", "))))
}
