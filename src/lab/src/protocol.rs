//! What travels between a lab and those who look at it: inputs one way, views the other. Serves page and worker, lessons,
//! journals; invariant: plain data with its own shape, no engine type, so that the stored form can stay frozen.

use crate::load::Load;
use serde::{Deserialize, Serialize};

/// Something a person does to a lab. Stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabInput {
    /// Opens one more terminal.
    OpenTerminal,
    /// Types a line and Enter.
    Type {
        /// Which terminal, from 0.
        terminal: u32,
        /// The line.
        text: String,
    },
    /// Ctrl-C.
    Interrupt {
        /// Which terminal, from 0.
        terminal: u32,
    },
    /// Ctrl-D.
    EndOfInput {
        /// Which terminal, from 0.
        terminal: u32,
    },
    /// Does something to a node.
    Node {
        /// The node's id.
        node: i32,
        /// What.
        action: NodeAction,
    },
    /// Does something to the links between two nodes (or a node and the laptop, id 0), in one direction.
    Link {
        /// From this node; 0 is the laptop.
        from: i32,
        /// To this node; 0 is the laptop.
        to: i32,
        /// What.
        action: LinkAction,
    },
    /// Runs a script in a shell of its own, its output kept apart: how transcripts and lesson checks run commands.
    Run {
        /// The script, as for `bash -c`.
        script: String,
        /// Standard input; closed at once if absent.
        stdin: Option<String>,
    },
    /// Ends a client process.
    KillClient {
        /// Its process id.
        pid: u32,
    },
    /// Ends every fault that is in effect: links, disks and clocks are well, paused nodes go on, nodes that are down start.
    HealAll,
    /// Starts a program of the simulator's on the laptop.
    Load(Load),
    /// From now on all random streams are those of another seed: runs with one past get different futures.
    Reseed {
        /// The seed.
        seed: u64,
    },
    /// Nothing: marks how far the run went.
    Mark,
}

/// What can be done to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeAction {
    /// SIGKILL.
    Kill,
    /// SIGTERM: a controlled shutdown.
    Stop,
    /// SIGSTOP.
    Pause,
    /// SIGCONT.
    Resume,
    /// Starts it (again), with power if it had none.
    Start,
    /// The host loses power.
    PowerCut,
    /// Flushes on its host's disk take so many milliseconds longer; 0 ends it.
    SlowDisk(u64),
    /// Not one byte more fits on its host's disk.
    FullDisk,
    /// Its host's disk refuses every write and every flush.
    FailDisk,
    /// Its host's disk is well again: not full, not failing, not slow.
    HealDisk,
    /// Its host's wall clock is off by so many milliseconds, ahead or behind; 0 ends it.
    SkewClock(i64),
}

/// What can be done to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkAction {
    /// Nothing gets through.
    Cut,
    /// Everything gets through again, at normal speed.
    Heal,
    /// Every frame takes longer, by so many milliseconds; 0 ends it.
    Slow(u64),
    /// Of a hundred segments so many are lost, and sent again by TCP after a while; 0 ends it.
    Lossy(u8),
    /// The next so many segments are lost once each.
    LoseNext(u32),
}

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// Its process runs.
    Running,
    /// SIGSTOP.
    Paused,
    /// SIGTERM was sent, it is not yet gone.
    Stopping,
    /// Its process is gone.
    Down,
    /// Its host has no power.
    NoPower,
}

/// What is wrong with a node's host, apart from its process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFaults {
    /// Flushes take so many milliseconds longer.
    pub disk_extra_ms: u64,
    /// Nothing more fits on the disk.
    pub disk_full: bool,
    /// The disk refuses every write.
    pub disk_failing: bool,
    /// The wall clock is off by so many milliseconds, ahead or behind.
    pub clock_skew_ms: i64,
}

/// Everything the picture shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabView {
    /// Virtual time, in microseconds.
    pub now_us: u64,
    /// The wall clock of the run, in milliseconds since 1970.
    pub wall_ms: i64,
    /// Brokers, by id.
    pub brokers: Vec<BrokerCard>,
    /// Controllers, by id.
    pub controllers: Vec<ControllerCard>,
    /// Topics as the cluster's metadata has them, by name.
    pub topics: Vec<TopicRow>,
    /// Running client programs, oldest first.
    pub clients: Vec<ClientCard>,
    /// Consumer groups, by id.
    pub groups: Vec<GroupRow>,
    /// Frames under way, for the marks on links.
    pub flights: Vec<Flight>,
    /// Cut, slow or lossy links.
    pub links: Vec<LinkRow>,
    /// What was promised, what is there.
    pub ledger: LedgerRow,
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BrokerCard {
    /// Node id.
    pub id: i32,
    /// Its port on `localhost`.
    pub port: u16,
    /// Its process id, while it has one.
    pub pid: Option<u32>,
    /// How it is.
    pub state: NodeState,
    /// What is wrong with its host.
    #[serde(default)]
    pub faults: HostFaults,
    /// Whether the controller lets it serve: registered and not fenced.
    pub unfenced: bool,
    /// The partitions on its disk.
    pub replicas: Vec<ReplicaStrip>,
}

/// A replica: one partition on one broker's disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplicaStrip {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Whether this broker believes itself to be the leader.
    pub is_leader: bool,
    /// Whether this replica is in the ISR, as the cluster's metadata has it.
    pub in_sync: bool,
    /// The leader epoch this broker knows.
    pub leader_epoch: i32,
    /// First offset in the log.
    pub log_start_offset: i64,
    /// What consumers may read up to.
    pub high_watermark: i64,
    /// The next offset to be written.
    pub log_end_offset: i64,
    /// The last records, oldest first; fewer than the log holds when it is long.
    pub cells: Vec<RecordCell>,
    /// It left the ISR and may lead all the same (KIP-966), as the cluster's metadata has it.
    #[serde(default)]
    pub eligible: bool,
    /// From this offset on its records are not the leader's, as far as the last records of both tell.
    #[serde(default)]
    pub diverges_at: Option<i64>,
    /// Its last segments, oldest first; the last one is active.
    #[serde(default)]
    pub segments: Vec<SegmentBar>,
    /// Segments before those.
    #[serde(default)]
    pub older_segments: u64,
    /// Read from the disk of a broker that is not running.
    #[serde(default)]
    pub at_rest: bool,
}

/// A segment of a log: a file on the broker's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentBar {
    /// The offset it is named by.
    pub base_offset: i64,
    /// Bytes of its records.
    pub size_bytes: u64,
}

/// A record in a strip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCell {
    /// Its offset.
    pub offset: i64,
    /// The leader epoch it was written under.
    pub leader_epoch: i32,
    /// Its key as text, if it has one; cut to 40 characters.
    pub key: Option<String>,
    /// Its value as text, if it has one; cut to 40 characters.
    pub value: Option<String>,
}

/// A controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControllerCard {
    /// Node id.
    pub id: i32,
    /// Its port on `localhost`.
    pub port: u16,
    /// Its process id, while it has one.
    pub pid: Option<u32>,
    /// How it is.
    pub state: NodeState,
    /// What is wrong with its host.
    #[serde(default)]
    pub faults: HostFaults,
    /// Its Raft role: `Leader`, `Follower`, `Candidate`, `Prospective`, `Unattached`, `Resigned`; empty while down.
    pub role: String,
    /// Its epoch.
    pub epoch: i32,
    /// The end of its metadata log.
    pub log_end_offset: i64,
    /// How far the metadata log is committed, as it knows.
    pub high_watermark: i64,
    /// Whom it voted for in this epoch.
    #[serde(default)]
    pub voted_for: Option<i32>,
    /// How far the others are with the metadata log; the active controller knows.
    #[serde(default)]
    pub followers: Vec<QuorumRow>,
}

/// A copy of the metadata log, as the active controller knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuorumRow {
    /// Node id.
    pub id: i32,
    /// A controller, which votes; a broker only follows.
    pub votes: bool,
    /// The end of its copy; -1 before its first fetch.
    pub log_end_offset: i64,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicRow {
    /// Its name.
    pub name: String,
    /// Kafka's own topic, such as `__consumer_offsets`.
    pub internal: bool,
    /// Its partitions, in order.
    pub partitions: Vec<PartitionRow>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionRow {
    /// Its number.
    pub partition: i32,
    /// Its leader; `None` if it has none.
    pub leader: Option<i32>,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// Its replicas, preferred leader first.
    pub replicas: Vec<i32>,
    /// The in-sync replicas.
    pub isr: Vec<i32>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<i32>,
}

/// What kind of client a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// It writes records.
    Producer,
    /// It reads records.
    Consumer,
    /// It asks or changes the cluster.
    Admin,
}

/// A client program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientCard {
    /// Its process id.
    pub pid: u32,
    /// Its command line.
    pub command: String,
    /// What kind.
    pub kind: ClientKind,
    /// The terminal it runs in, from 0.
    pub terminal: Option<u32>,
    /// Its group, for a consumer with one.
    pub group: Option<String>,
    /// Brokers it has connections to.
    pub connected_to: Vec<i32>,
    /// Partitions it reads, with the next offset it will read.
    pub positions: Vec<PositionRow>,
    /// Records written and acknowledged, or read.
    pub records: u64,
}

/// Where a consumer is in a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionRow {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The next offset it will read.
    pub position: i64,
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRow {
    /// Its id.
    pub id: String,
    /// `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`, `Dead`.
    pub state: String,
    /// Its generation.
    pub generation: i32,
    /// The broker that coordinates it.
    pub coordinator: i32,
    /// Members: client id and the partitions assigned, as text such as `orders-0`.
    pub members: Vec<(String, Vec<String>)>,
    /// Committed offsets: topic, partition, next offset to read.
    pub committed: Vec<(String, i32, i64)>,
}

/// A frame on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flight {
    /// The sending node; 0 is the laptop.
    pub from: i32,
    /// The receiving node; 0 is the laptop.
    pub to: i32,
    /// What it is: `Produce`, `Fetch`, …
    pub api: String,
    /// Whether it is an answer.
    pub is_response: bool,
    /// When it left, in microseconds.
    pub sent_us: u64,
    /// When it arrives, in microseconds.
    pub arrives_us: u64,
}

/// A link that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    /// From this node; 0 is the laptop.
    pub from: i32,
    /// To this node; 0 is the laptop.
    pub to: i32,
    /// Nothing gets through.
    pub cut: bool,
    /// Every frame takes so many milliseconds longer.
    pub extra_ms: u64,
    /// Of a hundred segments so many are lost.
    #[serde(default)]
    pub lossy_percent: u8,
}

/// The guarantees in numbers; what the words mean stands at [`crate::Ledger`]'s module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LedgerRow {
    /// Records a producer was told are written.
    pub acknowledged: u64,
    /// Of these, records that are in no leader's log any more.
    pub lost: u64,
    /// Records handed to consumers.
    pub read: u64,
    /// Records behind what their producer sent later.
    pub out_of_order: u64,
    /// Records in a log once more than they were sent.
    pub duplicated: u64,
    /// By topic and partition.
    pub partitions: Vec<LedgerPartitionRow>,
    /// What went wrong, oldest first; only the newest if there is much.
    pub entries: Vec<LedgerEntryRow>,
}

/// A partition's line of the ledger; all numbers are records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerPartitionRow {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Acknowledged with `acks=1`.
    pub by_leader: u64,
    /// Acknowledged with `acks=all`.
    pub by_all: u64,
    /// Sent with `acks=0`: nobody promised anything.
    pub unconfirmed: u64,
    /// Acknowledged, and on `min.insync.replicas` replicas.
    pub durable: u64,
    /// Acknowledged, and below the high watermark.
    pub readable: u64,
    /// Acknowledged, and gone.
    pub lost: u64,
    /// Behind what their producer sent later.
    pub out_of_order: u64,
    /// In the log once more than they were sent.
    pub duplicated: u64,
    /// Whether it has a leader now: without one nothing is readable.
    pub has_leader: bool,
}

/// What can go wrong with promised records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerEntryKind {
    /// They are gone.
    Lost,
    /// They stand behind what was sent later.
    OutOfOrder,
    /// They stand in the log once more than they were sent.
    Duplicated,
}

/// Records of a partition that something went wrong with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntryRow {
    /// What.
    pub kind: LedgerEntryKind,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Offset of the first of them.
    pub first_offset: i64,
    /// How many.
    pub records: u64,
    /// Why, in a sentence.
    pub reason: String,
    /// A later leader had them again.
    pub found_again: bool,
    /// What happened, in order.
    pub events: Vec<LedgerEventRow>,
}

/// Something that happened to records of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEventRow {
    /// When, in microseconds.
    pub at_us: u64,
    /// Which node, if it was one; 0 is the laptop.
    pub node: Option<i32>,
    /// What happened.
    pub text: String,
    /// The id of the line in the event log, if it stands there.
    pub line: Option<u64>,
}

/// A line of the event log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLine {
    /// Its number in the event log, from 0.
    #[serde(default)]
    pub id: u64,
    /// When, in microseconds.
    pub at_us: u64,
    /// Which node, if it was one; 0 is the laptop.
    pub node: Option<i32>,
    /// What happened.
    pub text: String,
    /// Worth stopping at: a commit, an ISR change, an election, a rebalance, a fault, an error a client saw.
    pub interesting: bool,
}

/// What a terminal shows, as it comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalChunk {
    /// Which terminal, from 0.
    pub terminal: u32,
    /// Where it comes from.
    pub stream: TerminalStream,
    /// The text; may hold several lines or a piece of one. `\x0c` clears the screen.
    pub text: String,
}

/// Where a terminal's text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminalStream {
    /// What the person typed.
    Typed,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}
