//! Stored records as JSON, against what Kafka's tools print of the same bytes.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn records_of_the_metadata_log() {
    let rows = [
        ("01 14 00 00", r#"{"type":"NO_OP_RECORD","version":0,"data":{}}"#),
        (
            "01 0c 00 04 6b2e76 0001 00",
            r#"{"type":"FEATURE_LEVEL_RECORD","version":0,"data":{"name":"k.v","featureLevel":1}}"#,
        ),
        (
            "01 11 03 00000001 000000000000000b 01 00 01 ff",
            r#"{"type":"BROKER_REGISTRATION_CHANGE_RECORD","version":3,"data":{"brokerId":1,"brokerEpoch":11,"fenced":-1}}"#,
        ),
        ("01 17 00 01 00 03 03 6162", r#"{"type":"BEGIN_TRANSACTION_RECORD","version":0,"data":{"name":"ab"}}"#),
    ];
    for (hex, json) in rows {
        let bytes = bytes(hex);
        assert_eq!(metadata_record(&bytes).as_deref(), Ok(json));
        assert!((0..bytes.len()).all(|length| metadata_record(&bytes[..length]).is_err()));
    }
    assert_eq!(metadata_record(&bytes("01 63 00")), Err(SchemaError::UnknownType(99)));
    assert_eq!(metadata_record(&bytes("01 14 00 00 07")), Err(SchemaError::Garbage(1)));
}

#[test]
fn records_of_the_offsets_topic() {
    let groups = CoordinatorLog::Groups;
    let key = coordinator_key(groups, &bytes("0001 0001 67 0001 74 00000002"));
    assert_eq!(key, Ok((1, Some(r#"{"group":"g","topic":"t","partition":2}"#.to_owned()))));
    let value = coordinator_value(groups, 1, &bytes("0003 0000000000000005 ffffffff 0000 0000000000000009"));
    let json = r#"{"offset":5,"leaderEpoch":-1,"metadata":"","commitTimestamp":9}"#;
    assert_eq!(value, Ok((3, json.to_owned())));
    assert_eq!(coordinator_key(groups, &bytes("0063")), Ok((99, None)));
    let member = "00000001 0001 6d ffff 0001 63 0001 68 00000001 00000002 00000004 0000ffff 00000002 0000";
    let group = bytes(&format!("0003 0008 636f6e73756d6572 00000001 ffff ffff 0000000000000001 {member}"));
    let (_, json) = coordinator_value(groups, 2, &group).unwrap();
    assert!(json.contains(r#""subscription":"AAD//w==","assignment":"AAA=""#), "{json}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>, key_type in 0i16..4) {
        let _ = metadata_record(&bytes);
        let _ = coordinator_key(CoordinatorLog::Groups, &bytes);
        let _ = coordinator_value(CoordinatorLog::Groups, key_type, &bytes);
        let _ = coordinator_value(CoordinatorLog::Transactions, 0, &bytes);
    }
}
