//! The guarantee ledger: what producers were promised, and what became of it. Serves the page and the lessons; invariant: a
//! promise is what a producer was told on the wire, its proof the batch's own check sum and leader epoch in the leader's log.
//!
//! What the words mean here, each for a topic's partition:
//! - **acknowledged**: a producer got the answer that the record is written, by `acks=1` or `acks=all`; with `acks=0` nobody
//!   promises anything, such records are counted apart as unconfirmed.
//! - **durable**: acknowledged, in the leader's log, and known by the leader to be in the logs of `min.insync.replicas`
//!   replicas (itself included). Kafka's durability is replication: a record may be durable and nowhere flushed.
//! - **readable**: acknowledged and below the leader's high watermark.
//! - **lost**: acknowledged, and the log of a later leader has not got it: it ends before, or has another record there. Records
//!   below the log start offset were deleted as asked and are not lost. If a leader has the record again, it is not lost.
//! - **duplicated**: a batch that a producer sent (again) stands in the log more often than it was meant.
//! - **out of order**: a batch was sent to the partition before another of the same producer and stands behind it.
//!
//! It costs a few steps for each request of a producer and reads each byte of a leader's log once, and the newest part again
//! after an election. Of each partition the newest batches are remembered one by one, older ones are counted.

mod account;
mod entry;
mod rows;
mod scan;

use crate::{Cluster, Lab, PartitionStep, protocol::EventLine};
use account::Account;
use ottla_records::BatchHeader;
use ottla_world::{Pid, Time, World};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

/// A topic and a partition.
type Place = (String, i32);

/// Lines of the event log that are kept to explain what happens next.
const LINES: usize = 128;

/// Promises and what became of them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Shared with checkpoints of the lab until one of them goes on.
    accounts: BTreeMap<Place, Arc<Account>>,
    read: u64,
    /// Where a leader's log has grown, as far as is known.
    grown: BTreeSet<Place>,
    /// Who leads: partitions whose new leader's log has to be compared with what was promised.
    elected: Vec<(Place, Election)>,
    /// The newest lines of the event log.
    lines: Arc<VecDeque<EventLine>>,
    /// Losses whose cause is not found yet.
    unexplained: BTreeSet<Place>,
}

/// A broker that leads a partition from now on.
#[derive(Clone, Debug)]
struct Election {
    node: i32,
    epoch: i32,
    line: EventLine,
}

/// A request of a producer, or the answer to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talked {
    /// When it arrived.
    pub(crate) at: Time,
    /// The producer.
    pub(crate) pid: Pid,
    /// The broker.
    pub(crate) node: Option<i32>,
    /// The acknowledgements asked for.
    pub(crate) acks: i16,
}

impl Ledger {
    /// Acknowledged records of a topic that are in its leaders' logs no more. A partition without a leader is not judged anew.
    pub fn lost_in(&self, topic: &str) -> u64 {
        self.accounts_of(topic).map(|account| account.counts.lost).sum()
    }

    /// Records of a topic that stand in their log once more than they were sent.
    pub fn duplicated_in(&self, topic: &str) -> u64 {
        self.accounts_of(topic).map(|account| account.counts.duplicated).sum()
    }

    /// Records of a topic that stand behind records that their producer sent later.
    pub fn out_of_order_in(&self, topic: &str) -> u64 {
        self.accounts_of(topic).map(|account| account.counts.out_of_order).sum()
    }

    fn accounts_of(&self, topic: &str) -> impl Iterator<Item = &Account> {
        self.accounts.iter().filter(move |((name, _), _)| name == topic).map(|(_, account)| &**account)
    }

    /// A batch has reached a broker.
    pub(crate) fn asked(&mut self, by: Talked, place: (&str, i32), header: &BatchHeader) {
        let place = (place.0.to_owned(), place.1);
        Arc::make_mut(self.accounts.entry(place.clone()).or_default()).asked(by, header);
        self.grown.insert(place);
    }

    /// A producer was told that a batch stands at an offset.
    pub(crate) fn acknowledged(&mut self, by: Talked, place: (&str, i32), base_offset: i64, header: &BatchHeader) {
        let place = (place.0.to_owned(), place.1);
        Arc::make_mut(self.accounts.entry(place.clone()).or_default()).acknowledged(by, base_offset, header);
        self.grown.insert(place);
    }

    /// Records were handed to a consumer.
    pub(crate) fn handed(&mut self, records: u64) {
        self.read += records;
    }

    /// Takes in a line of the event log.
    pub(crate) fn heard(&mut self, line: &EventLine) {
        if let Some((place, epoch)) = leads(&line.text) {
            if let (Some(node), true) = (line.node, self.accounts.contains_key(&place)) {
                self.elected.push((place, Election { node, epoch, line: line.clone() }));
            }
        } else if let Some((place, from, to)) = truncated(&line.text) {
            if let Some(account) = self.accounts.get_mut(&place) {
                Arc::make_mut(account).truncated(line, from, to);
            }
        } else if let Some(topics) = line.text.strip_prefix("controller: ") {
            // A topic made anew has nothing to do with an older one of its name.
            let made = topics.split("; ").filter_map(|part| part.strip_prefix("topic ")?.strip_suffix(" created"));
            made.for_each(|name| self.accounts.retain(|(topic, _), _| topic != name));
        }
        if line.interesting {
            let lines = Arc::make_mut(&mut self.lines);
            if lines.len() == LINES {
                lines.pop_front();
            }
            lines.push_back(line.clone());
        }
    }

    /// Looks at the leaders' logs where something has moved.
    pub(crate) fn look(&mut self, world: &World, cluster: &Cluster, steps: &[PartitionStep]) {
        if !self.elected.is_empty() {
            for (place, election) in std::mem::take(&mut self.elected) {
                self.compare(world, cluster, &place, &election);
            }
        }
        if !self.grown.is_empty() {
            for place in std::mem::take(&mut self.grown) {
                self.follow(world, cluster, &place);
            }
        }
        if !self.unexplained.is_empty() {
            let accounts = &mut self.accounts;
            let unknown =
                |place: &Place| accounts.get_mut(place).is_some_and(|a| !Arc::make_mut(a).explain(place, steps));
            self.unexplained.retain(unknown);
        }
    }
}

impl Lab {
    /// The ledger, now.
    pub fn ledger(&self) -> &Ledger {
        self.activity.ledger()
    }
}

/// Topic and partition of `orders-0`.
fn place_of(name: &str) -> Option<Place> {
    let (topic, partition) = name.rsplit_once('-')?;
    Some((topic.to_owned(), partition.parse().ok()?))
}

/// A broker's line about leading: the partition and the leader epoch.
fn leads(text: &str) -> Option<(Place, i32)> {
    let (name, epoch) = text.split_once(": leader, epoch ")?;
    Some((place_of(name)?, epoch.parse().ok()?))
}

/// A broker's line about a truncation: the partition, the old and the new end of its log.
fn truncated(text: &str) -> Option<(Place, i64, i64)> {
    let (name, rest) = text.split_once(": truncated from ")?;
    let mut words = rest.split([' ', ',']);
    let from = words.next()?.parse().ok()?;
    let to = words.nth(1)?.parse().ok()?;
    Some((place_of(name)?, from, to))
}
