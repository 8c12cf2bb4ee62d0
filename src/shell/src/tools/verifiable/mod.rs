//! kafka-verifiable-producer and kafka-verifiable-consumer: clients that tell each thing they do as a line of JSON. Serves the shell;
//! invariant: every line has its time and its name first.

mod consumer;
mod producer;

pub use consumer::VerifiableConsumer;
pub use producer::VerifiableProducer;

use super::tool::Tool;
use crate::java::argparse_error;
use std::collections::BTreeMap;

/// Options of a command line with their values (empty for a flag).
type Options = BTreeMap<String, String>;

/// Reads options that all begin with `--`; the required ones are (name, complaint).
fn options(
    args: &[String],
    (program, usage): (&str, &str),
    flags: &[&str],
    required: &[(&str, &str)],
) -> Result<Options, String> {
    let mut found = Options::new();
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        let (name, inline) = word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v.to_owned())));
        // The name has to stand in the usage, as an option of its own.
        let known = usage.split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')')).any(|w| w == name);
        if !name.starts_with("--") || !known {
            return Err(argparse_error(usage, program, &format!("unrecognized arguments: '{word}'")));
        }
        let value = if flags.contains(&name) { Some(String::new()) } else { inline.or_else(|| rest.next().cloned()) };
        let missing = || argparse_error(usage, program, &format!("argument {name}: expected one argument"));
        found.insert(name.to_owned(), value.ok_or_else(missing)?);
    }
    match required.iter().find(|(name, _)| !found.contains_key(*name)) {
        Some((_, complaint)) => Err(argparse_error(usage, program, complaint)),
        None => Ok(found),
    }
}

/// Writes a line: an event with what it says, as JSON without the outer braces.
fn event(tool: &mut Tool<'_, '_>, name: &str, more: &str) {
    let comma = if more.is_empty() { "" } else { "," };
    let now = tool.cx.wall_ms();
    tool.println(format!("{{\"timestamp\":{now},\"name\":\"{name}\"{comma}{more}}}"));
}

/// A text of a record in JSON, or null.
fn text(bytes: Option<&bytes::Bytes>) -> String {
    bytes.map_or_else(|| "null".to_owned(), |b| ottla_wire::schema::quoted(&String::from_utf8_lossy(b)))
}
