//! Names of the files of a log (`LogFileUtils`, `UnifiedLog`), for everyone who makes or looks for one.
//!
//! Invariant: a segment's files have the segment's base offset as their name, in 20 digits, so that names sort by offset.

/// Marks a log directory (`node-1/.kafka_cleanshutdown`) whose broker stopped in order (`CleanShutdownFileHandler`).
pub const CLEAN_SHUTDOWN_FILE: &str = ".kafka_cleanshutdown";
/// End of the name of a deleted partition's directory (`LogFileUtils.DELETE_DIR_SUFFIX`).
pub const DELETE_DIR_SUFFIX: &str = "-delete";
/// The leader epochs of a partition (`LeaderEpochCheckpointFile`).
pub(crate) const LEADER_EPOCH_FILE: &str = "leader-epoch-checkpoint";
/// Topic id of a partition (`PartitionMetadataFile`).
pub(crate) const PARTITION_METADATA_FILE: &str = "partition.metadata";
/// Suffix of a segment's batches.
pub(crate) const LOG_SUFFIX: &str = "log";
/// Suffix of a segment's offset index.
pub(crate) const INDEX_SUFFIX: &str = "index";
/// Suffix of a segment's time index.
pub(crate) const TIME_INDEX_SUFFIX: &str = "timeindex";

/// Suffix of a segment's aborted transactions.
pub(crate) const TXN_INDEX_SUFFIX: &str = "txnindex";
/// Suffix of the producers of a log at an offset.
pub(crate) const SNAPSHOT_SUFFIX: &str = "snapshot";
/// Suffix that is put behind the name of a file that goes soon (`LogFileUtils.DELETED_FILE_SUFFIX`).
pub(crate) const DELETED_SUFFIX: &str = ".deleted";

/// Suffix of what a cleaning is writing (`LogFileUtils.CLEANED_FILE_SUFFIX`).
pub(crate) const CLEANED_SUFFIX: &str = ".cleaned";
/// Suffix of what a cleaning has written and is putting in place (`LogFileUtils.SWAP_FILE_SUFFIX`).
pub(crate) const SWAP_SUFFIX: &str = ".swap";

/// Path of a segment's file: `segment_file("node-1/orders-0", 42, "log")` is
/// `node-1/orders-0/00000000000000000042.log`.
#[must_use]
pub fn segment_file(dir: &str, base_offset: i64, suffix: &str) -> String {
    format!("{dir}/{base_offset:020}.{suffix}")
}

/// Base offset in the path of a segment's `.log` file, if it is one.
pub(crate) fn parse_segment_file(path: &str) -> Option<i64> {
    parse_offset_file(path, LOG_SUFFIX)
}

/// Offset in the path of a file with this suffix, if it is one.
pub(crate) fn parse_offset_file(path: &str, suffix: &str) -> Option<i64> {
    let name = path.rsplit('/').next()?;
    let digits = name.strip_suffix(suffix)?.strip_suffix('.')?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// Topic and partition of a log's directory: `orders-0` or `node-1/orders-0` gives (`orders`, 0).
#[must_use]
pub fn parse_log_dir_name(dir: &str) -> Option<(&str, i32)> {
    let name = dir.rsplit('/').next()?;
    let (topic, partition) = name.rsplit_once('-')?;
    let plain = !partition.is_empty() && partition.bytes().all(|byte| byte.is_ascii_digit());
    if topic.is_empty() || !plain { None } else { Some((topic, partition.parse().ok()?)) }
}

/// The last name of a path: how messages call the partition.
pub(crate) fn partition_name(dir: &str) -> &str {
    dir.rsplit('/').next().unwrap_or(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_as_they_are_made() {
        let path = segment_file("node-1/orders-0", 42, LOG_SUFFIX);
        assert_eq!(path, "node-1/orders-0/00000000000000000042.log");
        assert_eq!(parse_segment_file(&path), Some(42));
        for foreign in
            ["42.log", "d/0000000000000000004x.log", "d/00000000000000000042.index", "", "d/99999999999999999999.log"]
        {
            assert_eq!(parse_segment_file(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn directories_name_topic_and_partition() {
        for (dir, expected) in [
            ("node-1/orders-0", Some(("orders", 0))),
            ("a-b-12", Some(("a-b", 12))),
            ("__cluster_metadata-0", Some(("__cluster_metadata", 0))),
            ("orders", None),
            ("-1", None),
            ("orders-", None),
            ("orders-99999999999", None),
        ] {
            assert_eq!(parse_log_dir_name(dir), expected, "{dir}");
        }
    }
}
