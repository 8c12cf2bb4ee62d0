//! The options of kafka-topics and the rules between them (`TopicCommandOptions`). Serves the tool; invariant: checks run in the real
//! tool's order.

use crate::java::{Kind, OptionSpec, Parsed, flag, invalid_with, required, required_arg};

const TO_CONFIGS: &str = " (To alter topic configurations, the kafka-configs tool can be used.)";
const ACTIONS: [&str; 5] = ["create", "list", "alter", "describe", "delete"];

/// The options.
pub const TABLE: &[OptionSpec] = &[
    flag("alter", "Change the number of partitions. Settings are changed with kafka-configs."),
    flag(
        "at-min-isr-partitions",
        "With --describe: only partitions with exactly as many in-sync replicas as required.",
    ),
    required_arg("bootstrap-server", Kind::String, "server to connect to", "REQUIRED: a broker of the cluster."),
    required_arg(
        "command-config",
        Kind::String,
        "command config property file",
        "A file with settings of the admin client.",
    ),
    required_arg("config", Kind::String, "name=value", "With --create: a setting of the new topic."),
    flag("create", "Create a topic."),
    flag("delete", "Delete a topic."),
    required_arg("delete-config", Kind::String, "name", "Does nothing since 4.0."),
    flag("describe", "Show the partitions of topics."),
    flag("exclude-internal", "Leave out internal topics in --list and --describe."),
    flag("help", "Print usage information."),
    flag("if-exists", "With --alter, --delete, --describe: no error for a topic that is not there."),
    flag("if-not-exists", "With --create: no error for a topic that is already there."),
    flag("list", "List the topics."),
    required_arg(
        "partition-size-limit-per-response",
        Kind::Integer,
        "maximum number of partitions per response",
        "How many partitions one answer may hold.",
    ),
    required_arg(
        "partitions",
        Kind::Integer,
        "# of partitions",
        "How many partitions; the cluster's default without it. More partitions for a topic with keys change where keys go.",
    ),
    required_arg(
        "replica-assignment",
        Kind::String,
        "broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , broker_id_for_part2_replica1 : broker_id_for_part2_replica2 , ...",
        "The brokers of each partition.",
    ),
    required_arg(
        "replication-factor",
        Kind::Integer,
        "replication factor",
        "How many replicas of each partition; the cluster's default without it.",
    ),
    required_arg("topic", Kind::String, "topic", "The topic; a regular expression except with --create."),
    required_arg("topic-id", Kind::String, "topic-id", "With --describe: the topic's id."),
    flag("topics-with-overrides", "With --describe: only topics with settings of their own."),
    flag("unavailable-partitions", "With --describe: only partitions without a live leader."),
    flag("under-min-isr-partitions", "With --describe: only partitions with too few in-sync replicas."),
    flag("under-replicated-partitions", "With --describe: only partitions with replicas out of sync."),
    flag("version", "Display Kafka version."),
];

/// Checks how options stand together; notices go to `notice`.
///
/// # Errors
/// The message of the usage error.
pub fn check(parsed: &Parsed) -> Result<(), String> {
    if !parsed.has("list") && !parsed.has("describe") {
        required(parsed, &["topic"])?;
    }
    if parsed.has("describe") && parsed.has("if-exists") && !parsed.has("topic") && !parsed.has("topic-id") {
        return Err("--topic or --topic-id is required to describe a topic".to_owned());
    }
    if parsed.has("alter") {
        if parsed.has("bootstrap-server") && parsed.has("config") {
            let pair = "Option combination \"[[config], [bootstrap-server]]\" can't be used with option \"[alter]\"";
            return Err(format!("{pair}{TO_CONFIGS}"));
        }
        required(parsed, &["partitions"])?;
    }
    let without = |allowed: &[&str]| ACTIONS.into_iter().filter(|a| !allowed.contains(a)).collect::<Vec<_>>();
    invalid_with(parsed, "config", &without(&["alter", "create"]))?;
    invalid_with(parsed, "partitions", &without(&["alter", "create"]))?;
    invalid_with(parsed, "replication-factor", &without(&["create"]))?;
    invalid_with(parsed, "replica-assignment", &without(&["alter", "create"]))?;
    if parsed.has("create") {
        invalid_with(parsed, "replica-assignment", &["partitions", "replication-factor"])?;
    }
    let reports =
        ["under-replicated-partitions", "under-min-isr-partitions", "at-min-isr-partitions", "unavailable-partitions"];
    for report in reports {
        let mut others = without(&["describe"]);
        others.push("topics-with-overrides");
        invalid_with(parsed, report, &others)?;
    }
    let mut others = without(&["describe"]);
    others.extend(reports);
    invalid_with(parsed, "topics-with-overrides", &others)?;
    invalid_with(parsed, "if-exists", &without(&["alter", "delete", "describe"]))?;
    invalid_with(parsed, "if-not-exists", &without(&["create"]))?;
    invalid_with(parsed, "exclude-internal", &without(&["list", "describe"]))
}

/// How many actions were asked for.
pub fn actions(parsed: &Parsed) -> usize {
    ACTIONS.into_iter().filter(|action| parsed.has(action)).count()
}
