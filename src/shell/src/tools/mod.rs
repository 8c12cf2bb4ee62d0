//! Kafka's own command-line tools, as processes on the client crate.
//!
//! Serves the shell. Invariant: a tool talks to a cluster only over the wire, and prints what the real tool prints.

mod acls;
mod admin;
mod broker_api_versions;
mod cluster;
mod configs;
mod console_consumer;
mod console_producer;
mod consumer_groups;
mod delete_records;
mod dump_log;
mod features;
mod get_offsets;
mod groups;
mod leader_election;
mod log_dirs;
mod metadata_quorum;
mod perf;
mod reassign;
mod storage;
mod sub_commands;
mod tool;
mod topics;
mod verifiable;

use crate::{
    java::OptionSpec,
    program::{CommandInfo, CommandKind, Invocation, Program},
};
use admin::AdminMain;
use tool::{JavaProcess, STARTUP_US};

const fn info(name: &'static str, summary: &'static str) -> CommandInfo {
    CommandInfo { name, summary, kind: CommandKind::Kafka }
}

/// Kafka's tools, by name without `.sh`.
pub const COMMANDS: &[CommandInfo] = &[
    info("kafka-acls", "show and change who may do what"),
    info("kafka-broker-api-versions", "show which requests brokers understand"),
    info("kafka-cluster", "show the cluster's id and its brokers, take a broker off the list"),
    info("kafka-configs", "show and change settings of topics, brokers and groups, and quotas"),
    info("kafka-console-consumer", "read records of a topic and print them"),
    info("kafka-console-producer", "send each line to a topic"),
    info("kafka-consumer-groups", "list, describe, reset and delete consumer groups"),
    info("kafka-consumer-perf-test", "measure how fast records are read"),
    info("kafka-delete-records", "delete the records before an offset"),
    info("kafka-dump-log", "print what stands in the files of a log"),
    info("kafka-features", "show and change the cluster's features"),
    info("kafka-get-offsets", "show where partitions begin and end"),
    info("kafka-groups", "list groups of every kind"),
    info("kafka-leader-election", "elect leaders of partitions"),
    info("kafka-log-dirs", "show the sizes of replicas"),
    info("kafka-metadata-quorum", "show the quorum of the controllers"),
    info("kafka-producer-perf-test", "send many records and measure how fast that goes"),
    info("kafka-reassign-partitions", "move partitions between brokers"),
    info("kafka-storage", "format the directories of a new server"),
    info("kafka-topics", "create, list, describe, change and delete topics"),
    info("kafka-verifiable-consumer", "read records and tell each step as JSON"),
    info("kafka-verifiable-producer", "send numbers and tell each answer as JSON"),
];

/// The options of a Kafka tool, for completion.
pub fn options(name: &str) -> &'static [OptionSpec] {
    match name {
        "kafka-acls" => acls::TABLE,
        "kafka-broker-api-versions" => broker_api_versions::TABLE,
        "kafka-configs" => configs::TABLE,
        "kafka-consumer-groups" => consumer_groups::TABLE,
        "kafka-consumer-perf-test" => perf::TABLE,
        "kafka-delete-records" => delete_records::TABLE,
        "kafka-dump-log" => dump_log::TABLE,
        "kafka-get-offsets" => get_offsets::TABLE,
        "kafka-leader-election" => leader_election::TABLE,
        "kafka-reassign-partitions" => reassign::TABLE,
        "kafka-log-dirs" => log_dirs::TABLE,
        "kafka-groups" => groups::TABLE,
        "kafka-topics" => topics::TABLE,
        "kafka-console-producer" => console_producer::TABLE,
        "kafka-console-consumer" => console_consumer::TABLE,
        _ => &[],
    }
}

/// The program of a Kafka tool; `None` if there is none of that name.
pub fn program(name: &str, invocation: &Invocation) -> Option<Program> {
    let (process, reads_stdin) = match name {
        "kafka-acls" => (JavaProcess::boxed(AdminMain::<acls::Acls>::default(), invocation), false),
        "kafka-broker-api-versions" => {
            (JavaProcess::boxed(AdminMain::<broker_api_versions::BrokerApiVersions>::default(), invocation), false)
        }
        "kafka-configs" => (JavaProcess::boxed(AdminMain::<configs::Configs>::default(), invocation), false),
        "kafka-consumer-groups" => {
            (JavaProcess::boxed(AdminMain::<consumer_groups::ConsumerGroups>::default(), invocation), false)
        }
        "kafka-delete-records" => {
            (JavaProcess::boxed(AdminMain::<delete_records::DeleteRecords>::default(), invocation), false)
        }
        "kafka-producer-perf-test" => (JavaProcess::boxed(perf::ProducerPerf::default(), invocation), false),
        "kafka-consumer-perf-test" => (JavaProcess::boxed(perf::ConsumerPerf::default(), invocation), false),
        "kafka-verifiable-producer" => {
            (JavaProcess::boxed(verifiable::VerifiableProducer::default(), invocation), false)
        }
        "kafka-verifiable-consumer" => {
            (JavaProcess::boxed(verifiable::VerifiableConsumer::default(), invocation), false)
        }
        "kafka-storage" => (JavaProcess::boxed(storage::Storage, invocation), false),
        "kafka-dump-log" => (JavaProcess::boxed(dump_log::DumpLog, invocation), false),
        "kafka-get-offsets" => (JavaProcess::boxed(AdminMain::<get_offsets::GetOffsets>::default(), invocation), false),
        "kafka-leader-election" => {
            (JavaProcess::boxed(AdminMain::<leader_election::LeaderElection>::default(), invocation), false)
        }
        "kafka-metadata-quorum" => {
            (JavaProcess::boxed(AdminMain::<metadata_quorum::MetadataQuorum>::default(), invocation), false)
        }
        "kafka-reassign-partitions" => {
            (JavaProcess::boxed(AdminMain::<reassign::Reassign>::default(), invocation), false)
        }
        "kafka-cluster" => (JavaProcess::boxed(AdminMain::<cluster::Cluster>::default(), invocation), false),
        "kafka-features" => (JavaProcess::boxed(AdminMain::<features::Features>::default(), invocation), false),
        "kafka-groups" => (JavaProcess::boxed(AdminMain::<groups::Groups>::default(), invocation), false),
        "kafka-log-dirs" => (JavaProcess::boxed(AdminMain::<log_dirs::LogDirs>::default(), invocation), false),
        "kafka-topics" => (JavaProcess::boxed(AdminMain::<topics::Topics>::default(), invocation), false),
        "kafka-console-producer" => {
            (JavaProcess::boxed(console_producer::ConsoleProducer::default(), invocation), true)
        }
        "kafka-console-consumer" => {
            (JavaProcess::boxed(console_consumer::ConsoleConsumer::default(), invocation), false)
        }
        _ => return None,
    };
    Some(Program { process, reads_stdin, startup_us: STARTUP_US })
}
