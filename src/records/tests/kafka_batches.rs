//! Batches that Apache Kafka 4.3's `MemoryRecordsBuilder` wrote, one a codec, all with the same records.

use bytes::Bytes;
use ottla_records::{Batch, BatchBuilder, Compression, Limits, Record, RecordHeader, TimestampType};

fn batches_of_kafka() -> [(Compression, &'static str); 5] {
    [
        (
            Compression::None,
            concat!(
                "000000000000000000000073ffffffff02cf2f409e0000000000020000018bcfe568000000018bcfe568050000000000",
                "0000090002000000050000000366000000066b65794676616c75652076616c75652076616c75652076616c7565207661",
                "6c75652076616c756504026801026802010c000a020101000c000104000000",
            ),
        ),
        (
            Compression::Gzip,
            concat!(
                "00000000000000000000006bffffffff02b536b6880001000000020000018bcfe568000000018bcfe568050000000000",
                "000009000200000005000000031f8b08000000000000ff4b63606060cb4ead742b4bcc294d55c04bb230653032653031",
                "f2307031313232f03030b2007503003f6da84c42000000",
            ),
        ),
        (
            Compression::Snappy,
            concat!(
                "000000000000000000000070ffffffff02bfa0e6490002000000020000018bcfe568000000018bcfe568050000000000",
                "0000090002000000050000000382534e415050590000000001000000010000002b423866000000066b65794676616c75",
                "65207206005404026801026802010c000a020101000c000104000000",
            ),
        ),
        (
            Compression::Lz4,
            concat!(
                "00000000000000000000006cffffffff02889adb280003000000020000018bcfe568000000018bcfe568050000000000",
                "0000090002000000050000000304224d186040822c000000ff0066000000066b65794676616c75652006000af0070402",
                "6801026802010c000a020101000c00010400000000000000",
            ),
        ),
        (
            Compression::Zstd,
            concat!(
                "000000000000000000000069ffffffff0243c0c0b00004000000020000018bcfe568000000018bcfe568050000000000",
                "0000090002000000050000000328b52ffd0058640100540266000000066b65794676616c75652004026801026802010c",
                "000a020101000c0001040000000100b94b1d010000",
            ),
        ),
    ]
}

fn bytes_of(hex: &str) -> Bytes {
    let nibble = |digit: u8| (digit as char).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect()
}

fn expected() -> Vec<Record> {
    let name = Bytes::from_static(b"h");
    let headers = vec![
        RecordHeader { key: name.clone(), value: None },
        RecordHeader { key: name, value: Some(Bytes::from_static(&[1])) },
    ];
    let value = Bytes::from_static(b"value value value value value value");
    let empty = Some(Bytes::new());
    vec![
        Record {
            offset: 0,
            timestamp: 1_700_000_000_000,
            key: Some(Bytes::from_static(b"key")),
            value: Some(value),
            headers,
        },
        Record { offset: 1, timestamp: 1_700_000_000_005, key: None, value: None, headers: Vec::new() },
        Record { offset: 2, timestamp: 1_699_999_999_999, key: empty.clone(), value: empty, headers: Vec::new() },
    ]
}

#[test]
fn are_read() {
    for (codec, hex) in batches_of_kafka() {
        let batch = Batch::parse(bytes_of(hex)).unwrap();
        batch.verify_crc().unwrap();
        let header = &batch.header;
        assert_eq!((header.compression(), header.records_count), (codec, 3));
        assert_eq!((header.producer_id, header.producer_epoch), (9, 2));
        assert_eq!((header.base_sequence, header.last_sequence()), (5, 7));
        assert_eq!((header.base_timestamp, header.max_timestamp), (1_700_000_000_000, 1_700_000_000_005));
        assert_eq!(batch.records(&Limits::default()), Ok(expected()), "{}", codec.name());
    }
}

/// Encoders of gzip and Zstandard may choose between equivalent codes; the others come out byte for byte.
#[test]
fn are_written() {
    for (codec, hex) in batches_of_kafka() {
        if matches!(codec, Compression::Gzip | Compression::Zstd) {
            continue;
        }
        let mut builder = BatchBuilder::new(codec, None, TimestampType::CreateTime);
        builder.set_producer(9, 2, 5);
        for record in expected() {
            builder.append(record.timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers);
        }
        assert_eq!(builder.build(0, -1), bytes_of(hex), "{}", codec.name());
    }
}
