//! The words of the cluster's pane. Serves its components; invariant: Kafka's own words for Kafka's things.

use super::node_name;
use crate::model::{density::TopicCount, time::grouped};
use ottla_lab::protocol::{
    ClientCard, ClientKind, ControllerCard, Flight, LedgerRow, LinkRow, PositionRow, QuorumRow, ReplicaStrip,
    SegmentBar,
};

/// The pane's content.
pub const VIEW: &str = "The cluster as it is now";
/// The switch to tables.
pub const TABLE: &str = "Table";
/// The switch for Kafka's own topics.
pub const INTERNAL: &str = "Internal topics";
/// The numbers of the guarantees.
pub const LEDGER: &str = "Records that were promised, and what became of them";
/// Nothing has been seen yet.
pub const STARTING: &str = "The cluster is starting.";
/// The engine has stopped.
pub const STOPPED: &str = "The engine has stopped.";
/// Starts it.
pub const RESTART: &str = "Start it again";
/// Controllers.
pub const CONTROLLERS: &str = "Controllers";
/// Brokers.
pub const BROKERS: &str = "Brokers";
/// Clients.
pub const CLIENTS: &str = "Clients on the laptop";
/// Groups.
pub const GROUPS: &str = "Consumer groups";
/// Frames under way.
pub const FLIGHTS: &str = "On the network";
/// A broker that may not serve.
pub const FENCED: &str = "fenced";
/// A broker without partitions.
pub const NO_REPLICAS: &str = "No partitions yet.";
/// A broker that does not run.
pub const REPLICAS_REST: &str = "Its logs rest on its disk; nobody serves them.";
/// A controller without a role.
pub const NO_ROLE: &str = "no role";
/// No client.
pub const NO_CLIENTS: &str = "No producer or consumer is running.";
/// A group without members.
pub const NO_MEMBERS: &str = "No members.";
/// The leader.
pub const LEADER: &str = "leader";
/// A follower in sync.
pub const IN_SYNC: &str = "in sync";
/// One that is not.
pub const OUT_OF_SYNC: &str = "out of sync";
/// What a leader epoch is.
pub const LEADER_EPOCH: &str = "Leader epoch that this broker knows";
/// Ends a client.
pub const KILL_CLIENT: &str = "Kill";
/// Frames are too fast to be seen.
pub const TOO_FAST: &str = "Requests and responses are shown while time is paused or runs at 0.1\u{d7}.";
/// None is under way.
pub const NOTHING_FLIES: &str = "Nothing is under way.";

/// The guarantees in numbers.
pub fn ledger(ledger: &LedgerRow) -> String {
    let number = |number: u64| grouped(i64::try_from(number).unwrap_or(i64::MAX));
    let (acknowledged, lost, read) = (number(ledger.acknowledged), number(ledger.lost), number(ledger.read));
    format!("{acknowledged} acknowledged \u{b7} {lost} lost \u{b7} {read} read")
}

/// A replica that may lead though it left the ISR.
pub const ELIGIBLE: &str = "eligible leader";
/// What that means.
pub const ELIGIBLE_MEANS: &str =
    "Not in the ISR, and known to hold all committed records: it may be elected without loss (ELR)";
/// A log that nobody has open.
pub const AT_REST: &str = "on disk";
/// What that means.
pub const AT_REST_MEANS: &str = "The broker is not running: this is what lies on its disk";
/// Added to a record without a value.
pub const TOMBSTONE: &str = ", a tombstone: deletes its key";
/// Added to a record that the leader does not have.
pub const DIVERGENT: &str = ", not in the leader's log";
/// The other copies of the metadata log.
pub const COPIES: &str = "Copies of the metadata log, and how many records each lacks";

/// A copy of the metadata log in full.
pub fn copy(copy: &QuorumRow, behind: i64) -> String {
    let what = if copy.votes { "votes" } else { "follows" };
    match copy.log_end_offset {
        -1 => format!("{} {what} and has not fetched yet", node_name(copy.id)),
        end => {
            format!("{} {what}, copy ends at {}, lacks {}", node_name(copy.id), grouped(end), grouped(behind.max(0)))
        }
    }
}

/// A copy of the metadata log: its node and what it lacks.
pub fn copy_short(copy: &QuorumRow, behind: i64) -> String {
    match (copy.log_end_offset, behind) {
        (-1, _) => format!("{}: ?", copy.id),
        (_, ..=0) => format!("{}: \u{2713}", copy.id),
        (_, behind) => format!("{}: \u{2212}{}", copy.id, grouped(behind)),
    }
}

/// A segment.
pub fn segment(segment: &SegmentBar, active: bool) -> String {
    let active = if active { ", active: appends go here" } else { "" };
    format!("{:020}.log, {} bytes{active}", segment.base_offset, segment.size_bytes)
}

/// The segments of a log.
pub fn segments(replica: &ReplicaStrip) -> String {
    let count = replica.older_segments + replica.segments.len() as u64;
    format!("{count} segments of {}-{}", replica.topic, replica.partition)
}

/// Offsets without a record.
pub fn gap(count: i64) -> String {
    format!("{} offsets without a record: compacted away, or markers of transactions", grouped(count))
}

/// Where a log leaves its leader's.
pub fn diverges(offset: i64) -> String {
    format!("From offset {offset} on this log is not the leader's: the tail is cut when it follows")
}

/// A node's port and process.
pub fn process(port: u16, pid: u32) -> String {
    format!("localhost:{port}, process {pid}")
}

/// A controller's epoch and offsets.
pub fn quorum(card: &ControllerCard) -> String {
    format!("epoch {} \u{b7} offset {}", card.epoch, grouped(card.log_end_offset))
}

/// A link that is not as it should be, seen from where it starts.
pub fn link_note(link: &LinkRow) -> String {
    let to = node_name(link.to);
    format!("{} to {to}", super::link_words(link))
}

/// A leader epoch.
pub fn epoch(epoch: i32) -> String {
    format!("epoch {epoch}")
}

/// A strip's offsets.
pub fn offsets(replica: &ReplicaStrip) -> String {
    let (start, end) = (grouped(replica.log_start_offset), grouped(replica.log_end_offset));
    format!("start {start} \u{b7} HW {} \u{b7} LEO {end}", grouped(replica.high_watermark))
}

/// A row's offsets.
pub fn offsets_short(replica: &ReplicaStrip) -> String {
    format!("HW {} LEO {}", grouped(replica.high_watermark), grouped(replica.log_end_offset))
}

/// A topic's replicas, counted.
pub fn count(count: &TopicCount) -> String {
    let (records, behind) = (grouped(count.records), count.replicas - count.in_sync);
    let behind = if behind > 0 { format!(", {behind} out of sync") } else { String::new() };
    format!("{} replicas, {} leaders, {records} records{behind}", count.replicas, count.leaders)
}

/// Where a log starts.
pub fn log_start(offset: i64) -> String {
    format!("Log start offset {offset}: older records were deleted")
}

/// Records that are not drawn.
pub fn more(count: i64) -> String {
    format!("{} older records", grouped(count))
}

/// Where an epoch begins.
pub fn epoch_begins(epoch: i32) -> String {
    format!("Leader epoch {epoch} begins")
}

/// The high watermark.
pub fn high_watermark(offset: i64) -> String {
    format!("High watermark {offset}: consumers read up to here")
}

/// The end of a log.
pub fn log_end(offset: i64) -> String {
    format!("Log end offset {offset}: the next record goes here")
}

/// A replica in words.
pub fn replica(replica: &ReplicaStrip) -> String {
    let role = if replica.is_leader { "leader" } else { "follower" };
    let sync = match (replica.in_sync, replica.eligible) {
        (true, _) => IN_SYNC,
        (false, true) => ELIGIBLE,
        (false, false) => OUT_OF_SYNC,
    };
    let mut words = format!(
        "{}-{}, {role}, {sync}, log start {}, high watermark {}, log end {}",
        replica.topic, replica.partition, replica.log_start_offset, replica.high_watermark, replica.log_end_offset
    );
    if let Some(offset) = replica.diverges_at {
        words.push_str(&format!(", not the leader's log from {offset} on"));
    }
    if replica.segments.len() > 1 {
        let named = replica.segments.iter().map(|segment| segment.base_offset.to_string()).collect::<Vec<_>>();
        words.push_str(&format!(", segments from {}", named.join(", ")));
    }
    words
}

/// A record in words.
pub fn record(offset: i64, key: Option<&str>, value: Option<&str>) -> String {
    let key = key.map_or_else(String::new, |key| format!("key {key}, "));
    format!("offset {offset}, {key}value {}", value.unwrap_or("null"))
}

/// A client.
pub fn client(kind: &str, pid: u32) -> String {
    format!("{kind}, process {pid}")
}

/// Where a client runs.
pub fn client_place(card: &ClientCard) -> String {
    let terminal = card.terminal.map_or_else(String::new, |terminal| format!("terminal {}, ", terminal + 1));
    format!("{terminal}pid {}", card.pid)
}

/// With whom a client talks.
pub fn connected_to(brokers: &[i32]) -> String {
    format!("connected to {}", brokers.iter().map(i32::to_string).collect::<Vec<_>>().join(", "))
}

/// Ends a client, in full.
pub fn kill_client(pid: u32) -> String {
    format!("{KILL_CLIENT} process {pid}")
}

/// What a client has done.
pub fn records(kind: ClientKind, number: &str) -> String {
    match kind {
        ClientKind::Producer => format!("{number} {} acknowledged", counted(number)),
        ClientKind::Consumer => format!("{number} {} read", counted(number)),
        ClientKind::Admin => "asks the cluster".to_owned(),
    }
}

fn counted(number: &str) -> &'static str {
    if number == "1" { "record" } else { "records" }
}

/// A consumer's group.
pub fn in_group(group: &str) -> String {
    format!("group {group}")
}

/// Where a consumer is.
pub fn position(at: &PositionRow) -> String {
    format!("{}-{} next {}", at.topic, at.partition, grouped(at.position))
}

/// A group.
pub fn group(id: &str) -> String {
    format!("Group {id}")
}

/// A group's generation and coordinator.
pub fn group_about(generation: i32, coordinator: &str) -> String {
    format!("generation {generation}, coordinator {coordinator}")
}

/// What a member was assigned.
pub fn assigned(partitions: &[String]) -> String {
    if partitions.is_empty() { "nothing assigned".to_owned() } else { partitions.join(", ") }
}

/// A committed offset.
pub fn committed(topic: &str, partition: i32, offset: i64, lag: Option<i64>) -> String {
    let lag = lag.map_or_else(String::new, |lag| format!(" \u{b7} lag {}", grouped(lag)));
    format!("{topic}-{partition} committed {}{lag}", grouped(offset))
}

/// The way of a frame.
pub fn way(flight: &Flight) -> String {
    format!(" {} \u{2192} {}", node_name(flight.from), node_name(flight.to))
}

/// Frames that are not listed.
pub fn more_flights(count: usize) -> String {
    format!("and {count} more")
}
