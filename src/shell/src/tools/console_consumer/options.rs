//! The options of kafka-console-consumer and the settings they make (`ConsoleConsumerOptions`). Serves the tool; invariant: checks run
//! in the real tool's order.

use super::formatter::Formatter;
use crate::{
    java::{Kind, OptionSpec, Parsed, at_most_one_way, flag, one_of, parse_key_values, required, required_arg},
    tools::tool::Tool,
};
use ottla_client::JavaError;
use std::collections::BTreeMap;

/// The options.
pub const TABLE: &[OptionSpec] = &[
    required_arg(
        "bootstrap-server",
        Kind::String,
        "server to connect to",
        "REQUIRED: The server(s) to connect to. Brokers of the cluster, with commas between.",
    ),
    required_arg("command-config", Kind::String, "config file", "A file with settings of the consumer."),
    required_arg("command-property", Kind::String, "consumer_prop", "A setting of the consumer, as key=value."),
    required_arg(
        "consumer-property",
        Kind::String,
        "consumer_prop",
        "(DEPRECATED) The old name of --command-property.",
    ),
    required_arg("consumer.config", Kind::String, "config file", "(DEPRECATED) The old name of --command-config."),
    flag("enable-systest-events", "Log the consumer's life too (for tests)."),
    required_arg("formatter", Kind::String, "class", "The class that prints records.")
        .or("org.apache.kafka.tools.consumer.DefaultMessageFormatter"),
    required_arg("formatter-config", Kind::String, "config file", "A file with settings of the formatter."),
    required_arg(
        "formatter-property",
        Kind::String,
        "prop",
        "A setting of the formatter, as key=value:\n print.timestamp=true|false\n print.key=true|false\n print.offset=true|false\n print.delivery=true|false\n print.epoch=true|false\n print.partition=true|false\n print.headers=true|false\n print.value=true|false\n key.separator=<key.separator>\n line.separator=<line.separator>\n headers.separator=<line.separator>\n null.literal=<null.literal>\n key.deserializer=<key.deserializer>\n value.deserializer=<value.deserializer>\n header.deserializer=<header.deserializer>",
    ),
    flag("from-beginning", "Without a committed offset: begin with the first record instead of the next one."),
    required_arg("group", Kind::String, "consumer group id", "The group to be a member of."),
    flag("help", "Print usage information."),
    required_arg("include", Kind::String, "Java regex (String)", "A regular expression of topics."),
    required_arg(
        "isolation-level",
        Kind::String,
        "",
        "read_committed leaves out what was not committed; read_uncommitted shows all.",
    )
    .or("read_uncommitted"),
    required_arg("key-deserializer", Kind::String, "deserializer for key", "The class that reads keys."),
    required_arg("max-messages", Kind::Integer, "num_messages", "End after so many records."),
    required_arg(
        "offset",
        Kind::String,
        "consume offset",
        "Where to begin in the partition: a number, 'earliest' or 'latest'.",
    )
    .or("latest"),
    required_arg("partition", Kind::Integer, "partition", "The partition to read; from its end without --offset."),
    required_arg("property", Kind::String, "prop", "(DEPRECATED) The old name of --formatter-property."),
    flag("skip-message-on-error", "Go on with the next record when one can't be printed."),
    required_arg("timeout-ms", Kind::Long, "timeout_ms", "End when no record came for so long."),
    required_arg("topic", Kind::String, "topic", "The topic."),
    required_arg("value-deserializer", Kind::String, "deserializer for values", "The class that reads values."),
    flag("version", "Display Kafka version."),
];

/// Old and new spellings.
const RENAMED: &[(&str, &str)] = &[
    ("consumer-property", "command-property"),
    ("consumer.config", "command-config"),
    ("property", "formatter-property"),
];

/// Where a partition is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Its first record.
    Earliest,
    /// Its end.
    Latest,
    /// This offset.
    At(i64),
}

/// Everything that is known once the options were read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The options themselves: some are read only when they are needed.
    pub parsed: Parsed,
    /// Settings of the consumer.
    pub consumer: BTreeMap<String, String>,
    /// Where --partition begins.
    pub from: From,
    /// How long to wait for a record.
    pub timeout_ms: Option<u64>,
    /// What prints.
    pub formatter: Formatter,
}

/// Why the tool ends before it begins.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// Message and help.
    Usage(String),
    /// One line on standard error.
    Line(String),
    /// An exception nobody catches.
    Thrown(JavaError),
}

impl std::convert::From<JavaError> for Refusal {
    fn from(error: JavaError) -> Self {
        Refusal::Thrown(error)
    }
}

fn check(tool: &mut Tool<'_, '_>, parsed: &Parsed) -> Result<(), Refusal> {
    let usage = Refusal::Usage;
    one_of(parsed, &["topic", "include"]).map_err(usage)?;
    if parsed.integer("partition")?.is_some() {
        if !parsed.has("topic") {
            return Err(usage("The topic is required when partition is specified.".to_owned()));
        }
        if parsed.has("from-beginning") && parsed.has("offset") {
            return Err(usage("Options from-beginning and offset cannot be specified together.".to_owned()));
        }
    } else if parsed.has("offset") {
        return Err(usage("The partition is required when offset is specified.".to_owned()));
    }
    required(parsed, &["bootstrap-server"]).map_err(usage)?;
    for (old, new) in RENAMED {
        at_most_one_way(parsed, old, new).map_err(usage)?;
        if parsed.has(old) {
            tool.println(format!(
                "Option --{old} is deprecated and will be removed in a future version. Use --{new} instead."
            ));
        }
    }
    Ok(())
}

/// Either spelling of an option.
fn either(parsed: &Parsed, old: &'static str, new: &'static str) -> &'static str {
    if parsed.has(old) { old } else { new }
}

/// The group ids given in one way or another; they must be the same.
fn group_id(parsed: &Parsed, sources: [&BTreeMap<String, String>; 2]) -> Result<Option<String>, Refusal> {
    let mut ids: Vec<String> = Vec::new();
    let given = parsed.value("group")?.filter(|_| parsed.has("group")).map(str::to_owned);
    for id in given.into_iter().chain(sources.iter().filter_map(|s| s.get("group.id").cloned())) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids.sort();
    if ids.len() > 1 {
        let list: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
        return Err(Refusal::Usage(format!(
            "The group ids provided in different places (directly using '--group', via '--consumer-property', or via \
             '--consumer.config') do not match. Detected group ids: {}",
            list.join(", ")
        )));
    }
    if !ids.is_empty() && parsed.has("partition") {
        return Err(Refusal::Usage("Options group and partition cannot be specified together.".to_owned()));
    }
    Ok(ids.pop())
}

fn consumer_settings(tool: &mut Tool<'_, '_>, parsed: &Parsed) -> Result<BTreeMap<String, String>, Refusal> {
    let from_file = match parsed.value(either(parsed, "consumer.config", "command-config"))? {
        Some(path) => tool.load_properties(path)?,
        None => BTreeMap::new(),
    };
    let extra = parse_key_values(parsed.values(either(parsed, "consumer-property", "command-property")));
    let group = group_id(parsed, [&from_file, &extra])?;
    let mut settings = from_file;
    settings.extend(extra);
    let beginning = parsed.has("from-beginning");
    match settings.get("auto.offset.reset") {
        Some(reset) if beginning && reset != "earliest" => {
            return Err(Refusal::Line(format!(
                "Can't simultaneously specify --from-beginning and 'auto.offset.reset={reset}', please remove one option"
            )));
        }
        Some(_) => {}
        None => {
            let reset = if beginning { "earliest" } else { "latest" };
            settings.insert("auto.offset.reset".to_owned(), reset.to_owned());
        }
    }
    let servers = parsed.value("bootstrap-server")?.unwrap_or_default();
    settings.insert("bootstrap.servers".to_owned(), servers.to_owned());
    settings.entry("client.id".to_owned()).or_insert_with(|| "console-consumer".to_owned());
    if parsed.has("isolation-level") || !settings.contains_key("isolation.level") {
        let level = parsed.value("isolation-level")?.unwrap_or_default();
        settings.insert("isolation.level".to_owned(), level.to_owned());
    }
    match group {
        Some(group) => {
            settings.insert("group.id".to_owned(), group);
        }
        None => {
            let number = tool.cx.rng().below(100_000);
            settings.insert("group.id".to_owned(), format!("console-consumer-{number}"));
            settings.entry("enable.auto.commit".to_owned()).or_insert_with(|| "false".to_owned());
        }
    }
    Ok(settings)
}

fn offset(parsed: &Parsed) -> Result<From, Refusal> {
    if !parsed.has("offset") {
        return Ok(if parsed.has("from-beginning") { From::Earliest } else { From::Latest });
    }
    let text = parsed.value("offset")?.unwrap_or_default();
    match text.to_lowercase().as_str() {
        "earliest" => Ok(From::Earliest),
        "latest" => Ok(From::Latest),
        _ => match text.parse() {
            Ok(offset @ 0..) => Ok(From::At(offset)),
            _ => Err(Refusal::Usage(format!(
                "The provided offset value '{text}' is incorrect. Valid values are 'earliest', 'latest', or a \
                 non-negative long."
            ))),
        },
    }
}

fn formatter(tool: &mut Tool<'_, '_>, parsed: &Parsed) -> Result<Formatter, Refusal> {
    let class = parsed.value("formatter")?.unwrap_or_default();
    let mut properties = match parsed.value("formatter-config")? {
        Some(path) => tool.load_properties(path)?,
        None => BTreeMap::new(),
    };
    for (option, property) in [("key-deserializer", "key.deserializer"), ("value-deserializer", "value.deserializer")] {
        if let Some(class) = parsed.value(option)?.filter(|c| !c.is_empty()) {
            properties.insert(property.to_owned(), class.to_owned());
        }
    }
    properties.extend(parse_key_values(parsed.values(either(parsed, "property", "formatter-property"))));
    Formatter::new(tool, class, &properties).map_err(|error| Refusal::Usage(error.text().to_owned()))
}

/// Reads the command line.
pub fn read(tool: &mut Tool<'_, '_>) -> Result<Settings, Refusal> {
    let args = tool.invocation.args.clone();
    let parsed = Parsed::parse(TABLE, &args).map_err(|e| Refusal::Usage(e.text().to_owned()))?;
    if parsed.is_empty || parsed.has("help") {
        let about = "This tool helps to read data from Kafka topics and outputs it to standard output.";
        return Err(Refusal::Usage(about.to_owned()));
    }
    if parsed.has("version") {
        tool.println(crate::java::VERSION);
        tool.exit(0);
        return Err(Refusal::Line(String::new()));
    }
    check(tool, &parsed)?;
    let consumer = consumer_settings(tool, &parsed)?;
    let from = offset(&parsed)?;
    let timeout_ms = parsed.long("timeout-ms")?.and_then(|ms| u64::try_from(ms).ok());
    let formatter = formatter(tool, &parsed)?;
    Ok(Settings { parsed, consumer, from, timeout_ms, formatter })
}
