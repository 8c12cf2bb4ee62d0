//! Plans as JSON: read, checked, written. Serves kafka-reassign-partitions; invariant: a plan that was read names each partition once
//! and no broker twice for it.

use ottla_client::{JavaError, TopicPartition};
use serde_json::Value;
use std::collections::BTreeMap;

/// Replicas by partition.
pub type Plan = BTreeMap<TopicPartition, Vec<i32>>;

/// An exception of the tool itself.
pub fn failed(message: impl Into<String>) -> JavaError {
    JavaError::new("org.apache.kafka.tools.AdminCommandFailedException", message)
}

fn json(text: &str) -> Result<Value, JavaError> {
    serde_json::from_str(text).map_err(|_| {
        let first = text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        let message = format!(
            "Unrecognized token '{first}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or \
             'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1]"
        );
        let cause = JavaError::new("com.fasterxml.jackson.core.JsonParseException", message.clone());
        JavaError::new("org.apache.kafka.tools.AdminOperationException", message).caused_by(cause)
    })
}

fn repeated<T: PartialEq + Clone>(list: &[T]) -> Vec<T> {
    let mut found: Vec<T> = Vec::new();
    for (at, item) in list.iter().enumerate() {
        if list[..at].contains(item) && !found.contains(item) {
            found.push(item.clone());
        }
    }
    found
}

/// Reads a plan.
pub fn read(text: &str) -> Result<Plan, JavaError> {
    let value = json(text)?;
    let mut list: Vec<(TopicPartition, Vec<i32>)> = Vec::new();
    for item in value.get("partitions").and_then(Value::as_array).into_iter().flatten() {
        let topic = item.get("topic").and_then(Value::as_str).unwrap_or_default();
        let number = |value: &Value| value.as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(-1);
        let partition = item.get("partition").map_or(-1, number);
        let replicas = item.get("replicas").and_then(Value::as_array).into_iter().flatten().map(number).collect();
        list.push((TopicPartition::new(topic, partition), replicas));
    }
    if list.is_empty() {
        return Err(failed("Partition reassignment list cannot be empty"));
    }
    if list.iter().any(|(_, replicas)| replicas.is_empty()) {
        return Err(failed("Partition replica list cannot be empty"));
    }
    let names: Vec<String> = list.iter().map(|(partition, _)| partition.to_string()).collect();
    let twice = repeated(&names);
    if !twice.is_empty() {
        return Err(failed(format!("Partition reassignment contains duplicate topic partitions: {}", twice.join(","))));
    }
    let entries: Vec<String> = list
        .iter()
        .filter_map(|(partition, replicas)| {
            let twice: Vec<String> = repeated(replicas).iter().map(i32::to_string).collect();
            (!twice.is_empty()).then(|| format!("{partition} contains multiple entries for {}", twice.join(",")))
        })
        .collect();
    if !entries.is_empty() {
        let message = format!("Partition replica lists may not contain duplicate entries: {}", entries.join(". "));
        return Err(failed(message));
    }
    Ok(list.into_iter().collect())
}

/// The topics of a `--topics-to-move-json-file`.
pub fn topics(text: &str) -> Result<Vec<String>, JavaError> {
    let value = json(text)?;
    let list = value.get("topics").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<String> = list.filter_map(|t| Some(t.get("topic")?.as_str()?.to_owned())).collect();
    let twice = repeated(&names);
    match twice.is_empty() {
        true => Ok(names),
        false => Err(failed(format!("List of topics to reassign contains duplicate entries: [{}]", twice.join(", ")))),
    }
}

/// The brokers of a `--broker-list`.
pub fn brokers(text: &str) -> Result<Vec<i32>, JavaError> {
    let mut ids = Vec::new();
    for word in text.split(',') {
        let number = |_| JavaError::new("java.lang.NumberFormatException", format!("For input string: \"{word}\""));
        ids.push(word.trim().parse::<i32>().map_err(number)?);
    }
    let twice: Vec<String> = repeated(&ids).iter().map(i32::to_string).collect();
    match twice.is_empty() {
        true => Ok(ids),
        false => Err(failed(format!("Broker list contains duplicate entries: [{}]", twice.join(", ")))),
    }
}

/// Writes a plan; `dir` gives the directory of a replica.
pub fn write(plan: &Plan, dir: &dyn Fn(&TopicPartition, i32) -> String) -> String {
    let row = |(partition, replicas): (&TopicPartition, &Vec<i32>)| {
        let ids: Vec<String> = replicas.iter().map(i32::to_string).collect();
        let dirs: Vec<String> = replicas.iter().map(|id| format!("\"{}\"", dir(partition, *id))).collect();
        let TopicPartition { topic, partition } = partition;
        format!(
            "{{\"topic\":\"{topic}\",\"partition\":{partition},\"replicas\":[{}],\"log_dirs\":[{}]}}",
            ids.join(","),
            dirs.join(",")
        )
    };
    let rows: Vec<String> = plan.iter().map(row).collect();
    format!("{{\"version\":1,\"partitions\":[{}]}}", rows.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_and_refused() {
        let text =
            r#"{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","any"]}]}"#;
        assert_eq!(write(&read(text).unwrap(), &|_, _| "any".to_owned()), text);
        let cases = [
            (r#"{"partitions":[]}"#, "Partition reassignment list cannot be empty"),
            (r#"{"partitions":[{"topic":"t","partition":0,"replicas":[]}]}"#, "Partition replica list cannot be empty"),
            (
                r#"{"partitions":[{"topic":"t","partition":0,"replicas":[1,1]}]}"#,
                "Partition replica lists may not contain duplicate entries: t-0 contains multiple entries for 1",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(read(text).unwrap_err().text(), message);
        }
        assert!(read("orders 0").unwrap_err().text().starts_with("Unrecognized token 'orders'"));
        assert!(brokers("1,1").is_err());
    }
}
