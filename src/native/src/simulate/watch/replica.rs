//! What a broker's replicas were like after its last event. Serves the watch; invariant: batches are read from the disk once,
//! when they appear.

use super::Key;
use ottla_broker::{BrokerNode, ReplicaMarks};
use ottla_log::{PartitionLog, ProducerState};
use ottla_records::Batches;
use ottla_world::{Disk, Pid};
use std::collections::BTreeMap;

/// A batch as it lies in a log: enough to tell it from any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lain {
    pub(super) epoch: i32,
    pub(super) crc: u32,
    /// The offset behind it.
    pub(super) next: i64,
}

/// A replica after its broker's last event.
#[derive(Clone, Debug)]
pub(super) struct ReplicaMemo {
    key: Key,
    high_watermark: i64,
    end: i64,
    start: i64,
    leads: Option<i32>,
    /// By base offset.
    pub(super) batches: BTreeMap<i64, Lain>,
}

/// A broker after its last event.
#[derive(Debug, Default)]
pub(super) struct BrokerMemo {
    pid: Pid,
    replicas: Vec<ReplicaMemo>,
}

/// What is new of a replica.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) key: Key,
    pub(super) topic: String,
    pub(super) high_watermark: i64,
    pub(super) end: i64,
    pub(super) start: i64,
    /// The epoch it leads in.
    pub(super) leads: Option<i32>,
    /// Batches are rewritten by compaction.
    pub(super) compacted: bool,
    /// Batches that were not there before, with their base offsets.
    pub(super) appended: Vec<(i64, Lain)>,
    /// It has just begun to lead and does not know all of the last batches of these producers: id and epoch.
    pub(super) forgot: Vec<(i64, i16)>,
}

/// How many batches of each producer a leader knows (`ProducerStateEntry.NUM_BATCHES_TO_RETAIN`).
const BATCHES_TO_RETAIN: usize = 5;

/// Producers of whose last batches a log knows some only: a snapshot has one of each.
fn forgot(log: &PartitionLog) -> Vec<(i64, i16)> {
    let part = |state: &&ProducerState| {
        let batches = state.batches();
        let from_the_start = batches.first().is_some_and(|batch| batch.first_sequence() == 0);
        !batches.is_empty() && batches.len() < BATCHES_TO_RETAIN && !from_the_start
    };
    log.producers().producers().filter(part).map(|state| (state.producer_id, state.producer_epoch)).collect()
}

fn leads(marks: &ReplicaMarks<'_>) -> Option<i32> {
    marks.is_leader.then_some(marks.leader_epoch)
}

impl BrokerMemo {
    /// Whether any replica is not as it was.
    pub(super) fn has_changed(&self, pid: Pid, node: &BrokerNode) -> bool {
        let mut known = self.replicas.iter();
        let same = node.marks().all(|marks| {
            known.next().is_some_and(|memo| {
                memo.end == marks.log_end_offset
                    && memo.high_watermark == marks.high_watermark
                    && memo.leads == leads(&marks)
                    && memo.key == (marks.topic_id, marks.partition)
                    && memo.start == marks.log.log_start_offset()
            })
        });
        self.pid != pid || !same || known.next().is_some()
    }

    /// Takes over what is new.
    pub(super) fn take(&mut self, pid: Pid, node: &BrokerNode, disk: &Disk) -> Vec<Change> {
        let mut old: BTreeMap<Key, ReplicaMemo> = BTreeMap::new();
        if self.pid == pid {
            old.extend(std::mem::take(&mut self.replicas).into_iter().map(|memo| (memo.key, memo)));
        }
        self.pid = pid;
        self.replicas.clear();
        let mut changes = Vec::new();
        for marks in node.marks() {
            let known = old.remove(&(marks.topic_id, marks.partition));
            let (memo, change) = renew(known, &marks, disk);
            self.replicas.push(memo);
            changes.extend(change);
        }
        changes
    }

    /// What this process of the broker led when it was seen last.
    pub(super) fn led_by(&self, pid: Pid) -> Vec<Key> {
        let led = self.replicas.iter().filter(|memo| self.pid == pid && memo.leads.is_some());
        led.map(|memo| memo.key).collect()
    }

    fn replica(&self, key: Key) -> Option<&ReplicaMemo> {
        self.replicas.iter().find(|memo| memo.key == key)
    }

    /// Where a replica's log ends; none if it is not open.
    pub(super) fn end_of(&self, key: Key) -> Option<i64> {
        self.replica(key).map(|memo| memo.end)
    }

    /// A replica's batches.
    pub(super) fn batches_of(&self, key: Key) -> Option<&BTreeMap<i64, Lain>> {
        self.replica(key).map(|memo| &memo.batches)
    }
}

fn renew(known: Option<ReplicaMemo>, marks: &ReplicaMarks<'_>, disk: &Disk) -> (ReplicaMemo, Option<Change>) {
    let key = (marks.topic_id, marks.partition);
    let start = marks.log.log_start_offset();
    let fresh = known.is_none();
    let mut memo = known.unwrap_or_else(|| ReplicaMemo {
        key,
        high_watermark: -1,
        end: start,
        start,
        leads: None,
        batches: BTreeMap::new(),
    });
    let (end, high_watermark) = (marks.log_end_offset, marks.high_watermark);
    let same =
        !fresh && (memo.end, memo.high_watermark, memo.leads, memo.start) == (end, high_watermark, leads(marks), start);
    if same {
        return (memo, None);
    }
    if start > memo.end {
        memo.batches.clear();
    }
    memo.batches.split_off(&end);
    let begins = marks.is_leader && (fresh || memo.leads != leads(marks));
    let forgot = if begins { forgot(marks.log) } else { Vec::new() };
    let from = memo.end.min(end).max(start);
    let appended = read(marks.log, disk, from, end);
    memo.batches.extend(appended.iter().copied());
    (memo.end, memo.high_watermark, memo.leads, memo.start) = (end, high_watermark, leads(marks), start);
    let change = Change {
        key,
        topic: marks.topic.to_owned(),
        high_watermark,
        end,
        start,
        leads: leads(marks),
        compacted: marks.log.config().cleanup_policy.compact,
        appended,
        forgot,
    };
    (memo, Some(change))
}

/// The batches of a log from one offset up to another.
fn read(log: &PartitionLog, disk: &Disk, mut from: i64, end: i64) -> Vec<(i64, Lain)> {
    let mut all = Vec::new();
    while from < end {
        let Ok(bytes) = log.read(disk, from, 1 << 20, end, true) else { break };
        let before = from;
        for batch in Batches::new(bytes).map_while(Result::ok) {
            let header = &batch.header;
            let lain = Lain { epoch: header.partition_leader_epoch, crc: header.crc, next: header.next_offset() };
            from = from.max(lain.next);
            all.push((header.base_offset, lain));
        }
        if from == before {
            break;
        }
    }
    all
}
