//! OffsetFetch (`OffsetMetadataManager.fetchOffsets`). Serves consumers and tools; invariant: who has committed nothing is told -1,
//! whether there is such a group or not.

use super::{Asked, Decision, GroupCoordinator, record::Committed};
use ottla_wire::{
    ErrorCode, ResponseKind,
    messages::{
        OffsetFetchRequest, OffsetFetchResponse,
        offset_fetch_response::{
            OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
            OffsetFetchResponseTopic, OffsetFetchResponseTopics,
        },
    },
    str_bytes, topic_name,
};
use std::collections::BTreeMap;

type Places = Vec<(String, Vec<i32>)>;

impl GroupCoordinator {
    pub(super) fn fetch_offsets(&mut self, asked: &Asked<'_>, r: &OffsetFetchRequest) -> Vec<Decision> {
        if asked.version < 8 {
            let partition = self.partition_for(&r.group_id);
            let wanted: Option<Places> = r
                .topics
                .as_ref()
                .map(|all| all.iter().map(|t| (t.name.to_string(), t.partition_indexes.clone())).collect());
            let response = match self.offsets_of(&r.group_id, wanted) {
                Ok(found) => OffsetFetchResponse::default().with_topics(found.into_iter().map(old_topic).collect()),
                Err(error) => OffsetFetchResponse::default().with_error_code(error.code()),
            };
            return Self::answer(partition, asked.id, ResponseKind::OffsetFetch(response));
        }
        let mut groups = Vec::new();
        for g in &r.groups {
            let wanted: Option<Places> = g
                .topics
                .as_ref()
                .map(|all| all.iter().map(|t| (t.name.to_string(), t.partition_indexes.clone())).collect());
            let row = OffsetFetchResponseGroup::default().with_group_id(g.group_id.clone());
            groups.push(match self.offsets_of(&g.group_id, wanted) {
                Ok(found) => row.with_topics(found.into_iter().map(topic_row).collect()),
                Err(error) => row.with_error_code(error.code()),
            });
        }
        let response = ResponseKind::OffsetFetch(OffsetFetchResponse::default().with_groups(groups));
        Self::answer(0, asked.id, response)
    }

    fn offsets_of(&self, group: &str, wanted: Option<Places>) -> Result<Vec<Found>, ErrorCode> {
        let shard = self.shards.get(&self.partition_for(group)).ok_or(ErrorCode::NotCoordinator)?;
        let nothing = BTreeMap::new();
        let offsets = shard.groups.get(group).map_or(&nothing, |g| &g.offsets);
        let wanted = wanted.unwrap_or_else(|| {
            let mut all: BTreeMap<String, Vec<i32>> = BTreeMap::new();
            offsets.keys().for_each(|(topic, p)| all.entry(topic.clone()).or_default().push(*p));
            all.into_iter().collect()
        });
        let found = |(topic, partitions): (String, Vec<i32>)| {
            let rows = partitions.into_iter().map(|p| (p, offsets.get(&(topic.clone(), p)).cloned())).collect();
            Found { topic, rows }
        };
        Ok(wanted.into_iter().map(found).collect())
    }
}

struct Found {
    topic: String,
    rows: Vec<(i32, Option<Committed>)>,
}

fn topic_row(found: Found) -> OffsetFetchResponseTopics {
    let row = |(index, committed): (i32, Option<Committed>)| {
        let row = OffsetFetchResponsePartitions::default().with_partition_index(index);
        match committed {
            Some(c) => row
                .with_committed_offset(c.offset)
                .with_committed_leader_epoch(c.leader_epoch)
                .with_metadata(Some(str_bytes(&c.metadata))),
            None => row.with_committed_offset(-1).with_committed_leader_epoch(-1).with_metadata(Some(str_bytes(""))),
        }
    };
    let rows = found.rows.into_iter().map(row).collect();
    OffsetFetchResponseTopics::default().with_name(topic_name(&found.topic)).with_partitions(rows)
}

fn old_topic(found: Found) -> OffsetFetchResponseTopic {
    let row = |(index, committed): (i32, Option<Committed>)| {
        let row = OffsetFetchResponsePartition::default().with_partition_index(index);
        match committed {
            Some(c) => row
                .with_committed_offset(c.offset)
                .with_committed_leader_epoch(c.leader_epoch)
                .with_metadata(Some(str_bytes(&c.metadata))),
            None => row.with_committed_offset(-1).with_committed_leader_epoch(-1).with_metadata(Some(str_bytes(""))),
        }
    };
    let rows = found.rows.into_iter().map(row).collect();
    OffsetFetchResponseTopic::default().with_name(topic_name(&found.topic)).with_partitions(rows)
}
