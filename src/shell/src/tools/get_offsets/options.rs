//! The options of kafka-get-offsets. Serves the tool; invariant: `--time` is read as the real tool reads it.

use crate::java::{Kind, OptionSpec, flag, required_arg};
use ottla_client::OffsetSpec;

/// The options.
pub const TABLE: &[OptionSpec] = &[
    required_arg("bootstrap-server", Kind::String, "HOST1:PORT1,...,HOST3:PORT3", "REQUIRED. Brokers of the cluster."),
    required_arg("command-config", Kind::String, "config file", "A file with settings of the admin client."),
    flag("exclude-internal-topics", "Leave out internal topics."),
    flag("help", "Print usage information."),
    required_arg(
        "partitions",
        Kind::String,
        "partition ids",
        "Numbers of partitions, parted by commas; all without it. Not with --topic-partitions.",
    ),
    required_arg(
        "time",
        Kind::String,
        "<timestamp> / -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload",
        "Which offset: one of the words, or the first record at or after a time in milliseconds. No row if there is none.",
    )
    .or("latest"),
    required_arg(
        "topic",
        Kind::String,
        "topic",
        "The topic, or a regular expression; all topics without it. Not with --topic-partitions.",
    ),
    required_arg(
        "topic-partitions",
        Kind::String,
        "topic1:1,topic2:0-3,topic3,topic4:5-,topic5:-3",
        "Rules parted by commas: a regular expression of topics, then after a colon a partition, or a range without its upper bound.",
    ),
    flag("version", "Display Kafka version."),
];

/// What `--time` means.
///
/// # Errors
/// The message for what is neither a word nor a number.
pub fn offset_spec(text: &str) -> Result<OffsetSpec, String> {
    Ok(match text {
        "-1" | "latest" => OffsetSpec::Latest,
        "-2" | "earliest" => OffsetSpec::Earliest,
        "-3" | "max-timestamp" => OffsetSpec::MaxTimestamp,
        "-4" | "earliest-local" => OffsetSpec::EarliestLocal,
        "-5" | "latest-tiered" => OffsetSpec::LatestTiered,
        "-6" | "earliest-pending-upload" => OffsetSpec::EarliestPendingUpload,
        text => OffsetSpec::Timestamp(text.parse().map_err(|_| {
            format!(
                "Malformed time argument {text}. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or \
                 earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload, or a specified long format timestamp"
            )
        })?),
    })
}
