//! The admin client's own settings (Kafka: `AdminClientConfig`). Serves the registry.

use super::key;
use crate::config::{ConfigKey, ConfigType, Importance, Validator};
use ConfigType::{Boolean, Int, List, Long, String as Text};
use Importance::{High, Low, Medium};
use Validator::{Any, AtLeast, Between, ListOf};

#[rustfmt::skip]
pub(super) const ADMIN: &[ConfigKey] = &[
    key("bootstrap.controllers", List, Some(""), ListOf(&[]), High,
        "Some controllers to ask, in place of brokers."),
    key("bootstrap.servers", List, Some(""), ListOf(&[]), High,
        "Some brokers to ask for the whole cluster first."),
    key("client.id", Text, Some(""), Any, Medium,
        "A name that brokers see in requests, for logs and quotas."),
    key("connections.max.idle.ms", Long, Some("300000"), Any, Medium,
        "A connection without traffic for this long is closed by the client."),
    key("default.api.timeout.ms", Int, Some("60000"), AtLeast(0), Medium,
        "How long a call may take that has no time-out of its own."),
    key("enable.metrics.push", Boolean, Some("false"), Any, Low,
        "Whether the client sends its metrics to brokers that ask for them."),
    key("receive.buffer.bytes", Int, Some("65536"), AtLeast(-1), Medium,
        "The receive buffer of the client's connections; -1 for the system's choice."),
    key("retries", Int, Some("2147483647"), Between(0, 2_147_483_647), Low,
        "How often a failed request is repeated."),
];
