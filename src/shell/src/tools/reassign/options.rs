//! The options of kafka-reassign-partitions. Serves the tool; invariant: each action has its own list of options it needs and may have.

use crate::java::{Kind, OptionSpec, Parsed, flag, required_arg};

/// The options.
pub const TABLE: &[OptionSpec] = &[
    flag("additional", "Carry the plan out beside one that is under way."),
    required_arg(
        "bootstrap-controller",
        Kind::String,
        "bootstrap controller to connect to",
        "A controller of the cluster.",
    ),
    required_arg(
        "bootstrap-server",
        Kind::String,
        "Server(s) to use for bootstrapping",
        "REQUIRED: brokers of the cluster.",
    ),
    required_arg("broker-list", Kind::String, "brokerlist", "With --generate: the brokers to move to, as 0,1,2."),
    flag("cancel", "Cancel what is under way."),
    required_arg(
        "command-config",
        Kind::String,
        "Admin client property file",
        "A file with settings of the admin client.",
    ),
    flag("disable-rack-aware", "Do not look at racks."),
    flag("disallow-replication-factor-change", "Refuse a plan that changes how many replicas there are."),
    flag("execute", "Carry a plan out."),
    flag("generate", "Propose a plan; nothing is moved."),
    flag("help", "Print usage information."),
    flag("list", "List what is under way."),
    flag("preserve-throttles", "Leave throttles as they are."),
    required_arg("reassignment-json-file", Kind::String, "manual assignment json file path", "The plan."),
    required_arg(
        "replica-alter-log-dirs-throttle",
        Kind::Long,
        "replicaAlterLogDirsThrottle",
        "Bytes a second between directories of a broker.",
    )
    .or("-1"),
    required_arg("throttle", Kind::Long, "throttle", "Bytes a second between brokers.").or("-1"),
    required_arg("timeout", Kind::Long, "timeout", "How long to wait for a directory, in milliseconds.").or("10000"),
    required_arg(
        "topics-to-move-json-file",
        Kind::String,
        "topics to reassign json file path",
        "With --generate: the topics.",
    ),
    flag("verify", "Say how far a plan is, and take throttles away once it is done."),
    flag("version", "Display Kafka version."),
];

/// What is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Propose.
    Generate,
    /// Carry out.
    Execute,
    /// See how far it is.
    Verify,
    /// Cancel.
    Cancel,
    /// List.
    #[default]
    List,
}

const ACTIONS: [(&str, Action, &[&str], &[&str]); 5] = [
    ("generate", Action::Generate, &["broker-list", "topics-to-move-json-file"], &["disable-rack-aware"]),
    (
        "execute",
        Action::Execute,
        &["reassignment-json-file"],
        &["additional", "replica-alter-log-dirs-throttle", "throttle", "timeout", "disallow-replication-factor-change"],
    ),
    ("verify", Action::Verify, &["reassignment-json-file"], &["preserve-throttles"]),
    ("cancel", Action::Cancel, &["reassignment-json-file"], &["preserve-throttles", "timeout"]),
    ("list", Action::List, &[], &[]),
];
const ALWAYS: [&str; 3] = ["bootstrap-server", "bootstrap-controller", "command-config"];

/// The action and whether its options are right.
pub fn action(parsed: &Parsed) -> Result<Action, String> {
    let mut asked = ACTIONS.into_iter().filter(|(name, ..)| parsed.has(name));
    let (Some((name, action, needed, allowed)), None) = (asked.next(), asked.next()) else {
        return Err("Command must include exactly one action: --generate, --execute, --verify, --cancel, --list".into());
    };
    if parsed.has("bootstrap-server") == parsed.has("bootstrap-controller") {
        return Err("Please specify either --bootstrap-server or --bootstrap-controller".into());
    }
    crate::java::required(parsed, needed)?;
    let known = |option: &&OptionSpec| {
        option.name == name
            || ALWAYS.contains(&option.name)
            || needed.contains(&option.name)
            || allowed.contains(&option.name)
    };
    match TABLE.iter().find(|option| parsed.has(option.name) && !known(option)) {
        Some(option) => Err(format!("Option \"[{}]\" can't be used with action \"[{name}]\"", option.name)),
        None => Ok(action),
    }
}
