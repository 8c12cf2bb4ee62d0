//! The ledger as the page shows it. Serves views; invariant: plain data, bounded, and the cost of a view does not grow with the
//! records that were ever written.

use super::{
    Ledger, Place,
    account::Account,
    entry::{Entry, Kind, Moment},
};
use crate::protocol::{LedgerEntryKind, LedgerEntryRow, LedgerEventRow, LedgerPartitionRow, LedgerRow};
use ottla_broker::PartitionView;

/// So many entries go into one view, the newest.
const SHOWN: usize = 60;

impl Ledger {
    /// The ledger; `leader` finds a partition's leader as that broker has it, and its `min.insync.replicas`.
    pub(crate) fn row<'v>(&self, leader: impl Fn(&str, i32) -> Option<(&'v PartitionView, i32)>) -> LedgerRow {
        let partitions: Vec<LedgerPartitionRow> = self
            .accounts
            .iter()
            .map(|(place, account)| partition_row(place, account, leader(&place.0, place.1)))
            .collect();
        let sum = |of: fn(&LedgerPartitionRow) -> u64| partitions.iter().map(of).sum();
        let entries = self
            .accounts
            .iter()
            .flat_map(|(place, account)| account.entries.iter().map(move |entry| entry_row(place, entry)));
        let mut entries: Vec<LedgerEntryRow> = entries.collect();
        entries.sort_by_key(|entry| entry.events.last().map_or(0, |event| event.at_us));
        let entries = entries.split_off(entries.len().saturating_sub(SHOWN));
        LedgerRow {
            acknowledged: sum(|p| p.by_leader + p.by_all),
            lost: sum(|p| p.lost),
            read: self.read,
            out_of_order: sum(|p| p.out_of_order),
            duplicated: sum(|p| p.duplicated),
            partitions,
            entries,
        }
    }
}

fn partition_row(place: &Place, account: &Account, leader: Option<(&PartitionView, i32)>) -> LedgerPartitionRow {
    let counts = account.counts;
    let (durable, readable) = leader.map_or((0, 0), |(view, min_isr)| {
        let below = |offset| account.kept_below(offset);
        (durable_end(view, min_isr).map_or(0, below), below(view.high_watermark))
    });
    LedgerPartitionRow {
        topic: place.0.clone(),
        partition: place.1,
        by_leader: counts.by_leader,
        by_all: counts.by_all,
        unconfirmed: counts.unconfirmed,
        durable,
        readable,
        lost: counts.lost,
        out_of_order: counts.out_of_order,
        duplicated: counts.duplicated,
        has_leader: leader.is_some(),
    }
}

/// The offset below which `min.insync.replicas` replicas have the log, as its leader knows.
fn durable_end(view: &PartitionView, min_isr: i32) -> Option<i64> {
    let mut ends: Vec<i64> = view.followers.values().map(|follower| follower.log_end_offset).collect();
    ends.push(view.log_end_offset);
    ends.sort_unstable();
    let wanted = usize::try_from(min_isr.max(1)).ok()?;
    ends.len().checked_sub(wanted).map(|at| ends[at])
}

fn entry_row(place: &Place, entry: &Entry) -> LedgerEntryRow {
    let event = |moment: &Moment| LedgerEventRow {
        at_us: moment.at.as_micros(),
        node: moment.node,
        text: moment.text.clone(),
        line: moment.line,
    };
    LedgerEntryRow {
        kind: match entry.kind {
            Kind::Lost => LedgerEntryKind::Lost,
            Kind::OutOfOrder => LedgerEntryKind::OutOfOrder,
            Kind::Duplicated => LedgerEntryKind::Duplicated,
        },
        topic: place.0.clone(),
        partition: place.1,
        first_offset: entry.first_offset,
        records: entry.records,
        reason: entry.reason().to_owned(),
        found_again: entry.found_again,
        events: entry.events.iter().map(event).collect(),
    }
}
