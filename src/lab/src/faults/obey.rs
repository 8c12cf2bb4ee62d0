//! The `fault` command's host side: orders are carried out, or refused with a reason. Serves the terminal; invariant: what it
//! does is what a [`LabInput`] of the same meaning does; the typed line stands in the journal, so nothing else has to.

use super::order::{FaultOrder, HELP, Whom};
use crate::{
    Lab, NodeKind,
    protocol::{HostFaults, LabInput, LinkAction, NodeAction, NodeState},
};

impl Lab {
    /// Answers what a process asks of the lab: exit code and text.
    pub(crate) fn answer_question(&mut self, words: &[String]) -> (u8, String) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = match words.split_first() {
            Some((&"fault", rest)) => FaultOrder::parse(rest).and_then(|order| self.obey(&order)),
            _ => Err("nobody knows how to do that".to_owned()),
        };
        match answer {
            Ok(text) => (0, text),
            Err(text) => (1, format!("fault: {text}\n")),
        }
    }

    /// Carries out an order; what to say about it.
    fn obey(&mut self, order: &FaultOrder) -> Result<String, String> {
        let inputs = self.inputs_of(order)?;
        let nothing = inputs.contains(&LabInput::HealAll) && self.list_faults() == NOTHING;
        for input in &inputs {
            self.apply_unrecorded(input);
        }
        Ok(match (order, inputs.first()) {
            (FaultOrder::Help, _) => HELP.to_owned(),
            (FaultOrder::List, _) => self.list_faults(),
            (FaultOrder::Link { from, to, action, both }, _) => {
                let arrow = if *both { "<->" } else { "->" };
                format!("link {} {arrow} {}: {}\n", self.name(*from), self.name(*to), link_words(*action))
            }
            (_, Some(LabInput::Node { node, action })) => format!("{}: {}\n", self.name(*node), node_words(*action)),
            _ if nothing => NOTHING.to_owned(),
            _ => "everything is mended\n".to_owned(),
        })
    }

    /// The inputs that an order means now; none for one that only asks.
    ///
    /// # Errors
    /// Nobody of that name, or nothing that would change, with what is there.
    pub fn inputs_of(&self, order: &FaultOrder) -> Result<Vec<LabInput>, String> {
        match order {
            FaultOrder::Help | FaultOrder::List => Ok(Vec::new()),
            FaultOrder::HealAll => Ok(vec![LabInput::HealAll]),
            FaultOrder::Link { from, to, .. } if from == to => Err("a link needs two different ends".to_owned()),
            FaultOrder::Link { from, to, action, both } => {
                for end in [*from, *to] {
                    self.cluster.host(end).ok_or_else(|| self.no_node(end))?;
                }
                let ways = [(*from, *to), (*to, *from)].into_iter().take(if *both { 2 } else { 1 });
                Ok(ways.map(|(from, to)| LabInput::Link { from, to, action: *action }).collect())
            }
            FaultOrder::Node(whom, action) => {
                let node = self.find(whom)?;
                self.check_sense(node, *action)?;
                Ok(vec![LabInput::Node { node, action: *action }])
            }
        }
    }

    /// The node that is meant.
    ///
    /// # Errors
    /// There is none, with those that are.
    pub fn find(&self, whom: &Whom) -> Result<i32, String> {
        match whom {
            Whom::Node(id) if self.cluster.nodes.contains_key(id) => Ok(*id),
            Whom::Node(id) => Err(self.no_node(*id)),
            Whom::Controller => {
                let active = self.view().controllers.into_iter().find(|c| c.role == "Leader");
                active.map(|c| c.id).ok_or_else(|| "there is no active controller now".to_owned())
            }
            Whom::LeaderOf(topic, partition) => {
                let image = crate::views::metadata(self).ok_or("nobody is alive who knows the leaders")?;
                let found = image.topic(topic).ok_or_else(|| {
                    let names: Vec<&str> = image.topics_by_name().map(|topic| topic.name.as_str()).collect();
                    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                    format!("there is no topic {topic}. Topics: {names}")
                })?;
                let state = found.partitions.get(partition).ok_or_else(|| {
                    format!("{topic} has no partition {partition}. It has {}, from 0 on", found.partitions.len())
                })?;
                if state.has_leader() {
                    Ok(state.leader)
                } else {
                    Err(format!("{topic}-{partition} has no leader now"))
                }
            }
        }
    }

    fn no_node(&self, id: i32) -> String {
        let ids = |kind| self.cluster.ids(kind).map(|id| id.to_string()).collect::<Vec<_>>().join(", ");
        let (brokers, controllers) = (ids(NodeKind::Broker), ids(NodeKind::Controller));
        format!("there is no node {id}. Brokers: {brokers}; controllers: {controllers}")
    }

    fn name(&self, node: i32) -> String {
        match self.cluster.nodes.get(&node).map(|node| node.kind) {
            Some(NodeKind::Broker) => format!("broker {node}"),
            Some(NodeKind::Controller) => format!("controller {node}"),
            None => "clients".to_owned(),
        }
    }

    fn check_sense(&self, node: i32, action: NodeAction) -> Result<(), String> {
        let state = self.cluster.state(&self.world, node);
        let senseless = match action {
            NodeAction::Kill | NodeAction::Stop => matches!(state, NodeState::Down | NodeState::NoPower),
            NodeAction::Pause => state != NodeState::Running,
            NodeAction::Resume => state != NodeState::Paused,
            NodeAction::Start => !matches!(state, NodeState::Down | NodeState::NoPower),
            NodeAction::PowerCut => state == NodeState::NoPower,
            _ => false,
        };
        if senseless { Err(format!("{} is {}", self.name(node), state_words(state))) } else { Ok(()) }
    }

    fn list_faults(&self) -> String {
        let mut text = String::new();
        let mut line = |what: String, how: &str| text.push_str(&format!("{what:<28} {how}\n"));
        for &node in self.cluster.nodes.keys() {
            let (state, faults) = (self.cluster.state(&self.world, node), self.host_faults(node));
            if state != NodeState::Running {
                line(self.name(node), state_words(state));
            }
            host_words(faults).iter().for_each(|how| line(self.name(node), how));
        }
        for link in self.link_rows() {
            let name = format!("link {} -> {}", self.name(link.from), self.name(link.to));
            let slow = (link.extra_ms > 0).then(|| link_words(LinkAction::Slow(link.extra_ms)));
            let lossy = (link.lossy_percent > 0).then(|| link_words(LinkAction::Lossy(link.lossy_percent)));
            let cut = link.cut.then(|| link_words(LinkAction::Cut));
            [cut, slow, lossy].into_iter().flatten().for_each(|how| line(name.clone(), &how));
        }
        if text.is_empty() { NOTHING.to_owned() } else { text }
    }
}

const NOTHING: &str = "nothing is broken\n";

fn state_words(state: NodeState) -> &'static str {
    match state {
        NodeState::Running => "running",
        NodeState::Paused => "paused",
        NodeState::Stopping => "stopping",
        NodeState::Down => "down",
        NodeState::NoPower => "without power",
    }
}

fn host_words(faults: HostFaults) -> Vec<String> {
    let mut all = Vec::new();
    all.extend((faults.disk_extra_ms > 0).then(|| node_words(NodeAction::SlowDisk(faults.disk_extra_ms))));
    all.extend(faults.disk_full.then(|| node_words(NodeAction::FullDisk)));
    all.extend(faults.disk_failing.then(|| node_words(NodeAction::FailDisk)));
    all.extend((faults.clock_skew_ms != 0).then(|| node_words(NodeAction::SkewClock(faults.clock_skew_ms))));
    all
}

fn node_words(action: NodeAction) -> String {
    match action {
        NodeAction::Kill => "killed".to_owned(),
        NodeAction::Stop => "told to stop".to_owned(),
        NodeAction::Start => "starting".to_owned(),
        NodeAction::Pause => "paused".to_owned(),
        NodeAction::Resume => "goes on".to_owned(),
        NodeAction::PowerCut => "without power".to_owned(),
        NodeAction::SlowDisk(0) => "disk as fast as ever".to_owned(),
        NodeAction::SlowDisk(ms) => format!("disk slower by {ms} ms"),
        NodeAction::FullDisk => "disk full".to_owned(),
        NodeAction::FailDisk => "disk failing".to_owned(),
        NodeAction::HealDisk => "disk well".to_owned(),
        NodeAction::SkewClock(0) => "clock right".to_owned(),
        NodeAction::SkewClock(ms) if ms > 0 => format!("clock {ms} ms ahead"),
        NodeAction::SkewClock(ms) => format!("clock {} ms behind", ms.unsigned_abs()),
    }
}

fn link_words(action: LinkAction) -> String {
    match action {
        LinkAction::Cut => "cut".to_owned(),
        LinkAction::Heal => "well".to_owned(),
        LinkAction::Slow(ms) => format!("slower by {ms} ms"),
        LinkAction::Lossy(percent) => format!("loses {percent}% of segments"),
        LinkAction::LoseNext(1) => "loses the next segment once".to_owned(),
        LinkAction::LoseNext(number) => format!("loses the next {number} segments once"),
    }
}
