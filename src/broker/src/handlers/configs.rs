//! Settings with their sources (`ConfigHelper.describeConfigs`). Serves admin clients; invariant: a value is the strongest of
//! topic, broker, cluster default, static file and built-in default, and its synonyms are all that were passed over.

use crate::{connections::RequestId, node::Running};
use ottla_controller::image::ConfigResource;
use ottla_wire::{
    ErrorCode, ResponseKind, StrBytes,
    config::{
        ConfigKey, ConfigKind, ConfigType, GroupConfigKey, UpdateMode, broker_synonyms, config_key, config_keys,
        group_configs, topic_configs,
    },
    messages::{
        DescribeConfigsRequest, DescribeConfigsResponse,
        describe_configs_request::DescribeConfigsResource,
        describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym},
    },
    str_bytes,
};
use ottla_world::Context;
use std::collections::{BTreeMap, BTreeSet};

const DYNAMIC_TOPIC: i8 = 1;
const DYNAMIC_BROKER: i8 = 2;
const DYNAMIC_DEFAULT_BROKER: i8 = 3;
const STATIC_BROKER: i8 = 4;
const DEFAULT: i8 = 5;
const CLIENT_METRICS: i8 = 7;
const GROUP: i8 = 8;

/// A setting under one of its names, and where the value comes from.
type Layer = (String, String, i8);

impl Running {
    pub(crate) fn describe_configs(&mut self, cx: &mut Context<'_>, id: RequestId, request: &DescribeConfigsRequest) {
        let given = self.config.given();
        let result = |r: &DescribeConfigsResource| {
            let row = DescribeConfigsResult::default()
                .with_resource_type(r.resource_type)
                .with_resource_name(r.resource_name.clone());
            match self.described(r, &given) {
                Ok(mut configs) => {
                    if let Some(asked) = &r.configuration_keys {
                        configs.retain(|config| asked.contains(&config.name));
                    }
                    for config in &mut configs {
                        if !request.include_synonyms {
                            config.synonyms.clear();
                        }
                        if !request.include_documentation {
                            config.documentation = None;
                        }
                    }
                    row.with_configs(configs)
                }
                Err((error, text)) => row.with_error_code(error.code()).with_error_message(Some(str_bytes(&text))),
            }
        };
        let results = request.resources.iter().map(result).collect();
        self.respond(cx, id, ResponseKind::DescribeConfigs(DescribeConfigsResponse::default().with_results(results)));
    }

    fn described(
        &self,
        r: &DescribeConfigsResource,
        given: &BTreeMap<String, String>,
    ) -> Result<Vec<DescribeConfigsResourceResult>, (ErrorCode, String)> {
        let refused = |text: &str| Err((ErrorCode::InvalidRequest, text.to_owned()));
        match ConfigResource::from_parts(r.resource_type, &r.resource_name) {
            ConfigResource::Topic(name) if self.image.topic(&name).is_none() => {
                let error = ErrorCode::UnknownTopicOrPartition;
                Err((error, error.message().to_owned()))
            }
            ConfigResource::Topic(name) => {
                Ok(topic_configs().iter().map(|key| self.topic_config(&name, key, given)).collect())
            }
            ConfigResource::Broker(id) if id != self.config.node_id => {
                let me = self.config.node_id;
                refused(&format!("Unexpected broker id, expected {me} or empty string, but received {id}"))
            }
            ConfigResource::Broker(_) => Ok(self.broker_configs(given)),
            ConfigResource::DefaultBroker => Ok(self.default_configs()),
            ConfigResource::Other(32, name) if name.is_empty() => refused("Group name must not be empty"),
            ConfigResource::Other(32, name) => {
                Ok(group_configs().iter().map(|config| self.group_config(&name, config, given)).collect())
            }
            ConfigResource::Other(16, name) if name.is_empty() => {
                refused("Client metrics subscription name must not be empty")
            }
            resource @ ConfigResource::Other(16, _) => {
                let configs = self.image.configs(&resource).into_iter().flatten();
                Ok(configs.map(|(name, value)| row(name, Some(value.clone()), CLIENT_METRICS)).collect())
            }
            ConfigResource::Other(4, name) => refused(&format!("Broker id must be an integer, but it is: {name}")),
            ConfigResource::Other(8, _) => Ok(Vec::new()),
            ConfigResource::Other(other, _) => refused(&format!("Unsupported resource type: {other}")),
        }
    }

    /// The value of a setting of this broker under exactly this name.
    fn effective(&self, name: &str, given: &BTreeMap<String, String>) -> Option<String> {
        let strongest = self.layers_of(&[name], given).into_iter().next();
        strongest.map(|(_, value, _)| value)
    }

    /// All layers of some names: changed at this broker, changed for all, given at the start, built in.
    fn layers_of(&self, names: &[&str], given: &BTreeMap<String, String>) -> Vec<Layer> {
        let own = ConfigResource::Broker(self.config.node_id);
        let changed = |resource: &ConfigResource, name: &str| self.image.config(resource, name).map(str::to_owned);
        let default = |name: &str| config_key(ConfigKind::Broker, name)?.default.map(str::to_owned);
        let value = |name: &str, source: i8| match source {
            DYNAMIC_BROKER => changed(&own, name),
            DYNAMIC_DEFAULT_BROKER => changed(&ConfigResource::DefaultBroker, name),
            STATIC_BROKER => given.get(name).cloned(),
            _ => default(name),
        };
        let sources = [DYNAMIC_BROKER, DYNAMIC_DEFAULT_BROKER, STATIC_BROKER, DEFAULT];
        let layer = |source: i8| {
            let found = move |name: &&str| Some(((*name).to_owned(), value(name, source)?, source));
            names.iter().filter_map(found)
        };
        sources.into_iter().flat_map(layer).collect()
    }

    /// The layers that a description lists: those before the first of this very name are left out.
    fn synonyms(&self, name: &str, given: &BTreeMap<String, String>) -> Vec<Layer> {
        let names = broker_synonyms(name);
        let all = self.layers_of(if names.is_empty() { std::slice::from_ref(&name) } else { names }, given);
        all.into_iter().skip_while(|(other, ..)| other != name).collect()
    }

    fn topic_config(
        &self,
        topic: &str,
        key: &ConfigKey,
        given: &BTreeMap<String, String>,
    ) -> DescribeConfigsResourceResult {
        let mut layers = key.synonym().map(|name| self.synonyms(name, given)).unwrap_or_default();
        let own = self.image.config(&ConfigResource::Topic(topic.to_owned()), key.name);
        let of_broker = || {
            let set = key.synonyms.iter().find_map(|s| self.effective(s.name, given).map(|value| s.convert(&value)));
            set.or_else(|| key.default.map(str::to_owned))
        };
        let value = own.map(str::to_owned).or_else(of_broker);
        if let Some(own) = own {
            layers.insert(0, (key.name.to_owned(), own.to_owned(), DYNAMIC_TOPIC));
        }
        described(key, value, layers)
    }

    fn group_config(
        &self,
        group: &str,
        config: &GroupConfigKey,
        given: &BTreeMap<String, String>,
    ) -> DescribeConfigsResourceResult {
        let GroupConfigKey { key, broker, .. } = config;
        let own = self.image.config(&ConfigResource::Other(32, group.to_owned()), key.name);
        let built_in = || key.default.map(|value| (key.name.to_owned(), value.to_owned(), DEFAULT));
        let mut layers = match broker {
            Some(name) => self.synonyms(name, given),
            None => built_in().into_iter().collect(),
        };
        if let Some(own) = own {
            if broker.is_none() {
                layers.clear();
            }
            layers.insert(0, (key.name.to_owned(), own.to_owned(), GROUP));
        }
        let value = layers.first().map(|(_, value, _)| value.clone());
        described(key, value, layers)
    }

    /// What was changed for all brokers.
    fn default_configs(&self) -> Vec<DescribeConfigsResourceResult> {
        let changed = self.image.configs(&ConfigResource::DefaultBroker).into_iter().flatten();
        let config = |(name, value): (&String, &String)| {
            broker_config(name, Some(value.clone()), vec![(name.clone(), value.clone(), DYNAMIC_DEFAULT_BROKER)])
        };
        changed.map(config).collect()
    }

    /// All settings of this broker: those that are known, and what else was given.
    fn broker_configs(&self, given: &BTreeMap<String, String>) -> Vec<DescribeConfigsResourceResult> {
        let shown = config_keys(ConfigKind::Broker).iter().filter(|key| !key.is_internal).map(|key| key.name);
        let mut names: BTreeSet<&str> = shown.collect();
        names.extend(given.keys().map(String::as_str));
        for resource in [ConfigResource::Broker(self.config.node_id), ConfigResource::DefaultBroker] {
            names.extend(self.image.configs(&resource).into_iter().flatten().map(|(name, _)| name.as_str()));
        }
        let config = |name| broker_config(name, self.effective(name, given), self.synonyms(name, given));
        names.into_iter().map(config).collect()
    }
}

/// Settings of brokers that can only be changed while they run, and are listed only then (`QuotaConfig.brokerQuotaConfigs`).
const THROTTLES: [&str; 3] = [
    "follower.replication.throttled.rate",
    "leader.replication.throttled.rate",
    "replica.alter.log.dirs.io.max.bytes.per.second",
];

/// One of a broker's settings. What is not known might be a secret (`KafkaConfig.maybeSensitive`).
fn broker_config(name: &str, value: Option<String>, layers: Vec<Layer>) -> DescribeConfigsResourceResult {
    match config_key(ConfigKind::Broker, name) {
        Some(key) => described(key, value, layers).with_read_only(key.update == UpdateMode::ReadOnly),
        None if THROTTLES.contains(&name) => {
            with_layers(row(name, value, DEFAULT), layers).with_config_type(type_id(ConfigType::Long))
        }
        None => hidden(with_layers(row(name, value, DEFAULT), layers)).with_read_only(true),
    }
}

fn described(key: &ConfigKey, value: Option<String>, layers: Vec<Layer>) -> DescribeConfigsResourceResult {
    let row = row(key.name, value, DEFAULT)
        .with_config_type(type_id(key.ty))
        .with_documentation(Some(StrBytes::from_static_str(key.doc)));
    let row = with_layers(row, layers);
    if key.ty == ConfigType::Password { hidden(row) } else { row }
}

fn row(name: &str, value: Option<String>, source: i8) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult::default()
        .with_name(str_bytes(name))
        .with_value(value.map(StrBytes::from_string))
        .with_config_source(source)
        .with_documentation(None)
}

fn with_layers(row: DescribeConfigsResourceResult, layers: Vec<Layer>) -> DescribeConfigsResourceResult {
    let source = layers.first().map_or(DEFAULT, |(_, _, source)| *source);
    let synonym = |(name, value, source): Layer| {
        DescribeConfigsSynonym::default()
            .with_name(StrBytes::from_string(name))
            .with_value(Some(StrBytes::from_string(value)))
            .with_source(source)
    };
    row.with_config_source(source).with_synonyms(layers.into_iter().map(synonym).collect())
}

fn hidden(row: DescribeConfigsResourceResult) -> DescribeConfigsResourceResult {
    let synonyms = row.synonyms.iter().map(|synonym| synonym.clone().with_value(None)).collect();
    row.with_is_sensitive(true).with_value(None).with_synonyms(synonyms)
}

/// `DescribeConfigsResponse.ConfigType`.
fn type_id(ty: ConfigType) -> i8 {
    match ty {
        ConfigType::Boolean => 1,
        ConfigType::String => 2,
        ConfigType::Int => 3,
        ConfigType::Short => 4,
        ConfigType::Long => 5,
        ConfigType::Double => 6,
        ConfigType::List => 7,
        ConfigType::Class => 8,
        ConfigType::Password => 9,
    }
}
