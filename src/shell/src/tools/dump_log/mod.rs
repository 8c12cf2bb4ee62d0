//! kafka-dump-log (Kafka's `DumpLogSegments`): what stands in a log's files. Serves the shell; invariant: it prints the bytes of the
//! files, wherever they came from, and changes nothing.

mod batches;
mod decoder;
mod indexes;
mod options;

pub use options::TABLE;

use super::tool::{Main, Tool};
use crate::{
    files::{Files, resolve},
    java::{Parsed, throwable},
};
use bytes::Bytes;
use decoder::Decoder;
use ottla_client::JavaError;
use ottla_world::{Input, Signal, Time};
use std::collections::BTreeMap;

/// kafka-dump-log.
#[derive(Clone, Debug, Default)]
pub struct DumpLog;

impl Main for DumpLog {
    const CLASS: &'static str = "DumpLogSegments";

    fn input(&mut self, tool: &mut Tool<'_, '_>, input: &Input) {
        match input {
            Input::Start => {}
            Input::Signal(Signal::Interrupt) => return tool.exit(130),
            Input::Signal(signal) => return tool.exit(128 + signal.number()),
            _ => return,
        }
        match run(tool) {
            Ok(()) => tool.exit(0),
            Err(error) => tool.uncaught(&error),
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        None
    }
}

/// What to print, and what was found wrong on the way.
#[derive(Debug)]
struct Dump {
    print_data: bool,
    deep: bool,
    skip_metadata: bool,
    verify_only: bool,
    sanity_only: bool,
    max_bytes: u64,
    decoder: Decoder,
    mismatches: BTreeMap<String, Vec<(i64, i64)>>,
    times: indexes::TimeErrors,
    gaps: BTreeMap<String, Vec<(i64, i64)>>,
}

fn run(tool: &mut Tool<'_, '_>) -> Result<(), JavaError> {
    let parsed = Parsed::parse(TABLE, &tool.invocation.args)?;
    if let Some(reason) = options::complaint(&parsed) {
        tool.usage(reason, TABLE);
        return Ok(());
    }
    let mut dump = options::dump(&parsed)?;
    for name in parsed.value("files")?.unwrap_or_default().split(',') {
        dump.file(tool, name)?;
    }
    dump.report(tool);
    Ok(())
}

/// A file as typed, where it is, and its name without the directories.
#[derive(Clone, Copy, Debug)]
struct Named<'a> {
    typed: &'a str,
    last: &'a str,
}

impl Named<'_> {
    /// The path as Java makes it absolute: nothing is resolved.
    fn absolute(self, tool: &Tool<'_, '_>) -> String {
        match (self.typed.starts_with('/'), tool.invocation.cwd.is_empty()) {
            (true, _) => self.typed.to_owned(),
            (false, true) => format!("/{}", self.typed),
            (false, false) => format!("/{}/{}", tool.invocation.cwd, self.typed),
        }
    }

    /// The offset in the name.
    fn base_offset(self) -> Result<i64, JavaError> {
        let digits = self.last.split('.').next().unwrap_or_default();
        let number = format!("For input string: \"{digits}\"");
        digits.parse().map_err(|_| JavaError::new("java.lang.NumberFormatException", number))
    }

    /// The name of the file beside it with another ending.
    fn beside(self, ending: &str) -> String {
        let directory = &self.typed[..self.typed.len() - self.last.len()];
        format!("{directory}{}{ending}", self.last.split('.').next().unwrap_or_default())
    }
}

fn read(tool: &Tool<'_, '_>, name: &str) -> Result<Bytes, JavaError> {
    let path = resolve(&tool.invocation.cwd, name);
    Files::of(tool.cx).read_all(&path).ok_or_else(|| throwable("java.nio.file.NoSuchFileException", name))
}

impl Dump {
    fn file(&mut self, tool: &mut Tool<'_, '_>, typed: &str) -> Result<(), JavaError> {
        let named = Named { typed, last: typed.rsplit('/').next().unwrap_or(typed) };
        tool.println(format!("Dumping {typed}"));
        match named.last.rfind('.').map(|at| &named.last[at..]) {
            Some(".log" | ".checkpoint") => self.log(tool, named),
            Some(".index") => self.offset_index(tool, named),
            Some(".timeindex") => self.time_index(tool, named),
            Some(".snapshot") => indexes::producer_snapshot(tool, named),
            Some(".txnindex") => indexes::transaction_index(tool, named),
            Some(_) => {
                tool.eprintln(format!("Ignoring unknown file {typed}"));
                Ok(())
            }
            None => {
                let text = format!("begin -1, end {0}, length {0}", named.last.chars().count());
                Err(JavaError::new("java.lang.StringIndexOutOfBoundsException", text))
            }
        }
    }

    fn report(&self, tool: &mut Tool<'_, '_>) {
        for (file, pairs) in &self.mismatches {
            tool.eprintln(format!("Mismatches in :{file}"));
            for (index, log) in pairs.iter().rev() {
                tool.eprintln(format!("  Index offset: {index}, log offset: {log}"));
            }
        }
        self.times.report(tool);
        for (file, pairs) in &self.gaps {
            tool.eprintln(format!("Non-consecutive offsets in {file}"));
            for (first, second) in pairs.iter().rev() {
                tool.eprintln(format!("  {first} is followed by {second}"));
            }
        }
    }
}
