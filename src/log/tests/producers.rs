//! Idempotent and transactional producers: duplicates, gaps, fencing, last stable offset (KIP-98).

mod common;

use common::*;
use ottla_log::{AbortedTransaction, AppendOrigin, LogConfig, PartitionLog, Shutdown};
use ottla_records::EndTransactionMarker;
use ottla_wire::ErrorCode;
use ottla_world::Disk;

/// A batch (producer, epoch, first sequence, records) and the offsets or the error that it gets.
type Step = ((i64, i16, i32, usize), Result<(i64, i64), ErrorCode>);

fn run(log: &mut PartitionLog, disk: &mut Disk, steps: &[Step]) {
    for ((producer_id, epoch, sequence, count), expected) in steps {
        let bytes = idempotent(*producer_id, *epoch, *sequence, *count);
        let result = log.append_as_leader(disk, bytes, 0, NOW);
        let offsets = result.map(|info| (info.first_offset, info.last_offset)).map_err(|error| error.error_code());
        assert_eq!(offsets, *expected, "producer {producer_id} epoch {epoch} sequence {sequence}");
    }
}

#[test]
fn sequences_are_checked_as_kafka_checks_them() {
    let out_of_order = Err(ErrorCode::OutOfOrderSequenceNumber);
    let fenced = Err(ErrorCode::InvalidProducerEpoch);
    let tables: [&[Step]; 6] = [
        // In order, again, with a gap, backwards.
        &[
            ((1, 0, 0, 2), Ok((0, 1))),
            ((1, 0, 2, 1), Ok((2, 2))),
            ((1, 0, 0, 2), Ok((0, 1))),
            ((1, 0, 2, 1), Ok((2, 2))),
            ((1, 0, 4, 1), out_of_order),
            ((1, 0, 1, 1), out_of_order),
            ((1, 0, 3, 1), Ok((3, 3))),
        ],
        // Five batches are known, a sixth is not.
        &[
            ((1, 0, 0, 1), Ok((0, 0))),
            ((1, 0, 1, 1), Ok((1, 1))),
            ((1, 0, 2, 1), Ok((2, 2))),
            ((1, 0, 3, 1), Ok((3, 3))),
            ((1, 0, 4, 1), Ok((4, 4))),
            ((1, 0, 0, 1), Ok((0, 0))),
            ((1, 0, 5, 1), Ok((5, 5))),
            ((1, 0, 0, 1), out_of_order),
        ],
        // An unknown producer may begin anywhere.
        &[((7, 3, 40, 1), Ok((0, 0))), ((7, 3, 41, 1), Ok((1, 1)))],
        // A new epoch begins at 0 and fences the old one.
        &[
            ((1, 0, 0, 1), Ok((0, 0))),
            ((1, 1, 1, 1), out_of_order),
            ((1, 1, 0, 1), Ok((1, 1))),
            ((1, 0, 1, 1), fenced),
            ((1, 1, 1, 1), Ok((2, 2))),
        ],
        // Sequences wrap.
        &[((1, 0, i32::MAX - 1, 2), Ok((0, 1))), ((1, 0, 0, 1), Ok((2, 2))), ((1, 0, i32::MAX - 1, 2), Ok((0, 1)))],
        // Producers do not know of each other.
        &[((1, 0, 0, 1), Ok((0, 0))), ((2, 0, 0, 1), Ok((1, 1))), ((1, 0, 1, 1), Ok((2, 2)))],
    ];
    for steps in tables {
        let mut disk = Disk::default();
        let mut log = open(&mut disk, &LogConfig::default());
        run(&mut log, &mut disk, steps);
    }
}

#[test]
fn refusals_say_what_kafka_says() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    run(&mut log, &mut disk, &[((9, 1, 0, 2), Ok((0, 1)))]);
    let mut refusal = |bytes| log.append_as_leader(&mut disk, bytes, 0, NOW).unwrap_err().to_string();
    assert_eq!(
        refusal(idempotent(9, 1, 5, 1)),
        "Out of order sequence number for producer 9 at offset 2 in partition orders-0: 5 (incoming seq. number), 1 \
         (current end sequence number)"
    );
    assert_eq!(
        refusal(idempotent(9, 0, 2, 1)),
        "Epoch of producer 9 at offset 2 in orders-0 is 0, which is < the last seen epoch 1 (TV-1)"
    );
}

#[test]
fn a_duplicate_answers_with_the_old_offsets_and_appends_nothing() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    let first = log.append_as_leader(&mut disk, idempotent(1, 0, 0, 3), 0, NOW).unwrap();
    let again = log.append_as_leader(&mut disk, idempotent(1, 0, 0, 3), 0, NOW).unwrap();
    assert!(!first.is_duplicate && again.is_duplicate);
    assert_eq!((again.first_offset, again.last_offset, again.records_count), (0, 2, 0));
    assert_eq!((log.log_end_offset(), log.producers().get(1).unwrap().batches().len()), (3, 1));
}

#[test]
fn state_comes_back_from_the_log() {
    for after in [Shutdown::Clean, Shutdown::Unclean] {
        let mut disk = Disk::default();
        let mut log = open(&mut disk, &small_segments());
        for sequence in 0..20 {
            log.append_as_leader(&mut disk, idempotent(1, 0, sequence, 1), 0, NOW).unwrap();
        }
        let (mut log, _) = open_after(&mut disk, &small_segments(), after);
        let steps = [((1, 0, 19, 1), Ok((19, 19))), ((1, 0, 20, 1), Ok((20, 20)))];
        run(&mut log, &mut disk, &steps);
        run(&mut log, &mut disk, &[((1, 0, 3, 1), Err(ErrorCode::OutOfOrderSequenceNumber))]);
        log.truncate_to(&mut disk, 5).unwrap();
        run(&mut log, &mut disk, &[((1, 0, 4, 1), Ok((4, 4))), ((1, 0, 5, 1), Ok((5, 5)))]);
    }
}

#[test]
fn idle_producers_are_forgotten() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    run(&mut log, &mut disk, &[((1, 0, 0, 1), Ok((0, 0)))]);
    assert_eq!(log.remove_expired_producers(NOW + 99, 100), 0);
    assert_eq!(log.remove_expired_producers(NOW + 100, 100), 1);
    run(&mut log, &mut disk, &[((1, 0, 5, 1), Ok((1, 1)))]);
}

fn end(log: &mut PartitionLog, disk: &mut Disk, producer_id: i64, committed: bool, coordinator_epoch: i32) {
    let marker = EndTransactionMarker { committed, coordinator_epoch }.batch(producer_id, 0, NOW);
    log.append_as_leader_from(disk, marker, 0, NOW, AppendOrigin::Coordinator).unwrap();
}

#[test]
fn the_last_stable_offset_waits_for_open_transactions() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    log.append_as_leader(&mut disk, batch(&["plain"]), 0, NOW).unwrap();
    log.append_as_leader(&mut disk, transactional(1, 0, 0, 2), 0, NOW).unwrap();
    log.append_as_leader(&mut disk, transactional(2, 0, 0, 1), 0, NOW).unwrap();
    log.set_high_watermark(4);
    assert_eq!(log.last_stable_offset(), 1);
    end(&mut log, &mut disk, 1, false, 5);
    assert_eq!(log.last_stable_offset(), 1, "the marker is not replicated yet");
    log.set_high_watermark(5);
    assert_eq!(log.last_stable_offset(), 3);
    end(&mut log, &mut disk, 2, true, 5);
    log.set_high_watermark(6);
    assert_eq!(log.last_stable_offset(), 6);

    let aborted = AbortedTransaction { producer_id: 1, first_offset: 1, last_offset: 4, last_stable_offset: 3 };
    for (offset, upper_bound, expected) in [(0, 6, 1), (4, 6, 1), (5, 6, 0), (0, 1, 0), (0, 2, 1)] {
        let found = log.aborted_transactions(offset, upper_bound);
        assert_eq!(found, vec![aborted; expected], "{offset}..{upper_bound}");
    }
    let mut log = open(&mut disk, &LogConfig::default());
    assert_eq!(log.aborted_transactions(0, 6), [aborted]);
    assert_eq!(log.set_high_watermark(6), log.last_stable_offset());
    log.truncate_to(&mut disk, 4).unwrap();
    assert_eq!((log.last_stable_offset(), log.aborted_transactions(0, 6)), (1, vec![]));
}

#[test]
fn plain_writes_within_a_transaction_and_old_coordinators_are_refused() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, &LogConfig::default());
    log.append_as_leader(&mut disk, transactional(1, 0, 0, 1), 0, NOW).unwrap();
    let error = log.append_as_leader(&mut disk, idempotent(1, 0, 1, 1), 0, NOW).unwrap_err();
    assert_eq!(error.error_code(), ErrorCode::InvalidTxnState);
    end(&mut log, &mut disk, 1, true, 5);
    let marker = EndTransactionMarker { committed: true, coordinator_epoch: 4 }.batch(1, 0, NOW);
    let error = log.append_as_leader_from(&mut disk, marker, 0, NOW, AppendOrigin::Coordinator).unwrap_err();
    assert_eq!(error.error_code(), ErrorCode::TransactionCoordinatorFenced);
    assert_eq!(log.log_end_offset(), 2);
}
