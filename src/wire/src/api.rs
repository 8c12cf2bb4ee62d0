//! Which APIs, in which versions, the processes of a 4.3 cluster speak, and what the APIs are called.
//!
//! Serves servers (what to advertise in ApiVersions, what to refuse) and clients (which version to choose).
//! Invariant: no row goes beyond what the codec can read and write. A server advertises what it answers: whoever
//! implements an API adds its row here.

use kafka_protocol::messages::ApiKey;

pub use crate::frame::codec_versions;

/// Who answers on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A broker, on the listener of the clients.
    Broker,
    /// A KRaft controller.
    Controller,
}

/// One API with its first and its last version.
pub type Row = (ApiKey, i16, i16);

const BROKER: &[Row] = &[
    (ApiKey::Produce, 3, 13),
    (ApiKey::Fetch, 4, 17),
    (ApiKey::ListOffsets, 1, 10),
    (ApiKey::Metadata, 0, 13),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 6),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 6),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::DescribeAcls, 1, 3),
    (ApiKey::CreateAcls, 1, 3),
    (ApiKey::DeleteAcls, 1, 3),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::DescribeLogDirs, 1, 4),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::ElectLeaders, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::AlterPartitionReassignments, 0, 1),
    (ApiKey::ListPartitionReassignments, 0, 0),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::DescribeClientQuotas, 0, 1),
    (ApiKey::AlterClientQuotas, 0, 1),
    (ApiKey::DescribeQuorum, 0, 2),
    (ApiKey::UpdateFeatures, 0, 2),
    (ApiKey::DescribeCluster, 0, 2),
    (ApiKey::UnregisterBroker, 0, 0),
    (ApiKey::ConsumerGroupHeartbeat, 0, 1),
    (ApiKey::ConsumerGroupDescribe, 0, 1),
    (ApiKey::ListConfigResources, 0, 1),
    (ApiKey::DescribeTopicPartitions, 0, 0),
];

const CONTROLLER: &[Row] = &[
    (ApiKey::Fetch, 4, 18),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::ElectLeaders, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::AlterPartitionReassignments, 0, 1),
    (ApiKey::ListPartitionReassignments, 0, 0),
    (ApiKey::AlterClientQuotas, 0, 1),
    (ApiKey::Vote, 0, 2),
    (ApiKey::BeginQuorumEpoch, 0, 1),
    (ApiKey::EndQuorumEpoch, 0, 1),
    (ApiKey::DescribeQuorum, 0, 2),
    (ApiKey::AlterPartition, 2, 3),
    (ApiKey::UpdateFeatures, 0, 2),
    (ApiKey::Envelope, 0, 0),
    (ApiKey::FetchSnapshot, 0, 1),
    (ApiKey::DescribeCluster, 0, 2),
    (ApiKey::BrokerRegistration, 0, 4),
    (ApiKey::BrokerHeartbeat, 0, 1),
    (ApiKey::UnregisterBroker, 0, 0),
    (ApiKey::AllocateProducerIds, 0, 0),
    (ApiKey::ControllerRegistration, 0, 0),
    (ApiKey::AssignReplicasToDirs, 0, 0),
];

/// All APIs of a role with their versions, by API key.
pub fn table(role: Role) -> &'static [Row] {
    match role {
        Role::Broker => BROKER,
        Role::Controller => CONTROLLER,
    }
}

/// The first and the last version of an API that a role answers; None if it does not answer it at all.
pub fn supported(role: Role, api_key: ApiKey) -> Option<(i16, i16)> {
    table(role).iter().find(|row| row.0 == api_key).map(|row| (row.1, row.2))
}

/// Whether a role answers this API in this version.
pub fn is_supported(role: Role, api_key: ApiKey, version: i16) -> bool {
    supported(role, api_key).is_some_and(|(min, max)| (min..=max).contains(&version))
}

/// What a role says in its ApiVersions response: API key, first and last version, by API key. As Kafka 4, it claims
/// Produce from version 0 on, without which old librdkafka clients do not compress (KAFKA-18659).
pub fn advertised(role: Role) -> impl Iterator<Item = (i16, i16, i16)> {
    table(role).iter().map(|&(api_key, min, max)| match api_key {
        ApiKey::Produce => (api_key as i16, 0, max),
        _ => (api_key as i16, min, max),
    })
}

/// The highest version that both sides speak, if there is one.
pub fn highest_common(ours: (i16, i16), theirs: (i16, i16)) -> Option<i16> {
    let min = ours.0.max(theirs.0);
    let max = ours.1.min(theirs.1);
    (min <= max).then_some(max)
}

/// Kafka's name of an API, such as `ListOffsets`; `UNKNOWN` for a number that Kafka 4.3 does not use.
pub fn api_name(api_key: i16) -> &'static str {
    if let Ok(known) = ApiKey::try_from(api_key) {
        return crate::frame::variant_name(known);
    }
    match api_key {
        4 => "LeaderAndIsr",
        5 => "StopReplica",
        6 => "UpdateMetadata",
        7 => "ControlledShutdown",
        88 => "StreamsGroupHeartbeat",
        89 => "StreamsGroupDescribe",
        _ => "UNKNOWN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order_and_within_the_codec() {
        for role in [Role::Broker, Role::Controller] {
            assert!(table(role).windows(2).all(|pair| (pair[0].0 as i16) < (pair[1].0 as i16)));
            for &(api_key, min, max) in table(role) {
                let codec = codec_versions(api_key);
                assert!(codec.0 <= min && min <= max && max <= codec.1, "{api_key:?}: codec has {codec:?}");
            }
        }
    }

    #[test]
    fn names_and_choices() {
        assert_eq!(api_name(2), "ListOffsets");
        assert_eq!(api_name(75), "DescribeTopicPartitions");
        assert_eq!(api_name(4), "LeaderAndIsr");
        assert_eq!(api_name(999), "UNKNOWN");
        assert_eq!(supported(Role::Controller, ApiKey::Produce), None);
        assert!(is_supported(Role::Broker, ApiKey::Fetch, 17) && !is_supported(Role::Broker, ApiKey::Fetch, 18));
        assert_eq!(advertised(Role::Broker).next(), Some((0, 0, 13)));
        assert_eq!(highest_common((3, 12), (0, 9)), Some(9));
        assert_eq!(highest_common((3, 12), (0, 2)), None);
    }
}
