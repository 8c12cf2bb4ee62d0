//! Views: what a person may see of a lab. Serves page, lessons and tests; invariant: reading only; what is shown is what
//! nodes know, their disks hold, and frames carried.

mod at_rest;
mod clients;
mod log;
mod replica;
mod topics;

pub use log::{LogRecord, LogSegment};
pub(crate) use topics::{led_by, metadata, metadata_of};

use crate::{
    Lab, NodeKind,
    protocol::{BrokerCard, ControllerCard, Flight, LabView, LedgerRow, QuorumRow},
};
use ottla_broker::{BrokerStateName, BrokerView, PartitionView, ReplicaRole};
use ottla_controller::{ControllerView, MetadataImage, ReplicaProgress};
use ottla_world::Pid;
use std::collections::BTreeMap;

impl Lab {
    /// The picture, now.
    pub fn view(&self) -> LabView {
        let image = topics::metadata(self);
        let ids = || self.cluster.ids(NodeKind::Broker);
        let views = ids().filter_map(|id| Some((id, self.cluster.broker(&self.world, id)?.view())));
        let views: BTreeMap<i32, BrokerView> = views.collect();
        let cards = ids().map(|id| self.broker_card(image.as_deref(), id, views.get(&id)));
        let mut brokers: Vec<BrokerCard> = cards.collect();
        if let Some(image) = &image {
            replica::mark_divergence(&mut brokers, image);
        }
        LabView {
            now_us: self.now().as_micros(),
            wall_ms: self.world.wall_ms(self.cluster.laptop()),
            brokers,
            controllers: self.cluster.ids(NodeKind::Controller).map(|id| self.controller_card(id)).collect(),
            topics: image.as_deref().map(topics::rows).unwrap_or_default(),
            clients: clients::cards(self),
            groups: clients::groups(self),
            flights: self.flight_rows(),
            links: self.link_rows(),
            ledger: self.ledger_row(&views, image.as_deref()),
        }
    }

    /// Whether all brokers that run are registered and unfenced, as the cluster knows them.
    pub(crate) fn is_settled(&self) -> bool {
        self.cluster.ids(NodeKind::Broker).all(|id| {
            let broker = self.cluster.broker(&self.world, id);
            broker.is_none_or(|b| b.view().state == BrokerStateName::Running)
        })
    }

    fn ledger_row(&self, brokers: &BTreeMap<i32, BrokerView>, image: Option<&MetadataImage>) -> LedgerRow {
        self.ledger().row(|topic, partition| {
            let image = image?;
            let leader = image.partition(topic, partition).filter(|state| state.has_leader())?.leader;
            let here = |p: &&PartitionView| (p.topic.as_str(), p.partition) == (topic, partition);
            let view = brokers.get(&leader)?.partitions.iter().find(here)?;
            (view.role == ReplicaRole::Leader).then(|| (view, image.effective_min_isr(topic)))
        })
    }

    fn broker_card(&self, image: Option<&MetadataImage>, id: i32, view: Option<&BrokerView>) -> BrokerCard {
        let unfenced = view.is_some_and(|v| v.state == BrokerStateName::Running);
        let replicas = match (view, image) {
            (Some(view), _) => replica::strips(self, image, id, view),
            (None, Some(image)) => at_rest::strips(self, image, id),
            (None, None) => Vec::new(),
        };
        BrokerCard {
            id,
            port: self.cluster.nodes[&id].port,
            pid: self.cluster.pid(&self.world, id).map(|pid| pid.0),
            state: self.cluster.state(&self.world, id),
            faults: self.host_faults(id),
            unfenced,
            replicas,
        }
    }

    fn controller_card(&self, id: i32) -> ControllerCard {
        let view = self
            .cluster
            .controller(&self.world, id)
            .and_then(|c| c.view(self.now(), self.world.wall_ms(self.cluster.laptop())));
        ControllerCard {
            id,
            port: self.cluster.nodes[&id].port,
            pid: self.cluster.pid(&self.world, id).map(|pid| pid.0),
            state: self.cluster.state(&self.world, id),
            faults: self.host_faults(id),
            role: view.as_ref().map(|v| format!("{:?}", v.role)).unwrap_or_default(),
            epoch: view.as_ref().map_or(-1, |v| v.epoch),
            log_end_offset: view.as_ref().map_or(-1, |v| v.log_end_offset),
            high_watermark: view.as_ref().map_or(-1, |v| v.high_watermark),
            voted_for: view.as_ref().and_then(|v| v.voted_for),
            followers: view.as_ref().map(quorum_rows).unwrap_or_default(),
        }
    }

    /// The node a process runs on; 0 for the laptop.
    pub(crate) fn node_of(&self, pid: Pid) -> Option<i32> {
        self.world.process_info(pid).map(|info| self.cluster.node_on(info.host))
    }

    fn flight_rows(&self) -> Vec<Flight> {
        let row = |f: &crate::activity::FrameOnWay| {
            let api = if f.api_key < 0 { "?" } else { ottla_wire::api::api_name(f.api_key) };
            Some(Flight {
                from: self.node_of(f.from)?,
                to: self.node_of(f.to)?,
                api: api.to_owned(),
                is_response: f.is_response,
                sent_us: f.sent.as_micros(),
                arrives_us: f.arrives.as_micros(),
            })
        };
        self.activity.flights().under_way(self.now()).filter_map(row).collect()
    }
}

/// The other copies of the metadata log, voters first; empty unless this controller is active.
fn quorum_rows(view: &ControllerView) -> Vec<QuorumRow> {
    if view.active.is_none() {
        return Vec::new();
    }
    let row = |votes| {
        move |copy: &ReplicaProgress| QuorumRow { id: copy.node_id, votes, log_end_offset: copy.log_end_offset }
    };
    let voters = view.voters.iter().filter(|copy| copy.node_id != view.node_id);
    voters.map(row(true)).chain(view.observers.iter().map(row(false))).collect()
}
