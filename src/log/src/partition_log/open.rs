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
    producers: ProducerStateManager,
    recovery: Recovery,
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
        let mode = if after == Shutdown::Clean { ScanMode::Trust } else { ScanMode::Verify };
        let bases = tidy(disk, dir);
        let mut loading = Loading::default();
        for base_offset in bases {
            loading.add(disk, dir, base_offset, wall_ms, (&config, mode))?;
        }
        let Loading { mut segments, epochs, mut producers, recovery } = loading;
        let active = match segments.pop() {
            Some(segment) => segment,
            None => Segment::create(disk, dir, 0, wall_ms)?,
        };
        let log_start_offset = segments.first().unwrap_or(&active).base_offset;
        producers.on_high_watermark(log_start_offset);
        let mut log = PartitionLog {
            dir: dir.into(),
            config: Arc::new(config),
            closed: Arc::new(segments),
            log_start_offset,
            log_end_offset: active.next_offset,
            high_watermark: log_start_offset,
            active,
            epochs,
            producers,
            doomed: Vec::new(),
            cleaned_to: None,
        };
        log.settle_epochs(disk, after)?;
        Ok((log, recovery))
    }

    /// The epochs that the file says, or after a crash those of the batches: the file may know of appends or
    /// truncations which the power cut undid.
    fn settle_epochs(&mut self, disk: &mut Disk, after: Shutdown) -> Result<(), LogError> {
        let stored = LeaderEpochs::load(disk, &self.dir).ok();
        if after == Shutdown::Clean
            && let Some(stored) = &stored
            && stored.latest().map(|entry| entry.epoch) >= self.latest_epoch()
        {
            self.epochs = stored.clone();
        }
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
    fn add(
        &mut self,
        disk: &mut Disk,
        dir: &str,
        base_offset: i64,
        wall_ms: i64,
        how: (&LogConfig, ScanMode),
    ) -> Result<(), LogError> {
        let end = self.segments.last().map_or(0, |segment| segment.next_offset);
        if self.recovery.damage.is_some() || base_offset < end {
            let overlap = RecordError::InvalidField { field: "baseOffset", value: base_offset };
            self.recovery.damage.get_or_insert(overlap);
            self.recovery.dropped_segments += 1;
            Segment::remove_files(disk, dir, base_offset);
            return Ok(());
        }
        let (epochs, producers) = (&mut self.epochs, &mut self.producers);
        let recovered = Segment::recover(disk, dir, base_offset, wall_ms, how, &mut |scanned| {
            let epoch = scanned.header.partition_leader_epoch;
            if epochs.latest().is_none_or(|latest| epoch > latest.epoch) {
                epochs.assign(epoch, scanned.header.base_offset);
            }
            producers.replay(scanned.header, scanned.marker);
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
