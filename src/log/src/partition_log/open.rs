//! Loading a log from its directory (`LogLoader`): recovery after a crash, leftovers, epochs and producer state.
//!
//! Invariant: what is left is a prefix of what was written, whole and sound; everything behind the first damage goes.

use super::PartitionLog;
use crate::names::{
    CLEANED_SUFFIX, DELETED_SUFFIX, INDEX_SUFFIX, LOG_SUFFIX, SWAP_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX,
    parse_segment_file, partition_name,
};
use crate::segment::{Headers, ScanMode, Segment};
use crate::{LeaderEpochs, LogConfig, LogError, ProducerStateManager};
use ottla_records::RecordError;
use ottla_world::Disk;
use std::sync::Arc;

/// How the broker stopped the last time: whether the log directory has its `.kafka_cleanshutdown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// In order: batches and indexes are trusted.
    Clean,
    /// Killed, or power was cut: every batch is checked.
    Unclean,
    /// The same, but the segments below this recovery point were flushed and are trusted.
    UncleanAfter(i64),
}

/// What loading found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes that were cut off behind the last sound batch.
    pub truncated_bytes: u64,
    /// Segments that were dropped because one before them was damaged.
    pub dropped_segments: u64,
    /// Segments whose indexes were missing or damaged.
    pub rebuilt_indexes: u64,
    /// Why batches were cut off, if they were.
    pub damage: Option<RecordError>,
}

/// What is gathered from segment to segment.
#[derive(Default)]
struct Loading {
    segments: Vec<Segment>,
    epochs: LeaderEpochs,
    recovery: Recovery,
}

/// How a segment is read.
struct Reading<'a> {
    base_offset: i64,
    /// Base offset of the next segment.
    next: Option<i64>,
    /// Whether its files are taken for what they say.
    trusted: bool,
    config: &'a LogConfig,
    wall_ms: i64,
}

impl PartitionLog {
    /// Opens the log in `dir` (such as `node-1/orders-0`), which is made if missing. The high watermark begins at the
    /// log start offset: the caller sets it from its checkpoint.
    ///
    /// # Errors
    /// [`LogError::Disk`]. Damage is no error: it is cut off.
    pub fn open(
        disk: &mut Disk,
        dir: &str,
        config: LogConfig,
        after: Shutdown,
        wall_ms: i64,
    ) -> Result<(PartitionLog, Recovery), LogError> {
        match Self::open_once(disk, dir, &config, after, wall_ms) {
            // What was trusted turns out to be damaged.
            Err(LogError::BadBatch { .. }) if after != Shutdown::Unclean => {
                Self::open_once(disk, dir, &config, Shutdown::Unclean, wall_ms)
            }
            opened => opened,
        }
    }

    fn open_once(
        disk: &mut Disk,
        dir: &str,
        config: &LogConfig,
        after: Shutdown,
        wall_ms: i64,
    ) -> Result<(PartitionLog, Recovery), LogError> {
        let Loading { mut segments, epochs, recovery } = Loading::all(disk, dir, config, after, wall_ms)?;
        let active = match segments.pop() {
            Some(segment) => segment,
            None => Segment::create(disk, dir, 0, wall_ms)?,
        };
        let log_start_offset = segments.first().unwrap_or(&active).base_offset;
        let recovery_point = if after == Shutdown::Clean { active.next_offset } else { active.base_offset };
        let mut log = PartitionLog {
            dir: dir.into(),
            config: Arc::new(config.clone()),
            closed: Arc::new(segments),
            log_start_offset,
            log_end_offset: active.next_offset,
            high_watermark: log_start_offset,
            active,
            epochs,
            producers: ProducerStateManager::default(),
            doomed: Vec::new(),
            cleaned_to: None,
            recovery_point,
            snapshot_at: log_start_offset,
        };
        log.settle_epochs(disk)?;
        log.remove_stray_snapshots(disk);
        log.rebuild_producers(disk)?;
        log.take_snapshot(disk, log.log_end_offset)?;
        Ok((log, recovery))
    }

    /// Makes the file say what was found: it may know of appends or truncations which the power cut undid.
    fn settle_epochs(&mut self, disk: &mut Disk) -> Result<(), LogError> {
        let stored = LeaderEpochs::load(disk, &self.dir).ok();
        self.epochs.truncate_from_end(self.log_end_offset);
        self.epochs.truncate_from_start(self.log_start_offset);
        if stored.as_ref() != Some(&self.epochs) {
            self.epochs.store(disk, &self.dir)?;
        }
        Ok(())
    }

    /// Takes over the log start offset of the checkpoint (`log-start-offset-checkpoint`): where records were deleted
    /// within a segment (KIP-107). A log that ends before it starts there anew.
    ///
    /// # Errors
    /// [`LogError::Disk`].
    pub fn restore_log_start(&mut self, disk: &mut Disk, offset: i64) -> Result<(), LogError> {
        if offset > self.log_end_offset {
            return self.truncate_fully_and_start_at(disk, offset);
        }
        self.move_log_start(disk, offset)
    }
}

impl Loading {
    /// Reads all segments, those that are trusted without walking them.
    fn all(disk: &mut Disk, dir: &str, config: &LogConfig, after: Shutdown, wall_ms: i64) -> Result<Self, LogError> {
        let bases = tidy(disk, dir);
        let stored = LeaderEpochs::load(disk, dir).ok().filter(|epochs| !epochs.entries().is_empty());
        let trusts = |index: usize| match (after, bases.get(index + 1)) {
            _ if stored.is_none() => false,
            (Shutdown::Clean, _) => true,
            (Shutdown::UncleanAfter(recovery_point), Some(next)) => *next <= recovery_point,
            _ => false,
        };
        let mut loading = Self::default();
        let first_scanned = (0..bases.len()).find(|index| !trusts(*index));
        if let (Some(stored), false) = (&stored, first_scanned == Some(0)) {
            // The epochs of what is not scanned; the rest is told by the batches.
            loading.epochs = stored.clone();
            loading.epochs.truncate_from_end(first_scanned.map_or(i64::MAX, |index| bases[index]));
        }
        for (index, base_offset) in bases.iter().copied().enumerate() {
            let (next, trusted) = (bases.get(index + 1).copied(), trusts(index));
            loading.add(disk, dir, &Reading { base_offset, next, trusted, config, wall_ms })?;
        }
        Ok(loading)
    }

    fn add(&mut self, disk: &mut Disk, dir: &str, reading: &Reading<'_>) -> Result<(), LogError> {
        let Reading { base_offset, next, trusted, config, wall_ms } = *reading;
        let end = self.segments.last().map_or(0, |segment| segment.next_offset);
        if self.recovery.damage.is_some() || base_offset < end {
            let overlap = RecordError::InvalidField { field: "baseOffset", value: base_offset };
            self.recovery.damage.get_or_insert(overlap);
            self.recovery.dropped_segments += 1;
            Segment::remove_files(disk, dir, base_offset);
            return Ok(());
        }
        if trusted && let Some(segment) = Segment::load(disk, dir, base_offset, next, wall_ms) {
            self.segments.push(segment);
            return Ok(());
        }
        let epochs = &mut self.epochs;
        let mode = if trusted { ScanMode::Trust } else { ScanMode::Verify };
        let recovered = Segment::recover(disk, dir, base_offset, wall_ms, (config, mode), &mut |header| {
            let epoch = header.partition_leader_epoch;
            if epochs.latest().is_none_or(|latest| epoch > latest.epoch) {
                epochs.assign(epoch, header.base_offset);
            }
        })?;
        self.recovery.truncated_bytes += recovered.truncated_bytes;
        self.recovery.rebuilt_indexes += u64::from(recovered.index_rebuilt);
        self.recovery.damage = recovered.damage;
        self.segments.push(recovered.segment);
        Ok(())
    }
}

/// Removes what a crash may leave behind (files on their way out, indexes without batches); the base offsets of the
/// segments in order.
fn tidy(disk: &mut Disk, dir: &str) -> Vec<i64> {
    let prefix = format!("{dir}/");
    finish_swap(disk, &prefix);
    let paths: Vec<String> = disk.list(&prefix).map(str::to_owned).collect();
    let bases: Vec<i64> = paths.iter().filter_map(|path| parse_segment_file(path)).collect();
    for path in &paths {
        let name = partition_name(path);
        let leftover = [DELETED_SUFFIX, CLEANED_SUFFIX].iter().any(|suffix| name.ends_with(suffix));
        let orphan = name.split_once('.').is_some_and(|(base, suffix)| {
            let is_index = ["index", "timeindex", "txnindex"].contains(&suffix);
            is_index && !disk.exists(&format!("{prefix}{base}.{LOG_SUFFIX}"))
        });
        if leftover || orphan {
            disk.remove(path);
        }
    }
    bases
}

/// Brings a cleaning to its end that had written its segments (`LogLoader.removeTempFilesAndCollectSwapFiles`): the
/// segments they replace go, and they get their names.
fn finish_swap(disk: &mut Disk, prefix: &str) {
    let paths: Vec<String> = disk.list(prefix).map(str::to_owned).collect();
    let swapped: Vec<&str> = paths.iter().filter_map(|path| path.strip_suffix(SWAP_SUFFIX)).collect();
    for name in &swapped {
        let Some(base_offset) = parse_segment_file(name) else { continue };
        let swap = format!("{name}{SWAP_SUFFIX}");
        let headers = Headers::new(disk, &swap, 0, disk.len(&swap).unwrap_or(0));
        let next_offset = headers.map_while(Result::ok).map(|(_, header)| header.next_offset()).last();
        let replaced = base_offset..next_offset.unwrap_or(base_offset).max(base_offset + 1);
        let old = paths.iter().filter_map(|path| parse_segment_file(path)).filter(|base| replaced.contains(base));
        for base_offset in old {
            for suffix in [LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX] {
                disk.remove(&format!("{prefix}{base_offset:020}.{suffix}"));
            }
        }
    }
    for name in swapped {
        // A file that was just listed is there.
        drop(disk.rename(&format!("{name}{SWAP_SUFFIX}"), name));
    }
}
