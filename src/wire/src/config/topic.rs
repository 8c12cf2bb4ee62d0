//! The settings of topics: the complete table of Kafka 4.3 (Kafka: `LogConfig`, `TopicConfig`).
//!
//! Serves whoever creates, alters or describes topics, and the log, which lives by these values.

use std::collections::BTreeMap;

use super::{ConfigError, ConfigKey, ConfigType, Synonym, Validator, parse_valid};
use ConfigType::{Boolean, Double, Int, List, Long, String as Text};
use Validator::{Any, AtLeast, Between, GzipLevel, ListOf, OneOf, ThrottledReplicas};

/// The order in which `kafka-topics.sh --describe` lists the settings of a topic that differ from the defaults.
pub const DESCRIBE_ORDER: &[&str] = &[
    "compression.type",
    "remote.log.delete.on.disable",
    "leader.replication.throttled.replicas",
    "remote.storage.enable",
    "min.insync.replicas",
    "segment.jitter.ms",
    "remote.log.copy.disable",
    "local.retention.ms",
    "cleanup.policy",
    "flush.ms",
    "follower.replication.throttled.replicas",
    "compression.lz4.level",
    "compression.gzip.level",
    "retention.ms",
    "segment.bytes",
    "compression.zstd.level",
    "flush.messages",
    "file.delete.delay.ms",
    "max.compaction.lag.ms",
    "max.message.bytes",
    "min.compaction.lag.ms",
    "message.timestamp.type",
    "local.retention.bytes",
    "preallocate",
    "index.interval.bytes",
    "min.cleanable.dirty.ratio",
    "unclean.leader.election.enable",
    "delete.retention.ms",
    "retention.bytes",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "segment.ms",
    "segment.index.bytes",
];

const LARGEST: &str = "9223372036854775807";

const fn key(
    name: &'static str,
    ty: ConfigType,
    default: &'static str,
    validator: Validator,
    synonyms: &'static [Synonym],
    doc: &'static str,
) -> ConfigKey {
    ConfigKey { synonyms, ..ConfigKey::new(name, ty, Some(default), validator, doc) }
}

const fn same(name: &'static str) -> Synonym {
    Synonym::same(name)
}

#[rustfmt::skip]
pub(super) const TOPIC_CONFIGS: &[ConfigKey] = &[
    key("cleanup.policy", List, "delete", ListOf(&["compact", "delete"]), &[same("log.cleanup.policy")],
        "What happens to old segments: deleted, or compacted to the last record of each key, or both."),
    key("compression.gzip.level", Int, "-1", GzipLevel, &[same("compression.gzip.level")],
        "How hard gzip tries when the broker compresses."),
    key("compression.lz4.level", Int, "9", Between(1, 17), &[same("compression.lz4.level")],
        "How hard LZ4 tries when the broker compresses."),
    key("compression.type", Text, "producer",
        OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), &[same("compression.type")],
        "The codec of stored batches; `producer` keeps what the producer chose."),
    key("compression.zstd.level", Int, "3", Between(-131_072, 22), &[same("compression.zstd.level")],
        "How hard Zstandard tries when the broker compresses."),
    key("delete.retention.ms", Long, "86400000", AtLeast(0), &[same("log.cleaner.delete.retention.ms")],
        "How long the tombstones of a compacted topic stay readable."),
    key("file.delete.delay.ms", Long, "60000", AtLeast(0), &[same("log.segment.delete.delay.ms")],
        "How long a deleted segment's file stays on the disk."),
    key("flush.messages", Long, LARGEST, AtLeast(1), &[same("log.flush.interval.messages")],
        "After how many records the log is forced to the disk."),
    key("flush.ms", Long, LARGEST, AtLeast(0),
        &[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")],
        "After what time the log is forced to the disk."),
    key("follower.replication.throttled.replicas", List, "", ThrottledReplicas, &[],
        "The replicas whose fetching is held to the brokers' follower rate."),
    key("index.interval.bytes", Int, "4096", AtLeast(0), &[same("log.index.interval.bytes")],
        "After how many bytes of records the offset index gets an entry."),
    key("leader.replication.throttled.replicas", List, "", ThrottledReplicas, &[],
        "The replicas whose leader serves them at the brokers' leader rate."),
    key("local.retention.bytes", Long, "-2", AtLeast(-2), &[same("log.local.retention.bytes")],
        "How much of a tiered partition stays on the broker; -2 means as retention.bytes."),
    key("local.retention.ms", Long, "-2", AtLeast(-2), &[same("log.local.retention.ms")],
        "How long a tiered partition's records stay on the broker; -2 means as retention.ms."),
    key("max.compaction.lag.ms", Long, LARGEST, AtLeast(1), &[same("log.cleaner.max.compaction.lag.ms")],
        "How long a record may stay out of reach of compaction at most."),
    key("max.message.bytes", Int, "1048588", AtLeast(0), &[same("message.max.bytes")],
        "The largest record batch that the topic takes."),
    key("message.timestamp.after.max.ms", Long, "3600000", AtLeast(0), &[same("log.message.timestamp.after.max.ms")],
        "How far a record's timestamp may lie ahead of the broker's clock."),
    key("message.timestamp.before.max.ms", Long, LARGEST, AtLeast(0),
        &[same("log.message.timestamp.before.max.ms")],
        "How far a record's timestamp may lie behind the broker's clock."),
    key("message.timestamp.type", Text, "CreateTime", OneOf(&["CreateTime", "LogAppendTime"]),
        &[same("log.message.timestamp.type")],
        "Whether a record keeps its producer's timestamp or gets that of the append."),
    key("min.cleanable.dirty.ratio", Double, "0.5", Between(0, 1), &[same("log.cleaner.min.cleanable.ratio")],
        "Which share of the log has to be uncompacted before the cleaner takes it."),
    key("min.compaction.lag.ms", Long, "0", AtLeast(0), &[same("log.cleaner.min.compaction.lag.ms")],
        "How long a record stays safe from compaction at least."),
    key("min.insync.replicas", Int, "1", AtLeast(1), &[same("min.insync.replicas")],
        "How many replicas have to be in sync for a write with acks=all."),
    key("preallocate", Boolean, "false", Any, &[same("log.preallocate")],
        "Whether a new segment's file takes its full size at once."),
    key("remote.log.copy.disable", Boolean, "false", Any, &[],
        "Whether a tiered topic stops copying segments away."),
    key("remote.log.delete.on.disable", Boolean, "false", Any, &[],
        "Whether switching tiering off deletes what was copied away."),
    key("remote.storage.enable", Boolean, "false", Any, &[],
        "Whether the topic's old segments move to tiered storage."),
    key("retention.bytes", Long, "-1", Any, &[same("log.retention.bytes")],
        "How large a partition may grow before its oldest segments go; -1 means no limit."),
    key("retention.ms", Long, "604800000", AtLeast(-1),
        &[same("log.retention.ms"), Synonym::minutes("log.retention.minutes"), Synonym::hours("log.retention.hours")],
        "How old records may grow before their segment goes; -1 means no limit."),
    key("segment.bytes", Int, "1073741824", AtLeast(1_048_576), &[same("log.segment.bytes")],
        "How large a segment may grow before a new one is begun."),
    key("segment.index.bytes", Int, "10485760", AtLeast(4), &[same("log.index.size.max.bytes")],
        "How large a segment's offset index may grow."),
    key("segment.jitter.ms", Long, "0", AtLeast(0),
        &[same("log.roll.jitter.ms"), Synonym::hours("log.roll.jitter.hours")],
        "The largest random part taken off segment.ms, so that not all segments roll at once."),
    key("segment.ms", Long, "604800000", AtLeast(1), &[same("log.roll.ms"), Synonym::hours("log.roll.hours")],
        "How old a segment may grow before a new one is begun."),
    key("unclean.leader.election.enable", Boolean, "false", Any, &[same("unclean.leader.election.enable")],
        "Whether a replica that is not in sync may lead when no other can, at the price of lost records."),
];

/// The settings of topics, by name.
pub fn topic_configs() -> &'static [ConfigKey] {
    TOPIC_CONFIGS
}

/// The definition of one setting of topics.
pub fn topic_config(name: &str) -> Option<&'static ConfigKey> {
    let index = TOPIC_CONFIGS.binary_search_by(|key| key.name.cmp(name)).ok()?;
    TOPIC_CONFIGS.get(index)
}

/// Checks all settings given for a topic: names first, then values, then whether they agree (`LogConfig.validate`).
///
/// # Errors
/// The first complaint, in the order of the names.
pub fn validate_topic_configs(configs: &BTreeMap<String, String>) -> Result<(), ConfigError> {
    if let Some(name) = configs.keys().find(|name| topic_config(name).is_none()) {
        return Err(ConfigError::UnknownTopicConfig { name: name.clone() });
    }
    for key in TOPIC_CONFIGS {
        if let Some(value) = configs.get(key.name) {
            parse_valid(key, value)?;
        }
    }
    let lag_ms = |name: &str| {
        let key = topic_config(name)?;
        let text = configs.get(name).map(String::as_str).or(key.default)?;
        parse_valid(key, text).ok()?.number()
    };
    match (lag_ms("min.compaction.lag.ms"), lag_ms("max.compaction.lag.ms")) {
        (Some(min), Some(max)) if min > max => Err(ConfigError::Conflict {
            message: format!(
                "conflict topic config setting min.compaction.lag.ms ({min}) > max.compaction.lag.ms ({max})"
            ),
        }),
        _ => Ok(()),
    }
}
