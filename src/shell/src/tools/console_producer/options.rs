//! The options of kafka-console-producer and the settings they make (`ConsoleProducerOptions`). Serves the tool; invariant: an option
//! given beats a property, a property beats an option's default.

use crate::{
    java::{Kind, OptionSpec, Parsed, at_most_one_way, flag, optional, parse_key_values, required, required_arg},
    tools::tool::Tool,
};
use ottla_client::JavaError;
use std::collections::BTreeMap;

/// The options.
pub const TABLE: &[OptionSpec] = &[
    required_arg("batch-size", Kind::Integer, "size", "The buffer size in bytes allocated for the records of one partition that travel together. Controls `batch.size`.").or("16384"),
    required_arg("bootstrap-server", Kind::String, "server to connect to", "REQUIRED: brokers of the cluster, as HOST1:PORT1,HOST2:PORT2."),
    required_arg("command-config", Kind::String, "config file", "A file with settings of the producer."),
    required_arg("command-property", Kind::String, "producer_prop", "A setting of the producer, as key=value."),
    optional("compression-codec", "compression-codec", "none, gzip, snappy, lz4 or zstd; gzip without a value."),
    flag("help", "Print usage information."),
    required_arg("line-reader", Kind::String, "reader_class", "The class that turns lines into records.").or("org.apache.kafka.tools.LineMessageReader"),
    required_arg("max-block-ms", Kind::Long, "max block on send", "How long a send may wait for metadata or memory.").or("60000"),
    required_arg("max-memory-bytes", Kind::Long, "total memory in bytes", "Memory for records that wait to be sent. Controls `buffer.memory`.").or("33554432"),
    required_arg("max-partition-memory-bytes", Kind::Integer, "memory in bytes per partition", "(DEPRECATED) The old name of --batch-size.").or("16384"),
    required_arg("message-send-max-retries", Kind::Integer, "", "How often a send is tried again. Controls `retries`.").or("3"),
    required_arg("metadata-expiry-ms", Kind::Long, "metadata expiration interval", "After this time metadata is asked for again. Controls `metadata.max.age.ms`.").or("300000"),
    required_arg("producer-property", Kind::String, "producer_prop", "(DEPRECATED) The old name of --command-property."),
    required_arg("producer.config", Kind::String, "config file", "(DEPRECATED) The old name of --command-config."),
    required_arg("property", Kind::String, "prop", "(DEPRECATED) The old name of --reader-property."),
    required_arg("reader-config", Kind::String, "config file", "A file with settings of the line reader."),
    required_arg("reader-property", Kind::String, "prop", "A setting of the line reader, as key=value:\n parse.key=false\n parse.headers=false\n ignore.error=false\n key.separator=\\t\n headers.delimiter=\\t\n headers.separator=,\n headers.key.separator=:\n null.marker=\nA line is headers, key and value:\n h1:v1,h2:v2\\tkey\\tvalue"),
    required_arg("request-required-acks", Kind::String, "request required acks", "The `acks` of the producer.").or("-1"),
    required_arg("request-timeout-ms", Kind::Integer, "request timeout ms", "How long an answer may take.").or("1500"),
    required_arg("retry-backoff-ms", Kind::Long, "", "The pause before a send is tried again. Controls `retry.backoff.ms`.").or("100"),
    required_arg("socket-buffer-size", Kind::Integer, "size", "Controls `send.buffer.bytes`.").or("102400"),
    flag("sync", "Wait for each record before the next is sent."),
    required_arg("timeout", Kind::Long, "timeout_ms", "How long a record may wait for others to travel with. Controls `linger.ms`.").or("1000"),
    required_arg("topic", Kind::String, "topic", "REQUIRED: the topic."),
    flag("version", "Display Kafka version."),
];

/// New and old spellings.
const RENAMED: &[(&str, &str)] = &[
    ("command-property", "producer-property"),
    ("command-config", "producer.config"),
    ("reader-property", "property"),
];

/// Which option controls which setting.
const MERGED: &[(&str, &str, Kind)] = &[
    ("linger.ms", "timeout", Kind::Long),
    ("acks", "request-required-acks", Kind::String),
    ("request.timeout.ms", "request-timeout-ms", Kind::Integer),
    ("retries", "message-send-max-retries", Kind::Integer),
    ("retry.backoff.ms", "retry-backoff-ms", Kind::Long),
    ("send.buffer.bytes", "socket-buffer-size", Kind::Integer),
    ("buffer.memory", "max-memory-bytes", Kind::Long),
    ("batch.size", "batch-size", Kind::Integer),
    ("metadata.max.age.ms", "metadata-expiry-ms", Kind::Long),
    ("max.block.ms", "max-block-ms", Kind::Long),
];

/// A usage error, or an exception.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// Message and help.
    Usage(String),
    /// An exception.
    Thrown(JavaError),
}

impl From<JavaError> for Refusal {
    fn from(error: JavaError) -> Self {
        Refusal::Thrown(error)
    }
}

/// Checks how options stand together and tells of old spellings.
pub fn check(tool: &mut Tool<'_, '_>, parsed: &Parsed) -> Result<(), Refusal> {
    required(parsed, &["topic"]).map_err(Refusal::Usage)?;
    for (new, old) in RENAMED {
        at_most_one_way(parsed, new, old).map_err(Refusal::Usage)?;
        if parsed.has(old) {
            tool.println(format!(
                "Warning: --{old} is deprecated and will be removed in a future version. Use --{new} instead."
            ));
        }
    }
    if parsed.has("max-partition-memory-bytes") {
        tool.println("Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka 5.0. Use --batch-size instead.");
    }
    validate_bootstrap(parsed.value("bootstrap-server")?).map_err(Refusal::Usage)
}

/// Checks that each server has a port (`ToolsUtils.validateBootstrapServer`).
pub fn validate_bootstrap(servers: Option<&str>) -> Result<(), String> {
    let Some(servers) = servers.filter(|s| !s.trim().is_empty()) else {
        return Err("Error while validating the bootstrap address\n".to_owned());
    };
    let has_port = |server: &str| {
        let port = server.rsplit_once(':').map_or("", |(_, port)| port);
        !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
    };
    match servers.split(',').all(has_port) {
        true => Ok(()),
        false => Err("Please provide valid host:port like host1:9091,host2:9092\n".to_owned()),
    }
}

/// Either spelling of an option.
fn either<'a>(parsed: &Parsed, new: &'a str, old: &'a str) -> &'a str {
    if parsed.has(old) { old } else { new }
}

/// The settings of the line reader.
pub fn reader_properties(tool: &mut Tool<'_, '_>, parsed: &Parsed) -> Result<BTreeMap<String, String>, JavaError> {
    let mut properties = BTreeMap::new();
    if let Some(path) = parsed.value("reader-config")? {
        properties.extend(tool.load_properties(path)?);
    }
    properties.insert("topic".to_owned(), parsed.value("topic")?.unwrap_or_default().to_owned());
    properties.extend(parse_key_values(parsed.values(either(parsed, "reader-property", "property"))));
    Ok(properties)
}

/// The settings of the producer.
pub fn producer_properties(tool: &mut Tool<'_, '_>, parsed: &Parsed) -> Result<BTreeMap<String, String>, JavaError> {
    let mut properties = BTreeMap::new();
    if let Some(path) = parsed.value(either(parsed, "command-config", "producer.config"))? {
        properties.extend(tool.load_properties(path)?);
    }
    properties.extend(parse_key_values(parsed.values(either(parsed, "command-property", "producer-property"))));
    let servers = parsed.value("bootstrap-server")?.unwrap_or_default();
    properties.insert("bootstrap.servers".to_owned(), servers.to_owned());
    let codec = match parsed.has("compression-codec") {
        true => parsed.value("compression-codec")?.filter(|c| !c.is_empty()).unwrap_or("gzip"),
        false => "none",
    };
    properties.insert("compression.type".to_owned(), codec.to_owned());
    properties.entry("client.id".to_owned()).or_insert_with(|| "console-producer".to_owned());
    for (setting, option, kind) in MERGED {
        let option = match *option {
            "batch-size" if parsed.has("max-partition-memory-bytes") => "max-partition-memory-bytes",
            option => option,
        };
        if parsed.has(option) || !properties.contains_key(*setting) {
            let value = match kind {
                Kind::Integer => parsed.integer(option)?.map(|n| n.to_string()),
                Kind::Long => parsed.long(option)?.map(|n| n.to_string()),
                _ => parsed.value(option)?.map(str::to_owned),
            };
            properties.insert((*setting).to_owned(), value.unwrap_or_default());
        }
    }
    Ok(properties)
}
