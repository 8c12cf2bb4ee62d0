//! What retention lets go, and when.

mod common;

use common::*;
use ottla_log::{CleanupPolicy, DeletionReason, LogConfig, PartitionLog, Shutdown};
use ottla_world::Disk;

/// Segments of two batches, one record each, a minute apart: 0 and 1, 2 and 3, …; all below the high watermark.
fn filled(disk: &mut Disk, config: &LogConfig, count: i64) -> PartitionLog {
    let mut log = open(disk, config);
    for number in 0..count {
        let bytes = batch_at(NOW + number * 60_000, &[&format!("v{number}")]);
        log.append_as_leader(disk, bytes, 0, NOW + number * 60_000).unwrap();
    }
    log.set_high_watermark(i64::MAX);
    log
}

fn two_a_segment() -> LogConfig {
    let size = batch(&["v0"]).len() as u64;
    LogConfig { segment_bytes: 2 * size, retention_ms: -1, ..LogConfig::default() }
}

fn gone(log: &mut PartitionLog, disk: &mut Disk, wall_ms: i64) -> Vec<(i64, DeletionReason)> {
    log.delete_old_segments(disk, wall_ms).unwrap().segments
}

#[test]
fn age_is_that_of_the_youngest_record_of_a_segment() {
    let config = LogConfig { retention_ms: 100_000, ..two_a_segment() };
    let mut disk = Disk::default();
    let mut log = filled(&mut disk, &config, 5);
    // The first segment's youngest record is a minute after the start.
    assert_eq!(gone(&mut log, &mut disk, NOW + 160_000), []);
    assert_eq!(gone(&mut log, &mut disk, NOW + 160_001), [(0, DeletionReason::RetentionTime)]);
    assert_eq!((log.log_start_offset(), segments(&log)), (2, vec![(2, 4), (4, 5)]));
    assert_eq!(read_all(&log, &disk, 2).len(), 3);
    assert!(log.read(&disk, 1, 100, 5, true).is_err());
}

#[test]
fn the_active_segment_goes_too_and_offsets_go_on() {
    let config = LogConfig { retention_ms: 100_000, ..two_a_segment() };
    let mut disk = Disk::default();
    let mut log = filled(&mut disk, &config, 3);
    let deleted = log.delete_old_segments(&mut disk, NOW + 1_000_000).unwrap();
    assert!(deleted.rolled);
    assert_eq!((segments(&log), log.log_start_offset(), log.log_end_offset()), (vec![(3, 3)], 3, 3));
    // An empty log stays as it is.
    assert_eq!(gone(&mut log, &mut disk, NOW + 9_000_000), []);
    log.append_as_leader(&mut disk, batch(&["next"]), 0, NOW).unwrap();
    assert_eq!(read_all(&log, &disk, 3), [(3, "next".to_owned())]);
}

#[test]
fn nothing_above_the_high_watermark_goes() {
    let config = LogConfig { retention_ms: 0, ..two_a_segment() };
    let mut disk = Disk::default();
    let mut log = filled(&mut disk, &config, 5);
    log.set_high_watermark(3);
    assert_eq!(gone(&mut log, &mut disk, i64::MAX), [(0, DeletionReason::RetentionTime)]);
    assert_eq!((log.log_start_offset(), log.high_watermark()), (2, 3));
}

#[test]
fn size_counts_whole_segments() {
    let size = 2 * i64::try_from(batch(&["v0"]).len()).unwrap();
    for (bytes, left) in [(-1, 3), (3 * size, 3), (2 * size + 1, 3), (2 * size, 2), (size, 1), (1, 1), (0, 1)] {
        let config = LogConfig { retention_bytes: bytes, ..two_a_segment() };
        let mut disk = Disk::default();
        let mut log = filled(&mut disk, &config, 6);
        gone(&mut log, &mut disk, NOW);
        assert_eq!(segments(&log).len(), left, "retention.bytes={bytes}");
    }
    let config = LogConfig { retention_bytes: 0, ..two_a_segment() };
    let mut disk = Disk::default();
    let mut log = filled(&mut disk, &config, 6);
    assert!(log.delete_old_segments(&mut disk, NOW).unwrap().rolled);
    assert_eq!(log.log_start_offset(), 6);
}

#[test]
fn segments_before_the_log_start_go_whatever_the_policy() {
    for compact in [false, true] {
        let cleanup_policy = CleanupPolicy { delete: !compact, compact };
        let config = LogConfig { cleanup_policy, retention_bytes: 1 << 20, ..two_a_segment() };
        let mut disk = Disk::default();
        let mut log = filled(&mut disk, &config, 6);
        log.advance_log_start(&mut disk, 3).unwrap();
        assert_eq!(gone(&mut log, &mut disk, NOW), [(0, DeletionReason::LogStartOffset)]);
        assert_eq!((log.log_start_offset(), segments(&log)), (3, vec![(2, 4), (4, 6)]));
    }
    // A compacted log keeps what is old.
    let cleanup_policy = CleanupPolicy { delete: false, compact: true };
    let mut disk = Disk::default();
    let config = LogConfig { cleanup_policy, retention_ms: 0, retention_bytes: 0, ..two_a_segment() };
    let mut log = filled(&mut disk, &config, 6);
    assert_eq!(gone(&mut log, &mut disk, i64::MAX), []);
}

#[test]
fn files_are_renamed_first_and_a_crash_loses_track_of_none() {
    let config = LogConfig { retention_ms: 100_000, ..two_a_segment() };
    let mut disk = Disk::default();
    let mut log = filled(&mut disk, &config, 5);
    gone(&mut log, &mut disk, NOW + 200_000);
    let doomed = log.take_doomed();
    let zeros = "node-1/orders-0/00000000000000000000";
    assert!(doomed.contains(&format!("{zeros}.log.deleted")) && doomed.contains(&format!("{zeros}.timeindex.deleted")));
    assert!(doomed.iter().all(|path| disk.exists(path)) && !disk.exists(&format!("{zeros}.log")));
    assert!(!log.has_doomed());
    let (again, _) = open_after(&mut disk, &config, Shutdown::Unclean);
    assert_eq!((again.log_start_offset(), again.log_end_offset()), (2, 5));
    assert!(doomed.iter().all(|path| !disk.exists(path)));
}

#[test]
fn segments_roll_by_the_age_of_their_first_batch() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig { segment_ms: 1000, ..LogConfig::default() });
    for (at, rolled) in [(0, None), (1000, None), (1001, Some(2)), (1500, None), (2002, Some(4))] {
        let info = log.append_as_leader(&mut disk, batch_at(NOW + at, &["v"]), 0, NOW + at).unwrap();
        assert_eq!(info.rolled_segment, rolled, "at {at}");
    }
    // Jitter only makes them roll earlier, by less than it says.
    let mut log =
        open(&mut Disk::default(), &LogConfig { segment_ms: 1000, segment_jitter_ms: 400, ..LogConfig::default() });
    let mut disk = Disk::default();
    let (mut begun, mut rolls) = (0, 0);
    for at in (0..20_000).step_by(10) {
        let info = log.append_as_leader(&mut disk, batch_at(NOW + at, &["v"]), 0, NOW + at).unwrap();
        if info.rolled_segment.is_some() {
            assert!((600..=1010).contains(&(at - begun)), "rolled after {}", at - begun);
            (begun, rolls) = (at, rolls + 1);
        }
    }
    assert!(rolls > 20, "{rolls}");
}
