//! What a broker is started with. Serves the lab's node factories; invariant: plain data, settings under Kafka's own names.

use std::collections::BTreeMap;

/// Settings of brokers that this engine lives by, with Kafka's defaults (`AbstractKafkaConfig`, `ServerLogConfigs`,
/// `ReplicationConfigs`, `GroupCoordinatorConfig`). Others may be set; they are described and have no effect.
#[rustfmt::skip]
const DEFAULTS: &[(&str, &str)] = &[
    ("auto.create.topics.enable", "true"),
    ("broker.heartbeat.interval.ms", "2000"),
    ("broker.session.timeout.ms", "9000"),
    ("controlled.shutdown.enable", "true"),
    ("default.replication.factor", "1"),
    ("delete.topic.enable", "true"),
    ("fetch.max.bytes", "57671680"),
    ("group.initial.rebalance.delay.ms", "3000"),
    ("group.max.session.timeout.ms", "1800000"),
    ("group.max.size", "2147483647"),
    ("group.min.session.timeout.ms", "6000"),
    ("initial.broker.registration.timeout.ms", "60000"),
    ("log.cleaner.backoff.ms", "15000"),
    ("log.cleaner.dedupe.buffer.size", "134217728"),
    ("log.cleaner.enable", "true"),
    ("log.initial.task.delay.ms", "30000"),
    ("log.retention.check.interval.ms", "300000"),
    ("max.incremental.fetch.session.cache.slots", "1000"),
    ("max.request.partition.size.limit", "2000"),
    ("message.max.bytes", "1048588"),
    ("num.partitions", "1"),
    ("offset.metadata.max.bytes", "4096"),
    ("offsets.retention.check.interval.ms", "600000"),
    ("offsets.retention.minutes", "10080"),
    ("offsets.topic.compression.codec", "0"),
    ("offsets.topic.num.partitions", "50"),
    ("offsets.topic.replication.factor", "3"),
    ("offsets.topic.segment.bytes", "104857600"),
    ("producer.id.expiration.ms", "86400000"),
    ("replica.fetch.backoff.ms", "1000"),
    ("replica.fetch.max.bytes", "1048576"),
    ("replica.fetch.min.bytes", "1"),
    ("replica.fetch.response.max.bytes", "10485760"),
    ("replica.fetch.wait.max.ms", "500"),
    ("replica.high.watermark.checkpoint.interval.ms", "5000"),
    ("replica.lag.time.max.ms", "30000"),
    ("replica.socket.timeout.ms", "30000"),
    ("request.timeout.ms", "30000"),
    ("socket.request.max.bytes", "104857600"),
];

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

    /// Kafka's default of a setting that this engine knows.
    pub fn default_of(key: &str) -> Option<&'static str> {
        let index = DEFAULTS.binary_search_by(|(name, _)| (*name).cmp(key)).ok()?;
        DEFAULTS.get(index).map(|(_, value)| *value)
    }

    /// The names of the settings known here, in order.
    pub fn known_settings() -> impl Iterator<Item = &'static str> {
        DEFAULTS.iter().map(|(name, _)| *name)
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
    fn defaults_are_sorted_and_overridden() {
        assert!(DEFAULTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
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
