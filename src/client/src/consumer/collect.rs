//! From fetched bytes to records. Serves `poll_records`; invariant: what was fetched for another position than the present
//! one is thrown away (Kafka's `FetchCollector`, `CompletedFetch`).

use super::Consumer;
use super::fetcher::FetchFrom;
use super::record::{ConsumerRecord, RecordTimestampType};
use super::subscription::FetchState;
use crate::{JavaError, TopicPartition};
use bytes::Bytes;
use ottla_records::{Batch, Batches, ControlType, Limits, Record, TimestampType};
use ottla_wire::{ErrorCode, messages::fetch_response::PartitionData};
use ottla_world::Context;
use std::collections::{BTreeSet, VecDeque};

const LOGGER: &str = "org.apache.kafka.clients.consumer.internals.FetchCollector";

/// What one fetch brought of one partition.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) partition: TopicPartition,
    offset: i64,
    error: ErrorCode,
    preferred_replica: i32,
    records: Bytes,
    /// Producer id and first offset of each aborted transaction, by offset.
    aborted: Vec<(i64, i64)>,
    parsed: Option<Parsed>,
}

/// Records ready to be handed out.
#[derive(Clone, Debug, Default)]
struct Parsed {
    records: VecDeque<ConsumerRecord>,
    /// The offset behind everything that was fetched.
    next_offset: i64,
    last_epoch: Option<i32>,
    broken: Option<JavaError>,
}

impl Fetched {
    pub(super) fn new(from: &FetchFrom, data: &PartitionData) -> Fetched {
        let mut aborted: Vec<(i64, i64)> = data
            .aborted_transactions
            .iter()
            .flatten()
            .map(|aborted| (aborted.first_offset, aborted.producer_id.0))
            .collect();
        aborted.sort_unstable();
        Fetched {
            partition: from.partition.clone(),
            offset: from.offset,
            error: ErrorCode::from_code(data.error_code),
            preferred_replica: data.preferred_read_replica.0,
            records: data.records.clone().unwrap_or_default(),
            aborted,
            parsed: None,
        }
    }

    /// Nothing in it and nothing to say.
    fn is_empty(&self) -> bool {
        self.error.is_none() && self.records.is_empty() && self.preferred_replica < 0
    }

    fn parse(&mut self, read_committed: bool, check_crcs: bool) -> &mut Parsed {
        let Fetched { partition, offset, records, aborted, parsed, .. } = self;
        parsed.get_or_insert_with(|| {
            let mut parsed = Parsed { next_offset: *offset, ..Parsed::default() };
            let mut aborting: BTreeSet<i64> = BTreeSet::new();
            let mut aborted = aborted.iter().peekable();
            for batch in Batches::new(records.clone()) {
                let batch = match batch {
                    Ok(batch) if !check_crcs || batch.verify_crc().is_ok() => batch,
                    _ => {
                        parsed.broken = Some(corrupt(partition, parsed.next_offset));
                        break;
                    }
                };
                let producer = batch.header.producer_id;
                if read_committed && batch.header.has_producer_id() {
                    while let Some((_, id)) = aborted.next_if(|(first, _)| *first <= batch.header.last_offset()) {
                        aborting.insert(*id);
                    }
                }
                let is_abort = batch.header.is_control() && is_abort_marker(&batch);
                let skipped = batch.header.is_control()
                    || (read_committed && batch.header.is_transactional() && aborting.contains(&producer));
                if is_abort {
                    aborting.remove(&producer);
                }
                match batch.records(&Limits::default()) {
                    Ok(records) if !skipped => parsed.take(partition, &batch, records, *offset),
                    Ok(_) => {}
                    Err(_) => {
                        parsed.broken = Some(corrupt(partition, parsed.next_offset));
                        break;
                    }
                }
                parsed.next_offset = parsed.next_offset.max(batch.header.next_offset());
                parsed.last_epoch = epoch_of(&batch).or(parsed.last_epoch);
            }
            parsed
        })
    }
}

impl Parsed {
    fn take(&mut self, partition: &TopicPartition, batch: &Batch, records: Vec<Record>, from: i64) {
        let timestamp_type = match batch.header.timestamp_type() {
            TimestampType::CreateTime => RecordTimestampType::CreateTime,
            TimestampType::LogAppendTime => RecordTimestampType::LogAppendTime,
        };
        let wanted = records.into_iter().filter(|record| record.offset >= from);
        self.records.extend(wanted.map(|record| {
            ConsumerRecord {
                topic: partition.topic.clone(),
                partition: partition.partition,
                offset: record.offset,
                leader_epoch: epoch_of(batch),
                timestamp_ms: record.timestamp,
                timestamp_type,
                key: record.key,
                value: record.value,
                headers: record
                    .headers
                    .into_iter()
                    .map(|header| (String::from_utf8_lossy(&header.key).into_owned(), header.value))
                    .collect(),
            }
        }));
    }
}

fn epoch_of(batch: &Batch) -> Option<i32> {
    Some(batch.header.partition_leader_epoch).filter(|epoch| *epoch >= 0)
}

fn is_abort_marker(batch: &Batch) -> bool {
    let records = batch.records(&Limits::default()).unwrap_or_default();
    let control = records.first().map(|record| ControlType::parse_key(record.key.as_deref()));
    matches!(control, Some(Ok(ControlType::Abort)))
}

fn corrupt(partition: &TopicPartition, offset: i64) -> JavaError {
    JavaError::new(
        "org.apache.kafka.common.KafkaException",
        format!("Record batch for partition {partition} at offset {offset} is invalid, cause: Record is corrupt"),
    )
}

impl Consumer {
    /// Up to `max.poll.records` records in the order of the fetches.
    pub(super) fn collect(&mut self, cx: &mut Context<'_>) -> Vec<ConsumerRecord> {
        let mut records: Vec<ConsumerRecord> = Vec::new();
        while !self.subscription.pending_revocation && (records.len() as u64) < self.config.max_poll_records {
            let Some(mut fetched) = self.buffered.pop_front() else { break };
            if !self.is_current(&fetched) {
                continue;
            }
            if !fetched.error.is_none() {
                self.fetch_error(cx, &fetched);
                continue;
            }
            let room = self.config.max_poll_records - records.len() as u64;
            if self.hand_out(cx, &mut fetched, room, &mut records) {
                self.buffered.push_front(fetched);
                break;
            }
        }
        records
    }

    /// Throws away answers without anything in them, so that the next fetch can go out.
    pub(super) fn drop_empty(&mut self, _cx: &mut Context<'_>) {
        self.buffered.retain(|fetched| !fetched.is_empty());
    }

    /// Whether the partition is still read from where the fetch began, or from where it was handed out up to.
    fn is_current(&self, fetched: &Fetched) -> bool {
        let state = self.subscription.partitions.get(&fetched.partition);
        let position = state.filter(|s| s.state == FetchState::Fetching).and_then(|s| s.position);
        position.is_some_and(|position| position.offset == fetched.offset)
    }

    /// Moves records out of a fetch; true if it holds more.
    fn hand_out(
        &mut self,
        cx: &mut Context<'_>,
        fetched: &mut Fetched,
        room: u64,
        records: &mut Vec<ConsumerRecord>,
    ) -> bool {
        if fetched.preferred_replica >= 0 {
            let until = cx.now().plus_millis(self.metadata_max_age_ms);
            if let Some(state) = self.subscription.partitions.get_mut(&fetched.partition) {
                state.preferred_replica = Some((fetched.preferred_replica, until));
            }
        }
        let parsed = fetched.parse(self.config.read_committed, self.config.check_crcs);
        let count = parsed.records.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let taken: Vec<ConsumerRecord> = parsed.records.drain(..count).collect();
        let more = !parsed.records.is_empty();
        let (next, epoch) = match taken.last().filter(|_| more) {
            Some(last) => (last.offset + 1, last.leader_epoch),
            None => (parsed.next_offset, parsed.last_epoch),
        };
        let broken = parsed.broken.clone().filter(|_| !more && taken.is_empty());
        let position = self.subscription.partitions.get_mut(&fetched.partition).and_then(|s| s.position.as_mut());
        if let Some(position) = position {
            position.offset = next;
            position.offset_epoch = epoch.or(position.offset_epoch);
        }
        fetched.offset = next;
        records.extend(taken);
        if let Some(error) = broken {
            self.fail(error);
        }
        more
    }

    fn fetch_error(&mut self, cx: &mut Context<'_>, fetched: &Fetched) {
        let partition = &fetched.partition;
        let at = cx.now().plus_millis(self.config.retry.initial_ms);
        let mut had_preferred = false;
        if let Some(state) = self.subscription.partitions.get_mut(partition) {
            state.retry_at = at;
            had_preferred = state.preferred_replica.take().is_some();
        }
        let text = match fetched.error {
            ErrorCode::UnknownTopicOrPartition => "unknown topic or partition error",
            ErrorCode::UnknownTopicId => "unknown topic ID error",
            ErrorCode::InconsistentTopicId => "inconsistent topic ID error",
            _ => "",
        };
        if !text.is_empty() {
            self.network.log.warn(LOGGER, format!("Received {text} in fetch for partition {partition}"));
        }
        match fetched.error {
            ErrorCode::OffsetOutOfRange if had_preferred => {}
            ErrorCode::OffsetOutOfRange => self.out_of_range(fetched),
            ErrorCode::UnknownLeaderEpoch => {}
            ErrorCode::UnknownServerError => {
                let text = format!(
                    "Unknown server error while fetching offset {} for topic-partition {partition}",
                    fetched.offset
                );
                self.network.log.warn(LOGGER, text);
            }
            ErrorCode::CorruptMessage => {
                let text = format!(
                    "Encountered corrupt message when fetching offset {} for topic-partition {partition}",
                    fetched.offset
                );
                self.fail(JavaError::new("org.apache.kafka.common.KafkaException", text));
            }
            ErrorCode::TopicAuthorizationFailed => {
                let text = format!("Not authorized to access topics: [{}]", partition.topic);
                self.fail(JavaError::kafka("TopicAuthorizationException", text));
            }
            _ => {
                self.network.metadata.request_update();
            }
        }
    }

    fn out_of_range(&mut self, fetched: &Fetched) {
        if self.subscription.request_reset(&fetched.partition, None) {
            return;
        }
        let text = format!(
            "Fetch position FetchPosition{{offset={}, offsetEpoch=Optional.empty}} is out of range for partition {}",
            fetched.offset, fetched.partition
        );
        self.fail(JavaError::new("org.apache.kafka.clients.consumer.OffsetOutOfRangeException", text));
    }
}
