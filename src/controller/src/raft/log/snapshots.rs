//! The snapshots beside the log, and what of both may go (`KafkaMetadataLog.maybeClean`).
//!
//! Serves the log. Invariants: what the log does not hold any more is in a snapshot; one snapshot is always kept.

use super::{EpochAndOffset, MetadataLog, MetadataLogError};
use crate::record::{SnapshotContent, read_snapshot};
use bytes::Bytes;
use ottla_world::Disk;

/// A snapshot on the disk: all below `id.offset`, whose last record was written in `id.epoch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What it stands for.
    pub id: EpochAndOffset,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Time stamp of the last record it stands for, in milliseconds since 1970.
    pub last_contained_ms: i64,
}

/// The name of a snapshot's file (`Snapshots.filenameFromSnapshotId`).
pub(super) fn path(dir: &str, id: EpochAndOffset) -> String {
    format!("{dir}/{:020}-{:010}.checkpoint", id.offset, id.epoch)
}

fn id_of(file_name: &str) -> Option<EpochAndOffset> {
    let (offset, epoch) = file_name.strip_suffix(".checkpoint")?.split_once('-')?;
    Some(EpochAndOffset { epoch: epoch.parse().ok()?, offset: offset.parse().ok()? })
}

/// The whole snapshots in `dir`, oldest first; damaged ones are removed.
pub(super) fn find(disk: &mut Disk, dir: &str) -> Vec<Snapshot> {
    let prefix = format!("{dir}/");
    let ids: Vec<EpochAndOffset> =
        disk.list(&prefix).filter_map(|path| id_of(path.strip_prefix(&prefix)?)).filter(|id| id.offset > 0).collect();
    let mut found = Vec::new();
    for id in ids {
        let file = disk.read_all(&path(dir, id)).unwrap_or_default();
        let size_bytes = file.len() as u64;
        match read_snapshot(file) {
            Ok(content) => found.push(Snapshot { id, size_bytes, last_contained_ms: content.last_contained_ms }),
            Err(_) => drop(disk.remove(&path(dir, id))),
        }
    }
    found.sort_by_key(|snapshot| snapshot.id.offset);
    found
}

impl MetadataLog {
    /// The snapshots, oldest first.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }

    /// The newest snapshot.
    pub fn latest_snapshot(&self) -> Option<Snapshot> {
        self.snapshots.last().copied()
    }

    /// The bytes of a snapshot.
    pub fn snapshot_file(&self, disk: &Disk, id: EpochAndOffset) -> Option<Bytes> {
        self.snapshots.iter().find(|snapshot| snapshot.id == id)?;
        disk.read_all(&path(&self.dir, id))
    }

    /// Writes a snapshot of everything below `id.offset`; one that is there already, or older than the log's start, is none.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn store_snapshot(
        &mut self,
        disk: &mut Disk,
        id: EpochAndOffset,
        file: &Bytes,
        content: &SnapshotContent,
    ) -> Result<bool, MetadataLogError> {
        if id.offset < self.start.offset || self.snapshots.iter().any(|known| known.id.offset >= id.offset) {
            return Ok(false);
        }
        disk.replace(&path(&self.dir, id), file)?;
        let last_contained_ms = content.last_contained_ms;
        self.snapshots.push(Snapshot { id, size_bytes: file.len() as u64, last_contained_ms });
        Ok(true)
    }

    /// Lets old snapshots go, and with each the log before the next one, while both together are too large or the oldest is
    /// too old. `now_ms` in milliseconds since 1970.
    pub fn clean(&mut self, disk: &mut Disk, now_ms: i64) {
        while let [oldest, next, ..] = self.snapshots[..] {
            let logs: u64 = self.segments.iter().map(|segment| segment.size_bytes).sum();
            let snapshots: u64 = self.snapshots.iter().map(|snapshot| snapshot.size_bytes).sum();
            let too_large = logs + snapshots > self.settings.retention_bytes;
            let too_old = now_ms.saturating_sub(oldest.last_contained_ms) > self.settings.retention_ms;
            if !too_large && !too_old {
                return;
            }
            self.start_at(disk, next.id);
        }
    }

    /// The log begins at a snapshot: older ones go, and the segments that hold nothing but what is before it.
    fn start_at(&mut self, disk: &mut Disk, id: EpochAndOffset) {
        assert!(id.offset >= self.start.offset, "the log's start never goes back");
        for old in self.snapshots.iter().filter(|snapshot| snapshot.id.offset < id.offset) {
            disk.remove(&path(&self.dir, old.id));
        }
        self.snapshots.retain(|snapshot| snapshot.id.offset >= id.offset);
        self.start = id;
        while self.segments.get(1).is_some_and(|second| second.base <= id.offset) {
            let old = self.segments.remove(0);
            disk.remove(&old.path(&self.dir));
        }
        let first = self.segments[0].base;
        while self.epochs.get(1).is_some_and(|(_, start)| *start <= first) {
            self.epochs.remove(0);
        }
    }

    /// Forgets the log: it begins anew, empty, at the end of a snapshot that is stored (`truncateToLatestSnapshot`).
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn restart_at_snapshot(&mut self, disk: &mut Disk, id: EpochAndOffset) -> Result<(), MetadataLogError> {
        assert!(self.snapshots.iter().any(|snapshot| snapshot.id == id), "only what a snapshot holds is forgotten");
        for segment in std::mem::take(&mut self.segments) {
            disk.remove(&segment.path(&self.dir));
        }
        for old in self.snapshots.iter().filter(|snapshot| snapshot.id != id) {
            disk.remove(&path(&self.dir, old.id));
        }
        self.snapshots.retain(|snapshot| snapshot.id == id);
        self.epochs.clear();
        self.recent.clear();
        self.start = id;
        self.begin_segment(disk, id.offset)?;
        self.store_epochs(disk)
    }
}
