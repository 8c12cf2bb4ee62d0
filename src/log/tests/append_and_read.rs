//! Appending, rolling, reading, looking up: what a leader and its followers see of a log.

mod common;

use bytes::Bytes;
use common::*;
use ottla_log::{AppendOrigin, LogConfig, LogError, Lookup};
use ottla_records::{Batch, BatchBuilder, Compression, ControlType, NO_TIMESTAMP, TimestampType};
use ottla_wire::ErrorCode;
use ottla_world::{Disk, DiskError};

#[test]
fn offsets_and_epochs_are_assigned() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    let info = log.append_as_leader(&mut disk, batch(&["a", "b"]), 3, NOW).unwrap();
    assert_eq!((info.first_offset, info.last_offset, info.last_leader_epoch), (0, 1, 3));
    assert_eq!((info.records_count, info.log_append_time_ms, info.max_timestamp), (2, NO_TIMESTAMP, NOW));
    let info = log.append_as_leader(&mut disk, batch(&["c"]), 4, NOW).unwrap();
    assert_eq!((info.first_offset, info.last_offset), (2, 2));
    assert_eq!(log.log_end_offset(), 3);
    assert_eq!(epochs(&log), [(3, 0), (4, 2)]);
    let expected: Vec<(i64, String)> = (0..).zip(["a", "b", "c"].map(str::to_owned)).collect();
    assert_eq!(read_all(&log, &disk, 0), expected);
    assert!(disk.exists("node-1/orders-0/00000000000000000000.log"));
}

#[test]
fn segments_roll_by_size_and_are_read_across() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &small_segments());
    for number in 0..50 {
        log.append_as_leader(&mut disk, batch(&[&format!("value-{number}")]), 0, NOW).unwrap();
    }
    assert!(log.segments().count() > 4, "{:?}", segments(&log));
    assert!(log.segments().all(|segment| segment.size_bytes <= 800));
    assert!(log.segments().any(|segment| segment.index_entries > 1));
    for from in 0..50 {
        let found = read_all(&log, &disk, from);
        assert_eq!(found.len() as i64, 50 - from);
        assert_eq!(found[0], (from, format!("value-{from}")));
    }
    let size: u64 = log.segments().map(|segment| segment.size_bytes).sum();
    assert_eq!(log.size_bytes(), size);
}

#[test]
fn segments_roll_by_the_records_time() {
    let mut disk = Disk::default();
    let config = LogConfig { segment_ms: 1000, ..LogConfig::default() };
    let mut log = open(&mut disk, &config);
    for (age, expected) in [(0, None), (1000, None), (1001, Some(2)), (1500, None), (2002, Some(4)), (-5, None)] {
        let info = log.append_as_leader(&mut disk, batch_at(NOW + age, &["v"]), 0, NOW).unwrap();
        assert_eq!(info.rolled_segment, expected, "after {age} ms");
    }
    // Records without timestamps: the clock counts.
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &config);
    for (wall, expected) in [(0, None), (1000, None), (1001, Some(2))] {
        let info = log.append_as_leader(&mut disk, batch_at(NO_TIMESTAMP, &["v"]), 0, NOW + wall).unwrap();
        assert_eq!(info.rolled_segment, expected, "after {wall} ms");
    }
}

#[test]
fn segments_roll_when_an_index_is_full_or_an_offset_out_of_its_range() {
    let mut disk = Disk::default();
    let config = LogConfig { segment_index_bytes: 36, index_interval_bytes: 0, ..LogConfig::default() };
    let mut log = open(&mut disk, &config);
    for number in 0..10 {
        log.append_as_leader(&mut disk, batch_at(NOW + number, &["v"]), 0, NOW).unwrap();
    }
    assert_eq!(segments(&log), [(0, 3), (3, 6), (6, 9), (9, 10)]);
    assert!(log.segments().filter(|segment| !segment.is_active).all(|segment| segment.time_index_entries == 2));

    let far = i64::from(i32::MAX) + 20;
    let bytes = ottla_records::stamp(batch(&["far"]), far, 0);
    log.append_as_follower(&mut disk, bytes).unwrap();
    assert_eq!(log.segments().last().unwrap().base_offset, far);
    assert_eq!(read_all(&log, &disk, 9), [(9, "v".to_owned()), (far, "far".to_owned())]);
}

#[test]
fn reads_are_bounded() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    for value in ["a", "b", "c"] {
        log.append_as_leader(&mut disk, batch(&[value, value]), 0, NOW).unwrap();
    }
    let size = batch(&["a", "a"]).len() as u64;
    for (offset, max_bytes, upper_bound, min_one, expected) in [
        (0, u64::MAX, 6, false, 3 * size),
        (0, 2 * size + 5, 6, false, 2 * size),
        (1, size, 6, false, size),
        (0, size - 1, 6, false, 0),
        (0, 0, 6, true, size),
        (0, u64::MAX, 4, true, 2 * size),
        (0, u64::MAX, 3, true, size),
        (2, u64::MAX, 3, true, 0),
        (4, u64::MAX, 4, true, 0),
        (6, u64::MAX, 6, true, 0),
        (0, u64::MAX, 99, true, 3 * size),
    ] {
        let bytes = log.read(&disk, offset, max_bytes, upper_bound, min_one).unwrap();
        assert_eq!(bytes.len() as u64, expected, "{offset} {max_bytes} {upper_bound} {min_one}");
    }
    for outside in [-1, 7] {
        let error = log.read(&disk, outside, 1, 6, true).unwrap_err();
        assert_eq!(error.error_code(), ErrorCode::OffsetOutOfRange);
    }
}

#[test]
fn offsets_are_found_by_time() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &small_segments());
    assert_eq!(log.offset_for_timestamp(&disk, Lookup::At(0)), Ok(None));
    assert_eq!(log.offset_for_timestamp(&disk, Lookup::MaxTimestamp), Ok(None));
    // Timestamps go up by 10, but for one batch that is late.
    for number in 0..60 {
        let timestamp = if number == 31 { NOW } else { NOW + 10 * number };
        log.append_as_leader(&mut disk, batch_at(timestamp, &["v"]), 7, NOW).unwrap();
    }
    let found = |lookup| log.offset_for_timestamp(&disk, lookup).unwrap().map(|found| (found.timestamp, found.offset));
    for (timestamp, expected) in [(NOW - 1, 0), (NOW, 0), (NOW + 1, 1), (NOW + 310, 32), (NOW + 590, 59)] {
        assert_eq!(found(Lookup::At(timestamp)).map(|found| found.1), Some(expected), "{timestamp}");
    }
    assert_eq!(found(Lookup::At(NOW + 591)), None);
    assert_eq!(found(Lookup::MaxTimestamp), Some((NOW + 590, 59)));
    assert_eq!(found(Lookup::Earliest), Some((-1, 0)));
    assert_eq!(found(Lookup::Latest), Some((-1, 60)));
    assert_eq!(log.offset_for_timestamp(&disk, Lookup::Latest).unwrap().unwrap().leader_epoch, Some(7));
    log.set_high_watermark(60);
    log.advance_log_start(&mut disk, 20).unwrap();
    let found = log.offset_for_timestamp(&disk, Lookup::At(0)).unwrap().unwrap();
    assert_eq!((found.timestamp, found.offset), (NOW + 200, 20));
}

#[test]
fn bad_batches_are_refused_and_nothing_changes() {
    let good = batch(&["a", "b"]);
    let changed = |at: usize, value: u8| {
        let mut bytes = good.to_vec();
        bytes[at] = value;
        Bytes::from(bytes)
    };
    let mut control = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    control.set_control(true);
    control.append(NOW, Some(&ControlType::LeaderChange.key()), Some(b""), &[]);
    let control = control.build(0, -1);
    let mut append_time = BatchBuilder::new(Compression::None, None, TimestampType::LogAppendTime);
    append_time.append(NOW, None, Some(b"v"), &[]);
    let append_time = append_time.build(0, -1);
    for (name, bytes, code) in [
        ("no batch", Bytes::new(), ErrorCode::InvalidRecord),
        ("half a batch", good.slice(..good.len() - 1), ErrorCode::InvalidRecord),
        ("damaged", changed(good.len() - 2, 0xff), ErrorCode::CorruptMessage),
        ("another magic", changed(16, 1), ErrorCode::InvalidRecord),
        ("base offset", changed(7, 9), ErrorCode::InvalidRecord),
        ("control records", control.clone(), ErrorCode::InvalidRecord),
        ("no sequence", idempotent(1, 0, -1, 1), ErrorCode::InvalidRecord),
        ("log append time", append_time, ErrorCode::InvalidTimestamp),
        ("too far ahead", batch_at(NOW + 3_600_001, &["v"]), ErrorCode::InvalidTimestamp),
        ("too large", batch(&[&"x".repeat(2000)]), ErrorCode::MessageTooLarge),
    ] {
        let mut disk = Disk::default();
        let mut log = open(&mut disk, &LogConfig { max_message_bytes: 1000, ..LogConfig::default() });
        let error = log.append_as_leader(&mut disk, bytes, 0, NOW).unwrap_err();
        assert_eq!(error.error_code(), code, "{name}: {error}");
        assert_eq!((log.log_end_offset(), log.size_bytes(), epochs(&log).len()), (0, 0, 0), "{name}");
    }
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    log.append_as_leader_from(&mut disk, control, 0, NOW, AppendOrigin::RaftLeader).unwrap();
    assert_eq!(log.log_end_offset(), 1);
}

#[test]
fn an_append_larger_than_a_segment_is_refused() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &small_segments());
    let error = log.append_as_leader(&mut disk, batch(&[&"x".repeat(900)]), 0, NOW).unwrap_err();
    assert_eq!(error.error_code(), ErrorCode::RecordListTooLarge);
    assert!(error.to_string().starts_with("Message batch size is "), "{error}");
}

#[test]
fn compacted_topics_want_keys() {
    let mut disk = Disk::default();
    let mut config = LogConfig::default();
    config.cleanup_policy.compact = true;
    let mut log = open(&mut disk, &config);
    let error = log.append_as_leader(&mut disk, idempotent(1, 0, 0, 2), 0, NOW).unwrap_err();
    assert_eq!(error.error_code(), ErrorCode::InvalidRecord);
    assert_eq!(error.record_errors().len(), 2);
    let message = "Compacted topic cannot accept message without key in topic partition orders-0";
    assert_eq!(error.record_errors()[1].message, message);
    log.append_as_leader(&mut disk, batch(&["with a key"]), 0, NOW).unwrap();
}

#[test]
fn the_broker_sets_timestamps_and_compression_where_the_topic_says_so() {
    let value = "a value that is worth compressing ".repeat(20);
    let config = LogConfig {
        message_timestamp_type: TimestampType::LogAppendTime,
        compression_type: ottla_log::CompressionSetting::Fixed(Compression::Lz4),
        ..LogConfig::default()
    };
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &config);
    let info = log.append_as_leader(&mut disk, batch_at(NOW - 5000, &[&value, &value]), 0, NOW).unwrap();
    assert_eq!((info.log_append_time_ms, info.max_timestamp), (NOW, NOW));
    let stored = Batch::parse(log.read(&disk, 0, u64::MAX, 2, true).unwrap()).unwrap();
    assert_eq!(stored.header.compression(), Compression::Lz4);
    assert_eq!(stored.header.timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!(read_all(&log, &disk, 0), [(0, value.clone()), (1, value)]);
}

#[test]
fn a_header_that_lies_about_the_greatest_timestamp_is_put_right() {
    let honest = Batch::parse(batch_at(NOW, &["v"])).unwrap();
    let mut lying = honest.bytes.to_vec();
    lying[35..43].copy_from_slice(&(NOW + 99).to_be_bytes());
    let crc = ottla_records::crc32c(&lying[21..]);
    lying[17..21].copy_from_slice(&crc.to_be_bytes());
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    let info = log.append_as_leader(&mut disk, lying.into(), 0, NOW).unwrap();
    assert_eq!(info.max_timestamp, NOW);
    assert_eq!(read_all(&log, &disk, 0).len(), 1);
}

#[test]
fn followers_append_what_continues_their_log() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    let stamped = |offset, epoch| ottla_records::stamp(batch(&["a", "b"]), offset, epoch);
    let info = log.append_as_follower(&mut disk, joined(&[stamped(0, 0), stamped(2, 1)])).unwrap();
    assert_eq!((info.first_offset, info.last_offset), (0, 3));
    assert_eq!(epochs(&log), [(0, 0), (1, 2)]);
    // Compaction leaves gaps.
    log.append_as_follower(&mut disk, stamped(10, 1)).unwrap();
    assert_eq!(log.log_end_offset(), 12);
    for bytes in [stamped(11, 1), joined(&[stamped(12, 1), stamped(12, 1)])] {
        let error = log.append_as_follower(&mut disk, bytes).unwrap_err();
        assert!(matches!(error, LogError::UnexpectedOffset { .. }), "{error}");
    }
    let info = log.append_as_follower(&mut disk, stamped(12, 1).slice(..20)).unwrap();
    assert_eq!((info.first_offset, log.log_end_offset()), (-1, 12));
    let offsets: Vec<i64> = read_all(&log, &disk, 5).iter().map(|(offset, _)| *offset).collect();
    assert_eq!(offsets, [10, 11]);
}

#[test]
fn the_high_watermark_stays_within_the_log() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    log.append_as_leader(&mut disk, batch(&["a", "b", "c"]), 0, NOW).unwrap();
    assert_eq!(log.set_high_watermark(2), 2);
    assert_eq!(log.set_high_watermark(99), 3);
    assert_eq!(log.set_high_watermark(-1), 0);
    let error = log.advance_log_start(&mut disk, 1).unwrap_err();
    assert_eq!(error.error_code(), ErrorCode::OffsetOutOfRange);
    log.set_high_watermark(3);
    log.advance_log_start(&mut disk, 2).unwrap();
    log.advance_log_start(&mut disk, 1).unwrap();
    assert_eq!((log.log_start_offset(), epochs(&log)), (2, vec![(0, 2)]));
    assert_eq!(log.read(&disk, 1, 1, 3, true).unwrap_err().error_code(), ErrorCode::OffsetOutOfRange);
}

#[test]
fn a_disk_that_refuses_leaves_the_log_as_it_was() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    log.append_as_leader(&mut disk, batch(&["a"]), 0, NOW).unwrap();
    disk.set_failing(true);
    let error = log.append_as_leader(&mut disk, batch(&["b"]), 0, NOW).unwrap_err();
    assert!(matches!(error, LogError::Disk(DiskError::Failed(_))), "{error}");
    disk.set_failing(false);
    assert_eq!(log.log_end_offset(), 1);
    log.append_as_leader(&mut disk, batch(&["c"]), 0, NOW).unwrap();
    assert_eq!(read_all(&log, &disk, 0), [(0, "a".to_owned()), (1, "c".to_owned())]);
}

#[test]
fn a_damaged_index_costs_time_only() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig { index_interval_bytes: 100, ..LogConfig::default() });
    for number in 0..40 {
        log.append_as_leader(&mut disk, batch_at(NOW + number, &["v"]), 0, NOW).unwrap();
    }
    let path = "node-1/orders-0/00000000000000000000.index";
    let length = disk.len(path).unwrap();
    for filler in [0x00, 0x7f, 0xff] {
        disk.replace(path, &vec![filler; length as usize]).unwrap();
        assert_eq!(read_all(&log, &disk, 25).len(), 15);
    }
    disk.remove(path);
    assert_eq!(read_all(&log, &disk, 25).len(), 15);
}

#[test]
fn deleting_a_log_leaves_its_neighbours() {
    let mut disk = Disk::default();
    let log = open(&mut disk, &LogConfig::default());
    disk.replace("node-1/orders-01/x", b"").unwrap();
    let files = log.delete_later(&mut disk, "0b1c").unwrap();
    assert!(files.contains(&format!("{DIR}.0b1c-delete/00000000000000000000.log")), "{files:?}");
    assert!(!disk.list(&format!("{DIR}/")).any(|_| true));
    for path in files {
        assert!(disk.remove(&path));
    }
    assert_eq!(disk.list("").collect::<Vec<_>>(), ["node-1/orders-01/x"]);
}
