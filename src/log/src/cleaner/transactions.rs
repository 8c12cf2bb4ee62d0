//! Which batches a transaction's end makes superfluous (`CleanedTransactionMetadata`).
//!
//! Serves both passes of a cleaning. Invariant: a marker goes only when no batch of its transaction is left.

use crate::AbortedTransaction;
use crate::segment::end_transaction_marker;
use ottla_records::Batch;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Whether a batch's records have to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It counts.
    Needed,
    /// It belongs to an aborted transaction, or is the marker of a transaction of which nothing is left.
    Discardable,
}

/// The transactions met so far, from the start of the log on.
#[derive(Debug, Default)]
pub(super) struct CleanedTransactions {
    /// Aborted ones still to come, by first offset.
    to_come: VecDeque<AbortedTransaction>,
    /// Aborted ones whose marker is still to come, by producer; and whether a batch of it was seen.
    aborted: BTreeMap<i64, (AbortedTransaction, bool)>,
    /// Producers of others of which a batch was seen.
    committed: BTreeSet<i64>,
    /// Aborted ones of which a batch is left: readers have to know them.
    kept: Vec<AbortedTransaction>,
}

impl CleanedTransactions {
    /// Aborted transactions of the part that comes next.
    pub(super) fn expect(&mut self, transactions: impl Iterator<Item = AbortedTransaction>) {
        let known: BTreeSet<i64> = self.to_come.iter().map(|txn| txn.first_offset).collect();
        self.to_come.extend(transactions.filter(|txn| !known.contains(&txn.first_offset)));
        self.to_come.make_contiguous().sort_by_key(|txn| txn.first_offset);
    }

    /// The next batch in the order of the log.
    pub(super) fn see(&mut self, batch: &Batch) -> Verdict {
        let header = &batch.header;
        while let Some(next) = self.to_come.front().filter(|txn| txn.first_offset <= header.last_offset()) {
            self.aborted.entry(next.producer_id).or_insert((*next, false));
            self.to_come.pop_front();
        }
        if header.is_control() { self.see_marker(batch) } else { self.see_data(batch) }
    }

    fn see_data(&mut self, batch: &Batch) -> Verdict {
        if !batch.header.is_transactional() {
            return Verdict::Needed;
        }
        if let Some((_, seen)) = self.aborted.get_mut(&batch.header.producer_id) {
            *seen = true;
            return Verdict::Discardable;
        }
        self.committed.insert(batch.header.producer_id);
        Verdict::Needed
    }

    fn see_marker(&mut self, batch: &Batch) -> Verdict {
        if batch.header.records_count == 0 {
            // It was cleaned already.
            return Verdict::Discardable;
        }
        let id = batch.header.producer_id;
        match end_transaction_marker(batch) {
            Some(marker) if marker.committed => {
                if self.committed.remove(&id) {
                    Verdict::Needed
                } else {
                    Verdict::Discardable
                }
            }
            Some(_) => match self.aborted.remove(&id) {
                Some((transaction, true)) => {
                    self.kept.push(transaction);
                    Verdict::Needed
                }
                _ => Verdict::Discardable,
            },
            None => Verdict::Needed,
        }
    }

    /// The aborted transactions that ended since the last call and of which something is left.
    pub(super) fn take_kept(&mut self) -> Vec<AbortedTransaction> {
        std::mem::take(&mut self.kept)
    }
}
