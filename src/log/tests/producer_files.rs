//! Snapshots of producers and indexes of aborted transactions: what comes back from them is what walking the log gives.

mod common;

use common::*;
use ottla_log::{
    AbortedTransaction, AppendOrigin, LogConfig, PartitionLog, Shutdown, read_producer_snapshot, read_transaction_index,
};
use ottla_records::EndTransactionMarker;
use ottla_world::Disk;
use proptest::prelude::*;

fn end(log: &mut PartitionLog, disk: &mut Disk, producer_id: i64, committed: bool) {
    let marker = EndTransactionMarker { committed, coordinator_epoch: 0 }.batch(producer_id, 0, NOW);
    log.append_as_leader_from(disk, marker, 0, NOW, AppendOrigin::Coordinator).unwrap();
}

/// Producer, epoch, last sequence, open transaction.
type Known = (i64, i16, i32, Option<i64>);

fn known(log: &PartitionLog) -> (Vec<Known>, Vec<AbortedTransaction>, Option<i64>) {
    let states = log.producers().producers();
    let states = states.map(|p| (p.producer_id, p.producer_epoch, p.last_sequence(), p.current_txn_first_offset));
    (states.collect(), log.aborted_transactions(0, i64::MAX), log.producers().first_unstable_offset())
}

#[test]
fn files_have_kafkas_names_and_contents() {
    let mut disk = Disk::default();
    let config = LogConfig { segment_bytes: 400, ..LogConfig::default() };
    let mut log = open(&mut disk, &config);
    log.append_as_leader(&mut disk, transactional(5, 0, 0, 2), 0, NOW).unwrap();
    end(&mut log, &mut disk, 5, false);
    let index = "node-1/orders-0/00000000000000000000.txnindex";
    let aborted = AbortedTransaction { producer_id: 5, first_offset: 0, last_offset: 2, last_stable_offset: 3 };
    assert_eq!(read_transaction_index(&disk.read_all(index).unwrap()), Some(vec![aborted]));
    assert!(log.unflushed_paths().iter().any(|path| path == index));
    assert!(!disk.list("").any(|path| path.ends_with(".snapshot")), "there is none before a segment ends");
    while log.segments().count() == 1 {
        log.append_as_leader(&mut disk, batch(&["value"]), 0, NOW).unwrap();
    }
    let base = log.segments().last().unwrap().base_offset;
    let snapshot = disk.read_all(&ottla_log::segment_file(DIR, base, "snapshot")).unwrap();
    let entries = read_producer_snapshot(&snapshot).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].producer_id, entries[0].last_sequence, entries[0].last_offset), (5, 1, 1));
    // A clean stop leaves one at the end.
    log.close(&mut disk).unwrap();
    assert!(disk.exists(&ottla_log::segment_file(DIR, log.log_end_offset(), "snapshot")));
}

#[test]
fn a_damaged_snapshot_only_costs_time() {
    let mut disk = Disk::default();
    let config = LogConfig { segment_bytes: 400, ..LogConfig::default() };
    let mut log = open(&mut disk, &config);
    for sequence in 0..20 {
        log.append_as_leader(&mut disk, idempotent(7, 0, sequence, 1), 0, NOW).unwrap();
    }
    let wanted = known(&log);
    let snapshots: Vec<String> = disk.list("").filter(|p| p.ends_with(".snapshot")).map(str::to_owned).collect();
    assert!(snapshots.len() > 2);
    for path in snapshots {
        disk.replace(&path, b"damaged").unwrap();
    }
    let point = log.recovery_point();
    for after in [Shutdown::Clean, Shutdown::Unclean, Shutdown::UncleanAfter(point)] {
        assert_eq!(known(&open_after(&mut disk.clone(), &config, after).0), wanted);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Plain,
    Idempotent(i64),
    Transactional(i64),
    End(i64, bool),
    Truncate(u8),
    Reopen(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Plain),
        3 => (0..3i64).prop_map(Step::Idempotent),
        4 => (3..6i64).prop_map(Step::Transactional),
        3 => (3..6i64, any::<bool>()).prop_map(|(id, committed)| Step::End(id, committed)),
        1 => any::<u8>().prop_map(Step::Truncate),
        2 => any::<u8>().prop_map(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn snapshots_say_what_the_batches_say(steps in prop::collection::vec(step(), 1..80)) {
        let mut disk = Disk::default();
        let config = LogConfig { segment_bytes: 500, ..LogConfig::default() };
        let mut log = open(&mut disk, &config);
        for step in steps {
            match step {
                Step::Plain => drop(log.append_as_leader(&mut disk, batch(&["v"]), 0, NOW).unwrap()),
                Step::Idempotent(id) | Step::Transactional(id) => {
                    let next = log.producers().get(id).map_or(0, |state| state.last_sequence() + 1);
                    let batch = if id < 3 { idempotent(id, 0, next, 1) } else { transactional(id, 0, next, 1) };
                    log.append_as_leader(&mut disk, batch, 0, NOW).unwrap();
                }
                Step::End(id, committed) => end(&mut log, &mut disk, id, committed),
                Step::Truncate(at) => {
                    let offset = i64::from(at) % (log.log_end_offset() + 1);
                    log.truncate_to(&mut disk, offset).unwrap();
                }
                Step::Reopen(how) => {
                    let after = match how % 3 {
                        0 => {
                            log.close(&mut disk).unwrap();
                            Shutdown::Clean
                        }
                        1 => Shutdown::UncleanAfter(log.recovery_point()),
                        _ => Shutdown::Unclean,
                    };
                    log = open_after(&mut disk, &config, after).0;
                }
            }
            log.set_high_watermark(i64::MAX);
            // The same log without any file but the batches.
            let mut bare = disk.clone();
            let files: Vec<String> = bare.list("").filter(|path| !path.ends_with(".log")).map(str::to_owned).collect();
            for path in files {
                bare.remove(&path);
            }
            let mut walked = open_after(&mut bare, &config, Shutdown::Unclean).0;
            walked.set_high_watermark(i64::MAX);
            prop_assert_eq!(known(&log), known(&walked));
            let indexed = disk.list("").filter(|path| path.ends_with(".txnindex"));
            let indexed: Vec<_> = indexed.flat_map(|p| read_transaction_index(&disk.read_all(p).unwrap()).unwrap()).collect();
            prop_assert_eq!(indexed, log.aborted_transactions(0, i64::MAX));
        }
    }
}
