//! What compaction keeps, when it is due, and that a crash in its middle leaves a sound log.

mod common;

use bytes::Bytes;
use common::*;
use ottla_log::{AppendOrigin, CleanupPolicy, LogConfig, PartitionLog, Shutdown};
use ottla_records::{
    BatchBuilder, Batches, Compression, EndTransactionMarker, Limits, NO_PARTITION_LEADER_EPOCH, TimestampType,
};
use ottla_world::Disk;
use proptest::prelude::*;
use std::collections::BTreeMap;

const MAX_KEYS: u64 = 1_000_000;

fn compacted() -> LogConfig {
    LogConfig {
        cleanup_policy: CleanupPolicy { delete: false, compact: true },
        min_cleanable_dirty_ratio_millionths: 10_000,
        delete_retention_ms: 1000,
        ..LogConfig::default()
    }
}

fn keyed(records: &[(&str, Option<&str>)]) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    for (key, value) in records {
        builder.append(NOW, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    }
    builder.build(0, NO_PARTITION_LEADER_EPOCH)
}

fn put(log: &mut PartitionLog, disk: &mut Disk, records: &[(&str, Option<&str>)]) {
    for record in records {
        log.append_as_leader(disk, keyed(&[*record]), 0, NOW).unwrap();
    }
    log.set_high_watermark(i64::MAX);
}

/// Begins a new segment: what was written may be cleaned now.
fn roll(log: &mut PartitionLog, disk: &mut Disk) {
    let config = log.config().clone();
    log.update_config(LogConfig { segment_bytes: 1, ..config.clone() });
    let tiny = LogConfig { segment_bytes: 200, ..config.clone() };
    log.update_config(tiny);
    log.append_as_leader(disk, keyed(&[("roll", Some(&"x".repeat(100)))]), 0, NOW).unwrap();
    log.append_as_leader(disk, keyed(&[("roll", Some(&"x".repeat(100)))]), 0, NOW).unwrap();
    log.update_config(config);
    log.set_high_watermark(i64::MAX);
}

fn clean(log: &mut PartitionLog, disk: &mut Disk, wall_ms: i64) -> Option<ottla_log::Cleaned> {
    let cleanable = log.cleanable(wall_ms)?;
    Some(log.clean(disk, &cleanable, wall_ms, MAX_KEYS).unwrap())
}

/// Offset, key and value of every record but those that only make segments roll.
fn records(log: &PartitionLog, disk: &Disk) -> Vec<(i64, String, Option<String>)> {
    let (mut offset, mut found) = (log.log_start_offset(), Vec::new());
    while offset < log.log_end_offset() {
        let bytes = log.read(disk, offset, 1 << 20, i64::MAX, true).unwrap();
        for batch in Batches::strict(bytes) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            assert!(batch.header.next_offset() > offset, "offsets increase");
            offset = batch.header.next_offset();
            let text = |bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned();
            for record in batch.records(&Limits::default()).unwrap() {
                let key = record.key.map(text).unwrap_or_default();
                if key != "roll" && !batch.header.is_control() {
                    found.push((record.offset, key, record.value.map(text)));
                }
            }
        }
    }
    found
}

fn row(offset: i64, key: &str, value: Option<&str>) -> (i64, String, Option<String>) {
    (offset, key.to_owned(), value.map(str::to_owned))
}

#[test]
fn the_last_value_of_each_key_stays_with_its_offset() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &compacted());
    let some = |key, value| (key, Some(value));
    put(&mut log, &mut disk, &[some("mark", "1"), some("lucy", "1"), some("mark", "2"), some("bob", "1")]);
    assert_eq!(log.cleanable(NOW), None, "the active segment is not cleaned");
    roll(&mut log, &mut disk);
    let done = clean(&mut log, &mut disk, NOW).unwrap();
    assert_eq!(records(&log, &disk), [row(1, "lucy", Some("1")), row(2, "mark", Some("2")), row(3, "bob", Some("1"))]);
    assert_eq!((done.keys, done.records_before - done.records_after), (4, 1));
    assert_eq!((log.log_start_offset(), log.cleaned_to()), (0, Some(done.end_offset)));
    // What came later decides over what was cleaned before.
    put(&mut log, &mut disk, &[some("lucy", "2")]);
    roll(&mut log, &mut disk);
    clean(&mut log, &mut disk, NOW).unwrap();
    let left = records(&log, &disk);
    assert_eq!(left.iter().map(|(_, key, _)| key.as_str()).collect::<Vec<_>>(), ["mark", "bob", "lucy"]);
    // The same again after a crash.
    for after in [Shutdown::Clean, Shutdown::Unclean] {
        let (again, recovery) = open_after(&mut disk, &compacted(), after);
        assert_eq!((records(&again, &disk), recovery.damage), (left.clone(), None));
        assert_eq!(again.log_end_offset(), log.log_end_offset());
    }
}

#[test]
fn a_tombstone_stays_until_its_horizon() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &compacted());
    put(&mut log, &mut disk, &[("bob", Some("1")), ("bob", None)]);
    roll(&mut log, &mut disk);
    clean(&mut log, &mut disk, NOW).unwrap();
    assert_eq!(records(&log, &disk), [row(1, "bob", None)]);
    for (wall_ms, left) in [(NOW + 999, 1), (NOW + 1000, 0)] {
        roll(&mut log, &mut disk);
        clean(&mut log, &mut disk, wall_ms).unwrap();
        assert_eq!(records(&log, &disk).len(), left, "{} ms later", wall_ms - NOW);
    }
    assert_eq!(log.log_start_offset(), 0);
}

#[test]
fn it_is_due_when_enough_is_dirty_or_something_waited_too_long() {
    let dirty = |millionths, min_lag, max_lag| LogConfig {
        min_cleanable_dirty_ratio_millionths: millionths,
        min_compaction_lag_ms: min_lag,
        max_compaction_lag_ms: max_lag,
        ..compacted()
    };
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &compacted());
    put(&mut log, &mut disk, &[("a", Some("1")); 30]);
    put(&mut log, &mut disk, &[("b", Some("1"))]);
    roll(&mut log, &mut disk);
    for (config, after_ms, due) in [
        (dirty(999_999, 0, i64::MAX), 0, true),
        (dirty(1_000_000, 0, i64::MAX), 0, false),
        (dirty(1_000_000, 0, 1000), 1000, false),
        (dirty(1_000_000, 0, 1000), 1001, true),
        (dirty(0, 1000, i64::MAX), 999, false),
        (dirty(0, 1000, i64::MAX), 1000, true),
    ] {
        log.update_config(config.clone());
        assert_eq!(log.cleanable(NOW + after_ms).is_some(), due, "{config:?} after {after_ms} ms");
    }
    log.update_config(dirty(0, 0, i64::MAX));
    log.set_high_watermark(3);
    assert_eq!(log.cleanable(NOW), None, "nothing is cleaned above the last stable offset");
    log.set_high_watermark(i64::MAX);
    assert!(clean(&mut log, &mut disk, NOW).is_some());
    assert_eq!(log.cleanable(NOW), None, "a clean log is left alone");
    log.update_config(LogConfig { cleanup_policy: CleanupPolicy { delete: true, compact: false }, ..dirty(0, 0, 1) });
    roll(&mut log, &mut disk);
    assert_eq!(log.cleanable(i64::MAX), None);
}

#[test]
fn a_producers_last_batch_stays_and_so_does_its_sequence() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &compacted());
    let produced = |sequence, key: &str| {
        let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
        builder.set_producer(7, 0, sequence);
        builder.append(NOW, Some(key.as_bytes()), Some(b"v"), &[]);
        builder.build(0, NO_PARTITION_LEADER_EPOCH)
    };
    for sequence in 0..3 {
        log.append_as_leader(&mut disk, produced(sequence, "a"), 0, NOW).unwrap();
    }
    put(&mut log, &mut disk, &[("a", Some("last"))]);
    roll(&mut log, &mut disk);
    clean(&mut log, &mut disk, NOW).unwrap();
    assert_eq!(records(&log, &disk), [row(3, "a", Some("last"))]);
    let (mut again, _) = open_after(&mut disk, &compacted(), Shutdown::Unclean);
    assert_eq!(again.producers().get(7).unwrap().last_sequence(), 2);
    assert!(again.append_as_leader(&mut disk, produced(2, "a"), 0, NOW).unwrap().is_duplicate);
    again.append_as_leader(&mut disk, produced(3, "a"), 0, NOW).unwrap();
}

#[test]
fn markers_outlive_what_they_end() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &compacted());
    let written = |id, sequence, key: &str| {
        let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
        builder.set_producer(id, 0, sequence);
        builder.set_transactional(true);
        builder.append(NOW, Some(key.as_bytes()), Some(b"v"), &[]);
        builder.build(0, NO_PARTITION_LEADER_EPOCH)
    };
    let end = |log: &mut PartitionLog, disk: &mut Disk, id, committed| {
        let marker = EndTransactionMarker { committed, coordinator_epoch: 0 }.batch(id, 0, NOW);
        log.append_as_leader_from(disk, marker, 0, NOW, AppendOrigin::Coordinator).unwrap();
    };
    log.append_as_leader(&mut disk, written(1, 0, "a"), 0, NOW).unwrap();
    log.append_as_leader(&mut disk, written(2, 0, "b"), 0, NOW).unwrap();
    end(&mut log, &mut disk, 1, false);
    end(&mut log, &mut disk, 2, true);
    put(&mut log, &mut disk, &[("b", Some("w"))]);
    assert_eq!(log.aborted_transactions(0, 9).len(), 1);
    // Batches of living producers would stay, and the markers with them.
    assert_eq!(log.remove_expired_producers(NOW, 0), 2);
    let markers = |log: &PartitionLog, disk: &Disk| {
        let headers = (0..4).filter_map(|at| {
            let bytes = log.read(disk, at, 1, i64::MAX, true).ok()?;
            Batches::strict(bytes).next()?.ok().map(|batch| batch.header)
        });
        let kept = headers.filter(|header| header.is_control() && header.records_count > 0);
        kept.map(|header| header.base_offset).collect::<std::collections::BTreeSet<i64>>().len()
    };
    // First the records go, and the markers get their horizon; then they wait for it; then they go.
    for (wall_ms, left) in [(NOW, 2), (NOW + 500, 2), (NOW + 1000, 2), (NOW + 1500, 0)] {
        roll(&mut log, &mut disk);
        clean(&mut log, &mut disk, wall_ms).unwrap();
        assert_eq!(markers(&log, &disk), left, "{} ms after the first cleaning", wall_ms - NOW);
        assert_eq!(records(&log, &disk), [row(4, "b", Some("w"))]);
    }
    assert_eq!(log.aborted_transactions(0, 9), []);
}

#[test]
fn a_crash_while_segments_are_swapped_leaves_one_sound_log() {
    let mut disk = Disk::default();
    let config = LogConfig { segment_bytes: 300, ..compacted() };
    let mut log = open(&mut disk, &config);
    for number in 0..20 {
        put(&mut log, &mut disk, &[(["a", "b", "c"][number % 3], Some("value"))]);
    }
    let before = disk.clone();
    clean(&mut log, &mut disk, NOW).unwrap();
    let (wanted, end) = (records(&log, &disk), log.log_end_offset());
    let last: BTreeMap<String, i64> = records(&log, &disk).into_iter().map(|(at, key, _)| (key, at)).collect();
    // Every file of the cleaned segment, in each of the states it goes through.
    let cleaned = format!("{DIR}/{:020}", 0);
    for (suffix, old_gone) in [(".cleaned", false), (".swap", false), (".swap", true)] {
        let mut crashed = before.clone();
        for ending in ["log", "index", "timeindex"] {
            let path = format!("{cleaned}.{ending}");
            crashed.replace(&format!("{path}{suffix}"), &disk.read_all(&path).unwrap()).unwrap();
            if old_gone {
                crashed.rename(&path, &format!("{path}.deleted")).unwrap();
            }
        }
        let (log, recovery) = open_after(&mut crashed, &config, Shutdown::Unclean);
        assert_eq!((recovery.damage, log.log_end_offset()), (None, end), "{suffix}");
        let found = records(&log, &crashed);
        let latest: BTreeMap<String, i64> = found.iter().map(|(at, key, _)| (key.clone(), *at)).collect();
        assert_eq!(latest, last, "{suffix}");
        assert!(suffix == ".cleaned" || found.len() < 20);
        assert!(wanted.iter().all(|row| found.contains(row)));
        assert!(!crashed.list(DIR).any(|path| path.ends_with(suffix)));
    }
}

#[test]
fn a_map_that_is_too_small_cleans_a_part() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig { min_cleanable_dirty_ratio_millionths: 0, ..compacted() });
    for round in 0..3 {
        for key in ["a", "b", "c", "d", "e"] {
            put(&mut log, &mut disk, &[(key, Some(&format!("{round}")))]);
        }
    }
    roll(&mut log, &mut disk);
    let mut rounds = 0;
    while let Some(cleanable) = log.cleanable(NOW) {
        let done = log.clean(&mut disk, &cleanable, NOW, 2).unwrap();
        assert!(done.end_offset > cleanable.first_dirty_offset);
        rounds += 1;
    }
    assert!(rounds > 3);
    assert_eq!(records(&log, &disk).iter().map(|(at, ..)| *at).collect::<Vec<_>>(), [10, 11, 12, 13, 14]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is cleaned when: who reads the log from its start ends with the same table.
    #[test]
    fn the_table_stays_the_same(
        writes in prop::collection::vec((0..6u8, prop::option::weighted(0.8, 0..9u8), 0..12u8), 1..120),
    ) {
        let mut disk = Disk::default();
        let config = LogConfig { segment_bytes: 400, index_interval_bytes: 100, ..compacted() };
        let mut log = open(&mut disk, &config);
        let (mut table, mut wall_ms) = (BTreeMap::new(), NOW);
        for (key, value, what) in writes {
            let (key, value) = (format!("k{key}"), value.map(|value| format!("v{value}")));
            put(&mut log, &mut disk, &[(&key, value.as_deref())]);
            match value {
                Some(value) => table.insert(key, value),
                None => table.remove(&key),
            };
            match what {
                0 => drop(clean(&mut log, &mut disk, wall_ms)),
                1 => wall_ms += 1500,
                2 => {
                    let cleaned = log.cleaned_to();
                    log = open_after(&mut disk, &config, Shutdown::Unclean).0;
                    log.restore_cleaned_to(cleaned);
                    log.set_high_watermark(i64::MAX);
                }
                _ => {}
            }
            let mut read = BTreeMap::new();
            for (_, key, value) in records(&log, &disk) {
                match value {
                    Some(value) => read.insert(key, value),
                    None => read.remove(&key),
                };
            }
            prop_assert_eq!(&read, &table);
        }
    }
}
