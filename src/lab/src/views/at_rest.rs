//! The logs of a broker that is not running, as they lie on its disk. Serves the picture; invariant: nothing is known here that the
//! files do not say: offsets of the checkpoints may be older than the records.

use super::replica::{ReplicaLog, bars, cells_of};
use crate::{Lab, protocol::ReplicaStrip};
use ottla_controller::MetadataImage;
use ottla_log::{HighWatermarks, LogStartOffsets};
use ottla_world::{Disk, HostId};

/// The strips of a node's disk, by topic and partition, for what the cluster's metadata says it holds.
pub(super) fn strips(lab: &Lab, image: &MetadataImage, node: i32) -> Vec<ReplicaStrip> {
    let Some(host) = lab.cluster.host(node) else { return Vec::new() };
    let disk = lab.world.disk(host);
    let log_dir = format!("node-{node}");
    let high_watermarks = HighWatermarks::load(disk, &log_dir).unwrap_or_default();
    let starts = LogStartOffsets::load(disk, &log_dir).unwrap_or_default();
    let mut strips = Vec::new();
    for topic in image.topics_by_name() {
        for (partition, state) in &topic.partitions {
            let place = (topic.name.clone(), *partition);
            let segments = segments(disk, &format!("{log_dir}/{}-{partition}/", topic.name));
            let (Some((first, _)), true) = (segments.first(), state.replicas.contains(&node)) else { continue };
            let (start, high_watermark) = (starts.get(&place), high_watermarks.get(&place));
            let log = newest(host, &log_dir, &topic.name, *partition, &segments);
            let (end, leader_epoch) = log.end(&lab.world);
            let (segments, older_segments) = bars(&segments);
            strips.push(ReplicaStrip {
                partition: *partition,
                is_leader: false,
                in_sync: state.isr.contains(&node),
                eligible: state.elr.contains(&node),
                leader_epoch: leader_epoch.unwrap_or(state.leader_epoch),
                log_start_offset: start.map_or(*first, |start| *start.max(first)).min(end),
                high_watermark: high_watermark.copied().unwrap_or(0).min(end),
                log_end_offset: end,
                cells: if topic.name.starts_with("__") { Vec::new() } else { cells_of(&log, &lab.world) },
                diverges_at: None,
                segments,
                older_segments,
                at_rest: true,
                topic: place.0,
            });
        }
    }
    strips
}

fn newest(host: HostId, log_dir: &str, topic: &str, partition: i32, segments: &[(i64, u64)]) -> ReplicaLog {
    let (base_offset, size_bytes) = segments.last().copied().unwrap_or_default();
    ReplicaLog { host, path: format!("{log_dir}/{topic}-{partition}/{base_offset:020}"), base_offset, size_bytes }
}

/// Base offsets and sizes of the segments in a directory, oldest first.
fn segments(disk: &Disk, dir: &str) -> Vec<(i64, u64)> {
    let segment = |path: &str| {
        let base_offset = path.strip_prefix(dir)?.strip_suffix(".log")?.parse().ok()?;
        Some((base_offset, disk.len(path)?))
    };
    disk.list(dir).filter_map(segment).collect()
}
