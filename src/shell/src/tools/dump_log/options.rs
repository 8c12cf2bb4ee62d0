//! The options of kafka-dump-log. Serves its start; invariant: a decoder implies the records' contents, and those imply the records.

use super::{Decoder, Dump};
use crate::java::{Kind, OptionSpec, Parsed, flag, optional, required_arg};
use ottla_client::JavaError;
use std::collections::BTreeMap;

const STRING_DECODER: &str = "org.apache.kafka.tools.api.StringDecoder";

/// The options.
pub const TABLE: &[OptionSpec] = &[
    flag("cluster-metadata-decoder", "Print the records of the cluster's metadata as JSON."),
    flag("deep-iteration", "Print each record too, not only the batches. Printing the data does so as well."),
    required_arg("files", Kind::String, "file1, file2, ...", "REQUIRED: the files, with commas between them."),
    flag("help", "Print usage information."),
    flag("index-sanity-check", "Only check indexes as a broker does when it starts."),
    optional("key-decoder-class", "", "The class that decodes keys.").or(STRING_DECODER),
    required_arg("max-bytes", Kind::Integer, "size", "Read no more than so many bytes of a log.").or("2147483647"),
    required_arg("max-message-size", Kind::Integer, "size", "Size of the largest message.").or("5242880"),
    flag("offsets-decoder", "Print the records of __consumer_offsets as JSON."),
    flag("print-data-log", "Print keys and values. Any decoder does so as well."),
    flag("remote-log-metadata-decoder", "Print the records of __remote_log_metadata."),
    flag("share-group-state-decoder", "Print the records of __share_group_state as JSON."),
    flag("skip-record-metadata", "Print keys and values only, without what else a record has."),
    flag("transaction-log-decoder", "Print the records of __transaction_state as JSON."),
    optional("value-decoder-class", "", "The class that decodes values.").or(STRING_DECODER),
    flag("verify-index-only", "Compare indexes with their log without printing them."),
    flag("version", "Display Kafka version."),
];

/// Why there is nothing to do.
pub fn complaint(parsed: &Parsed) -> Option<&'static str> {
    if parsed.is_empty || parsed.has("help") {
        return Some(
            "This tool helps to parse a log file and dump its contents to the console, useful for debugging a \
             seemingly corrupt log segment.",
        );
    }
    (!parsed.has("files")).then_some("Missing required argument \"[files]\"")
}

/// What the options ask for.
///
/// # Errors
/// An option twice, a number that is none, a decoder that is not there.
pub fn dump(parsed: &Parsed) -> Result<Dump, JavaError> {
    let decoder = Decoder::of(parsed)?;
    let print_data = parsed.has("print-data-log") || decoder.is_chosen(parsed);
    Ok(Dump {
        print_data,
        deep: print_data || parsed.has("deep-iteration"),
        skip_metadata: parsed.has("skip-record-metadata"),
        verify_only: parsed.has("verify-index-only"),
        sanity_only: parsed.has("index-sanity-check"),
        max_bytes: u64::try_from(parsed.integer("max-bytes")?.unwrap_or(i32::MAX)).unwrap_or(0),
        decoder,
        mismatches: BTreeMap::new(),
        times: super::indexes::TimeErrors::default(),
        gaps: BTreeMap::new(),
    })
}
