//! kafka-storage (Kafka's `StorageTool`): formats the directories of a server that is yet to be started. Serves the shell; invariant: a
//! directory that is formatted stays as it is.

use super::{
    features::{mapping, needs, versions},
    sub_commands::Words,
    tool::{Main, Tool},
};
use crate::{
    files::{Files, resolve},
    java::{argparse_error, parse_properties},
};
use bytes::Bytes;
use ottla_client::JavaError;
use ottla_records::{BatchBuilder, Compression, ControlType, TimestampType};
use ottla_wire::{Uuid, java::uuid_text};
use ottla_world::{Input, Signal, Time};
use std::collections::BTreeMap;

const PROGRAM: &str = "kafka-storage";
const USAGE: &str = "\
usage: kafka-storage [-h]
                     {info,format,version-mapping,feature-dependencies,random-uuid}
                     ...
";
const FORMAT_USAGE: &str = "\
usage: kafka-storage format [-h] --config CONFIG --cluster-id CLUSTER_ID
                     [--add-scram ADD_SCRAM] [--ignore-formatted]
                     [--release-version RELEASE_VERSION]
                     [--feature FEATURE] [--standalone |
                     --no-initial-controllers |
                     --initial-controllers INITIAL_CONTROLLERS]
";
const INFO_USAGE: &str = "usage: kafka-storage info [-h] --config CONFIG\n";
const COMMANDS: [&str; 5] = ["info", "format", "version-mapping", "feature-dependencies", "random-uuid"];

/// kafka-storage.
#[derive(Clone, Debug, Default)]
pub struct Storage;

/// Why it ends with 1.
enum Refusal {
    /// A message on standard error.
    Line(String),
    /// An exception that nobody catches.
    Thrown(JavaError),
}

impl From<String> for Refusal {
    fn from(message: String) -> Refusal {
        Refusal::Line(message)
    }
}

impl Main for Storage {
    const CLASS: &'static str = "StorageTool";

    fn input(&mut self, tool: &mut Tool<'_, '_>, input: &Input) {
        match input {
            Input::Start => {}
            Input::Signal(Signal::Interrupt) => return tool.exit(130),
            Input::Signal(signal) => return tool.exit(128 + signal.number()),
            _ => return,
        }
        match run(tool) {
            Ok(code) => tool.exit(code),
            Err(Refusal::Thrown(error)) => tool.uncaught(&error),
            Err(Refusal::Line(message)) => {
                tool.eprint(message);
                tool.exit(1);
            }
        }
    }

    fn next_wakeup(&self) -> Option<Time> {
        None
    }
}

fn usage<T>(usage: &str, message: &str) -> Result<T, Refusal> {
    Err(Refusal::Line(argparse_error(usage, PROGRAM, message)))
}

fn line<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Line(message.into() + "\n"))
}

fn run(tool: &mut Tool<'_, '_>) -> Result<u8, Refusal> {
    let words = Words::of(&tool.invocation.args.clone());
    let Some(word) = words.rest.first() else { return usage(USAGE, "too few arguments") };
    // The parser completes what is the beginning of one command only.
    let fitting: Vec<&str> = COMMANDS.into_iter().filter(|command| command.starts_with(word.as_str())).collect();
    match fitting.as_slice() {
        ["random-uuid"] => {
            let uuid = Uuid::from_bytes(tool.cx.rng().uuid_bytes());
            tool.println(uuid_text(uuid));
            Ok(0)
        }
        ["info"] => info(tool, &words),
        ["format"] => format(tool, &words),
        ["version-mapping"] => rows(tool, mapping(&words)),
        ["feature-dependencies"] => rows(tool, needs(&words)),
        _ => {
            let names: Vec<String> = COMMANDS.iter().map(|name| format!("'{name}'")).collect();
            usage(USAGE, &format!("invalid choice: '{word}' (choose from {})", names.join(", ")))
        }
    }
}

fn rows(tool: &mut Tool<'_, '_>, rows: Result<Vec<String>, String>) -> Result<u8, Refusal> {
    match rows {
        Ok(rows) => {
            rows.into_iter().for_each(|row| tool.println(row));
            Ok(0)
        }
        Err(message) => line(message),
    }
}

/// The directories that a server's properties name, and which of them is for the metadata.
struct Directories {
    all: Vec<String>,
    metadata: String,
}

impl Directories {
    fn of(properties: &BTreeMap<String, String>) -> Directories {
        let named = properties.get("log.dirs").or_else(|| properties.get("log.dir"));
        let named = named.map_or("/tmp/kafka-logs", String::as_str);
        let mut all: Vec<String> = named.split(',').map(|name| name.trim().to_owned()).collect();
        let first = all.first().cloned().unwrap_or_default();
        let metadata = properties.get("metadata.log.dir").cloned().unwrap_or(first);
        if !all.contains(&metadata) {
            all.push(metadata.clone());
        }
        all.sort();
        Directories { all, metadata }
    }
}

/// What stands in a directory's `meta.properties`; `None` if it is not formatted.
fn meta(tool: &Tool<'_, '_>, directory: &str) -> Option<BTreeMap<String, String>> {
    let path = resolve(&tool.invocation.cwd, &format!("{directory}/meta.properties"));
    let text = Files::of(tool.cx).read_all(&path)?;
    Some(parse_properties(&String::from_utf8_lossy(&text)))
}

fn list(tool: &mut Tool<'_, '_>, one: &str, many: &str, items: &[String]) {
    if !items.is_empty() {
        tool.println(if items.len() == 1 { one } else { many });
        items.iter().for_each(|item| tool.println(format!("  {item}")));
        tool.println("");
    }
}

fn info(tool: &mut Tool<'_, '_>, words: &Words) -> Result<u8, Refusal> {
    let Some(file) = &words.file else { return usage(INFO_USAGE, "argument --config/-c is required") };
    let directories = Directories::of(&tool.load_properties(file).map_err(Refusal::Thrown)?);
    let (mut found, mut problems, mut first) = (Vec::new(), Vec::new(), None);
    for directory in &directories.all {
        let path = resolve(&tool.invocation.cwd, directory);
        if !Files::of(tool.cx).is_directory(&path) {
            problems.push(format!("{directory} does not exist"));
            continue;
        }
        found.push(directory.clone());
        match meta(tool, directory) {
            Some(properties) => drop(first.get_or_insert(properties)),
            None => problems.push(format!("{directory} is not formatted.")),
        }
    }
    list(tool, "Found log directory:", "Found log directories:", &found);
    if let Some(properties) = first {
        let pairs: Vec<String> = properties.iter().map(|(name, value)| format!("{name}={value}")).collect();
        tool.println(format!("Found metadata: {{{}}}\n", pairs.join(", ")));
    }
    list(tool, "Found problem:", "Found problems:", &problems);
    Ok(u8::from(!problems.is_empty()))
}

/// The levels of the features that a new cluster begins with: `metadata.version` and the others by name.
fn levels(words: &Words) -> Result<(i16, BTreeMap<String, i16>), String> {
    let releases = words.values("--release-version");
    let metadata = match releases.first() {
        Some(release) => versions::metadata_level(release, versions::NEWEST)?,
        None => versions::NEWEST,
    };
    let mut levels: BTreeMap<String, i16> = versions::default_levels(metadata)
        .filter(|(name, level)| *name != "kraft.version" && *level > 0)
        .map(|(name, level)| (name.to_owned(), level))
        .collect();
    for feature in words.values("--feature") {
        let parsed = feature.split_once('=').and_then(|(name, level)| Some((name, level.parse::<i16>().ok()?)));
        let (name, level) =
            parsed.ok_or_else(|| format!("Can't parse feature=level string {feature}: equals sign not found."))?;
        levels.insert(name.to_owned(), level);
    }
    Ok((metadata, levels))
}

/// The directories that are still to be formatted.
fn unformatted(
    tool: &Tool<'_, '_>,
    words: &Words,
    directories: &Directories,
    cluster_id: &str,
) -> Result<Vec<String>, Refusal> {
    let mut empty = Vec::new();
    for directory in &directories.all {
        match meta(tool, directory).map(|meta| meta.get("cluster.id").cloned().unwrap_or_default()) {
            None => empty.push(directory.clone()),
            Some(other) if other != cluster_id => {
                let text = format!(
                    "Invalid cluster.id in: {directory}/meta.properties. Expected {cluster_id}, but read {other}"
                );
                return Err(Refusal::Thrown(JavaError::new("java.lang.RuntimeException", text)));
            }
            Some(_) if words.has("--ignore-formatted") || words.has("-g") => {}
            Some(_) => {
                return line(format!(
                    "Log directory {directory} is already formatted. Use --ignore-formatted to ignore this directory \
                     and format the others."
                ));
            }
        }
    }
    Ok(empty)
}

fn format(tool: &mut Tool<'_, '_>, words: &Words) -> Result<u8, Refusal> {
    let Some(file) = &words.file else { return usage(FORMAT_USAGE, "argument --config/-c is required") };
    let ids = [words.values("--cluster-id"), words.values("-t")].concat();
    let Some(cluster_id) = ids.first() else {
        return usage(FORMAT_USAGE, "argument --cluster-id/-t is required");
    };
    let properties = tool.load_properties(file).map_err(Refusal::Thrown)?;
    let get = |name: &str| properties.get(name).map(String::as_str).unwrap_or_default();
    let standalone = words.has("--standalone") || words.has("-s");
    let chosen = standalone
        || words.has("--no-initial-controllers")
        || words.has("-N")
        || !words.values("--initial-controllers").is_empty();
    if get("process.roles").contains("controller") && get("controller.quorum.voters").is_empty() && !chosen {
        return line(
            "Because controller.quorum.voters is not set on this controller, you must specify one of the following: \
             --standalone, --initial-controllers, or --no-initial-controllers.",
        );
    }
    let (metadata_level, levels) = levels(words).map_err(|message| message + "\n")?;
    let directories = Directories::of(&properties);
    let mut empty = unformatted(tool, words, &directories, cluster_id)?;
    if empty.is_empty() {
        tool.println("All of the log directories are already formatted.");
        return Ok(0);
    }
    let records = bootstrap_text(metadata_level, &levels);
    tool.println(format!(
        "Bootstrap metadata: BootstrapMetadata(records=[{records}], metadataVersionLevel={metadata_level}, \
         source=format command)"
    ));
    // The metadata's directory comes last: with it the server is formatted.
    empty.sort_by_key(|directory| *directory == directories.metadata);
    let name = versions::metadata_name(metadata_level).unwrap_or_default();
    for directory in empty {
        let is_metadata = directory == directories.metadata;
        let kind = match (is_metadata, standalone) {
            (true, true) => "dynamic metadata voter directory",
            (true, false) => "metadata directory",
            (false, _) => "data directory",
        };
        tool.println(format!("Formatting {kind} {directory} with metadata.version {name}."));
        let directory_id = Uuid::from_bytes(tool.cx.rng().uuid_bytes());
        let mut files = vec![("meta.properties", meta_text(cluster_id, directory_id, get("node.id")))];
        if is_metadata {
            files.push(("bootstrap.checkpoint", bootstrap(tool.cx.wall_ms(), metadata_level, &levels)));
        }
        if is_metadata && standalone {
            let snapshot = voters(tool.cx.wall_ms(), get("node.id"), directory_id, get("listeners"));
            files.push(("__cluster_metadata-0/00000000000000000000-0000000000.checkpoint", snapshot));
        }
        for (name, content) in files {
            let path = resolve(&tool.invocation.cwd, &format!("{directory}/{name}"));
            let written = tool.cx.disk().replace(&path, &content);
            written.map_err(|error| Refusal::Thrown(JavaError::new("java.io.IOException", error.to_string())))?;
        }
    }
    Ok(0)
}

fn meta_text(cluster_id: &str, directory_id: Uuid, node_id: &str) -> Bytes {
    let id = uuid_text(directory_id);
    Bytes::from(format!("cluster.id={cluster_id}\ndirectory.id={id}\nnode.id={node_id}\nversion=1\n"))
}

/// The levels in the order in which they are written: `metadata.version` first.
fn in_order(metadata: i16, levels: &BTreeMap<String, i16>) -> impl Iterator<Item = (&str, i16)> {
    let others = levels.iter().map(|(name, level)| (name.as_str(), *level));
    std::iter::once((versions::METADATA_VERSION, metadata)).chain(others)
}

fn bootstrap_text(metadata: i16, levels: &BTreeMap<String, i16>) -> String {
    let record = |(name, level): (&str, i16)| {
        format!("ApiMessageAndVersion(FeatureLevelRecord(name='{name}', featureLevel={level}) at version 0)")
    };
    in_order(metadata, levels).map(record).collect::<Vec<_>>().join(", ")
}

/// A length, or a count, as flexible versions have it; never above a byte's 126 here.
fn compact(out: &mut Vec<u8>, text: &str) {
    let length = text.len().min(125);
    out.push(length as u8 + 1);
    out.extend_from_slice(&text.as_bytes()[..length]);
}

fn control(timestamp: i64, offset: i64, kind: ControlType, value: &[u8]) -> Bytes {
    let mut batch = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    batch.set_control(true);
    batch.append(timestamp, Some(&kind.key()), Some(value), &[]);
    batch.build(offset, 0)
}

/// A snapshot: its header, what it holds, its footer.
fn snapshot(timestamp: i64, inside: Vec<Bytes>, records: i64) -> Bytes {
    // Version 0, the last time in the log, no tagged fields.
    let mut header = vec![0, 0];
    header.extend_from_slice(&timestamp.to_be_bytes());
    header.push(0);
    let mut all = control(timestamp, 0, ControlType::SnapshotHeader, &header).to_vec();
    inside.iter().for_each(|batch| all.extend_from_slice(batch));
    all.extend_from_slice(&control(timestamp, records + 1, ControlType::SnapshotFooter, &[0, 0, 0]));
    all.into()
}

/// The snapshot that a new cluster's first controller begins with.
fn bootstrap(timestamp: i64, metadata: i16, levels: &BTreeMap<String, i16>) -> Bytes {
    let mut batch = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    let mut count = 0;
    for (name, level) in in_order(metadata, levels) {
        // Frame version 1, FeatureLevelRecord (12) in version 0.
        let mut record = vec![1, 12, 0];
        compact(&mut record, name);
        record.extend_from_slice(&level.to_be_bytes());
        record.push(0);
        batch.append(timestamp, None, Some(&record), &[]);
        count += 1;
    }
    snapshot(timestamp, vec![batch.build(1, 0)], count)
}

/// The snapshot that makes this node the only voter (KIP-853).
fn voters(timestamp: i64, node_id: &str, directory_id: Uuid, listeners: &str) -> Bytes {
    let version = control(timestamp, 1, ControlType::KRaftVersion, &[0, 0, 0, 1, 0]);
    let address = listeners.split(',').find_map(|listener| listener.trim().strip_prefix("CONTROLLER://"));
    let (host, port) = address.and_then(|address| address.rsplit_once(':')).unwrap_or(("localhost", "9093"));
    let mut value = vec![0, 0, 2];
    value.extend_from_slice(&node_id.parse::<i32>().unwrap_or(-1).to_be_bytes());
    value.extend_from_slice(directory_id.as_bytes());
    value.push(2);
    compact(&mut value, "CONTROLLER");
    compact(&mut value, host);
    value.extend_from_slice(&port.parse::<u16>().unwrap_or(9093).to_be_bytes());
    // Ends of the endpoint, the versions 0 to 1, the voter and the record.
    value.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0, 0]);
    snapshot(timestamp, vec![version, control(timestamp, 2, ControlType::KRaftVoters, &value)], 2)
}
