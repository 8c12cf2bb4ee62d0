//! Settings of groups (`GroupConfig`). Serves changes of settings; invariant: numbers lie within the brokers' bounds.

use super::result::ApiError;
use ottla_wire::ErrorCode;
use std::collections::BTreeMap;

/// (name, lowest and highest with the brokers' names for these bounds), for the numbers of `GroupConfig`.
const NUMBERS: &[(&str, i64, &str, i64, &str)] = &[
    (
        "consumer.session.timeout.ms",
        45_000,
        "group.consumer.min.session.timeout.ms",
        60_000,
        "group.consumer.max.session.timeout.ms",
    ),
    (
        "consumer.heartbeat.interval.ms",
        5000,
        "group.consumer.min.heartbeat.interval.ms",
        15_000,
        "group.consumer.max.heartbeat.interval.ms",
    ),
    (
        "share.session.timeout.ms",
        45_000,
        "group.share.min.session.timeout.ms",
        60_000,
        "group.share.max.session.timeout.ms",
    ),
    (
        "share.heartbeat.interval.ms",
        5000,
        "group.share.min.heartbeat.interval.ms",
        15_000,
        "group.share.max.heartbeat.interval.ms",
    ),
    (
        "share.record.lock.duration.ms",
        15_000,
        "group.share.min.record.lock.duration.ms",
        60_000,
        "group.share.max.record.lock.duration.ms",
    ),
    (
        "streams.session.timeout.ms",
        45_000,
        "group.streams.min.session.timeout.ms",
        60_000,
        "group.streams.max.session.timeout.ms",
    ),
    (
        "streams.heartbeat.interval.ms",
        5000,
        "group.streams.min.heartbeat.interval.ms",
        15_000,
        "group.streams.max.heartbeat.interval.ms",
    ),
    ("streams.num.standby.replicas", 0, "0", 2, "group.streams.max.standby.replicas"),
];

/// The other names of `GroupConfig`, with their values.
const CHOICES: &[(&str, &[&str])] =
    &[("share.auto.offset.reset", &[]), ("share.isolation.level", &["read_committed", "read_uncommitted"])];

/// Checks all settings a group will have (`GroupConfigManager.validate`).
pub(super) fn check_group_configs(configs: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let invalid = |message: String| Err(ApiError::new(ErrorCode::InvalidConfig, message));
    for (name, value) in configs {
        let number = NUMBERS.iter().find(|(known, ..)| known == name);
        let choice = CHOICES.iter().find(|(known, _)| known == name);
        match (number, choice) {
            (None, None) => return invalid(format!("Unknown group config name: {name}")),
            (Some((_, low, low_name, high, high_name)), _) => match value.trim().parse::<i64>() {
                Err(_) => {
                    return invalid(format!(
                        "Invalid value {value} for configuration {name}: Not a number of type INT"
                    ));
                }
                Ok(number) if number < *low => {
                    return invalid(format!("{name} must be greater than or equal to {low_name}"));
                }
                Ok(number) if number > *high => {
                    return invalid(format!("{name} must be less than or equal to {high_name}"));
                }
                Ok(_) => {}
            },
            (_, Some((_, choices))) if !choices.is_empty() && !choices.contains(&value.as_str()) => {
                let choices = choices.join(", ");
                let message =
                    format!("Invalid value {value} for configuration {name}: String must be one of: {choices}");
                return invalid(message);
            }
            _ => {}
        }
    }
    Ok(())
}
