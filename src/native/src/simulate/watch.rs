//! What must hold at every moment of a run. Serves the run; invariant: watching only reads, and what it remembers are facts
//! that were seen.

use super::{
    broken::Broken,
    look,
    workload::{Received, SimConsumer, TOPIC},
};
use ottla_controller::{MetadataImage, RoleName};
use ottla_lab::Lab;
use ottla_world::Pid;
use std::{collections::BTreeMap, sync::Arc};

/// Who led in an epoch, and how far its high watermark came.
#[derive(Clone, Copy, Debug)]
struct Led {
    broker: i32,
    pid: Pid,
    high_watermark: i64,
}

/// A partition as seen so far.
#[derive(Clone, Debug, Default)]
struct Seen {
    epochs: BTreeMap<i32, Led>,
    /// The highest high watermark any leader had.
    high_watermark: i64,
}

/// So many images of the committed metadata are kept for comparison.
const IMAGES: usize = 256;

/// The memory of a run.
#[derive(Debug, Default)]
pub(super) struct Watch {
    partitions: BTreeMap<String, BTreeMap<i32, Seen>>,
    consumers: BTreeMap<Pid, usize>,
    /// The active controller of each epoch; its process too: nobody leads an epoch twice.
    active: BTreeMap<i32, (i32, Pid)>,
    images: BTreeMap<i64, (i32, Arc<MetadataImage>)>,
}

impl Watch {
    /// Deliveries to this consumer are looked at from now on.
    pub(super) fn consumer(&mut self, pid: Pid) {
        self.consumers.insert(pid, 0);
    }

    /// After each event: leaders, high watermarks and what consumers got.
    pub(super) fn after_event(&mut self, lab: &Lab) -> Result<(), Broken> {
        for (id, broker) in look::brokers(lab) {
            for marks in broker.marks().filter(|marks| marks.is_leader) {
                if !self.partitions.contains_key(marks.topic) {
                    self.partitions.insert(marks.topic.to_owned(), BTreeMap::new());
                }
                let Some(topic) = self.partitions.get_mut(marks.topic) else { continue };
                let seen = topic.entry(marks.partition).or_default();
                seen.leads(lab, id, &marks)?;
            }
        }
        let deliveries: Vec<(Pid, usize)> = self.consumers.iter().map(|(pid, n)| (*pid, *n)).collect();
        for (pid, from) in deliveries {
            let Some(consumer) = lab.world().process::<SimConsumer>(pid) else { continue };
            if consumer.received.len() > from {
                self.delivered(pid, &consumer.received[from..])?;
                self.consumers.insert(pid, consumer.received.len());
            }
        }
        Ok(())
    }

    fn delivered(&self, pid: Pid, records: &[Received]) -> Result<(), Broken> {
        for record in records {
            let seen = self.partitions.get(TOPIC).and_then(|topic| topic.get(&record.partition));
            let high_watermark = seen.map_or(0, |seen| seen.high_watermark);
            if record.offset >= high_watermark {
                let (partition, offset) = (record.partition, record.offset);
                return Err(Broken::ReadUncommitted(format!(
                    "process {} got {TOPIC}-{partition}@{offset}, no leader's high watermark was above {high_watermark}",
                    pid.0
                )));
            }
        }
        Ok(())
    }

    /// Now and then, and around faults: the quorum and the committed metadata.
    pub(super) fn look(&mut self, lab: &Lab) -> Result<(), Broken> {
        for view in look::controllers(lab) {
            if view.role == RoleName::Leader {
                let pid = lab.cluster().pid(lab.world(), view.node_id).unwrap_or_default();
                let (leader, first) = *self.active.entry(view.epoch).or_insert((view.node_id, pid));
                if (leader, first) != (view.node_id, pid) {
                    let (node, epoch) = (view.node_id, view.epoch);
                    return Err(Broken::TwoLeaders(format!("controllers {leader} and {node} in epoch {epoch}")));
                }
            }
            self.compare(view.node_id, &view.committed)?;
        }
        for (id, broker) in look::brokers(lab) {
            self.compare(id, &broker.view().metadata)?;
        }
        Ok(())
    }

    fn compare(&mut self, node: i32, image: &Arc<MetadataImage>) -> Result<(), Broken> {
        let (first, known) = self.images.entry(image.offset()).or_insert_with(|| (node, image.clone()));
        if !Arc::ptr_eq(known, image) && known != image {
            let (first, offset) = (*first, image.offset());
            return Err(Broken::Metadata(format!(
                "at offset {offset} nodes {first} and {node} have different metadata:\n{known:?}\n{image:?}"
            )));
        }
        while self.images.len() > IMAGES {
            self.images.pop_first();
        }
        Ok(())
    }
}

impl Seen {
    fn leads(&mut self, lab: &Lab, broker: i32, marks: &ottla_broker::ReplicaMarks<'_>) -> Result<(), Broken> {
        let (epoch, high_watermark) = (marks.leader_epoch, marks.high_watermark);
        let place = || format!("{}-{} in epoch {epoch}", marks.topic, marks.partition);
        self.high_watermark = self.high_watermark.max(high_watermark);
        let pid = lab.cluster().pid(lab.world(), broker).unwrap_or_default();
        let led = self.epochs.entry(epoch).or_insert(Led { broker, pid, high_watermark });
        if led.broker != broker {
            return Err(Broken::TwoLeaders(format!("brokers {} and {broker} lead {}", led.broker, place())));
        }
        if led.pid != pid {
            // Started again, before the controller knows of it: the high watermark is that of its last checkpoint.
            *led = Led { broker, pid, high_watermark };
        }
        if high_watermark < led.high_watermark {
            let text = format!("{}: from {} to {high_watermark} on broker {broker}", place(), led.high_watermark);
            return Err(Broken::HighWatermark(text));
        }
        led.high_watermark = high_watermark;
        Ok(())
    }
}
