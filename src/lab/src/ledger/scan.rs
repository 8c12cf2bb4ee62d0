//! Reading leaders' logs: forward as they grow, and again where a new leader might differ. Serves the ledger; invariant: a log is
//! read from its own broker's disk, each byte once for each leader.

use super::{
    Election, Ledger, Place,
    account::{Account, records_of},
    entry::{Cause, Entry, Kind, Moment},
};
use crate::Cluster;
use ottla_broker::ReplicaMarks;
use ottla_records::{BatchHeader, Batches};
use ottla_world::{Disk, World};
use std::{collections::BTreeMap, sync::Arc};

/// Bytes read at once.
const CHUNK_BYTES: u64 = 1 << 20;
/// So many chunks are read at one moment at most; what is beyond them is passed over.
const CHUNKS: usize = 64;

impl Ledger {
    /// Reads on in a leader's log.
    pub(super) fn follow(&mut self, world: &World, cluster: &Cluster, place: &Place) {
        let Some(account) = self.accounts.get_mut(place).map(Arc::make_mut) else { return };
        let Some((marks, disk)) = leader_of(world, cluster, place) else { return };
        let from = account.read_to.unwrap_or(marks.high_watermark).max(marks.log.log_start_offset());
        let mut read_to = from;
        each_batch(&marks, disk, from, |header| {
            read_to = header.next_offset();
            account.saw(header);
        });
        account.read_to = Some(read_to);
    }

    /// Compares what was promised with the log of a new leader.
    pub(super) fn compare(&mut self, world: &World, cluster: &Cluster, place: &Place, election: &Election) {
        let Some((marks, disk)) = replica_of(world, cluster, election.node, place) else { return };
        let Some(account) = self.accounts.get_mut(place).map(Arc::make_mut) else { return };
        let (start, end) = (marks.log.log_start_offset(), marks.log_end_offset);
        let oldest = account.promises.keys().next().map_or(end, |(base, _)| *base);
        let mut batches: BTreeMap<i64, BatchHeader> = BTreeMap::new();
        each_batch(&marks, disk, oldest.max(start), |header| {
            batches.insert(header.base_offset, *header);
        });
        let gone = |base: i64, promise: &super::account::Promise| {
            if base < start {
                return false;
            }
            let there = batches.range(..=base).next_back().map(|(_, header)| header);
            let there = there.filter(|header| header.last_offset() >= base);
            promise.end > end
                || there.is_some_and(|header| {
                    let same_epoch = promise.epoch.is_none_or(|epoch| epoch == header.partition_leader_epoch);
                    // Compaction makes smaller batches with other sums, in their old places and epochs.
                    let whole = header.base_offset == base && header.next_offset() == promise.end;
                    let rewritten = u64::from(header.records_count.max(0).unsigned_abs()) != promise.records;
                    !same_epoch || (whole && !rewritten && header.crc != promise.crc)
                })
        };
        let mut lost = Vec::new();
        for ((base, _), promise) in &mut account.promises {
            let is_gone = gone(*base, promise);
            if is_gone && !promise.lost {
                account.counts.lost += promise.records;
                lost.push((*base, promise.clone()));
            } else if promise.lost && !is_gone {
                account.counts.lost = account.counts.lost.saturating_sub(promise.records);
                found_again(&mut account.entries, *base, election);
            }
            promise.lost = is_gone;
        }
        let first_lost = lost.first().map_or(i64::MAX, |(base, _)| *base);
        account.fold_lost(end, election);
        if !lost.is_empty() {
            let before = self.lines.iter().filter(|line| tells_of(&line.text, place, &lost)).map(Moment::of).collect();
            account.describe_losses(lost, election, end, before);
            self.unexplained.insert(place.clone());
        }
        account.read_again_from(first_lost.min(end));
        self.grown.insert(place.clone());
    }
}

impl Account {
    /// A batch stands in the leader's log.
    fn saw(&mut self, header: &BatchHeader) {
        let promises = self.promises.range_mut((header.base_offset, 0)..=(header.base_offset, u64::MAX));
        for (_, promise) in promises.filter(|(_, promise)| promise.crc == header.crc && promise.epoch.is_none()) {
            promise.epoch = Some(header.partition_leader_epoch);
        }
        let Some(sent) = self.sent.get_mut(&header.crc) else { return };
        if sent.seen_at.contains(&header.base_offset) {
            return;
        }
        sent.seen_at.push(header.base_offset);
        if sent.seen_at.len() <= sent.meant as usize {
            return;
        }
        let records = records_of(header);
        let (first, mut events) = (sent.seen_at[0], sent.moments.clone());
        if let Some(last) = events.last().cloned() {
            let text = format!("it stands at offset {first} and at offset {}", header.base_offset);
            events.push(Moment { text, node: None, ..last });
        }
        self.counts.duplicated += records;
        self.describe(Entry::new(Kind::Duplicated, header.base_offset, records, Cause::SentAgain, events));
    }

    /// The log may differ from here on: what was seen behind is seen anew.
    fn read_again_from(&mut self, offset: i64) {
        if self.read_to.is_some_and(|to| to > offset) {
            self.read_to = Some(offset);
            self.sent.values_mut().for_each(|sent| sent.seen_at.retain(|at| *at < offset));
        }
    }

    /// Promises that are only counted can be missing as well.
    fn fold_lost(&mut self, log_end_offset: i64, election: &Election) {
        let (records, end) = self.folded;
        let missing = u64::try_from(end - log_end_offset).unwrap_or(0).min(records);
        if missing > 0 {
            self.folded = (records - missing, log_end_offset);
            self.counts.lost += missing;
            let cause = Cause::Known(format!("broker {} led with a log that ended at {log_end_offset}", election.node));
            let events = vec![Moment::of(&election.line)];
            self.describe(Entry::new(Kind::Lost, log_end_offset, missing, cause, events));
        }
    }

    /// Describes lost batches, neighbours together.
    fn describe_losses(
        &mut self,
        lost: Vec<(i64, super::account::Promise)>,
        election: &Election,
        log_end_offset: i64,
        before: Vec<Moment>,
    ) {
        let (leader, epoch) = (election.node, election.epoch);
        let mut open: Option<Entry> = None;
        for (base, promise) in lost {
            let (acks, acknowledged_by) = (promise.acks, promise.node);
            let cause = Cause::Unknown { leader, epoch, log_end_offset, acks, acknowledged_by };
            if let Some(entry) = &mut open {
                if entry.end_offset == base && entry.cause == cause {
                    (entry.end_offset, entry.records) = (promise.end, entry.records + promise.records);
                    continue;
                }
                self.describe(entry.clone());
            }
            let mut entry =
                Entry::new(Kind::Lost, base, promise.records, cause, vec![promise.asked, promise.told.clone()]);
            entry.end_offset = promise.end;
            before.iter().filter(|moment| moment.at >= promise.told.at).for_each(|moment| entry.add(moment.clone()));
            let mut leads = Moment::of(&election.line);
            leads.text = format!("{}; its log ends at {log_end_offset}", leads.text);
            entry.events.retain(|moment| moment.line != leads.line);
            entry.add(leads);
            open = Some(entry);
        }
        open.into_iter().for_each(|entry| self.describe(entry));
    }
}

fn found_again(entries: &mut std::collections::VecDeque<Entry>, base: i64, election: &Election) {
    let holds =
        |e: &&mut Entry| e.kind == Kind::Lost && e.first_offset <= base && base < e.end_offset && !e.found_again;
    for entry in entries.iter_mut().filter(holds) {
        entry.found_again = true;
        let mut moment = Moment::of(&election.line);
        moment.text = format!("{}; its log has the records", moment.text);
        entry.add(moment);
    }
}

/// Whether a line may be part of why records are lost: the partition's own elections, faults of who acknowledged them.
fn tells_of(text: &str, place: &Place, lost: &[(i64, super::account::Promise)]) -> bool {
    let name = format!("{}-{} leader=", place.0, place.1);
    let fault_of = |node: i32| {
        let starts = [format!("node {node} "), format!("broker-{node} "), format!("disk of broker-{node} ")];
        starts.iter().any(|start| text.starts_with(start.as_str()))
    };
    text.contains(&name) || lost.iter().filter_map(|(_, promise)| promise.node).any(fault_of)
}

/// The leader's log, if a living broker believes itself to be the leader: of several the one of the newest epoch.
fn leader_of<'w>(world: &'w World, cluster: &Cluster, place: &Place) -> Option<(ReplicaMarks<'w>, &'w Disk)> {
    let nodes = cluster.nodes.keys().filter_map(|node| replica_of(world, cluster, *node, place));
    nodes.filter(|(marks, _)| marks.is_leader).max_by_key(|(marks, _)| marks.leader_epoch)
}

fn replica_of<'w>(
    world: &'w World,
    cluster: &Cluster,
    node: i32,
    place: &Place,
) -> Option<(ReplicaMarks<'w>, &'w Disk)> {
    let marks = cluster.broker(world, node)?.replica_marks(&place.0, place.1)?;
    Some((marks, world.disk(cluster.host(node)?)))
}

fn each_batch(marks: &ReplicaMarks<'_>, disk: &Disk, from: i64, mut see: impl FnMut(&BatchHeader)) {
    let mut offset = from;
    for _ in 0..CHUNKS {
        let Ok(bytes) = marks.log.read(disk, offset, CHUNK_BYTES, marks.log_end_offset, true) else { return };
        let before = offset;
        for batch in Batches::new(bytes).map_while(Result::ok) {
            offset = batch.header.next_offset();
            see(&batch.header);
        }
        if offset <= before {
            return;
        }
    }
}
