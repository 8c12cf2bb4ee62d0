//! kafka-cluster (Kafka's `ClusterTool`). Serves the shell; invariant: each sub-command asks the cluster one question.

use super::{
    admin::{AdminCommand, AdminTool, Answer, Step},
    sub_commands::Words,
};
use crate::java::{argparse_error, stack_trace};
use ottla_client::{AdminRequest, AdminResponse, JavaError, Node};

const PROGRAM: &str = "kafka-cluster";
const USAGE: &str = "usage: kafka-cluster [-h] {cluster-id,unregister,list-endpoints} ...\n";
const LOGGER: &str = "org.apache.kafka.clients.admin.KafkaAdminClient";

/// kafka-cluster.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    what: What,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum What {
    #[default]
    Id,
    Endpoints,
    Unregister(i32),
}

/// The usage of a sub-command, whose own options stand before the servers'.
fn usage(command: &str, own: &str) -> String {
    format!(
        "usage: kafka-cluster {command} [-h] [--config CONFIG]\n                     [--command-config COMMAND_CONFIG]{own}\n                     (--bootstrap-server BOOTSTRAP_SERVER |\n                     --bootstrap-controller BOOTSTRAP_CONTROLLER)\n"
    )
}

fn parse(words: &Words) -> Result<What, String> {
    let refused = |usage: &str, message: &str| Err(argparse_error(usage, PROGRAM, message));
    let Some(command) = words.rest.first() else { return refused(USAGE, "too few arguments") };
    let (what, usage) = match command.as_str() {
        "cluster-id" => (What::Id, usage(command, "")),
        "list-endpoints" => (What::Endpoints, usage(command, "\n                     [--include-fenced-brokers]")),
        "unregister" => {
            let usage = usage(command, " --id ID");
            let ids = [words.values("--id"), words.values("-i")].concat();
            match ids.first().map(|id| (id, id.parse())) {
                None => return refused(&usage, "argument --id/-i is required"),
                Some((id, Err(_))) => {
                    return refused(&usage, &format!("argument --id/-i: could not convert '{id}' to Integer"));
                }
                Some((_, Ok(id))) => (What::Unregister(id), usage),
            }
        }
        other => {
            let message =
                format!("invalid choice: '{other}' (choose from 'cluster-id', 'unregister', 'list-endpoints')");
            return refused(USAGE, &message);
        }
    };
    match words.config.is_empty() {
        true => refused(&usage, "one of the arguments --bootstrap-server/-b --bootstrap-controller/-C is required"),
        false => Ok(what),
    }
}

impl AdminCommand for Cluster {
    const CLASS: &'static str = "ClusterTool";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let words = Words::of(&io.tool.invocation.args.clone());
        self.what = match parse(&words) {
            Ok(what) => what,
            Err(message) => {
                io.tool.eprint(message);
                return Step::Exit(1);
            }
        };
        if let Err(step) = words.open(io) {
            return step;
        }
        Step::Ask(match self.what {
            What::Unregister(broker) => AdminRequest::UnregisterBroker { broker },
            _ => AdminRequest::DescribeCluster { include_fenced_brokers: words.has("--include-fenced-brokers") },
        })
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match (self.what, answer) {
            (What::Endpoints, Ok(AdminResponse::Cluster(cluster))) => {
                endpoints(cluster.nodes).into_iter().for_each(|row| io.tool.println(row));
                Step::Exit(0)
            }
            (_, Ok(AdminResponse::Cluster(cluster))) => {
                io.tool.println(format!("Cluster ID: {}", cluster.cluster_id));
                Step::Exit(0)
            }
            (What::Unregister(broker), Ok(_)) => {
                io.tool.println(format!("Broker {broker} is no longer registered."));
                Step::Exit(0)
            }
            (What::Unregister(broker), Err(error)) => {
                let text = error.text();
                let line = format!(
                    "[AdminClient clientId=adminclient-1] Unregister broker request for broker ID {broker} failed: {text}"
                );
                io.tool.log_error(line, LOGGER);
                io.tool.eprintln(error.to_string());
                let outer = JavaError::new("java.util.concurrent.ExecutionException", error.to_string());
                io.tool.eprintln(stack_trace(&outer.caused_by(error)));
                Step::Exit(1)
            }
            (_, Ok(_)) => Step::Exit(1),
            (_, Err(error)) => {
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
