//! Which leader wrote what: the leader epochs of a log and their start offsets (`LeaderEpochFileCache`, KIP-101).
//!
//! Serves truncation after a change of leader. Invariant: epochs and start offsets both increase strictly, and the file
//! `leader-epoch-checkpoint` says the same.

use crate::checkpoint::{malformed_line, read_lines, write_lines};
use crate::{LogError, names::LEADER_EPOCH_FILE};
use ottla_world::Disk;
use std::sync::Arc;

/// No such epoch (`OffsetsForLeaderEpochResponse.UNDEFINED_EPOCH`).
pub const UNDEFINED_EPOCH: i32 = -1;
/// No such offset (`OffsetsForLeaderEpochResponse.UNDEFINED_EPOCH_OFFSET`).
pub const UNDEFINED_EPOCH_OFFSET: i64 = -1;

/// A leader epoch and the first offset written in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEntry {
    /// The epoch.
    pub epoch: i32,
    /// Offset of its first batch.
    pub start_offset: i64,
}

/// Where an epoch ends in this log; -1 and -1 if that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEnd {
    /// The epoch asked for, or the greatest one below it that this log has.
    pub epoch: i32,
    /// The offset behind its last batch.
    pub end_offset: i64,
}

impl EpochEnd {
    /// The answer where nothing is known.
    pub const UNDEFINED: EpochEnd = EpochEnd { epoch: UNDEFINED_EPOCH, end_offset: UNDEFINED_EPOCH_OFFSET };

    /// Whether nothing is known.
    #[must_use]
    pub fn is_undefined(&self) -> bool {
        self.end_offset == UNDEFINED_EPOCH_OFFSET
    }
}

/// The epochs of one log. Clones share the entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeaderEpochs {
    entries: Arc<Vec<EpochEntry>>,
}

impl LeaderEpochs {
    /// Reads `leader-epoch-checkpoint` of a partition's directory; no entries if there is no file.
    pub(crate) fn load(disk: &Disk, dir: &str) -> Result<Self, LogError> {
        let path = path(dir);
        let mut epochs = Self::default();
        for line in read_lines(disk, &path)? {
            let entry = parse(&line).ok_or_else(|| malformed_line(&path, &line))?;
            epochs.assign(entry.epoch, entry.start_offset);
        }
        Ok(epochs)
    }

    pub(crate) fn store(&self, disk: &mut Disk, dir: &str) -> Result<(), LogError> {
        let lines = self.entries.iter().map(|entry| format!("{} {}", entry.epoch, entry.start_offset));
        write_lines(disk, &path(dir), lines)
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The latest epoch.
    #[must_use]
    pub fn latest(&self) -> Option<EpochEntry> {
        self.entries.last().copied()
    }

    /// The oldest epoch.
    #[must_use]
    pub fn earliest(&self) -> Option<EpochEntry> {
        self.entries.first().copied()
    }

    /// The epoch in which `offset` was written.
    #[must_use]
    pub fn epoch_for_offset(&self, offset: i64) -> Option<i32> {
        self.entries.iter().rev().find(|entry| entry.start_offset <= offset).map(|entry| entry.epoch)
    }

    /// Where `epoch` ends in a log that ends at `log_end_offset` (`endOffsetFor`).
    #[must_use]
    pub fn end_offset_for(&self, epoch: i32, log_end_offset: i64) -> EpochEnd {
        if epoch == UNDEFINED_EPOCH {
            return EpochEnd::UNDEFINED;
        }
        if self.latest().is_some_and(|latest| latest.epoch == epoch) {
            return EpochEnd { epoch, end_offset: log_end_offset };
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let Some(next) = self.entries.get(higher) else { return EpochEnd::UNDEFINED };
        let floor = higher.checked_sub(1).and_then(|index| self.entries.get(index));
        EpochEnd { epoch: floor.map_or(epoch, |entry| entry.epoch), end_offset: next.start_offset }
    }

    /// Notes that `epoch` starts at `start_offset`; conflicting later entries go. Whether anything changed.
    pub(crate) fn assign(&mut self, epoch: i32, start_offset: i64) -> bool {
        if epoch < 0 || start_offset < 0 {
            return false;
        }
        if self.latest().is_some_and(|latest| latest.epoch == epoch && start_offset >= latest.start_offset) {
            return false;
        }
        let entries = Arc::make_mut(&mut self.entries);
        while entries.last().is_some_and(|last| last.epoch >= epoch || last.start_offset >= start_offset) {
            entries.pop();
        }
        entries.push(EpochEntry { epoch, start_offset });
        true
    }

    /// Forgets the epochs that start at `end_offset` or later. Whether anything changed.
    pub(crate) fn truncate_from_end(&mut self, end_offset: i64) -> bool {
        let kept = self.entries.partition_point(|entry| entry.start_offset < end_offset);
        let changed = kept < self.entries.len();
        if changed {
            Arc::make_mut(&mut self.entries).truncate(kept);
        }
        changed
    }

    /// Forgets the epochs that ended before `start_offset`; the one it lies in starts there now. Whether anything changed.
    pub(crate) fn truncate_from_start(&mut self, start_offset: i64) -> bool {
        let below = self.entries.partition_point(|entry| entry.start_offset <= start_offset);
        let Some(last_below) = below.checked_sub(1) else { return false };
        if last_below == 0 && self.entries[0].start_offset == start_offset {
            return false;
        }
        let entries = Arc::make_mut(&mut self.entries);
        entries.drain(..last_below);
        entries[0].start_offset = start_offset;
        true
    }

    /// Forgets everything. Whether anything changed.
    pub(crate) fn clear(&mut self) -> bool {
        let changed = !self.entries.is_empty();
        *self = Self::default();
        changed
    }
}

fn path(dir: &str) -> String {
    format!("{dir}/{LEADER_EPOCH_FILE}")
}

fn parse(line: &str) -> Option<EpochEntry> {
    let (epoch, start_offset) = line.split_once(' ')?;
    let entry = EpochEntry { epoch: epoch.parse().ok()?, start_offset: start_offset.parse().ok()? };
    (entry.epoch >= 0 && entry.start_offset >= 0).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(entries: &[(i32, i64)]) -> LeaderEpochs {
        let mut epochs = LeaderEpochs::default();
        for &(epoch, start_offset) in entries {
            epochs.assign(epoch, start_offset);
        }
        epochs
    }

    fn pairs(epochs: &LeaderEpochs) -> Vec<(i32, i64)> {
        epochs.entries().iter().map(|entry| (entry.epoch, entry.start_offset)).collect()
    }

    #[test]
    fn ends_follow_kip_101() {
        let epochs = epochs(&[(2, 10), (4, 20), (5, 30)]);
        for (asked, expected) in
            [(-1, (-1, -1)), (0, (0, 10)), (2, (2, 20)), (3, (2, 20)), (4, (4, 30)), (5, (5, 42)), (6, (-1, -1))]
        {
            let end = epochs.end_offset_for(asked, 42);
            assert_eq!((end.epoch, end.end_offset), expected, "epoch {asked}");
        }
        assert!(LeaderEpochs::default().end_offset_for(0, 42).is_undefined());
    }

    #[test]
    fn conflicting_entries_go() {
        for (assigned, expected) in [
            ((5, 30), vec![(2, 10), (4, 20), (5, 30)]),
            ((4, 20), vec![(2, 10), (4, 20)]),
            ((4, 25), vec![(2, 10), (4, 20)]),
            ((4, 15), vec![(2, 10), (4, 15)]),
            ((5, 20), vec![(2, 10), (5, 20)]),
            ((5, 5), vec![(5, 5)]),
            ((3, 30), vec![(2, 10), (3, 30)]),
            ((-1, 30), vec![(2, 10), (4, 20)]),
        ] {
            assert_eq!(pairs(&epochs(&[(2, 10), (4, 20), assigned])), expected, "{assigned:?}");
        }
    }

    #[test]
    fn truncation_from_both_ends() {
        let all = epochs(&[(2, 10), (4, 20), (5, 30)]);
        for (end, expected) in [(31, 3), (30, 2), (11, 1), (10, 0), (0, 0)] {
            let mut cut = all.clone();
            assert_eq!(cut.truncate_from_end(end), expected < 3);
            assert_eq!(cut.entries().len(), expected, "end {end}");
        }
        for (start, expected) in [
            (5, vec![(2, 10), (4, 20), (5, 30)]),
            (10, vec![(2, 10), (4, 20), (5, 30)]),
            (15, vec![(2, 15), (4, 20), (5, 30)]),
            (20, vec![(4, 20), (5, 30)]),
            (99, vec![(5, 99)]),
        ] {
            let mut cut = all.clone();
            assert_eq!(cut.truncate_from_start(start), expected != pairs(&all));
            assert_eq!(pairs(&cut), expected, "start {start}");
        }
    }

    #[test]
    fn offsets_lie_in_epochs() {
        let epochs = epochs(&[(2, 10), (4, 20)]);
        let found: Vec<_> = [9, 10, 19, 20, 99].map(|offset| epochs.epoch_for_offset(offset)).into();
        assert_eq!(found, [None, Some(2), Some(2), Some(4), Some(4)]);
    }

    #[test]
    fn the_file_is_kafkas() {
        let mut disk = Disk::default();
        let epochs = epochs(&[(0, 0), (3, 17)]);
        epochs.store(&mut disk, "n/t-0").unwrap();
        assert_eq!(disk.read_all("n/t-0/leader-epoch-checkpoint").unwrap(), &b"0\n2\n0 0\n3 17\n"[..]);
        assert_eq!(LeaderEpochs::load(&disk, "n/t-0").unwrap(), epochs);
    }
}
