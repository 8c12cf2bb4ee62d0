//! kafka-metadata-quorum (Kafka's `MetadataQuorumCommand`): `describe --status` and `describe --replication`. Serves the shell;
//! invariant: the controllers' quorum is asked of the cluster at each run.

use super::admin::{AdminCommand, AdminTool, Answer, Step};
use crate::java::argparse_error;
use ottla_client::{AdminRequest, AdminResponse, JavaError, QuorumInfo, QuorumReplica};
use ottla_wire::java::uuid_text;
use std::collections::BTreeMap;

const PROGRAM: &str = "kafka-metadata-quorum";
const USAGE: &str = "\
usage: kafka-metadata-quorum [-h] [--command-config COMMAND_CONFIG]
                             (--bootstrap-server BOOTSTRAP_SERVER |
                             --bootstrap-controller BOOTSTRAP_CONTROLLER)
                             {describe,add-controller,remove-controller}
                             ...
";
const DESCRIBE_USAGE: &str = "\
usage: kafka-metadata-quorum (--bootstrap-server BOOTSTRAP_SERVER |
                             --bootstrap-controller BOOTSTRAP_CONTROLLER)
                             describe [-h] [--status] [--replication]
                             [--human-readable]
";

/// kafka-metadata-quorum.
#[derive(Clone, Debug, Default)]
pub struct MetadataQuorum {
    options: Options,
    cluster_id: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Options {
    servers: BTreeMap<&'static str, String>,
    command: Option<String>,
    status: bool,
    replication: bool,
    human_readable: bool,
    help: bool,
}

/// A message of the argument parser, with the usage it belongs to.
fn refused(usage: &str, message: &str) -> String {
    argparse_error(usage, PROGRAM, message)
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let (name, inline) = arg.split_once('=').map_or((arg.as_str(), None), |(n, v)| (n, Some(v.to_owned())));
            match (name, options.command.is_some()) {
                ("--bootstrap-server" | "--bootstrap-controller" | "--command-config", _) => {
                    let key = match name {
                        "--bootstrap-server" => "bootstrap.servers",
                        "--bootstrap-controller" => "bootstrap.controllers",
                        _ => "file",
                    };
                    let value = inline.or_else(|| rest.next().cloned());
                    let value =
                        value.ok_or_else(|| refused(USAGE, &format!("argument {name}: expected one argument")))?;
                    if key != "file" && options.servers.keys().any(|k| *k != "file" && *k != key) {
                        let other =
                            if key == "bootstrap.servers" { "--bootstrap-controller" } else { "--bootstrap-server" };
                        let message = format!("argument {name}: not allowed with argument {other}");
                        return Err(refused(USAGE, &message));
                    }
                    options.servers.insert(key, value);
                }
                ("-h" | "--help", _) => options.help = true,
                ("--status", true) => options.status = true,
                ("--replication", true) => options.replication = true,
                ("--human-readable", true) => options.human_readable = true,
                (_, true) => return Err(refused(DESCRIBE_USAGE, &format!("unrecognized arguments: '{arg}'"))),
                (_, false) if arg.starts_with('-') => {
                    return Err(refused(USAGE, &format!("unrecognized arguments: '{arg}'")));
                }
                ("describe" | "add-controller" | "remove-controller", false) => options.command = Some(arg.clone()),
                (_, false) => {
                    let choices = "'describe', 'add-controller', 'remove-controller'";
                    return Err(refused(USAGE, &format!("invalid choice: '{arg}' (choose from {choices})")));
                }
            }
        }
        if options.help {
            return Ok(options);
        }
        if options.command.is_none() {
            return Err(refused(USAGE, "too few arguments"));
        }
        if !options.servers.keys().any(|key| *key != "file") {
            let message = "one of the arguments --bootstrap-server --bootstrap-controller is required";
            return Err(refused(USAGE, message));
        }
        Ok(options)
    }

    fn refusal(&self) -> Option<&'static str> {
        match (self.command.as_deref(), self.status, self.replication) {
            (Some("describe"), true, true) => {
                Some("Only one of --status or --replication should be specified with describe sub-command")
            }
            (Some("describe"), false, false) => {
                Some("One of --status or --replication must be specified with describe sub-command")
            }
            (Some("describe"), true, false) if self.human_readable => {
                Some("The option --human-readable is only supported along with --replication")
            }
            (Some("describe"), _, _) => None,
            _ => Some("The controllers of this lab do not change: only describe is there"),
        }
    }
}

impl AdminCommand for MetadataQuorum {
    const CLASS: &'static str = "MetadataQuorumCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        self.options = match Options::parse(&io.tool.invocation.args.clone()) {
            Ok(options) => options,
            Err(message) => {
                io.tool.eprint(message);
                return Step::Exit(1);
            }
        };
        if self.options.help {
            io.tool.print(USAGE.as_bytes());
            return Step::Exit(0);
        }
        let mut config = BTreeMap::new();
        if let Some(path) = self.options.servers.remove("file") {
            match io.tool.load_properties(&path) {
                Ok(properties) => config.extend(properties),
                Err(error) => {
                    io.tool.die(&error);
                    return Step::Exit(1);
                }
            }
        }
        config.extend(self.options.servers.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        if let Some(message) = self.options.refusal() {
            io.tool.eprintln(message);
            return Step::Exit(1);
        }
        if let Err(error) = io.open(&config) {
            io.tool.die(&error);
            return Step::Exit(1);
        }
        match self.options.status {
            true => Step::Ask(AdminRequest::DescribeCluster { include_fenced_brokers: false }),
            false => Step::Ask(AdminRequest::DescribeMetadataQuorum),
        }
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(AdminResponse::Cluster(cluster)) => {
                self.cluster_id = Some(cluster.cluster_id);
                Step::Ask(AdminRequest::DescribeMetadataQuorum)
            }
            Ok(AdminResponse::Quorum(quorum)) => {
                let rows = match &self.cluster_id {
                    Some(cluster_id) => status(cluster_id, &quorum),
                    None => replication(&quorum, self.options.human_readable.then(|| io.tool.cx.wall_ms())),
                };
                rows.into_iter().for_each(|row| io.tool.println(row));
                Step::Exit(0)
            }
            Ok(_) => Step::Exit(1),
            Err(error) => {
                let class = "java.util.concurrent.ExecutionException";
                io.tool.die(&JavaError::new(class, error.to_string()).caused_by(error));
                Step::Exit(1)
            }
        }
    }
}

fn leader(quorum: &QuorumInfo) -> Option<&QuorumReplica> {
    quorum.voters.iter().find(|voter| voter.replica_id == quorum.leader_id)
}

/// A replica as kafka-metadata-quorum writes it in JSON; controllers of a fixed quorum have no directory id.
fn member(quorum: &QuorumInfo, replica: &QuorumReplica) -> String {
    let id = replica.replica_id;
    let directory = match replica.directory_id.is_nil() {
        true => String::new(),
        false => format!(", \"directoryId\": \"{}\"", uuid_text(replica.directory_id)),
    };
    let endpoints = quorum.nodes.get(&id).map(|list| {
        let texts: Vec<String> =
            list.iter().map(|(listener, host, port)| format!("\"{listener}://{host}:{port}\"")).collect();
        format!(", \"endpoints\": [{}]", texts.join(", "))
    });
    format!("{{\"id\": {id}{directory}{}}}", endpoints.unwrap_or_default())
}

fn status(cluster_id: &str, quorum: &QuorumInfo) -> Vec<String> {
    let slowest = quorum.voters.iter().min_by_key(|voter| voter.log_end_offset);
    let (lag, lag_ms) = match (leader(quorum), slowest) {
        (Some(leader), Some(slowest)) if leader.replica_id != slowest.replica_id => {
            let ms = leader.last_caught_up_ms.zip(slowest.last_caught_up_ms).map_or(-1, |(a, b)| a - b);
            (leader.log_end_offset - slowest.log_end_offset, ms)
        }
        _ => (0, 0),
    };
    let list = |replicas: &[QuorumReplica]| {
        let members: Vec<String> = replicas.iter().map(|replica| member(quorum, replica)).collect();
        format!("[{}]", members.join(", "))
    };
    let rows = [
        ("ClusterId:", cluster_id.to_owned()),
        ("LeaderId:", quorum.leader_id.to_string()),
        ("LeaderEpoch:", quorum.leader_epoch.to_string()),
        ("HighWatermark:", quorum.high_watermark.to_string()),
        ("MaxFollowerLag:", lag.to_string()),
        ("MaxFollowerLagTimeMs:", lag_ms.to_string()),
        ("CurrentVoters:", list(&quorum.voters)),
        ("CurrentObservers:", list(&quorum.observers)),
    ];
    rows.into_iter().map(|(label, value)| format!("{label:<24}{value}")).collect()
}

fn replication(quorum: &QuorumInfo, human_ms: Option<i64>) -> Vec<String> {
    let end = leader(quorum).map_or(0, |leader| leader.log_end_offset);
    let time = |ms: Option<i64>| match (human_ms, ms.filter(|ms| *ms >= 0)) {
        (Some(now), Some(ms)) => format!("{} ms ago", now - ms),
        (Some(_), None) => "unknown".to_owned(),
        (None, ms) => ms.unwrap_or(-1).to_string(),
    };
    let row = |replica: &QuorumReplica, status: &str| {
        let QuorumReplica { replica_id, directory_id, log_end_offset, last_fetch_ms, last_caught_up_ms } = replica;
        [
            replica_id.to_string(),
            uuid_text(*directory_id),
            log_end_offset.to_string(),
            (end - log_end_offset).to_string(),
            time(*last_fetch_ms),
            time(*last_caught_up_ms),
            status.to_owned(),
        ]
    };
    let header =
        ["NodeId", "DirectoryId", "LogEndOffset", "Lag", "LastFetchTimestamp", "LastCaughtUpTimestamp", "Status"];
    let is_leader = |voter: &&QuorumReplica| voter.replica_id == quorum.leader_id;
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(quorum.voters.iter().filter(is_leader).map(|v| row(v, "Leader")));
    rows.extend(quorum.voters.iter().filter(|v| !is_leader(v)).map(|v| row(v, "Follower")));
    rows.extend(quorum.observers.iter().map(|o| row(o, "Observer")));
    let widths: [usize; 7] = std::array::from_fn(|at| rows.iter().map(|row| row[at].len()).max().unwrap_or(0));
    let padded = |row: &[String; 7]| -> String {
        row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}\t")).collect()
    };
    rows.iter().map(padded).collect()
}
