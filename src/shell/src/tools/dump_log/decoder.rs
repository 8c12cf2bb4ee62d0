//! Keys and values of records as text (Kafka's `DumpLogSegments.MessageParser`s). Serves kafka-dump-log; invariant: what can't be
//! decoded is a line that says so, except a key that is missing altogether.

use crate::java::Parsed;
use ottla_client::JavaError;
use ottla_records::Record;
use ottla_wire::schema::{CoordinatorLog, coordinator_key, coordinator_value, metadata_record};

/// A class that makes text of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `StringDecoder`.
    Text,
    /// `IntegerDecoder`.
    Integer,
    /// `LongDecoder`.
    Long,
}

/// How records are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoder {
    /// Key and value by classes.
    Plain {
        /// For keys.
        key: Class,
        /// For values.
        value: Class,
    },
    /// `__consumer_offsets` or `__transaction_state`.
    Coordinator(CoordinatorLog),
    /// `__cluster_metadata`.
    Metadata,
    /// A kind of record that this lab has none of.
    Unknown,
}

const FLAGS: [&str; 5] = [
    "offsets-decoder",
    "transaction-log-decoder",
    "cluster-metadata-decoder",
    "remote-log-metadata-decoder",
    "share-group-state-decoder",
];

impl Class {
    fn of(name: &str) -> Result<Class, JavaError> {
        match name.strip_prefix("org.apache.kafka.tools.api.").or_else(|| name.strip_prefix("kafka.serializer.")) {
            Some("StringDecoder") => Ok(Class::Text),
            Some("IntegerDecoder") => Ok(Class::Integer),
            Some("LongDecoder") => Ok(Class::Long),
            _ => Err(JavaError::new("java.lang.ClassNotFoundException", name)),
        }
    }

    fn text(self, bytes: &[u8]) -> Result<String, JavaError> {
        let short = || JavaError { message: None, ..JavaError::new("java.nio.BufferUnderflowException", "") };
        match self {
            Class::Text => Ok(String::from_utf8_lossy(bytes).into_owned()),
            Class::Integer => bytes.first_chunk().map(|b| i32::from_be_bytes(*b).to_string()).ok_or_else(short),
            Class::Long => bytes.first_chunk().map(|b| i64::from_be_bytes(*b).to_string()).ok_or_else(short),
        }
    }
}

impl Decoder {
    /// The decoder that the options choose; of several flags the first counts.
    ///
    /// # Errors
    /// `ClassNotFoundException`, or an option given twice.
    pub fn of(parsed: &Parsed) -> Result<Decoder, JavaError> {
        Ok(match FLAGS.iter().position(|flag| parsed.has(flag)) {
            Some(0) => Decoder::Coordinator(CoordinatorLog::Groups),
            Some(1) => Decoder::Coordinator(CoordinatorLog::Transactions),
            Some(2) => Decoder::Metadata,
            Some(_) => Decoder::Unknown,
            None => {
                let class = |name| Class::of(parsed.value(name)?.unwrap_or_default());
                Decoder::Plain { key: class("key-decoder-class")?, value: class("value-decoder-class")? }
            }
        })
    }

    /// Whether the options chose it, so that it is to be used.
    pub fn is_chosen(self, parsed: &Parsed) -> bool {
        let classes = ["key-decoder-class", "value-decoder-class"];
        !matches!(self, Decoder::Plain { .. }) || classes.iter().any(|name| parsed.has(name))
    }

    /// Key and value of a record.
    ///
    /// # Errors
    /// A record without a key where the decoder needs one.
    pub fn parse(self, record: &Record) -> Result<(Option<String>, Option<String>), JavaError> {
        match self {
            Decoder::Plain { key, value } => {
                let text =
                    |class: Class, bytes: &Option<bytes::Bytes>| bytes.as_ref().map(|b| class.text(b)).transpose();
                Ok((text(key, &record.key)?, text(value, &record.value)?))
            }
            Decoder::Metadata => {
                let json = metadata_record(record.value.as_deref().unwrap_or_default());
                Ok((None, Some(json.unwrap_or_else(|e| format!("Error at {}, skipping. {e}", record.offset)))))
            }
            Decoder::Unknown => Ok((None, Some(format!("Error at offset {}, skipping. null", record.offset)))),
            Decoder::Coordinator(log) => match &record.key {
                Some(key) => Ok(coordinated(log, record, key)),
                None => {
                    let offset = record.offset;
                    let text = format!(
                        "Failed to decode message at offset {offset} using the specified decoder (message had a missing key)"
                    );
                    Err(JavaError::new("java.lang.RuntimeException", text))
                }
            },
        }
    }
}

fn coordinated(log: CoordinatorLog, record: &Record, key: &[u8]) -> (Option<String>, Option<String>) {
    let wrong = |error| (Some(format!("Error at offset {}, skipping. {error}", record.offset)), None);
    let (kind, json) = match coordinator_key(log, key) {
        Ok((kind, Some(json))) => (kind, json),
        Ok((kind, None)) => {
            return (Some(format!("Unknown record type {kind} at offset {}, skipping.", record.offset)), None);
        }
        Err(error) => return wrong(error),
    };
    let value = match &record.value {
        None => "<DELETE>".to_owned(),
        Some(value) => match coordinator_value(log, kind, value) {
            Ok((version, json)) => format!("{{\"version\":\"{version}\",\"data\":{json}}}"),
            Err(error) => return wrong(error),
        },
    };
    (Some(format!("{{\"type\":\"{kind}\",\"data\":{json}}}")), Some(value))
}
