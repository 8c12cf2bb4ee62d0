//! Records against the sizes that `kafka-dump-log` showed for Kafka 4.3.1's own, and against themselves.

use super::*;
use ottla_records::Batch;
use proptest::prelude::*;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef);

fn feature(name: &str, min: i16, max: i16) -> FeatureRange {
    FeatureRange { name: name.into(), min_supported_version: min, max_supported_version: max }
}

fn features() -> Vec<FeatureRange> {
    [
        ("streams.version", 0, 1),
        ("transaction.version", 0, 2),
        ("eligible.leader.replicas.version", 0, 1),
        ("metadata.version", 7, 30),
        ("share.version", 0, 1),
        ("kraft.version", 0, 1),
        ("group.version", 0, 1),
    ]
    .map(|(name, min, max)| feature(name, min, max))
    .to_vec()
}

fn endpoint(name: &str, port: u16) -> Endpoint {
    Endpoint { name: name.into(), host: "localhost".into(), port, security_protocol: 0 }
}

fn register_broker() -> MetadataRecord {
    MetadataRecord::RegisterBroker(RegisterBroker {
        broker_id: 1,
        incarnation_id: ID,
        broker_epoch: 11,
        endpoints: vec![endpoint("PLAINTEXT", 9092)],
        features: features(),
        rack: None,
        fenced: true,
        in_controlled_shutdown: false,
        log_dirs: vec![ID],
    })
}

fn registration_change(fenced: i8, cordoned_log_dirs: Option<Vec<Uuid>>) -> MetadataRecord {
    MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChange {
        broker_id: 1,
        broker_epoch: 11,
        fenced,
        in_controlled_shutdown: 0,
        log_dirs: vec![],
        cordoned_log_dirs,
    })
}

fn partition() -> MetadataRecord {
    MetadataRecord::Partition(Partition {
        topic_id: ID,
        replicas: vec![1],
        isr: vec![1],
        leader: 1,
        directories: vec![ID],
        ..Partition::default()
    })
}

fn config(resource_type: i8, resource_name: &str, name: &str, value: &str) -> MetadataRecord {
    MetadataRecord::Config(Config {
        resource_type,
        resource_name: resource_name.into(),
        name: name.into(),
        value: Some(value.into()),
    })
}

fn level(name: &str, feature_level: i16) -> MetadataRecord {
    MetadataRecord::FeatureLevel(FeatureLevel { name: name.into(), feature_level })
}

/// (records, size of their batch in the recording of Kafka 4.3.1).
fn recorded() -> Vec<(Vec<MetadataRecord>, usize)> {
    let bootstrap = vec![
        MetadataRecord::BeginTransaction { name: Some("Bootstrap records".into()) },
        level("metadata.version", 30),
        level("eligible.leader.replicas.version", 1),
        level("group.version", 1),
        level("share.version", 1),
        level("streams.version", 1),
        level("transaction.version", 2),
        config(4, "", "min.insync.replicas", "1"),
        MetadataRecord::EndTransaction,
    ];
    let controller = MetadataRecord::RegisterController(RegisterController {
        controller_id: 11,
        incarnation_id: ID,
        zk_migration_ready: false,
        endpoints: vec![endpoint("CONTROLLER", 9192)],
        features: features(),
    });
    let topic = |name: &str| MetadataRecord::Topic(Topic { name: name.into(), topic_id: ID });
    let mut offsets = vec![
        topic("__consumer_offsets"),
        config(2, "__consumer_offsets", "compression.type", "producer"),
        config(2, "__consumer_offsets", "cleanup.policy", "compact"),
        config(2, "__consumer_offsets", "segment.bytes", "104857600"),
    ];
    offsets.extend([partition(), partition(), partition()]);
    let ids = ProducerIds { broker_id: 1, broker_epoch: 11, next_producer_id: 1000 };
    vec![
        (bootstrap, 330),
        (vec![controller], 286),
        (vec![register_broker(), MetadataRecord::NoOp], 326),
        (vec![MetadataRecord::NoOp], 72),
        (vec![registration_change(0, Some(vec![]))], 87),
        (vec![registration_change(-1, None)], 87),
        (vec![topic("orders"), partition()], 169),
        (vec![MetadataRecord::ProducerIds(ids)], 92),
        (offsets, 495),
    ]
}

#[test]
fn batches_are_as_long_as_kafkas() {
    for (records, size) in recorded() {
        let bytes = records_batch(&records, 7, 3, 1000);
        assert_eq!(bytes.len(), size, "{records:?}");
    }
}

#[test]
fn batches_read_back() {
    for (records, _) in recorded() {
        let batch = Batch::parse(records_batch(&records, 7, 3, 1000)).unwrap();
        assert_eq!((batch.header.base_offset, batch.header.partition_leader_epoch), (7, 3));
        let expected = (7..).zip(records).collect();
        assert_eq!(read_batch(&batch), Ok(BatchContent::Records(expected)));
    }
}

#[test]
fn leader_changes_are_control_batches_of_kafkas_size() {
    let change = LeaderChange { leader_id: 11, voters: vec![11], granting_voters: vec![11] };
    let batch = Batch::parse(leader_change_batch(&change, 0, 1, 1000)).unwrap();
    assert_eq!(batch.bytes.len(), 91);
    assert!(batch.header.is_control());
    assert_eq!(read_batch(&batch), Ok(BatchContent::LeaderChange(change)));
}

#[test]
fn versions_follow_what_is_said() {
    assert_eq!(register_broker().version(), 4);
    assert_eq!(registration_change(1, None).version(), 0);
    assert_eq!(registration_change(0, Some(vec![])).version(), 3);
    assert_eq!(partition().version(), 2);
}

#[test]
fn foreign_records_are_refused() {
    let decode = MetadataRecord::decode;
    assert_eq!(decode(&[2, 20, 0, 0]), Err(MetadataRecordError::FrameVersion(2)));
    assert_eq!(decode(&[1, 99, 0, 0]), Err(MetadataRecordError::UnknownType(99)));
    assert_eq!(decode(&[1, 20, 1, 0]), Err(MetadataRecordError::UnknownVersion { api_key: 20, version: 1 }));
    assert_eq!(decode(&[1, 20, 0, 0, 5]), Err(MetadataRecordError::TrailingBytes(1)));
    assert_eq!(decode(&[1, 20, 0]), Err(MetadataRecordError::Truncated));
}

fn optional_ids() -> impl Strategy<Value = Option<Vec<i32>>> {
    proptest::option::of(proptest::collection::vec(any::<i32>(), 0..4))
}

proptest! {
    #[test]
    fn partition_changes_round_trip(
        (isr, replicas, removing_replicas, adding_replicas) in (optional_ids(), optional_ids(), optional_ids(), optional_ids()),
        (eligible_leader_replicas, last_known_elr) in (optional_ids(), optional_ids()),
        leader in any::<i32>(), leader_recovery_state in -1_i8..2, directory in any::<bool>(),
    ) {
        let change = MetadataRecord::PartitionChange(PartitionChange {
            isr, replicas, removing_replicas, adding_replicas, eligible_leader_replicas, last_known_elr,
            leader, leader_recovery_state, directories: directory.then(|| vec![ID]), ..PartitionChange::new(ID, 3)
        });
        prop_assert_eq!(MetadataRecord::decode(&change.encode()), Ok(change));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(api_key in 0_u8..30, version in 0_u8..5, body in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut bytes = vec![1, api_key, version];
        bytes.extend(body);
        let _ = MetadataRecord::decode(&bytes);
    }
}
