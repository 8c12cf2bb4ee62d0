//! Settings of the coordinator. Serves it alone; invariant: Kafka's names and defaults come from `BrokerConfig`.

use crate::BrokerConfig;

/// How long a newcomer's parked JoinGroup counts (`classicGroupNewMemberJoinTimeoutMs`).
pub(crate) const NEW_MEMBER_JOIN_TIMEOUT_MS: i32 = 300_000;

/// What the coordinator lives by (`GroupCoordinatorConfig`).
#[derive(Clone, Debug)]
pub(crate) struct GroupConfig {
    /// `offsets.topic.num.partitions`, at least 1.
    pub(crate) offsets_topic_partitions: i32,
    /// `group.initial.rebalance.delay.ms`.
    pub(crate) initial_rebalance_delay_ms: u64,
    /// `group.min.session.timeout.ms`.
    pub(crate) min_session_timeout_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub(crate) max_session_timeout_ms: i32,
    /// `group.max.size`.
    pub(crate) max_size: u64,
    /// `offset.metadata.max.bytes`; Kafka counts UTF-16 units.
    pub(crate) metadata_max_units: u64,
    /// `offsets.retention.minutes`, in milliseconds.
    pub(crate) offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`, at least 1.
    pub(crate) retention_check_interval_ms: u64,
}

impl From<&BrokerConfig> for GroupConfig {
    fn from(config: &BrokerConfig) -> GroupConfig {
        let minutes = i64::from(config.int("offsets.retention.minutes"));
        GroupConfig {
            offsets_topic_partitions: config.int("offsets.topic.num.partitions").max(1),
            initial_rebalance_delay_ms: config.number("group.initial.rebalance.delay.ms"),
            min_session_timeout_ms: config.int("group.min.session.timeout.ms"),
            max_session_timeout_ms: config.int("group.max.session.timeout.ms"),
            max_size: config.number("group.max.size"),
            metadata_max_units: config.number("offset.metadata.max.bytes"),
            offsets_retention_ms: minutes.saturating_mul(60_000),
            retention_check_interval_ms: config.number("offsets.retention.check.interval.ms").max(1),
        }
    }
}
