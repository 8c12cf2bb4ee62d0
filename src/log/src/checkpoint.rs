//! Kafka's checkpoint files (`CheckpointFile`): a version, a count, and one entry a line.
//!
//! Serves the leader epochs of a log and the offsets that a broker keeps for all its partitions in the log directory.
//! Invariant: a file is replaced as a whole, so that a power cut leaves the old or the new one.

use crate::LogError;
use ottla_world::Disk;
use std::collections::BTreeMap;

const VERSION: &str = "0";

/// An offset for each topic and partition.
pub type PartitionOffsets = BTreeMap<(String, i32), i64>;

/// The high watermarks of a log directory: `replication-offset-checkpoint` (`ReplicaManager`).
#[derive(Debug)]
pub struct HighWatermarks;

/// The log start offsets of a log directory: `log-start-offset-checkpoint` (`LogManager`).
#[derive(Debug)]
pub struct LogStartOffsets;

/// Up to where the logs of a directory are flushed: `recovery-point-offset-checkpoint` (`LogManager`).
#[derive(Debug)]
pub struct RecoveryPoints;

/// Up to where the logs of a directory are cleaned: `cleaner-offset-checkpoint` (`LogCleanerManager`).
#[derive(Debug)]
pub struct CleanerOffsets;

macro_rules! offset_checkpoint {
    ($name:ident, $file:literal) => {
        impl $name {
            /// Name of the file in the log directory.
            pub const FILE: &'static str = $file;

            /// Reads the file of `log_dir` (such as `node-1`); nothing if there is none.
            ///
            /// # Errors
            /// [`LogError::MalformedFile`].
            pub fn load(disk: &Disk, log_dir: &str) -> Result<PartitionOffsets, LogError> {
                load_offsets(disk, &format!("{log_dir}/{}", Self::FILE))
            }

            /// Replaces the file of `log_dir`, durably.
            ///
            /// # Errors
            /// [`LogError::Disk`]; then the old content stays.
            pub fn store(disk: &mut Disk, log_dir: &str, offsets: &PartitionOffsets) -> Result<(), LogError> {
                store_offsets(disk, &format!("{log_dir}/{}", Self::FILE), offsets)
            }
        }
    };
}

offset_checkpoint!(HighWatermarks, "replication-offset-checkpoint");
offset_checkpoint!(LogStartOffsets, "log-start-offset-checkpoint");
offset_checkpoint!(CleanerOffsets, "cleaner-offset-checkpoint");
offset_checkpoint!(RecoveryPoints, "recovery-point-offset-checkpoint");

fn load_offsets(disk: &Disk, path: &str) -> Result<PartitionOffsets, LogError> {
    let lines = read_lines(disk, path)?;
    let entries = lines.iter().map(|line| parse_offset(line).ok_or_else(|| malformed_line(path, line)));
    entries.collect()
}

fn parse_offset(line: &str) -> Option<((String, i32), i64)> {
    let mut words = line.split_ascii_whitespace();
    let entry = ((words.next()?.to_owned(), words.next()?.parse().ok()?), words.next()?.parse().ok()?);
    words.next().is_none().then_some(entry)
}

fn store_offsets(disk: &mut Disk, path: &str, offsets: &PartitionOffsets) -> Result<(), LogError> {
    let lines = offsets.iter().map(|((topic, partition), offset)| format!("{topic} {partition} {offset}"));
    write_lines(disk, path, lines)
}

pub(crate) fn malformed_line(path: &str, line: &str) -> LogError {
    LogError::MalformedFile { path: path.to_owned(), reason: format!("malformed line '{line}'") }
}

/// The entries of a checkpoint file; none if there is no file.
pub(crate) fn read_lines(disk: &Disk, path: &str) -> Result<Vec<String>, LogError> {
    let malformed = |reason: &str| LogError::MalformedFile { path: path.to_owned(), reason: reason.to_owned() };
    let Some(bytes) = disk.read_all(path) else { return Ok(Vec::new()) };
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed("not text"))?;
    let mut lines = text.lines();
    if lines.next() != Some(VERSION) {
        return Err(malformed("unrecognized version"));
    }
    let count: u64 = lines.next().and_then(|line| line.parse().ok()).ok_or_else(|| malformed("no count"))?;
    let entries: Vec<String> = lines.map(str::to_owned).collect();
    if entries.len() as u64 == count { Ok(entries) } else { Err(malformed("another number of entries than it says")) }
}

/// Replaces a checkpoint file.
pub(crate) fn write_lines(
    disk: &mut Disk,
    path: &str,
    lines: impl ExactSizeIterator<Item = String>,
) -> Result<(), LogError> {
    let mut text = format!("{VERSION}\n{}\n", lines.len());
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    Ok(disk.replace(path, text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_kept_in_kafkas_format() {
        let mut disk = Disk::default();
        assert_eq!(HighWatermarks::load(&disk, "node-1").unwrap(), BTreeMap::new());
        let offsets = BTreeMap::from([(("orders".to_owned(), 0), 5), (("orders".to_owned(), 10), 7)]);
        HighWatermarks::store(&mut disk, "node-1", &offsets).unwrap();
        let text = disk.read_all("node-1/replication-offset-checkpoint").unwrap();
        assert_eq!(text, &b"0\n2\norders 0 5\norders 10 7\n"[..]);
        assert_eq!(HighWatermarks::load(&disk, "node-1").unwrap(), offsets);
        assert_eq!(LogStartOffsets::load(&disk, "node-1").unwrap(), BTreeMap::new());
    }

    #[test]
    fn damaged_files_are_refused() {
        for text in ["", "1\n0\n", "0\nx\n", "0\n2\na 0 1\n", "0\n1\na 0\n", "0\n1\na 0 1 2\n", "0\n1\na 0 x\n"] {
            let mut disk = Disk::default();
            disk.replace("n/log-start-offset-checkpoint", text.as_bytes()).unwrap();
            let result = LogStartOffsets::load(&disk, "n");
            assert!(matches!(result, Err(LogError::MalformedFile { .. })), "{text:?}");
        }
    }
}
