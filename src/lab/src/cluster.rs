//! The nodes of a lab: hosts, ports, and how each is started, again and again. Serves the lab; invariant: a node keeps
//! its host and disk for the whole run, only its process comes and goes.

use crate::{
    LabConfig,
    protocol::{NodeAction, NodeState},
};
use ottla_broker::{BrokerConfig, BrokerNode};
use ottla_controller::{ControllerConfig, ControllerNode};
use ottla_world::{Fault, HostId, Pid, Process, ProcessState, Rng, Signal, SpawnSpec, Stdio, World};
use std::collections::BTreeMap;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// It holds partitions.
    Broker,
    /// It is a voter of the metadata quorum.
    Controller,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) host: HostId,
    pub(crate) port: u16,
    pub(crate) pid: Option<Pid>,
    stopping: bool,
}

/// How long a node takes to start again, in microseconds: a JVM does not come up at once.
const RESTART_US: u64 = 1_000_000;

/// Hosts and nodes.
#[derive(Clone, Debug)]
pub struct Cluster {
    config: LabConfig,
    cluster_id: String,
    laptop: HostId,
    pub(crate) nodes: BTreeMap<i32, Node>,
}

impl Cluster {
    /// Adds all hosts to a world; nothing runs yet.
    pub(crate) fn build(world: &mut World, config: &LabConfig) -> Cluster {
        let laptop = world.add_host("laptop");
        let mut nodes = BTreeMap::new();
        let mut add = |id: i32, kind, name: String, port: u16| {
            let host = world.add_host(&name);
            world.assign_port(port, host);
            nodes.insert(id, Node { kind, host, port, pid: None, stopping: false });
        };
        for id in config.controller_ids() {
            add(id, NodeKind::Controller, format!("controller-{id}"), 9181 + id as u16);
        }
        for (id, port) in config.broker_ids().zip(9092..) {
            add(id, NodeKind::Broker, format!("broker-{id}"), port);
        }
        let id = Rng::stream(config.seed, "cluster-id", 0).uuid_bytes();
        let cluster_id = ottla_wire::java::uuid_text(ottla_wire::Uuid::from_bytes(id));
        Cluster { config: config.clone(), cluster_id, laptop, nodes }
    }

    /// The host of the clients.
    pub fn laptop(&self) -> HostId {
        self.laptop
    }

    /// The ids of the nodes of a kind, in order.
    pub fn ids(&self, kind: NodeKind) -> impl Iterator<Item = i32> {
        self.nodes.iter().filter(move |(_, n)| n.kind == kind).map(|(id, _)| *id)
    }

    /// The node's host; the laptop for 0.
    pub fn host(&self, id: i32) -> Option<HostId> {
        if id == 0 { Some(self.laptop) } else { self.nodes.get(&id).map(|n| n.host) }
    }

    /// The node on a host; 0 for the laptop.
    pub fn node_on(&self, host: HostId) -> i32 {
        self.nodes.iter().find(|(_, n)| n.host == host).map_or(0, |(id, _)| *id)
    }

    /// The node's process, while it has one.
    pub fn pid(&self, world: &World, id: i32) -> Option<Pid> {
        self.nodes.get(&id)?.pid.filter(|pid| world.is_alive(*pid))
    }

    /// A broker's state, to look at.
    pub fn broker<'w>(&self, world: &'w World, id: i32) -> Option<&'w BrokerNode> {
        world.process(self.pid(world, id)?)
    }

    /// A controller's state, to look at.
    pub fn controller<'w>(&self, world: &'w World, id: i32) -> Option<&'w ControllerNode> {
        world.process(self.pid(world, id)?)
    }

    /// How a node is.
    pub fn state(&self, world: &World, id: i32) -> NodeState {
        let Some(node) = self.nodes.get(&id) else { return NodeState::Down };
        let info = node.pid.and_then(|pid| world.processes().find(|info| info.pid == pid));
        match info {
            _ if !world.host_is_up(node.host) => NodeState::NoPower,
            None => NodeState::Down,
            Some(info) if info.state == ProcessState::Stopped => NodeState::Paused,
            Some(_) if node.stopping => NodeState::Stopping,
            Some(_) => NodeState::Running,
        }
    }

    /// Starts every node: controllers first.
    pub(crate) fn start_all(&mut self, world: &mut World) {
        let mut ids: Vec<i32> = self.ids(NodeKind::Controller).collect();
        ids.extend(self.ids(NodeKind::Broker));
        ids.into_iter().for_each(|id| self.start(world, id, 0));
    }

    /// Does something to a node; what makes no sense (pausing what is down) does nothing.
    pub(crate) fn act(&mut self, world: &mut World, id: i32, action: NodeAction) {
        let Some(host) = self.nodes.get(&id).map(|n| n.host) else { return };
        let signal = |signal| match self.pid(world, id) {
            Some(pid) => vec![Fault::Signal { pid, signal }],
            None => Vec::new(),
        };
        let faults = match action {
            NodeAction::Kill => signal(Signal::Kill),
            NodeAction::Stop => signal(Signal::Terminate),
            NodeAction::Pause => signal(Signal::Stop),
            NodeAction::Resume => signal(Signal::Continue),
            NodeAction::PowerCut => vec![Fault::PowerCut { host }],
            NodeAction::Start if !world.host_is_up(host) => vec![Fault::PowerOn { host }],
            NodeAction::Start => Vec::new(),
            NodeAction::SlowDisk(ms) => vec![Fault::SlowDisk { host, extra_us: ms.saturating_mul(1000) }],
            NodeAction::FullDisk => vec![Fault::FullDisk { host }],
            NodeAction::FailDisk => vec![Fault::FailDisk { host }],
            NodeAction::HealDisk => vec![Fault::HealDisk { host }],
            NodeAction::SkewClock(skew_ms) => vec![Fault::SkewClock { host, skew_ms }],
        };
        faults.iter().for_each(|fault| world.cause(fault));
        if let Some(node) = self.nodes.get_mut(&id) {
            node.stopping = action == NodeAction::Stop || (node.stopping && action != NodeAction::Start);
        }
        if action == NodeAction::Start && self.pid(world, id).is_none() {
            self.start(world, id, RESTART_US);
        }
    }

    fn start(&mut self, world: &mut World, id: i32, delay_us: u64) {
        let process = self.process(id);
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let file = format!("kafka.Kafka node-{id}.properties");
        let spec =
            SpawnSpec { process, host: node.host, stdio: Stdio::null(), command: file, reads_stdin: false, delay_us };
        node.pid = Some(world.spawn(spec));
        node.stopping = false;
    }

    fn process(&self, id: i32) -> Box<dyn Process> {
        let voters = self.config.controller_ids().map(|id| (id, 9181 + id as u16)).collect();
        let (cluster_id, log_dir) = (self.cluster_id.clone(), format!("node-{id}"));
        let settings = self.config.node_settings();
        match self.nodes[&id].kind {
            NodeKind::Broker => {
                let port = self.nodes[&id].port;
                let config = BrokerConfig { node_id: id, port, cluster_id, voters, log_dir, settings };
                Box::new(BrokerNode::new(config))
            }
            NodeKind::Controller => {
                let config = ControllerConfig { node_id: id, cluster_id, voters, log_dir, settings };
                Box::new(ControllerNode::new(config))
            }
        }
    }
}
