//! Bytes from outside: nothing panics, nothing is allocated on their word alone, and every refusal has its reason.

mod common;

use bytes::Bytes;
use common::{build, compression, draft};
use ottla_records::{
    Batch, BatchBuilder, BatchHeader, Batches, Compression, Limits, RecordError, TimestampType, set_log_append_time,
    varint::put_varint,
};
use proptest::prelude::*;

const SMALL: Limits = Limits { max_decompressed_bytes: 1 << 20, max_records: 1000, max_headers: 1000 };

/// Reads all there is to read; the results do not matter, only that there are results.
fn read(bytes: Bytes) {
    for batches in [Batches::new(bytes.clone()), Batches::strict(bytes)] {
        for batch in batches.flatten() {
            drop(batch.verify_crc());
            drop(batch.records(&SMALL));
            let header = &batch.header;
            assert!(header.next_offset() > header.base_offset && header.size_in_bytes() >= 61);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(BatchHeader::parse(&bytes));
        for codec in Compression::ALL {
            drop(codec.codec().decompress(&bytes, 1 << 16));
        }
        read(Bytes::from(bytes));
    }

    #[test]
    fn random_bodies_do_not_panic(
        codec in compression(),
        body in proptest::collection::vec(any::<u8>(), 0..300),
        count in 0_i32..20,
    ) {
        let mut bytes = build(Compression::None, &[]).bytes.to_vec();
        bytes[8..12].copy_from_slice(&(49 + body.len() as i32).to_be_bytes());
        bytes[22] = codec.id() as u8;
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        bytes.extend_from_slice(&body);
        read(Bytes::from(bytes));
    }

    #[test]
    fn mutated_batches_do_not_panic(
        codec in compression(),
        drafts in proptest::collection::vec(draft(), 1..6),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let mut bytes = build(codec, &drafts).bytes.to_vec();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read(Bytes::from(bytes));
    }

    #[test]
    fn mutated_streams_do_not_panic(
        codec in compression(),
        seed in proptest::collection::vec(any::<u8>(), 1..200),
        repeats in 1_usize..20,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let mut bytes = codec.codec().compress(&seed.repeat(repeats), None);
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(output) = codec.codec().decompress(&bytes, 1 << 16) {
            prop_assert!(output.len() <= 1 << 16);
        }
    }
}

#[test]
fn bombs_are_refused() {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    builder.append(0, None, Some(&vec![0; 8 << 20]), &[]);
    for codec in Compression::ALL.into_iter().skip(1) {
        builder.set_compression(codec, None);
        let bomb = Batch::parse(builder.build(0, 0)).unwrap();
        assert!(bomb.bytes.len() < 1 << 20, "{} makes it small", codec.name());
        let limit = SMALL.max_decompressed_bytes;
        let refused = Err(RecordError::LimitExceeded { what: "decompressed bytes", limit });
        assert_eq!(bomb.records(&SMALL), refused, "{}", codec.name());
        assert_eq!(bomb.records(&Limits::default()).map(|records| records.len()), Ok(1));
    }
}

#[test]
fn too_many_records_and_headers_are_refused() {
    let header = ottla_records::RecordHeader { key: Bytes::new(), value: None };
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    for _ in 0..3 {
        builder.append(0, None, None, &vec![header.clone(); 4]);
    }
    let batch = Batch::parse(builder.build(0, 0)).unwrap();
    let table = [
        (3, 12, Ok(3)),
        (2, 12, Err(RecordError::LimitExceeded { what: "records", limit: 2 })),
        (3, 11, Err(RecordError::LimitExceeded { what: "record headers", limit: 11 })),
    ];
    for (max_records, max_headers, result) in table {
        let limits = Limits { max_records, max_headers, ..Limits::default() };
        assert_eq!(batch.records(&limits).map(|records| records.len()), result);
    }
}

#[test]
fn records_out_of_order_are_refused() {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    builder.append(0, None, None, &[]);
    builder.append(0, None, None, &[]);
    let mut bytes = builder.build(0, 0).to_vec();
    let offset_delta = bytes.len() - 4;
    assert_eq!(bytes[offset_delta], 2);
    bytes[offset_delta] = 0;
    let result = Batch::parse(Bytes::from(bytes)).unwrap().records(&Limits::default());
    assert_eq!(result, Err(RecordError::InvalidRecord("offsets do not increase")));
}

#[test]
fn impossible_headers_are_refused() {
    let good = build(Compression::None, &[]).bytes;
    let invalid = |field, value| RecordError::InvalidField { field, value };
    let table: &[(usize, &[u8], RecordError)] = &[
        (16, &[1], RecordError::UnsupportedMagic(1)),
        (8, &48_i32.to_be_bytes(), RecordError::TooSmall(60)),
        (8, &(-1_i32).to_be_bytes(), RecordError::TooSmall(11)),
        (0, &(-1_i64).to_be_bytes(), invalid("baseOffset", -1)),
        (0, &i64::MAX.to_be_bytes(), invalid("baseOffset", i64::MAX)),
        (23, &(-1_i32).to_be_bytes(), invalid("lastOffsetDelta", -1)),
        (57, &(-1_i32).to_be_bytes(), invalid("recordsCount", -1)),
        (22, &[7], RecordError::UnknownCompression(7)),
    ];
    for (at, bytes, error) in table {
        let mut bad = good.to_vec();
        bad[*at..at + bytes.len()].copy_from_slice(bytes);
        assert_eq!(BatchHeader::parse(&bad), Err(error.clone()));
    }
    let short = RecordError::Truncated { needed: 61, available: 60 };
    assert_eq!(BatchHeader::parse(&good[..60]), Err(short.clone()));
    assert!(short.is_corrupt() && !invalid("baseOffset", 0).is_corrupt());
    let longer = [&good[..], &[0]].concat();
    assert_eq!(Batch::parse(Bytes::from(longer)), Err(invalid("batchLength", 49)));
}

#[test]
fn damage_is_found_by_the_checksum() {
    let batch = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    let mut bytes = batch.build(0, 0).to_vec();
    bytes[60] ^= 1;
    let damaged = Batch::parse(Bytes::from(bytes)).unwrap();
    let error = damaged.verify_crc().unwrap_err();
    assert!(error.is_corrupt() && error.to_string().starts_with("Record is corrupt (stored crc = "), "{error}");
}

/// A batch of one record with this body, behind its length.
fn record(body: &[u8]) -> Result<usize, RecordError> {
    let mut bytes = build(Compression::None, &[]).bytes.to_vec();
    put_varint(&mut bytes, body.len() as i32);
    bytes.extend_from_slice(body);
    let length = bytes.len() as i32 - 12;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes[57..61].copy_from_slice(&1_i32.to_be_bytes());
    Batch::parse(set_log_append_time(Bytes::from(bytes), 0))?.records(&Limits::default()).map(|records| records.len())
}

#[test]
fn impossible_records_are_refused() {
    let table: &[(&[u8], Result<usize, &str>)] = &[
        (&[0, 0, 0, 1, 1, 0], Ok(1)),
        (&[0, 0, 0, 1, 1, 0, 0], Err("invalid record: size differs from what was declared")),
        (&[0, 0, 2, 1, 1, 0], Err("invalid record: offset outside of its batch")),
        (&[0, 0, 1, 1, 1, 0], Err("invalid record: offset outside of its batch")),
        (&[0, 0, 0, 1, 1, 1], Err("invalid record: negative number of headers")),
        (&[0, 0, 0, 1, 1, 8], Err("invalid record: more headers than bytes")),
        (&[0, 0, 0, 1, 1, 2, 1], Err("invalid record: negative header key size")),
        (&[0, 0, 0, 1, 1, 2, 2, 0xff, 1], Err("invalid record: header key is not UTF-8")),
        (&[0, 0, 0, 1, 1, 2, 2, b'a', 1], Ok(1)),
        (&[0, 0, 0, 80, 1, 0], Err("truncated: 40 bytes needed, 2 available")),
        (&[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], Err("varint is too long")),
    ];
    for (body, expected) in table {
        let result = record(body).map_err(|error| error.to_string());
        assert_eq!(result, expected.map_err(str::to_owned), "{body:?}");
    }
}
