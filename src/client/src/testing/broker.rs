//! A broker that answers from a table. Serves the tests; invariant: what the script does not name is answered as a
//! healthy broker would, from its own small logs.

use super::group::FakeGroup;
use bytes::Bytes;
use ottla_records::{BatchHeader, Batches};
use ottla_wire::{
    ApiKey, BrokerId, ErrorCode, ProducerId, Request, RequestKind, ResponseKind, Uuid, api, decode_request,
    encode_response,
    messages::api_versions_response::ApiVersion,
    messages::fetch_response::{FetchableTopicResponse, PartitionData},
    messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse},
    messages::metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic},
    messages::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult},
    messages::produce_response::{PartitionProduceResponse, TopicProduceResponse},
    messages::*,
    str_bytes, topic_name,
};
use ottla_world::{ConnectionId, Context, Input, Process, Time};
use std::{any::Any, collections::BTreeMap};

/// Topics: the leader of each partition.
pub(crate) type Topics = BTreeMap<String, Vec<i32>>;

/// What to do with the n-th request (from 0) of an API instead of answering it.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// Answer with this error in the place of the partition's, topic's or the response's.
    Error(ApiKey, u32, ErrorCode),
    /// Close the connection.
    Close(ApiKey, u32),
    /// The topic is not known before so many metadata requests.
    TopicAfter(u32),
    /// No answer at all.
    Nothing(ApiKey, u32),
    /// It is a controller.
    Controller,
}

#[derive(Clone, Debug)]
pub(crate) struct FakeBroker {
    id: i32,
    brokers: i32,
    topics: Topics,
    say: Vec<Say>,
    counts: BTreeMap<i16, u32>,
    /// Batches by topic and partition, stamped.
    pub(crate) logs: BTreeMap<(String, i32), Vec<Bytes>>,
    pub(crate) log_starts: BTreeMap<(String, i32), i64>,
    /// Names and versions of the requests, in order.
    pub(crate) seen: Vec<String>,
    pub(crate) group: FakeGroup,
    held_fetches: Vec<(Time, ConnectionId, Request)>,
}

pub(crate) fn topic_id(name: &str) -> Uuid {
    Uuid::from_u128(name.bytes().fold(1, |sum, byte| sum * 256 + u128::from(byte)))
}

impl FakeBroker {
    pub(crate) fn new(id: i32, brokers: i32, topics: Topics, say: Vec<Say>) -> FakeBroker {
        FakeBroker {
            id,
            brokers,
            topics,
            say,
            counts: BTreeMap::new(),
            logs: BTreeMap::new(),
            log_starts: BTreeMap::new(),
            seen: Vec::new(),
            group: FakeGroup::default(),
            held_fetches: Vec::new(),
        }
    }

    /// All values of a partition, as text.
    pub(crate) fn values(&self, topic: &str, partition: i32) -> Vec<String> {
        let batches = self.logs.get(&(topic.to_owned(), partition)).cloned().unwrap_or_default();
        let batches = batches.into_iter().flat_map(|b| Batches::new(b).next()).map(|b| b.unwrap());
        let records = batches.flat_map(|b| b.records(&ottla_records::Limits::default()).unwrap());
        records.map(|r| String::from_utf8(r.value.unwrap_or_default().to_vec()).unwrap()).collect()
    }

    pub(crate) fn end(&self, topic: &str, partition: i32) -> i64 {
        let last = self.logs.get(&(topic.to_owned(), partition)).and_then(|batches| batches.last());
        last.map_or(0, |b| BatchHeader::parse(b).unwrap().last_offset() + 1)
    }

    fn name_of(&self, id: Uuid, name: &str) -> String {
        self.topics.keys().find(|t| topic_id(t) == id).map_or(name.to_owned(), Clone::clone)
    }

    fn answer(&mut self, cx: &mut Context<'_>, connection: ConnectionId, request: Request) {
        let key = request.api_key;
        let count = self.counts.entry(key as i16).or_insert(0);
        let n = *count;
        *count += 1;
        self.seen.push(format!("{key:?} v{}", request.version));
        let mut error = ErrorCode::None;
        for say in self.say.clone() {
            match say {
                Say::Nothing(api, at) if api == key && at == n => return,
                Say::Close(api, at) if api == key && at == n => return cx.close(connection),
                Say::Error(api, at, code) if api == key && at == n => error = code,
                _ => {}
            }
        }
        if key == ApiKey::Fetch && error.is_none() && !self.has_data(&request) {
            self.held_fetches.push((cx.now().plus_millis(500), connection, request));
            return;
        }
        let response = self.respond(&request, error, n);
        if let Some(response) = response {
            let frame = encode_response(request.version, request.correlation_id, &response).unwrap();
            cx.send(connection, frame);
        }
    }

    fn respond(&mut self, request: &Request, error: ErrorCode, n: u32) -> Option<ResponseKind> {
        Some(match &request.body {
            RequestKind::ApiVersions(_) => ResponseKind::ApiVersions(self.api_versions()),
            RequestKind::Metadata(body) => ResponseKind::Metadata(self.metadata(body, error, n)),
            RequestKind::InitProducerId(_) => ResponseKind::InitProducerId(
                InitProducerIdResponse::default()
                    .with_error_code(error.code())
                    .with_producer_id(ProducerId(4000))
                    .with_producer_epoch(0),
            ),
            RequestKind::Produce(body) => {
                let response = self.produce(body, error);
                if body.acks == 0 {
                    return None;
                }
                ResponseKind::Produce(response)
            }
            RequestKind::Fetch(body) => ResponseKind::Fetch(self.fetch(body, error)),
            RequestKind::ListOffsets(body) => ResponseKind::ListOffsets(self.list_offsets(body, error)),
            RequestKind::OffsetForLeaderEpoch(body) => ResponseKind::OffsetForLeaderEpoch(self.epochs(body)),
            RequestKind::CreateTopics(body) => ResponseKind::CreateTopics(super::cluster::create(body, error)),
            RequestKind::DescribeTopicPartitions(body) => {
                ResponseKind::DescribeTopicPartitions(super::cluster::describe(&self.topics, body))
            }
            RequestKind::DescribeCluster(_) => ResponseKind::DescribeCluster(super::cluster::cluster(self.brokers)),
            RequestKind::DescribeConfigs(body) => ResponseKind::DescribeConfigs(super::cluster::configs(self.id, body)),
            body => return self.group.respond(self.id, body, error),
        })
    }

    fn api_versions(&self) -> ApiVersionsResponse {
        let is_controller = self.say.iter().any(|say| matches!(say, Say::Controller));
        let role = if is_controller { api::Role::Controller } else { api::Role::Broker };
        let keys = api::advertised(role)
            .map(|(key, min, max)| ApiVersion::default().with_api_key(key).with_min_version(min).with_max_version(max));
        ApiVersionsResponse::default().with_api_keys(keys.collect())
    }

    fn metadata(&self, body: &MetadataRequest, error: ErrorCode, n: u32) -> MetadataResponse {
        let hidden = self.say.iter().any(|s| matches!(s, Say::TopicAfter(after) if n < *after));
        let all = || self.topics.keys().cloned().collect::<Vec<_>>();
        let names = body
            .topics
            .as_ref()
            .map_or_else(all, |topics| topics.iter().filter_map(|t| t.name.as_ref().map(|n| n.to_string())).collect());
        let topics = names.iter().map(|name| {
            let error = match self.topics.get(name) {
                _ if !error.is_none() => error,
                Some(_) if !hidden => ErrorCode::None,
                _ if name.contains(' ') => ErrorCode::InvalidTopicException,
                _ => ErrorCode::UnknownTopicOrPartition,
            };
            let partitions = self.topics.get(name).filter(|_| error.is_none()).cloned().unwrap_or_default();
            let partitions = partitions.iter().enumerate().map(|(index, leader)| {
                MetadataResponsePartition::default()
                    .with_partition_index(index as i32)
                    .with_leader_id(BrokerId(*leader))
                    .with_leader_epoch(0)
                    .with_replica_nodes(vec![BrokerId(*leader)])
                    .with_isr_nodes(vec![BrokerId(*leader)])
            });
            MetadataResponseTopic::default()
                .with_error_code(error.code())
                .with_name(Some(topic_name(name)))
                .with_topic_id(if error.is_none() { topic_id(name) } else { Uuid::nil() })
                .with_partitions(partitions.collect())
        });
        let brokers = (1..=self.brokers).map(|id| {
            MetadataResponseBroker::default()
                .with_node_id(BrokerId(id))
                .with_host(str_bytes("localhost"))
                .with_port(9091 + id)
        });
        MetadataResponse::default()
            .with_brokers(brokers.collect())
            .with_controller_id(BrokerId(1))
            .with_cluster_id(Some(str_bytes("cluster")))
            .with_topics(topics.collect())
    }

    fn produce(&mut self, body: &ProduceRequest, error: ErrorCode) -> ProduceResponse {
        let mut topics = Vec::new();
        for topic in &body.topic_data {
            let name = self.name_of(topic.topic_id, topic.name.as_str());
            let mut partitions = Vec::new();
            for partition in &topic.partition_data {
                let base = self.end(&name, partition.index);
                if error.is_none() {
                    let batch = Batches::new(partition.records.clone().unwrap()).next().unwrap().unwrap();
                    batch.verify_crc().unwrap();
                    let stamped = ottla_records::stamp(partition.records.clone().unwrap(), base, 0);
                    self.logs.entry((name.clone(), partition.index)).or_default().push(stamped);
                }
                partitions.push(
                    PartitionProduceResponse::default()
                        .with_index(partition.index)
                        .with_error_code(error.code())
                        .with_base_offset(if error.is_none() { base } else { -1 }),
                );
            }
            topics.push(
                TopicProduceResponse::default()
                    .with_name(topic.name.clone())
                    .with_topic_id(topic.topic_id)
                    .with_partition_responses(partitions),
            );
        }
        ProduceResponse::default().with_responses(topics)
    }

    fn has_data(&self, request: &Request) -> bool {
        let RequestKind::Fetch(body) = &request.body else { return true };
        body.topics.iter().any(|topic| {
            let name = self.name_of(topic.topic_id, topic.topic.as_str());
            topic.partitions.iter().any(|p| self.end(&name, p.partition) != p.fetch_offset)
        })
    }

    fn fetch(&mut self, body: &FetchRequest, error: ErrorCode) -> FetchResponse {
        let topics = body.topics.iter().map(|topic| {
            let name = self.name_of(topic.topic_id, topic.topic.as_str());
            let partitions = topic.partitions.iter().map(|p| {
                let key = (name.clone(), p.partition);
                let end = self.end(&name, p.partition);
                let start = self.log_starts.get(&key).copied().unwrap_or(0);
                let batches = self.logs.get(&key).cloned().unwrap_or_default();
                let wanted = batches.iter().filter(|b| BatchHeader::parse(b).unwrap().last_offset() >= p.fetch_offset);
                let records: Vec<u8> = wanted.flat_map(|b| b.to_vec()).collect();
                let outside = p.fetch_offset > end || p.fetch_offset < start;
                let error = if error.is_none() && outside { ErrorCode::OffsetOutOfRange } else { error };
                let records = if error.is_none() { records } else { Vec::new() };
                PartitionData::default()
                    .with_partition_index(p.partition)
                    .with_error_code(error.code())
                    .with_high_watermark(end)
                    .with_last_stable_offset(end)
                    .with_log_start_offset(start)
                    .with_records(Some(Bytes::from(records)))
            });
            FetchableTopicResponse::default()
                .with_topic(topic.topic.clone())
                .with_topic_id(topic.topic_id)
                .with_partitions(partitions.collect())
        });
        FetchResponse::default().with_responses(topics.collect())
    }

    fn list_offsets(&self, body: &ListOffsetsRequest, error: ErrorCode) -> ListOffsetsResponse {
        let topics = body.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|p| {
                let key = (topic.name.to_string(), p.partition_index);
                let offset = match p.timestamp {
                    -2 => self.log_starts.get(&key).copied().unwrap_or(0),
                    _ => self.end(&key.0, key.1),
                };
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(p.partition_index)
                    .with_error_code(error.code())
                    .with_offset(offset)
                    .with_leader_epoch(0)
            });
            ListOffsetsTopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }

    fn epochs(&self, body: &OffsetForLeaderEpochRequest) -> OffsetForLeaderEpochResponse {
        let topics = body.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|p| {
                EpochEndOffset::default()
                    .with_partition(p.partition)
                    .with_leader_epoch(p.leader_epoch)
                    .with_end_offset(self.end(topic.topic.as_str(), p.partition))
            });
            OffsetForLeaderTopicResult::default().with_topic(topic.topic.clone()).with_partitions(partitions.collect())
        });
        OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
    }

    fn release_fetches(&mut self, cx: &mut Context<'_>) {
        for (at, connection, request) in std::mem::take(&mut self.held_fetches) {
            if at > cx.now() && !self.has_data(&request) {
                self.held_fetches.push((at, connection, request));
                continue;
            }
            if let Some(response) = self.respond(&request, ErrorCode::None, 0) {
                let frame = encode_response(request.version, request.correlation_id, &response).unwrap();
                cx.send(connection, frame);
            }
        }
    }
}

impl Process for FakeBroker {
    fn name(&self) -> &str {
        "Kafka"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Start => cx.listen(9091 + u16::try_from(self.id).unwrap()),
            Input::Frame { connection, frame } => {
                let request = decode_request(&frame).unwrap();
                self.answer(cx, connection, request);
                self.release_fetches(cx);
            }
            _ => self.release_fetches(cx),
        }
    }
    fn next_wakeup(&self) -> Option<Time> {
        self.held_fetches.iter().map(|(at, _, _)| *at).min()
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
