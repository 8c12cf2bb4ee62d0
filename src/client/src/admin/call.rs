//! Calls and operations. Serves the admin client's engine; invariant: an operation is done when none of its calls is open
//! (Kafka's `KafkaAdminClient.Call`, `AdminApiDriver`).

use super::request::{AdminRequest, AlterConfigOp, ConfigResource, ConfigResourceType};
use super::response::AdminResponse;
use crate::{CallId, JavaError, TopicPartition};
use ottla_wire::ErrorCode;
use ottla_world::Time;
use std::collections::BTreeMap;

/// Which node a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The least loaded, once the metadata are there.
    Any,
    /// The least loaded, bootstrap servers too.
    Bootstrap,
    /// What the metadata name as controller (with KRaft: a broker that forwards).
    Controller,
    /// This broker.
    Node(i32),
}

/// What a call asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// The client's own metadata.
    Refresh,
    /// The whole operation at once.
    Once,
    /// A page of topic descriptions, from a topic and partition on.
    TopicPage(Option<(String, i32)>),
    /// Settings of these.
    DescribeConfigs(Vec<ConfigResource>),
    /// Changes of these.
    AlterConfigs(Vec<(ConfigResource, Vec<AlterConfigOp>)>),
    /// Who leads these.
    FindLeaders(Vec<TopicPartition>),
    /// The operation for these, at their leader.
    OnLeader(Vec<TopicPartition>),
    /// Who coordinates these groups.
    FindCoordinators(Vec<String>),
    /// The operation for these groups, at their coordinator; `true`: by the API of classic groups.
    OnCoordinator(Vec<String>, bool),
    /// Which brokers there are.
    FindBrokers,
    /// The operation at this broker.
    OnBroker(i32),
}

/// One request with its retries.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The operation it is part of; `None` for the client's own.
    pub(super) operation: Option<CallId>,
    pub(super) name: String,
    pub(super) target: Target,
    pub(super) work: Work,
    pub(super) deadline: Time,
    /// The deadline by the wall clock.
    pub(super) deadline_ms: i64,
    pub(super) tries: u32,
    pub(super) next_try: Time,
    /// A node was found for it that is being connected.
    pub(super) assigned: bool,
}

impl Call {
    /// When it is given up: a whole millisecond after its deadline, since Java counts in these
    /// (`TimeoutProcessor.callHasExpired`). An answer that comes before counts.
    pub(super) fn expires_at(&self) -> Time {
        self.deadline.plus_millis(1)
    }

    /// Whether it is given up at `now`.
    pub(super) fn is_expired(&self, now: Time) -> bool {
        self.expires_at() <= now
    }
}

/// Why a call failed.
#[derive(Clone, Debug)]
pub(super) struct CallError {
    pub(super) error: JavaError,
    /// A `RetriableException`.
    pub(super) retriable: bool,
}

impl CallError {
    pub(super) fn of(code: ErrorCode, message: Option<&str>) -> CallError {
        CallError { error: JavaError::of(code, message), retriable: code.is_retriable() }
    }

    pub(super) fn fatal(error: JavaError) -> CallError {
        CallError { error, retriable: false }
    }
}

/// The result of reading an answer.
pub(super) type Answered = Result<(), CallError>;

/// A question of the owner while it is being answered.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) request: AdminRequest,
    pub(super) answer: AdminResponse,
    pub(super) deadline: Time,
    pub(super) deadline_ms: i64,
    pub(super) open_calls: u64,
    /// Attempts over all calls, for the text of a time-out.
    pub(super) tries: u32,
}

/// A call to be made: its name in Java, its node, its work.
type Planned = (String, Target, Work);

/// Whether a controller may be asked (`NodeProvider.supportsUseControllers`).
pub(super) fn is_for_controllers(request: &AdminRequest) -> bool {
    use AdminRequest as Q;
    matches!(
        request,
        Q::DescribeCluster { .. }
            | Q::DescribeMetadataQuorum
            | Q::DescribeFeatures
            | Q::DescribeConfigs { .. }
            | Q::IncrementalAlterConfigs { .. }
            | Q::ListPartitionReassignments { .. }
            | Q::AlterPartitionReassignments { .. }
    )
}

/// The first calls of a request, with their names in Java, and the empty answer.
pub(super) fn plan(request: &AdminRequest) -> (Vec<Planned>, AdminResponse) {
    let once = |name: &str, target| vec![(name.to_owned(), target, Work::Once)];
    use AdminRequest as Q;
    use AdminResponse as A;
    match request {
        Q::ListTopics { .. } => (once("listTopics", Target::Any), A::Topics(BTreeMap::new())),
        Q::DescribeTopics { .. } => {
            let page = ("describeTopicPartitions".to_owned(), Target::Any, Work::TopicPage(None));
            (vec![page], A::TopicDescriptions(BTreeMap::new()))
        }
        Q::DescribeTopicIds { .. } => {
            (once("describeTopicsWithIds", Target::Any), A::TopicDescriptionsById(BTreeMap::new()))
        }
        Q::CreateTopics { .. } => (once("createTopics", Target::Controller), A::TopicsCreated(BTreeMap::new())),
        Q::DeleteTopics { .. } => (once("deleteTopics", Target::Controller), A::TopicsDeleted(BTreeMap::new())),
        Q::CreatePartitions { .. } => {
            (once("createPartitions", Target::Controller), A::PartitionsCreated(BTreeMap::new()))
        }
        Q::DescribeConfigs { resources, .. } => {
            let calls = by_target(resources, |r| r).into_iter();
            let call = |(target, resources)| ("describeConfigs".to_owned(), target, Work::DescribeConfigs(resources));
            (calls.map(call).collect(), A::Configs(BTreeMap::new()))
        }
        Q::IncrementalAlterConfigs { changes, .. } => {
            let calls = by_target(changes, |(r, _)| r).into_iter();
            let call = |(target, list)| ("incrementalAlterConfigs".to_owned(), target, Work::AlterConfigs(list));
            (calls.map(call).collect(), A::ConfigsAltered(BTreeMap::new()))
        }
        Q::ListOffsets { .. } | Q::DeleteRecords { .. } => plan_leaders(request),
        Q::ElectLeaders { .. } => (once("electLeaders", Target::Controller), A::LeadersElected(BTreeMap::new())),
        Q::ListPartitionReassignments { .. } => {
            (once("listPartitionReassignments", Target::Controller), A::Reassignments(BTreeMap::new()))
        }
        Q::AlterPartitionReassignments { .. } => {
            (once("alterPartitionReassignments", Target::Controller), A::ReassignmentsAltered(BTreeMap::new()))
        }
        Q::DescribeCluster { .. } => (once("listNodes", Target::Any), super::cluster::empty_cluster()),
        Q::DescribeMetadataQuorum => (once("describeMetadataQuorum", Target::Any), super::cluster::empty_quorum()),
        Q::DescribeFeatures => (once("describeFeatures", Target::Any), super::cluster::empty_features()),
        _ => plan_management(request).unwrap_or_else(|| plan_groups(request)),
    }
}

/// The calls about quotas, features, access control and versions.
fn plan_management(request: &AdminRequest) -> Option<(Vec<Planned>, AdminResponse)> {
    use AdminRequest as Q;
    use AdminResponse as A;
    let (name, target, answer) = match request {
        Q::UpdateFeatures { .. } => ("updateFeatures", Target::Controller, A::FeaturesUpdated(BTreeMap::new())),
        Q::UnregisterBroker { .. } => ("unregisterBroker", Target::Any, A::Done),
        Q::DescribeClientQuotas { .. } => ("describeClientQuotas", Target::Any, A::ClientQuotas(Vec::new())),
        Q::AlterClientQuotas { .. } => ("alterClientQuotas", Target::Any, A::Done),
        Q::ListConfigResources { .. } => ("listConfigResources", Target::Any, A::ConfigResources(Vec::new())),
        Q::DescribeAcls => ("describeAcls", Target::Any, A::Done),
        Q::CreateAcls { .. } => ("createAcls", Target::Any, A::Done),
        Q::DeleteAcls { .. } => ("deleteAcls", Target::Any, A::Done),
        Q::ApiVersions { broker } => ("apiVersions", Target::Node(*broker), A::ApiVersions(Vec::new())),
        _ => return None,
    };
    Some((vec![(name.to_owned(), target, Work::Once)], answer))
}

/// The calls about partitions that their leaders answer.
fn plan_leaders(request: &AdminRequest) -> (Vec<Planned>, AdminResponse) {
    let (name, partitions, answer) = match request {
        AdminRequest::ListOffsets { partitions, .. } => {
            ("listOffsets", partitions.keys().cloned().collect(), AdminResponse::Offsets(BTreeMap::new()))
        }
        AdminRequest::DeleteRecords { before } => {
            ("deleteRecords", before.keys().cloned().collect(), AdminResponse::RecordsDeleted(BTreeMap::new()))
        }
        _ => ("", Vec::new(), AdminResponse::Offsets(BTreeMap::new())),
    };
    (vec![(format!("{name}(api=METADATA)"), Target::Any, Work::FindLeaders(partitions))], answer)
}

/// The calls about groups, and those to every broker.
fn plan_groups(request: &AdminRequest) -> (Vec<Planned>, AdminResponse) {
    use AdminRequest as Q;
    use AdminResponse as A;
    let groups = |name: &str, groups: &[String]| {
        vec![(format!("{name}(api=FIND_COORDINATOR)"), Target::Any, Work::FindCoordinators(groups.to_vec()))]
    };
    let one_group = |name: &str, group: &String| groups(name, std::slice::from_ref(group));
    match request {
        Q::DescribeLogDirs { brokers } => {
            let call = |id: &i32| ("describeLogDirs".to_owned(), Target::Node(*id), Work::OnBroker(*id));
            (brokers.iter().map(call).collect(), A::LogDirs(BTreeMap::new()))
        }
        Q::DescribeConsumerGroups { groups: ids } => {
            (groups("describeConsumerGroups", ids), A::GroupDescriptions(BTreeMap::new()))
        }
        Q::ListConsumerGroupOffsets { group, .. } => {
            (one_group("listConsumerGroupOffsets", group), A::GroupOffsets(BTreeMap::new()))
        }
        Q::AlterConsumerGroupOffsets { group, .. } => {
            (one_group("offsetCommit", group), A::GroupOffsetsAltered(BTreeMap::new()))
        }
        Q::DeleteConsumerGroupOffsets { group, .. } => {
            (one_group("offsetDelete", group), A::GroupOffsetsDeleted(BTreeMap::new()))
        }
        Q::DeleteConsumerGroups { groups: ids } => {
            (groups("deleteConsumerGroups", ids), A::GroupsDeleted(BTreeMap::new()))
        }
        _ => {
            let call = ("findAllBrokers".to_owned(), Target::Any, Work::FindBrokers);
            (vec![call], A::Groups { groups: Vec::new(), errors: Vec::new() })
        }
    }
}

/// The settings of one broker are known to that broker alone; the rest may be asked anywhere.
fn by_target<T: Clone>(items: &[T], resource: impl Fn(&T) -> &ConfigResource) -> Vec<(Target, Vec<T>)> {
    let mut groups: Vec<(Target, Vec<T>)> = Vec::new();
    for item in items {
        let of = resource(item);
        let own = matches!(of.resource_type, ConfigResourceType::Broker | ConfigResourceType::BrokerLogger);
        let target = match of.name.parse() {
            Ok(id) if own => Target::Node(id),
            _ => Target::Any,
        };
        match groups.iter_mut().find(|(t, _)| *t == target) {
            Some((_, items)) => items.push(item.clone()),
            None => groups.push((target, vec![item.clone()])),
        }
    }
    groups
}
