//! Settings of groups (`GroupConfig`). Serves changes of settings; invariant: numbers lie within the brokers' bounds.

use super::result::ApiError;
use ottla_wire::ErrorCode;
use ottla_wire::config::{ConfigKind, config_key, group_config, parse_valid};
use std::collections::BTreeMap;

/// Checks all settings a group will have (`GroupConfigManager.validate`); the bounds are the nodes' settings, or their defaults.
pub(super) fn check_group_configs(
    configs: &BTreeMap<String, String>,
    properties: &BTreeMap<String, String>,
) -> Result<(), ApiError> {
    let invalid = |message: String| Err(ApiError::new(ErrorCode::InvalidConfig, message));
    let bound = |name: &str| -> Option<i64> {
        let default = config_key(ConfigKind::Broker, name)?.default;
        properties.get(name).map(String::as_str).or(default)?.trim().parse().ok()
    };
    for (name, value) in configs {
        let Some(config) = group_config(name) else {
            return invalid(format!("Unknown group config name: {name}"));
        };
        let number = match parse_valid(&config.key, value) {
            Ok(value) => value.number(),
            Err(error) => return invalid(error.to_string()),
        };
        let Some(number) = number else { continue };
        if let Some(low) = config.bounds.0
            && bound(low).is_some_and(|least| number < least)
        {
            return invalid(format!("{name} must be greater than or equal to {low}"));
        }
        if let Some(high) = config.bounds.1
            && bound(high).is_some_and(|most| number > most)
        {
            return invalid(format!("{name} must be less than or equal to {high}"));
        }
    }
    Ok(())
}
