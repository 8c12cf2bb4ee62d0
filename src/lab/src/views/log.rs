//! A leader's whole log, segment by segment, and a topic's settings: what a lesson needs to know and the picture does not
//! show. Serves lessons; invariant: read from the leader's own disk, and bounded.

use super::topics;
use crate::Lab;
use bytes::Bytes;
use ottla_broker::{PartitionView, ReplicaRole};
use ottla_controller::image::ConfigResource;
use ottla_records::{Batches, Limits};

/// A segment of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSegment {
    /// Its first offset, which names its files.
    pub base_offset: i64,
    /// The size of its log file, in bytes.
    pub size_bytes: u64,
}

/// A record in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// Its offset.
    pub offset: i64,
    /// The first offset of its segment.
    pub segment: i64,
    /// Its key.
    pub key: Option<Bytes>,
    /// It has no value.
    pub is_tombstone: bool,
}

/// Bytes of a segment that are read.
const LOOKED_AT: u64 = 1 << 20;

impl Lab {
    /// What a topic's own configuration sets, if it sets that.
    pub fn topic_setting(&self, topic: &str, key: &str) -> Option<String> {
        let resource = ConfigResource::Topic(topic.to_owned());
        topics::metadata(self)?.config(&resource, key).map(str::to_owned)
    }

    /// The segments of a partition, oldest first, as its leader has them; none without a living leader.
    pub fn leader_segments(&self, topic: &str, partition: i32) -> Vec<LogSegment> {
        let Some((_, view)) = self.leader_view(topic, partition) else { return Vec::new() };
        view.segments
            .iter()
            .map(|(base_offset, size_bytes)| LogSegment { base_offset: *base_offset, size_bytes: *size_bytes })
            .collect()
    }

    /// The records that the leader's disk holds of a partition, in order; at most a mebibyte of each segment is read.
    pub fn leader_records(&self, topic: &str, partition: i32) -> Vec<LogRecord> {
        let Some((node, view)) = self.leader_view(topic, partition) else { return Vec::new() };
        let Some(host) = self.cluster.host(node) else { return Vec::new() };
        let mut all = Vec::new();
        for (segment, _) in &view.segments {
            let path = format!("node-{node}/{topic}-{partition}/{segment:020}.log");
            let bytes = self.world.disk(host).read(&path, 0, LOOKED_AT).unwrap_or_default();
            for batch in Batches::new(bytes).map_while(Result::ok).filter(|batch| !batch.header.is_control()) {
                let Ok(records) = batch.records(&Limits::default()) else { continue };
                all.extend(records.into_iter().map(|record| LogRecord {
                    offset: record.offset,
                    segment: *segment,
                    is_tombstone: record.is_tombstone(),
                    key: record.key,
                }));
            }
        }
        all
    }

    fn leader_view(&self, topic: &str, partition: i32) -> Option<(i32, PartitionView)> {
        let leader = topics::metadata(self)?.partition(topic, partition).filter(|state| state.has_leader())?.leader;
        let view = self.cluster.broker(&self.world, leader)?.view();
        let of = |p: &PartitionView| p.topic == topic && p.partition == partition && p.role == ReplicaRole::Leader;
        view.partitions.into_iter().find(of).map(|found| (leader, found))
    }
}
