//! One connection's requests and answers. Serves the activity; invariant: an answer is understood by the request it
//! belongs to, and what can't be decoded is passed over, never trusted.

use super::{Acknowledged, Activity, REMEMBERED, ReadRecord, Refusal};
use crate::ledger::Talked;
use bytes::Bytes;
use ottla_records::{Batches, Limits};
use ottla_wire::{
    ApiKey, ErrorCode, RequestKind, ResponseKind, TopicName, Uuid,
    messages::{FetchRequest, FetchResponse},
};
use ottla_world::{ConnectionId, Pid, Time};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A connection from `client` to `server`.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) client: Pid,
    pub(super) server: Pid,
    from_laptop: bool,
    /// The node that serves it.
    node: Option<i32>,
    /// The same, until it has answered.
    unheard: Option<i32>,
    /// By correlation id, in the order in which they were asked: answers come in that order.
    waiting: VecDeque<(i32, Asked)>,
    /// What is fetched, by topic and partition: a fetch of a session, and its answer, name only what changed (KIP-227).
    readings: BTreeMap<(String, i32), Reading>,
}

/// A partition that is fetched.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// From here.
    offset: i64,
    /// As it was told last, -1 before.
    high_watermark: i64,
}

/// What an answer is waited for.
#[derive(Clone, Debug)]
struct Asked {
    api_key: i16,
    version: i16,
    /// When it reached the broker.
    at: Time,
    acks: i16,
    /// Produce: topic, partition, batches.
    written: Vec<(String, i32, Bytes)>,
    /// ListOffsets: topic and partition to the time asked for.
    times: BTreeMap<(String, i32), i64>,
}

/// So many requests may wait on one connection; older ones are forgotten.
const MOST_WAITING: usize = 1000;

impl Talk {
    pub(super) fn new((client, server): (Pid, Pid), from_laptop: bool, node: Option<i32>) -> Talk {
        Talk {
            client,
            server,
            from_laptop,
            node,
            unheard: node.filter(|_| from_laptop),
            waiting: VecDeque::new(),
            readings: BTreeMap::new(),
        }
    }

    fn asked(&mut self, correlation_id: i32) -> Option<&mut Asked> {
        self.waiting.iter_mut().find(|(id, _)| *id == correlation_id).map(|(_, asked)| asked)
    }

    fn take(&mut self, correlation_id: i32) -> Option<Asked> {
        let at = self.waiting.iter().position(|(id, _)| *id == correlation_id)?;
        self.waiting.remove(at).map(|(_, asked)| asked)
    }

    /// What a response's frame answers; it is not waited for any more.
    fn answered(&mut self, frame: &Bytes) -> Option<Asked> {
        ottla_wire::peek_correlation_id(frame).and_then(|id| self.take(id))
    }

    /// The API of a frame sent from one end, and whether it is an answer; -1 if unknown.
    pub(super) fn api_of(&mut self, from: Pid, frame: &Bytes) -> (i16, bool) {
        if from == self.client {
            let Some((api_key, version, correlation_id)) = ottla_wire::peek_api(frame) else { return (-1, false) };
            let asked =
                Asked { api_key, version, at: Time::ZERO, acks: 0, written: Vec::new(), times: BTreeMap::new() };
            if self.waiting.len() >= MOST_WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back((correlation_id, asked));
            return (api_key, false);
        }
        let asked = ottla_wire::peek_correlation_id(frame).and_then(|id| self.asked(id));
        (asked.map_or(-1, |a| a.api_key), true)
    }
}

impl Activity {
    pub(super) fn delivered(&mut self, at: Time, connection: ConnectionId, from: Pid, frame: &Bytes) {
        let Some(talk) = self.talks.get_mut(&connection) else { return };
        if !talk.from_laptop {
            // What nodes say to each other is counted as under way and not read.
            if from != talk.client {
                talk.answered(frame);
            }
            return;
        }
        let Some(mut talk) = self.talks.remove(&connection) else { return };
        if from == talk.client {
            self.request(at, &mut talk, frame);
        } else if let Some(asked) = talk.answered(frame) {
            if let Some(node) = talk.unheard.take() {
                self.dealings.answer(talk.client, node);
            }
            self.response(at, &mut talk, asked, frame);
        }
        self.talks.insert(connection, talk);
    }

    fn request(&mut self, at: Time, talk: &mut Talk, frame: &Bytes) {
        let Ok(request) = ottla_wire::decode_request(frame) else { return };
        let kind = self.kinds.entry(talk.client).or_default();
        match &request.body {
            RequestKind::Produce(_) => kind.0 = true,
            RequestKind::Fetch(_) => kind.1 = true,
            _ => {}
        }
        let (pid, node) = (talk.client, talk.node);
        let Some(asked) = talk.asked(request.correlation_id) else { return };
        asked.at = at;
        match request.body {
            RequestKind::Produce(produce) => {
                asked.acks = produce.acks;
                let by = Talked { at, pid, node, acks: produce.acks };
                for topic in produce.topic_data {
                    let name = self.topic_names.get(topic.topic_id.as_bytes()).cloned();
                    let name = if topic.name.0.is_empty() { name.unwrap_or_default() } else { topic.name.to_string() };
                    for (index, records) in topic.partition_data.into_iter().filter_map(|p| Some((p.index, p.records?)))
                    {
                        for batch in Batches::new(records.clone()).map_while(Result::ok) {
                            self.ledger.asked(by, (&name, index), &batch.header);
                        }
                        asked.written.push((name.clone(), index, records));
                    }
                }
                if produce.acks == 0 {
                    talk.take(request.correlation_id);
                }
            }
            RequestKind::Fetch(fetch) => self.fetches(talk, fetch),
            RequestKind::ListOffsets(list) => {
                for topic in list.topics {
                    let times =
                        topic.partitions.iter().map(|p| ((topic.name.to_string(), p.partition_index), p.timestamp));
                    asked.times.extend(times);
                }
            }
            RequestKind::CreateTopics(create) => {
                let topics = create.topics.iter().map(|topic| topic.name.to_string()).collect();
                self.dealings.create(at, talk.client, topics);
            }
            RequestKind::JoinGroup(join) => {
                self.groups.insert(talk.client, join.group_id.to_string());
            }
            RequestKind::ConsumerGroupHeartbeat(heartbeat) => {
                self.groups.insert(talk.client, heartbeat.group_id.to_string());
            }
            _ => {}
        }
    }

    fn fetches(&mut self, talk: &mut Talk, fetch: FetchRequest) {
        if fetch.session_epoch <= 0 {
            talk.readings.clear();
        }
        let names = &self.topic_names;
        let name_of =
            |id: &Uuid, name: &TopicName| names.get(id.as_bytes()).cloned().unwrap_or_else(|| name.to_string());
        for topic in fetch.forgotten_topics_data {
            let name = name_of(&topic.topic_id, &topic.topic);
            topic.partitions.iter().for_each(|n| _ = talk.readings.remove(&(name.clone(), *n)));
        }
        for topic in fetch.topics {
            let name = name_of(&topic.topic_id, &topic.topic);
            for p in topic.partitions {
                let before = talk.readings.get(&(name.clone(), p.partition));
                let high_watermark = before.map_or(-1, |reading| reading.high_watermark);
                let reading = Reading { offset: p.fetch_offset, high_watermark };
                talk.readings.insert((name.clone(), p.partition), reading);
            }
        }
    }

    fn response(&mut self, at: Time, talk: &mut Talk, asked: Asked, frame: &Bytes) {
        let client = talk.client;
        let Ok(api_key) = ApiKey::try_from(asked.api_key) else { return };
        let Ok((_, response)) = ottla_wire::decode_response(api_key, asked.version, frame) else { return };
        match response {
            ResponseKind::Metadata(metadata) => {
                for topic in metadata.topics {
                    if let Some(name) = topic.name {
                        self.topic_names.insert(*topic.topic_id.as_bytes(), name.to_string());
                    }
                }
            }
            ResponseKind::Produce(produce) => {
                for topic in produce.responses {
                    let name = self.topic_names.get(topic.topic_id.as_bytes()).cloned();
                    let name = if topic.name.0.is_empty() { name.unwrap_or_default() } else { topic.name.to_string() };
                    for partition in topic.partition_responses {
                        self.saw_error(partition.error_code);
                        self.refused(at, client, ("Produce", &name), partition.error_code);
                        if partition.error_code == 0 {
                            let by = Talked { at, pid: client, node: talk.node, acks: asked.acks };
                            self.acknowledge(by, &asked, (&name, partition.index), partition.base_offset);
                        }
                    }
                }
            }
            ResponseKind::Fetch(fetch) if fetch.error_code == 0 => self.fetched(at, talk, fetch),
            ResponseKind::ListOffsets(list) => {
                for topic in list.topics {
                    for p in topic.partitions.iter().filter(|p| p.error_code == 0) {
                        let place = (topic.name.to_string(), p.partition_index);
                        if let Some(time) = asked.times.get(&place) {
                            self.story.time(at, (&place.0, place.1), *time, p.offset);
                        }
                    }
                }
            }
            ResponseKind::DeleteRecords(delete) => {
                for topic in delete.topics {
                    for p in topic.partitions.iter().filter(|p| p.error_code == 0) {
                        self.story.delete(at, (&topic.name, p.partition_index), p.low_watermark);
                    }
                }
            }
            ResponseKind::CreateTopics(create) => {
                self.dealings.created(at, client);
                for topic in create.topics {
                    self.refused(at, client, ("CreateTopics", &topic.name), topic.error_code);
                }
            }
            _ => {}
        }
    }

    fn fetched(&mut self, at: Time, talk: &mut Talk, fetch: FetchResponse) {
        let mut got: BTreeSet<(String, i32)> = BTreeSet::new();
        for topic in fetch.responses {
            let name = self.topic_names.get(topic.topic_id.as_bytes()).cloned();
            let name = name.unwrap_or_else(|| topic.topic.to_string());
            for partition in topic.partitions {
                self.saw_error(partition.error_code);
                let place = (name.clone(), partition.partition_index);
                let Some(reading) = talk.readings.get_mut(&place) else { continue };
                reading.high_watermark = partition.high_watermark;
                if let Some(records) = partition.records.filter(|records| !records.is_empty()) {
                    self.read((at, talk.client), reading.offset, place.clone(), records);
                    got.insert(place);
                }
            }
        }
        // Who has read all there is to be read, and got nothing more.
        let waits = talk.readings.iter().filter(|(place, r)| r.offset == r.high_watermark && !got.contains(*place));
        waits.for_each(|(place, reading)| self.dealings.wait(at, talk.client, place, reading.high_watermark));
    }

    fn refused(&mut self, at: Time, pid: Pid, (api, topic): (&'static str, &str), code: i16) {
        if code != 0 {
            let (topic, error) = (topic.to_owned(), ErrorCode::from_code(code).name().to_owned());
            self.dealings.refuse(Refusal { at, pid, api, topic, error });
        }
    }

    fn saw_error(&mut self, code: i16) {
        if code != 0 {
            let name = ErrorCode::from_code(code).name().to_owned();
            *self.errors_seen.entry(name).or_default() += 1;
        }
    }

    fn acknowledge(&mut self, by: Talked, asked: &Asked, place: (&str, i32), base_offset: i64) {
        let Talked { at, pid, .. } = by;
        let mut base_offset = base_offset;
        let batches = asked.written.iter().filter(|(t, p, _)| (t.as_str(), *p) == place);
        let known = self.acknowledged.entry((place.0.to_owned(), place.1)).or_default();
        for (_, _, bytes) in batches {
            for batch in Batches::new(bytes.clone()).map_while(Result::ok) {
                self.story.wrote((at, pid), place, base_offset, &batch);
                self.ledger.acknowledged(by, place, base_offset, &batch.header);
                let records = batch.header.records_count.max(0) as u32;
                self.acknowledged_records += u64::from(records);
                *self.records_of.entry(pid).or_default() += u64::from(records);
                if known.len() < REMEMBERED {
                    let (acks, crc) = (asked.acks, batch.header.crc);
                    let asked_at = asked.at;
                    known.push(Acknowledged { asked_at, at, pid, base_offset, records, crc, acks });
                }
                base_offset += i64::from(batch.header.last_offset_delta) + 1;
            }
        }
    }

    fn read(&mut self, (at, pid): (Time, Pid), wanted: i64, place: (String, i32), records: Bytes) {
        self.story.begin(pid, &place, wanted);
        let mut next = wanted;
        for batch in Batches::new(records).map_while(Result::ok) {
            next = next.max(batch.header.next_offset());
            if batch.header.is_control() {
                continue;
            }
            let Ok(records) = batch.records(&Limits::default()) else { continue };
            for record in records.iter().filter(|r| r.offset >= wanted) {
                self.read_records += 1;
                self.ledger.handed(1);
                *self.records_of.entry(pid).or_default() += 1;
                if self.reads.len() < REMEMBERED {
                    let (topic, partition) = place.clone();
                    if self.reads.insert(ReadRecord { pid, topic, partition, offset: record.offset }) {
                        self.story.was_handed((at, pid), &place, &batch, record);
                    }
                }
            }
        }
        self.positions.entry(pid).or_default().insert(place, next);
    }
}
