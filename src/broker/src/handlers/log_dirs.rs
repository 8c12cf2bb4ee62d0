//! DescribeLogDirs (`ReplicaManager.describeLogDirs`): what lies in the log directory. Serves admin clients; invariant:
//! reading only.

use crate::{connections::RequestId, node::Running, replica::Partition};
use ottla_wire::{
    ResponseKind,
    messages::{
        DescribeLogDirsRequest, DescribeLogDirsResponse,
        describe_log_dirs_response::{DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic},
    },
    str_bytes, topic_name,
};
use ottla_world::Context;
use std::collections::BTreeMap;

/// Size of the volume, where the disk has no bounds of its own: what a laptop might have.
const VOLUME_BYTES: i64 = 512 << 30;

impl Running {
    pub(crate) fn describe_log_dirs(&mut self, cx: &mut Context<'_>, id: RequestId, request: &DescribeLogDirsRequest) {
        let asked = |p: &Partition| match &request.topics {
            None => true,
            Some(topics) => topics.iter().any(|t| *t.topic.0 == *p.topic && t.partitions.contains(&p.index)),
        };
        let mut topics: BTreeMap<&str, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
        for p in self.replicas.partitions.values().filter(|p| asked(p)) {
            // How far this log is behind its high watermark: nothing, but for a log that is being moved.
            let lag = (p.log.high_watermark() - p.log.log_end_offset()).max(0);
            let row = DescribeLogDirsPartition::default()
                .with_partition_index(p.index)
                .with_partition_size(i64::try_from(p.log.size_bytes()).unwrap_or(i64::MAX))
                .with_offset_lag(lag);
            topics.entry(&p.topic).or_default().push(row);
        }
        let topic = |(name, rows)| DescribeLogDirsTopic::default().with_name(topic_name(name)).with_partitions(rows);
        let volume = cx.disk().capacity().map_or(VOLUME_BYTES, |bytes| i64::try_from(bytes).unwrap_or(VOLUME_BYTES));
        let used = i64::try_from(cx.disk().used_bytes()).unwrap_or(volume);
        let dir = DescribeLogDirsResult::default()
            .with_log_dir(str_bytes(&format!("/{}", self.config.log_dir.trim_start_matches('/'))))
            .with_topics(topics.into_iter().map(topic).collect())
            .with_total_bytes(volume)
            .with_usable_bytes((volume - used).max(0));
        let response = DescribeLogDirsResponse::default().with_results(vec![dir]);
        self.respond(cx, id, ResponseKind::DescribeLogDirs(response));
    }
}
