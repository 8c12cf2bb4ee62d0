//! Log strips: a replica's marks and last records, read from its broker's own disk. Serves the picture;
//! invariant: each replica is read from its own disk, nothing is shared.

use crate::{
    Lab,
    protocol::{BrokerCard, RecordCell, ReplicaStrip, SegmentBar},
};
use bytes::Bytes;
use ottla_broker::{BrokerView, PartitionView, ReplicaRole};
use ottla_controller::MetadataImage;
use ottla_records::{Batch, Batches, Limits};
use ottla_world::{HostId, World};

/// Records shown of a strip.
const CELLS: usize = 32;
/// Segments shown of a strip.
const SEGMENTS: usize = 12;
/// Characters shown of a key or value.
const TEXT: usize = 40;
/// Bytes of a log looked at for one strip.
const LOOKED_AT: u64 = 1 << 20;

/// The strips of a broker's replicas; `image` is the freshest metadata, derived once for a view.
pub(super) fn strips(lab: &Lab, image: Option<&MetadataImage>, node: i32, view: &BrokerView) -> Vec<ReplicaStrip> {
    let strip = |p: &PartitionView| {
        let state = image.and_then(|image| image.partition(&p.topic, p.partition));
        let (segments, older_segments) = bars(&p.segments);
        ReplicaStrip {
            topic: p.topic.clone(),
            partition: p.partition,
            is_leader: p.role == ReplicaRole::Leader,
            in_sync: state.is_some_and(|state| state.isr.contains(&node)),
            eligible: state.is_some_and(|state| state.elr.contains(&node)),
            diverges_at: None,
            segments,
            older_segments,
            at_rest: false,
            leader_epoch: p.leader_epoch,
            log_start_offset: p.log_start_offset,
            high_watermark: p.high_watermark,
            log_end_offset: p.log_end_offset,
            cells: if p.topic.starts_with("__") { Vec::new() } else { cells(lab, node, p) },
        }
    };
    view.partitions.iter().map(strip).collect()
}

/// The last segments of a log as bars, and how many stand before them.
pub(super) fn bars(segments: &[(i64, u64)]) -> (Vec<SegmentBar>, u64) {
    let older = segments.len().saturating_sub(SEGMENTS);
    let bar =
        |(base_offset, size_bytes): &(i64, u64)| SegmentBar { base_offset: *base_offset, size_bytes: *size_bytes };
    (segments[older..].iter().map(bar).collect(), older as u64)
}

/// Marks where replicas leave their leader's log, by the records that are shown of both.
pub(super) fn mark_divergence(brokers: &mut [BrokerCard], image: &MetadataImage) {
    for at in 0..brokers.len() {
        let (id, replicas) = (brokers[at].id, std::mem::take(&mut brokers[at].replicas));
        let marked = replicas.into_iter().map(|replica| {
            let diverges_at = divergence(brokers, image, id, &replica);
            ReplicaStrip { diverges_at, ..replica }
        });
        brokers[at].replicas = marked.collect();
    }
}

fn divergence(brokers: &[BrokerCard], image: &MetadataImage, id: i32, replica: &ReplicaStrip) -> Option<i64> {
    let leader = image.partition(&replica.topic, replica.partition)?.leader;
    let broker = brokers.iter().find(|broker| broker.id == leader && leader != id)?;
    let same = |other: &&ReplicaStrip| (&other.topic, other.partition) == (&replica.topic, replica.partition);
    let leader = broker.replicas.iter().find(same).filter(|other| other.is_leader)?;
    let epoch_at = |offset| {
        let place = leader.cells.binary_search_by_key(&offset, |cell| cell.offset).ok()?;
        Some(leader.cells[place].leader_epoch)
    };
    let leaves = |cell: &&RecordCell| {
        cell.offset >= leader.log_end_offset || epoch_at(cell.offset).is_some_and(|epoch| epoch != cell.leader_epoch)
    };
    // What diverges once does so to its end.
    replica.cells.last().filter(leaves)?;
    replica.cells.iter().find(leaves).map(|cell| cell.offset)
}

fn cells(lab: &Lab, node: i32, partition: &PartitionView) -> Vec<RecordCell> {
    ReplicaLog::of(lab, node, partition).map(|log| cells_of(&log, &lab.world)).unwrap_or_default()
}

/// The last records of a log.
pub(super) fn cells_of(log: &ReplicaLog, world: &World) -> Vec<RecordCell> {
    let mut cells = Vec::new();
    for batch in log.tail(world) {
        if batch.header.is_control() {
            continue;
        }
        let leader_epoch = batch.header.partition_leader_epoch;
        let Ok(records) = batch.records(&Limits::default()) else { continue };
        cells.extend(records.into_iter().map(|record| RecordCell {
            offset: record.offset,
            leader_epoch,
            key: record.key.as_ref().map(text),
            value: record.value.as_ref().map(text),
        }));
    }
    cells.split_off(cells.len().saturating_sub(CELLS))
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).chars().take(TEXT).collect()
}

/// A replica's newest segment on its broker's disk.
#[derive(Debug)]
pub(super) struct ReplicaLog {
    pub(super) host: HostId,
    /// Of the segment's files, without their endings.
    pub(super) path: String,
    pub(super) base_offset: i64,
    pub(super) size_bytes: u64,
}

impl ReplicaLog {
    fn of(lab: &Lab, node: i32, partition: &PartitionView) -> Option<ReplicaLog> {
        let (base_offset, _) = *partition.segments.last()?;
        let (host, dir) = (lab.cluster.host(node)?, format!("{}-{}", partition.topic, partition.partition));
        let path = format!("node-{node}/{dir}/{base_offset:020}");
        let size_bytes = lab.world.disk(host).len(&format!("{path}.log"))?;
        Some(ReplicaLog { host, path, base_offset, size_bytes })
    }

    fn batches(&self, world: &World, from: u64) -> Vec<Batch> {
        let bytes = world.disk(self.host).read(&format!("{}.log", self.path), from, LOOKED_AT).unwrap_or_default();
        Batches::new(bytes).map_while(Result::ok).collect()
    }

    /// The offset behind the last record, and the leader epoch of that record if the segment has one.
    pub(super) fn end(&self, world: &World) -> (i64, Option<i32>) {
        let last = self.tail(world).pop();
        last.map_or((self.base_offset, None), |b| (b.header.next_offset(), Some(b.header.partition_leader_epoch)))
    }

    /// The last batches: from an entry of the offset index, which names where a batch begins.
    fn tail(&self, world: &World) -> Vec<Batch> {
        let disk = world.disk(self.host);
        let index = format!("{}.index", self.path);
        let entries = disk.len(&index).unwrap_or(0) / 8;
        let position = |entry: u64| {
            let bytes = disk.read(&index, entry * 8 + 4, 4)?;
            let position = i32::from_be_bytes(bytes[..].try_into().ok()?);
            u64::try_from(position).ok().filter(|p| *p < self.size_bytes)
        };
        // One entry back, so that a fresh entry does not leave the strip empty.
        let from = entries.checked_sub(2).and_then(position).unwrap_or(0);
        self.batches(world, from)
    }
}
