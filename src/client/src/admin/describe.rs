//! Descriptions of groups, by the API of the new protocol first, then by that of classic groups. Serves
//! `DescribeConsumerGroups`; invariant: each group has one description or one error (`DescribeConsumerGroupsHandler`).

use super::Admin;
use super::call::{Answered, Call, CallError, Target, Work};
use super::response::{AdminResponse, GroupDescription, MemberDescription};
use crate::consumer::read_assignment;
use crate::{JavaError, Node, TopicPartition};
use ottla_wire::{
    ErrorCode,
    messages::consumer_group_describe_response as modern_response,
    messages::describe_groups_response::DescribedGroup,
    messages::{ConsumerGroupDescribeResponse, DescribeGroupsResponse},
};
use ottla_world::Time;
use std::collections::BTreeSet;

fn coordinator(admin: &Admin, call: &Call) -> Node {
    let id = match call.target {
        Target::Node(id) => id,
        _ => -1,
    };
    admin.network.metadata.nodes.get(&id).cloned().unwrap_or_else(|| Node::new(id, "", 0))
}

/// Reads descriptions of groups of the new protocol; the others are asked for as classic groups.
pub(super) fn modern(
    admin: &mut Admin,
    call: &Call,
    asked: &[String],
    response: &ConsumerGroupDescribeResponse,
) -> Answered {
    let coordinator = coordinator(admin, call);
    let mut classic: Vec<String> = Vec::new();
    for id in asked {
        let Some(group) = response.groups.iter().find(|g| g.group_id.as_str() == id) else {
            classic.push(id.clone());
            continue;
        };
        match ErrorCode::from_code(group.error_code) {
            ErrorCode::None => {
                let description = GroupDescription {
                    group_id: id.clone(),
                    state: group.group_state.to_string(),
                    group_type: "Consumer".to_owned(),
                    assignor: group.assignor_name.to_string(),
                    coordinator: coordinator.clone(),
                    members: group.members.iter().map(modern_member).collect(),
                    group_epoch: Some(group.group_epoch),
                    target_assignment_epoch: Some(group.assignment_epoch),
                };
                insert(admin, call, id, Ok(description));
            }
            ErrorCode::GroupIdNotFound | ErrorCode::UnsupportedVersion => classic.push(id.clone()),
            error => insert(admin, call, id, Err(JavaError::of(error, group.error_message.as_deref()))),
        }
    }
    if let Some(operation) = call.operation.filter(|_| !classic.is_empty()) {
        let name = "describeConsumerGroups(api=DESCRIBE_GROUPS)".to_owned();
        admin.add_call(operation, name, call.target, Work::OnCoordinator(classic, true), Time::ZERO);
    }
    Ok(())
}

fn insert(admin: &mut Admin, call: &Call, id: &str, description: Result<GroupDescription, JavaError>) {
    if let Some((_, AdminResponse::GroupDescriptions(each))) = admin.answer_of(call) {
        each.insert(id.to_owned(), description);
    }
}

fn modern_member(member: &modern_response::Member) -> MemberDescription {
    let partitions = |assignment: &modern_response::Assignment| {
        let topics = assignment.topic_partitions.iter();
        topics.flat_map(|t| t.partitions.iter().map(|p| TopicPartition::new(t.topic_name.to_string(), *p))).collect()
    };
    MemberDescription {
        member_id: member.member_id.to_string(),
        group_instance_id: member.instance_id.as_ref().map(ToString::to_string),
        client_id: member.client_id.to_string(),
        host: member.client_host.to_string(),
        assignment: partitions(&member.assignment),
        target_assignment: Some(partitions(&member.target_assignment)),
        member_epoch: Some(member.member_epoch),
        upgraded: (member.member_type >= 0).then_some(member.member_type == 1),
    }
}

/// Reads descriptions of classic groups.
pub(super) fn classic(admin: &mut Admin, call: &Call, response: &DescribeGroupsResponse) -> Answered {
    let coordinator = coordinator(admin, call);
    for group in &response.groups {
        let id = group.group_id.to_string();
        let error = ErrorCode::from_code(group.error_code);
        if !error.is_none() {
            let failure = CallError::of(error, group.error_message.as_deref());
            super::groups::fail_group(admin, call, &id, failure)?;
            continue;
        }
        let kind = group.protocol_type.as_str();
        let description = if kind == "consumer" || kind.is_empty() {
            Ok(classic_group(group, &coordinator))
        } else {
            let text = format!("GroupId {id} is not a consumer group ({kind}).");
            Err(JavaError::new("java.lang.IllegalArgumentException", text))
        };
        insert(admin, call, &id, description);
    }
    Ok(())
}

fn classic_group(group: &DescribedGroup, coordinator: &Node) -> GroupDescription {
    let members = group.members.iter().map(|member| {
        let assignment: BTreeSet<TopicPartition> =
            read_assignment(&member.member_assignment).unwrap_or_default().into_iter().collect();
        MemberDescription {
            member_id: member.member_id.to_string(),
            group_instance_id: member.group_instance_id.as_ref().map(ToString::to_string),
            client_id: member.client_id.to_string(),
            host: member.client_host.to_string(),
            assignment,
            target_assignment: None,
            member_epoch: None,
            upgraded: None,
        }
    });
    GroupDescription {
        group_id: group.group_id.to_string(),
        state: group.group_state.to_string(),
        group_type: "Classic".to_owned(),
        assignor: group.protocol_data.to_string(),
        coordinator: coordinator.clone(),
        members: members.collect(),
        group_epoch: None,
        target_assignment_epoch: None,
    }
}
