//! Settings with their sources (`ConfigHelper.describeConfigs`). Serves admin clients; invariant: a value is the strongest of
//! topic, broker, cluster default, static file and built-in default, and its synonyms are all that were passed over.

use crate::{BrokerConfig, connections::RequestId, node::Running};
use ottla_controller::image::ConfigResource;
use ottla_wire::{
    ErrorCode, ResponseKind, StrBytes,
    config::{ConfigKey, ConfigType, topic_configs},
    messages::{
        DescribeConfigsRequest, DescribeConfigsResponse,
        describe_configs_request::DescribeConfigsResource,
        describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym},
    },
    str_bytes,
};
use ottla_world::Context;

const DYNAMIC_TOPIC: i8 = 1;
const DYNAMIC_BROKER: i8 = 2;
const DYNAMIC_DEFAULT_BROKER: i8 = 3;
const STATIC_BROKER: i8 = 4;
const DEFAULT: i8 = 5;

impl Running {
    pub(crate) fn describe_configs(&mut self, cx: &mut Context<'_>, id: RequestId, request: &DescribeConfigsRequest) {
        let result = |r: &DescribeConfigsResource| {
            let row = DescribeConfigsResult::default()
                .with_resource_type(r.resource_type)
                .with_resource_name(r.resource_name.clone());
            match self.described(r) {
                Ok(configs) => {
                    let asked =
                        |name: &str| r.configuration_keys.as_ref().is_none_or(|k| k.iter().any(|k| &**k == name));
                    let mut rows = Vec::new();
                    for mut config in configs.into_iter().filter(|c| asked(&c.name)) {
                        if !request.include_synonyms {
                            config.synonyms.clear();
                        }
                        rows.push(config);
                    }
                    row.with_configs(rows)
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
    ) -> Result<Vec<DescribeConfigsResourceResult>, (ErrorCode, String)> {
        match ConfigResource::from_parts(r.resource_type, &r.resource_name) {
            ConfigResource::Topic(name) if self.image.topic(&name).is_none() => {
                let error = ErrorCode::UnknownTopicOrPartition;
                Err((error, error.message().to_owned()))
            }
            ConfigResource::Topic(name) => {
                Ok(topic_configs().iter().map(|key| self.topic_config(&name, key)).collect())
            }
            ConfigResource::Broker(id) if id != self.config.node_id => {
                let me = self.config.node_id;
                Err((ErrorCode::InvalidRequest, format!("Unexpected broker id, expected {me}, but received {id}")))
            }
            resource @ (ConfigResource::Broker(_) | ConfigResource::DefaultBroker) => {
                Ok(self.broker_configs(&resource))
            }
            ConfigResource::Other(..) => Ok(Vec::new()),
        }
    }

    fn topic_config(&self, topic: &str, key: &ConfigKey) -> DescribeConfigsResourceResult {
        let mut synonyms = Vec::new();
        let resource = ConfigResource::Topic(topic.to_owned());
        if let Some(value) = self.image.config(&resource, key.name) {
            synonyms.push((key.name, value.to_owned(), DYNAMIC_TOPIC));
        }
        let brokers = [
            (Some(ConfigResource::Broker(self.config.node_id)), DYNAMIC_BROKER),
            (Some(ConfigResource::DefaultBroker), DYNAMIC_DEFAULT_BROKER),
            (None, STATIC_BROKER),
        ];
        for broker_setting in key.synonyms {
            for (resource, source) in &brokers {
                let value = match resource {
                    Some(resource) => self.image.config(resource, broker_setting.name),
                    None => self.config.settings.get(broker_setting.name).map(String::as_str),
                };
                if let Some(value) = value {
                    synonyms.push((broker_setting.name, broker_setting.convert(value), *source));
                }
            }
        }
        if let (Some(name), Some(value)) = (key.default_synonym(), key.default) {
            synonyms.push((name, value.to_owned(), DEFAULT));
        }
        let (value, source) = match synonyms.first() {
            Some((_, value, source)) => (Some(value.clone()), *source),
            None => (key.default.map(str::to_owned), DEFAULT),
        };
        row(key.name, value, source, type_id(key.ty)).with_synonyms(synonyms.into_iter().map(synonym).collect())
    }

    fn broker_configs(&self, resource: &ConfigResource) -> Vec<DescribeConfigsResourceResult> {
        let mut rows = Vec::new();
        let own = self.image.configs(resource);
        for (name, value) in own.into_iter().flatten() {
            let source =
                if *resource == ConfigResource::DefaultBroker { DYNAMIC_DEFAULT_BROKER } else { DYNAMIC_BROKER };
            let mut synonyms = vec![(name.as_str(), value.clone(), source)];
            if source == DYNAMIC_BROKER {
                let cluster = self.image.config(&ConfigResource::DefaultBroker, name);
                synonyms.extend(cluster.map(|v| (name.as_str(), v.to_owned(), DYNAMIC_DEFAULT_BROKER)));
                synonyms.extend(BrokerConfig::default_of(name).map(|v| (name.as_str(), v.to_owned(), DEFAULT)));
            }
            let synonyms: Vec<DescribeConfigsSynonym> = synonyms.into_iter().map(synonym).collect();
            if is_known(name) {
                rows.push(row(name, Some(value.clone()), source, 0).with_synonyms(synonyms));
            } else {
                // It might be a secret (`KafkaConfig.maybeSensitive`).
                let hidden = synonyms.into_iter().map(|s| s.with_value(None)).collect();
                rows.push(row(name, None, source, 0).with_is_sensitive(true).with_synonyms(hidden));
            }
        }
        if *resource == ConfigResource::DefaultBroker {
            return rows;
        }
        for name in BrokerConfig::known_settings() {
            if own.is_some_and(|own| own.contains_key(name)) {
                continue;
            }
            let set = self.config.settings.get(name).cloned();
            let source = if set.is_some() { STATIC_BROKER } else { DEFAULT };
            let value = set.or_else(|| BrokerConfig::default_of(name).map(str::to_owned));
            rows.push(row(name, value, source, 0).with_read_only(true));
        }
        rows
    }
}

/// Settings of brokers that can be changed while they run and are not defaults of topics (`DynamicBrokerConfig`).
const DYNAMIC: &[&str] = &[
    "background.threads",
    "follower.replication.throttled.rate",
    "leader.replication.throttled.rate",
    "log.cleaner.backoff.ms",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.load.factor",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.threads",
    "max.connection.creation.rate",
    "max.connections",
    "max.connections.per.ip",
    "max.connections.per.ip.overrides",
    "metric.reporters",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
    "replica.alter.log.dirs.io.max.bytes.per.second",
];

fn is_known(name: &str) -> bool {
    let of_topics = || topic_configs().iter().any(|key| key.synonyms.iter().any(|synonym| synonym.name == name));
    DYNAMIC.contains(&name) || BrokerConfig::default_of(name).is_some() || of_topics()
}

fn row(name: &str, value: Option<String>, source: i8, config_type: i8) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult::default()
        .with_name(str_bytes(name))
        .with_value(value.map(StrBytes::from_string))
        .with_config_source(source)
        .with_config_type(config_type)
}

fn synonym((name, value, source): (&str, String, i8)) -> DescribeConfigsSynonym {
    DescribeConfigsSynonym::default()
        .with_name(str_bytes(name))
        .with_value(Some(StrBytes::from_string(value)))
        .with_source(source)
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
