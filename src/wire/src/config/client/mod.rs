//! The settings of clients: the complete tables of Kafka 4.3 (Kafka: `ProducerConfig`, `ConsumerConfig`, `AdminClientConfig`).
//!
//! Serves the clients, which check what they are given. Invariant: what all three have in the same form stands in the common tables.

mod admin;
mod common;
mod consumer;
mod producer;
mod security;

pub(super) use security::SECURITY;

use super::{ConfigKey, ConfigType, Importance, Validator};

pub(super) const PRODUCER: &[&[ConfigKey]] = &[common::COMMON, security::SECURITY, producer::PRODUCER];
pub(super) const CONSUMER: &[&[ConfigKey]] = &[common::COMMON, security::SECURITY, consumer::CONSUMER];
pub(super) const ADMIN: &[&[ConfigKey]] = &[common::COMMON, security::SECURITY, admin::ADMIN];

const fn key(
    name: &'static str,
    ty: ConfigType,
    default: Option<&'static str>,
    validator: Validator,
    importance: Importance,
    doc: &'static str,
) -> ConfigKey {
    ConfigKey { importance, ..ConfigKey::new(name, ty, default, validator, doc) }
}
