//! The options of kafka-consumer-groups and the rules between them (`ConsumerGroupCommandOptions`). Serves the tool; invariant:
//! checks run in the real tool's order.

use crate::java::{Kind, OptionSpec, Parsed, flag, invalid_with, optional, required, required_arg};
use ottla_client::JavaError;

/// Ways to say where to reset to, in the order the real tool names them.
pub const SCENARIOS: [&str; 8] =
    ["from-file", "to-datetime", "by-duration", "to-latest", "to-current", "to-earliest", "to-offset", "shift-by"];
/// What the tool can do.
const ACTIONS: [&str; 6] = ["list", "describe", "delete", "reset-offsets", "delete-offsets", "validate-regex"];
/// The notice of a reset that says neither --execute nor --dry-run.
const NO_EXECUTE: &str = "WARN: No action will be performed as the --execute option is missing. In version 5.0, this command will require either --dry-run or --execute to be specified. You should add the --dry-run option explicitly if you are scripting this command and want to keep the current default behavior without prompting.";

/// The options.
pub const TABLE: &[OptionSpec] = &[
    flag("all-groups", "All groups."),
    flag("all-topics", "With --reset-offsets: all topics the group has offsets of."),
    required_arg(
        "bootstrap-server",
        Kind::String,
        "server to connect to",
        "REQUIRED: brokers of the cluster, unless --validate-regex is used.",
    ),
    required_arg(
        "by-duration",
        Kind::String,
        "duration",
        "Reset to where the records of that long ago begin. Format: 'PnDTnHnMnS'",
    ),
    required_arg(
        "command-config",
        Kind::String,
        "command config property file",
        "A file with settings of the admin client.",
    ),
    flag("delete", "Delete whole groups, such as --group g1 --group g2."),
    flag("delete-offsets", "Delete what a group has committed of some topics."),
    flag("describe", "Show a group: its offsets and how far it lags, its members, or its state."),
    flag("dry-run", "With --reset-offsets: only show what would be done."),
    flag("execute", "With --reset-offsets: do it."),
    flag("export", "With --reset-offsets: print the plan as CSV."),
    required_arg("from-file", Kind::String, "path to CSV file", "Reset to what a CSV file says."),
    required_arg("group", Kind::String, "consumer group", "The group."),
    flag("help", "Print usage information."),
    flag("list", "List the groups."),
    flag("members", "With --describe: the members."),
    flag("offsets", "With --describe: committed offsets, ends of logs and lags; what is shown without it too."),
    flag(
        "reset-offsets",
        "Move a group's offsets. The group must have no members.\nSay where to: --to-datetime, --by-duration, --to-earliest, --to-latest, --shift-by, --from-file, --to-current, --to-offset.\nSay which: --all-topics or --topic, unless --from-file says it.\nSay --execute to do it, --dry-run to see it first.",
    ),
    required_arg(
        "shift-by",
        Kind::Long,
        "number-of-offsets",
        "Move each offset that far; a negative number moves back.",
    ),
    optional(
        "state",
        "",
        "With --describe: the state of the group.\nWith --list: show states; with a value such as stable,empty only groups in these.",
    ),
    required_arg(
        "timeout",
        Kind::Long,
        "timeout (ms)",
        "How long each question to the cluster may take, in milliseconds.",
    )
    .or("30000"),
    flag("to-current", "Reset to what is committed."),
    required_arg(
        "to-datetime",
        Kind::String,
        "datetime",
        "Reset to where the records of that time begin. Format: 'YYYY-MM-DDThh:mm:ss.sss'",
    ),
    flag("to-earliest", "Reset to the beginning."),
    flag("to-latest", "Reset to the end."),
    required_arg("to-offset", Kind::Long, "offset", "Reset to this offset."),
    required_arg(
        "topic",
        Kind::String,
        "topic",
        "The topic; partitions may follow as in `topic1:0,1,2`. May be given more than once.",
    ),
    optional("type", "", "With --list: show types; with a value such as classic,consumer only groups of these."),
    required_arg(
        "validate-regex",
        Kind::String,
        "regex",
        "Tell whether a regular expression is one brokers understand.",
    ),
    flag("verbose", "With --describe: show more."),
    flag("version", "Display Kafka version."),
];

/// Options that need others.
///
/// # Errors
/// jopt-simple's `UnavailableOptionException`.
pub fn available(parsed: &Parsed) -> Result<(), JavaError> {
    let needs: [(&str, &[&str]); 5] = [
        ("members", &["describe"]),
        ("verbose", &["describe"]),
        ("offsets", &["describe"]),
        ("state", &["describe", "list"]),
        ("type", &["list"]),
    ];
    let lacks = |(name, others): &(&'static str, &[&str])| {
        (parsed.has(name) && !others.iter().any(|other| parsed.has(other))).then_some(*name)
    };
    let names: Vec<&str> = needs.iter().filter_map(lacks).collect();
    if names.is_empty() {
        return Ok(());
    }
    let text = format!("Option(s) [{}] are unavailable given other options on the command line", names.join(", "));
    Err(JavaError::new("joptsimple.UnavailableOptionException", text))
}

/// Checks how options stand together; a notice goes to `notice`.
///
/// # Errors
/// The message of the usage error.
pub fn check(parsed: &Parsed, notice: &mut Option<&'static str>) -> Result<(), String> {
    if !parsed.has("validate-regex") {
        required(parsed, &["bootstrap-server"])?;
    }
    let one_group = |action: &str| match parsed.has("group") || parsed.has("all-groups") {
        true => Ok(()),
        false => Err(format!("Option [{action}] takes one of these options: [group], [all-groups]")),
    };
    if parsed.has("describe") {
        one_group("describe")?;
        if ["members", "offsets", "state"].iter().filter(|view| parsed.has(view)).count() > 1 {
            let text = "Option [describe] takes at most one of these options: [members], [offsets], [state]";
            return Err(text.to_owned());
        }
        if !parsed.values("state").is_empty() {
            return Err("Option [describe] does not take a value for [state]".to_owned());
        }
    }
    if parsed.has("delete") {
        one_group("delete")?;
        if parsed.has("topic") {
            let text = "The consumer does not support topic-specific offset deletion from a consumer group.";
            return Err(text.to_owned());
        }
    }
    if parsed.has("delete-offsets") && !(parsed.has("group") && parsed.has("topic")) {
        return Err("Option [delete-offsets] takes the following options: [group], [topic]".to_owned());
    }
    if parsed.has("reset-offsets") {
        check_reset(parsed, notice)?;
        one_group("reset-offsets")?;
        for scenario in [
            "to-offset",
            "to-datetime",
            "by-duration",
            "to-earliest",
            "to-latest",
            "to-current",
            "shift-by",
            "from-file",
        ] {
            let others: Vec<&str> = SCENARIOS.into_iter().filter(|other| *other != scenario).collect();
            invalid_with(parsed, scenario, &others)?;
        }
    }
    invalid_with(parsed, "group", &["all-groups"])?;
    invalid_with(parsed, "group", &["list"])?;
    invalid_with(parsed, "topic", &["list", "describe"])?;
    match ACTIONS.iter().filter(|action| parsed.has(action)).count() {
        1 => Ok(()),
        _ => Err("Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets, --validate-regex".to_owned()),
    }
}

fn check_reset(parsed: &Parsed, notice: &mut Option<&'static str>) -> Result<(), String> {
    match (parsed.has("dry-run"), parsed.has("execute")) {
        (true, true) => Err("Option [reset-offsets] only accepts one of [execute] and [dry-run]".to_owned()),
        (false, false) => {
            *notice = Some(NO_EXECUTE);
            Ok(())
        }
        _ => Ok(()),
    }
}
