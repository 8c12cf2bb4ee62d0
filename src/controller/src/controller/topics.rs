//! Creation of topics (`ReplicationControlManager.createTopics`).
//!
//! Invariant: a topic is created whole or not at all; others in the same request do not depend on it.

use super::active::Controller;
use super::placement::RandomSource;
use super::result::{ApiError, ControllerResult};
use super::topic_names::{collide, topic_name_fault};
use crate::image::ConfigResource;
use crate::record::{Config, MetadataRecord, Topic};
use ottla_wire::config::{topic_configs, validate_topic_configs};
use ottla_wire::java::hash_map_order;
use ottla_wire::messages::create_topics_request::CreatableTopic;
use ottla_wire::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use ottla_wire::messages::{CreateTopicsRequest, CreateTopicsResponse};
use ottla_wire::{ErrorCode, str_bytes};
use std::collections::BTreeMap;
use uuid::Uuid;

type Settings = BTreeMap<String, String>;

/// What `DescribeConfigs` calls a value that nobody set: 5, `DEFAULT_CONFIG`.
const DEFAULT_CONFIG: i8 = 5;

impl Controller {
    /// Decides on all topics of a request. `random` places replicas and draws ids.
    pub fn create_topics(
        &self,
        random: &mut dyn RandomSource,
        request: &CreateTopicsRequest,
    ) -> ControllerResult<CreateTopicsResponse> {
        let mut records = Vec::new();
        let mut results = Vec::new();
        for topic in &request.topics {
            let same_name = |other: &&CreatableTopic| other.name == topic.name;
            let outcome = if request.topics.iter().filter(same_name).count() > 1 {
                Err(ApiError::new(ErrorCode::InvalidRequest, "Duplicate topic name."))
            } else {
                self.create_topic(random, topic)
            };
            results.push(match outcome {
                Ok((created, result)) => {
                    records.extend(created);
                    result
                }
                Err(error) => CreatableTopicResult::default()
                    .with_name(topic.name.clone())
                    .with_error_code(error.code.code())
                    .with_error_message(error.text())
                    .with_configs(Some(Vec::new())),
            });
        }
        if request.validate_only {
            records.clear();
        }
        ControllerResult::new(records, CreateTopicsResponse::default().with_topics(results))
    }

    fn create_topic(
        &self,
        random: &mut dyn RandomSource,
        topic: &CreatableTopic,
    ) -> Result<(Vec<MetadataRecord>, CreatableTopicResult), ApiError> {
        self.check_new_name(&topic.name)?;
        let settings = self.new_settings(topic)?;
        let replicas = if topic.assignments.is_empty() { self.placed(random, topic)? } else { self.assigned(topic)? };
        let topic_id = random_id(random);
        let mut records = vec![MetadataRecord::Topic(Topic { name: topic.name.to_string(), topic_id })];
        for key in hash_map_order(settings.keys().map(String::as_str)) {
            records.push(MetadataRecord::Config(Config {
                resource_type: 2,
                resource_name: topic.name.to_string(),
                name: key.to_owned(),
                value: settings.get(key).cloned(),
            }));
        }
        for (partition_id, replicas) in (0..).zip(&replicas) {
            let partition = self.new_partition(topic_id, partition_id, replicas);
            records.push(partition.ok_or_else(|| unled(topic, partition_id, replicas.len()))?);
        }
        let result = CreatableTopicResult::default()
            .with_name(topic.name.clone())
            .with_topic_id(topic_id)
            .with_error_message(None)
            .with_num_partitions(replicas.len() as i32)
            .with_replication_factor(replicas.first().map_or(-1, |replicas| replicas.len() as i16))
            .with_configs(Some(self.effective_configs(&settings)));
        Ok((records, result))
    }

    fn check_new_name(&self, name: &str) -> Result<(), ApiError> {
        if let Some(fault) = topic_name_fault(name) {
            return Err(ApiError::new(ErrorCode::InvalidTopicException, fault));
        }
        if self.image.topic(name).is_some() {
            return Err(ApiError::new(ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
        }
        match self.image.topic_ids().keys().find(|other| collide(name, other)) {
            Some(other) => Err(ApiError::new(
                ErrorCode::InvalidTopicException,
                format!("Topic '{name}' collides with existing topic: {other}"),
            )),
            None => Ok(()),
        }
    }

    fn new_settings(&self, topic: &CreatableTopic) -> Result<Settings, ApiError> {
        let nulls: Vec<&str> =
            topic.configs.iter().filter(|config| config.value.is_none()).map(|config| config.name.as_str()).collect();
        if !nulls.is_empty() {
            let message = format!("Null value not supported for topic configs: {}", nulls.join(","));
            return Err(ApiError::new(ErrorCode::InvalidConfig, message));
        }
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let pairs = topic.configs.iter().filter_map(|config| Some((config.name.as_str(), config.value.as_deref()?)));
        let settings: Settings = pairs.map(pair).collect();
        validate_topic_configs(&settings)
            .map_err(|error| ApiError::new(ErrorCode::InvalidConfig, error.to_string()))?;
        Ok(settings)
    }

    fn placed(&self, random: &mut dyn RandomSource, topic: &CreatableTopic) -> Result<Vec<Vec<i32>>, ApiError> {
        if topic.replication_factor < -1 || topic.replication_factor == 0 {
            return Err(ApiError::new(
                ErrorCode::InvalidReplicationFactor,
                "Replication factor must be larger than 0, or -1 to use the default value.",
            ));
        }
        if topic.num_partitions < -1 || topic.num_partitions == 0 {
            return Err(ApiError::new(
                ErrorCode::InvalidPartitions,
                "Number of partitions was set to an invalid non-positive value.",
            ));
        }
        let partitions = if topic.num_partitions == -1 { self.settings.num_partitions } else { topic.num_partitions };
        let factor = match topic.replication_factor {
            -1 => self.settings.default_replication_factor,
            factor => factor,
        };
        if partitions > MAX_PARTITIONS_PER_BATCH {
            let message =
                format!("Excessively large number of partitions per request. (more than {MAX_PARTITIONS_PER_BATCH})");
            return Err(ApiError::new(ErrorCode::PolicyViolation, message));
        }
        self.place(random, partitions, i32::from(factor)).map_err(|error| {
            let message = format!("Unable to replicate the partition {factor} time(s): {error}");
            ApiError::new(ErrorCode::InvalidReplicationFactor, message)
        })
    }

    fn assigned(&self, topic: &CreatableTopic) -> Result<Vec<Vec<i32>>, ApiError> {
        let invalid = |message: &str| Err(ApiError::new(ErrorCode::InvalidRequest, message));
        if topic.replication_factor != -1 {
            return invalid("A manual partition assignment was specified, but replication factor was not set to -1.");
        }
        if topic.num_partitions != -1 {
            return invalid("A manual partition assignment was specified, but numPartitions was not set to -1.");
        }
        let mut partitions: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        let mut factor = None;
        for assignment in &topic.assignments {
            let index = assignment.partition_index;
            let fail = |message: String| Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
            if partitions.contains_key(&index) {
                return fail(format!("Found multiple manual partition assignments for partition {index}"));
            }
            let replicas: Vec<i32> = assignment.broker_ids.iter().map(|id| id.0).collect();
            self.check_manual_assignment(&replicas, factor)?;
            factor = Some(replicas.len());
            if !replicas.iter().any(|id| self.image.is_active(*id)) {
                return fail(format!(
                    "All brokers specified in the manual partition assignment for partition {index} are fenced or in \
                     controlled shutdown."
                ));
            }
            partitions.insert(index, replicas);
        }
        if !partitions.keys().copied().eq(0..partitions.len() as i32) {
            let message = "partitions should be a consecutive 0-based integer sequence";
            return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
        }
        Ok(partitions.into_values().collect())
    }

    /// The settings the new topic will have, for the response: its own, the brokers' common ones, the built-in ones.
    fn effective_configs(&self, settings: &Settings) -> Vec<CreatableTopicConfigs> {
        let effective = |key: &'static ottla_wire::config::ConfigKey| {
            let cluster = || {
                let synonym = |synonym: &ottla_wire::config::Synonym| {
                    let value = self.image.config(&ConfigResource::DefaultBroker, synonym.name)?;
                    Some((synonym.convert(value), 3))
                };
                key.synonyms.iter().find_map(synonym)
            };
            let property = || {
                let synonym = |synonym: &ottla_wire::config::Synonym| {
                    Some((synonym.convert(self.settings.properties.get(synonym.name)?), 4))
                };
                key.synonyms.iter().find_map(synonym)
            };
            let own = settings.get(key.name).map(|value| (value.clone(), 1));
            let default = || key.default.map(|value| (value.to_owned(), DEFAULT_CONFIG));
            let (value, source) = own.or_else(cluster).or_else(property).or_else(default)?;
            let config = CreatableTopicConfigs::default().with_name(str_bytes(key.name)).with_config_source(source);
            Some(config.with_value(Some(str_bytes(&value))))
        };
        topic_configs().iter().filter_map(effective).collect()
    }
}

/// `ReplicationControlManager.MAX_PARTITIONS_PER_BATCH`.
const MAX_PARTITIONS_PER_BATCH: i32 = 10_000;

fn unled(topic: &CreatableTopic, partition_id: i32, replicas: usize) -> ApiError {
    if topic.assignments.is_empty() {
        let message = format!(
            "Unable to replicate the partition {replicas} time(s): All brokers are currently fenced or in controlled \
             shutdown."
        );
        return ApiError::new(ErrorCode::InvalidReplicationFactor, message);
    }
    let message = format!(
        "All brokers specified in the manual partition assignment for partition {partition_id} are fenced or in \
         controlled shutdown."
    );
    ApiError::new(ErrorCode::InvalidReplicaAssignment, message)
}

/// A random UUID (version 4) that does not begin with a dash as text (`Uuid.randomUuid`).
fn random_id(random: &mut dyn RandomSource) -> Uuid {
    loop {
        let mut bytes = [0; 16];
        for chunk in bytes.chunks_mut(2) {
            chunk.copy_from_slice(&(random.next_int(1 << 16) as u16).to_be_bytes());
        }
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let id = Uuid::from_bytes(bytes);
        if !ottla_wire::java::uuid_text(id).starts_with('-') {
            return id;
        }
    }
}
