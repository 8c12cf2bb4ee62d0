//! The world: owner of clock, queue, hosts, links, connections, terminals and processes. Serves hosts (browser, native,
//! simulator) through `step` and `run_until`.
//!
//! Invariant: events happen in the order (time, sequence number); everything a process does is applied before the next
//! event.

mod event;
mod faults;
mod network;
mod others;
mod output;
mod queue;
mod streams;
mod table;
#[cfg(test)]
mod tests;

pub use others::OtherDisks;
pub use streams::Terminal;

use crate::{
    CaptureId, ConnectionId, Digest, Disk, FlushId, HostId, Ids, Input, Link, Pid, PipeId, Process, ProcessInfo, Rng,
    Time, TraceEvent,
};
use event::Event;
use network::Connection;
use queue::Queue;
use std::collections::{BTreeMap, VecDeque};
use streams::Pipe;

/// What a world starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldConfig {
    /// The seed of all random streams.
    pub seed: u64,
    /// The wall clock at the start, in milliseconds since 1970.
    pub start_ms: i64,
    /// The virtual time at the start: later than zero when disks of an earlier run are restored.
    pub start: Time,
    /// Shortest time of a frame between two hosts, in microseconds.
    pub latency_us: u64,
    /// Up to this much more, in microseconds.
    pub jitter_us: u64,
    /// How long a flush takes, in microseconds.
    pub flush_us: u64,
    /// How long written bytes stay in the page cache before the operating system flushes them, in microseconds.
    pub writeback_us: u64,
}

impl Default for WorldConfig {
    fn default() -> Self {
        WorldConfig {
            seed: 1,
            start_ms: 1_767_225_600_000,
            start: Time::ZERO,
            latency_us: 200,
            jitter_us: 100,
            flush_us: 1000,
            writeback_us: 1_000_000,
        }
    }
}

#[derive(Clone, Debug)]
struct Host {
    name: String,
    disk: Disk,
    up: bool,
    skew_ms: i64,
    flush_extra_us: u64,
    writeback_due: bool,
    rng: Rng,
}

#[derive(Clone, Debug)]
struct Slot {
    process: Box<dyn Process>,
    host: HostId,
    stdio: crate::Stdio,
    reads_stdin: bool,
    started: bool,
    stopped: bool,
    rng: Rng,
    /// When it wants to be woken.
    wake: Option<Time>,
    /// The earliest ring in the queue: never later than `wake`. A ring that comes too early is put off.
    ring: Option<Time>,
    /// Inputs that came while it was stopped or not yet up.
    backlog: VecDeque<Input>,
}

#[derive(Clone, Debug)]
struct PendingFlush {
    pid: Pid,
    host: HostId,
    paths: Vec<String>,
    sends: Vec<(ConnectionId, bytes::Bytes)>,
}

/// A world. `Clone` is a checkpoint.
#[derive(Clone, Debug)]
pub struct World {
    config: WorldConfig,
    now: Time,
    queue: Queue,
    ids: Ids,
    hosts: Vec<Host>,
    ports: BTreeMap<u16, HostId>,
    listeners: BTreeMap<u16, Pid>,
    links: BTreeMap<(HostId, HostId), Link>,
    connections: BTreeMap<ConnectionId, Connection>,
    slots: BTreeMap<Pid, Slot>,
    infos: BTreeMap<Pid, ProcessInfo>,
    flushes: BTreeMap<FlushId, PendingFlush>,
    terminals: Vec<Terminal>,
    pipes: BTreeMap<PipeId, Pipe>,
    captures: BTreeMap<CaptureId, Vec<u8>>,
    /// What processes ask of whoever runs the world.
    questions: Vec<(Pid, Vec<String>)>,
    trace: Option<Vec<TraceEvent>>,
    digest: Digest,
    spins: u32,
    /// The processes that took an input since this was last emptied, by those who watch.
    ran: Vec<Pid>,
    /// An empty list that keeps its room from one input to the next.
    outputs: Vec<crate::Output>,
}

/// So many events at one moment mean a process that wakes itself without end.
const MAX_EVENTS_AT_ONE_MOMENT: u32 = 2_000_000;

impl World {
    /// An empty world.
    pub fn new(config: WorldConfig) -> World {
        World {
            now: config.start,
            config,
            queue: Queue::default(),
            ids: Ids::default(),
            hosts: Vec::new(),
            ports: BTreeMap::new(),
            listeners: BTreeMap::new(),
            links: BTreeMap::new(),
            connections: BTreeMap::new(),
            slots: BTreeMap::new(),
            infos: BTreeMap::new(),
            flushes: BTreeMap::new(),
            terminals: Vec::new(),
            pipes: BTreeMap::new(),
            captures: BTreeMap::new(),
            questions: Vec::new(),
            trace: None,
            digest: Digest::default(),
            spins: 0,
            ran: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// Adds a machine with an empty disk.
    pub fn add_host(&mut self, name: &str) -> HostId {
        let id = HostId(self.hosts.len() as u32);
        self.hosts.push(Host {
            name: name.to_owned(),
            disk: Disk::default(),
            up: true,
            skew_ms: 0,
            flush_extra_us: 0,
            writeback_due: false,
            rng: Rng::stream(self.config.seed, "host", u64::from(id.0)),
        });
        id
    }

    /// Says which host a port of `localhost` belongs to.
    pub fn assign_port(&mut self, port: u16, host: HostId) {
        self.ports.insert(port, host);
    }

    /// The host's name.
    pub fn host_name(&self, host: HostId) -> &str {
        &self.hosts[host.0 as usize].name
    }

    /// Whether the host has power.
    pub fn host_is_up(&self, host: HostId) -> bool {
        self.hosts[host.0 as usize].up
    }

    /// The host's disk, to look at.
    pub fn disk(&self, host: HostId) -> &Disk {
        &self.hosts[host.0 as usize].disk
    }

    /// The host's disk, to restore or prepare it before its processes start.
    pub fn disk_mut(&mut self, host: HostId) -> &mut Disk {
        &mut self.hosts[host.0 as usize].disk
    }

    /// Virtual time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The wall clock of a host, in milliseconds since 1970.
    pub fn wall_ms(&self, host: HostId) -> i64 {
        self.true_wall_ms() + self.hosts[host.0 as usize].skew_ms
    }

    fn true_wall_ms(&self) -> i64 {
        self.config.start_ms + self.now.since(self.config.start) as i64 / 1000
    }

    /// Starts to record what happens.
    pub fn watch(&mut self) {
        self.trace.get_or_insert_with(Vec::new);
    }

    /// What happened since the last call; empty unless watched.
    pub fn take_trace(&mut self) -> Vec<TraceEvent> {
        self.trace.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Stops to record what happens, and forgets what was recorded.
    pub fn unwatch(&mut self) {
        self.trace = None;
    }

    /// The processes that took an input in the last step; whoever looks at processes after each step need look at no others.
    pub fn ran(&self) -> &[Pid] {
        &self.ran
    }

    /// From now on all random streams are those of another seed: worlds with one past get different futures.
    pub fn reseed(&mut self, seed: u64) {
        self.config.seed = seed;
        self.digest.number(seed);
        for (n, host) in (0..).zip(&mut self.hosts) {
            host.rng = Rng::stream(seed, "host", n);
        }
        for ((from, to), link) in &mut self.links {
            link.rng = Rng::stream(seed, "link", (u64::from(from.0) << 32) | u64::from(to.0));
        }
        for (pid, slot) in &mut self.slots {
            slot.rng = Rng::stream(seed, "process", u64::from(pid.0));
        }
    }

    /// A digest of all that happened so far; unlike [`World::state_hash`] it costs nothing.
    pub fn history_hash(&self) -> u64 {
        let mut digest = self.digest.clone();
        digest.number(self.now.as_micros());
        digest.value()
    }

    /// What happened since the last call, in exchange for an empty list whose room is used again.
    pub fn swap_trace(&mut self, emptied: &mut Vec<TraceEvent>) {
        assert!(emptied.is_empty(), "a trace is taken whole");
        if let Some(trace) = &mut self.trace {
            std::mem::swap(trace, emptied);
        }
    }

    /// What processes asked of whoever runs the world since the last call; each wants [`World::answer`].
    pub fn take_questions(&mut self) -> Vec<(Pid, Vec<String>)> {
        std::mem::take(&mut self.questions)
    }

    /// Answers a process's question, now; nothing happens if it is gone.
    pub fn answer(&mut self, pid: Pid, code: u8, text: String) {
        self.schedule(self.now, Event::Input { pid, input: Input::HostAnswered { code, text } });
    }

    /// When the next event is due.
    pub fn next_event_at(&self) -> Option<Time> {
        self.queue.next_at()
    }

    /// Lets the next event happen, if it is due at or before `limit`; false if none was. Time is then that of the event.
    pub fn step(&mut self, limit: Time) -> bool {
        let Some((time, sequence, event)) = self.queue.pop_until(limit) else { return false };
        self.spins = if time == self.now { self.spins + 1 } else { 0 };
        assert!(self.spins < MAX_EVENTS_AT_ONE_MOMENT, "endless events at {time:?}");
        self.now = time;
        self.ran.clear();
        self.digest.number(time.as_micros());
        self.digest.number(sequence);
        self.happen(event);
        true
    }

    /// Lets everything happen up to and including `time`, which then is now.
    pub fn run_until(&mut self, time: Time) {
        while self.step(time) {}
        self.now = self.now.max(time);
    }

    /// A digest of all that happened and of all that is: clock, disks, process states. Costs a walk over everything.
    pub fn state_hash(&self) -> u64 {
        let mut digest = self.digest.clone();
        digest.number(self.now.as_micros());
        for host in &self.hosts {
            host.disk.digest(&mut digest);
        }
        for (pid, slot) in &self.slots {
            digest.number(u64::from(pid.0));
            digest.bytes(format!("{:?}", slot.process).as_bytes());
        }
        digest.value()
    }

    fn schedule(&mut self, at: Time, event: Event) {
        self.queue.push(at.max(self.now), event);
    }

    fn record(&mut self, event: impl FnOnce() -> TraceEvent) {
        if let Some(trace) = &mut self.trace {
            trace.push(event());
        }
    }
}
