//! A broker's settings of replication. Serves the registry.

use super::key;
use crate::config::{ConfigKey, ConfigType, Importance, UpdateMode, Validator};
use ConfigType::{Int, Long, String as Text};
use Importance::{High, Low, Medium};
use UpdateMode::{ClusterWide, ReadOnly};
use Validator::{Any, AtLeast};

#[rustfmt::skip]
pub(super) const REPLICATION: &[ConfigKey] = &[
    key("follower.replication.throttled.rate", Long, None, AtLeast(0), Medium, ClusterWide,
        "How many bytes a second throttled replicas of this broker fetch; only given while brokers run.").internal(),
    key("leader.replication.throttled.rate", Long, None, AtLeast(0), Medium, ClusterWide,
        "How many bytes a second this broker sends to throttled replicas; only given while brokers run.").internal(),
    key("num.replica.fetchers", Int, Some("1"), AtLeast(1), High, ClusterWide,
        "How many threads fetch from each other broker."),
    key("replica.alter.log.dirs.io.max.bytes.per.second", Long, None, AtLeast(0), Medium, ClusterWide,
        "How many bytes a second move between log directories; only given while brokers run.").internal(),
    key("replica.fetch.backoff.ms", Int, Some("1000"), AtLeast(0), Medium, ReadOnly,
        "How long a follower waits after an error before it fetches again."),
    key("replica.fetch.max.bytes", Int, Some("1048576"), AtLeast(0), Medium, ReadOnly,
        "How many bytes of each partition a follower asks for."),
    key("replica.fetch.min.bytes", Int, Some("1"), Any, High, ReadOnly,
        "How many bytes a follower waits for."),
    key("replica.fetch.response.max.bytes", Int, Some("10485760"), AtLeast(0), Medium, ReadOnly,
        "How many bytes a follower takes in one response."),
    key("replica.fetch.wait.max.ms", Int, Some("500"), Any, High, ReadOnly,
        "How long a follower's fetch waits for new data."),
    key("replica.high.watermark.checkpoint.interval.ms", Long, Some("5000"), Any, High, ReadOnly,
        "How often high watermarks are written down."),
    key("replica.lag.time.max.ms", Long, Some("30000"), Any, High, ReadOnly,
        "A follower that has not caught up for this long leaves the in-sync replicas."),
    key("replica.selector.class", Text, None, Any, Medium, ReadOnly,
        "The class that chooses which replica a consumer reads from."),
    key("replica.socket.receive.buffer.bytes", Int, Some("65536"), Any, High, ReadOnly,
        "The receive buffer of followers' connections."),
    key("replica.socket.timeout.ms", Int, Some("30000"), Any, High, ReadOnly,
        "How long a follower waits for an answer."),
    key("replication.quota.window.num", Int, Some("11"), AtLeast(1), Low, ReadOnly,
        "How many past windows count when replication is measured."),
    key("replication.quota.window.size.seconds", Int, Some("1"), AtLeast(1), Low, ReadOnly,
        "How long each of these windows is."),
];
