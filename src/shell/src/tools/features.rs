//! kafka-features, `describe` only (Kafka's `FeatureCommand`), and kafka-cluster, `cluster-id` and `list-endpoints` (`ClusterTool`).
//! Serves the shell; invariant: nothing is changed by either.

use super::admin::{AdminCommand, AdminTool, Answer, Step};
use ottla_client::{AdminRequest, AdminResponse, FeatureMetadata, Node};
use std::collections::BTreeMap;

/// Names of the levels of `metadata.version`, from level 1 on (Kafka's `MetadataVersion`).
const METADATA_VERSIONS: &[&str] = &[
    "3.0-IV1", "3.1-IV0", "3.2-IV0", "3.3-IV0", "3.3-IV1", "3.3-IV2", "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1",
    "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0",
    "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
];

/// Words of a command line: settings for the admin client, and what is left.
fn split(args: &[String]) -> (BTreeMap<String, String>, Option<String>, Vec<String>) {
    let (mut config, mut file, mut words) = (BTreeMap::new(), None, Vec::new());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let (name, inline) = arg.split_once('=').map_or((arg.as_str(), None), |(n, v)| (n, Some(v.to_owned())));
        let mut value = || inline.clone().or_else(|| rest.next().cloned()).unwrap_or_default();
        match name {
            "--bootstrap-server" | "-b" => drop(config.insert("bootstrap.servers".to_owned(), value())),
            "--bootstrap-controller" | "-C" => drop(config.insert("bootstrap.controllers".to_owned(), value())),
            "--command-config" | "--config" | "-c" => file = Some(value()),
            _ => words.push(arg.clone()),
        }
    }
    (config, file, words)
}

/// Opens the admin client; `Err` is the step that ends the tool.
fn open(io: &mut AdminTool<'_, '_, '_>, config: BTreeMap<String, String>, file: Option<String>) -> Result<(), Step> {
    let loaded = match file {
        Some(path) => io.tool.load_properties(&path),
        None => Ok(BTreeMap::new()),
    };
    let opened = loaded.and_then(|mut all| {
        all.extend(config);
        io.open(&all)
    });
    opened.map_err(|error| {
        io.tool.die(&error);
        Step::Exit(1)
    })
}

/// kafka-features.
#[derive(Clone, Debug, Default)]
pub struct Features;

impl AdminCommand for Features {
    const CLASS: &'static str = "FeatureCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let (config, file, words) = split(&io.tool.invocation.args.clone());
        match words.first().map(String::as_str) {
            None => {
                io.tool.eprint("Command line error: too few arguments. Type --help for help.");
                return Step::Exit(1);
            }
            Some("describe") => {}
            Some(other) => {
                io.tool.eprintln(format!(
                    "{other}: not part of this lab, whose features stay as they are; there is describe"
                ));
                return Step::Exit(1);
            }
        }
        match open(io, config, file) {
            Ok(()) => Step::Ask(AdminRequest::DescribeFeatures),
            Err(step) => step,
        }
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(AdminResponse::Features(features)) => {
                rows(&features).into_iter().for_each(|row| io.tool.println(row));
                Step::Exit(0)
            }
            Ok(_) => Step::Exit(1),
            Err(error) => {
                io.tool.die(&error);
                Step::Exit(1)
            }
        }
    }
}

fn level(feature: &str, level: i16) -> String {
    let named = (feature == "metadata.version").then(|| usize::try_from(level - 1).ok()).flatten();
    named.and_then(|at| METADATA_VERSIONS.get(at)).map_or_else(|| level.to_string(), |name| (*name).to_owned())
}

fn rows(features: &FeatureMetadata) -> Vec<String> {
    let epoch = features.finalized_epoch.map_or("-".to_owned(), |epoch| epoch.to_string());
    let row = |(name, (least, most)): (&String, &(i16, i16))| {
        let (least, most) = (level(name, *least), level(name, *most));
        let now = level(name, features.finalized.get(name).map_or(0, |(_, max)| *max));
        format!(
            "Feature: {name:<40}  SupportedMinVersion: {least:<15}  SupportedMaxVersion: {most:<15}  FinalizedVersionLevel: {now:<15}  Epoch: {epoch}"
        )
    };
    features.supported.iter().map(row).collect()
}

/// kafka-cluster.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    endpoints: bool,
}

impl AdminCommand for Cluster {
    const CLASS: &'static str = "ClusterTool";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let (config, file, words) = split(&io.tool.invocation.args.clone());
        let fenced = words.iter().any(|word| word == "--include-fenced-brokers");
        self.endpoints = match words.first().map(String::as_str) {
            Some("cluster-id") => false,
            Some("list-endpoints") => true,
            Some("unregister") => {
                io.tool.eprintln("unregister: not part of this lab, whose brokers come back");
                return Step::Exit(1);
            }
            _ => {
                io.tool.eprintln("usage: kafka-cluster [-h] {cluster-id,unregister,list-endpoints} ...");
                io.tool.eprintln("kafka-cluster: error: too few arguments");
                return Step::Exit(1);
            }
        };
        match open(io, config, file) {
            Ok(()) => Step::Ask(AdminRequest::DescribeCluster { include_fenced_brokers: fenced }),
            Err(step) => step,
        }
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(AdminResponse::Cluster(cluster)) if self.endpoints => {
                endpoints(cluster.nodes).into_iter().for_each(|row| io.tool.println(row));
                Step::Exit(0)
            }
            Ok(AdminResponse::Cluster(cluster)) => {
                io.tool.println(format!("Cluster ID: {}", cluster.cluster_id));
                Step::Exit(0)
            }
            Ok(_) => Step::Exit(1),
            Err(error) => {
                io.tool.die(&error);
                Step::Exit(1)
            }
        }
    }
}

fn endpoints(mut nodes: Vec<Node>) -> Vec<String> {
    nodes.sort_by_key(|node| node.id);
    let width = nodes.iter().map(|node| node.host.len()).max().unwrap_or(0).max("HOST".len());
    let row = |id: &str, host: &str, port: &str, rack: &str, state: &str, kind: &str| {
        format!("{id:<10} {host:<width$} {port:<10} {rack:<10} {state:<10} {kind:<15}")
    };
    let mut rows = vec![row("ID", "HOST", "PORT", "RACK", "STATE", "ENDPOINT_TYPE")];
    rows.extend(nodes.iter().map(|node| {
        let state = if node.is_fenced { "fenced" } else { "unfenced" };
        let rack = node.rack.as_deref().unwrap_or("null");
        row(&node.id.to_string(), &node.host, &node.port.to_string(), rack, state, "broker")
    }));
    rows
}
