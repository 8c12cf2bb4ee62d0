//! When a member of the quorum writes a snapshot of what was committed (`SnapshotGenerator`).
//!
//! Serves controllers and observers. Invariant: a snapshot ends where a committed batch ends, and is looked at only when one
//! was handed out: no timer wakes anybody for it.

use super::Quorum;
use crate::image::MetadataImage;
use crate::raft::{EpochAndOffset, LogSettings};
use crate::record::SnapshotContent;
use ottla_world::{Context, Time};
use std::collections::BTreeMap;

/// When snapshots are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotSettings {
    /// `metadata.log.max.record.bytes.between.snapshots`.
    pub max_bytes: u64,
    /// `metadata.log.max.snapshot.interval.ms`; 0 for never by time.
    pub max_interval_ms: u64,
}

fn number(settings: &BTreeMap<String, String>, key: &str) -> Option<u64> {
    settings.get(key)?.trim().parse().ok()
}

impl SnapshotSettings {
    /// From the node's properties.
    pub fn of(settings: &BTreeMap<String, String>) -> SnapshotSettings {
        SnapshotSettings {
            max_bytes: number(settings, "metadata.log.max.record.bytes.between.snapshots").unwrap_or(20 << 20),
            max_interval_ms: number(settings, "metadata.log.max.snapshot.interval.ms").unwrap_or(3_600_000),
        }
    }
}

impl LogSettings {
    /// From the node's properties; -1 is no limit.
    pub fn of(settings: &BTreeMap<String, String>) -> LogSettings {
        let default = LogSettings::default();
        let limit = |key: &str| settings.get(key).and_then(|value| value.trim().parse::<i64>().ok());
        let (bytes, ms) = (limit("metadata.max.retention.bytes"), limit("metadata.max.retention.ms"));
        LogSettings {
            segment_bytes: number(settings, "metadata.log.segment.bytes").unwrap_or(default.segment_bytes),
            retention_bytes: bytes.map_or(default.retention_bytes, |limit| u64::try_from(limit).unwrap_or(u64::MAX)),
            retention_ms: ms.map_or(default.retention_ms, |limit| if limit < 0 { i64::MAX } else { limit }),
        }
    }
}

/// What was handed out since the last snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct SinceSnapshot {
    bytes: u64,
    since: Time,
    /// End and epoch of the last batch.
    end: EpochAndOffset,
    /// Its time stamp, in milliseconds since 1970.
    last_ms: i64,
}

impl SinceSnapshot {
    pub(super) fn new(now: Time) -> SinceSnapshot {
        SinceSnapshot { bytes: 0, since: now, end: EpochAndOffset::default(), last_ms: -1 }
    }

    /// Epoch of the last batch.
    pub(super) fn epoch(&self) -> i32 {
        self.end.epoch
    }

    /// A batch was handed out.
    pub(super) fn count(&mut self, bytes: u64, end: EpochAndOffset, last_ms: i64) {
        self.bytes += bytes;
        self.end = end;
        self.last_ms = last_ms;
    }

    /// A snapshot was written or read.
    pub(super) fn reset(&mut self, now: Time, end: EpochAndOffset, last_ms: i64) {
        *self = SinceSnapshot { bytes: 0, since: now, end, last_ms };
    }
}

impl Quorum {
    /// Writes a snapshot of what was handed out, if one is due. `image` has replayed it all.
    pub fn snapshot_if_due(&mut self, cx: &mut Context<'_>, image: &MetadataImage) {
        let (now, settings, progress) = (cx.now(), self.config.snapshots, self.progress);
        let late = settings.max_interval_ms > 0 && now.millis_since(progress.since) >= settings.max_interval_ms;
        if !late && progress.bytes < settings.max_bytes {
            return;
        }
        let id = progress.end;
        if id.offset != self.next_committed || image.offset() + 1 != id.offset || id.offset == 0 {
            return;
        }
        self.progress.reset(now, id, progress.last_ms);
        let content = SnapshotContent { last_contained_ms: progress.last_ms, records: image.to_records() };
        let wall_ms = cx.wall_ms();
        let outcome = self.raft.keep_snapshot(cx.disk(), id, &content, wall_ms);
        cx.note(format!("metadata snapshot at offset {}, {} records", id.offset, content.records.len()));
        self.check(cx, outcome);
    }
}
