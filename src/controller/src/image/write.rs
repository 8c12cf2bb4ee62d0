//! The image as records, for snapshots (`MetadataImage.write`). Serves whoever writes or loads a snapshot.
//!
//! Invariant: an empty image that replays what an image writes is that image.

use super::{BrokerRegistration, ControllerRegistration, MetadataImage, PartitionState, TopicImage};
use crate::record::{
    ClientQuota, Config, FeatureLevel, MetadataRecord, Partition, ProducerIds, RegisterBroker, RegisterController,
    Topic,
};

impl MetadataImage {
    /// The records that make this image, in Kafka's order: features first, then nodes, topics, settings, quotas, producer
    /// ids.
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        let level = |(name, level): (&String, &i16)| {
            MetadataRecord::FeatureLevel(FeatureLevel { name: name.clone(), feature_level: *level })
        };
        let (first, rest): (Vec<_>, Vec<_>) = self.features.iter().partition(|(name, _)| *name == "metadata.version");
        records.extend(first.into_iter().chain(rest).map(level));
        records.extend(self.brokers.values().map(broker_record));
        records.extend(self.controllers.values().map(controller_record));
        for topic in self.topics() {
            records.push(MetadataRecord::Topic(Topic { name: topic.name.clone(), topic_id: topic.id }));
            records.extend(topic.partitions.iter().map(|(id, partition)| partition_record(topic, *id, partition)));
        }
        for (resource, settings) in &self.configs {
            records.extend(settings.iter().map(|(name, value)| {
                MetadataRecord::Config(Config {
                    resource_type: resource.resource_type(),
                    resource_name: resource.name(),
                    name: name.clone(),
                    value: Some(value.clone()),
                })
            }));
        }
        for (entity, quotas) in &self.quotas {
            records.extend(quotas.iter().map(|(key, bits)| {
                MetadataRecord::ClientQuota(ClientQuota {
                    entity: entity.clone(),
                    key: key.clone(),
                    value_bits: *bits,
                    remove: false,
                })
            }));
        }
        if self.next_producer_id > 0 {
            let next_producer_id = self.next_producer_id;
            records.push(MetadataRecord::ProducerIds(ProducerIds {
                broker_id: -1,
                broker_epoch: -1,
                next_producer_id,
            }));
        }
        records
    }

    /// The image that a snapshot makes which holds everything up to `last_offset`.
    pub fn from_records(records: &[MetadataRecord], last_offset: i64) -> MetadataImage {
        let mut image = MetadataImage::default();
        records.iter().for_each(|record| image.replay(last_offset, record));
        image.advance(last_offset);
        image
    }
}

fn broker_record(broker: &BrokerRegistration) -> MetadataRecord {
    MetadataRecord::RegisterBroker(RegisterBroker {
        broker_id: broker.id,
        incarnation_id: broker.incarnation_id,
        broker_epoch: broker.epoch,
        endpoints: broker.endpoints.to_vec(),
        features: broker.features.to_vec(),
        rack: broker.rack.clone(),
        fenced: broker.fenced,
        in_controlled_shutdown: broker.in_controlled_shutdown,
        log_dirs: broker.log_dirs.clone(),
    })
}

fn controller_record(controller: &ControllerRegistration) -> MetadataRecord {
    MetadataRecord::RegisterController(RegisterController {
        controller_id: controller.id,
        incarnation_id: controller.incarnation_id,
        zk_migration_ready: false,
        endpoints: controller.endpoints.to_vec(),
        features: controller.features.to_vec(),
    })
}

fn partition_record(topic: &TopicImage, partition_id: i32, state: &PartitionState) -> MetadataRecord {
    MetadataRecord::Partition(Partition {
        partition_id,
        topic_id: topic.id,
        replicas: state.replicas.clone(),
        isr: state.isr.clone(),
        removing_replicas: state.removing.clone(),
        adding_replicas: state.adding.clone(),
        leader: state.leader,
        leader_recovery_state: state.leader_recovery_state,
        leader_epoch: state.leader_epoch,
        partition_epoch: state.partition_epoch,
        directories: state.directories.clone(),
        eligible_leader_replicas: state.elr.clone(),
        last_known_elr: state.last_known_elr.clone(),
    })
}
