//! kafka-groups (Kafka's `GroupsCommand`): groups of every kind. Serves the shell; invariant: the order of the rows is the brokers'.

use super::admin::{AdminCommand, AdminTool, Answer, Step};
use crate::java::{Kind, OptionSpec, Parsed, VERSION, flag, invalid_with, required_arg};
use ottla_client::{AdminRequest, AdminResponse, GroupListing, JavaError};
use std::collections::BTreeMap;

/// The options.
pub const TABLE: &[OptionSpec] = &[
    required_arg("bootstrap-server", Kind::String, "server to connect to", "REQUIRED: brokers of the cluster."),
    required_arg(
        "command-config",
        Kind::String,
        "command config property file",
        "A file with settings of the admin client.",
    ),
    flag("consumer", "Only consumer groups."),
    required_arg("group-type", Kind::String, "type", "Only groups of this type: classic, consumer, share, streams."),
    flag("help", "Print usage information."),
    flag("list", "List the groups."),
    required_arg("protocol", Kind::String, "protocol", "Only groups with this protocol."),
    flag("share", "Only share groups."),
    flag("streams", "Only streams groups."),
    flag("version", "Display Kafka version."),
];
const TYPES: [&str; 4] = ["classic", "consumer", "share", "streams"];

/// kafka-groups.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    parsed: Parsed,
}

impl Groups {
    fn check(&self) -> Result<(), String> {
        let parsed = &self.parsed;
        if parsed.is_empty || parsed.has("help") {
            return Err("This tool helps to list groups of all types.".to_owned());
        }
        if !parsed.has("bootstrap-server") {
            return Err("Missing required option(s) [bootstrap-server]".to_owned());
        }
        if !parsed.has("list") {
            return Err("Command must include exactly one action: --list.".to_owned());
        }
        if parsed.values("group-type").iter().any(|kind| !TYPES.contains(&kind.to_lowercase().as_str())) {
            return Err("--group-type must be a valid group type.".to_owned());
        }
        invalid_with(parsed, "consumer", &["group-type", "protocol", "share", "streams"])?;
        invalid_with(parsed, "share", &["consumer", "group-type", "protocol", "streams"])?;
        invalid_with(parsed, "streams", &["consumer", "group-type", "protocol", "share"])
    }

    fn begin(&self, io: &mut AdminTool<'_, '_, '_>) -> Result<Step, JavaError> {
        let mut config = match self.parsed.value("command-config")? {
            Some(path) => io.tool.load_properties(path)?,
            None => BTreeMap::new(),
        };
        let servers = self.parsed.value("bootstrap-server")?.unwrap_or_default();
        config.insert("bootstrap.servers".to_owned(), servers.to_owned());
        io.open(&config)?;
        Ok(Step::Ask(AdminRequest::ListGroups { states: vec![], types: vec![], protocol_types: vec![] }))
    }

    fn wants(&self, group: &GroupListing) -> bool {
        let is = |kind: &str| group.group_type.eq_ignore_ascii_case(kind);
        let named = |option: &str, text: &str| self.parsed.values(option).iter().all(|v| v.eq_ignore_ascii_case(text));
        let consumer = is("consumer") || (is("classic") && matches!(group.protocol_type.as_str(), "consumer" | ""));
        (!self.parsed.has("consumer") || consumer)
            && (!self.parsed.has("share") || is("share"))
            && (!self.parsed.has("streams") || is("streams"))
            && named("group-type", &group.group_type)
            && named("protocol", &group.protocol_type)
    }
}

impl AdminCommand for Groups {
    const CLASS: &'static str = "GroupsCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let checked = match Parsed::parse(TABLE, &io.tool.invocation.args.clone()) {
            Ok(parsed) => {
                self.parsed = parsed;
                self.check()
            }
            Err(error) => Err(error.text().to_owned()),
        };
        if self.parsed.has("version") {
            io.tool.println(VERSION);
            return Step::Exit(0);
        }
        if let Err(message) = checked {
            io.tool.usage(&message, TABLE);
            return Step::Exit(1);
        }
        self.begin(io).unwrap_or_else(|error| {
            io.tool.die(&error);
            Step::Exit(1)
        })
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(AdminResponse::Groups { groups, .. }) => {
                let groups: Vec<GroupListing> = groups.into_iter().filter(|group| self.wants(group)).collect();
                let width = groups.iter().map(|group| group.group_id.chars().count()).max().unwrap_or(0).max(20);
                io.tool.println(format!("{:<width$} {:<20} {:<20}", "GROUP", "TYPE", "PROTOCOL"));
                for GroupListing { group_id, group_type, protocol_type, .. } in groups {
                    // Java's client writes the type with a capital letter, whatever the broker said.
                    let kind = group_type.get(..1).unwrap_or_default().to_uppercase()
                        + group_type.get(1..).unwrap_or_default();
                    io.tool.println(format!("{group_id:<width$} {kind:<20} {protocol_type:<20} "));
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
