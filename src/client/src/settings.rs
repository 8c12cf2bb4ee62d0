//! Settings from text. Serves the three clients' configurations; invariant: the checks and the texts of Kafka's
//! `ConfigDef`, in the order in which the client's definition lists its settings.

use crate::network::{NetworkConfig, backoff::Backoff, bootstrap, metadata::Metadata};
use crate::{JavaError, Level, LogLine, Node};
use ottla_wire::config::{ConfigKind, config_key, validate};
use std::collections::BTreeMap;

/// Reads settings one after the other; the first bad one is the error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings<'a> {
    map: &'a BTreeMap<String, String>,
}

fn invalid(name: &str, value: &str, why: &str) -> JavaError {
    JavaError::config(format!("Invalid value {value} for configuration {name}: {why}"))
}

impl<'a> Settings<'a> {
    pub(crate) fn new(map: &'a BTreeMap<String, String>) -> Settings<'a> {
        Settings { map }
    }

    /// Checks all settings that this kind of client has, whether this engine lives by them or not.
    pub(crate) fn check(&self, kind: ConfigKind) -> Result<(), JavaError> {
        let known = self.map.iter().filter_map(|(name, value)| Some((config_key(kind, name)?, value)));
        for (key, value) in known {
            validate(key, value).map_err(|error| JavaError::config(error.to_string()))?;
        }
        Ok(())
    }

    /// Whether the user gave it.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// A text as given.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.map.get(name).map(|value| value.trim())
    }

    /// A 32-bit number of at least `low`.
    pub(crate) fn int(&self, name: &str, default: i32, low: i32) -> Result<i32, JavaError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let value = text.parse::<i32>().map_err(|_| invalid(name, text, "Not a number of type INT"))?;
        if value < low { Err(at_least(name, value, low)) } else { Ok(value) }
    }

    /// A 64-bit number of at least `low`.
    pub(crate) fn long(&self, name: &str, default: i64, low: i64) -> Result<i64, JavaError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let value = text.parse::<i64>().map_err(|_| invalid(name, text, "Not a number of type LONG"))?;
        if value < low { Err(at_least(name, value, low)) } else { Ok(value) }
    }

    /// A length of time of at least 0, in milliseconds, of type INT.
    pub(crate) fn millis(&self, name: &str, default: i32) -> Result<u64, JavaError> {
        self.int(name, default, 0).map(|ms| u64::try_from(ms).unwrap_or(0))
    }

    /// A length of time of at least 0, in milliseconds, of type LONG.
    pub(crate) fn long_millis(&self, name: &str, default: i64) -> Result<u64, JavaError> {
        self.long(name, default, 0).map(|ms| u64::try_from(ms).unwrap_or(0))
    }

    /// A switch.
    pub(crate) fn boolean(&self, name: &str, default: bool) -> Result<bool, JavaError> {
        match self.text(name) {
            None => Ok(default),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(text) => Err(invalid(name, text, "Expected value to be either true or false")),
        }
    }

    /// One of these words.
    pub(crate) fn one_of(&self, name: &str, default: &'a str, words: &[&str]) -> Result<&'a str, JavaError> {
        let text = self.text(name).unwrap_or(default);
        if words.contains(&text) {
            return Ok(text);
        }
        Err(invalid(name, text, &format!("String must be one of: {}", words.join(", "))))
    }

    /// One of these words, whatever their case.
    pub(crate) fn one_of_ignoring_case(
        &self,
        name: &str,
        default: &'a str,
        words: &[&str],
    ) -> Result<&'a str, JavaError> {
        let text = self.text(name).unwrap_or(default);
        if words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            return Ok(text);
        }
        Err(invalid(name, text, &format!("String must be one of (case insensitive): {}", words.join(", "))))
    }

    /// A text that is not empty, if given.
    pub(crate) fn non_empty(&self, name: &str) -> Result<Option<&'a str>, JavaError> {
        match self.text(name) {
            Some("") => Err(invalid(name, "", "String must be non-empty")),
            other => Ok(other),
        }
    }

    /// Items between commas.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&'a str>> {
        let text = self.text(name)?;
        Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect())
    }
}

fn at_least(name: &str, value: impl std::fmt::Display, low: impl std::fmt::Display) -> JavaError {
    invalid(name, &value.to_string(), &format!("Value must be at least {low}"))
}

/// What all clients share.
#[derive(Clone, Debug)]
pub(crate) struct CommonConfig {
    pub(crate) request_timeout_ms: u64,
    pub(crate) retry: Backoff,
    pub(crate) metadata_max_age_ms: u64,
    reconnect: Backoff,
    setup: Backoff,
    rebootstrap_after_ms: Option<u64>,
    /// Lines logged while the configuration was read.
    pub(crate) log: Vec<LogLine>,
}

impl CommonConfig {
    /// Reads and checks the shared settings.
    pub(crate) fn read(settings: &Settings<'_>) -> Result<CommonConfig, JavaError> {
        let metadata_max_age_ms = settings.long_millis("metadata.max.age.ms", 300_000)?;
        let reconnect_ms = settings.long_millis("reconnect.backoff.ms", 50)?;
        let reconnect_max_ms = settings.long_millis("reconnect.backoff.max.ms", 1000)?;
        let retry_ms = settings.long_millis("retry.backoff.ms", 100)?;
        let retry_max_ms = settings.long_millis("retry.backoff.max.ms", 1000)?;
        let request_timeout_ms = settings.millis("request.timeout.ms", 30_000)?;
        let setup_ms = settings.long_millis("socket.connection.setup.timeout.ms", 10_000)?;
        let setup_max_ms = settings.long_millis("socket.connection.setup.timeout.max.ms", 30_000)?;
        let protocols = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];
        settings.one_of_ignoring_case("security.protocol", "PLAINTEXT", &protocols)?;
        let strategy =
            settings.one_of_ignoring_case("metadata.recovery.strategy", "rebootstrap", &["NONE", "REBOOTSTRAP"])?;
        let trigger_ms = settings.long_millis("metadata.recovery.rebootstrap.trigger.ms", 300_000)?;
        let only_first = settings.has("reconnect.backoff.ms") && !settings.has("reconnect.backoff.max.ms");
        let mut log = Vec::new();
        if retry_ms > retry_max_ms {
            log.push(LogLine {
                level: Level::Warn,
                text: format!(
                    "Configuration 'retry.backoff.ms' with value '{retry_ms}' is greater than configuration \
                     'retry.backoff.max.ms' with value '{retry_max_ms}'. A static backoff with value \
                     '{retry_max_ms}' will be applied."
                ),
                logger: "org.apache.kafka.clients.CommonClientConfigs",
            });
        }
        let capped = |initial_ms: u64, max_ms: u64| Backoff { initial_ms: initial_ms.min(max_ms), max_ms };
        Ok(CommonConfig {
            request_timeout_ms,
            retry: capped(retry_ms, retry_max_ms),
            metadata_max_age_ms,
            reconnect: capped(reconnect_ms, if only_first { reconnect_ms } else { reconnect_max_ms }),
            setup: capped(setup_ms, setup_max_ms),
            rebootstrap_after_ms: strategy.eq_ignore_ascii_case("rebootstrap").then_some(trigger_ms),
            log,
        })
    }

    /// The bootstrap servers; `failure` is the text of the outer exception.
    pub(crate) fn bootstrap(&mut self, settings: &Settings<'_>, failure: &str) -> Result<Vec<Node>, JavaError> {
        let servers = settings.text("bootstrap.servers").unwrap_or_default();
        self.resolved(bootstrap::parse(servers), failure)
    }

    /// The bootstrap servers or controllers of an admin client; true for controllers (`AdminBootstrapAddresses`, KIP-919).
    pub(crate) fn admin_bootstrap(
        &mut self,
        settings: &Settings<'_>,
        failure: &str,
    ) -> Result<(Vec<Node>, bool), JavaError> {
        let text = |key| settings.text(key).map(str::trim).filter(|list| !list.is_empty());
        let (parsed, controllers) = match (text("bootstrap.servers"), text("bootstrap.controllers")) {
            (None, Some(controllers)) => (bootstrap::parse(controllers), true),
            (Some(_), Some(_)) => {
                let text = "You cannot set both bootstrap.servers and bootstrap.controllers";
                (Err(JavaError::config(text)), false)
            }
            (servers, None) => (bootstrap::parse(servers.unwrap_or_default()), false),
        };
        Ok((self.resolved(parsed, failure)?, controllers))
    }

    fn resolved(
        &mut self,
        parsed: Result<(Vec<Node>, Vec<LogLine>), JavaError>,
        failure: &str,
    ) -> Result<Vec<Node>, JavaError> {
        match parsed {
            Ok((nodes, log)) => {
                self.log.extend(log);
                Ok(nodes)
            }
            Err(mut cause) => {
                let mut log = std::mem::take(&mut self.log);
                log.append(&mut cause.log);
                let mut error = JavaError::new("org.apache.kafka.common.KafkaException", failure).caused_by(cause);
                error.log = log;
                Err(error)
            }
        }
    }

    /// The settings of the connections.
    pub(crate) fn network(&self, client_id: &str, max_in_flight: u64, refreshes: bool) -> NetworkConfig {
        NetworkConfig {
            client_id: client_id.to_owned(),
            request_timeout_ms: self.request_timeout_ms,
            reconnect: self.reconnect,
            setup: self.setup,
            max_in_flight,
            refreshes,
            rebootstrap_after_ms: self.rebootstrap_after_ms,
            telemetry: false,
        }
    }

    /// An empty metadata cache.
    pub(crate) fn metadata(&self, bootstrap: Vec<Node>, allow_auto_creation: bool) -> Metadata {
        Metadata::new(bootstrap, self.retry, self.metadata_max_age_ms, allow_auto_creation)
    }
}
