//! What a broker is started with. Serves the lab's node factories; invariant: plain data, settings under Kafka's own names.

use ottla_wire::config::{ConfigKind, config_key};
use std::collections::BTreeMap;

/// A KRaft broker to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerConfig {
    /// `node.id`.
    pub node_id: i32,
    /// The port of its one listener, `PLAINTEXT://localhost:PORT`.
    pub port: u16,
    /// The cluster's id, 22 characters.
    pub cluster_id: String,
    /// `controller.quorum.voters`: (node id, port). All listen on `localhost`.
    pub voters: Vec<(i32, u16)>,
    /// `log.dirs`: one directory, such as `node-1`, without a slash at the end.
    pub log_dir: String,
    /// Settings of `server.properties` that differ from Kafka's defaults.
    pub settings: BTreeMap<String, String>,
}

impl BrokerConfig {
    /// What a setting is: as set, else Kafka's default.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str).or_else(|| BrokerConfig::default_of(key))
    }

    /// Kafka's default of a setting.
    pub fn default_of(key: &str) -> Option<&'static str> {
        config_key(ConfigKind::Broker, key)?.default
    }

    /// All that `server.properties` says: the settings, and what makes this node what it is.
    pub fn given(&self) -> BTreeMap<String, String> {
        let voters: Vec<String> = self.voters.iter().map(|(id, port)| format!("{id}@localhost:{port}")).collect();
        let own = [
            ("broker.id", self.node_id.to_string()),
            ("controller.listener.names", "CONTROLLER".to_owned()),
            ("controller.quorum.voters", voters.join(",")),
            ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned()),
            ("listeners", format!("PLAINTEXT://localhost:{}", self.port)),
            ("log.dirs", format!("/{}", self.log_dir.trim_start_matches('/'))),
            ("node.id", self.node_id.to_string()),
            ("process.roles", "broker".to_owned()),
        ];
        let mut all: BTreeMap<String, String> = own.map(|(name, value)| (name.to_owned(), value)).into();
        all.extend(self.settings.clone());
        all
    }

    /// A whole number setting; Kafka's default if what is set is no such number, 0 if there is none.
    pub fn number(&self, key: &str) -> u64 {
        let parse = |value: &str| value.trim().parse().ok();
        let own = self.settings.get(key).and_then(|value| parse(value));
        own.or_else(|| BrokerConfig::default_of(key).and_then(parse)).unwrap_or(0)
    }

    /// A whole number setting as a Java int; never above its range.
    pub fn int(&self, key: &str) -> i32 {
        i32::try_from(self.number(key)).unwrap_or(i32::MAX)
    }

    /// A yes or no setting.
    pub fn flag(&self, key: &str) -> bool {
        self.setting(key).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_overridden() {
        let settings = BTreeMap::from([
            ("num.partitions".to_owned(), "3".to_owned()),
            ("replica.lag.time.max.ms".to_owned(), "soon".to_owned()),
        ]);
        let (cluster_id, log_dir) = ("MkU3OEVBNTcwNTJENDM2Qk".to_owned(), "node-1".to_owned());
        let config = BrokerConfig { node_id: 1, port: 9092, cluster_id, voters: Vec::new(), log_dir, settings };
        assert_eq!(config.int("num.partitions"), 3);
        assert_eq!(config.number("replica.lag.time.max.ms"), 30_000);
        assert_eq!(config.number("no.such.setting"), 0);
        assert!(config.flag("auto.create.topics.enable") && !config.flag("no.such.setting"));
    }
}
