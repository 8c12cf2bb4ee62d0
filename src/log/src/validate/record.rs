//! The rules for single records: keys on compacted topics, bounds of timestamps (`LogValidator.validateRecord`).

use super::Validator;
use ottla_records::{Batch, NO_TIMESTAMP, Record, TimestampType};

/// Why a record is refused.
pub(super) struct Rejection {
    pub(super) is_timestamp: bool,
    pub(super) message: String,
}

pub(super) fn reject(validator: &Validator<'_>, batch: &Batch, record: &Record) -> Option<Rejection> {
    reject_key(validator, record).or_else(|| reject_timestamp(validator, batch, record))
}

fn reject_key(validator: &Validator<'_>, record: &Record) -> Option<Rejection> {
    if record.key.is_some() || !validator.config.cleanup_policy.compact {
        return None;
    }
    let message =
        format!("Compacted topic cannot accept message without key in topic partition {}", validator.partition);
    Some(Rejection { is_timestamp: false, message })
}

fn reject_timestamp(validator: &Validator<'_>, batch: &Batch, record: &Record) -> Option<Rejection> {
    let Validator { config, wall_ms, .. } = *validator;
    if batch.header.timestamp_type() == TimestampType::LogAppendTime {
        let message = format!(
            "Invalid timestamp type in message {}. Producer should not set timestamp type to LogAppendTime.",
            describe(record)
        );
        return Some(Rejection { is_timestamp: true, message });
    }
    if config.message_timestamp_type != TimestampType::CreateTime || record.timestamp == NO_TIMESTAMP {
        return None;
    }
    let (before_ms, after_ms) = (config.message_timestamp_before_max_ms, config.message_timestamp_after_max_ms);
    let age_ms = wall_ms.saturating_sub(record.timestamp);
    if age_ms <= before_ms && age_ms.saturating_neg() <= after_ms {
        return None;
    }
    let message = format!(
        "Timestamp {} of message with offset {} is out of range. The timestamp should be within [{}, {}]",
        record.timestamp,
        record.offset,
        wall_ms.wrapping_sub(before_ms),
        wall_ms.wrapping_add(after_ms)
    );
    Some(Rejection { is_timestamp: true, message })
}

/// `DefaultRecord.toString`.
fn describe(record: &Record) -> String {
    let length = |part: &Option<bytes::Bytes>| part.as_ref().map_or(0, |bytes| bytes.len());
    format!(
        "DefaultRecord(offset={}, timestamp={}, key={} bytes, value={} bytes)",
        record.offset,
        record.timestamp,
        length(&record.key),
        length(&record.value)
    )
}
