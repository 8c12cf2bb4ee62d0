//! What clients were told. Serves the watch and the verdict; invariant: it is kept even if the client is killed.

use crate::simulate::broken::Broken;
use ottla_client::JavaError;
use ottla_lab::load::{Acked, LoadConsumer, LoadProducer, Received};
use ottla_world::Pid;
use std::collections::BTreeMap;

/// What a producer did and was told.
#[derive(Clone, Debug, Default)]
pub(in crate::simulate) struct ProducerHistory {
    pub(in crate::simulate) name: String,
    pub(in crate::simulate) topic: String,
    pub(in crate::simulate) acks: i16,
    pub(in crate::simulate) idempotent: bool,
    /// It sends batches before it knows what became of the last.
    pub(in crate::simulate) pipelined: bool,
    pub(in crate::simulate) sent: u64,
    pub(in crate::simulate) acked: Vec<Acked>,
    pub(in crate::simulate) failed: Vec<(u64, JavaError)>,
}

/// What a consumer was given.
#[derive(Clone, Debug, Default)]
pub(in crate::simulate) struct ConsumerHistory {
    pub(in crate::simulate) name: String,
    pub(in crate::simulate) topic: String,
    pub(in crate::simulate) grouped: bool,
    pub(in crate::simulate) received: Vec<Received>,
}

/// All of them.
#[derive(Debug, Default)]
pub(in crate::simulate) struct Clients {
    pub(in crate::simulate) producers: BTreeMap<Pid, ProducerHistory>,
    pub(in crate::simulate) consumers: BTreeMap<Pid, ConsumerHistory>,
}

impl Clients {
    /// A producer after an event: what it was told with `acks=all` is committed.
    pub(super) fn producer(
        &mut self,
        pid: Pid,
        process: &LoadProducer,
        committed: impl Fn(&str, i32) -> Option<i64>,
    ) -> Result<(), Broken> {
        let known = self.producers.entry(pid).or_insert_with(|| ProducerHistory {
            name: process.load_name().to_owned(),
            topic: process.topic().to_owned(),
            acks: process.acks(),
            idempotent: process.is_idempotent(),
            pipelined: process.is_pipelined(),
            ..ProducerHistory::default()
        });
        known.sent = process.sent();
        if process.failed().len() > known.failed.len() {
            known.failed.extend_from_slice(&process.failed()[known.failed.len()..]);
        }
        for acked in &process.acked()[known.acked.len()..] {
            let limit = committed(&known.topic, acked.partition);
            if let Some(limit) = limit.filter(|limit| known.acks == -1 && acked.offset >= *limit) {
                return Err(Broken::AckedUncommitted(format!(
                    "{}:{} at {}-{}@{}, committed is up to {limit}",
                    known.name, acked.sequence, known.topic, acked.partition, acked.offset
                )));
            }
            known.acked.push(*acked);
        }
        Ok(())
    }

    /// A consumer after an event: what it was given is committed.
    pub(super) fn consumer(
        &mut self,
        pid: Pid,
        process: &LoadConsumer,
        committed: impl Fn(&str, i32) -> Option<i64>,
    ) -> Result<(), Broken> {
        let known = self.consumers.entry(pid).or_insert_with(|| ConsumerHistory {
            name: process.load_name().to_owned(),
            topic: process.topic().to_owned(),
            grouped: process.is_grouped(),
            received: Vec::new(),
        });
        for received in &process.received()[known.received.len()..] {
            let limit = committed(&known.topic, received.partition);
            if let Some(limit) = limit.filter(|limit| received.offset >= *limit) {
                return Err(Broken::ReadUncommitted(format!(
                    "{} got {}-{}@{}, no leader's high watermark was above {limit}",
                    known.name, known.topic, received.partition, received.offset
                )));
            }
            known.received.push(received.clone());
        }
        Ok(())
    }
}
