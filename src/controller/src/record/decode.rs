//! Bytes to metadata records, in every version that Kafka 4.3 can still find in a log.
//!
//! Invariant: never panics on any bytes; all bytes are consumed.

use super::encode::FRAME_VERSION;
use super::fields::{MetadataRecordError, Reader};
use super::{
    BrokerRegistrationChange, ClientQuota, Config, Endpoint, FeatureLevel, FeatureRange, MetadataRecord, Partition,
    PartitionChange, ProducerIds, RegisterBroker, RegisterController, Topic, UNASSIGNED_DIRECTORY, UnregisterBroker,
};

type Read<T> = Result<T, MetadataRecordError>;

impl MetadataRecord {
    /// Reads the value of a record in the metadata log.
    ///
    /// # Errors
    /// Whatever [`MetadataRecordError`] names.
    pub fn decode(bytes: &[u8]) -> Read<MetadataRecord> {
        let mut input = Reader { rest: bytes };
        let frame_version = input.varint()?;
        if frame_version != FRAME_VERSION {
            return Err(MetadataRecordError::FrameVersion(frame_version));
        }
        let (api_key, version) = (input.varint()?, input.varint()?);
        if version > newest_version(api_key)? {
            return Err(MetadataRecordError::UnknownVersion { api_key, version });
        }
        let record = body(&mut input, api_key, version)?;
        match input.rest.len() {
            0 => Ok(record),
            rest => Err(MetadataRecordError::TrailingBytes(rest as u64)),
        }
    }
}

fn newest_version(api_key: u32) -> Read<u32> {
    match api_key {
        0 => Ok(4),
        3 | 5 => Ok(2),
        17 => Ok(3),
        1 | 2 | 4 | 9 | 12 | 14 | 15 | 20 | 23 | 24 | 25 | 27 | 28 => Ok(0),
        _ => Err(MetadataRecordError::UnknownType(api_key)),
    }
}

fn body(input: &mut Reader<'_>, api_key: u32, version: u32) -> Read<MetadataRecord> {
    Ok(match api_key {
        0 => return register_broker(input, version).map(MetadataRecord::RegisterBroker),
        3 => return partition(input, version).map(MetadataRecord::Partition),
        5 => return partition_change(input).map(MetadataRecord::PartitionChange),
        17 => return registration_change(input).map(MetadataRecord::BrokerRegistrationChange),
        23 => MetadataRecord::BeginTransaction { name: tagged_text(input)? },
        25 => MetadataRecord::AbortTransaction { reason: tagged_text(input)? },
        _ => {
            let record = plain(input, api_key)?;
            input.skip_tagged()?;
            record
        }
    })
}

/// The types without tagged fields of their own.
fn plain(input: &mut Reader<'_>, api_key: u32) -> Read<MetadataRecord> {
    Ok(match api_key {
        1 => MetadataRecord::UnregisterBroker(UnregisterBroker { broker_id: input.i32()?, broker_epoch: input.i64()? }),
        2 => MetadataRecord::Topic(Topic { name: input.string("name")?, topic_id: input.uuid()? }),
        4 => MetadataRecord::Config(Config {
            resource_type: input.i8()?,
            resource_name: input.string("resourceName")?,
            name: input.string("name")?,
            value: input.nullable_string("value")?,
        }),
        9 => MetadataRecord::RemoveTopic { topic_id: input.uuid()? },
        12 => MetadataRecord::FeatureLevel(FeatureLevel { name: input.string("name")?, feature_level: input.i16()? }),
        14 => MetadataRecord::ClientQuota(client_quota(input)?),
        15 => MetadataRecord::ProducerIds(ProducerIds {
            broker_id: input.i32()?,
            broker_epoch: input.i64()?,
            next_producer_id: input.i64()?,
        }),
        20 => MetadataRecord::NoOp,
        24 => MetadataRecord::EndTransaction,
        27 => MetadataRecord::RegisterController(RegisterController {
            controller_id: input.i32()?,
            incarnation_id: input.uuid()?,
            zk_migration_ready: input.bool()?,
            endpoints: input.list("endPoints", 7, endpoint)?,
            features: input.list("features", 6, feature)?,
        }),
        28 => MetadataRecord::ClearElr { topic_name: input.string("topicName")? },
        _ => return Err(MetadataRecordError::UnknownType(api_key)),
    })
}

fn tagged_text(input: &mut Reader<'_>) -> Read<Option<String>> {
    let mut text = None;
    input.tagged(|tag, field| {
        if tag == 0 {
            text = field.nullable_string("name")?;
        }
        Ok(())
    })?;
    Ok(text)
}

fn endpoint(input: &mut Reader<'_>) -> Read<Endpoint> {
    let endpoint = Endpoint {
        name: input.string("name")?,
        host: input.string("host")?,
        port: input.u16()?,
        security_protocol: input.i16()?,
    };
    input.skip_tagged()?;
    Ok(endpoint)
}

fn feature(input: &mut Reader<'_>) -> Read<FeatureRange> {
    let feature = FeatureRange {
        name: input.string("name")?,
        min_supported_version: input.i16()?,
        max_supported_version: input.i16()?,
    };
    input.skip_tagged()?;
    Ok(feature)
}

fn client_quota(input: &mut Reader<'_>) -> Read<ClientQuota> {
    let entity = input.list("entity", 3, |input| {
        let entity = (input.string("entityType")?, input.nullable_string("entityName")?);
        input.skip_tagged()?;
        Ok(entity)
    })?;
    Ok(ClientQuota { entity, key: input.string("key")?, value_bits: input.f64()?, remove: input.bool()? })
}

fn register_broker(input: &mut Reader<'_>, version: u32) -> Read<RegisterBroker> {
    let broker_id = input.i32()?;
    if version >= 2 {
        input.bool()?; // IsMigratingZkBroker
    }
    let mut broker = RegisterBroker {
        broker_id,
        incarnation_id: input.uuid()?,
        broker_epoch: input.i64()?,
        endpoints: input.list("endPoints", 7, endpoint)?,
        features: input.list("features", 6, feature)?,
        rack: input.nullable_string("rack")?,
        fenced: input.bool()?,
        in_controlled_shutdown: version >= 1 && input.bool()?,
        log_dirs: Vec::new(),
    };
    input.tagged(|tag, field| {
        if tag == 0 {
            broker.log_dirs = field.uuids("logDirs")?;
        }
        Ok(())
    })?;
    Ok(broker)
}

fn partition(input: &mut Reader<'_>, version: u32) -> Read<Partition> {
    let mut partition = Partition {
        partition_id: input.i32()?,
        topic_id: input.uuid()?,
        replicas: input.ints("replicas")?,
        isr: input.ints("isr")?,
        removing_replicas: input.ints("removingReplicas")?,
        adding_replicas: input.ints("addingReplicas")?,
        leader: input.i32()?,
        leader_epoch: input.i32()?,
        partition_epoch: input.i32()?,
        ..Partition::default()
    };
    partition.directories =
        if version >= 1 { input.uuids("directories")? } else { vec![UNASSIGNED_DIRECTORY; partition.replicas.len()] };
    input.tagged(|tag, field| {
        match tag {
            0 => partition.leader_recovery_state = field.i8()?,
            1 => partition.eligible_leader_replicas = field.nullable_ints()?.unwrap_or_default(),
            2 => partition.last_known_elr = field.nullable_ints()?.unwrap_or_default(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(partition)
}

fn partition_change(input: &mut Reader<'_>) -> Read<PartitionChange> {
    let partition_id = input.i32()?;
    let mut change = PartitionChange::new(input.uuid()?, partition_id);
    input.tagged(|tag, field| {
        match tag {
            0 => change.isr = field.nullable_ints()?,
            1 => change.leader = field.i32()?,
            2 => change.replicas = field.nullable_ints()?,
            3 => change.removing_replicas = field.nullable_ints()?,
            4 => change.adding_replicas = field.nullable_ints()?,
            5 => change.leader_recovery_state = field.i8()?,
            6 => change.eligible_leader_replicas = field.nullable_ints()?,
            7 => change.last_known_elr = field.nullable_ints()?,
            8 => change.directories = field.nullable_list(16, Reader::uuid)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(change)
}

fn registration_change(input: &mut Reader<'_>) -> Read<BrokerRegistrationChange> {
    let mut change = BrokerRegistrationChange {
        broker_id: input.i32()?,
        broker_epoch: input.i64()?,
        fenced: 0,
        in_controlled_shutdown: 0,
        log_dirs: Vec::new(),
        cordoned_log_dirs: None,
    };
    input.tagged(|tag, field| {
        match tag {
            0 => change.fenced = field.i8()?,
            1 => change.in_controlled_shutdown = field.i8()?,
            2 => change.log_dirs = field.uuids("logDirs")?,
            3 => change.cordoned_log_dirs = field.nullable_list(16, Reader::uuid)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(change)
}
