//! Changes of settings, before the controller sees them (`ConfigAdminManager.preprocess`, `DynamicBrokerConfig.validate`).
//!
//! Serves admin clients. Invariant: a broker refuses what brokers could not live by; all else the controller decides.

use crate::{BrokerConfig, connections::RequestId, node::Running};
use ottla_controller::image::ConfigResource;
use ottla_wire::{
    ErrorCode, Request, RequestKind, ResponseKind,
    config::{ConfigKind, ConfigType, UpdateMode, config_key, validate},
    java::hash_map_order,
    messages::{
        IncrementalAlterConfigsResponse,
        incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
        incremental_alter_configs_response::AlterConfigsResourceResponse,
    },
    str_bytes,
};
use ottla_world::Context;
use std::collections::{BTreeMap, BTreeSet};

const BROKER: i8 = 4;
const KNOWN_TYPES: [i8; 5] = [2, BROKER, 8, 16, 32];

/// Numbers of threads that may at most double or halve while a broker runs.
const THREADS: [&str; 5] = [
    "background.threads",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
];

impl Running {
    pub(crate) fn alter_configs(&mut self, cx: &mut Context<'_>, id: RequestId, mut request: Request) {
        let RequestKind::IncrementalAlterConfigs(body) = &mut request.body else { return };
        let mut refused = Vec::new();
        body.resources.retain(|resource| {
            let Err(message) = self.check_resource(resource) else { return true };
            let row = AlterConfigsResourceResponse::default()
                .with_error_code(ErrorCode::InvalidRequest.code())
                .with_error_message(Some(str_bytes(&message)))
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            refused.push(row);
            false
        });
        if body.resources.is_empty() {
            let response = IncrementalAlterConfigsResponse::default().with_responses(refused);
            return self.respond(cx, id, ResponseKind::IncrementalAlterConfigs(response));
        }
        if !refused.is_empty() {
            self.refused_configs.insert(id, refused);
        }
        self.forward(cx, id, request);
    }

    /// The controller's answer, and what was refused here.
    pub(crate) fn with_refused(&mut self, id: RequestId, mut response: ResponseKind) -> ResponseKind {
        if let (Some(refused), ResponseKind::IncrementalAlterConfigs(body)) =
            (self.refused_configs.remove(&id), &mut response)
        {
            body.responses.extend(refused);
        }
        response
    }

    fn check_resource(&self, resource: &AlterConfigsResource) -> Result<(), String> {
        let mut names = BTreeSet::new();
        if !resource.configs.iter().all(|config| names.insert(&config.name)) {
            return Err("Error due to duplicate config keys".to_owned());
        }
        let without_value = |config: &&AlterableConfig| config.config_operation != 1 && config.value.is_none();
        let empty: Vec<&str> = resource.configs.iter().filter(without_value).map(|config| &*config.name).collect();
        if !empty.is_empty() {
            return Err(format!("Null value not supported for : {}", empty.join(", ")));
        }
        match resource.resource_type {
            BROKER => self.check_broker(resource),
            other if KNOWN_TYPES.contains(&other) => Ok(()),
            other => Err(format!("Unknown resource type {other}")),
        }
    }

    fn check_broker(&self, resource: &AlterConfigsResource) -> Result<(), String> {
        let target = ConfigResource::from_parts(BROKER, &resource.resource_name);
        let me = self.config.node_id;
        match target {
            ConfigResource::Broker(id) if id != me => {
                return Err(format!("Unexpected broker id, expected {me}, but received {id}"));
            }
            ConfigResource::Other(..) => {
                let name = &*resource.resource_name;
                return Err(format!("Node id must be an integer, but it is: {name}"));
            }
            _ => {}
        }
        let mut all = self.image.configs(&target).cloned().unwrap_or_default();
        for config in &resource.configs {
            let value = config.value.as_ref().map(ToString::to_string);
            match (config.config_operation, value) {
                (0, Some(value)) => drop(all.insert(config.name.to_string(), value)),
                (1, _) => drop(all.remove(&*config.name)),
                // The controller puts lists together, and refuses what is no list.
                _ => {}
            }
        }
        check_dynamic(&all, target != ConfigResource::DefaultBroker)?;
        self.check_threads(&all)
    }

    fn check_threads(&self, all: &BTreeMap<String, String>) -> Result<(), String> {
        let changes = all.iter().filter(|(name, _)| THREADS.contains(&name.as_str()));
        for (name, value) in changes {
            let now = self.broker_setting(name).and_then(|now| now.trim().parse::<i64>().ok());
            let (Some(now), Ok(new)) = (now, value.trim().parse::<i64>()) else { continue };
            let wrong = match new {
                _ if new < now / 2 => format!("value should be at least half the current value {now}"),
                _ if new > now * 2 => format!("value should not be greater than double the current value {now}"),
                _ => continue,
            };
            return Err(format!(
                "Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count update validation \
                 failed for {name}={new}, {wrong} for configuration Invalid dynamic configuration"
            ));
        }
        Ok(())
    }

    /// The value in force of one of this broker's own settings: changed, given at the start, or built in.
    pub(crate) fn broker_setting(&self, name: &str) -> Option<&str> {
        let own = ConfigResource::Broker(self.config.node_id);
        let changed = self.image.config(&own, name).or_else(|| self.image.config(&ConfigResource::DefaultBroker, name));
        let given = || self.config.settings.get(name).map(String::as_str);
        changed.or_else(given).or_else(|| BrokerConfig::default_of(name))
    }
}

/// Checks all settings that a broker, or all of them, will have been given while running.
fn check_dynamic(all: &BTreeMap<String, String>, per_broker: bool) -> Result<(), String> {
    let mode = |name: &str| config_key(ConfigKind::Broker, name).map(|key| key.update);
    let refuse = |why: &str, wrong: &dyn Fn(&str) -> bool| {
        let names = hash_map_order(all.keys().map(String::as_str).filter(|name| wrong(name)));
        if names.is_empty() { Ok(()) } else { Err(format!("{why}: [{}]", names.join(", "))) }
    };
    refuse("Cannot update these configs dynamically", &|name| mode(name) == Some(UpdateMode::ReadOnly))?;
    refuse("These security configs can be dynamically updated only per-listener using the listener prefix", &|name| {
        is_store(name) && mode(name).is_some()
    })?;
    for (name, value) in all {
        if let Some(key) = config_key(ConfigKind::Broker, name).filter(|key| key.ty != ConfigType::Password) {
            validate(key, value).map_err(|error| error.to_string())?;
        }
    }
    if per_broker {
        return Ok(());
    }
    refuse("Cannot update these configs at default cluster level, broker id must be specified", &|name| {
        mode(name) == Some(UpdateMode::PerBroker)
    })
}

/// Key and trust stores: each listener has its own (`DynamicSecurityConfigs`).
fn is_store(name: &str) -> bool {
    ["ssl.keystore.", "ssl.truststore.", "ssl.key.password"].iter().any(|prefix| name.starts_with(prefix))
}
