//! What clients and brokers said to each other, read off the wire. Serves pictures, the guarantee ledger and the lessons'
//! predicates; invariant: only frames and faults are looked at, never a broker's state.

mod dealings;
mod events;
mod flights;
mod partitions;
mod remembered;
mod story;
mod talk;

use crate::{
    Cluster, Ledger,
    protocol::{EventLine, NodeState},
};
pub use dealings::{Creation, Dealings, Refusal, Waited};
use flights::Flights;
pub(crate) use flights::FrameOnWay;
use ottla_world::{ConnectionId, Pid, Time, TraceEvent, World};
use partitions::Partitions;
pub use partitions::{PartitionAt, PartitionStep};
pub use remembered::Remembered;
use std::collections::{BTreeMap, BTreeSet};
pub use story::{Deletion, RecordSeen, Retired, RetiredBy, Story, TimeAsked};
use talk::Talk;

/// A batch that a producer was told is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// When the broker was asked to write it.
    pub asked_at: Time,
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
    /// The ports of the nodes that did not run at that moment.
    pub down: Vec<u16>,
    /// When it ended and with which code, once it has.
    pub ended: Option<(Time, u8)>,
}

/// A replica that threw away the end of its log because it was not the leader's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// When.
    pub at: Time,
    /// The broker.
    pub node: i32,
    /// The partition, as `payments-0`.
    pub partition: String,
    /// Its log ended here.
    pub from: i64,
    /// It ends here now.
    pub to: i64,
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
    /// For the active controller: its epoch.
    pub active_epoch: Option<i32>,
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
    dealings: Dealings,
    story: Story,
    partitions: Partitions,
    truncations: Vec<Truncation>,
    /// Who became active last, and in which epoch.
    active: Option<(i32, i32)>,
    errors_seen: BTreeMap<String, u64>,
    ledger: Ledger,
    /// The id of the next line of the event log.
    next_line: u64,
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

    /// What clients were refused, waited for or never heard of.
    pub fn dealings(&self) -> &Dealings {
        &self.dealings
    }

    /// What became of single records.
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// Changes of the partitions of topics that are not Kafka's own, in order.
    pub fn partition_steps(&self) -> &[PartitionStep] {
        self.partitions.steps()
    }

    /// The controller that became active last, and its epoch.
    pub fn active_controller(&self) -> Option<(i32, i32)> {
        self.active
    }

    /// Ends of logs that were thrown away, in order.
    pub fn truncations(&self) -> &[Truncation] {
        &self.truncations
    }

    /// How often clients were answered with each error, by its Kafka name.
    pub fn errors_seen(&self) -> &BTreeMap<String, u64> {
        &self.errors_seen
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
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
        self.partitions.poll(world, cluster);
        match event {
            TraceEvent::Note { at, pid, text } => self.noted(*at, world, cluster, (*pid, text)),
            TraceEvent::Opened { connection, client, server, .. } => {
                let host = world.processes().find(|info| info.pid == *client).map(|info| info.host);
                let from_laptop = host == Some(cluster.laptop());
                let node = cluster.nodes.iter().find(|(_, n)| n.pid == Some(*server)).map(|(id, _)| *id);
                self.talks.insert(*connection, Talk::new((*client, *server), from_laptop, node));
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
                let down = cluster.nodes.iter().filter(|(id, _)| cluster.state(world, **id) != NodeState::Running);
                let down = down.map(|(_, node)| node.port).collect();
                self.commands.push(Command { at: *at, pid: *pid, line: command.clone(), down, ended: None });
            }
            TraceEvent::Exited { at, pid, status } => {
                if let Some(command) = self.commands.iter_mut().rev().find(|c| c.pid == *pid) {
                    command.ended = Some((*at, status.map_or(137, ottla_world::ExitStatus::shell_code)));
                }
                self.kinds.remove(pid);
                self.positions.remove(pid);
                self.groups.remove(pid);
            }
            TraceEvent::Fault { at, fault } => self.fault(*at, world, cluster, fault),
            _ => {}
        }
        let mut line = events::line(world, cluster, event);
        if let Some(line) = &mut line {
            line.id = self.next_line;
            self.next_line += 1;
            self.ledger.heard(line);
        }
        self.ledger.look(world, cluster, self.partitions.steps());
        line
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
        let active_epoch = self.active.filter(|(active, _)| *active == node).map(|(_, epoch)| epoch);
        self.node_faults.push(NodeFault { at, node, fault: fault.clone(), led, active_epoch });
    }

    /// A node's line for the event log.
    fn noted(&mut self, at: Time, world: &World, cluster: &Cluster, (pid, text): (Pid, &str)) {
        if text.starts_with("controller: ") {
            return self.partitions.expect(at);
        }
        if let Some((Ok(node), Ok(epoch))) = active_controller(text) {
            self.active = Some((node, epoch));
            return;
        }
        if self.story.retire(at, text) {
            return;
        }
        let Some((partition, rest)) = text.split_once(": truncated from ") else { return };
        let mut words = rest.split([' ', ',']);
        let (Some(Ok(from)), Some("to"), Some(Ok(to))) =
            (words.next().map(str::parse), words.next(), words.next().map(str::parse))
        else {
            return;
        };
        let node = world.processes().find(|info| info.pid == pid).map_or(0, |info| cluster.node_on(info.host));
        if self.truncations.len() < REMEMBERED {
            self.truncations.push(Truncation { at, node, partition: partition.to_owned(), from, to });
        }
    }
}

type Parsed = Result<i32, std::num::ParseIntError>;

/// Node and epoch of "controller 11: active, epoch=3".
fn active_controller(text: &str) -> Option<(Parsed, Parsed)> {
    let (node, epoch) = text.strip_prefix("controller ")?.split_once(": active, epoch=")?;
    Some((node.parse(), epoch.parse()))
}
