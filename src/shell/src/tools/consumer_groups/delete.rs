//! What `--delete` and `--delete-offsets` print. Serves kafka-consumer-groups; invariant: what failed is told beside what worked.

use super::{
    failure::print_error,
    table::{fixed, growing, lines},
};
use crate::tools::admin::AdminTool;
use ottla_client::{JavaError, TopicPartition};
use ottla_wire::java::hash_map_order;
use std::collections::BTreeMap;

/// Tells what became of groups.
pub fn groups_deleted(io: &mut AdminTool<'_, '_, '_>, each: &BTreeMap<String, Result<(), JavaError>>) {
    let order = hash_map_order(each.keys().map(String::as_str));
    let deleted: Vec<&str> = order.iter().copied().filter(|group| each[*group].is_ok()).collect();
    let deleted = format!("'{}'", deleted.join("', '"));
    if each.values().all(Result::is_ok) {
        return io.tool.println(format!("Deletion of requested consumer groups ({deleted}) was successful."));
    }
    print_error(io, "Deletion of some consumer groups failed:");
    for group in order {
        if let Err(error) = &each[group] {
            io.tool.println(format!("* Group '{group}' could not be deleted due to: {error}"));
        }
    }
    if each.values().any(Result::is_ok) {
        io.tool.println(format!("\nThese consumer groups were deleted successfully: {deleted}"));
    }
}

/// Tells what became of offsets; -1 is a topic whose partitions are not known.
pub fn offsets_deleted(
    io: &mut AdminTool<'_, '_, '_>,
    group: &str,
    refused: Option<&JavaError>,
    each: &BTreeMap<TopicPartition, Result<(), JavaError>>,
) {
    match refused {
        None => io.tool.println(format!("Request succeeded for deleting offsets from group {group}.")),
        Some(error) => match error.simple_name() {
            "GroupSubscribedToTopicException" | "TopicAuthorizationException" | "UnknownTopicOrPartitionException" => {
                print_error(io, "Encountered some partition-level error, see the follow-up details.");
            }
            _ => print_error(io, error.text()),
        },
    }
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for (partition, result) in each {
        let number = if partition.partition < 0 { "-".to_owned() } else { partition.partition.to_string() };
        let status = result.as_ref().map_or_else(|error| format!("Error: {error}"), |()| "Successful".to_owned());
        let key = format!("{}{}", partition.topic, partition.partition);
        rows.push((key, vec![partition.topic.clone(), number, status]));
    }
    rows.sort();
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    let columns = [growing("TOPIC", 15), fixed("PARTITION", 10), fixed("STATUS", 15)];
    lines(&columns, &rows, "").iter().for_each(|line| io.tool.println(line));
}
