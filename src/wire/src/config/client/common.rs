//! The settings that producer, consumer and admin client share. Serves the registry.

use super::key;
use crate::config::{ConfigKey, ConfigType, Importance, Validator};
use ConfigType::{Int, List, Long, String as Text};
use Importance::{Low, Medium};
use Validator::{Any, AtLeast, ListOf, NonEmptyList, OneOf, OneOfIgnoringCase};

#[rustfmt::skip]
pub(super) const COMMON: &[ConfigKey] = &[
    key("client.dns.lookup", Text, Some("use_all_dns_ips"), OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"]), Medium,
        "What happens with a name that has several addresses."),
    key("config.providers", List, Some(""), ListOf(&[]), Low,
        "Names of classes that put in values from elsewhere, such as secrets."),
    key("metadata.max.age.ms", Long, Some("300000"), AtLeast(0), Low,
        "After how long the client asks for metadata again, even if nothing went wrong."),
    key("metadata.recovery.rebootstrap.trigger.ms", Long, Some("300000"), AtLeast(0), Low,
        "After how long without any metadata the client begins anew with the bootstrap servers."),
    key("metadata.recovery.strategy", Text, Some("rebootstrap"), OneOfIgnoringCase(&["REBOOTSTRAP", "NONE"]), Low,
        "What a client does when no known broker can be reached."),
    key("metric.reporters", List, Some("org.apache.kafka.common.metrics.JmxReporter"), NonEmptyList, Low,
        "Classes that are told of all metrics."),
    key("metrics.num.samples", Int, Some("2"), AtLeast(1), Low,
        "How many samples a metric is made of."),
    key("metrics.recording.level", Text, Some("INFO"), OneOf(&["INFO", "DEBUG", "TRACE"]), Low,
        "How fine the metrics are."),
    key("metrics.sample.window.ms", Long, Some("30000"), AtLeast(0), Low,
        "How long one sample of a metric lasts."),
    key("reconnect.backoff.max.ms", Long, Some("1000"), AtLeast(0), Low,
        "How long the client waits at most before it connects to a broker again."),
    key("reconnect.backoff.ms", Long, Some("50"), AtLeast(0), Low,
        "How long the client waits at first before it connects to a broker again."),
    key("request.timeout.ms", Int, Some("30000"), AtLeast(0), Medium,
        "How long the client waits for an answer before it gives the request up."),
    key("retry.backoff.max.ms", Long, Some("1000"), AtLeast(0), Low,
        "How long the client waits at most before it repeats a failed request."),
    key("retry.backoff.ms", Long, Some("100"), AtLeast(0), Low,
        "How long the client waits at first before it repeats a failed request."),
    key("send.buffer.bytes", Int, Some("131072"), AtLeast(-1), Medium,
        "The send buffer of the client's connections; -1 for the system's choice."),
    key("socket.connection.setup.timeout.max.ms", Long, Some("30000"), Any, Medium,
        "How long a connection may take to come up at most, after several failures."),
    key("socket.connection.setup.timeout.ms", Long, Some("10000"), Any, Medium,
        "How long a connection may take to come up at first."),
];
