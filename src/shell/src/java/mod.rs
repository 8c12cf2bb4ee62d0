//! What all of Kafka's Java tools share: option parsing, help, exceptions, log lines, property files.
//!
//! Serves the tools. Invariant: texts and layouts are those of jopt-simple, log4j and the JVM; stack frames are never printed.

mod argparse;
mod checks;
mod hash;
mod help;
mod log;
mod options;
mod properties;
mod throwable;

pub use argparse::argparse_error;
pub use checks::{at_most_one_way, invalid_with, one_of, required};
pub use hash::{hash_set_order, partition_hash};
pub use help::help;
pub use log::{error_line, log_line};
pub use options::{Kind, OptionSpec, Parsed, flag, optional, required_arg};
pub use properties::{parse_key_values, parse_properties};
pub use throwable::{stack_trace, throwable};

/// The version all tools print.
pub const VERSION: &str = "4.3.1";
