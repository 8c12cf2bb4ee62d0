//! What must hold when a run has come to rest. Serves the run; invariant: acknowledgements and deliveries as the clients
//! kept them are held against the logs on the disks and against what a fresh consumer reads over the wire.

use super::{
    broken::Broken,
    replicas::{self, Entry},
    workload::{Received, SimConsumer, SimProducer, TOPIC},
};
use ottla_lab::{Lab, NodeKind};
use ottla_world::Pid;
use std::collections::BTreeMap;

/// The final logs, by partition: value at each offset.
pub(super) struct Logs(Vec<BTreeMap<i64, bytes::Bytes>>);

impl Logs {
    /// Reads all replicas of all partitions; they must be the same.
    pub(super) fn read(lab: &Lab, partitions: i32) -> Result<Logs, Broken> {
        if let Some(difference) = replicas::metadata_difference(lab) {
            return Err(Broken::Metadata(difference));
        }
        let mut all = Vec::new();
        for partition in 0..partitions {
            if let Some(difference) = replicas::difference(lab, partition) {
                return Err(Broken::Replicas(difference));
            }
            let Some(id) = lab.cluster().ids(NodeKind::Broker).next() else { break };
            let records = replicas::records(lab, id, partition)
                .map_err(|error| Broken::Replicas(format!("{TOPIC}-{partition} of broker {id}: {error}")))?;
            all.push(records.into_iter().collect());
        }
        Ok(Logs(all))
    }

    fn at(&self, partition: i32, offset: i64) -> Option<&bytes::Bytes> {
        self.0.get(usize::try_from(partition).ok()?)?.get(&offset)
    }

    /// How many records they hold.
    pub(super) fn len(&self) -> u64 {
        self.0.iter().map(|log| log.len() as u64).sum()
    }

    /// Every acknowledged record is where the producer was told it is.
    pub(super) fn hold_acknowledged(&self, name: &str, producer: &SimProducer) -> Result<(), Broken> {
        for acked in &producer.acked {
            let value = format!("{name}:{}", acked.sequence);
            let found = self.at(acked.partition, acked.offset);
            if found.is_none_or(|found| found != value.as_bytes()) {
                let (partition, offset) = (acked.partition, acked.offset);
                return Err(Broken::Lost(format!("{value} at {TOPIC}-{partition}@{offset}, there is now {found:?}")));
            }
        }
        Ok(())
    }

    /// The records of one producer rise in each partition.
    pub(super) fn are_in_order(&self) -> Result<(), Broken> {
        for (partition, log) in self.0.iter().enumerate() {
            let mut last: BTreeMap<String, (u64, i64)> = BTreeMap::new();
            for (offset, value) in log {
                let text = String::from_utf8_lossy(value);
                let parsed = text.split_once(':').and_then(|(name, n)| Some((name, n.parse::<u64>().ok()?)));
                let Some((name, n)) = parsed else {
                    return Err(Broken::Order(format!("{TOPIC}-{partition}@{offset} is {text}, which nobody sent")));
                };
                let before = last.insert(name.to_owned(), (n, *offset));
                if let Some((earlier, at)) = before.filter(|(earlier, _)| *earlier >= n) {
                    let text = format!("{TOPIC}-{partition} has {name}:{earlier} at {at} and {text} at {offset}");
                    return Err(Broken::Order(text));
                }
            }
        }
        Ok(())
    }

    /// What was handed to a consumer is still there.
    pub(super) fn hold_delivered(&self, pid: Pid, consumer: &SimConsumer) -> Result<(), Broken> {
        for Received { partition, offset, value } in &consumer.received {
            let found = self.at(*partition, *offset);
            if found != Some(value) {
                return Err(Broken::ReadUncommitted(format!(
                    "process {} got {value:?} at {TOPIC}-{partition}@{offset}, there is now {found:?}",
                    pid.0
                )));
            }
        }
        Ok(())
    }

    /// A consumer without a group got every record once, in the order of the offsets.
    pub(super) fn were_read_in_order(&self, pid: Pid, consumer: &SimConsumer) -> Result<(), Broken> {
        for (partition, log) in (0..).zip(&self.0) {
            let got = consumer.received.iter().filter(|r| r.partition == partition);
            let got: Vec<Entry> = got.map(|r| (r.offset, r.value.clone())).collect();
            let mut pairs = log.iter().zip(&got);
            let same =
                pairs.by_ref().take_while(|((offset, value), got)| (**offset, *value) == (got.0, &got.1)).count();
            if same != log.len() || same != got.len() {
                return Err(Broken::Skipped(format!(
                    "process {}: the log of {TOPIC}-{partition} has {} records, it got {}; they are the same up to record \
                     {same}, then it got {:?}",
                    pid.0,
                    log.len(),
                    got.len(),
                    got.get(same)
                )));
            }
        }
        Ok(())
    }

    /// The members of a group got every record between them, some perhaps twice.
    pub(super) fn were_read_by<'a>(&self, members: impl Iterator<Item = &'a SimConsumer>) -> Result<(), Broken> {
        let mut unread: Vec<BTreeMap<i64, bytes::Bytes>> = self.0.clone();
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
const MAY_FAIL: [&str; 8] = [
    "TimeoutException",
    "NetworkException",
    "DisconnectException",
    "NotEnoughReplicasException",
    "NotEnoughReplicasAfterAppendException",
    "NotLeaderOrFollowerException",
    "LeaderNotAvailableException",
    "UnknownTopicOrPartitionException",
];

/// A producer gave records up only for want of time.
pub(super) fn failed_for_time(name: &str, producer: &SimProducer) -> Result<(), Broken> {
    let fatal = |class: &str| !MAY_FAIL.iter().any(|name| class.rsplit('.').next() == Some(name));
    match producer.failed.iter().find(|(_, error)| fatal(&error.class)) {
        Some((n, error)) => Err(Broken::Client(format!("{name}:{n} failed with {error}"))),
        None => Ok(()),
    }
}
