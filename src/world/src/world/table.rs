//! The process table: starting, feeding, signalling and ending processes. Serves the world; invariant: a stopped process
//! gets its inputs in order once it goes on, and a dead one leaves nothing behind.

use super::{OtherDisks, Slot, World, event::Event};
use crate::{
    Context, ExitStatus, HostId, Input, Pid, Process, ProcessInfo, ProcessState, Rng, Signal, Source, SpawnSpec, Stdio,
    Time, TraceEvent,
};
use std::collections::VecDeque;

impl World {
    /// Starts a process from outside.
    pub fn spawn(&mut self, spec: SpawnSpec) -> Pid {
        let pid = self.ids.pid();
        self.start(pid, None, spec);
        pid
    }

    pub(super) fn start(&mut self, pid: Pid, parent: Option<Pid>, spec: SpawnSpec) {
        let SpawnSpec { process, host, stdio, command, reads_stdin, delay_us } = spec;
        if !self.hosts[host.0 as usize].up {
            return;
        }
        let (name, at) = (process.name().to_owned(), self.now);
        self.record(|| TraceEvent::Started { at, pid, host, name: name.clone(), command: command.clone() });
        let state = ProcessState::Running;
        self.infos.insert(pid, ProcessInfo { pid, parent, host, name, command, started: at, state });
        self.open_streams(pid, &stdio, reads_stdin);
        let stdin = stdio.stdin.clone();
        let rng = Rng::stream(self.config.seed, "process", u64::from(pid.0) ^ self.config.start.as_micros());
        let slot = Slot {
            process,
            host,
            stdio,
            reads_stdin,
            started: false,
            stopped: false,
            rng,
            wake: None,
            ring: None,
            backlog: VecDeque::new(),
        };
        self.slots.insert(pid, slot);
        self.schedule(at + delay_us, Event::Input { pid, input: Input::Start });
        let after = at + delay_us;
        match stdin {
            Source::Null => self.schedule(after, Event::Input { pid, input: Input::StdinClosed }),
            Source::Bytes(data) => {
                if !data.is_empty() {
                    self.schedule(after, Event::Input { pid, input: Input::Stdin(data) });
                }
                self.schedule(after, Event::Input { pid, input: Input::StdinClosed });
            }
            Source::Terminal(_) | Source::Pipe(_) => {}
        }
    }

    /// Puts another program in a process's place; what waits on its standard input is for the new one.
    pub(super) fn exec(
        &mut self,
        pid: Pid,
        process: Box<dyn Process>,
        [stdout, stderr]: [crate::Sink; 2],
        command: String,
        reads_stdin: bool,
        delay_us: u64,
    ) {
        let (Some(slot), Some(info)) = (self.slots.get_mut(&pid), self.infos.get_mut(&pid)) else { return };
        (info.name, info.command) = (process.name().to_owned(), command);
        let (host, name, command) = (info.host, info.name.clone(), info.command.clone());
        (slot.process, slot.started, slot.reads_stdin) = (process, false, reads_stdin);
        slot.wake = None;
        let old = slot.stdio.clone();
        slot.stdio = Stdio { stdin: old.stdin.clone(), stdout, stderr };
        let new = slot.stdio.clone();
        let at = self.now;
        self.record(|| TraceEvent::Started { at, pid, host, name, command });
        self.open_streams(pid, &new, reads_stdin);
        self.close_streams(pid, &Stdio { stdin: Source::Null, ..old }, Vec::new());
        self.settle_stdin(&new);
        self.schedule(at + delay_us, Event::Input { pid, input: Input::Start });
    }

    /// What `ps` shows.
    pub fn processes(&self) -> impl Iterator<Item = &ProcessInfo> {
        self.infos.values()
    }

    /// What `ps` shows of one process.
    pub fn process_info(&self, pid: Pid) -> Option<&ProcessInfo> {
        self.infos.get(&pid)
    }

    /// Whether the process is there.
    pub fn is_alive(&self, pid: Pid) -> bool {
        self.slots.contains_key(&pid)
    }

    /// A process's state, for views: `None` if it is gone or of another type.
    pub fn process<T: 'static>(&self, pid: Pid) -> Option<&T> {
        self.slots.get(&pid)?.process.as_any().downcast_ref()
    }

    /// Gives a process one input now, or keeps it while the process is stopped or not yet up.
    pub(super) fn deliver(&mut self, pid: Pid, input: Input) {
        let Some(slot) = self.slots.get_mut(&pid) else { return };
        if slot.stopped || (!slot.started && input != Input::Start) {
            slot.backlog.push_back(input);
            return;
        }
        let first = input == Input::Start;
        slot.started = true;
        self.run(pid, input);
        if first {
            self.catch_up(pid);
        }
    }

    fn catch_up(&mut self, pid: Pid) {
        let backlog = self.slots.get_mut(&pid).map(|slot| std::mem::take(&mut slot.backlog)).unwrap_or_default();
        for input in backlog {
            self.deliver(pid, input);
        }
    }

    fn run(&mut self, pid: Pid, input: Input) {
        self.digest_input(pid, &input);
        self.ran.push(pid);
        let true_wall_ms = self.true_wall_ms();
        let Some(slot) = self.slots.get_mut(&pid) else { return };
        let host = slot.host;
        let skew_ms = self.hosts[host.0 as usize].skew_ms;
        let mut outputs = std::mem::take(&mut self.outputs);
        let (disk, others) = OtherDisks::around(&mut self.hosts, host);
        let mut context = Context {
            now: self.now,
            wall_ms: true_wall_ms + skew_ms,
            pid,
            host,
            disk,
            others,
            rng: &mut slot.rng,
            ids: &mut self.ids,
            processes: &self.infos,
            stdio: &slot.stdio,
            outputs: &mut outputs,
        };
        slot.process.handle(&mut context, input);
        slot.wake = slot.process.next_wakeup();
        if let Some(at) = slot.wake.map(|at| at.max(self.now))
            && slot.ring.is_none_or(|ring| at < ring)
        {
            slot.ring = Some(at);
            self.schedule(at, Event::Wake { pid });
        }
        self.schedule_writeback(host);
        self.apply(pid, host, &mut outputs);
        outputs.clear();
        self.outputs = outputs;
    }

    fn schedule_writeback(&mut self, host: HostId) {
        let due = self.now + self.config.writeback_us;
        let entry = &mut self.hosts[host.0 as usize];
        if !entry.writeback_due && entry.disk.is_dirty() {
            entry.writeback_due = true;
            self.schedule(due, Event::WriteBack { host });
        }
    }

    fn digest_input(&mut self, pid: Pid, input: &Input) {
        self.digest.number(u64::from(pid.0));
        match input {
            Input::Frame { connection, frame } => {
                self.digest.number(connection.0);
                self.digest.bytes(frame);
            }
            Input::Stdin(data) => self.digest.bytes(data),
            Input::Wake => self.digest.number(1),
            other => self.digest.bytes(format!("{other:?}").as_bytes()),
        }
    }

    /// Sends a signal from outside, as `kill` does.
    pub fn signal(&mut self, pid: Pid, signal: Signal) {
        let Some(info) = self.infos.get_mut(&pid) else { return };
        match signal {
            Signal::Kill => self.end(pid, ExitStatus::Signal(Signal::Kill)),
            Signal::Stop => {
                info.state = ProcessState::Stopped;
                self.slots.get_mut(&pid).expect("a process with its information").stopped = true;
            }
            Signal::Continue => {
                let was_stopped = info.state == ProcessState::Stopped;
                info.state = ProcessState::Running;
                if was_stopped {
                    self.slots.get_mut(&pid).expect("a process with its information").stopped = false;
                    self.catch_up(pid);
                }
            }
            other => self.schedule(self.now, Event::Input { pid, input: Input::Signal(other) }),
        }
    }

    /// Ends a process: its connections close, its parent is told.
    pub(super) fn end(&mut self, pid: Pid, status: ExitStatus) {
        let Some(info) = self.remove(pid) else { return };
        let at = self.now;
        self.record(|| TraceEvent::Exited { at, pid, status: Some(status) });
        self.close_all(pid);
        if let Some(parent) = info.parent {
            self.schedule(at, Event::Input { pid: parent, input: Input::ChildExited { pid, status } });
        }
    }

    /// Takes a process out of the world without a word to anybody.
    pub(super) fn remove(&mut self, pid: Pid) -> Option<ProcessInfo> {
        let slot = self.slots.remove(&pid)?;
        self.listeners.retain(|_, listener| *listener != pid);
        self.flushes.retain(|_, pending| pending.pid != pid);
        let unread = slot.backlog.into_iter().filter_map(|input| match input {
            Input::Stdin(data) => Some(data),
            _ => None,
        });
        self.close_streams(pid, &slot.stdio, unread.collect());
        self.close_read_pipes(pid);
        self.infos.remove(&pid)
    }

    /// When the process wants to be woken.
    pub fn wake_time(&self, pid: Pid) -> Option<Time> {
        self.slots.get(&pid)?.wake
    }
}
