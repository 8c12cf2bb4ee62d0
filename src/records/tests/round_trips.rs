//! What was built is read back, whatever the codec; what a leader stamps changes nothing else.

mod common;

use bytes::Bytes;
use common::{Draft, build, compression, draft};
use ottla_records::{
    Batch, BatchBuilder, Batches, Compression, Limits, Record, RecordError, TimestampType, retain_records,
    set_log_append_time, stamp,
};
use proptest::prelude::*;

const LIMITS: fn() -> Limits = Limits::default;

/// What a reader must find.
fn records(base_offset: i64, drafts: &[Draft]) -> Vec<Record> {
    (base_offset..)
        .zip(drafts.iter().cloned())
        .map(|(offset, draft)| Record {
            offset,
            timestamp: draft.timestamp,
            key: draft.key,
            value: draft.value,
            headers: draft.headers,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn batches(codec in compression(), drafts in proptest::collection::vec(draft(), 0..20)) {
        let batch = build(codec, &drafts);
        batch.verify_crc().unwrap();
        prop_assert_eq!(batch.header.records_count as usize, drafts.len());
        if !drafts.is_empty() {
            prop_assert_eq!(batch.header.compression(), codec);
        }
        prop_assert_eq!(batch.records(&LIMITS()).unwrap(), records(0, &drafts));
    }

    #[test]
    fn estimates_are_exact_without_compression(drafts in proptest::collection::vec(draft(), 1..10)) {
        let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
        for d in &drafts {
            let expected = builder.estimated_size_with(d.timestamp, d.key.as_deref(), d.value.as_deref(), &d.headers);
            builder.append(d.timestamp, d.key.as_deref(), d.value.as_deref(), &d.headers);
            prop_assert_eq!(builder.estimated_size(), expected);
        }
        prop_assert_eq!(builder.build(0, -1).len(), builder.estimated_size());
        prop_assert_eq!(builder.len(), drafts.len());
        let first = &drafts[0];
        let bound = ottla_records::record_size_upper_bound(first.key.as_deref(), first.value.as_deref(), &first.headers);
        prop_assert!(build(Compression::None, &drafts[..1]).bytes.len() <= bound);
    }

    #[test]
    fn codecs(
        codec in compression(),
        level in proptest::option::of(-1..25),
        seed in proptest::collection::vec(any::<u8>(), 0..2000),
        repeats in 0_usize..200,
    ) {
        let input = seed.repeat(repeats);
        let compressed = codec.codec().compress(&input, level);
        prop_assert_eq!(&codec.codec().compress(&input, level), &compressed);
        prop_assert_eq!(&codec.codec().decompress(&compressed, input.len() as u64).unwrap(), &input);
        if let Some(less) = (input.len() as u64).checked_sub(1) {
            let refused = codec.codec().decompress(&compressed, less);
            let refused = matches!(refused, Err(RecordError::LimitExceeded { .. }));
            prop_assert!(refused);
        }
    }

    #[test]
    fn stamps_keep_checksum_and_records(
        codec in compression(),
        drafts in proptest::collection::vec(draft(), 1..5),
        base_offset in 0..i64::MAX / 2,
        epoch in 0..i32::MAX,
    ) {
        let batch = build(codec, &drafts);
        // Once shared, once not.
        let stamped = stamp(stamp(batch.bytes.clone(), 1, 1), base_offset, epoch);
        let stamped = Batch::parse(stamped).unwrap();
        stamped.verify_crc().unwrap();
        prop_assert_eq!(stamped.header.base_offset, base_offset);
        prop_assert_eq!(stamped.header.partition_leader_epoch, epoch);
        prop_assert_eq!(stamped.header.next_offset(), base_offset + drafts.len() as i64);
        prop_assert_eq!(stamped.records(&LIMITS()).unwrap(), records(base_offset, &drafts));
        prop_assert_eq!(&batch.bytes[..8], &[0; 8]);

        let appended = Batch::parse(set_log_append_time(stamped.bytes, 42)).unwrap();
        appended.verify_crc().unwrap();
        prop_assert_eq!(appended.header.timestamp_type(), TimestampType::LogAppendTime);
        prop_assert!(appended.records(&LIMITS()).unwrap().iter().all(|record| record.timestamp == 42));
    }

    #[test]
    fn compaction_keeps_the_frame(
        codec in compression(),
        drafts in proptest::collection::vec((draft(), any::<bool>()), 1..10),
        horizon_ms in proptest::option::of(0..i64::MAX),
    ) {
        let (drafts, keep): (Vec<_>, Vec<_>) = drafts.into_iter().unzip();
        let mut builder = BatchBuilder::new(codec, None, TimestampType::CreateTime);
        builder.set_producer(7, 3, i32::MAX);
        builder.set_transactional(true);
        for d in &drafts {
            builder.append(d.timestamp, d.key.as_deref(), d.value.as_deref(), &d.headers);
        }
        let before = Batch::parse(builder.build(1000, 9)).unwrap();
        let mut kept = records(1000, &drafts);
        let mut flags = keep.iter();
        kept.retain(|_| *flags.next().unwrap());

        let after = Batch::parse(retain_records(&before.header, &kept, horizon_ms, None)).unwrap();
        after.verify_crc().unwrap();
        prop_assert_eq!(after.header.base_offset, 1000);
        prop_assert_eq!(after.header.last_offset(), before.header.last_offset());
        prop_assert_eq!(after.header.last_sequence(), before.header.last_sequence());
        prop_assert_eq!(after.header.partition_leader_epoch, 9);
        prop_assert!(after.header.is_transactional());
        if kept.is_empty() {
            prop_assert_eq!(after.bytes.len(), 61);
        } else {
            prop_assert_eq!(after.header.delete_horizon_ms(), horizon_ms);
        }
        prop_assert_eq!(after.records(&LIMITS()).unwrap(), kept);
    }

    #[test]
    fn runs_of_batches(
        batches in proptest::collection::vec((compression(), proptest::collection::vec(draft(), 1..4)), 0..5),
        cut in 0_usize..40,
    ) {
        let built: Vec<_> = batches.iter().map(|(codec, drafts)| build(*codec, drafts)).collect();
        let run: Vec<u8> = built.iter().flat_map(|batch| batch.bytes.to_vec()).collect();
        let whole = Bytes::from(run.clone());
        let walked: Vec<_> = Batches::strict(whole).map(Result::unwrap).collect();
        prop_assert_eq!(&walked, &built);

        let cut = cut.min(run.len());
        let torn = Bytes::from(run).slice(..walked.iter().map(|b| b.bytes.len()).sum::<usize>() - cut);
        let complete = if cut == 0 { built.len() } else { built.len() - 1 };
        let mut lenient = Batches::new(torn.clone());
        prop_assert_eq!(lenient.by_ref().map(Result::unwrap).count(), complete);
        prop_assert_eq!(lenient.position(), built[..complete].iter().map(|b| b.bytes.len() as u64).sum::<u64>());
        prop_assert_eq!(Batches::strict(torn).filter(Result::is_err).count(), built.len() - complete);
    }
}

#[test]
fn blocks_of_every_size_survive_every_codec() {
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(300_000)
    .collect();
    let text: Vec<u8> = noise.iter().map(|byte| b"etaoin shrdlu"[usize::from(*byte) % 13]).collect();
    let sizes = [0, 1, 31, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 300_000];
    for codec in Compression::ALL {
        for size in sizes {
            for source in [&noise, &text] {
                let compressed = codec.codec().compress(&source[..size], None);
                let output = codec.codec().decompress(&compressed, size as u64);
                assert!(output.is_ok_and(|output| output == source[..size]), "{} {size}", codec.name());
            }
        }
    }
}
