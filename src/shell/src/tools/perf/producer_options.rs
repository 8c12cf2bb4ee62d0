//! The options of kafka-producer-perf-test (argparse4j). Serves its start; invariant: complaints come in the parser's order, with its
//! usage before them.

use crate::java::argparse_error;
use std::collections::BTreeMap;

const PROGRAM: &str = "kafka-producer-perf-test";
const USAGE: &str = "\
usage: kafka-producer-perf-test
       [-h] [--bootstrap-server BOOTSTRAP-SERVER] --topic TOPIC
       --num-records NUM-RECORDS [--payload-delimiter PAYLOAD-DELIMITER]
       --throughput THROUGHPUT
       [--producer-props PROP-NAME=PROP-VALUE [PROP-NAME=PROP-VALUE ...]]
       [--command-property PROP-NAME=PROP-VALUE [PROP-NAME=PROP-VALUE ...]]
       [--producer.config CONFIG-FILE] [--command-config CONFIG-FILE]
       [--print-metrics] [--transactional-id TRANSACTIONAL-ID]
       [--transaction-duration-ms TRANSACTION-DURATION]
       [--warmup-records WARMUP-RECORDS] [--reporting-interval INTERVAL-MS]
       (--record-size RECORD-SIZE | --payload-file PAYLOAD-FILE |
       --payload-monotonic)
";
const VALUED: [&str; 13] = [
    "--bootstrap-server",
    "--topic",
    "--num-records",
    "--payload-delimiter",
    "--throughput",
    "--producer.config",
    "--command-config",
    "--transactional-id",
    "--transaction-duration-ms",
    "--warmup-records",
    "--reporting-interval",
    "--record-size",
    "--payload-file",
];
const LISTS: [&str; 2] = ["--producer-props", "--command-property"];
const FLAGS: [&str; 3] = ["--print-metrics", "--payload-monotonic", "--help"];
const SERVERS: [&str; 5] =
    ["--bootstrap-server", "--command-property", "--producer-props", "--producer.config", "--command-config"];
const PAYLOADS: [&str; 3] = ["--record-size", "--payload-file", "--payload-monotonic"];

/// Options with their values.
#[derive(Clone, Debug, Default)]
pub struct Options {
    found: BTreeMap<String, Vec<String>>,
}

fn refused<T>(message: &str) -> Result<T, String> {
    Err(argparse_error(USAGE, PROGRAM, message))
}

impl Options {
    /// Reads a command line.
    ///
    /// # Errors
    /// Usage and complaint.
    pub fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut rest = args.iter().peekable();
        while let Some(word) = rest.next() {
            let (name, inline) = word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v.to_owned())));
            let values = options.found.entry(name.to_owned()).or_default();
            if VALUED.contains(&name) {
                match inline.or_else(|| rest.next().cloned()) {
                    Some(value) => values.push(value),
                    None => return refused(&format!("argument {name}: expected one argument")),
                }
            } else if LISTS.contains(&name) {
                values.extend(inline);
                while let Some(value) = rest.next_if(|next| !next.starts_with("--")) {
                    values.push(value.clone());
                }
            } else if !FLAGS.contains(&name) {
                return refused(&format!("unrecognized arguments: '{word}'"));
            }
        }
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> Result<(), String> {
        for name in ["--topic", "--num-records", "--throughput"] {
            if !self.has(name) {
                return refused(&format!("argument {name} is required"));
            }
        }
        if !PAYLOADS.iter().any(|name| self.has(name)) {
            return refused(&format!("one of the arguments {} is required", PAYLOADS.join(" ")));
        }
        for name in ["--num-records", "--throughput", "--record-size", "--warmup-records", "--reporting-interval"] {
            if let Some(value) = self.value(name).filter(|value| value.parse::<f64>().is_err()) {
                return refused(&format!("argument {name}: could not convert '{value}' to Long"));
            }
        }
        if !SERVERS.iter().any(|name| self.has(name)) {
            return refused(
                "At least one of --bootstrap-server, --command-property, --producer-props, --producer.config or \
                 --command-config must be specified.",
            );
        }
        Ok(())
    }

    /// Whether an option is there.
    pub fn has(&self, name: &str) -> bool {
        self.found.contains_key(name)
    }

    /// The last value of an option.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.found.get(name)?.last().map(String::as_str)
    }

    /// All values of an option.
    pub fn values(&self, name: &str) -> &[String] {
        self.found.get(name).map_or(&[], Vec::as_slice)
    }

    /// A whole number, or the default.
    pub fn number(&self, name: &str, default: i64) -> i64 {
        self.value(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }
}
