//! The request of a call, and the errors of a call that is given up. Serves the engine; invariant: the versions named are
//! those the body can be written in.

use super::Admin;
use super::call::{Call, Operation, Work};
use super::response::AdminResponse;
use super::{cluster, configs, groups, leaders, manage, topics};
use crate::JavaError;
use ottla_wire::{RequestKind, messages::MetadataRequest};

/// A request with the lowest and the highest version it can be written in.
pub(super) type Body = (RequestKind, (i16, i16));

/// The request of a call that has `timeout_ms` left.
pub(super) fn of(admin: &Admin, call: &Call, timeout_ms: u64) -> Body {
    let empty = || (RequestKind::Metadata(MetadataRequest::default().with_topics(Some(Vec::new()))), (1, 13));
    if call.work == Work::Refresh && admin.asks_controllers {
        return cluster::controllers_body();
    }
    let Some(operation) = call.operation.and_then(|id| admin.operations.get(&id)) else { return empty() };
    let timeout_ms = i32::try_from(timeout_ms.min(admin.request_timeout_ms)).unwrap_or(i32::MAX);
    let request = &operation.request;
    match &call.work {
        Work::Refresh | Work::FindBrokers => empty(),
        Work::Once => {
            let (body, versions) = topics::body(request, timeout_ms)
                .or_else(|| cluster::body(request, timeout_ms))
                .or_else(|| manage::body(request, timeout_ms))
                .unwrap_or_else(empty);
            (for_endpoint(body, admin.asks_controllers), versions)
        }
        Work::TopicPage(from) => topics::page(request, from.as_ref()),
        Work::DescribeConfigs(resources) => configs::describe(request, resources),
        Work::AlterConfigs(changes) => configs::alter(request, changes),
        Work::FindLeaders(partitions) => leaders::find(partitions),
        Work::OnLeader(partitions) => leaders::ask(request, partitions, timeout_ms),
        Work::FindCoordinators(ids) => groups::find(ids),
        Work::OnCoordinator(ids, classic) => groups::ask(request, ids, *classic),
        Work::OnBroker(_) => groups::ask_broker(request),
    }
}

/// Of the controllers, the endpoints are asked for, not of the brokers.
fn for_endpoint(body: RequestKind, asks_controllers: bool) -> RequestKind {
    match body {
        RequestKind::DescribeCluster(body) if asks_controllers => {
            RequestKind::DescribeCluster(body.with_endpoint_type(2))
        }
        body => body,
    }
}

/// The way to do the same at brokers that do not know the newer API; `None` if there is none.
pub(super) fn older_work(work: &Work) -> Option<Work> {
    match work {
        Work::TopicPage(None) => Some(Work::Once),
        Work::OnCoordinator(ids, false) => Some(Work::OnCoordinator(ids.clone(), true)),
        _ => None,
    }
}

/// Leaves out what this version cannot carry.
pub(super) fn downgrade(request: RequestKind, version: i16) -> RequestKind {
    match request {
        RequestKind::Metadata(body) => RequestKind::Metadata(crate::network::for_version(body, version)),
        RequestKind::DescribeCluster(body) if version < 2 => {
            RequestKind::DescribeCluster(body.with_include_fenced_brokers(false))
        }
        other => other,
    }
}

/// Gives the error of a call that is given up to each thing it was for; false if it is the error of the whole question.
pub(super) fn fail_each(operation: &mut Operation, work: &Work, error: &JavaError) -> bool {
    use AdminResponse as A;
    match (work, &mut operation.answer) {
        (Work::DescribeConfigs(resources), A::Configs(each)) => {
            each.extend(resources.iter().map(|r| (r.clone(), Err(error.clone()))));
        }
        (Work::AlterConfigs(changes), A::ConfigsAltered(each)) => {
            each.extend(changes.iter().map(|(r, _)| (r.clone(), Err(error.clone()))));
        }
        (Work::FindLeaders(partitions) | Work::OnLeader(partitions), A::Offsets(each)) => {
            each.extend(partitions.iter().map(|p| (p.clone(), Err(error.clone()))));
        }
        (Work::FindLeaders(partitions) | Work::OnLeader(partitions), A::RecordsDeleted(each)) => {
            each.extend(partitions.iter().map(|p| (p.clone(), Err(error.clone()))));
        }
        (Work::FindCoordinators(ids) | Work::OnCoordinator(ids, _), A::GroupDescriptions(each)) => {
            each.extend(ids.iter().map(|id| (id.clone(), Err(error.clone()))));
        }
        (Work::FindCoordinators(ids) | Work::OnCoordinator(ids, _), A::GroupsDeleted(each)) => {
            each.extend(ids.iter().map(|id| (id.clone(), Err(error.clone()))));
        }
        (Work::OnBroker(id), A::LogDirs(each)) => {
            each.insert(*id, Err(error.clone()));
        }
        (Work::OnBroker(_), A::Groups { errors, .. }) => errors.push(error.clone()),
        _ => return false,
    }
    true
}
