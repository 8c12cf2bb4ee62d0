//! Messages with content for the tests of this folder: one of each kind of field, in all versions that carry it.

use bytes::Bytes;
use kafka_protocol::messages::{
    api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey},
    create_topics_request::{CreatableTopic, CreatableTopicConfig},
    fetch_request::{FetchPartition, FetchTopic},
    fetch_response::{EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData},
    join_group_response::JoinGroupResponseMember,
    metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic},
    produce_request::{PartitionProduceData, TopicProduceData},
    *,
};
use uuid::Uuid;

use crate::text::{group_id, str_bytes, topic_name};

const RECORDS: Bytes = Bytes::from_static(b"not looked into by this crate");

/// Requests with content and the versions, first and last, that carry all of it.
pub(super) fn requests() -> Vec<(RequestKind, i16, i16)> {
    let partition = PartitionProduceData::default().with_index(3).with_records(Some(RECORDS));
    let topic = TopicProduceData::default().with_name(topic_name("orders")).with_partition_data(vec![partition]);
    let produce = ProduceRequest::default().with_acks(-1).with_timeout_ms(30_000).with_topic_data(vec![topic]);

    let partition = FetchPartition::default().with_fetch_offset(42).with_partition_max_bytes(1_048_576);
    let by_name = FetchTopic::default().with_topic(topic_name("orders")).with_partitions(vec![partition.clone()]);
    let by_id = FetchTopic::default().with_topic_id(Uuid::from_u128(7)).with_partitions(vec![partition]);
    let fetch = |topic| {
        FetchRequest::default()
            .with_max_wait_ms(500)
            .with_min_bytes(1)
            .with_max_bytes(52_428_800)
            .with_session_epoch(0)
            .with_topics(vec![topic])
    };

    let config =
        CreatableTopicConfig::default().with_name(str_bytes("retention.ms")).with_value(Some(str_bytes("60000")));
    let topic = CreatableTopic::default()
        .with_name(topic_name("orders"))
        .with_num_partitions(3)
        .with_replication_factor(2)
        .with_configs(vec![config]);
    let create = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(60_000);
    let heartbeat = HeartbeatRequest::default().with_group_id(group_id("readers")).with_generation_id(i32::MAX);
    vec![
        (produce.into(), 3, 12),
        (fetch(by_name).into(), 7, 12),
        (fetch(by_id).into(), 13, 17),
        (create.into(), 2, 7),
        (heartbeat.into(), 0, 4),
        (MetadataRequest::default().with_topics(None).into(), 1, 13),
    ]
}

/// Responses with content and the versions, first and last, that carry all of it.
pub(super) fn responses() -> Vec<(ResponseKind, i16, i16)> {
    let apis = vec![ApiVersion::default().with_api_key(1).with_max_version(17); 60];
    let versions = ApiVersionsResponse::default().with_api_keys(apis).with_throttle_time_ms(1);
    let supported = SupportedFeatureKey::default().with_name(str_bytes("metadata.version")).with_max_version(30);
    let finalized = FinalizedFeatureKey::default().with_name(str_bytes("metadata.version")).with_max_version_level(30);
    let features = versions
        .clone()
        .with_supported_features(vec![supported])
        .with_finalized_features_epoch(5)
        .with_finalized_features(vec![finalized]);

    let broker = MetadataResponseBroker::default().with_node_id(BrokerId(1)).with_host(str_bytes("localhost"));
    let partition = MetadataResponsePartition::default()
        .with_leader_id(BrokerId(1))
        .with_replica_nodes(vec![BrokerId(1), BrokerId(2)])
        .with_isr_nodes(vec![BrokerId(1)]);
    let topic = MetadataResponseTopic::default().with_name(Some(topic_name("orders"))).with_partitions(vec![partition]);
    let metadata = MetadataResponse::default().with_brokers(vec![broker.with_port(9092)]).with_topics(vec![topic]);

    let partition = PartitionData::default().with_high_watermark(9).with_records(Some(RECORDS));
    let plain = partition.clone();
    let diverging = partition
        .with_diverging_epoch(EpochEndOffset::default().with_epoch(2).with_end_offset(9))
        .with_current_leader(LeaderIdAndEpoch::default().with_leader_id(BrokerId(2)).with_leader_epoch(3));
    let fetched = |topic: FetchableTopicResponse, partition| {
        FetchResponse::default().with_responses(vec![topic.with_partitions(vec![partition])])
    };
    let by_name = FetchableTopicResponse::default().with_topic(topic_name("orders"));
    let by_id = FetchableTopicResponse::default().with_topic_id(Uuid::from_u128(7));

    let member = JoinGroupResponseMember::default().with_member_id(str_bytes("m-1")).with_metadata(RECORDS);
    let join = JoinGroupResponse::default().with_generation_id(70_000).with_members(vec![member]);
    vec![
        (versions.into(), 1, 4),
        (features.into(), 3, 4),
        (metadata.into(), 1, 12),
        (fetched(by_name, plain).into(), 4, 12),
        (fetched(by_id, diverging).into(), 13, 17),
        (join.into(), 0, 6),
    ]
}
