//! Which partitions are meant (Kafka's `TopicPartitionFilter`). Serves kafka-get-offsets; invariant: upper bounds of ranges are
//! exclusive.

use crate::tools::topics::include::IncludeList;
use ottla_client::JavaError;
use std::ops::Range;

/// Numbers of partitions.
#[derive(Clone, Debug)]
enum Partitions {
    All,
    OneOf(Vec<i32>),
    Range(Range<i32>),
}

impl Partitions {
    fn allows(&self, partition: i32) -> bool {
        match self {
            Partitions::All => true,
            Partitions::OneOf(list) => list.contains(&partition),
            Partitions::Range(range) => range.contains(&partition),
        }
    }
}

/// Topics with their partitions; a partition passes if one rule lets it.
#[derive(Clone, Debug, Default)]
pub struct Filter(Vec<(IncludeList, Partitions)>);

/// An error of the filter's text: what is told alone, and what has a stack trace.
#[derive(Clone, Debug)]
pub enum FilterError {
    /// Told alone.
    Terse(String),
    /// Told with its stack trace.
    Thrown(JavaError),
}

impl From<JavaError> for FilterError {
    fn from(error: JavaError) -> FilterError {
        FilterError::Thrown(error)
    }
}

impl Filter {
    /// From `--topic` and `--partitions`.
    ///
    /// # Errors
    /// For numbers that are none, or a bad expression.
    pub fn of_topic(topic: Option<&str>, partitions: Option<&str>) -> Result<Filter, FilterError> {
        let partitions = match partitions.filter(|text| !text.is_empty()) {
            None => Partitions::All,
            Some(text) => {
                Partitions::OneOf(text.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|_| {
                    FilterError::Terse(format!(
                        "--partitions expects a comma separated list of numeric partition ids, but received: {text}"
                    ))
                })?)
            }
        };
        Ok(Filter(vec![(IncludeList::new(topic.unwrap_or(".*"))?, partitions)]))
    }

    /// From `--topic-partitions`.
    ///
    /// # Errors
    /// For a rule that is none, or a bad expression.
    pub fn of_rules(text: &str) -> Result<Filter, FilterError> {
        let rules: Result<Vec<_>, JavaError> = text.split(',').map(rule).collect();
        Ok(Filter(rules?))
    }

    /// Whether some partition of the topic may pass.
    pub fn allows_topic(&self, topic: &str) -> bool {
        self.0.iter().any(|(topics, _)| topics.allows(topic, false))
    }

    /// Whether the partition passes.
    pub fn allows(&self, topic: &str, partition: i32) -> bool {
        self.0.iter().any(|(topics, partitions)| topics.allows(topic, false) && partitions.allows(partition))
    }
}

fn rule(text: &str) -> Result<(IncludeList, Partitions), JavaError> {
    let invalid = || {
        let terse =
            JavaError::new("org.apache.kafka.tools.TerseException", format!("Invalid rule specification: {text}"));
        JavaError::new("java.lang.RuntimeException", terse.to_string()).caused_by(terse)
    };
    let (topic, partitions) = text.split_once(':').unwrap_or((text, ""));
    let number = |text: &str, without: i32| match text {
        "" => Ok(without),
        text if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().map_err(|_| invalid()),
        _ => Err(invalid()),
    };
    let partitions = match partitions.split_once('-') {
        None if partitions.is_empty() => Partitions::All,
        None => Partitions::OneOf(vec![number(partitions, 0)?]),
        Some((lower, upper)) => Partitions::Range(number(lower, 0)?..number(upper, i32::MAX)?),
    };
    Ok((IncludeList::new(if topic.is_empty() { ".*" } else { topic })?, partitions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let allowed = |rules: &str| {
            let filter = Filter::of_rules(rules).unwrap();
            let names = ["orders", "payments"].into_iter().flat_map(|t| (0..3).map(move |p| (t, p)));
            names.filter(|(t, p)| filter.allows(t, *p)).map(|(t, p)| format!("{}{p}", &t[..1])).collect::<Vec<_>>()
        };
        assert_eq!(allowed("orders:1,payments"), ["o1", "p0", "p1", "p2"]);
        assert_eq!(allowed("orders:0-2"), ["o0", "o1"]);
        assert_eq!(allowed(":2-"), ["o2", "p2"]);
        assert_eq!(allowed("p.*:-1"), ["p0"]);
        assert!(matches!(Filter::of_rules("orders:x"), Err(FilterError::Thrown(_))));
        assert!(matches!(Filter::of_topic(None, Some("one")), Err(FilterError::Terse(_))));
    }
}
