//! Changes of settings (`ConfigurationControlManager.incrementalAlterConfigs`).
//!
//! Invariant: what is stored passes the validation of its resource; a change of min ISR clears every ELR it concerns.

use super::active::Controller;
use super::group_configs::check_group_configs;
use super::result::{ApiError, ControllerResult};
use crate::image::ConfigResource;
use crate::record::{Config, MetadataRecord};
use ottla_wire::config::{ConfigKey, ConfigKind, ConfigType, config_key, topic_config, validate_topic_configs};
use ottla_wire::messages::alter_configs_request::AlterableConfig as AlterableLegacy;
use ottla_wire::messages::alter_configs_response as legacy_response;
use ottla_wire::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_wire::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use ottla_wire::messages::{
    AlterConfigsRequest, AlterConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use ottla_wire::{ErrorCode, java::hash_map_order};
use std::collections::BTreeMap;

const MIN_ISR: &str = "min.insync.replicas";

impl Controller {
    /// `IncrementalAlterConfigs`.
    pub fn incremental_alter_configs(
        &self,
        request: &IncrementalAlterConfigsRequest,
    ) -> ControllerResult<IncrementalAlterConfigsResponse> {
        let mut records = Vec::new();
        let mut responses = Vec::new();
        for resource in &request.resources {
            let response = AlterConfigsResourceResponse::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            responses.push(match self.alter_resource(resource) {
                Ok(changes) => {
                    records.extend(changes);
                    response.with_error_message(None)
                }
                Err(error) => response.with_error_code(error.code.code()).with_error_message(error.text()),
            });
        }
        if request.validate_only {
            records.clear();
        }
        ControllerResult::new(records, IncrementalAlterConfigsResponse::default().with_responses(responses))
    }

    fn alter_resource(&self, request: &AlterConfigsResource) -> Result<Vec<MetadataRecord>, ApiError> {
        let resource = ConfigResource::from_parts(request.resource_type, &request.resource_name);
        let mut changes: BTreeMap<String, Option<String>> = BTreeMap::new();
        for config in &request.configs {
            if changes.contains_key(config.name.as_str()) {
                return Err(ApiError::new(ErrorCode::InvalidRequest, "Error due to duplicate config keys"));
            }
            changes.insert(config.name.to_string(), self.new_value(&resource, config)?);
        }
        self.altered(&resource, &changes)
    }

    /// The records of changes that are in order.
    fn altered(
        &self,
        resource: &ConfigResource,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Result<Vec<MetadataRecord>, ApiError> {
        self.check_alteration(resource, changes)?;
        let mut records = Vec::new();
        for key in hash_map_order(changes.keys().map(String::as_str)) {
            let value = changes.get(key).cloned().flatten();
            let unchanged = self.image.config(resource, key) == value.as_deref();
            // Brokers reload their settings even if the value is the old one (KAFKA-14136).
            if unchanged && resource.resource_type() != 4 {
                continue;
            }
            records.push(MetadataRecord::Config(Config {
                resource_type: resource.resource_type(),
                resource_name: resource.name(),
                name: key.to_owned(),
                value,
            }));
            if key == MIN_ISR && !unchanged && self.image.elr_enabled() {
                records.extend(clear_elr(resource));
            }
        }
        Ok(records)
    }

    /// The older `AlterConfigs`: what is not named is taken away.
    pub fn legacy_alter_configs(&self, request: &AlterConfigsRequest) -> ControllerResult<AlterConfigsResponse> {
        let mut records = Vec::new();
        let mut responses = Vec::new();
        for resource in &request.resources {
            let response = legacy_response::AlterConfigsResourceResponse::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            let target = ConfigResource::from_parts(resource.resource_type, &resource.resource_name);
            let current = self.image.configs(&target).into_iter().flat_map(|configs| configs.keys());
            let mut changes: BTreeMap<String, Option<String>> = current.map(|key| (key.clone(), None)).collect();
            let named = |c: &AlterableLegacy| (c.name.to_string(), c.value.as_ref().map(|value| value.to_string()));
            changes.extend(resource.configs.iter().map(named));
            responses.push(match self.altered(&target, &changes) {
                Ok(changes) => {
                    records.extend(changes);
                    response.with_error_message(None)
                }
                Err(error) => response.with_error_code(error.code.code()).with_error_message(error.text()),
            });
        }
        if request.validate_only {
            records.clear();
        }
        ControllerResult::new(records, AlterConfigsResponse::default().with_responses(responses))
    }

    /// The value a key will have: set 0, delete 1, append 2, subtract 3 (`AlterConfigOp.OpType`).
    fn new_value(&self, resource: &ConfigResource, config: &AlterableConfig) -> Result<Option<String>, ApiError> {
        let key = config.name.as_str();
        let value = config.value.as_deref();
        let definition = definition_of(resource, key);
        let is_list = definition.is_some_and(|definition| definition.ty == ConfigType::List);
        match config.config_operation {
            0 => match value {
                Some(value) => Ok(Some(value.to_owned())),
                None => {
                    let message = format!("Null value not supported for : {key}");
                    Err(ApiError::new(ErrorCode::InvalidRequest, message))
                }
            },
            1 => Ok(None),
            2 | 3 if !is_list => {
                let operation = if config.config_operation == 2 { "APPEND" } else { "SUBTRACT" };
                let message = format!("Can't {operation} to key {key} because its type is not LIST.");
                Err(ApiError::new(ErrorCode::InvalidConfig, message))
            }
            2 | 3 => {
                let default = definition.and_then(|definition| definition.default);
                let current = self.image.config(resource, key).or(default).unwrap_or_default();
                let mut parts: Vec<&str> = current.split(',').filter(|part| !part.is_empty()).collect();
                for part in value.unwrap_or_default().split(',') {
                    if config.config_operation == 3 {
                        parts.retain(|other| *other != part);
                    } else if !parts.contains(&part) {
                        parts.push(part);
                    }
                }
                Ok(Some(parts.join(",")))
            }
            other => Err(ApiError::new(ErrorCode::InvalidRequest, format!("Unknown operation type {other}"))),
        }
    }

    fn check_alteration(
        &self,
        resource: &ConfigResource,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Result<(), ApiError> {
        let mut all = self.image.configs(resource).cloned().unwrap_or_default();
        for (key, value) in changes {
            match value {
                Some(value) => all.insert(key.clone(), value.clone()),
                None => all.remove(key),
            };
        }
        let min_isr = changes.get(MIN_ISR).filter(|_| self.image.elr_enabled());
        let invalid = |message: String| Err(ApiError::new(ErrorCode::InvalidConfig, message));
        match (resource, min_isr) {
            (ConfigResource::Broker(_), Some(Some(_))) => {
                return invalid("Broker-level min.insync.replicas cannot be altered while ELR is enabled.".to_owned());
            }
            (ConfigResource::DefaultBroker, Some(None)) => {
                return invalid("Cluster-level min.insync.replicas cannot be removed while ELR is enabled.".to_owned());
            }
            _ => {}
        }
        match resource {
            ConfigResource::Topic(name) => {
                validate_topic_configs(&all)
                    .map_err(|error| ApiError::new(ErrorCode::InvalidConfig, error.to_string()))?;
                match self.image.topic(name) {
                    Some(_) => Ok(()),
                    None => {
                        let message = format!("The topic '{name}' does not exist.");
                        Err(ApiError::new(ErrorCode::UnknownTopicOrPartition, message))
                    }
                }
            }
            ConfigResource::Broker(id) => {
                let known = self.image.broker(*id).is_some() || self.image.controllers().contains_key(id);
                match known {
                    true => Ok(()),
                    false => {
                        let message = format!("No node with id {id} found.");
                        Err(ApiError::new(ErrorCode::BrokerIdNotRegistered, message))
                    }
                }
            }
            ConfigResource::DefaultBroker => Ok(()),
            ConfigResource::Other(32, _) => check_group_configs(&all, &self.settings.properties),
            ConfigResource::Other(16, _) => Ok(()),
            ConfigResource::Other(4, _) => {
                let message = "Unable to parse broker name as a base 10 number.";
                Err(ApiError::new(ErrorCode::InvalidRequest, message))
            }
            ConfigResource::Other(other, _) => {
                Err(ApiError::new(ErrorCode::InvalidRequest, format!("Unexpected resource type {other}.")))
            }
        }
    }
}

/// What is known of a key (`KafkaConfigSchema`).
fn definition_of(resource: &ConfigResource, key: &str) -> Option<&'static ConfigKey> {
    match resource {
        ConfigResource::Broker(_) | ConfigResource::DefaultBroker => config_key(ConfigKind::Broker, key),
        _ => topic_config(key),
    }
}

/// With another min ISR nobody is known to be eligible any more.
fn clear_elr(resource: &ConfigResource) -> Option<MetadataRecord> {
    match resource {
        ConfigResource::Topic(name) => Some(MetadataRecord::ClearElr { topic_name: name.clone() }),
        ConfigResource::DefaultBroker => Some(MetadataRecord::ClearElr { topic_name: String::new() }),
        _ => None,
    }
}
