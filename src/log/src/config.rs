//! The configs of one log (`LogConfig`), read from a topic's configs by name.
//!
//! Serves the log and the broker. Invariants: defaults are Kafka 4.3's; no floats; names and ranges were validated
//! where the configs came in, so here only what cannot be read is refused.

use crate::LogError;
use ottla_records::{Compression, TimestampType};
use std::collections::BTreeMap;

/// What removes old data (`cleanup.policy`). Both may be off since 4.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Whole segments go by age, size or log start offset.
    pub delete: bool,
    /// Only the last record of each key stays.
    pub compact: bool,
}

/// What the broker compresses batches with (`compression.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressionSetting {
    /// As the producer sent them.
    Producer,
    /// Always this way (`uncompressed` is none).
    Fixed(Compression),
}

/// Configs of one log. Sizes in bytes, durations in milliseconds, -1 for no limit where Kafka has it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`: greatest size of a segment.
    pub segment_bytes: u64,
    /// `segment.ms`: greatest age of a segment's first batch, by the records' timestamps.
    pub segment_ms: i64,
    /// `segment.jitter.ms`: by how much, at most, `segment.ms` is shortened so that not all segments roll at once.
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`: greatest size of an index.
    pub segment_index_bytes: u64,
    /// `index.interval.bytes`: bytes of batches between two index entries.
    pub index_interval_bytes: u64,
    /// `max.message.bytes`: greatest size of a batch.
    pub max_message_bytes: u64,
    /// `retention.bytes`, -1 for no limit.
    pub retention_bytes: i64,
    /// `retention.ms`, -1 for no limit.
    pub retention_ms: i64,
    /// `file.delete.delay.ms`: how long deleted segments stay on disk.
    pub file_delete_delay_ms: i64,
    /// `flush.messages`: after how many records the broker itself flushes; by default it leaves that to the system.
    pub flush_messages: i64,
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `delete.retention.ms`: how long tombstones stay.
    pub delete_retention_ms: i64,
    /// `min.cleanable.dirty.ratio` in millionths.
    pub min_cleanable_dirty_ratio_millionths: u32,
    /// `min.compaction.lag.ms`.
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`.
    pub max_compaction_lag_ms: i64,
    /// `message.timestamp.type`.
    pub message_timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far in the past a record's own timestamp may lie.
    pub message_timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far in the future.
    pub message_timestamp_after_max_ms: i64,
    /// `compression.type`.
    pub compression_type: CompressionSetting,
    /// `compression.gzip.level`, -1 for the codec's default.
    pub compression_gzip_level: i32,
    /// `min.insync.replicas`.
    pub min_insync_replicas: i32,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 604_800_000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10_485_760,
            index_interval_bytes: 4096,
            max_message_bytes: 1_048_588,
            retention_bytes: -1,
            retention_ms: 604_800_000,
            file_delete_delay_ms: 60_000,
            flush_messages: i64::MAX,
            cleanup_policy: CleanupPolicy { delete: true, compact: false },
            delete_retention_ms: 86_400_000,
            min_cleanable_dirty_ratio_millionths: 500_000,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            message_timestamp_type: TimestampType::CreateTime,
            message_timestamp_before_max_ms: i64::MAX,
            message_timestamp_after_max_ms: 3_600_000,
            compression_type: CompressionSetting::Producer,
            compression_gzip_level: -1,
            min_insync_replicas: 1,
            unclean_leader_election: false,
        }
    }
}

impl LogConfig {
    /// The defaults with these topic configs over them; names that do not concern the log are passed over.
    ///
    /// # Errors
    /// [`LogError::InvalidConfig`] for a value that cannot be read.
    pub fn from_configs(configs: &BTreeMap<String, String>) -> Result<Self, LogError> {
        let mut config = Self::default();
        for (name, value) in configs {
            let known = config.set(name, value.trim());
            known.ok_or_else(|| LogError::InvalidConfig { name: name.clone(), value: value.clone() })?;
        }
        Ok(config)
    }

    /// Sets one config; nothing for a value that cannot be read.
    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "segment.bytes" => self.segment_bytes = value.parse().ok()?,
            "segment.ms" => self.segment_ms = value.parse().ok()?,
            "segment.jitter.ms" => self.segment_jitter_ms = value.parse().ok()?,
            "segment.index.bytes" => self.segment_index_bytes = value.parse().ok()?,
            "index.interval.bytes" => self.index_interval_bytes = value.parse().ok()?,
            "max.message.bytes" => self.max_message_bytes = value.parse().ok()?,
            "retention.bytes" => self.retention_bytes = value.parse().ok()?,
            "retention.ms" => self.retention_ms = value.parse().ok()?,
            "file.delete.delay.ms" => self.file_delete_delay_ms = value.parse().ok()?,
            "flush.messages" => self.flush_messages = value.parse().ok()?,
            "cleanup.policy" => self.cleanup_policy = parse_cleanup_policy(value)?,
            "delete.retention.ms" => self.delete_retention_ms = value.parse().ok()?,
            "min.cleanable.dirty.ratio" => self.min_cleanable_dirty_ratio_millionths = parse_millionths(value)?,
            "min.compaction.lag.ms" => self.min_compaction_lag_ms = value.parse().ok()?,
            "max.compaction.lag.ms" => self.max_compaction_lag_ms = value.parse().ok()?,
            "message.timestamp.type" => self.message_timestamp_type = TimestampType::from_name(value)?,
            "message.timestamp.before.max.ms" => self.message_timestamp_before_max_ms = value.parse().ok()?,
            "message.timestamp.after.max.ms" => self.message_timestamp_after_max_ms = value.parse().ok()?,
            "compression.type" => self.compression_type = parse_compression(value)?,
            "compression.gzip.level" => self.compression_gzip_level = value.parse().ok()?,
            "min.insync.replicas" => self.min_insync_replicas = value.parse().ok()?,
            "unclean.leader.election.enable" => self.unclean_leader_election = parse_bool(value)?,
            _ => {}
        }
        Some(())
    }

    /// Greatest age of a segment: compacted logs roll early enough for `max.compaction.lag.ms` (`LogConfig.maxSegmentMs`).
    pub(crate) fn max_segment_ms(&self) -> i64 {
        if self.cleanup_policy.compact && self.max_compaction_lag_ms > 0 {
            self.segment_ms.min(self.max_compaction_lag_ms)
        } else {
            self.segment_ms
        }
    }

    /// By how much the segment at an offset rolls earlier (`LogConfig.randomSegmentJitter`): spread over the segments, the
    /// same whenever the log is loaded.
    pub(crate) fn segment_jitter(&self, base_offset: i64) -> i64 {
        match self.segment_jitter_ms.min(self.segment_ms) {
            0 => 0,
            most => (base_offset.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed()) >> 8).rem_euclid(most),
        }
    }

    /// Level for a codec: only gzip has levels here.
    pub(crate) fn compression_level(&self, compression: Compression) -> Option<i32> {
        (compression == Compression::Gzip).then_some(self.compression_gzip_level)
    }

    /// What a batch that came with `source` is stored with (`BrokerCompressionType.targetCompression`).
    pub(crate) fn target_compression(&self, source: Compression) -> Compression {
        match self.compression_type {
            CompressionSetting::Producer => source,
            CompressionSetting::Fixed(compression) => compression,
        }
    }
}

fn parse_cleanup_policy(value: &str) -> Option<CleanupPolicy> {
    let mut policy = CleanupPolicy { delete: false, compact: false };
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name {
            "delete" => policy.delete = true,
            "compact" => policy.compact = true,
            _ => return None,
        }
    }
    Some(policy)
}

fn parse_compression(value: &str) -> Option<CompressionSetting> {
    match value {
        "producer" => Some(CompressionSetting::Producer),
        "uncompressed" => Some(CompressionSetting::Fixed(Compression::None)),
        "none" => None,
        name => Compression::from_name(name).map(CompressionSetting::Fixed),
    }
}

fn parse_bool(value: &str) -> Option<bool> {
    if value.eq_ignore_ascii_case("true") {
        Some(true)
    } else if value.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A decimal from 0 to 1 in millionths; further digits are dropped.
fn parse_millionths(value: &str) -> Option<u32> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let whole: u32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let millionths = whole.checked_mul(1_000_000)?.checked_add(digits.parse().ok()?)?;
    (millionths <= 1_000_000).then_some(millionths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, value: &str) -> Result<LogConfig, LogError> {
        LogConfig::from_configs(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn values_are_read() {
        assert_eq!(parse("segment.bytes", "1048576").unwrap().segment_bytes, 1_048_576);
        assert!(parse("cleanup.policy", "compact,delete").unwrap().cleanup_policy.compact);
        assert!(!parse("cleanup.policy", "").unwrap().cleanup_policy.delete);
        assert_eq!(
            parse("compression.type", "zstd").unwrap().compression_type,
            CompressionSetting::Fixed(Compression::Zstd)
        );
        assert_eq!(parse("min.cleanable.dirty.ratio", "0.01").unwrap().min_cleanable_dirty_ratio_millionths, 10_000);
        assert_eq!(parse("no.such.config", "x").unwrap(), LogConfig::default());
    }

    #[test]
    fn unreadable_values_are_refused() {
        for (name, value) in [
            ("segment.bytes", "-1"),
            ("segment.ms", "a week"),
            ("cleanup.policy", "shrink"),
            ("compression.type", "none"),
            ("min.cleanable.dirty.ratio", "1.5"),
            ("unclean.leader.election.enable", "yes"),
        ] {
            assert!(matches!(parse(name, value), Err(LogError::InvalidConfig { .. })), "{name}={value}");
        }
    }
}
