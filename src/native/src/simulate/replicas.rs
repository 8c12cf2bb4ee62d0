//! The logs as they lie on the brokers' disks. Serves the final checks; invariant: read from the files themselves, not from
//! what brokers say of them.

use super::look::{self, TOPIC};
use bytes::Bytes;
use ottla_lab::{Lab, NodeKind};
use ottla_records::{Batches, Limits};
use std::collections::BTreeMap;

/// A record of a log: offset and value.
pub(super) type Entry = (i64, Bytes);

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
        all.extend(records.into_iter().map(|record| (record.offset, record.value.unwrap_or_default())));
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

/// Where the metadata logs of the controllers differ, as far as the shortest goes.
pub(super) fn metadata_difference(lab: &Lab) -> Option<String> {
    let log = |id: i32| {
        let disk = lab.world().disk(lab.cluster().host(id)?);
        let prefix = format!("node-{id}/__cluster_metadata-0/");
        let segments = disk.list(&prefix).filter(|path| path.ends_with(".log"));
        Some((id, segments.flat_map(|path| disk.read_all(path).unwrap_or_default()).collect::<Vec<u8>>()))
    };
    let logs: Vec<(i32, Vec<u8>)> = lab.cluster().ids(NodeKind::Controller).filter_map(log).collect();
    let (first, one) = logs.first()?;
    let differs = |two: &Vec<u8>| one.iter().zip(two).position(|(a, b)| a != b);
    let (other, at) = logs.iter().find_map(|(id, two)| Some((id, differs(two)?)))?;
    Some(format!("the metadata logs of {first} and {other} differ from byte {at} on"))
}
