//! A little world of controllers, with faults and the invariants that hold after every event. Serves the node's tests.

use crate::config::ControllerConfig;
use crate::node::ControllerNode;
use crate::view::{ControllerView, RoleName};
use ottla_world::{Fault, HostId, Pid, Process, Signal, SpawnSpec, Stdio, TraceEvent, World, WorldConfig};
use std::collections::BTreeMap;

/// Controllers 11, 12, … on hosts of their own.
#[derive(Clone, Debug)]
pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) voters: Vec<(i32, u16)>,
    hosts: BTreeMap<i32, HostId>,
    pids: BTreeMap<i32, Pid>,
    pub(crate) settings: BTreeMap<String, String>,
    /// The leader of each epoch seen so far.
    leaders: BTreeMap<i32, i32>,
    /// The highest high watermark each controller's life had.
    watermarks: BTreeMap<Pid, i64>,
    pub(crate) notes: Vec<String>,
}

pub(crate) const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qg";

impl Bench {
    /// `n` controllers, started.
    pub(crate) fn new(n: u16, seed: u64) -> Bench {
        Bench::with_settings(n, seed, &[])
    }

    pub(crate) fn with_settings(n: u16, seed: u64, settings: &[(&str, &str)]) -> Bench {
        let mut world = World::new(WorldConfig { seed, ..WorldConfig::default() });
        world.watch();
        let voters: Vec<(i32, u16)> = (0..n).map(|at| (11 + i32::from(at), 9192 + at)).collect();
        let hosts = voters.iter().map(|(id, port)| {
            let host = world.add_host(&format!("controller-{id}"));
            world.assign_port(*port, host);
            (*id, host)
        });
        let hosts: BTreeMap<i32, HostId> = hosts.collect();
        let settings = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut bench = Bench {
            world,
            voters,
            hosts,
            pids: BTreeMap::new(),
            settings,
            leaders: BTreeMap::new(),
            watermarks: BTreeMap::new(),
            notes: Vec::new(),
        };
        bench.voters.clone().iter().for_each(|(id, _)| bench.start(*id));
        bench
    }

    pub(crate) fn spawn(&mut self, process: impl Process + 'static, host: HostId) -> Pid {
        self.world.spawn(SpawnSpec {
            process: Box::new(process),
            host,
            stdio: Stdio::null(),
            command: "kafka".into(),
            reads_stdin: false,
            delay_us: 0,
        })
    }

    pub(crate) fn start(&mut self, id: i32) {
        let config = ControllerConfig {
            node_id: id,
            cluster_id: CLUSTER.into(),
            voters: self.voters.clone(),
            log_dir: format!("node-{id}"),
            settings: self.settings.clone(),
        };
        let pid = self.spawn(ControllerNode::new(config), self.hosts[&id]);
        self.pids.insert(id, pid);
    }

    pub(crate) fn signal(&mut self, id: i32, signal: Signal) {
        self.world.cause(&Fault::Signal { pid: self.pids[&id], signal });
    }

    pub(crate) fn power_cut(&mut self, id: i32) {
        self.world.cause(&Fault::PowerCut { host: self.hosts[&id] });
    }

    pub(crate) fn power_on(&mut self, id: i32) {
        self.world.cause(&Fault::PowerOn { host: self.hosts[&id] });
        self.start(id);
    }

    pub(crate) fn cut(&mut self, a: i32, b: i32, heal: bool) {
        for (from, to) in [(a, b), (b, a)] {
            let (from, to) = (self.hosts[&from], self.hosts[&to]);
            self.world.cause(&if heal { Fault::HealLink { from, to } } else { Fault::CutLink { from, to } });
        }
    }

    pub(crate) fn disk(&self, id: i32) -> &ottla_world::Disk {
        self.world.disk(self.hosts[&id])
    }

    /// Cuts a file of a controller short.
    pub(crate) fn damage(&mut self, id: i32, path: &str) {
        self.damage_on(self.hosts[&id], path);
    }

    pub(crate) fn damage_on(&mut self, host: HostId, path: &str) {
        let disk = self.world.disk_mut(host);
        let len = disk.len(path).unwrap_or(0);
        disk.truncate(path, len / 2).unwrap();
        disk.flush(path).unwrap();
    }

    pub(crate) fn is_alive(&self, id: i32) -> bool {
        self.pids.get(&id).is_some_and(|pid| self.world.is_alive(*pid))
    }

    pub(crate) fn view(&self, id: i32) -> Option<ControllerView> {
        let pid = self.pids.get(&id)?;
        let node = self.world.process::<ControllerNode>(*pid)?;
        node.view(self.world.now(), self.world.wall_ms(self.hosts[&id]))
    }

    pub(crate) fn views(&self) -> Vec<ControllerView> {
        self.voters.iter().filter_map(|(id, _)| self.view(*id)).collect()
    }

    /// Runs for `ms`, checking the invariants after every event.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.world.now().plus_millis(ms);
        while self.world.step(end) {
            self.check();
        }
        self.world.run_until(end);
    }

    /// Runs until `done`, for at most 30 seconds; how long it took in milliseconds.
    pub(crate) fn until(&mut self, what: &str, done: impl Fn(&Bench) -> bool) -> u64 {
        let start = self.world.now();
        let end = start.plus_millis(30_000);
        while !done(self) {
            assert!(self.world.step(end), "never: {what}\n{:#?}\n{}", self.summary(), self.notes.join("\n"));
            self.check();
        }
        self.world.now().millis_since(start)
    }

    fn summary(&self) -> Vec<String> {
        let line = |v: ControllerView| {
            let ControllerView { node_id, role, epoch, leader_id, high_watermark, log_end_offset, .. } = v;
            format!("{node_id} {role:?} epoch={epoch} leader={leader_id:?} hw={high_watermark} leo={log_end_offset}")
        };
        self.views().into_iter().map(line).collect()
    }

    fn check(&mut self) {
        for event in self.world.take_trace() {
            if let TraceEvent::Note { at, pid, text } = event {
                self.notes.push(format!("{:>9} {pid:?} {text}", at.as_micros()));
            }
        }
        for (id, _) in self.voters.clone() {
            let Some(view) = self.view(id) else { continue };
            if view.role == RoleName::Leader {
                let first = *self.leaders.entry(view.epoch).or_insert(id);
                assert_eq!(first, id, "two leaders in epoch {}\n{}", view.epoch, self.notes.join("\n"));
            }
            let known = self.watermarks.entry(self.pids[&id]).or_insert(-1);
            assert!(view.high_watermark >= *known, "the high watermark of {id} went back");
            assert!(view.high_watermark <= view.log_end_offset, "{id} knows more committed than it has");
            *known = view.high_watermark;
        }
    }

    /// The active controller, if there is exactly one that the living majority follows.
    pub(crate) fn active(&self) -> Option<ControllerView> {
        let newest = self.views().into_iter().max_by_key(|view| view.epoch)?;
        self.views().into_iter().find(|view| view.epoch == newest.epoch && view.active.is_some())
    }

    /// Whether all living controllers agree on leader and committed metadata length (to within what is under way).
    pub(crate) fn settled(&self) -> bool {
        let Some(active) = self.active() else { return false };
        let follows = |view: &ControllerView| view.leader_id == Some(active.node_id) && view.high_watermark >= 0;
        self.views().iter().filter(|view| self.is_running(view.node_id)).all(follows)
    }

    fn is_running(&self, id: i32) -> bool {
        let info = self.world.processes().find(|info| info.pid == self.pids[&id]);
        info.is_some_and(|info| info.state == ottla_world::ProcessState::Running)
    }

    /// All images replayed to the same offset are the same.
    pub(crate) fn check_images(&self) {
        for a in self.views() {
            for b in self.views().iter().filter(|b| b.committed.offset() == a.committed.offset()) {
                assert_eq!(a.committed, b.committed, "{} and {} differ", a.node_id, b.node_id);
            }
        }
    }
}
