//! Metadata of topics (`MetadataRequest`) and automatic creation. Serves clients; invariant:
//! only unfenced brokers are shown, and a topic is made by the controller alone.

use crate::{connections::RequestId, node::Running, uplink::Purpose};
use ottla_controller::image::{PartitionState, TopicImage};
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind, ResponseKind, TopicName,
    messages::{
        CreateTopicsRequest, MetadataRequest, MetadataResponse,
        create_topics_request::{CreatableTopic, CreatableTopicConfig},
        metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic},
    },
    str_bytes, topic_name,
};
use ottla_world::{Context, Time};

/// Kafka's own topics.
pub(crate) fn is_internal(name: &str) -> bool {
    matches!(name, "__consumer_offsets" | "__transaction_state" | "__share_group_state")
}

/// Whether a topic may have this name (`Topic.isValid`).
pub(crate) fn is_valid_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name != "." && name != ".." && name.len() <= 249 && name.chars().all(fits)
}

pub(super) const NOT_ASKED_FOR: i32 = i32::MIN;

impl Running {
    pub(crate) fn metadata(&mut self, cx: &mut Context<'_>, id: RequestId, version: i16, request: &MetadataRequest) {
        let broker = |b: &ottla_controller::image::BrokerRegistration| {
            let (host, port) = b.address()?;
            let row = MetadataResponseBroker::default().with_node_id(BrokerId(b.id)).with_host(str_bytes(host));
            Some(row.with_port(i32::from(port)).with_rack(b.rack.as_deref().map(str_bytes)))
        };
        let brokers: Vec<MetadataResponseBroker> = self.image.alive_brokers().filter_map(broker).collect();
        let everything =
            request.topics.is_none() || (version == 0 && request.topics.as_ref().is_some_and(Vec::is_empty));
        let mut topics = Vec::new();
        let mut missing = Vec::new();
        if everything {
            topics.extend(self.image.topics_by_name().map(|t| self.topic_row(t)));
        } else {
            for wanted in request.topics.iter().flatten() {
                match &wanted.name {
                    Some(name) => match self.image.topic(name) {
                        Some(topic) => topics.push(self.topic_row(topic)),
                        None => topics.push(missing_row(name, &mut missing)),
                    },
                    None => match self.image.topic_by_id(wanted.topic_id) {
                        Some(topic) => topics.push(self.topic_row(topic)),
                        None => topics.push(
                            MetadataResponseTopic::default()
                                .with_error_code(ErrorCode::UnknownTopicId.code())
                                .with_topic_id(wanted.topic_id)
                                .with_topic_authorized_operations(NOT_ASKED_FOR),
                        ),
                    },
                }
            }
        }
        if request.allow_auto_topic_creation && self.config.flag("auto.create.topics.enable") {
            missing.into_iter().for_each(|name| self.auto_create(cx.now(), &name));
        }
        // With KRaft a random living broker stands for the controller.
        let n = brokers.len() as u64;
        let controller = brokers.get(cx.rng().below(n) as usize).map_or(BrokerId(-1), |b| b.node_id);
        let response = MetadataResponse::default()
            .with_brokers(brokers)
            .with_cluster_id(Some(str_bytes(&self.config.cluster_id)))
            .with_controller_id(controller)
            .with_cluster_authorized_operations(NOT_ASKED_FOR)
            .with_topics(topics);
        self.respond(cx, id, ResponseKind::Metadata(response));
    }

    fn topic_row(&self, topic: &TopicImage) -> MetadataResponseTopic {
        MetadataResponseTopic::default()
            .with_name(Some(topic_name(&topic.name)))
            .with_topic_id(topic.id)
            .with_is_internal(is_internal(&topic.name))
            .with_topic_authorized_operations(NOT_ASKED_FOR)
            .with_partitions(topic.partitions.iter().map(|(n, state)| self.partition_row(*n, state)).collect())
    }

    fn partition_row(&self, index: i32, state: &PartitionState) -> MetadataResponsePartition {
        let lives = state.has_leader() && self.image.is_alive(state.leader);
        let error = if lives { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
        MetadataResponsePartition::default()
            .with_error_code(error.code())
            .with_partition_index(index)
            .with_leader_id(BrokerId(if lives { state.leader } else { -1 }))
            .with_leader_epoch(state.leader_epoch)
            .with_replica_nodes(ids(&state.replicas))
            .with_isr_nodes(ids(&state.isr))
            .with_offline_replicas(self.offline(state))
    }

    pub(super) fn offline(&self, state: &PartitionState) -> Vec<BrokerId> {
        state.replicas.iter().filter(|id| !self.image.is_alive(**id)).map(|id| BrokerId(*id)).collect()
    }

    /// Asks the controller for a topic that somebody wants to use (`AutoTopicCreationManager`).
    pub(crate) fn auto_create(&mut self, now: Time, name: &str) {
        if !self.creating.insert(name.to_owned()) {
            return;
        }
        let mut topic = CreatableTopic::default().with_name(topic_name(name));
        if name == "__consumer_offsets" {
            let config = |key: &str, value: &str| {
                CreatableTopicConfig::default().with_name(str_bytes(key)).with_value(Some(str_bytes(value)))
            };
            topic = topic
                .with_num_partitions(self.config.int("offsets.topic.num.partitions"))
                .with_replication_factor(self.config.int("offsets.topic.replication.factor") as i16)
                .with_configs(vec![
                    config("compression.type", "producer"),
                    config("cleanup.policy", "compact"),
                    config("segment.bytes", self.config.setting("offsets.topic.segment.bytes").unwrap_or("104857600")),
                ]);
        } else {
            topic = topic
                .with_num_partitions(self.config.int("num.partitions"))
                .with_replication_factor(self.config.int("default.replication.factor") as i16);
        }
        let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(30_000);
        self.send_forwarded(now, Purpose::AutoCreate, 7, &RequestKind::CreateTopics(request), 30_000);
    }
}

pub(super) fn ids(all: &[i32]) -> Vec<BrokerId> {
    all.iter().map(|id| BrokerId(*id)).collect()
}

fn missing_row(name: &TopicName, missing: &mut Vec<String>) -> MetadataResponseTopic {
    let valid = is_valid_name(name);
    if valid {
        missing.push(name.to_string());
    }
    let error = if valid { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException };
    MetadataResponseTopic::default()
        .with_error_code(error.code())
        .with_name(Some(name.clone()))
        .with_is_internal(is_internal(name))
        .with_topic_authorized_operations(NOT_ASKED_FOR)
}
