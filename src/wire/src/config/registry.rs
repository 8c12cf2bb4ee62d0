//! Finding a setting by its name. Serves all who read, check or describe settings; invariant: the keys of a kind are in the order of
//! their names, each once.

use super::{ConfigKey, broker, client, topic};
use std::sync::LazyLock;

/// Whose settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigKind {
    /// Brokers and controllers.
    Broker,
    /// Topics.
    Topic,
    /// Producers.
    Producer,
    /// Consumers.
    Consumer,
    /// Admin clients.
    Admin,
}

type Keys = LazyLock<Vec<&'static ConfigKey>>;

static BROKER: Keys = LazyLock::new(|| sorted(broker::TABLES));
static TOPIC: Keys = LazyLock::new(|| sorted(&[topic::TOPIC_CONFIGS]));
static PRODUCER: Keys = LazyLock::new(|| sorted(client::PRODUCER));
static CONSUMER: Keys = LazyLock::new(|| sorted(client::CONSUMER));
static ADMIN: Keys = LazyLock::new(|| sorted(client::ADMIN));

fn sorted(tables: &'static [&'static [ConfigKey]]) -> Vec<&'static ConfigKey> {
    let mut keys: Vec<&ConfigKey> = tables.iter().copied().flatten().collect();
    keys.sort_unstable_by_key(|key| key.name);
    keys
}

/// All settings of a kind, by name.
pub fn config_keys(kind: ConfigKind) -> &'static [&'static ConfigKey] {
    match kind {
        ConfigKind::Broker => &BROKER,
        ConfigKind::Topic => &TOPIC,
        ConfigKind::Producer => &PRODUCER,
        ConfigKind::Consumer => &CONSUMER,
        ConfigKind::Admin => &ADMIN,
    }
}

/// The setting of this name, if this kind has it.
pub fn config_key(kind: ConfigKind, name: &str) -> Option<&'static ConfigKey> {
    let keys = config_keys(kind);
    let at = keys.binary_search_by_key(&name, |key| key.name).ok()?;
    keys.get(at).copied()
}
