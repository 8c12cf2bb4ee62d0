//! The consumer's settings. Serves the consumer; invariant: the checks of Kafka's `ConsumerConfig`, with its texts.

use super::assignor::Assignor;
use super::duration::parse_duration_ms;
use crate::settings::{CommonConfig, Settings};
use crate::{JavaError, Node, network::backoff::Backoff};
use ottla_wire::config::ConfigKind;
use std::collections::BTreeMap;

/// Where to begin without a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reset {
    Earliest,
    Latest,
    /// So many milliseconds before now (KIP-1106).
    ByDuration(i64),
}

/// The settings, in milliseconds and bytes.
#[derive(Clone, Debug)]
pub(crate) struct ConsumerConfig {
    pub(crate) client_id: String,
    pub(crate) group_id: Option<String>,
    pub(crate) group_instance_id: Option<String>,
    pub(crate) session_timeout_ms: u64,
    pub(crate) heartbeat_interval_ms: u64,
    pub(crate) max_poll_interval_ms: u64,
    pub(crate) assignors: Vec<Assignor>,
    pub(crate) auto_commit: bool,
    pub(crate) auto_commit_interval_ms: u64,
    pub(crate) client_rack: String,
    pub(crate) max_partition_fetch_bytes: i32,
    pub(crate) fetch_min_bytes: i32,
    pub(crate) fetch_max_bytes: i32,
    pub(crate) fetch_max_wait_ms: i32,
    pub(crate) retry: Backoff,
    /// `None`: no reset, an error instead.
    pub(crate) reset: Option<Reset>,
    pub(crate) check_crcs: bool,
    pub(crate) request_timeout_ms: u64,
    pub(crate) max_poll_records: u64,
    pub(crate) exclude_internal_topics: bool,
    pub(crate) read_committed: bool,
    pub(crate) allow_auto_create_topics: bool,
}

impl ConsumerConfig {
    /// Reads and checks the settings, and what they share with other clients.
    pub(crate) fn read(map: &BTreeMap<String, String>) -> Result<(ConsumerConfig, CommonConfig, Vec<Node>), JavaError> {
        let s = Settings::new(map);
        let group_id = s.text("group.id").map(str::to_owned);
        let group_instance_id = s.non_empty("group.instance.id")?.map(str::to_owned);
        let mut common = CommonConfig::read(&s)?;
        s.check(ConfigKind::Consumer)?;
        let given_auto_commit = s.boolean("enable.auto.commit", true)?;
        let isolation = ["read_committed", "read_uncommitted"];
        let mut config = ConsumerConfig {
            client_id: client_id(&s, group_id.as_deref(), group_instance_id.as_deref()),
            session_timeout_ms: s.millis("session.timeout.ms", 45_000)?,
            heartbeat_interval_ms: s.millis("heartbeat.interval.ms", 3000)?,
            assignors: assignors(&s)?,
            auto_commit: given_auto_commit && group_id.is_some(),
            auto_commit_interval_ms: s.millis("auto.commit.interval.ms", 5000)?,
            client_rack: s.text("client.rack").unwrap_or_default().to_owned(),
            max_partition_fetch_bytes: s.int("max.partition.fetch.bytes", 1_048_576, 0)?,
            fetch_min_bytes: s.int("fetch.min.bytes", 1, 0)?,
            fetch_max_bytes: s.int("fetch.max.bytes", 52_428_800, 0)?,
            fetch_max_wait_ms: s.int("fetch.max.wait.ms", 500, 0)?,
            retry: common.retry,
            reset: reset(&s)?,
            check_crcs: s.boolean("check.crcs", true)?,
            request_timeout_ms: common.request_timeout_ms,
            max_poll_records: u64::try_from(s.int("max.poll.records", 500, 1)?).unwrap_or(1),
            max_poll_interval_ms: u64::try_from(s.int("max.poll.interval.ms", 300_000, 1)?).unwrap_or(1),
            exclude_internal_topics: s.boolean("exclude.internal.topics", true)?,
            read_committed: s.one_of("isolation.level", "read_uncommitted", &isolation)? == "read_committed",
            allow_auto_create_topics: s.boolean("allow.auto.create.topics", true)?,
            group_id,
            group_instance_id,
        };
        s.millis("default.api.timeout.ms", 60_000)?;
        check_protocol(&s)?;
        if config.group_id.is_none() && s.has("enable.auto.commit") && given_auto_commit {
            return Err(JavaError::kafka(
                "InvalidConfigurationException",
                "enable.auto.commit cannot be set to true when default group id (null) is used.",
            ));
        }
        if config.group_id.as_deref() == Some("") {
            // The empty group id is no group since 4.0.
            config.group_id = None;
        }
        if config.heartbeat_interval_ms >= config.session_timeout_ms {
            let outer = JavaError::new("org.apache.kafka.common.KafkaException", "Failed to construct kafka consumer");
            let text = "Heartbeat must be set lower than the session timeout";
            return Err(outer.caused_by(JavaError::new("java.lang.IllegalArgumentException", text)));
        }
        let nodes = common.bootstrap(&s, "Failed to construct kafka consumer")?;
        Ok((config, common, nodes))
    }

    /// What a log line of this consumer begins with.
    pub(crate) fn log_prefix(&self) -> String {
        let group = self.group_id.as_deref().unwrap_or("null");
        match &self.group_instance_id {
            Some(instance) => {
                format!("[Consumer instanceId={instance}, clientId={}, groupId={group}] ", self.client_id)
            }
            None => format!("[Consumer clientId={}, groupId={group}] ", self.client_id),
        }
    }
}

fn client_id(s: &Settings<'_>, group: Option<&str>, instance: Option<&str>) -> String {
    match s.text("client.id") {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => format!("consumer-{}-{}", group.unwrap_or("null"), instance.unwrap_or("1")),
    }
}

fn assignors(s: &Settings<'_>) -> Result<Vec<Assignor>, JavaError> {
    let Some(classes) = s.list("partition.assignment.strategy") else {
        return Ok(vec![Assignor::Range, Assignor::CooperativeSticky]);
    };
    let find = |class: &&str| {
        Assignor::of_class(class).ok_or_else(|| {
            let text = format!("{class} ClassNotFoundException exception occurred");
            JavaError::new("org.apache.kafka.common.KafkaException", text)
        })
    };
    classes.iter().map(find).collect()
}

fn reset(s: &Settings<'_>) -> Result<Option<Reset>, JavaError> {
    let text = s.text("auto.offset.reset").unwrap_or("latest");
    let bad = || {
        JavaError::config(format!(
            "Invalid value {text} for configuration auto.offset.reset: Invalid value `{text}` for configuration \
             auto.offset.reset. The value must be either 'earliest', 'latest', 'none' or of the format \
             'by_duration:<PnDTnHnMn.nS.>'."
        ))
    };
    match text {
        "earliest" => Ok(Some(Reset::Earliest)),
        "latest" => Ok(Some(Reset::Latest)),
        "none" => Ok(None),
        _ => {
            let duration = text.strip_prefix("by_duration:").and_then(parse_duration_ms).filter(|ms| *ms >= 0);
            duration.map(|ms| Some(Reset::ByDuration(ms))).ok_or_else(bad)
        }
    }
}

/// The settings of the classic protocol are refused beside the new one (KIP-848), and the other way round.
fn check_protocol(s: &Settings<'_>) -> Result<(), JavaError> {
    let protocol = s.one_of_ignoring_case("group.protocol", "classic", &["CONSUMER", "CLASSIC"])?;
    let refuse = |name: &str, protocol: &str| {
        Err(JavaError::config(format!("{name} cannot be set when group.protocol={protocol}")))
    };
    if protocol.eq_ignore_ascii_case("consumer") {
        let classic = ["partition.assignment.strategy", "heartbeat.interval.ms", "session.timeout.ms"];
        return match classic.iter().find(|name| s.has(name)) {
            Some(name) => refuse(name, "CONSUMER"),
            None => Ok(()),
        };
    }
    if s.text("group.remote.assignor").is_some_and(|text| !text.is_empty()) {
        return refuse("group.remote.assignor", "CLASSIC");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ConsumerConfig, JavaError> {
        ConsumerConfig::read(&crate::testing::settings(pairs)).map(|(config, _, _)| config)
    }

    #[test]
    fn bad_values_have_javas_texts() {
        let cases: &[(&[(&str, &str)], &str)] = &[
            (
                &[("isolation.level", "committed")],
                "Invalid value committed for configuration isolation.level: String must be one of: read_committed, \
                 read_uncommitted",
            ),
            (
                &[("group.protocol", "streams")],
                "Invalid value streams for configuration group.protocol: String must be one of (case insensitive): \
                 CONSUMER, CLASSIC",
            ),
            (
                &[("group.protocol", "consumer"), ("session.timeout.ms", "6000")],
                "session.timeout.ms cannot be set when group.protocol=CONSUMER",
            ),
            (
                &[("group.protocol", "Consumer"), ("partition.assignment.strategy", "x.RangeAssignor")],
                "x.RangeAssignor ClassNotFoundException exception occurred",
            ),
            (
                &[("max.poll.records", "0")],
                "Invalid value 0 for configuration max.poll.records: Value must be at least 1",
            ),
        ];
        for (pairs, text) in cases {
            assert_eq!(read(pairs).unwrap_err().text(), *text);
        }
    }

    #[test]
    fn resets_and_names() {
        assert_eq!(read(&[]).unwrap().reset, Some(Reset::Latest));
        assert_eq!(read(&[("auto.offset.reset", "none")]).unwrap().reset, None);
        let by_duration = read(&[("auto.offset.reset", "by_duration:PT1H")]).unwrap().reset;
        assert_eq!(by_duration, Some(Reset::ByDuration(3_600_000)));
        assert!(read(&[("auto.offset.reset", "by_duration:soon")]).is_err());
        let config = read(&[("group.id", "g"), ("client.id", "console-consumer")]).unwrap();
        assert_eq!(config.log_prefix(), "[Consumer clientId=console-consumer, groupId=g] ");
        assert_eq!(read(&[("group.id", "g")]).unwrap().client_id, "consumer-g-1");
    }
}
