//! The options of kafka-configs, what they name and what they change. Serves the tool; invariant: checks run in the real tool's
//! order, and a message stands alone unless it is a usage error.

use crate::java::{Kind, OptionSpec, Parsed, flag, required_arg};
use std::collections::BTreeMap;

/// The options.
pub const TABLE: &[OptionSpec] = &[
    required_arg("add-config", Kind::String, "String", "Settings to set, as k1=v1,k2=[v21,v22],k3=v3."),
    required_arg("add-config-file", Kind::String, "String", "A file of settings to set."),
    flag("all", "With --describe: defaults too."),
    flag("alter", "Change settings."),
    required_arg("bootstrap-controller", Kind::String, "controller to connect to", "A controller of the cluster."),
    required_arg("bootstrap-server", Kind::String, "server to connect to", "A broker of the cluster."),
    required_arg("broker", Kind::String, "", "The broker's id."),
    flag("broker-defaults", "The defaults of all brokers."),
    required_arg("client", Kind::String, "", "The client's id."),
    flag("client-defaults", "The defaults of all clients."),
    required_arg("client-metrics", Kind::String, "", "The subscription to clients' metrics."),
    required_arg(
        "command-config",
        Kind::String,
        "command config property file",
        "A file with settings of the admin client.",
    ),
    required_arg("delete-config", Kind::String, "String", "Settings to take back, as k1,k2."),
    flag("describe", "Show settings."),
    flag("entity-default", "The default of the type."),
    required_arg("entity-name", Kind::String, "", "The name: topic, broker id, group."),
    required_arg("entity-type", Kind::String, "", "topics, clients, users, brokers, ips, client-metrics or groups."),
    required_arg("group", Kind::String, "", "The group."),
    flag("help", "Print usage information."),
    required_arg("ip", Kind::String, "", "The address."),
    flag("ip-defaults", "The defaults of all addresses."),
    required_arg("topic", Kind::String, "", "The topic."),
    required_arg("user", Kind::String, "", "The user's principal."),
    flag("user-defaults", "The defaults of all users."),
    flag("version", "Display Kafka version."),
];

const TYPES: [&str; 8] = ["topics", "clients", "users", "brokers", "ips", "client-metrics", "groups", "broker-loggers"];

/// What is described or changed: type, and name (empty for the default of all brokers).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// `topics`, `brokers` or `groups`.
    pub kind: String,
    /// The name; `None` for all of the type.
    pub name: Option<String>,
}

/// A usage error (with help) or a message alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Message and help.
    Usage(String),
    /// The message.
    Line(String),
}

fn line<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Line(text.into()))
}

fn value(parsed: &Parsed, name: &str) -> Result<Option<String>, Refusal> {
    parsed.value(name).map(|v| v.map(str::to_owned)).map_err(|e| Refusal::Line(e.text().to_owned()))
}

/// Whether the action and the servers are named.
///
/// # Errors
/// A usage error.
pub fn check_action(parsed: &Parsed) -> Result<(), Refusal> {
    if ["describe", "alter"].iter().filter(|action| parsed.has(action)).count() != 1 {
        return Err(Refusal::Usage("Command must include exactly one action: --describe, --alter".to_owned()));
    }
    if !parsed.has("bootstrap-server") && !parsed.has("bootstrap-controller") {
        let message = "Either --bootstrap-server or --bootstrap-controller must be specified.";
        return Err(Refusal::Usage(message.to_owned()));
    }
    Ok(())
}

/// What the options name.
pub fn entity(parsed: &Parsed) -> Result<Entity, Refusal> {
    let mut found = Vec::new();
    for (option, kind) in
        [("topic", "topics"), ("broker", "brokers"), ("group", "groups"), ("client-metrics", "client-metrics")]
    {
        if let Some(name) = value(parsed, option)? {
            found.push(Entity { kind: kind.to_owned(), name: Some(name) });
        }
    }
    if parsed.has("broker-defaults") {
        found.push(Entity { kind: "brokers".to_owned(), name: Some(String::new()) });
    }
    if let Some(kind) = value(parsed, "entity-type")? {
        let default = parsed.has("entity-default").then(String::new);
        found.push(Entity { kind, name: value(parsed, "entity-name")?.or(default) });
    }
    for Entity { kind, .. } in &found {
        if !TYPES.contains(&kind.as_str()) {
            return line(format!(
                "Invalid entity type {kind}, the entity type must be one of {} with a --bootstrap-server or \
                 --bootstrap-controller argument",
                TYPES.join(", ")
            ));
        }
    }
    let Some(entity) = found.pop() else { return line("At least one entity type must be specified") };
    if let (true, Some(name)) = (entity.kind.starts_with("broker"), &entity.name)
        && !name.is_empty()
        && name.parse::<i32>().is_err()
    {
        return line(format!(
            "The entity name for {} must be a valid integer broker id, but it is: {name}",
            entity.kind
        ));
    }
    if !matches!(entity.kind.as_str(), "topics" | "brokers" | "groups" | "client-metrics") {
        return line(format!("{}: not part of this lab", entity.kind));
    }
    if parsed.has("alter") {
        if entity.name.is_none() {
            return line(format!("An entity name must be specified with --alter of {}", entity.kind));
        }
        if !["add-config", "add-config-file", "delete-config"].iter().any(|option| parsed.has(option)) {
            return line(
                "At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter",
            );
        }
    }
    Ok(entity)
}

/// Parts of a text at a separator that does not stand in brackets.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    for c in text.chars() {
        inside = (inside || c == '[') && c != ']';
        match parts.last_mut() {
            Some(last) if c != separator || inside => last.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// The settings of `--add-config`.
pub fn added(parsed: &Parsed) -> Result<BTreeMap<String, String>, Refusal> {
    let mut configs = BTreeMap::new();
    for word in value(parsed, "add-config")?.iter().flat_map(|text| split(text, ',')) {
        let parts = split(&word, '=');
        let [name, value] = parts.as_slice() else {
            return line(
                "requirement failed: Invalid entity config: all configs to be added must be in the format \"key=val\" or  \"key=[val1,val2]\" to group values which contain commas.",
            );
        };
        configs.insert(name.trim().to_owned(), value.replace(['[', ']'], "").trim().to_owned());
    }
    Ok(configs)
}

/// The settings of `--delete-config`.
pub fn deleted(parsed: &Parsed) -> Result<Vec<String>, Refusal> {
    let text = value(parsed, "delete-config")?.unwrap_or_default();
    Ok(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(text: &str) -> Result<Vec<(String, String)>, Refusal> {
        let parsed = Parsed::parse(TABLE, &["--add-config".to_owned(), text.to_owned()]).unwrap();
        added(&parsed).map(|map| map.into_iter().collect())
    }

    #[test]
    fn brackets_keep_commas() {
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let both = add("cleanup.policy=[compact,delete],retention.ms=1").unwrap();
        assert_eq!(both, [pair("cleanup.policy", "compact,delete"), pair("retention.ms", "1")]);
        assert!(add("retention.ms").is_err() && add("cleanup.policy=compact,delete").is_err());
        assert_eq!(add("a=").unwrap(), [pair("a", "")]);
    }
}
