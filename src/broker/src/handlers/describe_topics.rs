//! Topics in pages (`DescribeTopicPartitionsRequestHandler`, KIP-966). Serves admin clients; invariant: a page holds at most as
//! many partitions as asked for, and the cursor names the next one.

use super::metadata::{NOT_ASKED_FOR, ids, is_internal, is_valid_name};
use crate::{connections::RequestId, node::Running};
use ottla_controller::image::PartitionState;
use ottla_wire::{
    BrokerId, ErrorCode, ResponseKind,
    messages::{
        DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
        describe_topic_partitions_response::{
            Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
        },
    },
    topic_name,
};
use ottla_world::Context;
use std::collections::BTreeSet;

impl Running {
    pub(crate) fn describe_topic_partitions(
        &mut self,
        cx: &mut Context<'_>,
        id: RequestId,
        request: &DescribeTopicPartitionsRequest,
    ) {
        let (from, first) = match &request.cursor {
            Some(cursor) => (cursor.topic_name.to_string(), cursor.partition_index.max(0)),
            None => (String::new(), 0),
        };
        let everything = request.topics.is_empty();
        let names: BTreeSet<String> = match everything {
            true => self.image.topic_ids().range(from.clone()..).map(|(name, _)| name.clone()).collect(),
            false => request.topics.iter().map(|t| t.name.to_string()).filter(|name| *name >= from).collect(),
        };
        let most = self.config.int("max.request.partition.size.limit");
        let mut left = request.response_partition_limit.min(most).max(1) as usize;
        let mut response = DescribeTopicPartitionsResponse::default();
        for name in names {
            let first = if name == from { first } else { 0 };
            if left == 0 {
                response.next_cursor = Some(cursor(&name, 0));
                break;
            }
            let (topic, next) = self.described_topic(&name, first, left);
            left -= topic.partitions.len();
            response.topics.push(topic);
            if let Some(next) = next {
                response.next_cursor = Some(cursor(&name, next));
                break;
            }
        }
        self.respond(cx, id, ResponseKind::DescribeTopicPartitions(response));
    }

    /// At most `most` partitions of a topic, and the one that comes next.
    fn described_topic(
        &self,
        name: &str,
        first: i32,
        most: usize,
    ) -> (DescribeTopicPartitionsResponseTopic, Option<i32>) {
        let row = DescribeTopicPartitionsResponseTopic::default()
            .with_name(Some(topic_name(name)))
            .with_is_internal(is_internal(name))
            .with_topic_authorized_operations(NOT_ASKED_FOR);
        let Some(topic) = self.image.topic(name) else {
            let valid = is_valid_name(name);
            let error = if valid { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException };
            return (row.with_error_code(error.code()), None);
        };
        let mut rest = topic.partitions.range(first..);
        let rows = rest.by_ref().take(most).map(|(index, state)| self.described_partition(*index, state)).collect();
        let next = rest.next().map(|(index, _)| *index);
        (row.with_topic_id(topic.id).with_partitions(rows), next)
    }

    fn described_partition(&self, index: i32, state: &PartitionState) -> DescribeTopicPartitionsResponsePartition {
        let lives = state.has_leader() && self.image.is_alive(state.leader);
        let error = if lives { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
        DescribeTopicPartitionsResponsePartition::default()
            .with_error_code(error.code())
            .with_partition_index(index)
            .with_leader_id(BrokerId(if lives { state.leader } else { -1 }))
            .with_leader_epoch(state.leader_epoch)
            .with_replica_nodes(ids(&state.replicas))
            .with_isr_nodes(ids(&state.isr))
            .with_eligible_leader_replicas(Some(ids(&state.elr)))
            .with_last_known_elr(Some(ids(&state.last_known_elr)))
            .with_offline_replicas(self.offline(state))
    }
}

fn cursor(name: &str, partition_index: i32) -> Cursor {
    Cursor::default().with_topic_name(topic_name(name)).with_partition_index(partition_index)
}
