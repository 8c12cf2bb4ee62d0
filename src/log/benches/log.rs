//! What a log costs: appending, reading, cleaning, loading and cloning, beside what the disk alone costs. Serves those who change
//! the log; invariant: nothing is asserted about wall time, figures and ratios are printed.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a bench measures itself")]
#![allow(clippy::unwrap_used, reason = "a bench may stop")]

use bytes::Bytes;
use ottla_log::{CleanupPolicy, LogConfig, PartitionLog, Shutdown};
use ottla_records::{BatchBuilder, Compression, TimestampType};
use ottla_world::{Disk, Rng};
use std::hint::black_box;
use std::time::{Duration, Instant};

const DIR: &str = "node-1/orders-0";
const NOW: i64 = 1_767_225_600_000;
const RECORDS: u64 = 1_000_000;

fn main() {
    let segments = LogConfig { segment_bytes: 16 << 20, ..LogConfig::default() };
    append(&segments);
    let (disk, log) = filled(&segments, RECORDS, 10);
    read(&disk, &log);
    clone(&segments, &disk, &log);
    load(&segments, disk, &log);
    clean();
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = black_box(work());
    (result, started.elapsed())
}

fn each(took: Duration, count: u64) -> u128 {
    took.as_nanos() / u128::from(count.max(1))
}

fn batch(first: u64, records: u64, keys: u64) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    for number in first..first + records {
        let key = format!("key-{}", number % keys);
        builder.append(NOW, Some(key.as_bytes()), Some(b"twenty bytes of value"), &[]);
    }
    builder.build(0, -1)
}

fn filled(config: &LogConfig, records: u64, a_batch: u64) -> (Disk, PartitionLog) {
    let mut disk = Disk::default();
    let (mut log, _) = PartitionLog::open(&mut disk, DIR, config.clone(), Shutdown::Unclean, NOW).unwrap();
    for first in (0..records).step_by(a_batch as usize) {
        log.append_as_leader(&mut disk, batch(first, a_batch, 1000), 0, NOW).unwrap();
    }
    log.set_high_watermark(i64::MAX);
    (disk, log)
}

fn append(config: &LogConfig) {
    for a_batch in [1, 10, 100] {
        let batches: Vec<Bytes> = (0..RECORDS / 10 / a_batch).map(|at| batch(at * a_batch, a_batch, 1000)).collect();
        let count = batches.len() as u64;
        let mut bare = Disk::default();
        let ((), alone) = timed(|| batches.iter().for_each(|batch| bare.append("file", batch).unwrap()));
        let mut disk = Disk::default();
        let (mut log, _) = PartitionLog::open(&mut disk, DIR, config.clone(), Shutdown::Unclean, NOW).unwrap();
        let ((), took) = timed(|| {
            for batch in batches {
                log.append_as_leader(&mut disk, batch, 0, NOW).unwrap();
            }
        });
        println!(
            "append, {a_batch:>3} records a batch: {:>6} ns a batch, {:>5} ns a record, {:.1} x the disk alone",
            each(took, count),
            each(took, count * a_batch),
            took.as_secs_f64() / alone.as_secs_f64()
        );
    }
}

fn read(disk: &Disk, log: &PartitionLog) {
    let end = log.log_end_offset();
    let (bytes, took) = timed(|| {
        let (mut offset, mut bytes) = (0, 0);
        while offset < end {
            let found = log.read(disk, offset, 1 << 20, end, true).unwrap();
            bytes += found.len() as u64;
            let last = ottla_records::Batches::new(found).last().unwrap().unwrap();
            offset = last.header.next_offset();
        }
        bytes
    });
    println!("read from the start, 1 MiB at once: {:.0} MB/s", bytes as f64 / took.as_secs_f64() / 1e6);
    let mut rng = Rng::new(1);
    let offsets: Vec<i64> = (0..100_000).map(|_| rng.below(end as u64) as i64).collect();
    let (_, random) =
        timed(|| offsets.iter().map(|at| log.read(disk, *at, 1, end, true).unwrap().len()).sum::<usize>());
    let (_, last) =
        timed(|| offsets.iter().map(|_| log.read(disk, end - 1, 1, end, true).unwrap().len()).sum::<usize>());
    let (_, none) = timed(|| offsets.iter().map(|_| log.read(disk, end, 1, end, true).unwrap().len()).sum::<usize>());
    let count = offsets.len() as u64;
    println!(
        "read one batch: {} ns at a random offset, {} ns the last one, {} ns at the end",
        each(random, count),
        each(last, count),
        each(none, count)
    );
}

fn clone(config: &LogConfig, disk: &Disk, log: &PartitionLog) {
    const TIMES: u64 = 1000;
    let of = |disk: &Disk, log: &PartitionLog| {
        timed(|| (0..TIMES).for_each(|_| drop(black_box((disk.clone(), log.clone()))))).1
    };
    let (small_disk, small_log) = filled(config, RECORDS / 100, 10);
    let (small, large) = (of(&small_disk, &small_log), of(disk, log));
    println!(
        "clone log and disk: {} ns with {RECORDS} records in {} segments, {:.1} x that of a hundredth of them",
        each(large, TIMES),
        log.segments().count(),
        large.as_secs_f64() / small.as_secs_f64()
    );
    // The first append after a checkpoint copies the tails.
    let (mut disk, mut log) = (disk.clone(), log.clone());
    let mut kept = Vec::new();
    let mut total = Duration::ZERO;
    for _ in 0..TIMES {
        kept = vec![(disk.clone(), log.clone())];
        let batch = batch(0, 1, 1);
        total += timed(|| log.append_as_leader(&mut disk, batch, 0, NOW).unwrap()).1;
    }
    drop(kept);
    println!("append after a clone: {} ns", each(total, TIMES));
}

fn load(config: &LogConfig, mut disk: Disk, log: &PartitionLog) {
    let point = log.recovery_point();
    let mut closed = disk.clone();
    log.clone().close(&mut closed).unwrap();
    let times = [(Shutdown::Clean, closed), (Shutdown::UncleanAfter(point), disk.clone())]
        .map(|(after, mut disk)| timed(|| PartitionLog::open(&mut disk, DIR, config.clone(), after, NOW).unwrap()).1);
    let (_, all) = timed(|| PartitionLog::open(&mut disk, DIR, config.clone(), Shutdown::Unclean, NOW).unwrap());
    println!(
        "load {RECORDS} records: {:.2} ms after a clean stop, {:.2} ms behind the recovery point, {:.1} ms all of it",
        times[0].as_secs_f64() * 1e3,
        times[1].as_secs_f64() * 1e3,
        all.as_secs_f64() * 1e3
    );
}

fn clean() {
    let config = LogConfig {
        cleanup_policy: CleanupPolicy { delete: false, compact: true },
        segment_bytes: 1 << 20,
        ..LogConfig::default()
    };
    let (mut disk, mut log) = filled(&config, RECORDS / 5, 10);
    let (_, idle) = timed(|| (0..1000).filter(|_| log.cleanable(NOW).is_none()).count());
    let cleanable = log.cleanable(NOW).unwrap();
    let (cleaned, took) = timed(|| log.clean(&mut disk, &cleanable, NOW, 5_000_000).unwrap());
    println!(
        "clean: {} ns a record, {} of {} stay, {:.0} MB/s; to ask whether to: {} ns",
        each(took, cleaned.records_before),
        cleaned.records_after,
        cleaned.records_before,
        cleaned.bytes_before as f64 / took.as_secs_f64() / 1e6,
        each(idle, 1000)
    );
}
