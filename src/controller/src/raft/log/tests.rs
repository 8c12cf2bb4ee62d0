//! The log on its disk: what is read, cut, damaged and let go.

use super::*;
use crate::record::{MetadataRecord, SnapshotContent, records_batch, write_snapshot};

const DIR: &str = "n/__cluster_metadata-0";

fn batch(base: i64, epoch: i32) -> Bytes {
    records_batch(&[MetadataRecord::NoOp, MetadataRecord::NoOp], base, epoch, 5)
}

fn filled(disk: &mut Disk, epochs: &[i32]) -> MetadataLog {
    let mut log = MetadataLog::open(disk, DIR, LogSettings::default()).unwrap();
    for (at, epoch) in epochs.iter().enumerate() {
        log.append(disk, batch(at as i64 * 2, *epoch)).unwrap();
    }
    log
}

#[test]
fn it_comes_back_as_it_was_without_a_torn_tail() {
    let mut disk = Disk::default();
    let log = filled(&mut disk, &[1, 1, 3]);
    disk.append(&log.path(), &batch(6, 3)[..40]).unwrap();
    let again = MetadataLog::open(&mut disk, DIR, LogSettings::default()).unwrap();
    assert_eq!(again.end(), EpochAndOffset { epoch: 3, offset: 6 });
    assert_eq!(disk.len(&log.path()), Some(again.segments[0].size_bytes));
}

#[test]
fn reads_are_whole_batches_and_at_least_one() {
    let mut disk = Disk::default();
    let log = filled(&mut disk, &[1; 200]);
    let base = |bytes: &Bytes| Batch::parse(bytes.slice(..batch(0, 1).len())).unwrap().header.base_offset;
    for offset in [0, 1, 2, 199, 399] {
        let one = log.read(&disk, offset, 1);
        assert_eq!((one.len(), base(&one)), (batch(0, 1).len(), offset / 2 * 2));
    }
    assert_eq!(log.read(&disk, 100, 1000).len() % batch(0, 1).len(), 0);
    assert_eq!(log.read(&disk, 0, u64::MAX / 4).len() as u64, log.segments[0].size_bytes);
    assert!(log.read(&disk, 400, 1000).is_empty());
}

#[test]
fn epochs_end_where_the_next_one_starts() {
    let mut disk = Disk::default();
    let mut log = filled(&mut disk, &[2, 2, 5]);
    let end = |log: &MetadataLog, epoch| (log.end_of_epoch(epoch).epoch, log.end_of_epoch(epoch).offset);
    assert_eq!([1, 2, 4, 5, 9].map(|e| end(&log, e)), [(0, 0), (2, 4), (2, 4), (5, 6), (5, 6)]);
    log.truncate_to(&mut disk, 3).unwrap();
    assert_eq!(log.end(), EpochAndOffset { epoch: 2, offset: 2 });
    assert_eq!(log.append(&mut disk, batch(4, 5)), Err(MetadataLogError::Gap { got: 4, end: 2 }));
}

/// Files of two batches, and no more than about ten batches kept.
fn small() -> LogSettings {
    let size = batch(0, 1).len() as u64;
    LogSettings { segment_bytes: 2 * size, retention_bytes: 10 * size, retention_ms: i64::MAX }
}

fn snapshot(disk: &mut Disk, log: &mut MetadataLog, offset: i64, epoch: i32) -> bool {
    let content = SnapshotContent { last_contained_ms: offset, records: vec![MetadataRecord::NoOp] };
    let file = write_snapshot(&content, epoch, 9);
    log.store_snapshot(disk, EpochAndOffset { epoch, offset }, &file, &content).unwrap()
}

/// 20 batches of two records each, in two epochs, with snapshots after the 4th and the 15th batch.
fn with_snapshots(disk: &mut Disk) -> MetadataLog {
    let mut log = MetadataLog::open(disk, DIR, small()).unwrap();
    for at in 0..20 {
        log.append(disk, batch(at * 2, if at < 10 { 1 } else { 2 })).unwrap();
    }
    assert!(snapshot(disk, &mut log, 8, 1));
    assert!(snapshot(disk, &mut log, 30, 2));
    assert!(!snapshot(disk, &mut log, 20, 1), "an older one is of no use");
    log
}

fn files(disk: &Disk) -> Vec<String> {
    let names = disk.list("n/").map(|path| path.rsplit('/').next().unwrap_or_default().to_owned());
    names.filter(|name| name.ends_with(".log") || name.ends_with(".checkpoint")).collect()
}

#[test]
fn files_are_rolled_read_and_cut() {
    let mut disk = Disk::default();
    let mut log = with_snapshots(&mut disk);
    assert_eq!(log.segments.len(), 10);
    assert_eq!(log.paths_from(37), [log.segments[9].path(DIR)]);
    assert_eq!(log.paths_from(33).len(), 2);
    for offset in 0..40 {
        let read = Batch::parse(log.read(&disk, offset, 1)).unwrap();
        assert_eq!(read.header.base_offset, offset / 2 * 2);
    }
    log.truncate_to(&mut disk, 32).unwrap();
    assert_eq!((log.end(), log.segments.len()), (EpochAndOffset { epoch: 2, offset: 32 }, 8));
    log.append(&mut disk, batch(32, 3)).unwrap();
    let again = MetadataLog::open(&mut disk, DIR, small()).unwrap();
    assert_eq!(
        (again.end(), &again.epochs),
        (EpochAndOffset { epoch: 3, offset: 34 }, &vec![(1, 0), (2, 20), (3, 32)])
    );
}

#[test]
fn what_is_in_a_later_snapshot_may_go_and_stays_gone() {
    let mut disk = Disk::default();
    let mut log = with_snapshots(&mut disk);
    log.clean(&mut disk, 0);
    let start = EpochAndOffset { epoch: 2, offset: 30 };
    let logs = [28, 32, 36].map(|base| format!("{base:020}.log"));
    let mut expected = logs.to_vec();
    expected.insert(1, "00000000000000000030-0000000002.checkpoint".to_owned());
    assert_eq!(files(&disk), expected);
    for log in [log, MetadataLog::open(&mut disk, DIR, small()).unwrap()] {
        assert_eq!((log.start(), log.end()), (start, EpochAndOffset { epoch: 2, offset: 40 }));
        let compare = |epoch, offset| log.compare(EpochAndOffset { epoch, offset });
        assert_eq!(compare(2, 30), Comparison::Valid);
        assert_eq!(compare(2, 36), Comparison::Valid);
        assert_eq!(compare(2, 44), Comparison::Diverging(log.end()));
        for (epoch, offset) in [(0, 0), (1, 30), (1, 36), (2, 29)] {
            assert_eq!(compare(epoch, offset), Comparison::Snapshot(start), "{epoch} {offset}");
        }
    }
}

#[test]
fn age_lets_snapshots_go_too_but_never_the_last() {
    let mut disk = Disk::default();
    let mut log = with_snapshots(&mut disk);
    log.settings = LogSettings { retention_bytes: u64::MAX, retention_ms: 100, ..small() };
    log.clean(&mut disk, 108);
    assert_eq!(log.snapshots().len(), 2);
    log.clean(&mut disk, 109);
    assert_eq!(log.snapshots().len(), 1);
    log.clean(&mut disk, 10_000);
    assert_eq!((log.snapshots().len(), log.start().offset), (1, 30));
}

#[test]
fn a_damaged_snapshot_falls_back_as_far_as_the_log_reaches() {
    let mut disk = Disk::default();
    with_snapshots(&mut disk);
    let newest = snapshots::path(DIR, EpochAndOffset { epoch: 2, offset: 30 });
    disk.truncate(&newest, 100).unwrap();
    let mut log = MetadataLog::open(&mut disk, DIR, small()).unwrap();
    assert_eq!(log.latest_snapshot().map(|snapshot| snapshot.id.offset), Some(8));
    assert_eq!((log.start().offset, log.end_offset()), (0, 40));
    assert!(!disk.exists(&newest));
    assert!(snapshot(&mut disk, &mut log, 30, 2));
    log.clean(&mut disk, 0);
    disk.truncate(&newest, 100).unwrap();
    let opened = MetadataLog::open(&mut disk, DIR, small());
    assert_eq!(opened.map(|log| log.end_offset()), Err(MetadataLogError::NoSnapshot(28)));
}

#[test]
fn a_log_that_ends_before_its_snapshot_begins_anew_there() {
    let mut disk = Disk::default();
    let mut log = with_snapshots(&mut disk);
    log.clean(&mut disk, 0);
    disk.truncate(&log.segments[0].path(DIR), 10).unwrap();
    let mut log = MetadataLog::open(&mut disk, DIR, small()).unwrap();
    let at = EpochAndOffset { epoch: 2, offset: 30 };
    assert_eq!((log.start(), log.end(), log.segments.len()), (at, at, 1));
    log.append(&mut disk, batch(30, 4)).unwrap();
    assert_eq!(log.end_of_epoch(3), at);
}
