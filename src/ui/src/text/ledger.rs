//! The words of the guarantee ledger. Serves its panel and its tables; invariant: a loss that Kafka allows is named with what
//! allows it.

use super::node_name;
use crate::model::time::{elapsed, grouped};
use ottla_lab::protocol::{LedgerEntryKind, LedgerEntryRow, LedgerEventRow, LedgerPartitionRow};

/// The panel.
pub const LEDGER: &str = "Guarantees: what was promised, and what became of it";
/// Nothing was written yet.
pub const NOTHING: &str = "No producer has written anything yet.";
/// What went wrong.
pub const ENTRIES: &str = "What went wrong with promised records";
/// Nothing did.
pub const NO_ENTRIES: &str = "Nothing was lost, repeated or reordered.";
/// The heads of the table, a partition a row.
pub const HEAD: &[&str] = &[
    "Partition",
    "Acknowledged, acks=1",
    "Acknowledged, acks=all",
    "Unconfirmed, acks=0",
    "Durable",
    "Readable",
    "Lost",
    "Duplicated",
    "Out of order",
];
/// The heads of the table of what went wrong.
pub const ENTRY_HEAD: &[&str] = &["Records", "What", "Why", "Events"];
/// What the columns mean.
pub const ABOUT: &str = "Durable: on as many replicas as min.insync.replicas asks for. Readable: below the high watermark. \
    Lost: acknowledged, and the present leader\u{2019}s log has not got it.";

/// The cells of a partition's row, its name apart.
pub fn cells(row: &LedgerPartitionRow) -> [String; 8] {
    let kept = |number: u64| if row.has_leader { count(number) } else { "no leader".to_owned() };
    [
        count(row.by_leader),
        count(row.by_all),
        count(row.unconfirmed),
        kept(row.durable),
        kept(row.readable),
        count(row.lost),
        count(row.duplicated),
        count(row.out_of_order),
    ]
}

/// A partition's name.
pub fn partition(row: &LedgerPartitionRow) -> String {
    format!("{}-{}", row.topic, row.partition)
}

/// What went wrong, in a word.
pub fn kind(entry: &LedgerEntryRow) -> &'static str {
    match entry.kind {
        LedgerEntryKind::Lost if entry.found_again => "lost, found again",
        LedgerEntryKind::Lost => "lost",
        LedgerEntryKind::Duplicated => "duplicated",
        LedgerEntryKind::OutOfOrder => "out of order",
    }
}

/// Which records.
pub fn records(entry: &LedgerEntryRow) -> String {
    let last = entry.first_offset.saturating_add_unsigned(entry.records.saturating_sub(1));
    let offsets = if entry.records == 1 {
        format!("offset {last}")
    } else {
        format!("offsets {}\u{2013}{last}", entry.first_offset)
    };
    format!("{}-{}, {offsets}", entry.topic, entry.partition)
}

/// An event of a record.
pub fn event(event: &LedgerEventRow) -> String {
    let place = event.node.map_or_else(String::new, |node| format!("{}: ", node_name(node)));
    format!("{}  {place}{}", elapsed(event.at_us), event.text)
}

fn count(number: u64) -> String {
    grouped(i64::try_from(number).unwrap_or(i64::MAX))
}
