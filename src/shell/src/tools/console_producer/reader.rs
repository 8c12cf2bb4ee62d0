//! Lines to records (Kafka's `LineMessageReader`). Serves kafka-console-producer; invariant: line numbers count every line read, and the
//! split is at the first separator.

use bytes::Bytes;
use ottla_client::{JavaError, ProducerRecord};
use regex::Regex;
use std::collections::BTreeMap;

/// The reader's settings and how far it is.
#[derive(Clone, Debug)]
pub struct LineReader {
    topic: String,
    parse_key: bool,
    key_separator: String,
    parse_headers: bool,
    headers_delimiter: String,
    headers_separator: Regex,
    headers_key_separator: String,
    ignore_error: bool,
    null_marker: Option<String>,
    line_number: u64,
}

fn kafka_exception(message: impl Into<String>) -> JavaError {
    JavaError::new("org.apache.kafka.common.KafkaException", message)
}

impl LineReader {
    /// A reader with these settings.
    pub fn new(properties: &BTreeMap<String, String>) -> Result<LineReader, JavaError> {
        let is_true = |name: &str| properties.get(name).is_some_and(|v| v.trim().eq_ignore_ascii_case("true"));
        let text = |name: &str, default: &str| properties.get(name).cloned().unwrap_or_else(|| default.to_owned());
        let null_marker = properties.get("null.marker").cloned();
        let separators = [
            ("headers.delimiter", text("headers.delimiter", "\t")),
            ("headers.separator", text("headers.separator", ",")),
            ("headers.key.separator", text("headers.key.separator", ":")),
        ];
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            if separators[a].1 == separators[b].1 {
                let message = format!("{} and {} may not be equal", separators[a].0, separators[b].0);
                return Err(kafka_exception(message));
            }
        }
        let key_separator = text("key.separator", "\t");
        let marked = [("key.separator", &key_separator), ("headers.separator", &separators[1].1)]
            .into_iter()
            .chain([("headers.delimiter", &separators[0].1), ("headers.key.separator", &separators[2].1)])
            .find(|(_, value)| null_marker.as_ref() == Some(*value));
        if let Some((name, _)) = marked {
            return Err(kafka_exception(format!("null.marker and {name} may not be equal")));
        }
        let [(_, headers_delimiter), (_, separator), (_, headers_key_separator)] = separators;
        let headers_separator = Regex::new(&separator)
            .or_else(|_| Regex::new(&regex::escape(&separator)))
            .map_err(|e| JavaError::new("java.util.regex.PatternSyntaxException", e.to_string()))?;
        Ok(LineReader {
            topic: text("topic", ""),
            parse_key: is_true("parse.key"),
            key_separator,
            parse_headers: is_true("parse.headers"),
            headers_delimiter,
            headers_separator,
            headers_key_separator,
            ignore_error: is_true("ignore.error"),
            null_marker,
            line_number: 0,
        })
    }

    /// The record of the next line.
    pub fn read(&mut self, line: &str) -> Result<ProducerRecord, JavaError> {
        self.line_number += 1;
        let mut rest = line;
        let mut headers = Vec::new();
        if self.parse_headers
            && let Some((part, after)) = self.split(line, rest, &self.headers_delimiter, "headers delimiter")?
        {
            rest = after;
            if self.null_marker.as_deref() != Some(part) {
                headers = self.split_headers(part)?;
            }
        }
        let mut key = None;
        if self.parse_key
            && let Some((part, after)) = self.split(line, rest, &self.key_separator, "key separator")?
        {
            rest = after;
            key = self.bytes(part);
        }
        let (topic, value) = (self.topic.clone(), self.bytes(rest));
        Ok(ProducerRecord { topic, partition: None, timestamp_ms: None, key, value, headers })
    }

    fn bytes(&self, text: &str) -> Option<Bytes> {
        (self.null_marker.as_deref() != Some(text)).then(|| Bytes::copy_from_slice(text.as_bytes()))
    }

    fn split<'t>(
        &self,
        line: &str,
        rest: &'t str,
        separator: &str,
        name: &str,
    ) -> Result<Option<(&'t str, &'t str)>, JavaError> {
        match rest.split_once(separator) {
            Some(parts) => Ok(Some(parts)),
            None if self.ignore_error => Ok(None),
            None => Err(kafka_exception(format!("No {name} found on line number {}: '{line}'", self.line_number))),
        }
    }

    fn split_headers(&self, text: &str) -> Result<Vec<(String, Option<Bytes>)>, JavaError> {
        let mut pairs: Vec<&str> = self.headers_separator.split(text).collect();
        while pairs.len() > 1 && pairs.last() == Some(&"") {
            pairs.pop();
        }
        let mut headers = Vec::new();
        for pair in pairs {
            match pair.split_once(self.headers_key_separator.as_str()) {
                None if self.ignore_error => headers.push((pair.to_owned(), None)),
                None => {
                    let place = format!("in pair '{pair}' on line number {}", self.line_number);
                    return Err(kafka_exception(format!("No header key separator found {place}")));
                }
                Some((key, _)) if self.null_marker.as_deref() == Some(key) => {
                    let message =
                        format!("Header keys should not be equal to the null marker '{key}' as they can't be null");
                    return Err(kafka_exception(message));
                }
                Some((key, value)) => headers.push((key.to_owned(), self.bytes(value))),
            }
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(properties: &[(&str, &str)]) -> Result<LineReader, JavaError> {
        LineReader::new(&properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    fn read(properties: &[(&str, &str)], line: &str) -> String {
        let text = |b: Option<Bytes>| b.map_or("null".to_owned(), |b| String::from_utf8_lossy(&b).into_owned());
        match reader(properties).and_then(|mut r| r.read(line)) {
            Ok(record) => {
                let headers = record.headers.into_iter().map(|(k, v)| format!("{k}:{}", text(v))).collect::<Vec<_>>();
                format!("{}|{}|{}", headers.join(","), text(record.key), text(record.value))
            }
            Err(error) => error.text().to_owned(),
        }
    }

    #[test]
    fn lines() {
        let key = [("parse.key", "true"), ("key.separator", ":")];
        let both = [("parse.key", "true"), ("parse.headers", "true")];
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
        let cases: &[Case<'_>] = &[
            (&[], "a\tb", "|null|a\tb"),
            (&key, "carol:a:b", "|carol|a:b"),
            (&key, ":x", "||x"),
            (&key, "dave:", "|dave|"),
            (&key, "none", "No key separator found on line number 1: 'none'"),
            (&both, "h:v,i:w\tk\tv", "h:v,i:w|k|v"),
            (&both, "lonely\tk\tv", "No header key separator found in pair 'lonely' on line number 1"),
            (&both, "\tk\tv", "No header key separator found in pair '' on line number 1"),
            (&[("parse.key", "true"), ("ignore.error", "true")], "x", "|null|x"),
            (&[("null.marker", "NULL"), ("parse.key", "true")], "NULL\tNULL", "|null|null"),
            (&[("headers.delimiter", ",")], "x", "headers.delimiter and headers.separator may not be equal"),
        ];
        for (properties, line, expected) in cases {
            assert_eq!(read(properties, line), *expected, "{line}");
        }
    }
}
