//! Loading after a clean stop, a kill, a power cut, and damage done from outside.

mod common;

use common::*;
use ottla_log::{LogConfig, Recovery, Shutdown};
use ottla_records::RecordError;
use ottla_world::{Disk, Rng};

const FIRST: &str = "node-1/orders-0/00000000000000000000";

/// A log of `count` batches with one record each, three quarters of it flushed.
fn filled(config: &LogConfig, count: i64) -> Disk {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, config);
    for number in 0..count {
        let bytes = batch_at(NOW + number, &[&format!("v{number}")]);
        log.append_as_leader(&mut disk, bytes, (number / 10) as i32, NOW).unwrap();
        if number == count * 3 / 4 {
            disk.flush_all().unwrap();
        }
    }
    disk
}

#[test]
fn what_was_flushed_survives_a_power_cut_in_order() {
    for config in [LogConfig::default(), small_segments()] {
        for seed in 0..100 {
            let mut disk = filled(&config, 41);
            disk.power_cut(&mut Rng::new(seed));
            let (mut log, recovery) = open_after(&mut disk, &config, Shutdown::Unclean);
            let found = read_all(&log, &disk, 0);
            assert!(found.len() >= 31, "seed {seed}: {} left", found.len());
            assert!((0..).zip(&found).all(|(at, (offset, value))| *offset == at && *value == format!("v{at}")));
            assert_eq!(log.log_end_offset(), found.len() as i64);
            assert_eq!(recovery.dropped_segments, 0);
            assert_eq!(recovery.damage.is_some(), recovery.truncated_bytes > 0);
            let expected: Vec<(i32, i64)> = (0..).map(|epoch| (epoch, i64::from(epoch) * 10)).collect_until(&found);
            assert_eq!(epochs(&log), expected);
            log.append_as_leader(&mut disk, batch(&["next"]), 9, NOW).unwrap();
            assert_eq!(read_all(&log, &disk, found.len() as i64).len(), 1);
        }
    }
}

trait CollectUntil {
    fn collect_until(self, found: &[(i64, String)]) -> Vec<(i32, i64)>;
}

impl<I: Iterator<Item = (i32, i64)>> CollectUntil for I {
    fn collect_until(self, found: &[(i64, String)]) -> Vec<(i32, i64)> {
        self.take_while(|(_, start_offset)| *start_offset < found.len() as i64).collect()
    }
}

#[test]
fn a_kill_loses_nothing() {
    let mut disk = filled(&small_segments(), 41);
    let before: Vec<(String, _)> = disk.list("").map(|path| (path.to_owned(), disk.read_all(path))).collect();
    let (log, recovery) = open_after(&mut disk, &small_segments(), Shutdown::Unclean);
    assert_eq!(recovery, Recovery::default());
    assert_eq!(read_all(&log, &disk, 0).len(), 41);
    for (path, content) in before {
        // The active segment's time index is completed, nothing else differs.
        let now = disk.read_all(&path).unwrap();
        assert!(now.starts_with(&content.unwrap()), "{path}");
    }
}

#[test]
fn a_clean_stop_is_trusted_and_changes_nothing() {
    let config = small_segments();
    let mut disk = filled(&config, 41);
    let (mut log, _) = open_after(&mut disk, &config, Shutdown::Unclean);
    log.close(&mut disk).unwrap();
    disk.flush_all().unwrap();
    let digest = |disk: &Disk| {
        let mut digest = ottla_world::Digest::default();
        disk.digest(&mut digest);
        digest
    };
    let before = format!("{:?}", digest(&disk));
    let (again, recovery) = open_after(&mut disk, &config, Shutdown::Clean);
    assert_eq!(recovery, Recovery::default());
    assert_eq!(format!("{:?}", digest(&disk)), before);
    assert_eq!(again.segments().collect::<Vec<_>>(), log.segments().collect::<Vec<_>>());
    assert_eq!(again.epochs(), log.epochs());
    assert_eq!(read_all(&again, &disk, 17).len(), 24);
}

#[test]
fn damaged_indexes_are_rebuilt() {
    let config = small_segments();
    for after in [Shutdown::Clean, Shutdown::Unclean] {
        for suffix in ["index", "timeindex"] {
            for damage in ["removed", "cut", "garbage"] {
                let mut disk = filled(&config, 41);
                let path = format!("{FIRST}.{suffix}");
                let sound = disk.read_all(&path).unwrap();
                assert!(!sound.is_empty());
                match damage {
                    "removed" => assert!(disk.remove(&path)),
                    "cut" => disk.append(&path, b"xyz").unwrap(),
                    _ => disk.replace(&path, &vec![0xee; sound.len()]).unwrap(),
                }
                let (log, recovery) = open_after(&mut disk, &config, after);
                assert_eq!(recovery.rebuilt_indexes, 1, "{suffix} {damage}");
                assert_eq!(disk.read_all(&path).unwrap(), sound, "{suffix} {damage}");
                assert_eq!(read_all(&log, &disk, 3).len(), 38);
            }
        }
    }
}

#[test]
fn damage_in_the_middle_ends_the_log_there() {
    let config = small_segments();
    let mut disk = filled(&config, 41);
    let second = {
        let log = open(&mut disk, &config);
        log.segments().nth(1).unwrap()
    };
    let path = format!("node-1/orders-0/{:020}.log", second.base_offset);
    let mut bytes = disk.read_all(&path).unwrap().to_vec();
    let whole = ottla_records::Batches::strict(bytes.clone().into()).take(4);
    let middle: usize = whole.map(|batch| batch.unwrap().bytes.len()).sum();
    bytes[middle - 2] ^= 1;
    disk.replace(&path, &bytes).unwrap();
    let (log, recovery) = open_after(&mut disk, &config, Shutdown::Unclean);
    assert!(matches!(recovery.damage, Some(RecordError::CrcMismatch { .. })), "{recovery:?}");
    assert!(recovery.dropped_segments > 1 && recovery.truncated_bytes > 0);
    let end = log.log_end_offset();
    assert!(second.base_offset < end && end < second.next_offset);
    assert_eq!(read_all(&log, &disk, 0).len() as i64, end);
    assert_eq!(disk.list("").filter(|path| path.ends_with(".log")).count(), 2);
    assert_eq!(disk.list("").filter(|path| path.ends_with("index")).count(), 4);
}

#[test]
fn segments_that_overlap_end_the_log() {
    let mut disk = filled(&LogConfig::default(), 10);
    let bytes = disk.read_all(&format!("{FIRST}.log")).unwrap();
    disk.replace("node-1/orders-0/00000000000000000005.log", &bytes).unwrap();
    let (log, recovery) = open_after(&mut disk, &LogConfig::default(), Shutdown::Unclean);
    assert_eq!((recovery.dropped_segments, log.log_end_offset()), (1, 10));
}

#[test]
fn garbage_is_no_log_and_no_panic() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let mut disk = filled(&small_segments(), 20);
        let paths: Vec<String> = disk.list("").map(str::to_owned).collect();
        for path in paths {
            let mut bytes = disk.read_all(&path).unwrap().to_vec();
            for _ in 0..rng.below(4) {
                let at = rng.below(bytes.len().max(1) as u64) as usize;
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = rng.below(256) as u8;
                }
            }
            disk.replace(&path, &bytes).unwrap();
        }
        for after in [Shutdown::Clean, Shutdown::Unclean] {
            let mut disk = disk.clone();
            let (mut log, _) = open_after(&mut disk, &small_segments(), after);
            let (start, end) = (log.log_start_offset(), log.log_end_offset());
            for offset in (start..end).take(60) {
                let read = log.read(&disk, offset, 500, end, true);
                assert!(read.is_ok() || after == Shutdown::Clean);
            }
            let _ = log.offset_for_timestamp(&disk, ottla_log::Lookup::At(NOW + 5));
            let _ = log.offset_for_timestamp(&disk, ottla_log::Lookup::MaxTimestamp);
            let _ = log.truncate_to(&mut disk, (start + end) / 2);
        }
    }
}

#[test]
fn what_lies_below_the_recovery_point_is_not_looked_through() {
    let config = small_segments();
    let mut disk = filled(&config, 41);
    let log = open(&mut disk, &config);
    let views: Vec<_> = log.segments().collect();
    let point = log.recovery_point();
    assert_eq!(point, views.last().unwrap().base_offset);
    // One damaged value in each segment but the first: a checksum tells, a look at the headers does not.
    for view in &views[1..] {
        let path = format!("node-1/orders-0/{:020}.log", view.base_offset);
        let mut bytes = disk.read_all(&path).unwrap().to_vec();
        let at = ottla_records::BATCH_OVERHEAD + 8;
        bytes[at] ^= 1;
        disk.replace(&path, &bytes).unwrap();
    }
    for (recovery_point, end) in [
        (point, point),
        (point - 1, views[views.len() - 2].base_offset),
        (views[1].base_offset, views[1].base_offset),
        (0, views[1].base_offset),
    ] {
        let mut disk = disk.clone();
        let (log, recovery) = open_after(&mut disk, &config, Shutdown::UncleanAfter(recovery_point));
        assert_eq!(log.log_end_offset(), end, "recovery point {recovery_point}");
        assert!(matches!(recovery.damage, Some(RecordError::CrcMismatch { .. })));
        let expected: Vec<_> =
            (0..).map(|epoch| (epoch, i64::from(epoch) * 10)).take_while(|(_, at)| *at < end).collect();
        assert_eq!(epochs(&log), expected);
    }
    // An index that is missing is made again all the same.
    disk.remove(&format!("{FIRST}.index"));
    let (log, recovery) = open_after(&mut disk, &config, Shutdown::UncleanAfter(views[1].base_offset));
    // And that of the segment that is cut.
    assert_eq!((recovery.rebuilt_indexes, read_all(&log, &disk, 0).len() as i64), (2, views[1].base_offset));
}

#[test]
fn leftovers_are_removed() {
    let mut disk = filled(&LogConfig::default(), 3);
    for name in ["00000000000000000009.index", "00000000000000000000.log.deleted", "00000000000000000000.log.cleaned"] {
        disk.replace(&format!("node-1/orders-0/{name}"), b"x").unwrap();
    }
    let (log, _) = open_after(&mut disk, &LogConfig::default(), Shutdown::Clean);
    assert_eq!(log.log_end_offset(), 3);
    let names: Vec<&str> = disk.list("node-1/orders-0/").filter_map(|path| path.rsplit('/').next()).collect();
    let zeros = "00000000000000000000";
    let expected = ["index", "log", "timeindex"].map(|suffix| format!("{zeros}.{suffix}"));
    assert_eq!(names[..3], expected);
    assert_eq!(names[3..], ["00000000000000000003.snapshot", "leader-epoch-checkpoint"]);
}
