//! The producer's settings. Serves the producer; invariant: the checks of Kafka's `ProducerConfig`, in its order and
//! with its texts.

use crate::settings::{CommonConfig, Settings};
use crate::{JavaError, Node, network::backoff::Backoff};
use ottla_records::Compression;
use ottla_wire::config::ConfigKind;
use std::collections::BTreeMap;

const PACKAGE: &str = "org.apache.kafka.clients.producer";

/// How records without a chosen partition find theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartitionerKind {
    /// The built-in one: by key, else sticky.
    BuiltIn,
    /// `RoundRobinPartitioner`.
    RoundRobin,
}

/// The settings, in milliseconds and bytes.
#[derive(Clone, Debug)]
pub(crate) struct ProducerConfig {
    pub(crate) client_id: String,
    /// -1 is all.
    pub(crate) acks: i16,
    pub(crate) retries: i64,
    pub(crate) retry: Backoff,
    pub(crate) linger_ms: u64,
    pub(crate) batch_size: u64,
    pub(crate) buffer_memory: u64,
    pub(crate) max_block_ms: u64,
    pub(crate) max_request_size: u64,
    pub(crate) max_in_flight: u64,
    pub(crate) delivery_timeout_ms: u64,
    pub(crate) request_timeout_ms: u64,
    pub(crate) metadata_max_idle_ms: u64,
    pub(crate) compression: Compression,
    pub(crate) compression_level: Option<i32>,
    pub(crate) idempotent: bool,
    pub(crate) partitioner: PartitionerKind,
    pub(crate) ignore_keys: bool,
    pub(crate) adaptive: bool,
}

impl ProducerConfig {
    /// Reads and checks the settings, and what they share with other clients.
    pub(crate) fn read(map: &BTreeMap<String, String>) -> Result<(ProducerConfig, CommonConfig, Vec<Node>), JavaError> {
        let s = Settings::new(map);
        let buffer_memory = s.long("buffer.memory", 33_554_432, 0)?;
        let retries = i64::from(s.int("retries", i32::MAX, 0)?);
        let acks = match s.one_of("acks", "all", &["all", "-1", "0", "1"])? {
            "0" => 0,
            "1" => 1,
            _ => -1,
        };
        let (compression, compression_level) = compression(&s)?;
        let batch_size = s.int("batch.size", 16_384, 0)?.max(1);
        let (adaptive, ignore_keys) = (
            s.boolean("partitioner.adaptive.partitioning.enable", true)?,
            s.boolean("partitioner.ignore.keys", false)?,
        );
        let linger_ms = s.long_millis("linger.ms", 5)?;
        let delivery_ms = s.millis("delivery.timeout.ms", 120_000)?;
        let max_request_size = s.int("max.request.size", 1_048_576, 0)?;
        let common = CommonConfig::read(&s)?;
        let max_block_ms = s.long_millis("max.block.ms", 60_000)?;
        let metadata_max_idle_ms = s.long("metadata.max.idle.ms", 300_000, 5000)?;
        let max_in_flight = s.int("max.in.flight.requests.per.connection", 5, 1)?;
        let partitioner = partitioner(&s)?;
        s.check(ConfigKind::Producer)?;
        let idempotent = s.boolean("enable.idempotence", true)?;
        s.int("transaction.timeout.ms", 60_000, i32::MIN)?;
        s.non_empty("transactional.id")?;
        let idempotent = idempotent && idempotence(&s, retries, acks, max_in_flight)?;
        if s.has("transactional.id") && !idempotent {
            return Err(JavaError::config("Cannot set a transactional.id without also enabling idempotence."));
        }
        let mut common = common;
        let unsigned = |n: i64| u64::try_from(n).unwrap_or(0);
        let config = ProducerConfig {
            client_id: s.text("client.id").unwrap_or("producer-1").to_owned(),
            acks,
            retries,
            retry: common.retry,
            linger_ms,
            batch_size: unsigned(batch_size.into()),
            buffer_memory: unsigned(buffer_memory),
            max_block_ms,
            max_request_size: unsigned(max_request_size.into()),
            max_in_flight: unsigned(max_in_flight.into()),
            delivery_timeout_ms: delivery_timeout_ms(&s, linger_ms, common.request_timeout_ms, delivery_ms)?,
            request_timeout_ms: common.request_timeout_ms,
            metadata_max_idle_ms: unsigned(metadata_max_idle_ms),
            compression,
            compression_level,
            idempotent,
            partitioner,
            ignore_keys,
            adaptive,
        };
        let nodes = common.bootstrap(&s, "Failed to construct kafka producer")?;
        Ok((config, common, nodes))
    }
}

fn compression(s: &Settings<'_>) -> Result<(Compression, Option<i32>), JavaError> {
    let name = s.one_of("compression.type", "none", &["none", "gzip", "snappy", "lz4", "zstd"])?;
    let gzip = s.int("compression.gzip.level", -1, -1)?;
    let lz4 = s.int("compression.lz4.level", 9, 1)?;
    let zstd = s.int("compression.zstd.level", 3, -131_072)?;
    Ok(match name {
        "gzip" => (Compression::Gzip, Some(gzip)),
        "snappy" => (Compression::Snappy, None),
        "lz4" => (Compression::Lz4, Some(lz4)),
        "zstd" => (Compression::Zstd, Some(zstd)),
        _ => (Compression::None, None),
    })
}

fn partitioner(s: &Settings<'_>) -> Result<PartitionerKind, JavaError> {
    match s.text("partitioner.class") {
        None | Some("") => Ok(PartitionerKind::BuiltIn),
        Some(class) if class == format!("{PACKAGE}.RoundRobinPartitioner") => Ok(PartitionerKind::RoundRobin),
        Some(class) => Err(JavaError::config(format!(
            "Invalid value {class} for configuration partitioner.class: Class {class} could not be found."
        ))),
    }
}

/// Whether idempotence stays on: silently off beside settings it cannot work with, an error if it was asked for.
fn idempotence(s: &Settings<'_>, retries: i64, acks: i16, max_in_flight: i32) -> Result<bool, JavaError> {
    let explicit = s.has("enable.idempotence");
    let mut on = true;
    if retries == 0 {
        if explicit {
            return Err(JavaError::config("Must set retries to non-zero when using the idempotent producer."));
        }
        on = false;
    }
    if acks != -1 {
        if explicit {
            return Err(JavaError::config(
                "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee \
                 idempotence.",
            ));
        }
        on = false;
    }
    if on && max_in_flight > 5 {
        return Err(JavaError::config(format!(
            "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5. Current \
             value is {max_in_flight}."
        )));
    }
    Ok(on)
}

/// The delivery time-out, which cannot be shorter than one attempt.
fn delivery_timeout_ms(s: &Settings<'_>, linger_ms: u64, request_ms: u64, delivery_ms: u64) -> Result<u64, JavaError> {
    let least_ms = linger_ms.saturating_add(request_ms).min(2_147_483_647);
    if delivery_ms >= least_ms {
        return Ok(delivery_ms);
    }
    if !s.has("delivery.timeout.ms") {
        return Ok(least_ms);
    }
    let text = "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms";
    let outer = JavaError::new("org.apache.kafka.common.KafkaException", "Failed to construct kafka producer");
    Err(outer.caused_by(JavaError::config(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ProducerConfig, JavaError> {
        let mut map: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        map.entry("bootstrap.servers".into()).or_insert("localhost:9092".into());
        ProducerConfig::read(&map).map(|(config, _, _)| config)
    }

    #[test]
    fn bad_values_have_javas_texts() {
        let cases: &[(&[(&str, &str)], &str)] = &[
            (&[("linger.ms", "soon")], "Invalid value soon for configuration linger.ms: Not a number of type LONG"),
            (&[("acks", "")], "Invalid value  for configuration acks: String must be one of: all, -1, 0, 1"),
            (&[("acks", "2")], "Invalid value 2 for configuration acks: String must be one of: all, -1, 0, 1"),
            (
                &[("compression.type", "brotli")],
                "Invalid value brotli for configuration compression.type: String must be one of: none, gzip, snappy, \
                 lz4, zstd",
            ),
            (&[("retries", "-1")], "Invalid value -1 for configuration retries: Value must be at least 0"),
            (
                &[("enable.idempotence", "maybe")],
                "Invalid value maybe for configuration enable.idempotence: Expected value to be either true or false",
            ),
            (
                &[("enable.idempotence", "true"), ("acks", "1")],
                "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee \
                 idempotence.",
            ),
            (
                &[("enable.idempotence", "true"), ("retries", "0")],
                "Must set retries to non-zero when using the idempotent producer.",
            ),
            (
                &[("max.in.flight.requests.per.connection", "6")],
                "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5. \
                 Current value is 6.",
            ),
            (
                &[("transactional.id", "t"), ("acks", "1")],
                "Cannot set a transactional.id without also enabling idempotence.",
            ),
        ];
        for (pairs, text) in cases {
            let error = read(pairs).unwrap_err();
            assert_eq!(error.text(), *text);
            assert_eq!(error.class, "org.apache.kafka.common.config.ConfigException");
        }
    }

    #[test]
    fn idempotence_goes_off_silently() {
        assert!(read(&[]).unwrap().idempotent);
        assert!(!read(&[("acks", "1")]).unwrap().idempotent);
        assert!(!read(&[("retries", "0")]).unwrap().idempotent);
        assert!(!read(&[("acks", "0"), ("max.in.flight.requests.per.connection", "9")]).unwrap().idempotent);
    }

    #[test]
    fn delivery_timeout_covers_one_attempt() {
        let error = read(&[("delivery.timeout.ms", "1000")]).unwrap_err();
        assert_eq!(error.text(), "Failed to construct kafka producer");
        assert_eq!(read(&[("linger.ms", "200000")]).unwrap().delivery_timeout_ms, 230_000);
    }
}
