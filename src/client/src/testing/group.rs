//! A group coordinator for one member. Serves the scripted broker; invariant: joins end at once, with the member as
//! leader.

use bytes::Bytes;
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind, ResponseKind, group_id,
    messages::consumer_group_describe_response as modern,
    messages::describe_groups_response as classic,
    messages::find_coordinator_response::Coordinator,
    messages::join_group_response::JoinGroupResponseMember,
    messages::leave_group_response::MemberResponse,
    messages::list_groups_response::ListedGroup,
    messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic},
    messages::offset_fetch_response::{
        OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
    },
    messages::*,
    str_bytes,
};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub(crate) struct FakeGroup {
    pub(crate) generation: i32,
    pub(crate) committed: BTreeMap<(String, i32), i64>,
    pub(crate) left: u32,
    assignment: Bytes,
}

impl FakeGroup {
    pub(crate) fn respond(&mut self, id: i32, body: &RequestKind, error: ErrorCode) -> Option<ResponseKind> {
        let code = error.code();
        Some(match body {
            RequestKind::FindCoordinator(body) => {
                let coordinators = body.coordinator_keys.iter().map(|key| {
                    Coordinator::default()
                        .with_key(key.clone())
                        .with_node_id(BrokerId(id))
                        .with_host(str_bytes("localhost"))
                        .with_port(9091 + id)
                        .with_error_code(code)
                });
                ResponseKind::FindCoordinator(
                    FindCoordinatorResponse::default().with_coordinators(coordinators.collect()),
                )
            }
            RequestKind::JoinGroup(body) => ResponseKind::JoinGroup(self.join(body, code)),
            RequestKind::SyncGroup(body) => {
                if let Some(own) = body.assignments.first() {
                    self.assignment = own.assignment.clone();
                }
                ResponseKind::SyncGroup(
                    SyncGroupResponse::default().with_error_code(code).with_assignment(self.assignment.clone()),
                )
            }
            RequestKind::Heartbeat(_) => ResponseKind::Heartbeat(HeartbeatResponse::default().with_error_code(code)),
            RequestKind::LeaveGroup(body) => {
                self.left += 1;
                let members =
                    body.members.iter().map(|m| MemberResponse::default().with_member_id(m.member_id.clone()));
                ResponseKind::LeaveGroup(LeaveGroupResponse::default().with_members(members.collect()))
            }
            RequestKind::OffsetCommit(body) => ResponseKind::OffsetCommit(self.commit(body, code)),
            RequestKind::OffsetFetch(body) => ResponseKind::OffsetFetch(self.fetch(body)),
            RequestKind::ListGroups(_) => {
                let group = ListedGroup::default()
                    .with_group_id(group_id(&format!("group-{id}")))
                    .with_protocol_type(str_bytes("consumer"))
                    .with_group_state(str_bytes("Empty"))
                    .with_group_type(str_bytes("Classic"));
                ResponseKind::ListGroups(ListGroupsResponse::default().with_groups(vec![group]))
            }
            RequestKind::ConsumerGroupDescribe(body) => {
                let group = |id: &ottla_wire::GroupId| {
                    modern::DescribedGroup::default()
                        .with_group_id(id.clone())
                        .with_error_code(ErrorCode::GroupIdNotFound.code())
                };
                let groups = body.group_ids.iter().map(group).collect();
                ResponseKind::ConsumerGroupDescribe(ConsumerGroupDescribeResponse::default().with_groups(groups))
            }
            RequestKind::DescribeGroups(body) => {
                let groups = body.groups.iter().map(|id| {
                    let group = classic::DescribedGroup::default().with_group_id(id.clone());
                    if id.as_str() == "nobody" {
                        let text = str_bytes("Group nobody not found.");
                        return group.with_error_code(ErrorCode::GroupIdNotFound.code()).with_error_message(Some(text));
                    }
                    group.with_group_state(str_bytes("Stable")).with_protocol_type(str_bytes("consumer"))
                });
                ResponseKind::DescribeGroups(DescribeGroupsResponse::default().with_groups(groups.collect()))
            }
            _ => return None,
        })
    }

    fn join(&mut self, body: &JoinGroupRequest, code: i16) -> JoinGroupResponse {
        if body.member_id.is_empty() {
            return JoinGroupResponse::default()
                .with_error_code(ErrorCode::MemberIdRequired.code())
                .with_member_id(str_bytes("member-1"));
        }
        if code != 0 {
            return JoinGroupResponse::default().with_error_code(code);
        }
        self.generation += 1;
        let protocol = &body.protocols[0];
        let member = JoinGroupResponseMember::default()
            .with_member_id(body.member_id.clone())
            .with_metadata(protocol.metadata.clone());
        JoinGroupResponse::default()
            .with_generation_id(self.generation)
            .with_protocol_type(Some(str_bytes("consumer")))
            .with_protocol_name(Some(protocol.name.clone()))
            .with_leader(body.member_id.clone())
            .with_member_id(body.member_id.clone())
            .with_members(vec![member])
    }

    fn commit(&mut self, body: &OffsetCommitRequest, code: i16) -> OffsetCommitResponse {
        let mut topics = Vec::new();
        for topic in &body.topics {
            let mut partitions = Vec::new();
            for p in &topic.partitions {
                if code == 0 {
                    self.committed.insert((topic.name.to_string(), p.partition_index), p.committed_offset);
                }
                let answer = OffsetCommitResponsePartition::default();
                partitions.push(answer.with_partition_index(p.partition_index).with_error_code(code));
            }
            topics.push(OffsetCommitResponseTopic::default().with_name(topic.name.clone()).with_partitions(partitions));
        }
        OffsetCommitResponse::default().with_topics(topics)
    }

    fn fetch(&self, body: &OffsetFetchRequest) -> OffsetFetchResponse {
        let groups = body.groups.iter().map(|group| {
            let topics = group.topics.iter().flatten().map(|topic| {
                let partitions = topic.partition_indexes.iter().map(|p| {
                    let offset = self.committed.get(&(topic.name.to_string(), *p)).copied().unwrap_or(-1);
                    OffsetFetchResponsePartitions::default()
                        .with_partition_index(*p)
                        .with_committed_offset(offset)
                        .with_committed_leader_epoch(-1)
                });
                OffsetFetchResponseTopics::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
            });
            OffsetFetchResponseGroup::default().with_group_id(group.group_id.clone()).with_topics(topics.collect())
        });
        OffsetFetchResponse::default().with_groups(groups.collect())
    }
}
