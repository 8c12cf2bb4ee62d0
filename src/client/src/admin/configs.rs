//! Settings of topics, brokers and groups. Serves the engine; invariant: each resource asked for has an answer of its own.

use super::Admin;
use super::body::Body;
use super::call::{Answered, Call};
use super::request::{AdminRequest, AlterConfigOp, ConfigResource, ConfigResourceType};
use super::response::{AdminResponse, ConfigEntry, ConfigSource};
use crate::JavaError;
use ottla_wire::{
    RequestKind,
    messages::describe_configs_request::DescribeConfigsResource,
    messages::describe_configs_response::DescribeConfigsResourceResult,
    messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
    messages::{
        DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest,
        IncrementalAlterConfigsResponse,
    },
    str_bytes,
};

/// The request for settings.
pub(super) fn describe(request: &AdminRequest, resources: &[ConfigResource]) -> Body {
    let (synonyms, documentation) = match request {
        AdminRequest::DescribeConfigs { include_synonyms, include_documentation, .. } => {
            (*include_synonyms, *include_documentation)
        }
        _ => (false, false),
    };
    let resources = resources.iter().map(|resource| {
        DescribeConfigsResource::default()
            .with_resource_type(resource.resource_type.code())
            .with_resource_name(str_bytes(&resource.name))
            .with_configuration_keys(None)
    });
    let body = DescribeConfigsRequest::default()
        .with_resources(resources.collect())
        .with_include_synonyms(synonyms)
        .with_include_documentation(documentation);
    (RequestKind::DescribeConfigs(body), (if documentation { 3 } else { 1 }, 4))
}

fn resource_of(code: i8, name: &str) -> Option<ConfigResource> {
    use ConfigResourceType::{Broker, BrokerLogger, ClientMetrics, Group, Topic};
    let resource_type = [Topic, Broker, BrokerLogger, ClientMetrics, Group].into_iter().find(|t| t.code() == code)?;
    Some(ConfigResource { resource_type, name: name.to_owned() })
}

/// Reads settings.
pub(super) fn described(admin: &mut Admin, call: &Call, response: &DescribeConfigsResponse) -> Answered {
    let Some((_, AdminResponse::Configs(each))) = admin.answer_of(call) else { return Ok(()) };
    for result in &response.results {
        let Some(resource) = resource_of(result.resource_type, &result.resource_name) else { continue };
        let outcome = match JavaError::from_code(result.error_code, result.error_message.as_deref()) {
            Some(error) => Err(error),
            None => Ok(result.configs.iter().map(entry).collect()),
        };
        each.insert(resource, outcome);
    }
    Ok(())
}

fn entry(config: &DescribeConfigsResourceResult) -> ConfigEntry {
    let text = |value: &Option<ottla_wire::StrBytes>| value.as_ref().map(ToString::to_string);
    ConfigEntry {
        name: config.name.to_string(),
        value: text(&config.value),
        source: ConfigSource::from_code(config.config_source),
        is_read_only: config.read_only,
        is_sensitive: config.is_sensitive,
        synonyms: config
            .synonyms
            .iter()
            .map(|s| (s.name.to_string(), text(&s.value), ConfigSource::from_code(s.source)))
            .collect(),
        config_type: config.config_type,
        documentation: text(&config.documentation),
    }
}

/// The request for changes of settings.
pub(super) fn alter(request: &AdminRequest, changes: &[(ConfigResource, Vec<AlterConfigOp>)]) -> Body {
    let validate_only = matches!(request, AdminRequest::IncrementalAlterConfigs { validate_only: true, .. });
    let config = |op: &AlterConfigOp| {
        let (name, code, value) = match op {
            AlterConfigOp::Set(name, value) => (name, 0, Some(value)),
            AlterConfigOp::Delete(name) => (name, 1, None),
            AlterConfigOp::Append(name, value) => (name, 2, Some(value)),
            AlterConfigOp::Subtract(name, value) => (name, 3, Some(value)),
        };
        AlterableConfig::default()
            .with_name(str_bytes(name))
            .with_config_operation(code)
            .with_value(value.map(|value| str_bytes(value)))
    };
    let resources = changes.iter().map(|(resource, ops)| {
        AlterConfigsResource::default()
            .with_resource_type(resource.resource_type.code())
            .with_resource_name(str_bytes(&resource.name))
            .with_configs(ops.iter().map(config).collect())
    });
    let body =
        IncrementalAlterConfigsRequest::default().with_resources(resources.collect()).with_validate_only(validate_only);
    (RequestKind::IncrementalAlterConfigs(body), (0, 1))
}

/// Reads what became of changes.
pub(super) fn altered(admin: &mut Admin, call: &Call, response: &IncrementalAlterConfigsResponse) -> Answered {
    let Some((_, AdminResponse::ConfigsAltered(each))) = admin.answer_of(call) else { return Ok(()) };
    for result in &response.responses {
        let Some(resource) = resource_of(result.resource_type, &result.resource_name) else { continue };
        let error = JavaError::from_code(result.error_code, result.error_message.as_deref());
        each.insert(resource, error.map_or(Ok(()), Err));
    }
    Ok(())
}
