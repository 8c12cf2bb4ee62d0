//! One partition's account: what was sent to it and promised. Serves the ledger; invariant: what is remembered is bounded, and
//! the counts are kept as things happen.

use super::{
    Talked,
    entry::{Cause, Entry, Kind, Moment},
};
use crate::protocol::EventLine;
use ottla_records::BatchHeader;
use ottla_world::{Pid, Time};
use std::collections::{BTreeMap, VecDeque};

/// So many acknowledged batches of a partition are remembered one by one.
pub(super) const PROMISES: usize = 2000;
/// So many batches that were sent are remembered by their check sums.
const SENT: usize = 2000;
/// So many acknowledged batches of one producer are looked at for their order: more than can be in flight.
const IN_FLIGHT: usize = 32;
/// So many producers are remembered at once.
const PRODUCERS: usize = 256;
/// So many losses, duplicates and disorders of a partition are described; the rest is counted.
pub(super) const ENTRIES: usize = 30;

/// Numbers of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Acknowledged with `acks=1`.
    pub(super) by_leader: u64,
    /// Acknowledged with `acks=all`.
    pub(super) by_all: u64,
    /// Sent with `acks=0`.
    pub(super) unconfirmed: u64,
    pub(super) lost: u64,
    pub(super) out_of_order: u64,
    pub(super) duplicated: u64,
}

/// An acknowledged batch.
#[derive(Clone, Debug)]
pub(super) struct Promise {
    /// The offset behind its last record.
    pub(super) end: i64,
    pub(super) records: u64,
    pub(super) crc: u32,
    pub(super) acks: i16,
    pub(super) node: Option<i32>,
    /// The leader epoch it was appended in, once it was seen in the leader's log.
    pub(super) epoch: Option<i32>,
    pub(super) asked: Moment,
    pub(super) told: Moment,
    pub(super) lost: bool,
}

/// A batch that was sent, by its check sum.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// How many batches with this sum were meant: one, unless a producer sent the like again after an acknowledgement.
    pub(super) meant: u32,
    /// The places where it was seen in the log.
    pub(super) seen_at: Vec<i64>,
    pid: Pid,
    /// Its place in the order of first arrivals.
    order: u64,
    acknowledged: bool,
    /// Its arrivals.
    pub(super) moments: Vec<Moment>,
}

/// What was sent to a partition and promised of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) counts: Counts,
    /// By base offset and a running number: a lost batch and its successor stand at the same offset.
    pub(super) promises: BTreeMap<(i64, u64), Promise>,
    /// Older promises that are only counted: how many records, and the offset behind the last.
    pub(super) folded: (u64, i64),
    pub(super) sent: BTreeMap<u32, Sent>,
    forget_next: VecDeque<u32>,
    /// The newest acknowledgements of each producer: order and base offset.
    recent: BTreeMap<Pid, VecDeque<(u64, i64)>>,
    next_number: u64,
    /// How far the leader's log was read.
    pub(super) read_to: Option<i64>,
    pub(super) entries: VecDeque<Entry>,
    /// Entries that are no longer described.
    pub(super) forgotten_entries: u64,
}

impl Account {
    /// A batch has arrived at a broker, perhaps not for the first time.
    pub(super) fn asked(&mut self, by: Talked, header: &BatchHeader) {
        let records = records_of(header);
        if by.acks == 0 {
            self.counts.unconfirmed += records;
        }
        let whom = by.node.map_or_else(|| "a broker".to_owned(), |node| format!("broker {node}"));
        let moment = |again: &str| {
            let text = format!("process {} asked {whom} to write {}{again}", by.pid.0, counted(records));
            Moment { at: by.at, node: Some(0), text, line: None }
        };
        let order = self.next_number;
        self.next_number += 1;
        if let Some(sent) = self.sent.get_mut(&header.crc) {
            if sent.pid == by.pid && !sent.acknowledged {
                if sent.moments.len() < ENTRIES {
                    sent.moments.push(moment(" again"));
                }
            } else {
                sent.meant += 1;
                (sent.pid, sent.order, sent.acknowledged, sent.moments) = (by.pid, order, false, vec![moment("")]);
            }
            return;
        }
        if self.forget_next.len() >= SENT
            && let Some(oldest) = self.forget_next.pop_front()
        {
            self.sent.remove(&oldest);
        }
        self.forget_next.push_back(header.crc);
        let (pid, moments) = (by.pid, vec![moment("")]);
        self.sent.insert(header.crc, Sent { meant: 1, seen_at: Vec::new(), pid, order, acknowledged: false, moments });
    }

    /// A producer was told that its batch stands at `base_offset`.
    pub(super) fn acknowledged(&mut self, by: Talked, base_offset: i64, header: &BatchHeader) {
        if base_offset < 0 {
            return;
        }
        let records = records_of(header);
        match by.acks {
            1 => self.counts.by_leader += records,
            _ => self.counts.by_all += records,
        }
        let acks = if by.acks == 1 { "acks=1" } else { "acks=all" };
        let text = format!("acknowledged at offset {base_offset} ({acks})");
        let told = Moment { at: by.at, node: by.node, text, line: None };
        let sent = self.sent.get_mut(&header.crc);
        let first = sent.as_ref().and_then(|sent| sent.moments.first().cloned());
        let asked = first.unwrap_or_else(|| told.clone());
        if let Some(sent) = sent {
            sent.acknowledged = true;
            let order = sent.order;
            self.check_order(by.pid, order, base_offset, records, [&asked, &told]);
        }
        let end = base_offset + i64::from(header.last_offset_delta) + 1;
        let (crc, acks, node) = (header.crc, by.acks, by.node);
        let promise = Promise { end, records, crc, acks, node, epoch: None, asked, told, lost: false };
        self.promises.insert((base_offset, self.next_number), promise);
        self.next_number += 1;
        if self.promises.len() > PROMISES
            && let Some((_, old)) = self.promises.pop_first()
            && !old.lost
        {
            self.folded = (self.folded.0 + old.records, self.folded.1.max(old.end));
        }
    }

    fn check_order(&mut self, pid: Pid, order: u64, base_offset: i64, records: u64, moments: [&Moment; 2]) {
        if self.recent.len() >= PRODUCERS && !self.recent.contains_key(&pid) {
            self.recent.pop_first();
        }
        let recent = self.recent.entry(pid).or_default();
        let later_before = recent.iter().find(|(o, at)| *o > order && *at < base_offset).map(|(_, at)| *at);
        if recent.len() >= IN_FLIGHT {
            recent.pop_front();
        }
        recent.push_back((order, base_offset));
        let Some(other) = later_before else { return };
        self.counts.out_of_order += records;
        let text = format!("what the same producer sent later stands before it, at offset {other}");
        let events = vec![moments[0].clone(), moments[1].clone(), Moment { text, ..moments[1].clone() }];
        self.describe(Entry::new(Kind::OutOfOrder, base_offset, records, Cause::SentAgainLater, events));
    }

    pub(super) fn describe(&mut self, entry: Entry) {
        if self.entries.len() >= ENTRIES {
            self.entries.pop_front();
            self.forgotten_entries += 1;
        }
        self.entries.push_back(entry);
    }

    /// A replica threw away the end of its log.
    pub(super) fn truncated(&mut self, line: &EventLine, from: i64, to: i64) {
        let hit = |entry: &&mut Entry| entry.kind == Kind::Lost && entry.first_offset < from && entry.end_offset > to;
        self.entries.iter_mut().filter(hit).for_each(|entry| entry.add(Moment::of(line)));
    }

    /// How many acknowledged records that are not lost stand below `offset`.
    pub(super) fn kept_below(&self, offset: i64) -> u64 {
        let kept = self.counts.by_leader + self.counts.by_all - self.counts.lost;
        // What stands at or behind an offset is little: high watermarks follow log ends.
        let newest =
            self.promises.iter().rev().take_while(|((base, _), promise)| *base >= offset || promise.end > offset);
        let behind: u64 = newest.filter(|(_, promise)| !promise.lost).map(|(_, promise)| promise.records).sum();
        kept.saturating_sub(behind)
    }
}

/// How many records a batch says it holds.
pub(super) fn records_of(header: &BatchHeader) -> u64 {
    u64::from(header.records_count.max(0).unsigned_abs())
}

pub(super) fn counted(records: u64) -> String {
    if records == 1 { "1 record".to_owned() } else { format!("{records} records") }
}

impl Moment {
    /// A moment that is a line of the event log.
    pub(super) fn of(line: &EventLine) -> Moment {
        let (at, node, text) = (Time::from_micros(line.at_us), line.node, line.text.clone());
        Moment { at, node, text, line: Some(line.id) }
    }
}
