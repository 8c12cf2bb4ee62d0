//! Quotas of users, clients and addresses in kafka-configs. Serves the tool; invariant: a user and a client together are one entity.

use super::options::Refusal;
use crate::{java::Parsed, tools::admin::Step};
use ottla_client::{AdminRequest, QuotaEntry, QuotaMatch};
use ottla_wire::{
    config::{ConfigType, ConfigValue},
    java::hash_map_order,
};
use std::collections::BTreeMap;

/// (the tool's type, Kafka's type, how a description names it).
const TYPES: [(&str, &str, &str); 3] =
    [("users", "user", "user-principal"), ("clients", "client-id", "client-id"), ("ips", "ip", "ip")];
const CLIENT_QUOTAS: [&str; 4] =
    ["producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"];
const IP_QUOTAS: [&str; 1] = ["connection_creation_rate"];

/// Whose quotas: types with names; the empty name is the default, none is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaCommand {
    parts: Vec<(String, Option<String>)>,
}

fn line<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Line(text.into()))
}

impl QuotaCommand {
    /// The entity that the options name; `None` if it is of another kind.
    pub fn of(parsed: &Parsed) -> Option<QuotaCommand> {
        let mut parts: Vec<(String, Option<String>)> = Vec::new();
        let mut names = parsed.values("entity-name").iter();
        for kind in parsed.values("entity-type") {
            let default = || parsed.has("entity-default").then(String::new);
            parts.push((kind.clone(), names.next().cloned().or_else(default)));
        }
        for (option, kind) in [("client", "clients"), ("user", "users"), ("ip", "ips")] {
            parts.extend(parsed.values(option).iter().map(|name| (kind.to_owned(), Some(name.clone()))));
            if parsed.has(&format!("{option}-defaults")) {
                parts.push((kind.to_owned(), Some(String::new())));
            }
        }
        let is_known = |(kind, _): &(String, Option<String>)| TYPES.iter().any(|(known, ..)| known == kind);
        (!parts.is_empty() && parts.iter().all(is_known)).then_some(QuotaCommand { parts })
    }

    /// What there is to see.
    pub fn describe(&self) -> Step {
        let component = |(kind, name): &(String, Option<String>)| {
            let wanted = match name.as_deref() {
                Some("") => QuotaMatch::Default,
                Some(name) => QuotaMatch::Exact(name.to_owned()),
                None => QuotaMatch::Any,
            };
            (entity_type(kind).to_owned(), wanted)
        };
        let components = self.parts.iter().map(component).collect();
        Step::Ask(AdminRequest::DescribeClientQuotas { components, strict: true })
    }

    /// The change, if names and values are right.
    ///
    /// # Errors
    /// A name that is no quota, a value that is no number, an entity without a name.
    pub fn alter(&self, added: &BTreeMap<String, String>, deleted: &[String]) -> Result<Step, Refusal> {
        let Some((kind, _)) = self.parts.first() else { return line("At least one entity type must be specified") };
        if self.parts.iter().any(|(_, name)| name.is_none()) {
            return line(format!("An entity name must be specified with --alter of {kind}"));
        }
        check_names(kind, self.parts.len(), added, deleted)?;
        let mut ops = Vec::new();
        for (name, value) in added {
            let number = ConfigValue::parse(name, ConfigType::Double, value);
            match number {
                Ok(ConfigValue::Double(number)) => ops.push((name.clone(), Some(number.to_bits()))),
                _ => return line(format!("Cannot parse quota configuration value for {name}: {value}")),
            }
        }
        ops.extend(deleted.iter().map(|name| (name.clone(), None)));
        let part = |(kind, name): &(String, Option<String>)| {
            (entity_type(kind).to_owned(), name.clone().filter(|name| !name.is_empty()))
        };
        Ok(Step::Ask(AdminRequest::AlterClientQuotas { entity: self.parts.iter().map(part).collect(), ops }))
    }

    /// The line after a change.
    pub fn done(&self) -> String {
        match self.parts.first() {
            Some((kind, Some(name))) if !name.is_empty() => {
                format!("Completed updating config for {} {name}.", kind.trim_end_matches('s'))
            }
            Some((kind, _)) => format!("Completed updating default config for {kind} in the cluster."),
            None => String::new(),
        }
    }
}

fn entity_type(kind: &str) -> &'static str {
    TYPES.iter().find(|(known, ..)| *known == kind).map_or("", |(_, entity_type, _)| entity_type)
}

fn check_names(kind: &str, parts: usize, added: &BTreeMap<String, String>, deleted: &[String]) -> Result<(), Refusal> {
    let known: &[&str] = if kind == "ips" { &IP_QUOTAS } else { &CLIENT_QUOTAS };
    let unknown = |names: &mut dyn Iterator<Item = &String>| -> Vec<String> {
        names.filter(|name| !known.contains(&name.as_str())).cloned().collect()
    };
    let (add, delete) = (unknown(&mut added.keys()), unknown(&mut deleted.iter()));
    let (which, kind) = match kind {
        "ips" => ("connection quota", "ips"),
        "users" if parts == 1 => ("quota and SCRAM credential", "users"),
        _ => ("quota", "clients"),
    };
    for (names, verb) in [(add, "added"), (delete, "deleted")] {
        if !names.is_empty() {
            let names = match kind {
                "ips" => names.join(","),
                _ if verb == "added" => format!("Set({})", names.join(", ")),
                _ => format!("List({})", names.join(", ")),
            };
            let verb = if kind == "ips" { "added" } else { verb };
            return line(format!(
                "Only {which} configs can be {verb} for '{kind}' using --bootstrap-server. Unexpected config names: {names}"
            ));
        }
    }
    Ok(())
}

/// The lines of a description.
pub fn rows(entries: &[QuotaEntry]) -> Vec<String> {
    let row = |entry: &QuotaEntry| {
        let part = |(_, entity_type, shown): &(&str, &str, &str)| {
            let (_, name) = entry.entity.iter().find(|(known, _)| known == entity_type)?;
            Some(name.as_ref().map_or_else(|| format!("the default {shown}"), |name| format!("{shown} '{name}'")))
        };
        let entity: Vec<String> = TYPES.iter().filter_map(part).collect();
        let value = |key: &str| {
            let bits = entry.values.get(key).copied().unwrap_or_default();
            format!("{key}={}", ConfigValue::Double(f64::from_bits(bits)).to_java_text())
        };
        let keys = hash_map_order(entry.values.keys().map(String::as_str));
        let values: Vec<String> = keys.into_iter().map(value).collect();
        format!("Quota configs for {} are {}", entity.join(", "), values.join(", "))
    };
    entries.iter().map(row).collect()
}
