//! A partition as all its replicas together were seen. Serves the watch; invariant: what is committed is what any leader's high
//! watermark has passed, batch by batch.

use super::{
    Key,
    replica::{BrokerMemo, Change, Lain},
};
use crate::simulate::broken::Broken;
use ottla_world::Pid;
use std::collections::{BTreeMap, BTreeSet};

/// Who led in an epoch, and how far its high watermark came.
#[derive(Clone, Copy, Debug)]
struct Led {
    broker: i32,
    pid: Pid,
    high_watermark: i64,
}

/// A partition.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) topic: String,
    pub(super) partition: i32,
    /// Producers, by id and epoch, of whose last batches a leader knew some only.
    pub(super) forgotten: BTreeSet<(i64, i16)>,
    /// How far it is committed.
    pub(super) high_watermark: i64,
    /// A leader ended in the midst of an event: how far it had committed then was not seen.
    pub(super) unseen: bool,
    /// Of the newest metadata.
    pub(super) partition_epoch: i32,
    /// What is committed may be lost: the topic allows unclean elections, or too much has gone wrong.
    pub(super) lax: bool,
    epochs: BTreeMap<i32, Led>,
    /// Committed batches by base offset.
    committed: BTreeMap<i64, Lain>,
    /// Check sums of the batches of each leader epoch.
    matching: BTreeMap<(i32, i64), u32>,
}

impl Place {
    pub(super) fn new(topic: &str, partition: i32, lax: bool) -> Place {
        Place {
            topic: topic.to_owned(),
            partition,
            forgotten: BTreeSet::new(),
            high_watermark: 0,
            unseen: false,
            partition_epoch: -1,
            lax,
            epochs: BTreeMap::new(),
            committed: BTreeMap::new(),
            matching: BTreeMap::new(),
        }
    }

    pub(super) fn grow_lax(&mut self) {
        self.lax = true;
    }

    fn name(&self) -> String {
        format!("{}-{}", self.topic, self.partition)
    }

    /// A replica is not as it was; true if more is committed than before.
    pub(super) fn replica_changed(
        &mut self,
        broker: i32,
        pid: Pid,
        change: &Change,
        brokers: &BTreeMap<i32, BrokerMemo>,
    ) -> Result<bool, Broken> {
        if !change.compacted {
            self.matches(broker, change)?;
        }
        let Some(epoch) = change.leads else { return Ok(false) };
        let Some(batches) = brokers.get(&broker).and_then(|memo| memo.batches_of(change.key)) else { return Ok(false) };
        let newest = self.epochs.last_key_value().is_none_or(|(newest, _)| epoch >= *newest);
        let first = self.leads(broker, pid, epoch, change.high_watermark)?;
        if first && newest {
            self.takes_over(broker, epoch, change, batches)?;
        }
        if change.high_watermark <= self.high_watermark {
            return Ok(false);
        }
        let (from, to) = (self.high_watermark, change.high_watermark);
        self.high_watermark = to;
        let passed = batches.range(..to).rev().take_while(|(_, lain)| lain.next > from);
        self.committed.extend(passed.map(|(base, lain)| (*base, *lain)));
        // A compacted log lacks what a later record of the key has replaced.
        if !newest && !change.compacted {
            self.newest_has_it(change.key, brokers)?;
        }
        Ok(true)
    }

    /// What a leader appends in an epoch at an offset is the same in every log.
    fn matches(&mut self, broker: i32, change: &Change) -> Result<(), Broken> {
        for (base, lain) in &change.appended {
            let known = *self.matching.entry((lain.epoch, *base)).or_insert(lain.crc);
            if known != lain.crc {
                let (name, epoch, crc) = (self.name(), lain.epoch, lain.crc);
                return Err(Broken::LogMatching(format!(
                    "{name}@{base} in epoch {epoch}: broker {broker} has a batch with CRC {crc:08x}, another had {known:08x}"
                )));
            }
        }
        Ok(())
    }

    /// Somebody leads; true if it was not seen to lead in this epoch before.
    fn leads(&mut self, broker: i32, pid: Pid, epoch: i32, high_watermark: i64) -> Result<bool, Broken> {
        let name = self.name();
        let mut first = false;
        let led = self.epochs.entry(epoch).or_insert_with(|| {
            first = true;
            Led { broker, pid, high_watermark }
        });
        if led.broker != broker {
            let other = led.broker;
            return Err(Broken::TwoLeaders(format!("brokers {other} and {broker} lead {name} in epoch {epoch}")));
        }
        if led.pid != pid {
            // Started again, before the controller knows of it: the high watermark is that of its last checkpoint.
            *led = Led { broker, pid, high_watermark };
        }
        if high_watermark < led.high_watermark {
            let before = led.high_watermark;
            return Err(Broken::HighWatermark(format!(
                "{name} in epoch {epoch}: from {before} to {high_watermark} on broker {broker}"
            )));
        }
        led.high_watermark = high_watermark;
        Ok(first)
    }

    /// A new leader has everything that is committed; or, where records may be lost, that is what is committed now.
    fn takes_over(
        &mut self,
        broker: i32,
        epoch: i32,
        change: &Change,
        batches: &BTreeMap<i64, Lain>,
    ) -> Result<(), Broken> {
        if self.lax {
            self.high_watermark = self.high_watermark.min(change.end);
            self.committed.retain(|base, lain| batches.get(base) == Some(lain));
            return Ok(());
        }
        if change.end < self.high_watermark {
            return Err(Broken::Lost(format!(
                "{}: broker {broker} leads in epoch {epoch} with a log up to {}, committed is up to {}",
                self.name(),
                change.end,
                self.high_watermark
            )));
        }
        if change.compacted {
            return Ok(());
        }
        self.has_committed(broker, change.start, batches)
    }

    fn has_committed(&self, broker: i32, start: i64, batches: &BTreeMap<i64, Lain>) -> Result<(), Broken> {
        let lacks = |(base, lain): &(&i64, &Lain)| batches.get(base) != Some(lain);
        match self.committed.range(start..).find(lacks) {
            None => Ok(()),
            Some((base, lain)) => Err(Broken::Lost(format!(
                "{}@{base}: committed is {lain:?}, leader {broker} has {:?}",
                self.name(),
                batches.range(..=base).next_back()
            ))),
        }
    }

    /// A leader of old committed something: the newest leader has it too.
    fn newest_has_it(&self, key: Key, brokers: &BTreeMap<i32, BrokerMemo>) -> Result<(), Broken> {
        let Some((_, led)) = self.epochs.last_key_value().filter(|_| !self.lax) else { return Ok(()) };
        let memo = brokers.get(&led.broker);
        let Some(batches) = memo.and_then(|memo| memo.batches_of(key)) else { return Ok(()) };
        let start = batches.keys().next().copied().unwrap_or(0);
        self.has_committed(led.broker, start, batches)
    }
}
