//! What must hold at every moment of a run. Serves the run and replays; invariant: watching only reads, what it remembers are
//! facts that were seen, and after an event only the processes that took part in it are looked at.

mod clients;
mod place;
mod quorum;
mod replica;

pub(super) use clients::{Clients, ConsumerHistory, ProducerHistory};

use super::{broken::Broken, look, risk::Dirty};
use ottla_broker::BrokerNode;
use ottla_controller::{ControllerNode, MetadataImage, image::PartitionState};
use ottla_lab::{Lab, NodeKind, protocol::LabInput};
use ottla_wire::Uuid;
use ottla_world::Pid;
use place::Place;
use quorum::QuorumWatch;
use replica::BrokerMemo;
use std::{collections::BTreeMap, sync::Arc};

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seat {
    Broker(i32),
    Controller(i32),
    Producer,
    Consumer,
    Other,
}

/// A partition: topic id and number.
type Key = (Uuid, i32);

/// The memory of a run.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seats: BTreeMap<Pid, Seat>,
    brokers: BTreeMap<i32, BrokerMemo>,
    places: BTreeMap<Key, Place>,
    quorum: QuorumWatch,
    clients: Clients,
    /// The newest committed metadata that any controller has replayed.
    image: Option<Arc<MetadataImage>>,
    dirty: Dirty,
    /// More was asked for than Kafka promises to bear: acknowledged records may be lost.
    lax: bool,
}

impl Watch {
    /// Before an input takes effect.
    pub(super) fn input(&mut self, lab: &Lab, input: &LabInput) {
        if self.dirty.note(lab, input) {
            self.grow_lax();
        }
    }

    fn grow_lax(&mut self) {
        self.lax = true;
        self.places.values_mut().for_each(Place::grow_lax);
    }

    /// Whether acknowledged records of the topic may be lost.
    pub(super) fn may_lose(&self) -> bool {
        let unclean = self.image.as_ref().is_some_and(|image| allows_unclean(image, look::TOPIC));
        self.lax || unclean || self.places.values().any(|place| place.topic == look::TOPIC && place.lax)
    }

    /// Whether a leader of the topic's partition did not know all of the last batches that a producer wrote in an epoch: one
    /// that is sent again it refuses as out of order, and the producer counts anew (`TransactionManager.canRetry`, KIP-360).
    pub(super) fn has_forgotten(&self, partition: i32, producer: (i64, i16)) -> bool {
        let mut places =
            self.places.values().filter(|place| place.topic == look::TOPIC && place.partition == partition);
        places.any(|place| place.forgotten.contains(&producer))
    }

    /// The newest committed metadata that any controller has replayed.
    pub(super) fn image(&self) -> Option<&MetadataImage> {
        self.image.as_deref()
    }

    /// Brokers whose logs may lack what they had acknowledged.
    pub(super) fn dirty(&self) -> &Dirty {
        &self.dirty
    }

    /// What clients were told.
    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// After each event: whoever took part in it.
    pub(super) fn after_event(&mut self, lab: &Lab) -> Result<(), Broken> {
        for pid in lab.world().ran() {
            match self.seat(lab, *pid) {
                Seat::Broker(id) => self.broker(lab, id, *pid)?,
                Seat::Controller(id) => self.controller(lab, id, *pid)?,
                Seat::Producer => {
                    if let Some(process) = lab.world().process(*pid) {
                        self.clients
                            .producer(*pid, process, |topic, n| committed(&self.image, &self.places, topic, n))?;
                    }
                }
                Seat::Consumer => {
                    if let Some(process) = lab.world().process(*pid) {
                        self.clients
                            .consumer(*pid, process, |topic, n| committed(&self.image, &self.places, topic, n))?;
                    }
                }
                Seat::Other => {}
            }
        }
        Ok(())
    }

    fn seat(&mut self, lab: &Lab, pid: Pid) -> Seat {
        if let Some(seat) = self.seats.get(&pid) {
            return *seat;
        }
        let is = |id: &i32| lab.cluster().pid(lab.world(), *id) == Some(pid);
        let name = lab.world().process_info(pid).map(|info| info.name.as_str());
        let seat = match name {
            Some("LoadProducer") => Seat::Producer,
            Some("LoadConsumer") => Seat::Consumer,
            _ => {
                let broker = lab.cluster().ids(NodeKind::Broker).find(is).map(Seat::Broker);
                let controller = || lab.cluster().ids(NodeKind::Controller).find(is).map(Seat::Controller);
                broker.or_else(controller).unwrap_or(Seat::Other)
            }
        };
        self.seats.insert(pid, seat);
        seat
    }

    fn controller(&mut self, lab: &Lab, id: i32, pid: Pid) -> Result<(), Broken> {
        let Some(node) = lab.world().process::<ControllerNode>(pid) else { return Ok(()) };
        let (Some(raft), Some(host)) = (node.raft(), lab.cluster().host(id)) else { return Ok(()) };
        self.quorum.look(id, pid, raft, lab.world().disk(host))?;
        let newest = self.image.as_ref().map_or(-1, |image| image.offset());
        match node.committed() {
            Some(image) if image.offset() > newest => self.learn(image.clone()),
            _ => Ok(()),
        }
    }

    /// The metadata says more than before.
    fn learn(&mut self, image: Arc<MetadataImage>) -> Result<(), Broken> {
        self.dirty.learn(&image);
        for topic in image.topics() {
            let unclean = allows_unclean(&image, &topic.name);
            for (partition, state) in &topic.partitions {
                let key = (topic.id, *partition);
                let Some(place) = self.places.get_mut(&key) else { continue };
                // Elected without being in sync: by the topic's setting, or the last known leader with ISR and ELR empty.
                if unclean || (state.leader_recovery_state == 1 && self.dirty.had(state.leader)) {
                    place.grow_lax();
                }
                if place.partition_epoch != state.partition_epoch {
                    place.partition_epoch = state.partition_epoch;
                    for member in members(state) {
                        caught_up(place, key, *member, &self.brokers, &self.dirty)?;
                    }
                }
            }
        }
        self.image = Some(image);
        Ok(())
    }

    fn broker(&mut self, lab: &Lab, id: i32, pid: Pid) -> Result<(), Broken> {
        let Some(node) = lab.world().process::<BrokerNode>(pid) else {
            let led = self.brokers.get(&id).map(|memo| memo.led_by(pid)).unwrap_or_default();
            for key in led {
                if let Some(place) = self.places.get_mut(&key) {
                    place.unseen = true;
                }
            }
            return Ok(());
        };
        let Some(host) = lab.cluster().host(id) else { return Ok(()) };
        let disk = lab.world().disk(host);
        if let Some(raft) = node.raft() {
            self.quorum.look(id, pid, raft, disk)?;
        }
        let memo = self.brokers.entry(id).or_default();
        if !memo.has_changed(pid, node) {
            return Ok(());
        }
        let changes = memo.take(pid, node, disk);
        for change in changes {
            let place = self.places.entry(change.key).or_insert_with(|| {
                let unclean = self.image.as_ref().is_some_and(|image| allows_unclean(image, &change.topic));
                Place::new(&change.topic, change.key.1, self.lax || unclean)
            });
            place.forgotten.extend(&change.forgot);
            let moved = place.replica_changed(id, pid, &change, &self.brokers)?;
            let state = self.image.as_ref().and_then(|image| image.partition_by_id(change.key.0, change.key.1));
            let Some(state) = state else { continue };
            for member in members(state) {
                if moved || *member == id {
                    caught_up(place, change.key, *member, &self.brokers, &self.dirty)?;
                }
            }
        }
        Ok(())
    }
}

fn allows_unclean(image: &MetadataImage, topic: &str) -> bool {
    let resource = ottla_controller::image::ConfigResource::Topic(topic.to_owned());
    image.config(&resource, "unclean.leader.election.enable") == Some("true")
}

/// Who may be elected. A replica that a reassignment took away may stay in the ELR (`PartitionChangeBuilder` leaves it there), and
/// is no proof of anything when another adds it again.
fn members(state: &PartitionState) -> impl Iterator<Item = &i32> {
    let eligible = state.elr.iter().filter(|id| state.replicas.contains(id) && !state.adding.contains(id));
    state.isr.iter().chain(eligible)
}

/// How far a partition is committed, and whether that has to hold.
fn committed(
    image: &Option<Arc<MetadataImage>>,
    places: &BTreeMap<Key, Place>,
    topic: &str,
    partition: i32,
) -> Option<i64> {
    let id = image.as_ref()?.topic(topic)?.id;
    places.get(&(id, partition)).filter(|place| !place.lax && !place.unseen).map(|place| place.high_watermark)
}

/// A member of ISR or ELR has everything that is committed.
fn caught_up(
    place: &Place,
    key: Key,
    member: i32,
    brokers: &BTreeMap<i32, BrokerMemo>,
    dirty: &Dirty,
) -> Result<(), Broken> {
    let end = brokers.get(&member).and_then(|memo| memo.end_of(key));
    match end {
        Some(end) if end < place.high_watermark && !place.lax && !dirty.has(member) => Err(Broken::IsrBehind(format!(
            "{}-{}: broker {member}'s log ends at {end}, committed is up to {}",
            place.topic, key.1, place.high_watermark
        ))),
        _ => Ok(()),
    }
}
