//! Tables of known values: hashes, checksums, varints, sizes and whole batches as Apache Kafka wrote them.

use bytes::Bytes;
use ottla_records::varint::{
    get_unsigned_varint, get_varint, get_varlong, put_unsigned_varint, put_varint, put_varlong,
    size_of_unsigned_varint, size_of_varint, size_of_varlong,
};
use ottla_records::{
    BATCH_OVERHEAD, Batch, BatchBuilder, Compression, ControlType, EndTransactionMarker, Limits, RecordError,
    RecordHeader, TimestampType, crc32c, decrement_sequence, increment_sequence, java_string_hash, murmur2,
    to_positive,
};

#[test]
fn murmur2_of_kafkas_own_tests() {
    let table: &[(&[u8], i32)] = &[
        (b"21", -973_932_308),
        (b"foobar", -790_332_482),
        (b"a-little-bit-long-string", -985_981_536),
        (b"a-little-bit-longer-string", -1_486_304_829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        (b"abc", 479_470_107),
        (b"", 275_646_681),
    ];
    for (key, hash) in table {
        assert_eq!(murmur2(key), *hash, "{key:?}");
    }
}

#[test]
fn keys_go_to_the_partitions_that_kafka_chooses() {
    let table: &[(&str, [i32; 4])] = &[
        ("", [0, 3, 1, 9]),
        ("a", [1, 4, 4, 4]),
        ("key", [1, 1, 1, 1]),
        ("key1", [2, 2, 0, 8]),
        ("key2", [2, 5, 1, 11]),
        ("key3", [1, 1, 5, 1]),
        ("another key", [0, 3, 1, 3]),
        ("user_id_1", [0, 0, 8, 0]),
        ("truck_id_123", [2, 2, 6, 2]),
        ("hello", [0, 3, 9, 9]),
        ("0", [2, 2, 6, 8]),
        ("1", [0, 3, 9, 3]),
        ("2", [2, 2, 8, 8]),
        ("3", [2, 5, 3, 11]),
        ("4", [1, 1, 3, 1]),
        ("5", [0, 0, 0, 6]),
        ("kafka", [1, 4, 0, 4]),
        ("id_0", [1, 1, 1, 7]),
        ("id_1", [0, 3, 1, 3]),
        ("id_2", [2, 5, 1, 5]),
        ("id_3", [0, 3, 1, 3]),
    ];
    for (key, partitions) in table {
        let hash = to_positive(murmur2(key.as_bytes()));
        assert_eq!([3, 6, 10, 12].map(|count| hash % count), *partitions, "{key}");
    }
}

#[test]
fn groups_go_to_the_offsets_partitions_that_kafka_chooses() {
    let table = [
        ("consumerApplication", 20),
        ("group1", 40),
        ("group2", 39),
        ("group33", 37),
        ("group-first", 42),
        ("group-second", 26),
        ("console-consumer-12345", 6),
        ("my-group", 12),
        ("test", 48),
        ("my-first-application", 18),
        ("foo", 24),
        ("", 0),
    ];
    for (group, partition) in table {
        assert_eq!(java_string_hash(group).abs() % 50, partition, "{group}");
    }
    assert_eq!(java_string_hash("polygenelubricants"), i32::MIN);
}

#[test]
fn crc32c_of_known_inputs() {
    let table: &[(&[u8], u32)] = &[
        (b"", 0),
        (b"Some String", 608_512_271),
        (b"123456789", 0xe306_9283),
        (b"a", 0xc1d0_4330),
        (b"hello world", 0xc994_65aa),
        (&[0; 32], 0x8a91_36aa),
        (&[0xff; 32], 0x62a8_ab43),
    ];
    for (bytes, checksum) in table {
        assert_eq!(crc32c(bytes), *checksum, "{bytes:?}");
    }
}

#[test]
fn varints_of_kafkas_own_tests() {
    let table: &[(i32, &[u8])] = &[
        (0, &[0x00]),
        (-1, &[0x01]),
        (1, &[0x02]),
        (63, &[0x7e]),
        (-64, &[0x7f]),
        (64, &[0x80, 0x01]),
        (-65, &[0x81, 0x01]),
        (8191, &[0xfe, 0x7f]),
        (-8192, &[0xff, 0x7f]),
        (8192, &[0x80, 0x80, 0x01]),
        (-8193, &[0x81, 0x80, 0x01]),
        (i32::MAX, &[0xfe, 0xff, 0xff, 0xff, 0x0f]),
        (i32::MIN, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
    ];
    for (value, encoded) in table {
        let mut out = Vec::new();
        put_varint(&mut out, *value);
        assert_eq!(out, *encoded, "{value}");
        assert_eq!(size_of_varint(*value), encoded.len(), "{value}");
        assert_eq!(get_varint(&mut &encoded[..]), Ok(*value));
        let mut long = Vec::new();
        put_varlong(&mut long, i64::from(*value));
        assert_eq!(long, *encoded, "{value}");
    }
    for (value, size) in [(0, 1), (i64::MAX, 10), (i64::MIN, 10), (-1, 1), (1 << 34, 6), ((1 << 34) - 1, 5)] {
        let mut out = Vec::new();
        put_varlong(&mut out, value);
        assert_eq!((out.len(), size_of_varlong(value)), (size, size), "{value}");
        assert_eq!(get_varlong(&mut &out[..]), Ok(value));
    }
    for (value, size) in [(0_u32, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (u32::MAX, 5)] {
        let mut out = Vec::new();
        put_unsigned_varint(&mut out, value);
        assert_eq!((out.len(), size_of_unsigned_varint(value)), (size, size), "{value}");
        assert_eq!(get_unsigned_varint(&mut &out[..]), Ok(value));
    }
}

#[test]
fn varints_that_never_end_are_refused() {
    assert_eq!(get_varint(&mut &[0xff; 6][..]), Err(RecordError::VarintTooLong));
    assert_eq!(get_varlong(&mut &[0xff; 11][..]), Err(RecordError::VarintTooLong));
    assert_eq!(get_unsigned_varint(&mut &[0x80][..]), Err(RecordError::Truncated { needed: 2, available: 1 }));
}

#[test]
fn sequences_wrap_to_zero() {
    for (sequence, step, next) in [(0, 1, 1), (i32::MAX, 1, 0), (i32::MAX - 1, 5, 3), (7, 0, 7)] {
        assert_eq!(increment_sequence(sequence, step), next);
        assert_eq!(decrement_sequence(next, step), sequence);
    }
}

#[test]
fn sizes_of_small_batches() {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    assert_eq!(builder.estimated_size(), BATCH_OVERHEAD);
    assert_eq!(builder.estimated_size_with(1, None, Some(b"hello"), &[]), 73);
    builder.append(1, None, Some(b"hello"), &[]);
    assert_eq!((builder.estimated_size(), builder.build(0, -1).len()), (73, 73));
}

#[test]
fn ids_and_names_are_kafkas() {
    let names = ["none", "gzip", "snappy", "lz4", "zstd"];
    for (id, name) in (0..).zip(names) {
        let codec = Compression::from_id(id).unwrap();
        assert_eq!((codec.id(), codec.name(), Compression::from_name(name)), (id, name, Some(codec)));
    }
    assert_eq!(Compression::from_id(5), Err(RecordError::UnknownCompression(5)));
    assert_eq!(Compression::from_name("GZIP"), None);
    for kind in [TimestampType::CreateTime, TimestampType::LogAppendTime] {
        assert_eq!(TimestampType::from_name(kind.name()), Some(kind));
    }
    for id in -1..9 {
        assert_eq!(ControlType::parse_key(Some(&ControlType::from_id(id).key())).map(ControlType::id), Ok(id));
    }
}

#[test]
fn markers_end_transactions() {
    let marker = EndTransactionMarker { committed: true, coordinator_epoch: 3 };
    assert_eq!((&marker.key()[..], &marker.value()[..]), (&[0, 0, 0, 1][..], &[0, 0, 0, 0, 0, 3][..]));
    let batch = Batch::parse(marker.batch(1000, 5, 1_700_000_000_000)).unwrap();
    assert_eq!(batch.bytes.len(), 78);
    assert!(batch.header.is_control() && batch.header.is_transactional());
    assert_eq!((batch.header.producer_id, batch.header.producer_epoch, batch.header.base_sequence), (1000, 5, -1));
    let mut records = batch.records(&Limits::default()).unwrap();
    assert_eq!(EndTransactionMarker::parse(&records[0]), Ok(marker));
    records[0].key = Some(Bytes::from_static(&[0, 0, 0, 2]));
    assert!(EndTransactionMarker::parse(&records[0]).is_err());
    records[0].key = Some(Bytes::from_static(&[0xff, 0, 0, 1]));
    assert!(EndTransactionMarker::parse(&records[0]).is_err());
    records[0].key = None;
    assert!(EndTransactionMarker::parse(&records[0]).is_err());
}

/// Batches of a console producer, as `kafka-dump-log.sh` of Apache Kafka 4.3 showed them: size and checksum.
#[test]
fn batches_equal_those_that_kafka_wrote() {
    let header = |key: &'static str, value: &'static str| RecordHeader {
        key: Bytes::from_static(key.as_bytes()),
        value: Some(Bytes::from_static(value.as_bytes())),
    };
    type Recorded = (i64, i64, Option<&'static [u8]>, &'static [u8], Vec<RecordHeader>, usize, u32);
    let table: [Recorded; 3] = [
        (0, 1_795_360_765_579, None, b"hello", vec![], 73, 370_230_916),
        (1, 1_795_360_767_319, Some(b"id_0"), b"first", vec![], 77, 3_197_167_596),
        (
            2,
            1_795_360_769_451,
            None,
            b"big order",
            vec![header("source", "web"), header("page", "cart")],
            98,
            1_244_746_014,
        ),
    ];
    for (producer_id, timestamp, key, value, headers, size, crc) in table {
        let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
        builder.set_producer(producer_id, 0, 0);
        builder.append(timestamp, key, Some(value), &headers);
        let batch = Batch::parse(builder.build(producer_id, 0)).unwrap();
        assert_eq!((batch.bytes.len(), batch.header.crc), (size, crc), "{value:?}");
    }
}

#[test]
fn a_gzip_batch_equals_the_one_that_kafka_wrote() {
    let mut builder = BatchBuilder::new(Compression::Gzip, None, TimestampType::CreateTime);
    builder.set_producer(3, 0, 0);
    builder.append(1_795_360_771_335, Some(b"id_1"), Some(b"second"), &[]);
    builder.append(1_795_360_771_368, Some(b"id_2"), Some(b"third"), &[]);
    let batch = Batch::parse(builder.build(3, 0)).unwrap();
    assert_eq!((batch.bytes.len(), batch.header.crc), (112, 4_218_090_486));
    assert_eq!(batch.header.max_timestamp, 1_795_360_771_368);
}
