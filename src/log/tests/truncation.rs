//! Truncation: what is left agrees in segments, indexes, epochs, producers and watermarks.

mod common;

use common::*;
use ottla_log::{LogConfig, PartitionLog, Shutdown};
use ottla_world::{Disk, Rng};

/// 60 batches of one record in several segments; a new epoch every ten offsets.
fn sixty(disk: &mut Disk) -> PartitionLog {
    let mut log = open(disk, &small_segments());
    for number in 0..60 {
        let bytes = batch_at(NOW + i64::from(number), &[&format!("v{number}")]);
        log.append_as_leader(disk, bytes, number / 10, NOW).unwrap();
    }
    log.set_high_watermark(60);
    log
}

/// What a log that never had more says.
fn fresh(count: i64) -> (Disk, PartitionLog) {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &small_segments());
    for number in 0..count {
        let bytes = batch_at(NOW + number, &[&format!("v{number}")]);
        log.append_as_leader(&mut disk, bytes, (number / 10) as i32, NOW).unwrap();
    }
    (disk, log)
}

#[test]
fn a_truncated_log_is_as_one_that_never_had_more() {
    for offset in 0..=60 {
        let mut disk = Disk::default();
        let mut log = sixty(&mut disk);
        log.truncate_to(&mut disk, offset).unwrap();
        let (fresh_disk, fresh) = fresh(offset);
        assert_eq!(log.log_end_offset(), offset);
        assert_eq!(log.high_watermark(), offset);
        assert_eq!(epochs(&log), epochs(&fresh), "offset {offset}");
        assert_eq!(read_all(&log, &disk, 0), read_all(&fresh, &fresh_disk, 0));
        // A segment begins when the next append needs it: cutting at its base leaves an empty one.
        let filled =
            |log: &PartitionLog| segments(log).into_iter().filter(|(base, next)| base < next).collect::<Vec<_>>();
        assert_eq!(filled(&log), filled(&fresh), "offset {offset}");
        for (path, name) in disk.list("").filter_map(|path| Some((path, path.strip_suffix(".index")?))) {
            let size = disk.len(&format!("{name}.log")).unwrap();
            if size > 0 {
                assert_eq!(disk.read_all(path), fresh_disk.read_all(path), "{path} after {offset}");
            }
        }
        let stored = disk.read_all("node-1/orders-0/leader-epoch-checkpoint");
        assert!(offset == 0 || stored == fresh_disk.read_all("node-1/orders-0/leader-epoch-checkpoint"));

        log.append_as_leader(&mut disk, batch(&["new"]), 9, NOW).unwrap();
        assert_eq!(read_all(&log, &disk, offset), [(offset, "new".to_owned())]);
        assert_eq!(log.latest_epoch(), Some(9));
    }
}

#[test]
fn what_was_cut_off_does_not_come_back_with_a_power_cut() {
    for seed in 0..20 {
        let mut disk = Disk::default();
        let mut log = sixty(&mut disk);
        disk.flush_all().unwrap();
        log.truncate_to(&mut disk, 25).unwrap();
        log.append_as_leader(&mut disk, batch(&["other"]), 9, NOW).unwrap();
        disk.power_cut(&mut Rng::new(seed));
        let log = open(&mut disk, &small_segments());
        let found = read_all(&log, &disk, 0);
        assert!((25..=26).contains(&found.len()), "{}", found.len());
        assert!(found.get(25).is_none_or(|last| last.1 == "other"));
        let last_epoch = if found.len() == 26 { 9 } else { 2 };
        assert_eq!(log.latest_epoch(), Some(last_epoch));
    }
}

#[test]
fn a_batch_goes_as_a_whole() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    log.append_as_leader(&mut disk, batch(&["a", "b"]), 0, NOW).unwrap();
    log.append_as_leader(&mut disk, batch(&["c", "d", "e"]), 0, NOW).unwrap();
    log.truncate_to(&mut disk, 4).unwrap();
    assert_eq!(log.log_end_offset(), 2);
    log.truncate_to(&mut disk, 2).unwrap();
    log.truncate_to(&mut disk, 99).unwrap();
    assert_eq!(read_all(&log, &disk, 0), [(0, "a".to_owned()), (1, "b".to_owned())]);
}

#[test]
fn a_log_can_start_anew_at_any_offset() {
    for offset in [0, 30, 500] {
        let mut disk = Disk::default();
        let mut log = sixty(&mut disk);
        log.truncate_fully_and_start_at(&mut disk, offset).unwrap();
        assert_eq!((log.log_start_offset(), log.high_watermark(), log.log_end_offset()), (offset, offset, offset));
        assert_eq!((segments(&log), epochs(&log)), (vec![(offset, offset)], vec![]));
        let (log, _) = open_after(&mut disk, &small_segments(), Shutdown::Unclean);
        assert_eq!((log.log_start_offset(), log.log_end_offset()), (offset, offset));
        disk.power_cut(&mut Rng::new(1));
        let log = open(&mut disk, &small_segments());
        assert_eq!(log.log_end_offset(), offset, "the name of an empty segment is durable");
    }
}

#[test]
fn truncation_below_the_first_segment_starts_anew() {
    let mut disk = Disk::default();
    let mut log = sixty(&mut disk);
    log.truncate_fully_and_start_at(&mut disk, 100).unwrap();
    log.append_as_leader(&mut disk, batch(&["a"]), 9, NOW).unwrap();
    log.truncate_to(&mut disk, 50).unwrap();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (50, 50));
}

#[test]
fn the_log_start_is_restored_from_its_checkpoint() {
    let mut disk = Disk::default();
    sixty(&mut disk);
    let mut log = open(&mut disk, &small_segments());
    log.restore_log_start(&mut disk, 35).unwrap();
    assert_eq!((log.log_start_offset(), log.high_watermark()), (35, 35));
    assert_eq!(epochs(&log), [(3, 35), (4, 40), (5, 50)]);
    log.truncate_to(&mut disk, 20).unwrap();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (20, 20));
    log.restore_log_start(&mut disk, 70).unwrap();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (70, 70));
}
