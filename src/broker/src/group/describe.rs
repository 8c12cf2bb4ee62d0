//! Groups as tools see them: list, describe, delete. Serves admin clients; invariant: only groups of partitions led here are
//! told about.

use super::{
    Asked, Decision, GroupCoordinator,
    record::GroupRecord,
    state::{Group, GroupState},
};
use ottla_wire::{
    ErrorCode, GroupId, ResponseKind,
    messages::{
        ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatResponse,
        DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, ListGroupsRequest,
        ListGroupsResponse,
        consumer_group_describe_response::DescribedGroup as DescribedConsumerGroup,
        delete_groups_response::DeletableGroupResult,
        describe_groups_response::{DescribedGroup, DescribedGroupMember},
        list_groups_response::ListedGroup,
    },
    str_bytes,
};
use std::collections::BTreeMap;

impl GroupCoordinator {
    fn group(&self, id: &str) -> Result<&Group, ErrorCode> {
        let shard = self.shards.get(&self.partition_for(id)).ok_or(ErrorCode::NotCoordinator)?;
        shard.groups.get(id).ok_or(ErrorCode::GroupIdNotFound)
    }

    pub(super) fn list(&mut self, asked: &Asked<'_>, r: &ListGroupsRequest) -> Vec<Decision> {
        let allows = |filter: &[ottla_wire::StrBytes], value: &str| {
            filter.is_empty() || filter.iter().any(|f| f.trim().eq_ignore_ascii_case(value))
        };
        let row = |g: &Group| {
            ListedGroup::default()
                .with_group_id(GroupId(str_bytes(&g.id)))
                .with_protocol_type(str_bytes(&g.protocol_type))
                .with_group_state(str_bytes(g.state.name()))
                .with_group_type(str_bytes("classic"))
        };
        let groups = self.shards.values().flat_map(|s| s.groups.values());
        let shown = groups.filter(|g| allows(&r.states_filter, g.state.name()) && allows(&r.types_filter, "classic"));
        let response = ListGroupsResponse::default().with_groups(shown.map(row).collect());
        Self::answer(0, asked.id, ResponseKind::ListGroups(response))
    }

    pub(super) fn describe(&mut self, asked: &Asked<'_>, r: &DescribeGroupsRequest) -> Vec<Decision> {
        let row = |id: &GroupId| {
            let row = DescribedGroup::default().with_group_id(id.clone()).with_authorized_operations(i32::MIN);
            match self.group(id) {
                Ok(group) => described(row, group),
                Err(ErrorCode::GroupIdNotFound) if asked.version >= 6 => row
                    .with_error_code(ErrorCode::GroupIdNotFound.code())
                    .with_error_message(Some(str_bytes(&format!("Group {} not found.", &**id))))
                    .with_group_state(str_bytes("Dead")),
                Err(ErrorCode::GroupIdNotFound) => row.with_group_state(str_bytes("Dead")),
                Err(error) => row.with_error_code(error.code()),
            }
        };
        let response = DescribeGroupsResponse::default().with_groups(r.groups.iter().map(row).collect());
        Self::answer(0, asked.id, ResponseKind::DescribeGroups(response))
    }

    pub(super) fn describe_consumer_groups(
        &mut self,
        asked: &Asked<'_>,
        r: &ConsumerGroupDescribeRequest,
    ) -> Vec<Decision> {
        let row = |id: &GroupId| {
            let (error, text) = match self.group(id) {
                Ok(_) => (ErrorCode::GroupIdNotFound, Some(format!("Group {} is not a consumer group.", &**id))),
                Err(ErrorCode::GroupIdNotFound) => {
                    (ErrorCode::GroupIdNotFound, Some(format!("Group {} not found.", &**id)))
                }
                Err(error) => (error, None),
            };
            DescribedConsumerGroup::default()
                .with_group_id(id.clone())
                .with_error_code(error.code())
                .with_error_message(text.as_deref().map(str_bytes))
                .with_authorized_operations(i32::MIN)
        };
        let response = ConsumerGroupDescribeResponse::default().with_groups(r.group_ids.iter().map(row).collect());
        Self::answer(0, asked.id, ResponseKind::ConsumerGroupDescribe(response))
    }

    pub(super) fn delete(&mut self, asked: &Asked<'_>, r: &DeleteGroupsRequest) -> Vec<Decision> {
        let mut records: BTreeMap<i32, Vec<GroupRecord>> = BTreeMap::new();
        let mut rows = Vec::new();
        for id in &r.groups_names {
            let error = match self.group(id) {
                Ok(group) if group.state != GroupState::Empty => ErrorCode::NonEmptyGroup,
                Ok(group) => {
                    let offsets = group.offsets.keys();
                    let all = records.entry(self.partition_for(id)).or_default();
                    all.extend(offsets.map(|(topic, p)| GroupRecord::no_offset(&group.id, topic, *p)));
                    all.push(GroupRecord::no_group(&group.id));
                    ErrorCode::None
                }
                Err(error) => error,
            };
            rows.push(DeletableGroupResult::default().with_group_id(id.clone()).with_error_code(error.code()));
        }
        let response = ResponseKind::DeleteGroups(DeleteGroupsResponse::default().with_results(rows));
        let decision = |(partition, records)| Decision { partition, records, replies: Vec::new(), ticket: None };
        let mut decisions: Vec<Decision> = records.into_iter().map(decision).collect();
        match decisions.last_mut() {
            Some(last) => last.replies.push((asked.id, response)),
            None => return Self::answer(0, asked.id, response),
        }
        decisions
    }

    /// The protocol of KIP-848 is not spoken: clients have to stay with the classic one.
    pub(super) fn refuse_consumer_heartbeat(&self, asked: &Asked<'_>, group: &GroupId) -> Vec<Decision> {
        let response = ConsumerGroupHeartbeatResponse::default()
            .with_error_code(ErrorCode::UnsupportedVersion.code())
            .with_error_message(Some(str_bytes("The consumer group protocol is not enabled.")));
        Self::answer(self.partition_for(group), asked.id, ResponseKind::ConsumerGroupHeartbeat(response))
    }
}

fn described(row: DescribedGroup, group: &Group) -> DescribedGroup {
    let stable = group.state == GroupState::Stable;
    let protocol = group.protocol.as_deref().filter(|_| stable);
    let member = |m: &super::state::Member| {
        DescribedGroupMember::default()
            .with_member_id(str_bytes(&m.id))
            .with_group_instance_id(m.instance_id.as_deref().map(str_bytes))
            .with_client_id(str_bytes(&m.client_id))
            .with_client_host(str_bytes(&m.client_host))
            .with_member_metadata(m.metadata(protocol))
            .with_member_assignment(m.assignment.clone())
    };
    row.with_group_state(str_bytes(group.state.name()))
        .with_protocol_type(str_bytes(&group.protocol_type))
        .with_protocol_data(str_bytes(protocol.unwrap_or_default()))
        .with_members(group.members.values().map(member).collect())
}
