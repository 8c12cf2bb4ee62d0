//! kafka-broker-api-versions (Kafka's `BrokerApiVersionsCommand`): what each broker speaks. Serves the shell; invariant: a broker's
//! versions are those it told itself.

use super::admin::{AdminCommand, AdminTool, Answer, Step};
use crate::java::{Kind, OptionSpec, Parsed, VERSION, flag, required_arg};
use ottla_client::{AdminRequest, AdminResponse, JavaError, Node};
use ottla_wire::api::{Role, advertised, api_name};
use std::collections::BTreeMap;

/// The options.
pub const TABLE: &[OptionSpec] = &[
    required_arg("bootstrap-server", Kind::String, "server(s) to use for bootstrapping", "REQUIRED: brokers to ask."),
    required_arg(
        "command-config",
        Kind::String,
        "command config property file path",
        "A file with settings of the admin client.",
    ),
    flag("help", "Print usage information."),
    flag("version", "Display Kafka version."),
];

/// The APIs for clients of Kafka 4.3 (Kafka: `ApiKeys.clientApis`), as ranges of their numbers.
const CLIENT_APIS: [(i16, i16); 10] =
    [(0, 3), (8, 51), (55, 55), (57, 57), (60, 61), (64, 66), (68, 69), (71, 72), (74, 81), (83, 92)];

/// kafka-broker-api-versions.
#[derive(Clone, Debug, Default)]
pub struct BrokerApiVersions {
    /// Those still to be asked, the next one last.
    nodes: Vec<Node>,
}

impl BrokerApiVersions {
    fn begin(&self, io: &mut AdminTool<'_, '_, '_>, parsed: &Parsed) -> Result<Step, JavaError> {
        let mut config = match parsed.value("command-config")? {
            Some(path) => io.tool.load_properties(path)?,
            None => BTreeMap::new(),
        };
        let servers = parsed.value("bootstrap-server")?.unwrap_or_default();
        config.insert("bootstrap.servers".to_owned(), servers.to_owned());
        io.open(&config)?;
        Ok(Step::Ask(AdminRequest::DescribeCluster { include_fenced_brokers: false }))
    }

    fn next(&self) -> Step {
        self.nodes.last().map_or(Step::Exit(0), |node| Step::Ask(AdminRequest::ApiVersions { broker: node.id }))
    }
}

impl AdminCommand for BrokerApiVersions {
    const CLASS: &'static str = "BrokerApiVersionsCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let parsed = match Parsed::parse(TABLE, &io.tool.invocation.args.clone()) {
            Ok(parsed) => parsed,
            Err(error) => {
                io.tool.usage(error.text(), TABLE);
                return Step::Exit(1);
            }
        };
        if parsed.has("version") {
            io.tool.println(VERSION);
            return Step::Exit(0);
        }
        let refused = match () {
            () if parsed.is_empty || parsed.has("help") => "This tool helps to retrieve broker version information.",
            () if !parsed.has("bootstrap-server") => "Missing required argument \"[bootstrap-server]\"",
            () => "",
        };
        if !refused.is_empty() {
            io.tool.usage(refused, TABLE);
            return Step::Exit(1);
        }
        self.begin(io, &parsed).unwrap_or_else(|error| {
            io.tool.die(&error);
            Step::Exit(1)
        })
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(AdminResponse::Cluster(cluster)) => {
                self.nodes = cluster.nodes;
                self.nodes.sort_by_key(|node| std::cmp::Reverse(node.id));
                self.next()
            }
            Ok(AdminResponse::ApiVersions(ranges)) => {
                if let Some(node) = self.nodes.pop() {
                    io.tool.println(format!("{} -> (\n\t{}\n)", shown(&node), versions(&ranges).join(",\n\t")));
                }
                self.next()
            }
            Ok(_) => Step::Exit(1),
            Err(error) => match self.nodes.pop() {
                Some(node) => {
                    io.tool.println(format!("{} -> ERROR: {error}\n", shown(&node)));
                    self.next()
                }
                None => {
                    io.tool.die(&error);
                    Step::Exit(1)
                }
            },
        }
    }
}

fn shown(node: &Node) -> String {
    let rack = node.rack.as_deref().unwrap_or("null");
    format!("{}:{} (id: {} rack: {rack} isFenced: {})", node.host, node.port, node.id, node.is_fenced)
}

/// One line an API, by number (Kafka: `NodeApiVersions.toString(true)`).
fn versions(ranges: &[(i16, i16, i16)]) -> Vec<String> {
    let mut all: BTreeMap<i16, String> = BTreeMap::new();
    let ours: BTreeMap<i16, (i16, i16)> = advertised(Role::Broker).map(|(key, low, high)| (key, (low, high))).collect();
    for key in CLIENT_APIS.into_iter().flat_map(|(first, last)| first..=last) {
        all.insert(key, format!("{}({key}): UNSUPPORTED", api_name(key)));
    }
    for (key, low, high) in ranges {
        let range = if low == high { low.to_string() } else { format!("{low} to {high}") };
        let usable = ours.get(key).map(|(least, most)| (most.min(high), least.max(low)));
        let usable = match usable {
            Some((highest, lowest)) if highest >= lowest => format!("usable: {highest}"),
            Some(_) => "unusable: node too new".to_owned(),
            None => "unusable: unknown".to_owned(),
        };
        all.insert(*key, format!("{}({key}): {range} [{usable}]", api_name(*key)));
    }
    all.into_values().collect()
}
