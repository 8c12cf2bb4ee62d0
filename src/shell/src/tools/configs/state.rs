//! The steps of kafka-configs. Serves the shell; invariant: what the cluster refuses is told with the whole command line and the
//! exception, what the tool refuses itself in one line.

use super::{
    options::{Entity, Refusal, TABLE, added, check_action, deleted, entity},
    quotas::{self, QuotaCommand},
};
use crate::{
    java::{Parsed, VERSION, stack_trace},
    tools::admin::{AdminCommand, AdminTool, Answer, Step},
};
use ottla_client::{
    AdminRequest, AdminResponse, AlterConfigOp, ConfigEntry, ConfigResource, ConfigResourceType, ConfigSource,
    JavaError,
};
use std::collections::BTreeMap;

/// kafka-configs.
#[derive(Clone, Debug, Default)]
pub struct Configs {
    parsed: Parsed,
    entity: Entity,
    quota: Option<QuotaCommand>,
    state: State,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Starting,
    Altering,
    /// Which of the type there are.
    FindingNames,
    /// Which groups there are; the names that have settings follow.
    FindingConfigured(Vec<String>),
    /// The settings of these, in this order.
    Describing(Vec<String>),
}

impl AdminCommand for Configs {
    const CLASS: &'static str = "ConfigCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        match self.begin(io) {
            Ok(Ok(step)) => step,
            Ok(Err(Refusal::Usage(message))) => {
                io.tool.usage(&message, TABLE);
                Step::Exit(1)
            }
            Ok(Err(Refusal::Line(message))) => {
                io.tool.eprintln(message);
                Step::Exit(1)
            }
            Err(error) => fail(io, &error),
        }
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer.and_then(|response| self.go_on(io, response)) {
            Ok(step) => step,
            Err(error) => {
                let wrapped = JavaError::new("java.util.concurrent.ExecutionException", error.to_string());
                fail(io, &wrapped.caused_by(error))
            }
        }
    }
}

fn fail(io: &mut AdminTool<'_, '_, '_>, error: &JavaError) -> Step {
    let args = io.tool.invocation.args.join(" ");
    io.tool.eprintln(format!("Error while executing config command with args '{args}'"));
    io.tool.eprint(stack_trace(error));
    Step::Exit(1)
}

impl Configs {
    /// Reads the options and asks the first question; the outer error is an exception, the inner one a message.
    fn begin(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Result<Step, Refusal>, JavaError> {
        let args = io.tool.invocation.args.clone();
        self.parsed = match Parsed::parse(TABLE, &args) {
            Ok(parsed) => parsed,
            Err(error) => return Ok(Err(Refusal::Line(error.text().to_owned()))),
        };
        if self.parsed.is_empty || self.parsed.has("help") {
            let about = "This tool helps to manipulate and describe entity config for a topic, client, user, broker, ip, client-metrics or group";
            return Ok(Err(Refusal::Usage(about.to_owned())));
        }
        if self.parsed.has("version") {
            io.tool.println(VERSION);
            return Ok(Ok(Step::Exit(0)));
        }
        if let Err(refusal) = check_action(&self.parsed) {
            return Ok(Err(refusal));
        }
        self.quota = QuotaCommand::of(&self.parsed);
        if self.quota.is_none() {
            self.entity = match entity(&self.parsed) {
                Ok(entity) => entity,
                Err(refusal) => return Ok(Err(refusal)),
            };
        }
        let mut config = match self.parsed.value("command-config")? {
            Some(path) => io.tool.load_properties(path)?,
            None => BTreeMap::new(),
        };
        for (option, setting) in
            [("bootstrap-server", "bootstrap.servers"), ("bootstrap-controller", "bootstrap.controllers")]
        {
            if let Some(servers) = self.parsed.value(option)? {
                config.insert(setting.to_owned(), servers.to_owned());
            }
        }
        io.open(&config)?;
        if self.parsed.has("alter") {
            return self.alter(io);
        }
        match &self.quota {
            Some(quota) => Ok(Ok(quota.describe())),
            None => Ok(Ok(self.find_names())),
        }
    }

    fn alter(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Result<Result<Step, Refusal>, JavaError> {
        let (added, deleted) = match added(&self.parsed).and_then(|a| deleted(&self.parsed).map(|d| (a, d))) {
            Ok(changes) => changes,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut sets = added;
        if let Some(path) = self.parsed.value("add-config-file")? {
            sets.extend(io.tool.load_properties(path)?);
        }
        if let Some(quota) = &self.quota {
            return Ok(quota.alter(&sets, &deleted));
        }
        let mut ops: Vec<AlterConfigOp> =
            sets.into_iter().map(|(name, value)| AlterConfigOp::Set(name, value)).collect();
        ops.extend(deleted.into_iter().map(AlterConfigOp::Delete));
        let resource = self.resource(self.entity.name.clone().unwrap_or_default());
        self.state = State::Altering;
        let changes = vec![(resource, ops)];
        Ok(Ok(Step::Ask(AdminRequest::IncrementalAlterConfigs { changes, validate_only: false })))
    }

    fn resource(&self, name: String) -> ConfigResource {
        let resource_type = match self.entity.kind.as_str() {
            "topics" => ConfigResourceType::Topic,
            "brokers" => ConfigResourceType::Broker,
            "client-metrics" => ConfigResourceType::ClientMetrics,
            _ => ConfigResourceType::Group,
        };
        ConfigResource { resource_type, name }
    }

    fn find_names(&mut self) -> Step {
        self.state = State::FindingNames;
        Step::Ask(match (self.entity.kind.as_str(), &self.entity.name) {
            ("topics", _) => AdminRequest::ListTopics { list_internal: true },
            ("brokers", Some(name)) => return self.describe(vec![name.clone()]),
            ("brokers", None) => AdminRequest::DescribeCluster { include_fenced_brokers: false },
            ("client-metrics", _) => {
                self.state = State::FindingConfigured(Vec::new());
                AdminRequest::ListConfigResources { types: vec![ConfigResourceType::ClientMetrics] }
            }
            _ => AdminRequest::ListGroups { states: vec![], types: vec![], protocol_types: vec![] },
        })
    }

    fn describe(&mut self, names: Vec<String>) -> Step {
        let resources = names.iter().map(|name| self.resource(name.clone())).collect();
        self.state = State::Describing(names);
        Step::Ask(AdminRequest::DescribeConfigs { resources, include_synonyms: true, include_documentation: false })
    }

    /// Goes on with the names there are: the one asked for, or all.
    fn found(&mut self, io: &mut AdminTool<'_, '_, '_>, mut names: Vec<String>) -> Step {
        let one = self.entity.kind.trim_end_matches('s').to_owned();
        match self.entity.name.clone() {
            Some(name) if names.contains(&name) => self.describe(vec![name]),
            Some(name) => {
                io.tool.println(format!("The {one} '{name}' doesn't exist and doesn't have dynamic config."));
                Step::Exit(0)
            }
            None if names.is_empty() => Step::Exit(0),
            None => {
                if one != "broker" {
                    names.sort();
                }
                self.describe(names)
            }
        }
    }

    fn go_on(&mut self, io: &mut AdminTool<'_, '_, '_>, response: AdminResponse) -> Result<Step, JavaError> {
        match (std::mem::take(&mut self.state), response) {
            (State::Altering, AdminResponse::ConfigsAltered(each)) => {
                each.into_values().collect::<Result<Vec<()>, JavaError>>()?;
                let one = self.entity.kind.trim_end_matches('s');
                io.tool.println(match self.entity.name.as_deref() {
                    None | Some("") => {
                        format!("Completed updating default config for {} in the cluster.", self.entity.kind)
                    }
                    Some(name) => format!("Completed updating config for {one} {name}."),
                });
                Ok(Step::Exit(0))
            }
            (State::FindingNames, AdminResponse::Topics(topics)) => Ok(self.found(io, topics.into_keys().collect())),
            (State::FindingNames, AdminResponse::Groups { groups, .. }) => {
                self.state = State::FindingConfigured(groups.into_iter().map(|g| g.group_id).collect());
                Ok(Step::Ask(AdminRequest::ListConfigResources { types: vec![ConfigResourceType::Group] }))
            }
            (State::FindingConfigured(mut names), AdminResponse::ConfigResources(found)) => {
                let more: Vec<String> =
                    found.into_iter().map(|r| r.name).filter(|name| !names.contains(name)).collect();
                names.extend(more);
                Ok(self.found(io, names))
            }
            (_, AdminResponse::ClientQuotas(entries)) => {
                quotas::rows(&entries).into_iter().for_each(|row| io.tool.println(row));
                Ok(Step::Exit(0))
            }
            (_, AdminResponse::Done) => {
                io.tool.println(self.quota.iter().map(QuotaCommand::done).collect::<String>());
                Ok(Step::Exit(0))
            }
            (State::FindingNames, AdminResponse::Cluster(cluster)) => {
                let mut ids: Vec<i32> = cluster.nodes.iter().map(|node| node.id).collect();
                ids.sort_unstable();
                Ok(self.describe(ids.into_iter().map(|id| id.to_string()).chain([String::new()]).collect()))
            }
            (State::Describing(names), AdminResponse::Configs(mut each)) => {
                for name in names {
                    let entries = each.remove(&self.resource(name.clone())).unwrap_or_else(|| Ok(Vec::new()))?;
                    self.rows(&name, entries).into_iter().for_each(|row| io.tool.println(row));
                }
                Ok(Step::Exit(0))
            }
            (state, _) => {
                Err(JavaError::new("java.lang.IllegalStateException", format!("unexpected answer in {state:?}")))
            }
        }
    }

    fn rows(&self, name: &str, mut entries: Vec<ConfigEntry>) -> Vec<String> {
        let all = self.parsed.has("all");
        let one = self.entity.kind.trim_end_matches('s');
        let own = match (one, name) {
            ("topic", _) => ConfigSource::DynamicTopic,
            ("broker", "") => ConfigSource::DynamicDefaultBroker,
            ("broker", _) => ConfigSource::DynamicBroker,
            _ => ConfigSource::Group,
        };
        entries.retain(|entry| all || entry.source == own);
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let which = if all { "All" } else { "Dynamic" };
        let mut rows = vec![match name {
            "" => format!("Default configs for {} in the cluster are:", self.entity.kind),
            name => format!("{which} configs for {one} {name} are:"),
        }];
        rows.extend(entries.iter().map(row));
        rows
    }
}

fn row(entry: &ConfigEntry) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    let synonyms: Vec<String> = entry
        .synonyms
        .iter()
        .map(|(name, value, source)| format!("{}:{name}={}", source.as_str(), text(value)))
        .collect();
    let ConfigEntry { name, value, is_sensitive, .. } = entry;
    format!("  {name}={} sensitive={is_sensitive} synonyms={{{}}}", text(value), synonyms.join(", "))
}
