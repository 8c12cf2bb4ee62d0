//! The settings of groups (Kafka: `GroupConfig`), each with the broker's setting that is its default.
//!
//! Serves whoever changes or describes groups. Invariant: bounds are other settings of the broker, named with the setting.

use super::{ConfigKey, ConfigType, Validator};
use ConfigType::{Boolean, Int, String as Text};
use Validator::{Any, AtLeast, OneOf};

/// A setting of groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupConfigKey {
    /// The setting.
    pub key: ConfigKey,
    /// The broker's setting that is the default.
    pub broker: Option<&'static str>,
    /// The broker's settings that are the bounds.
    pub bounds: (Option<&'static str>, Option<&'static str>),
}

const fn key(
    name: &'static str,
    ty: ConfigType,
    default: &'static str,
    validator: Validator,
    doc: &'static str,
) -> GroupConfigKey {
    GroupConfigKey { key: ConfigKey::new(name, ty, Some(default), validator, doc), broker: None, bounds: (None, None) }
}

impl GroupConfigKey {
    const fn of(self, broker: &'static str) -> GroupConfigKey {
        GroupConfigKey { broker: Some(broker), ..self }
    }

    const fn from(self, low: &'static str) -> GroupConfigKey {
        GroupConfigKey { bounds: (Some(low), self.bounds.1), ..self }
    }

    const fn to(self, high: &'static str) -> GroupConfigKey {
        GroupConfigKey { bounds: (self.bounds.0, Some(high)), ..self }
    }
}

#[rustfmt::skip]
const GROUP_CONFIGS: &[GroupConfigKey] = &[
    key("consumer.assignment.interval.ms", Int, "1000", AtLeast(0), "How long lies between two assignments, at least.")
        .of("group.consumer.assignment.interval.ms")
        .from("group.consumer.min.assignment.interval.ms").to("group.consumer.max.assignment.interval.ms"),
    key("consumer.heartbeat.interval.ms", Int, "5000", AtLeast(1), "How often the members are told to report.")
        .of("group.consumer.heartbeat.interval.ms")
        .from("group.consumer.min.heartbeat.interval.ms").to("group.consumer.max.heartbeat.interval.ms"),
    key("consumer.session.timeout.ms", Int, "45000", AtLeast(1), "How long a member may be silent before it is removed.")
        .of("group.consumer.session.timeout.ms")
        .from("group.consumer.min.session.timeout.ms").to("group.consumer.max.session.timeout.ms"),
    key("share.assignment.interval.ms", Int, "1000", AtLeast(0), "How long lies between two assignments, at least.")
        .of("group.share.assignment.interval.ms")
        .from("group.share.min.assignment.interval.ms").to("group.share.max.assignment.interval.ms"),
    key("share.auto.offset.reset", Text, "latest", Any, "Where a new share group begins: latest, earliest or some time back."),
    key("share.delivery.count.limit", Int, "5", AtLeast(2), "How often a record is handed out before it is given up.")
        .of("group.share.delivery.count.limit")
        .from("group.share.min.delivery.count.limit").to("group.share.max.delivery.count.limit"),
    key("share.heartbeat.interval.ms", Int, "5000", AtLeast(1), "How often the members are told to report.")
        .of("group.share.heartbeat.interval.ms")
        .from("group.share.min.heartbeat.interval.ms").to("group.share.max.heartbeat.interval.ms"),
    key("share.isolation.level", Text, "read_uncommitted", OneOf(&["read_committed", "read_uncommitted"]),
        "Whether records of open and aborted transactions are handed out."),
    key("share.partition.max.record.locks", Int, "2000", AtLeast(100), "How many records of a partition may be in flight at once.")
        .of("group.share.partition.max.record.locks")
        .from("group.share.min.partition.max.record.locks").to("group.share.max.partition.max.record.locks"),
    key("share.record.lock.duration.ms", Int, "30000", AtLeast(1000), "How long a member has for a record before others get it.")
        .of("group.share.record.lock.duration.ms")
        .from("group.share.min.record.lock.duration.ms").to("group.share.max.record.lock.duration.ms"),
    key("share.renew.acknowledge.enable", Boolean, "true", Any, "Whether members may renew the lock of a record."),
    key("share.session.timeout.ms", Int, "45000", AtLeast(1), "How long a member may be silent before it is removed.")
        .of("group.share.session.timeout.ms")
        .from("group.share.min.session.timeout.ms").to("group.share.max.session.timeout.ms"),
    key("streams.assignment.interval.ms", Int, "1000", AtLeast(0), "How long lies between two assignments, at least.")
        .of("group.streams.assignment.interval.ms")
        .from("group.streams.min.assignment.interval.ms").to("group.streams.max.assignment.interval.ms"),
    key("streams.heartbeat.interval.ms", Int, "5000", AtLeast(1), "How often the members are told to report.")
        .of("group.streams.heartbeat.interval.ms")
        .from("group.streams.min.heartbeat.interval.ms").to("group.streams.max.heartbeat.interval.ms"),
    key("streams.initial.rebalance.delay.ms", Int, "3000", AtLeast(0), "How long a new group waits for more members.")
        .of("group.streams.initial.rebalance.delay.ms"),
    key("streams.num.standby.replicas", Int, "0", AtLeast(0), "How many standby copies of its state a task has.")
        .of("group.streams.num.standby.replicas").to("group.streams.max.standby.replicas"),
    key("streams.session.timeout.ms", Int, "45000", AtLeast(1), "How long a member may be silent before it is removed.")
        .of("group.streams.session.timeout.ms")
        .from("group.streams.min.session.timeout.ms").to("group.streams.max.session.timeout.ms"),
];

/// The settings of groups, by name.
pub fn group_configs() -> &'static [GroupConfigKey] {
    GROUP_CONFIGS
}

/// The setting of this name.
pub fn group_config(name: &str) -> Option<&'static GroupConfigKey> {
    GROUP_CONFIGS.iter().find(|config| config.key.name == name)
}
