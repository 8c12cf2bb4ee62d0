//! Metadata records to bytes (`MetadataRecordSerde`): frame version, type and version as unsigned varints, then the body.
//!
//! Invariant: what is written here, `decode` reads back to the same record.

use super::fields::{
    Tagged, field, put_array, put_ints, put_nullable_string, put_string, put_tagged, put_uuid, put_uuids,
};
use super::{
    BrokerRegistrationChange, ClientQuota, Endpoint, FeatureRange, MetadataRecord, Partition, PartitionChange,
    RegisterBroker, RegisterController,
};
use bytes::{BufMut, Bytes};
use ottla_records::varint::put_unsigned_varint;

/// The only version of the frame around a record.
pub(super) const FRAME_VERSION: u32 = 1;

impl MetadataRecord {
    /// The record as the value of a record in the metadata log.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        put_unsigned_varint(&mut out, FRAME_VERSION);
        put_unsigned_varint(&mut out, self.api_key());
        put_unsigned_varint(&mut out, self.version());
        put_body(&mut out, self);
        Bytes::from(out)
    }
}

fn put_body(out: &mut Vec<u8>, record: &MetadataRecord) {
    let tagged = match record {
        MetadataRecord::RegisterBroker(broker) => put_register_broker(out, broker),
        MetadataRecord::UnregisterBroker(broker) => {
            out.put_i32(broker.broker_id);
            out.put_i64(broker.broker_epoch);
            Tagged::new()
        }
        MetadataRecord::Topic(topic) => {
            put_string(out, &topic.name);
            put_uuid(out, topic.topic_id);
            Tagged::new()
        }
        MetadataRecord::Partition(partition) => put_partition(out, partition),
        MetadataRecord::Config(config) => {
            out.put_i8(config.resource_type);
            put_string(out, &config.resource_name);
            put_string(out, &config.name);
            put_nullable_string(out, config.value.as_deref());
            Tagged::new()
        }
        MetadataRecord::PartitionChange(change) => put_partition_change(out, change),
        MetadataRecord::RemoveTopic { topic_id } => {
            put_uuid(out, *topic_id);
            Tagged::new()
        }
        MetadataRecord::FeatureLevel(feature) => {
            put_string(out, &feature.name);
            out.put_i16(feature.feature_level);
            Tagged::new()
        }
        MetadataRecord::ClientQuota(quota) => put_client_quota(out, quota),
        MetadataRecord::ProducerIds(ids) => {
            out.put_i32(ids.broker_id);
            out.put_i64(ids.broker_epoch);
            out.put_i64(ids.next_producer_id);
            Tagged::new()
        }
        MetadataRecord::BrokerRegistrationChange(change) => put_registration_change(out, change),
        MetadataRecord::NoOp | MetadataRecord::EndTransaction => Tagged::new(),
        MetadataRecord::BeginTransaction { name: text } | MetadataRecord::AbortTransaction { reason: text } => {
            text.iter().map(|text| (0, field(|out| put_string(out, text)))).collect()
        }
        MetadataRecord::ClearElr { topic_name } => {
            put_string(out, topic_name);
            Tagged::new()
        }
        MetadataRecord::RegisterController(controller) => put_register_controller(out, controller),
    };
    put_tagged(out, tagged);
}

fn put_endpoint(out: &mut Vec<u8>, endpoint: &Endpoint) {
    put_string(out, &endpoint.name);
    put_string(out, &endpoint.host);
    out.put_u16(endpoint.port);
    out.put_i16(endpoint.security_protocol);
    put_tagged(out, Tagged::new());
}

fn put_feature(out: &mut Vec<u8>, feature: &FeatureRange) {
    put_string(out, &feature.name);
    out.put_i16(feature.min_supported_version);
    out.put_i16(feature.max_supported_version);
    put_tagged(out, Tagged::new());
}

fn put_register_broker(out: &mut Vec<u8>, broker: &RegisterBroker) -> Tagged {
    out.put_i32(broker.broker_id);
    out.put_u8(0); // IsMigratingZkBroker
    put_uuid(out, broker.incarnation_id);
    out.put_i64(broker.broker_epoch);
    put_array(out, &broker.endpoints, put_endpoint);
    put_array(out, &broker.features, put_feature);
    put_nullable_string(out, broker.rack.as_deref());
    out.put_u8(broker.fenced.into());
    out.put_u8(broker.in_controlled_shutdown.into());
    if broker.log_dirs.is_empty() {
        return Tagged::new();
    }
    vec![(0, field(|out| put_uuids(out, &broker.log_dirs)))]
}

fn put_register_controller(out: &mut Vec<u8>, controller: &RegisterController) -> Tagged {
    out.put_i32(controller.controller_id);
    put_uuid(out, controller.incarnation_id);
    out.put_u8(controller.zk_migration_ready.into());
    put_array(out, &controller.endpoints, put_endpoint);
    put_array(out, &controller.features, put_feature);
    Tagged::new()
}

fn put_partition(out: &mut Vec<u8>, partition: &Partition) -> Tagged {
    out.put_i32(partition.partition_id);
    put_uuid(out, partition.topic_id);
    put_ints(out, &partition.replicas);
    put_ints(out, &partition.isr);
    put_ints(out, &partition.removing_replicas);
    put_ints(out, &partition.adding_replicas);
    out.put_i32(partition.leader);
    out.put_i32(partition.leader_epoch);
    out.put_i32(partition.partition_epoch);
    put_uuids(out, &partition.directories);
    let mut tagged = Tagged::new();
    if partition.leader_recovery_state != 0 {
        tagged.push((0, field(|out| out.put_i8(partition.leader_recovery_state))));
    }
    for (tag, ids) in [(1, &partition.eligible_leader_replicas), (2, &partition.last_known_elr)] {
        if !ids.is_empty() {
            tagged.push((tag, field(|out| put_ints(out, ids))));
        }
    }
    tagged
}

fn put_partition_change(out: &mut Vec<u8>, change: &PartitionChange) -> Tagged {
    out.put_i32(change.partition_id);
    put_uuid(out, change.topic_id);
    let ints = |tag: u32, ids: &Option<Vec<i32>>| ids.as_ref().map(|ids| (tag, field(|out| put_ints(out, ids))));
    let leader = change.leader != super::NO_LEADER_CHANGE;
    [
        ints(0, &change.isr),
        leader.then(|| (1, field(|out| out.put_i32(change.leader)))),
        ints(2, &change.replicas),
        ints(3, &change.removing_replicas),
        ints(4, &change.adding_replicas),
        (change.leader_recovery_state != -1).then(|| (5, field(|out| out.put_i8(change.leader_recovery_state)))),
        ints(6, &change.eligible_leader_replicas),
        ints(7, &change.last_known_elr),
        change.directories.as_ref().map(|ids| (8, field(|out| put_uuids(out, ids)))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn put_client_quota(out: &mut Vec<u8>, quota: &ClientQuota) -> Tagged {
    put_array(out, &quota.entity, |out, (entity_type, entity_name)| {
        put_string(out, entity_type);
        put_nullable_string(out, entity_name.as_deref());
        put_tagged(out, Tagged::new());
    });
    put_string(out, &quota.key);
    out.put_u64(quota.value_bits);
    out.put_u8(quota.remove.into());
    Tagged::new()
}

fn put_registration_change(out: &mut Vec<u8>, change: &BrokerRegistrationChange) -> Tagged {
    out.put_i32(change.broker_id);
    out.put_i64(change.broker_epoch);
    let mut tagged = Tagged::new();
    for (tag, value) in [(0, change.fenced), (1, change.in_controlled_shutdown)] {
        if value != 0 {
            tagged.push((tag, field(|out| out.put_i8(value))));
        }
    }
    if !change.log_dirs.is_empty() {
        tagged.push((2, field(|out| put_uuids(out, &change.log_dirs))));
    }
    if let Some(cordoned) = &change.cordoned_log_dirs {
        tagged.push((3, field(|out| put_uuids(out, cordoned))));
    }
    tagged
}
