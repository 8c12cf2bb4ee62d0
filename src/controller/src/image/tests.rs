//! Tests of the image: what each record changes.

use super::*;
use crate::record::{self, Config, MetadataRecord, PartitionChange};

const ID: Uuid = Uuid::from_u128(7);

fn with_topic() -> MetadataImage {
    let mut image = MetadataImage::default();
    image.replay(0, &MetadataRecord::Topic(record::Topic { name: "orders".into(), topic_id: ID }));
    let partition =
        record::Partition { topic_id: ID, replicas: vec![2, 3], isr: vec![2, 3], leader: 2, ..Default::default() };
    image.replay(1, &MetadataRecord::Partition(partition));
    image
}

fn set(image: &mut MetadataImage, resource: &ConfigResource, name: &str, value: Option<&str>) {
    let config = Config {
        resource_type: resource.resource_type(),
        resource_name: resource.name(),
        name: name.into(),
        value: value.map(str::to_owned),
    };
    image.replay(image.offset() + 1, &MetadataRecord::Config(config));
}

#[test]
fn a_change_raises_the_epochs_it_has_to() {
    let mut image = with_topic();
    let shrink = PartitionChange { isr: Some(vec![2]), ..PartitionChange::new(ID, 0) };
    image.replay(2, &MetadataRecord::PartitionChange(shrink));
    let partition = image.partition("orders", 0).unwrap();
    assert_eq!((partition.leader_epoch, partition.partition_epoch), (0, 1));
    let elect = PartitionChange { leader: 3, ..PartitionChange::new(ID, 0) };
    image.replay(3, &MetadataRecord::PartitionChange(elect));
    let partition = image.partition_by_id(ID, 0).unwrap();
    assert_eq!((partition.leader, partition.leader_epoch, partition.partition_epoch), (3, 1, 2));
    assert_eq!(image.offset(), 3);
}

#[test]
fn a_removed_topic_takes_its_settings_with_it() {
    let mut image = with_topic();
    set(&mut image, &ConfigResource::Topic("orders".into()), "retention.ms", Some("5"));
    image.replay(9, &MetadataRecord::RemoveTopic { topic_id: ID });
    assert_eq!(image.topic("orders"), None);
    assert_eq!(image.configured_resources().count(), 0);
}

#[test]
fn the_nearest_setting_counts_and_min_isr_is_capped_by_the_replicas() {
    let mut image = with_topic();
    let key = "min.insync.replicas";
    let topic = ConfigResource::Topic("orders".into());
    assert_eq!(image.effective_min_isr("orders"), 1);
    set(&mut image, &ConfigResource::DefaultBroker, key, Some("2"));
    assert_eq!(image.effective_min_isr("orders"), 2);
    assert_eq!(image.topic_config("orders", key, Some(1), &[key]), Some(("2", ConfigSource::DynamicDefaultBroker)));
    set(&mut image, &topic, key, Some("9"));
    assert_eq!(image.effective_min_isr("orders"), 2);
    assert_eq!(image.topic_config("orders", key, Some(1), &[key]), Some(("9", ConfigSource::DynamicTopic)));
    set(&mut image, &topic, key, None);
    assert_eq!(image.config(&topic, key), None);
}

#[test]
fn records_about_nothing_change_nothing() {
    let mut image = MetadataImage::default();
    image.replay(4, &MetadataRecord::PartitionChange(PartitionChange::new(ID, 0)));
    assert_eq!(image, MetadataImage { offset: 4, ..MetadataImage::default() });
}

#[test]
fn an_image_is_made_again_by_the_records_it_writes() {
    let mut image = with_topic();
    let elr = PartitionChange {
        isr: Some(vec![]),
        leader: record::NO_LEADER,
        eligible_leader_replicas: Some(vec![3]),
        last_known_elr: Some(vec![2]),
        adding_replicas: Some(vec![4]),
        leader_recovery_state: 1,
        directories: Some(vec![ID]),
        ..PartitionChange::new(ID, 0)
    };
    let broker = record::RegisterBroker {
        broker_id: 2,
        incarnation_id: ID,
        broker_epoch: 17,
        endpoints: vec![record::Endpoint { name: "PLAINTEXT".into(), host: "h".into(), port: 9, security_protocol: 0 }],
        features: vec![record::FeatureRange { name: "f".into(), min_supported_version: 1, max_supported_version: 2 }],
        rack: Some("r".into()),
        fenced: false,
        in_controlled_shutdown: true,
        log_dirs: vec![ID],
    };
    let controller = record::RegisterController {
        controller_id: 11,
        incarnation_id: ID,
        zk_migration_ready: false,
        endpoints: vec![],
        features: vec![],
    };
    let level = |name: &str| record::FeatureLevel { name: name.into(), feature_level: 3 };
    let quota = record::ClientQuota {
        entity: vec![("user".into(), None)],
        key: "producer_byte_rate".into(),
        value_bits: 7,
        remove: false,
    };
    for record in [
        MetadataRecord::PartitionChange(elr),
        MetadataRecord::RegisterBroker(broker),
        MetadataRecord::RegisterController(controller),
        MetadataRecord::FeatureLevel(level("group.version")),
        MetadataRecord::FeatureLevel(level("metadata.version")),
        MetadataRecord::ClientQuota(quota),
        MetadataRecord::ProducerIds(record::ProducerIds { broker_id: 1, broker_epoch: 2, next_producer_id: 3000 }),
        MetadataRecord::NoOp,
    ] {
        image.replay(image.offset() + 1, &record);
    }
    for resource in [ConfigResource::DefaultBroker, ConfigResource::Broker(2), ConfigResource::Other(32, "g".into())] {
        set(&mut image, &resource, "key", Some("value"));
    }
    let records = image.to_records();
    assert!(matches!(&records[0], MetadataRecord::FeatureLevel(first) if first.name == "metadata.version"));
    assert_eq!(MetadataImage::from_records(&records, image.offset()), image);
}
