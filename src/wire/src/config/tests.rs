//! Definitions and complaints, against what Kafka prints.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn complaint(name: &str, value: &str) -> String {
    let key = topic_config(name).expect("a setting of topics");
    validate(key, value).expect_err("a wrong value").to_string()
}

#[test]
fn table_is_sorted_and_holds_what_describe_lists() {
    let names: Vec<&str> = topic_configs().iter().map(|key| key.name).collect();
    assert!(names.is_sorted());
    let listed: BTreeSet<&str> = DESCRIBE_ORDER.iter().copied().collect();
    assert_eq!(listed.len(), DESCRIBE_ORDER.len());
    assert_eq!(listed, names.iter().copied().collect());
}

#[test]
fn defaults_pass_their_own_validation() {
    for key in topic_configs() {
        let default = key.default.expect("every topic setting has a default");
        let value = parse_valid(key, default).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(value.to_config_text(), default);
    }
}

#[test]
fn registry_is_sorted_and_its_defaults_are_right() {
    use ConfigKind::{Admin, Broker, Consumer, Producer, Topic};
    let counts = [(Broker, 363), (Topic, 33), (Producer, 113), (Consumer, 116), (Admin, 91)];
    for (kind, count) in counts {
        let keys = config_keys(kind);
        assert_eq!(keys.len(), count, "{kind:?}");
        assert!(keys.windows(2).all(|pair| pair[0].name < pair[1].name), "{kind:?}");
        for key in keys {
            assert!(key.doc.ends_with('.') && !key.doc.contains('\n'), "{}", key.name);
            let value = key.default.map(|default| parse_valid(key, default));
            assert!(value.is_none_or(|value| value.is_ok()), "{}", key.name);
        }
        assert_eq!(config_key(kind, keys[7].name), Some(keys[7]));
    }
    let names: Vec<&str> = group_configs().iter().map(|config| config.key.name).collect();
    assert!(names.is_sorted());
    let broker = |name: &str| config_key(Broker, name);
    for config in group_configs() {
        assert_eq!(config.broker.map_or(config.key.default, |name| broker(name).unwrap().default), config.key.default);
        assert!([config.bounds.0, config.bounds.1].into_iter().flatten().all(|name| broker(name).is_some()));
    }
    assert!(topic_configs().iter().flat_map(|key| key.synonyms).all(|synonym| broker(synonym.name).is_some()));
}

#[test]
fn complaints_to_the_letter() {
    let rows = [
        ("retention.ms", "soon", "Invalid value soon for configuration retention.ms: Not a number of type LONG"),
        ("retention.ms", " soon ", "Invalid value  soon  for configuration retention.ms: Not a number of type LONG"),
        ("retention.ms", "-2", "Invalid value -2 for configuration retention.ms: Value must be at least -1"),
        (
            "preallocate",
            "yes",
            "Invalid value yes for configuration preallocate: Expected value to be either true or false",
        ),
        ("segment.bytes", "10", "Invalid value 10 for configuration segment.bytes: Value must be at least 1048576"),
        (
            "segment.bytes",
            "3000000000",
            "Invalid value 3000000000 for configuration segment.bytes: Not a number of type INT",
        ),
        (
            "compression.type",
            "bzip2",
            "Invalid value bzip2 for configuration compression.type: String must be one of: uncompressed, zstd, lz4, \
             snappy, gzip, producer",
        ),
        ("min.insync.replicas", "0", "Invalid value 0 for configuration min.insync.replicas: Value must be at least 1"),
        (
            "cleanup.policy",
            "compact, trash",
            "Invalid value trash for configuration cleanup.policy: String must be one of: compact, delete",
        ),
        ("cleanup.policy", "delete,delete", "Configuration 'cleanup.policy' values must not be duplicated."),
        ("cleanup.policy", "delete,", "Configuration 'cleanup.policy' values must not be empty."),
        (
            "min.cleanable.dirty.ratio",
            "2",
            "Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1",
        ),
        (
            "min.cleanable.dirty.ratio",
            "half",
            "Invalid value half for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE",
        ),
        (
            "compression.gzip.level",
            "0",
            "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
        ),
        (
            "leader.replication.throttled.replicas",
            "0:1,x",
            "Invalid value [0:1, x] for configuration leader.replication.throttled.replicas: \
             leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following \
             format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
        ),
    ];
    for (name, value, expected) in rows {
        assert_eq!(complaint(name, value), expected);
    }
}

#[test]
fn values_that_are_right() {
    let rows = [
        ("retention.ms", " +60000 "),
        ("preallocate", "TRUE"),
        ("cleanup.policy", "compact ,delete"),
        ("cleanup.policy", ""),
        ("min.cleanable.dirty.ratio", "5e-1"),
        ("follower.replication.throttled.replicas", "*"),
        ("follower.replication.throttled.replicas", "0:1,1:2"),
    ];
    for (name, value) in rows {
        assert_eq!(validate(topic_config(name).expect("a setting"), value), Ok(()), "{name}={value}");
    }
}

#[test]
fn all_settings_of_a_topic() {
    let given = |rows: &[(&str, &str)]| {
        let configs: BTreeMap<String, String> =
            rows.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        validate_topic_configs(&configs).map_err(|error| error.to_string())
    };
    assert_eq!(given(&[("retention.ms", "1"), ("cleanup.policy", "compact")]), Ok(()));
    assert_eq!(given(&[("retention", "1")]), Err("Unknown topic config name: retention".to_owned()));
    assert_eq!(
        given(&[("min.compaction.lag.ms", "5"), ("max.compaction.lag.ms", "4")]),
        Err("conflict topic config setting min.compaction.lag.ms (5) > max.compaction.lag.ms (4)".to_owned())
    );
}

#[test]
fn synonyms_of_topic_settings() {
    let of = |name: &str| topic_config(name).and_then(ConfigKey::synonym);
    assert_eq!(of("max.message.bytes"), Some("message.max.bytes"));
    assert_eq!(of("retention.ms"), Some("log.retention.ms"));
    assert_eq!(of("remote.storage.enable"), None);
    let retention = topic_config("retention.ms").expect("a setting");
    assert_eq!(retention.synonyms[2].convert("168"), "604800000");
    assert_eq!(retention.synonyms[1].convert("-1"), "-1");
}

#[test]
fn doubles_as_java_shows_them() {
    let show = |text: &str| {
        let value = ConfigValue::parse("x", ConfigType::Double, text);
        value.map(|value| value.to_java_text()).map_err(|error| error.to_string())
    };
    let rows = [("1", "1.0"), ("0.5d", "0.5"), ("1e-7", "1.0E-7"), ("12345678", "1.2345678E7"), ("NaN", "NaN")];
    for (text, shown) in rows {
        assert_eq!(show(text), Ok(shown.to_owned()));
    }
    assert!(show("inf").is_err() && show("nan").is_err() && show("").is_err());
}

proptest::proptest! {
    #[test]
    fn any_value_is_answered(value: String, index in 0..topic_configs().len()) {
        let _ = validate(&topic_configs()[index], &value);
    }
}
