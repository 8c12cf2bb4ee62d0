//! Records applied to the image. Serves every holder of one; invariant: a record about something that is not there (as no
//! controller writes it) changes nothing.

use super::{BrokerRegistration, ConfigResource, ControllerRegistration, MetadataImage, PartitionState, TopicImage};
use crate::record::{ClientQuota, Config, MetadataRecord, Partition, PartitionChange, Topic};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

impl MetadataImage {
    /// Applies the record at `offset`.
    pub fn replay(&mut self, offset: i64, record: &MetadataRecord) {
        self.advance(offset);
        match record {
            MetadataRecord::RegisterBroker(broker) => {
                self.brokers.insert(broker.broker_id, BrokerRegistration::new(broker));
            }
            MetadataRecord::UnregisterBroker(broker) => {
                self.brokers.remove(&broker.broker_id);
            }
            MetadataRecord::BrokerRegistrationChange(change) => {
                let broker = self.brokers.get_mut(&change.broker_id);
                if let Some(broker) = broker.filter(|broker| broker.epoch == change.broker_epoch) {
                    broker.change(change);
                }
            }
            MetadataRecord::RegisterController(controller) => {
                let registration = ControllerRegistration {
                    id: controller.controller_id,
                    incarnation_id: controller.incarnation_id,
                    endpoints: controller.endpoints.clone().into(),
                    features: controller.features.clone().into(),
                };
                self.controllers.insert(controller.controller_id, registration);
            }
            MetadataRecord::Topic(topic) => self.add_topic(topic),
            MetadataRecord::Partition(partition) => self.add_partition(partition),
            MetadataRecord::PartitionChange(change) => self.change_partition(change),
            MetadataRecord::RemoveTopic { topic_id } => self.remove_topic(*topic_id),
            MetadataRecord::Config(config) => self.set_config(config),
            MetadataRecord::FeatureLevel(feature) if feature.feature_level == 0 => {
                self.features.remove(&feature.name);
            }
            MetadataRecord::FeatureLevel(feature) => {
                self.features.insert(feature.name.clone(), feature.feature_level);
            }
            MetadataRecord::ClientQuota(quota) => self.set_quota(quota),
            MetadataRecord::ProducerIds(ids) => self.next_producer_id = ids.next_producer_id,
            MetadataRecord::ClearElr { topic_name } => self.clear_elr(topic_name),
            // The only metadata transaction is the bootstrap one, which is a single batch.
            MetadataRecord::NoOp
            | MetadataRecord::BeginTransaction { .. }
            | MetadataRecord::EndTransaction
            | MetadataRecord::AbortTransaction { .. } => {}
        }
    }

    fn add_topic(&mut self, topic: &Topic) {
        let image = TopicImage { name: topic.name.clone(), id: topic.topic_id, partitions: BTreeMap::new() };
        self.topics.insert(topic.topic_id, Arc::new(image));
        self.topic_ids.insert(topic.name.clone(), topic.topic_id);
    }

    fn topic_mut(&mut self, id: Uuid) -> Option<&mut TopicImage> {
        self.topics.get_mut(&id).map(Arc::make_mut)
    }

    fn add_partition(&mut self, record: &Partition) {
        if let Some(topic) = self.topic_mut(record.topic_id) {
            topic.partitions.insert(record.partition_id, PartitionState::new(record));
        }
    }

    fn change_partition(&mut self, change: &PartitionChange) {
        let Some(topic) = self.topic_mut(change.topic_id) else { return };
        if let Some(partition) = topic.partitions.get_mut(&change.partition_id) {
            *partition = partition.changed(change);
        }
    }

    fn remove_topic(&mut self, id: Uuid) {
        let Some(topic) = self.topics.remove(&id) else { return };
        self.topic_ids.remove(&topic.name);
        self.configs.remove(&ConfigResource::Topic(topic.name.clone()));
    }

    /// Whoever has no ELR stays as it is; for the others it is a change like any other (`clearTopicElr`).
    fn clear_elr(&mut self, topic_name: &str) {
        let has_elr = |p: &PartitionState| !p.elr.is_empty() || !p.last_known_elr.is_empty();
        for topic in self.topics.values_mut().filter(|topic| topic_name.is_empty() || topic.name == topic_name) {
            if !topic.partitions.values().any(has_elr) {
                continue;
            }
            let topic = Arc::make_mut(topic);
            for (id, partition) in topic.partitions.iter_mut().filter(|(_, partition)| has_elr(partition)) {
                let change = PartitionChange {
                    eligible_leader_replicas: Some(Vec::new()),
                    last_known_elr: Some(Vec::new()),
                    ..PartitionChange::new(topic.id, *id)
                };
                *partition = partition.changed(&change);
            }
        }
    }

    fn set_config(&mut self, config: &Config) {
        let resource = ConfigResource::from_parts(config.resource_type, &config.resource_name);
        let entries = self.configs.entry(resource.clone()).or_default();
        match &config.value {
            Some(value) => entries.insert(config.name.clone(), value.clone()),
            None => entries.remove(&config.name),
        };
        if entries.is_empty() {
            self.configs.remove(&resource);
        }
    }

    fn set_quota(&mut self, quota: &ClientQuota) {
        let entries = self.quotas.entry(quota.entity.clone()).or_default();
        if quota.remove {
            entries.remove(&quota.key);
        } else {
            entries.insert(quota.key.clone(), quota.value_bits);
        }
        if entries.is_empty() {
            self.quotas.remove(&quota.entity);
        }
    }
}
