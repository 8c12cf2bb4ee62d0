//! The guarantee ledger: what producers were promised against what the leaders' logs hold. Serves the page and the
//! lessons; invariant: a promise is what a producer was told on the wire, its proof the batch's own check sum.

use crate::{Lab, protocol::LedgerRow, views};
use std::collections::BTreeMap;

/// The promises and what became of them, at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    acknowledged: u64,
    read: u64,
    lost: BTreeMap<(String, i32), u64>,
}

impl Ledger {
    /// Acknowledged records of a topic that are in its leaders' logs no more. A partition without a leader is not judged.
    pub fn lost_in(&self, topic: &str) -> u64 {
        self.lost.iter().filter(|((t, _), _)| t == topic).map(|(_, n)| n).sum()
    }

    pub(crate) fn row(&self) -> LedgerRow {
        LedgerRow { acknowledged: self.acknowledged, lost: self.lost.values().sum(), read: self.read }
    }
}

impl Lab {
    /// The ledger, now.
    pub fn ledger(&self) -> Ledger {
        let mut lost = BTreeMap::new();
        for (place, batches) in self.activity.acknowledged() {
            let Some(log) = views::leader_log(self, &place.0, place.1) else { continue };
            // Only after a change of leader can a batch have been replaced by another.
            let crcs = (log.leader_epoch > 0).then(|| log.crcs(&self.world));
            let gone = batches.iter().filter(|batch| {
                let end = batch.base_offset + i64::from(batch.records);
                let replaced = crcs.as_ref().and_then(|crcs| crcs.get(&batch.base_offset));
                end > log.log_end_offset || replaced.is_some_and(|crc| *crc != batch.crc)
            });
            let count: u64 = gone.map(|batch| u64::from(batch.records)).sum();
            if count > 0 {
                lost.insert(place.clone(), count);
            }
        }
        Ledger { acknowledged: self.activity.acknowledged_records(), read: self.activity.read_records(), lost }
    }
}
