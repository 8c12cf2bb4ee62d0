//! What clients and brokers said to each other, read off the wire. Serves pictures, the guarantee ledger and the lessons'
//! predicates; invariant: only frames and faults are looked at, never a broker's state.

mod events;
mod flights;
mod talk;

use crate::{Cluster, protocol::EventLine};
use flights::Flights;
pub(crate) use flights::FrameOnWay;
use ottla_world::{ConnectionId, Pid, Time, TraceEvent, World};
use std::collections::{BTreeMap, BTreeSet};
use talk::Talk;

/// A batch that a producer was told is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// When the producer heard of it.
    pub at: Time,
    /// The producer.
    pub pid: Pid,
    /// The offset of its first record, as told.
    pub base_offset: i64,
    /// How many records it holds.
    pub records: u32,
    /// The batch's CRC, which the broker does not change: proof that a batch in a log is this one.
    pub crc: u32,
    /// The acknowledgements asked for: 1, or -1 for all.
    pub acks: i16,
}

/// A record that was handed to a consumer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadRecord {
    /// The consumer.
    pub pid: Pid,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

/// A program that was started on the laptop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// When.
    pub at: Time,
    /// Its process.
    pub pid: Pid,
    /// Its command line.
    pub line: String,
}

/// A signal or power cut that hit a node, and what the node led at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFault {
    /// When.
    pub at: Time,
    /// The node.
    pub node: i32,
    /// Which fault.
    pub fault: ottla_world::Fault,
    /// The partitions it led, by the metadata of that moment.
    pub led: Vec<(String, i32)>,
}

/// So many records, batches and commands are remembered; older ones are only counted.
const REMEMBERED: usize = 20_000;

/// Everything that was seen.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    talks: BTreeMap<ConnectionId, Talk>,
    flights: Flights,
    topic_names: BTreeMap<[u8; 16], String>,
    acknowledged: BTreeMap<(String, i32), Vec<Acknowledged>>,
    acknowledged_records: u64,
    reads: BTreeSet<ReadRecord>,
    read_records: u64,
    records_of: BTreeMap<Pid, u64>,
    positions: BTreeMap<Pid, BTreeMap<(String, i32), i64>>,
    kinds: BTreeMap<Pid, (bool, bool)>,
    groups: BTreeMap<Pid, String>,
    commands: Vec<Command>,
    node_faults: Vec<NodeFault>,
    errors_seen: BTreeMap<String, u64>,
}

impl Activity {
    /// Batches acknowledged to producers, by topic and partition, in order of the acknowledgement.
    pub fn acknowledged(&self) -> &BTreeMap<(String, i32), Vec<Acknowledged>> {
        &self.acknowledged
    }

    /// How many records were acknowledged.
    pub fn acknowledged_records(&self) -> u64 {
        self.acknowledged_records
    }

    /// Records handed to consumers; each once for each consumer.
    pub fn reads(&self) -> &BTreeSet<ReadRecord> {
        &self.reads
    }

    /// How many records were handed to consumers.
    pub fn read_records(&self) -> u64 {
        self.read_records
    }

    /// Programs started on the laptop.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// Faults that hit nodes.
    pub fn node_faults(&self) -> &[NodeFault] {
        &self.node_faults
    }

    /// How often clients were answered with each error, by its Kafka name.
    pub fn errors_seen(&self) -> &BTreeMap<String, u64> {
        &self.errors_seen
    }

    pub(crate) fn flights(&self) -> &Flights {
        &self.flights
    }

    /// Records a process wrote (acknowledged) or read.
    pub(crate) fn records_of(&self, pid: Pid) -> u64 {
        self.records_of.get(&pid).copied().unwrap_or(0)
    }

    /// Where a consumer is: the next offset of each partition it read from.
    pub(crate) fn positions_of(&self, pid: Pid) -> impl Iterator<Item = (&(String, i32), &i64)> {
        self.positions.get(&pid).into_iter().flatten()
    }

    /// Whether a process sent produce and fetch requests.
    pub(crate) fn kind_of(&self, pid: Pid) -> (bool, bool) {
        self.kinds.get(&pid).copied().unwrap_or_default()
    }

    pub(crate) fn group_of(&self, pid: Pid) -> Option<&str> {
        self.groups.get(&pid).map(String::as_str)
    }

    /// The processes a process has connections to.
    pub(crate) fn peers_of(&self, pid: Pid) -> BTreeSet<Pid> {
        self.talks.values().filter(|t| t.client == pid).map(|t| t.server).collect()
    }

    /// Takes in one thing that happened; a line for the event log if it is worth one.
    pub(crate) fn observe(&mut self, world: &World, cluster: &Cluster, event: &TraceEvent) -> Option<EventLine> {
        match event {
            TraceEvent::Opened { connection, client, server, .. } => {
                let host = world.processes().find(|info| info.pid == *client).map(|info| info.host);
                let from_laptop = host == Some(cluster.laptop());
                self.talks.insert(*connection, Talk::new(*client, *server, from_laptop));
            }
            TraceEvent::Closed { connection, .. } => {
                self.talks.remove(connection);
            }
            TraceEvent::Sent { at, arrives, connection, from, to, frame } => {
                let talk = self.talks.get_mut(connection)?;
                let (key, is_response) = talk.api_of(*from, frame);
                if let Some(arrives) = arrives {
                    self.flights.push(*at, *arrives, *from, *to, key, is_response);
                }
            }
            TraceEvent::Delivered { at, connection, from, frame, .. } => self.delivered(*at, *connection, *from, frame),
            TraceEvent::Started { at, pid, host, command, .. }
                if *host == cluster.laptop() && self.commands.len() < REMEMBERED =>
            {
                self.commands.push(Command { at: *at, pid: *pid, line: command.clone() });
            }
            TraceEvent::Exited { pid, .. } => {
                self.kinds.remove(pid);
                self.positions.remove(pid);
                self.groups.remove(pid);
            }
            TraceEvent::Fault { at, fault } => self.fault(*at, world, cluster, fault),
            _ => {}
        }
        events::line(world, cluster, event)
    }

    fn fault(&mut self, at: Time, world: &World, cluster: &Cluster, fault: &ottla_world::Fault) {
        use ottla_world::Fault;
        let node = match fault {
            Fault::Signal { pid, .. } => cluster.nodes.iter().find(|(_, n)| n.pid == Some(*pid)).map(|(id, _)| *id),
            Fault::PowerCut { host } => Some(cluster.node_on(*host)).filter(|id| *id != 0),
            _ => None,
        };
        let Some(node) = node else { return };
        let led = crate::views::led_by(world, cluster, node);
        self.node_faults.push(NodeFault { at, node, fault: fault.clone(), led });
    }
}
