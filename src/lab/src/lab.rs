//! The lab itself: a world with a cluster in it, terminals, and a journal of what was done. Serves hosts, lessons,
//! transcripts; invariant: `apply` is the only way in, and each call stands in the journal with its time.

use crate::{
    Activity, Cluster, LabConfig, LabError, LabJournal,
    load::Load,
    protocol::{EventLine, LabInput, TerminalChunk, TerminalStream},
    replay::{Origin, encode_disks},
};
use ottla_shell::{ShellOptions, shell_process};
use ottla_world::{
    CaptureId, DiskChange, Fault, Fd, HostId, JournalEntry, Pid, Process, Signal, Sink, Source, SpawnSpec, Stdio,
    TerminalId, Time, TraceEvent, World, WorldConfig,
};
use std::collections::BTreeMap;

/// Files of hosts by host name and path.
pub type DiskFiles = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

/// A script that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spawned {
    pid: Pid,
    terminal: Option<TerminalId>,
    stdout: Option<CaptureId>,
    stderr: CaptureId,
}

/// A lab. `Clone` is a checkpoint.
#[derive(Clone, Debug)]
pub struct Lab {
    pub(crate) world: World,
    pub(crate) cluster: Cluster,
    pub(crate) activity: Activity,
    origin: Origin,
    entries: Vec<JournalEntry<LabInput>>,
    /// The terminals a person sees; index is the number in inputs and views.
    terminals: Vec<TerminalId>,
    chunks: Vec<TerminalChunk>,
    events: Vec<EventLine>,
    /// What scripts wrote, until somebody takes it.
    written: BTreeMap<Stream, Vec<u8>>,
    printed: BTreeMap<Stream, u64>,
    exits: BTreeMap<Pid, u8>,
    stopped_at_interesting: bool,
    /// An empty list that keeps its room from one event to the next.
    trace: Vec<TraceEvent>,
    /// The shells of the terminals.
    pub(crate) shells: Vec<Pid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stream {
    Terminal(TerminalId),
    Capture(CaptureId),
}

/// The longest a cluster may take to come up, in milliseconds of virtual time.
const SETTLE_LIMIT_MS: u64 = 30_000;
/// How often that is looked at, in milliseconds of virtual time.
const SETTLE_LOOK_MS: u64 = 20;

impl Lab {
    /// A fresh lab whose nodes start now.
    ///
    /// # Errors
    /// Out of bounds.
    pub fn new(config: LabConfig) -> Result<Lab, LabError> {
        Lab::restore(config, &DiskFiles::new(), Time::ZERO)
    }

    /// A lab whose disks hold what an earlier run left, going on at its time: all nodes start from their logs, as after
    /// a power cut.
    ///
    /// # Errors
    /// Out of bounds.
    pub fn restore(config: LabConfig, disks: &DiskFiles, start: Time) -> Result<Lab, LabError> {
        config.check()?;
        let start_ms = config.start_ms.saturating_add_unsigned(start.as_millis());
        let mut world = World::new(WorldConfig { seed: config.seed, start_ms, start, ..WorldConfig::default() });
        world.watch();
        let mut cluster = Cluster::build(&mut world, &config);
        let hosts: Vec<HostId> = (0..=cluster.nodes.len() as u32).map(HostId).collect();
        for host in hosts {
            let Some(files) = disks.get(world.host_name(host)) else { continue };
            let disk = world.disk_mut(host);
            files.iter().for_each(|(path, data)| disk.restore(path, data));
        }
        cluster.start_all(&mut world);
        let origin = Origin { config, start_us: start.as_micros(), disks: encode_disks(disks) };
        Ok(Lab {
            world,
            cluster,
            activity: Activity::default(),
            origin,
            entries: Vec::new(),
            terminals: Vec::new(),
            chunks: Vec::new(),
            events: Vec::new(),
            written: BTreeMap::new(),
            printed: BTreeMap::new(),
            exits: BTreeMap::new(),
            stopped_at_interesting: false,
            trace: Vec::new(),
            shells: Vec::new(),
        })
    }

    /// Does something to the lab; it stands in the journal. The script that `Run` started, if it was one.
    pub fn apply(&mut self, input: &LabInput) -> Option<Spawned> {
        self.entries.push(JournalEntry { at: self.world.now(), input: input.clone() });
        let spawned = self.apply_unrecorded(input);
        self.drain();
        spawned
    }

    pub(crate) fn apply_unrecorded(&mut self, input: &LabInput) -> Option<Spawned> {
        let terminal = |lab: &Lab, n: u32| lab.terminals.get(n as usize).copied();
        match input {
            LabInput::OpenTerminal => self.open_terminal(),
            LabInput::Type { terminal: n, text } => {
                if let Some(id) = terminal(self, *n) {
                    let typed = format!("{text}\n");
                    self.chunks.push(TerminalChunk { terminal: *n, stream: TerminalStream::Typed, text: typed });
                    self.world.type_line(id, text);
                }
            }
            LabInput::Interrupt { terminal: n } => {
                if let Some(id) = terminal(self, *n) {
                    let typed = "^C\n".to_owned();
                    self.chunks.push(TerminalChunk { terminal: *n, stream: TerminalStream::Typed, text: typed });
                    self.world.type_interrupt(id);
                }
            }
            LabInput::EndOfInput { terminal: n } => {
                if let Some(id) = terminal(self, *n) {
                    self.world.type_end_of_input(id);
                }
            }
            LabInput::Node { node, action } => self.cluster.act(&mut self.world, *node, *action),
            LabInput::Link { from, to, action } => self.change_link(*from, *to, *action),
            LabInput::Run { script, stdin } => return Some(self.spawn_script(script, stdin.as_deref())),
            LabInput::KillClient { pid } => self.kill_client(Pid(*pid)),
            LabInput::HealAll => self.heal_all(),
            LabInput::Load(load) => self.start_load(load),
            LabInput::Reseed { seed } => self.world.reseed(*seed),
            LabInput::Mark => {}
        }
        None
    }

    fn start_load(&mut self, load: &Load) {
        // A journal may hold anything: settings that the client refuses start nothing.
        let Ok(process) = load.process() else { return };
        let (host, command) = (self.cluster.laptop(), format!("{} {}", process.name(), load.name()));
        let spec = SpawnSpec { process, host, stdio: Stdio::null(), command, reads_stdin: false, delay_us: 0 };
        self.world.spawn(spec);
    }

    /// Stops to look at what happens: no event log, no ledger, no terminals' text. What happens is the same, only faster.
    pub fn be_quiet(&mut self) {
        self.world.unwatch();
        self.activity = Activity::default();
        self.events.clear();
    }

    /// Looks at what happens from now on, as a lab does from its start.
    pub fn be_loud(&mut self) {
        self.world.watch();
    }

    fn kill_client(&mut self, pid: Pid) {
        let on_laptop = self.world.processes().any(|info| info.pid == pid && info.host == self.cluster.laptop());
        if on_laptop {
            self.world.cause(&Fault::Signal { pid, signal: Signal::Kill });
        }
    }

    fn open_terminal(&mut self) {
        let id = self.world.add_terminal();
        self.terminals.push(id);
        let spec = self.shell(None, Stdio::terminal(id), Some(id));
        let pid = self.world.spawn(spec);
        self.shells.push(pid);
        self.world.set_foreground(id, vec![pid]);
    }

    fn shell(&self, script: Option<&str>, stdio: Stdio, terminal: Option<TerminalId>) -> SpawnSpec {
        let command = script.map_or_else(|| "bash".to_owned(), |s| format!("bash -c {s}"));
        let options = ShellOptions { script: script.map(str::to_owned), terminal, ..ShellOptions::default() };
        let process = shell_process(options);
        SpawnSpec { process, host: self.cluster.laptop(), stdio, command, reads_stdin: true, delay_us: 0 }
    }

    /// Starts `bash -c script` with its streams kept apart; standard input is the text, or closed.
    pub fn spawn_script(&mut self, script: &str, stdin: Option<&str>) -> Spawned {
        let (stdout, stderr) = (self.world.new_capture(), self.world.new_capture());
        let stdin = stdin.map_or(Source::Null, |text| Source::Bytes(text.as_bytes().to_vec().into()));
        let stdio = Stdio { stdin, stdout: Sink::Capture(stdout), stderr: Sink::Capture(stderr) };
        let pid = self.world.spawn(self.shell(Some(script), stdio, None));
        Spawned { pid, terminal: None, stdout: Some(stdout), stderr }
    }

    /// Starts `bash -c script` in a terminal of its own; standard error is kept apart.
    pub fn spawn_in_terminal(&mut self, script: &str) -> Spawned {
        let terminal = self.world.add_terminal();
        let stderr = self.world.new_capture();
        let stdio = Stdio {
            stdin: Source::Terminal(terminal),
            stdout: Sink::Terminal(terminal),
            stderr: Sink::Capture(stderr),
        };
        let pid = self.world.spawn(self.shell(Some(script), stdio, Some(terminal)));
        self.world.set_foreground(terminal, vec![pid]);
        Spawned { pid, terminal: Some(terminal), stdout: None, stderr }
    }

    /// Starts a program of the host's own on the laptop, without streams; it does not stand in the journal.
    pub fn spawn_process(&mut self, process: Box<dyn Process>) -> Pid {
        let (host, command) = (self.cluster.laptop(), process.name().to_owned());
        let spec = SpawnSpec { process, host, stdio: Stdio::null(), command, reads_stdin: false, delay_us: 0 };
        self.world.spawn(spec)
    }

    /// Virtual time.
    pub fn now(&self) -> Time {
        self.world.now()
    }

    /// When the next event is due.
    pub fn next_event_at(&self) -> Option<Time> {
        self.world.next_event_at()
    }

    /// The cluster's nodes.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The world, to look at.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Starts to record what reaches the disks, for a host that keeps them.
    pub fn track_disks(&mut self) {
        for host in 0..=self.cluster.nodes.len() as u32 {
            self.world.disk_mut(HostId(host)).track_changes();
        }
    }

    /// What reached the disks since the last call, with the host's name.
    pub fn take_disk_changes(&mut self) -> Vec<(String, DiskChange)> {
        let mut all = Vec::new();
        for host in (0..=self.cluster.nodes.len() as u32).map(HostId) {
            let name = self.world.host_name(host).to_owned();
            all.extend(self.world.disk_mut(host).take_changes().into_iter().map(|change| (name.clone(), change)));
        }
        all
    }

    /// The journal's entries from a place on, in their stored form.
    pub fn journal_lines(&self, from: usize) -> Vec<String> {
        let line = |entry| serde_json::to_string(entry).expect("inputs have string keys only");
        self.entries.iter().skip(from).map(line).collect()
    }

    /// Whether the newest line of the event log is one to stop at.
    pub fn last_event_is_interesting(&self) -> bool {
        self.stopped_at_interesting
    }

    /// What the lab was made from.
    pub fn config(&self) -> &LabConfig {
        &self.origin.config
    }

    /// Lets the next event happen if it is due by `limit`; false if none was.
    pub fn step(&mut self, limit: Time) -> bool {
        let happened = self.world.step(limit);
        self.drain();
        happened
    }

    /// Lets everything happen up to `time`.
    pub fn run_until(&mut self, time: Time) {
        while self.step(time) {}
        self.world.run_until(time);
    }

    /// Lets so many milliseconds pass.
    pub fn run_for_ms(&mut self, ms: u64) {
        self.run_until(self.now().plus_millis(ms));
    }

    /// Lets time pass until all brokers that run are registered and unfenced; false if they do not get there.
    pub fn settle(&mut self) -> bool {
        let limit = self.now().plus_millis(SETTLE_LIMIT_MS);
        while !self.is_settled() {
            if self.now() >= limit {
                return false;
            }
            self.run_for_ms(SETTLE_LOOK_MS);
        }
        true
    }

    /// Whether the node's process is there.
    pub fn node_is_alive(&self, node: i32) -> bool {
        self.cluster.pid(&self.world, node).is_some()
    }

    /// What a script printed since the last call: standard output and standard error.
    pub fn take_output(&mut self, spawned: &Spawned) -> (String, String) {
        let mut take = |stream| {
            let bytes = self.written.remove(&stream).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        (take(spawned.stdout_stream()), take(Stream::Capture(spawned.stderr)))
    }

    /// How many bytes it printed so far.
    pub fn printed_bytes(&self, spawned: &Spawned) -> u64 {
        let of = |stream| self.printed.get(&stream).copied().unwrap_or(0);
        of(spawned.stdout_stream()) + of(Stream::Capture(spawned.stderr))
    }

    /// Its exit code, once it ended.
    pub fn exit_code(&self, spawned: &Spawned) -> Option<u8> {
        self.exits.get(&spawned.pid).copied()
    }

    /// Ends a script and its children.
    pub fn kill(&mut self, spawned: &Spawned) {
        let children = self.world.processes().filter(|i| i.parent == Some(spawned.pid)).map(|i| i.pid);
        let mut pids: Vec<Pid> = children.collect();
        pids.push(spawned.pid);
        pids.into_iter().for_each(|pid| self.world.signal(pid, Signal::Kill));
        self.drain();
    }

    /// What terminals show since the last call.
    pub fn take_chunks(&mut self) -> Vec<TerminalChunk> {
        std::mem::take(&mut self.chunks)
    }

    /// Lines of the event log since the last call.
    pub fn take_events(&mut self) -> Vec<EventLine> {
        std::mem::take(&mut self.events)
    }

    /// What clients and brokers said to each other, as far as it is kept.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// The run so far, up to now.
    pub fn journal(&self) -> LabJournal {
        let mut entries = self.entries.clone();
        entries.push(JournalEntry { at: self.now(), input: LabInput::Mark });
        LabJournal { header: self.origin.header(), entries }
    }

    /// A digest of everything: the same after a replay.
    pub fn state_hash(&self) -> u64 {
        self.world.state_hash()
    }

    fn drain(&mut self) {
        self.stopped_at_interesting = false;
        loop {
            self.drain_trace();
            let questions = self.world.take_questions();
            if questions.is_empty() {
                return;
            }
            for (pid, words) in questions {
                let (code, text) = self.answer_question(&words);
                self.world.answer(pid, code, text);
            }
        }
    }

    fn drain_trace(&mut self) {
        let mut trace = std::mem::take(&mut self.trace);
        self.world.swap_trace(&mut trace);
        for event in trace.drain(..) {
            self.take_in(&event);
            let line = self.activity.observe(&self.world, &self.cluster, &event);
            self.stopped_at_interesting |= line.as_ref().is_some_and(|line| line.interesting);
            self.events.extend(line);
        }
        self.trace = trace;
    }

    fn take_in(&mut self, event: &TraceEvent) {
        match event {
            TraceEvent::Printed { fd, sink, data, .. } => self.printed(*fd, sink, data),
            TraceEvent::Exited { pid, status, .. } => {
                self.exits.insert(*pid, status.map_or(137, ottla_world::ExitStatus::shell_code));
            }
            _ => {}
        }
    }

    fn printed(&mut self, fd: Fd, sink: &Sink, data: &[u8]) {
        let stream = match sink {
            Sink::Terminal(id) => Stream::Terminal(*id),
            Sink::Capture(id) => {
                self.world.take_capture(*id);
                Stream::Capture(*id)
            }
            Sink::Null | Sink::Pipe(_) | Sink::File(_) => return,
        };
        *self.printed.entry(stream).or_default() += data.len() as u64;
        if let Sink::Terminal(id) = sink
            && let Some(n) = self.terminals.iter().position(|t| t == id)
        {
            let stream = if fd == Fd::Stdout { TerminalStream::Stdout } else { TerminalStream::Stderr };
            let text = String::from_utf8_lossy(data).into_owned();
            return self.chunks.push(TerminalChunk { terminal: n as u32, stream, text });
        }
        self.written.entry(stream).or_default().extend_from_slice(data);
    }
}

impl Spawned {
    fn stdout_stream(&self) -> Stream {
        match (self.terminal, self.stdout) {
            (Some(terminal), _) => Stream::Terminal(terminal),
            (None, Some(capture)) => Stream::Capture(capture),
            (None, None) => Stream::Capture(self.stderr),
        }
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Types a line at its terminal, if it has one.
    pub fn type_line(&self, lab: &mut Lab, text: &str) {
        if let Some(id) = self.terminal {
            lab.world.type_line(id, text);
        }
    }

    /// Ctrl-D.
    pub fn end_of_input(&self, lab: &mut Lab) {
        if let Some(id) = self.terminal {
            lab.world.type_end_of_input(id);
        }
    }

    /// Ctrl-C.
    pub fn interrupt(&self, lab: &mut Lab) {
        if let Some(id) = self.terminal {
            lab.world.type_interrupt(id);
        }
    }
}
