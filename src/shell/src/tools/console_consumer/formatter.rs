//! How records are printed (Kafka's `DefaultMessageFormatter` and its kin). Serves kafka-console-consumer; invariant: fields stand in a
//! fixed order whatever the order of the options.

use super::deserializer::Deserializer;
use crate::tools::tool::Tool;
use ottla_client::{ConsumerRecord, JavaError, RecordTimestampType};
use ottla_wire::schema::{CoordinatorLog, coordinator_key, coordinator_value};
use std::collections::BTreeMap;

const LOGGER: &str = "org.apache.kafka.tools.consumer.DefaultMessageFormatter";

/// What prints records.
#[derive(Clone, Debug)]
pub enum Formatter {
    /// Fields with separators.
    Fields(Box<Fields>),
    /// Records of a coordinator's topic as JSON, of these types of keys.
    Coordinator(CoordinatorLog, &'static [i16]),
    /// Nothing at all.
    Nothing,
}

/// The settings of the default formatter.
#[derive(Clone, Debug)]
pub struct Fields {
    timestamp: bool,
    partition: bool,
    offset: bool,
    delivery: bool,
    epoch: bool,
    headers: bool,
    key: bool,
    value: bool,
    key_separator: String,
    line_separator: String,
    headers_separator: String,
    null_literal: String,
    deserializers: [Deserializer; 3],
}

impl Formatter {
    /// The formatter of a class.
    pub fn new(
        tool: &mut Tool<'_, '_>,
        class: &str,
        properties: &BTreeMap<String, String>,
    ) -> Result<Formatter, JavaError> {
        match class {
            "org.apache.kafka.tools.consumer.DefaultMessageFormatter"
            | "org.apache.kafka.tools.consumer.LoggingMessageFormatter" => {
                Ok(Formatter::Fields(Box::new(Fields::new(tool, properties))))
            }
            "org.apache.kafka.tools.consumer.OffsetsMessageFormatter" => {
                Ok(Formatter::Coordinator(CoordinatorLog::Groups, &[0, 1]))
            }
            "org.apache.kafka.tools.consumer.GroupMetadataMessageFormatter" => {
                Ok(Formatter::Coordinator(CoordinatorLog::Groups, &[2]))
            }
            "org.apache.kafka.tools.consumer.TransactionLogMessageFormatter" => {
                Ok(Formatter::Coordinator(CoordinatorLog::Transactions, &[0]))
            }
            "org.apache.kafka.tools.consumer.NoOpMessageFormatter" => Ok(Formatter::Nothing),
            _ => Err(JavaError::new("java.lang.ClassNotFoundException", class)),
        }
    }

    /// The text of a record.
    pub fn text(&self, record: &ConsumerRecord) -> Result<String, JavaError> {
        match self {
            Formatter::Fields(fields) => fields.text(record),
            Formatter::Coordinator(log, kinds) => Ok(coordinator_text(*log, kinds, record).unwrap_or_default()),
            Formatter::Nothing => Ok(String::new()),
        }
    }
}

/// A coordinator's record as JSON, without an end of line as the real formatters leave it (Kafka:
/// `CoordinatorRecordMessageFormatter`); nothing for other types and for what can't be read.
fn coordinator_text(log: CoordinatorLog, kinds: &[i16], record: &ConsumerRecord) -> Option<String> {
    let (kind, key) = coordinator_key(log, record.key.as_deref()?).ok()?;
    let key = key.filter(|_| kinds.contains(&kind))?;
    let value = match &record.value {
        Some(value) => {
            let (version, data) = coordinator_value(log, kind, value).ok()?;
            format!("{{\"version\":{version},\"data\":{data}}}")
        }
        None => "null".to_owned(),
    };
    Some(format!("{{\"key\":{{\"type\":{kind},\"data\":{key}}},\"value\":{value}}}"))
}

impl Fields {
    fn new(tool: &mut Tool<'_, '_>, properties: &BTreeMap<String, String>) -> Fields {
        let is_true =
            |name: &str, default| properties.get(name).map_or(default, |v| v.trim().eq_ignore_ascii_case("true"));
        let text = |name: &str, default: &str| properties.get(name).cloned().unwrap_or_else(|| default.to_owned());
        let mut deserializer = |name: &str| {
            let Some(class) = properties.get(name) else { return Deserializer::Text };
            Deserializer::of_class(class).unwrap_or_else(|| {
                let missing = JavaError::new("java.lang.ClassNotFoundException", class);
                tool.log_exception(&format!("Unable to instantiate a deserializer from {class}"), &missing, LOGGER);
                Deserializer::Text
            })
        };
        Fields {
            timestamp: is_true("print.timestamp", false),
            partition: is_true("print.partition", false),
            offset: is_true("print.offset", false),
            delivery: is_true("print.delivery", false),
            epoch: is_true("print.epoch", false),
            headers: is_true("print.headers", false),
            key: is_true("print.key", false),
            value: is_true("print.value", true),
            key_separator: text("key.separator", "\t"),
            line_separator: text("line.separator", "\n"),
            headers_separator: text("headers.separator", ","),
            null_literal: text("null.literal", "null"),
            deserializers: ["key.deserializer", "value.deserializer", "headers.deserializer"].map(&mut deserializer),
        }
    }

    fn bytes(&self, bytes: Option<&bytes::Bytes>, which: usize) -> Result<String, JavaError> {
        bytes.map_or_else(|| Ok(self.null_literal.clone()), |b| self.deserializers[which].text(b))
    }

    fn text(&self, record: &ConsumerRecord) -> Result<String, JavaError> {
        let mut fields = Vec::new();
        if self.timestamp {
            let ms = record.timestamp_ms;
            fields.push(match record.timestamp_type {
                RecordTimestampType::None => "NO_TIMESTAMP".to_owned(),
                RecordTimestampType::CreateTime => format!("CreateTime:{ms}"),
                RecordTimestampType::LogAppendTime => format!("LogAppendTime:{ms}"),
            });
        }
        let flags = [
            (self.partition, format!("Partition:{}", record.partition)),
            (self.offset, format!("Offset:{}", record.offset)),
            (self.delivery, "Delivery:NOT_PRESENT".to_owned()),
            (self.epoch, "Epoch:NOT_PRESENT".to_owned()),
        ];
        fields.extend(flags.into_iter().filter_map(|(wanted, text)| wanted.then_some(text)));
        if self.headers {
            let header = |(key, value): &(String, Option<bytes::Bytes>)| {
                self.bytes(value.as_ref(), 2).map(|value| format!("{key}:{value}"))
            };
            let headers: Vec<String> = record.headers.iter().map(header).collect::<Result<_, _>>()?;
            fields.push(if headers.is_empty() {
                "NO_HEADERS".to_owned()
            } else {
                headers.join(&self.headers_separator)
            });
        }
        if self.key {
            fields.push(self.bytes(record.key.as_ref(), 0)?);
        }
        if self.value {
            fields.push(self.bytes(record.value.as_ref(), 1)?);
        }
        Ok(match fields.is_empty() {
            true => String::new(),
            false => fields.join(&self.key_separator) + &self.line_separator,
        })
    }
}
