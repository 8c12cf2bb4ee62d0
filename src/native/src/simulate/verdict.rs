//! What must hold when a run has come to rest. Serves runs and replays; invariant: acknowledgements and deliveries as the clients
//! were told them are held against the logs on the disks.
//!
//! An acknowledged record is where its producer was told it is, if `acks=all` and nothing was asked of Kafka that it does not
//! promise to bear (`risk.rs`). The records of an idempotent producer stand in order and once. Of one with several requests in
//! flight they may stand again in its next epoch if a leader knew not all of its last batches, as after a start from a snapshot,
//! which has one of each producer: what it has then it refuses as out of order, and the producer counts anew, as Kafka's does.
//! Nothing stands there that nobody sent. A consumer without a group got every record of its partitions in order, and
//! leaves none out; a group's members got every record between them.

use super::{
    broken::Broken,
    look::{self, TOPIC},
    replicas,
    stage::Stage,
    watch::{ConsumerHistory, ProducerHistory, Watch},
};
use ottla_controller::{MetadataImage, image::ConfigResource};
use ottla_lab::Lab;
use std::collections::BTreeMap;

/// The final logs, by partition: value at each offset.
struct Logs {
    values: Vec<BTreeMap<i64, bytes::Bytes>>,
    /// The producer of each record: id and epoch.
    producers: Vec<BTreeMap<i64, (i64, i16)>>,
    life: Life,
}

/// The records of one program in a partition, as they follow each other.
#[derive(Debug, Default)]
struct Order {
    /// The greatest of the epochs before that must not come again, and where it is.
    settled: Option<(u64, i64)>,
    /// The last one, where it is and who wrote it.
    last: Option<(u64, i64, (i64, i16))>,
}

impl Order {
    /// The next record is the program's `n`-th.
    ///
    /// # Errors
    /// One that has to come after it stands before it: its number and offset.
    fn takes(
        &mut self,
        n: u64,
        offset: i64,
        by: (i64, i16),
        forgotten: impl Fn((i64, i16)) -> bool,
    ) -> Result<(), (u64, i64)> {
        if let Some((last, at, before)) = self.last.replace((n, offset, by)) {
            if before == by && last >= n {
                return Err((last, at));
            }
            if before != by && !forgotten(before) {
                self.settled = self.settled.max(Some((last, at)));
            }
        }
        self.settled.filter(|(settled, _)| *settled >= n).map_or(Ok(()), Err)
    }
}

/// What becomes of the topic's records in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// They stay for the whole run.
    Kept,
    /// Old segments go, on each replica for itself.
    Expiring,
    /// Only the last record of a key is sure to stay.
    Compacted,
}

impl Life {
    fn of(image: Option<&MetadataImage>) -> Life {
        let resource = ConfigResource::Topic(TOPIC.to_owned());
        let set = |key: &str| image.and_then(|image| image.config(&resource, key));
        match (set("cleanup.policy"), set("retention.ms").and_then(|ms| ms.parse::<u64>().ok())) {
            (Some("compact"), _) => Life::Compacted,
            (_, Some(ms)) if ms < 600_000 => Life::Expiring,
            _ => Life::Kept,
        }
    }
}

/// Judges a run at rest; the number of records there are.
///
/// # Errors
/// What is broken.
pub(super) fn judge(stage: &Stage<'_>) -> Result<u64, Broken> {
    let clients = stage.watch.clients();
    let lossy = stage.watch.may_lose();
    let life = Life::of(stage.watch.image());
    let logs = Logs::read(&stage.lab, life)?;
    for producer in clients.producers.values() {
        if !lossy && life != Life::Compacted {
            logs.hold_acknowledged(producer)?;
        }
        failed_for_time(producer, lossy)?;
    }
    logs.are_sent_and_in_order(&stage.watch, lossy)?;
    if !lossy && life == Life::Kept {
        for consumer in clients.consumers.values() {
            logs.hold_delivered(consumer)?;
            if !consumer.grouped {
                logs.were_read_in_order(consumer)?;
            }
        }
        let alive = clients.consumers.iter().any(|(pid, c)| c.grouped && stage.lab.world().is_alive(*pid));
        if alive {
            logs.were_read_by(clients.consumers.values().filter(|consumer| consumer.grouped))?;
        }
    }
    Ok(logs.values.iter().map(|log| log.len() as u64).sum())
}

impl Logs {
    /// Reads all replicas of all partitions; they must be the same.
    fn read(lab: &Lab, life: Life) -> Result<Logs, Broken> {
        if let Some(difference) = replicas::metadata_difference(lab) {
            return Err(Broken::Metadata(difference));
        }
        let (mut values, mut producers) = (Vec::new(), Vec::new());
        for partition in 0..look::partitions(lab) {
            let difference = if life == Life::Kept { replicas::difference(lab, partition) } else { None };
            if let Some(difference) = difference {
                return Err(Broken::Replicas(difference));
            }
            let image = look::metadata(lab);
            let Some(state) = image.and_then(|image| image.partition(TOPIC, partition)) else { continue };
            // They are all the same.
            let Some(id) = state.replicas.first().copied() else { continue };
            let records = replicas::records(lab, id, partition)
                .map_err(|error| Broken::Replicas(format!("{TOPIC}-{partition} of broker {id}: {error}")))?;
            producers.push(records.iter().map(|(offset, _, producer)| (*offset, *producer)).collect());
            values.push(records.into_iter().map(|(offset, value, _)| (offset, value)).collect());
        }
        Ok(Logs { values, producers, life })
    }

    fn at(&self, partition: i32, offset: i64) -> Option<&bytes::Bytes> {
        self.values.get(usize::try_from(partition).ok()?)?.get(&offset)
    }

    /// Whether records up to there are gone with old segments; the newest segment always stays.
    fn is_expired(&self, partition: i32, offset: i64) -> bool {
        let log = usize::try_from(partition).ok().and_then(|n| self.values.get(n));
        self.life == Life::Expiring && log.and_then(|log| log.keys().next()).is_none_or(|first| offset < *first)
    }

    fn hold_acknowledged(&self, producer: &ProducerHistory) -> Result<(), Broken> {
        for acked in producer.acked.iter().filter(|acked| producer.acks == -1 && acked.offset >= 0) {
            let value = format!("{}:{}", producer.name, acked.sequence);
            let found = self.at(acked.partition, acked.offset);
            if self.is_expired(acked.partition, acked.offset) {
                continue;
            }
            if found.is_none_or(|found| found != value.as_bytes()) {
                let (partition, offset) = (acked.partition, acked.offset);
                return Err(Broken::Lost(format!("{value} at {TOPIC}-{partition}@{offset}, there is now {found:?}")));
            }
        }
        Ok(())
    }

    fn are_sent_and_in_order(&self, watch: &Watch, lossy: bool) -> Result<(), Broken> {
        let producers = watch.clients().producers.values();
        let producers: BTreeMap<&str, &ProducerHistory> = producers.map(|p| (p.name.as_str(), p)).collect();
        for ((partition, log), written) in (0..).zip(&self.values).zip(&self.producers) {
            let mut orders: BTreeMap<&str, Order> = BTreeMap::new();
            for (offset, value) in log {
                let text = String::from_utf8_lossy(value);
                let parsed = text.split_once(':').and_then(|(name, n)| Some((name, n.parse::<u64>().ok()?)));
                let known = parsed.and_then(|(name, n)| Some((*producers.get(name)?, n)));
                let Some((producer, n)) = known.filter(|(producer, n)| *n < producer.sent) else {
                    return Err(Broken::Invented(format!("{TOPIC}-{partition}@{offset} is {text}, which nobody sent")));
                };
                let order = orders.entry(&producer.name).or_default();
                let forgotten = |by| producer.pipelined && watch.has_forgotten(partition, by);
                let by = written.get(offset).copied().unwrap_or((-1, -1));
                let before = order.takes(n, *offset, by, forgotten).err();
                if let Some((earlier, at)) = before.filter(|_| producer.idempotent && !lossy) {
                    let name = &producer.name;
                    let text = format!("{TOPIC}-{partition} has {name}:{earlier} at {at} and {text} at {offset}");
                    return Err(Broken::Order(text));
                }
            }
        }
        Ok(())
    }

    /// What was handed to a consumer is still there.
    fn hold_delivered(&self, consumer: &ConsumerHistory) -> Result<(), Broken> {
        for received in &consumer.received {
            let (partition, offset) = (received.partition, received.offset);
            let found = self.at(partition, offset);
            if found != Some(&received.value) {
                let (name, value) = (&consumer.name, &received.value);
                return Err(Broken::ReadUncommitted(format!(
                    "{name} got {value:?} at {TOPIC}-{partition}@{offset}, there is now {found:?}"
                )));
            }
        }
        Ok(())
    }

    /// Every record in the order of the offsets, as far as it came; the one that comes last comes to the end. A consumer may begin
    /// anew, as `auto.offset.reset` says, when a broker that has not heard of its fencing still calls itself the leader, with a
    /// shorter log: a client that lost sight of the topic takes its old epoch for the first (`Metadata.updateLatestMetadata`).
    fn were_read_in_order(&self, consumer: &ConsumerHistory) -> Result<(), Broken> {
        for (partition, log) in (0..).zip(&self.values) {
            let log: Vec<(&i64, &bytes::Bytes)> = log.iter().collect();
            let mut at = 0;
            for got in consumer.received.iter().filter(|received| received.partition == partition) {
                let is =
                    |n: usize| log.get(n).is_some_and(|(offset, value)| (**offset, *value) == (got.offset, &got.value));
                at = match (is(at), is(0)) {
                    (true, _) => at + 1,
                    (_, true) => 1,
                    _ => {
                        return Err(Broken::Skipped(format!(
                            "{}: after record {at} of the {} in {TOPIC}-{partition} it got {got:?}",
                            consumer.name,
                            log.len(),
                        )));
                    }
                };
            }
            if consumer.name == "last" && at > 0 && at < log.len() {
                let (name, all) = (&consumer.name, log.len());
                return Err(Broken::Skipped(format!("{name} got {at} of {all} records of {TOPIC}-{partition}")));
            }
        }
        Ok(())
    }

    /// The members of a group got every record between them, some perhaps twice.
    fn were_read_by<'a>(&self, members: impl Iterator<Item = &'a ConsumerHistory>) -> Result<(), Broken> {
        let mut unread: Vec<BTreeMap<i64, bytes::Bytes>> = self.values.clone();
        for received in members.flat_map(|member| &member.received) {
            if let Some(log) = usize::try_from(received.partition).ok().and_then(|p| unread.get_mut(p)) {
                log.remove(&received.offset);
            }
        }
        let left = unread.iter().enumerate().find_map(|(p, log)| Some((p, *log.keys().next()?, log.len())));
        match left {
            None => Ok(()),
            Some((partition, offset, count)) => {
                Err(Broken::Skipped(format!("no member got {TOPIC}-{partition}@{offset} ({count} such records)")))
            }
        }
    }
}

/// Errors that a producer may give a record up with while a cluster is ill: those that it would try again after, had it the
/// time (`RetriableException`).
const MAY_FAIL: [&str; 9] = [
    "TimeoutException",
    "NetworkException",
    "DisconnectException",
    "NotEnoughReplicasException",
    "NotEnoughReplicasAfterAppendException",
    "NotLeaderOrFollowerException",
    "LeaderNotAvailableException",
    "UnknownTopicOrPartitionException",
    "KafkaStorageException",
];

/// A producer gave records up only for want of time; where records were lost its sequence may have a gap.
fn failed_for_time(producer: &ProducerHistory, lossy: bool) -> Result<(), Broken> {
    let may = |name: &str| MAY_FAIL.contains(&name) || (lossy && name == "OutOfOrderSequenceException");
    let fatal = |class: &str| !class.rsplit('.').next().is_some_and(may);
    match producer.failed.iter().find(|(_, error)| fatal(&error.class)) {
        Some((n, error)) => Err(Broken::Client(format!("{}:{n} failed with {error}", producer.name))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_again_only_in_the_epoch_after_one_that_was_forgotten() {
        // Numbers of records with their producer epochs, an epoch that a leader had forgotten, and what comes too late.
        type Case = (&'static [(u64, i16)], i16, Option<u64>);
        let cases: [Case; 7] = [
            (&[(0, 0), (1, 0), (2, 1), (4, 1)], -1, None),
            (&[(0, 0), (1, 0), (1, 0)], 0, Some(1)),
            (&[(0, 0), (2, 0), (1, 0)], 0, Some(1)),
            (&[(0, 0), (1, 0), (1, 1)], -1, Some(1)),
            (&[(0, 0), (1, 0), (0, 1), (1, 1), (2, 1)], 0, None),
            (&[(0, 0), (1, 0), (2, 1), (2, 2)], 0, Some(2)),
            (&[(0, 0), (3, 1), (4, 1), (2, 2), (1, 2)], 1, Some(1)),
        ];
        for (records, forgotten, late) in cases {
            let mut order = Order::default();
            let found = (0..).zip(records).find_map(|(offset, (n, epoch))| {
                let taken = order.takes(*n, offset, (1000, *epoch), |by| by == (1000, forgotten));
                taken.is_err().then_some(*n)
            });
            assert_eq!(found, late, "{records:?}");
        }
    }
}
