//! The logs as they lie on the brokers' disks. Serves the final checks; invariant: read from the files themselves, not from
//! what brokers say of them.

use super::look::{self, TOPIC};
use bytes::Bytes;
use ottla_lab::{Lab, NodeKind};
use ottla_records::{Batches, Limits};
use std::collections::BTreeMap;

/// A record of a log: offset, value, and the producer of its batch: id and epoch.
pub(super) type Entry = (i64, Bytes, (i64, i16));

/// All bytes of a replica's segments, oldest first.
fn bytes(lab: &Lab, node: i32, partition: i32) -> Vec<u8> {
    let Some(host) = lab.cluster().host(node) else { return Vec::new() };
    let disk = lab.world().disk(host);
    let prefix = format!("node-{node}/{TOPIC}-{partition}/");
    let segments = disk.list(&prefix).filter(|path| path.ends_with(".log"));
    segments.flat_map(|path| disk.read_all(path).unwrap_or_default()).collect()
}

/// The records of a replica.
///
/// # Errors
/// Bytes that are no batch, or records that can't be read, as text.
pub(super) fn records(lab: &Lab, node: i32, partition: i32) -> Result<Vec<Entry>, String> {
    let mut all = Vec::new();
    for batch in Batches::new(bytes(lab, node, partition).into()) {
        let batch = batch.map_err(|error| error.to_string())?;
        if batch.header.is_control() {
            continue;
        }
        let records = batch.records(&Limits::default()).map_err(|error| error.to_string())?;
        let producer = (batch.header.producer_id, batch.header.producer_epoch);
        all.extend(records.into_iter().map(|record| (record.offset, record.value.unwrap_or_default(), producer)));
    }
    Ok(all)
}

/// Where the replicas of a partition differ, if they do.
pub(super) fn difference(lab: &Lab, partition: i32) -> Option<String> {
    let ids = look::metadata(lab)?.partition(TOPIC, partition)?.replicas.iter().copied();
    let logs: BTreeMap<i32, Vec<u8>> = ids.map(|id| (id, bytes(lab, id, partition))).collect();
    let (first, one) = logs.first_key_value()?;
    let (other, two) = logs.iter().find(|(_, log)| *log != one)?;
    let of = |log: &[u8]| {
        let batches = Batches::new(log.to_vec().into()).map_while(Result::ok);
        let of = |b: ottla_records::Batch| (b.header.base_offset, b.header.partition_leader_epoch, b.header.crc);
        batches.map(of).collect::<Vec<_>>()
    };
    let (one, two) = (of(one), of(two));
    let same = one.iter().zip(&two).take_while(|(a, b)| a == b).count();
    Some(format!(
        "{TOPIC}-{partition}: after {same} equal batches broker {first} has {:?}, broker {other} has {:?}",
        one.get(same),
        two.get(same),
    ))
}

/// Where the metadata logs of the controllers differ, as far as two of them hold the same offsets as committed: each begins
/// where its snapshots let it, and one that resigned may still have a tail that nobody else has.
pub(super) fn metadata_difference(lab: &Lab) -> Option<String> {
    let mut seen: BTreeMap<i64, (i32, i32, u32)> = BTreeMap::new();
    for id in lab.cluster().ids(NodeKind::Controller) {
        let disk = lab.world().disk(lab.cluster().host(id)?);
        let raft = lab.cluster().controller(lab.world(), id).and_then(|node| node.raft());
        let committed = raft.map_or(0, |raft| raft.high_watermark());
        let prefix = format!("node-{id}/__cluster_metadata-0/");
        for path in disk.list(&prefix).filter(|path| path.ends_with(".log")) {
            for batch in Batches::new(disk.read_all(path).unwrap_or_default()).map_while(Result::ok) {
                let header = batch.header;
                if header.next_offset() > committed {
                    break;
                }
                let known = *seen.entry(header.base_offset).or_insert((id, header.partition_leader_epoch, header.crc));
                if (known.1, known.2) != (header.partition_leader_epoch, header.crc) {
                    return Some(format!("the metadata logs of {} and {id} differ at {}", known.0, header.base_offset));
                }
            }
        }
    }
    None
}
