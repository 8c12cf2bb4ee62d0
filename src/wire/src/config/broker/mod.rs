//! The settings of brokers and controllers: the complete table of Kafka 4.3 (Kafka: `AbstractKafkaConfig`, `DynamicBrokerConfig`).
//!
//! Serves brokers, which live by these values and describe them, and whoever changes them while brokers run. Invariant: a name
//! stands in one of the tables only.

mod coordinator;
mod log;
mod quorum;
mod remote;
mod replication;
mod security;
mod server;

use super::{ConfigKey, ConfigType, Importance, UpdateMode, Validator, client::SECURITY};

pub(super) const TABLES: &[&[ConfigKey]] = &[
    coordinator::COORDINATOR,
    log::LOG,
    quorum::QUORUM,
    remote::REMOTE,
    replication::REPLICATION,
    security::SECURITY,
    server::SERVER,
];

const fn key(
    name: &'static str,
    ty: ConfigType,
    default: Option<&'static str>,
    validator: Validator,
    importance: Importance,
    update: UpdateMode,
    doc: &'static str,
) -> ConfigKey {
    ConfigKey { importance, update, ..ConfigKey::new(name, ty, default, validator, doc) }
}

/// A setting that clients have too.
const fn as_client(name: &'static str, importance: Importance, update: UpdateMode) -> ConfigKey {
    let mut at = 0;
    while at < SECURITY.len() {
        if is_same(SECURITY[at].name, name) {
            return ConfigKey { importance, update, ..SECURITY[at] };
        }
        at += 1;
    }
    panic!("clients have no such setting")
}

const fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}

/// The names under which a setting may have been given, strongest first (Kafka: `DynamicBrokerConfig.brokerConfigSynonyms`).
pub fn broker_synonyms(name: &str) -> &[&'static str] {
    match name {
        "log.roll.ms" | "log.roll.hours" => &["log.roll.ms", "log.roll.hours"],
        "log.roll.jitter.ms" | "log.roll.jitter.hours" => &["log.roll.jitter.ms", "log.roll.jitter.hours"],
        "log.flush.interval.ms" => &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
        "log.retention.ms" | "log.retention.minutes" | "log.retention.hours" => {
            &["log.retention.ms", "log.retention.minutes", "log.retention.hours"]
        }
        _ => &[],
    }
}
