//! What a process may do. Serves every state machine; invariant: all effects are outputs in a list, applied by the world
//! after the input is handled; only the host's own disk is written at once (its page cache).

use crate::{
    ConnectionId, Disk, Fd, FlushId, HostId, Ids, OtherDisks, Pid, Process, ProcessInfo, Rng, Signal, Sink, Stdio,
    TerminalId, Time,
};
use bytes::Bytes;
use std::collections::BTreeMap;

/// An effect of a process on its world.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are named for what they are")]
pub enum Output {
    /// Open a connection; answered by `Connected` or `ConnectFailed`, or not at all if the network is silent.
    Connect { connection: ConnectionId, host: String, port: u16 },
    /// Take connections on a port from now on.
    Listen { port: u16 },
    /// Send a frame.
    Send { connection: ConnectionId, frame: Bytes },
    /// Send a frame, but not before this flush has reached the disk.
    SendAfter { flush: FlushId, connection: ConnectionId, frame: Bytes },
    /// Close a connection, after what was sent on it.
    Close { connection: ConnectionId },
    /// Bring files to the flushed part; answered by `Flushed`.
    Flush { flush: FlushId, paths: Vec<String> },
    /// Write to a stream.
    Print { fd: Fd, data: Bytes },
    /// A line for the event log.
    Note { text: String },
    /// Ask whoever runs the world for something that no process can do; answered by `HostAnswered`.
    AskHost { words: Vec<String> },
    /// Start a process.
    Spawn { pid: Pid, spec: SpawnSpec },
    /// Signal a process.
    Signal { pid: Pid, signal: Signal },
    /// Put these processes into a terminal's foreground (`tcsetpgrp`).
    Foreground { terminal: TerminalId, pids: Vec<Pid> },
    /// Become the reader of a pipe beside standard input.
    ReadPipe { pipe: crate::PipeId },
    /// Go on as another program (`execve`).
    Exec { process: Box<dyn Process>, stdout: Sink, stderr: Sink, command: String, reads_stdin: bool, delay_us: u64 },
    /// Put input back that was read from a terminal and is for somebody else.
    GiveBack { terminal: TerminalId, data: Bytes },
    /// End.
    Exit { code: u8 },
}

/// What a process needs to start.
#[derive(Clone, Debug)]
pub struct SpawnSpec {
    /// The program.
    pub process: Box<dyn Process>,
    /// Where it runs.
    pub host: HostId,
    /// Its streams.
    pub stdio: Stdio,
    /// The command line that `ps` shows.
    pub command: String,
    /// Whether it reads its standard input; a terminal keeps typed lines for the next reader otherwise.
    pub reads_stdin: bool,
    /// How long it takes to come up before its `Start`, in microseconds.
    pub delay_us: u64,
}

/// The world as one process sees it while it handles one input.
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) now: Time,
    pub(crate) wall_ms: i64,
    pub(crate) pid: Pid,
    pub(crate) host: HostId,
    pub(crate) disk: &'a mut Disk,
    pub(crate) others: OtherDisks<'a>,
    pub(crate) rng: &'a mut Rng,
    pub(crate) ids: &'a mut Ids,
    pub(crate) processes: &'a BTreeMap<Pid, ProcessInfo>,
    pub(crate) stdio: &'a Stdio,
    pub(crate) outputs: &'a mut Vec<Output>,
}

impl<'a> Context<'a> {
    /// A context outside any world, for tests of a process by itself.
    pub fn detached(
        now: Time,
        wall_ms: i64,
        disk: &'a mut Disk,
        rng: &'a mut Rng,
        ids: &'a mut Ids,
        processes: &'a BTreeMap<Pid, ProcessInfo>,
        outputs: &'a mut Vec<Output>,
    ) -> Context<'a> {
        static NOWHERE: Stdio = Stdio::null();
        let others = OtherDisks::default();
        Context {
            now,
            wall_ms,
            pid: Pid(1),
            host: HostId(0),
            disk,
            others,
            rng,
            ids,
            processes,
            stdio: &NOWHERE,
            outputs,
        }
    }

    /// Virtual time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The host's wall clock: milliseconds since 1970, with the host's skew.
    pub fn wall_ms(&self) -> i64 {
        self.wall_ms
    }

    /// The process's own id.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The host it runs on.
    pub fn host(&self) -> HostId {
        self.host
    }

    /// The host's disk.
    pub fn disk(&mut self) -> &mut Disk {
        self.disk
    }

    /// The host's disk, to read.
    pub fn own_disk(&self) -> &Disk {
        self.disk
    }

    /// The other hosts' disks, to read: a person may look at them as over ssh. Only shells and tools may use it.
    pub fn other_disks(&self) -> OtherDisks<'a> {
        self.others
    }

    /// The process's own stream of random numbers.
    pub fn rng(&mut self) -> &mut Rng {
        self.rng
    }

    /// All processes, as `ps` sees them.
    pub fn processes(&self) -> &BTreeMap<Pid, ProcessInfo> {
        self.processes
    }

    /// The process's own streams, to hand them on to a child or to ask whether they are a terminal.
    pub fn stdio(&self) -> &Stdio {
        self.stdio
    }

    /// Opens a connection to `host:port`.
    pub fn connect(&mut self, host: &str, port: u16) -> ConnectionId {
        let connection = self.ids.connection();
        self.outputs.push(Output::Connect { connection, host: host.to_owned(), port });
        connection
    }

    /// Takes connections on a port from now on.
    pub fn listen(&mut self, port: u16) {
        self.outputs.push(Output::Listen { port });
    }

    /// Sends a frame.
    pub fn send(&mut self, connection: ConnectionId, frame: Bytes) {
        self.outputs.push(Output::Send { connection, frame });
    }

    /// Sends a frame once `flush` is on the disk. If the process or its host dies before, it is never sent.
    pub fn send_after(&mut self, flush: FlushId, connection: ConnectionId, frame: Bytes) {
        self.outputs.push(Output::SendAfter { flush, connection, frame });
    }

    /// Closes a connection.
    pub fn close(&mut self, connection: ConnectionId) {
        self.outputs.push(Output::Close { connection });
    }

    /// Asks the disk to bring files to its flushed part.
    pub fn flush(&mut self, paths: Vec<String>) -> FlushId {
        let flush = self.ids.flush();
        self.outputs.push(Output::Flush { flush, paths });
        flush
    }

    /// Writes to standard output or standard error.
    pub fn print(&mut self, fd: Fd, data: impl Into<Bytes>) {
        self.outputs.push(Output::Print { fd, data: data.into() });
    }

    /// Writes a line for the event log.
    pub fn note(&mut self, text: impl Into<String>) {
        self.outputs.push(Output::Note { text: text.into() });
    }

    /// Asks whoever runs the world for something no process can do, such as causing a fault. The answer comes as
    /// [`crate::Input::HostAnswered`], at the same moment; a world that nobody answers for is silent.
    pub fn ask_host(&mut self, words: Vec<String>) {
        self.outputs.push(Output::AskHost { words });
    }

    /// Starts a process; its id is known at once.
    pub fn spawn(&mut self, spec: SpawnSpec) -> Pid {
        let pid = self.ids.pid();
        self.outputs.push(Output::Spawn { pid, spec });
        pid
    }

    /// A new pipe, for [`Stdio`]s of processes to be started.
    pub fn pipe(&mut self) -> crate::PipeId {
        self.ids.pipe()
    }

    /// Becomes the reader of a pipe: what is written to it comes as [`crate::Input::Piped`], its end as
    /// [`crate::Input::PipeClosed`].
    pub fn read_pipe(&mut self, pipe: crate::PipeId) {
        self.outputs.push(Output::ReadPipe { pipe });
    }

    /// Goes on as another program after this input, with the same id and standard input. The new program gets a
    /// `Start` of its own; `host` and `stdio.stdin` of the spec are not looked at.
    pub fn exec(&mut self, spec: SpawnSpec) {
        let SpawnSpec { process, stdio, command, reads_stdin, delay_us, .. } = spec;
        let (stdout, stderr) = (stdio.stdout, stdio.stderr);
        self.outputs.push(Output::Exec { process, stdout, stderr, command, reads_stdin, delay_us });
    }

    /// Signals a process; nothing happens if it is gone.
    pub fn signal(&mut self, pid: Pid, signal: Signal) {
        self.outputs.push(Output::Signal { pid, signal });
    }

    /// Puts processes into a terminal's foreground.
    pub fn foreground(&mut self, terminal: TerminalId, pids: Vec<Pid>) {
        self.outputs.push(Output::Foreground { terminal, pids });
    }

    /// Gives back a line read from a terminal: the next reader in the foreground gets it.
    pub fn give_back(&mut self, terminal: TerminalId, data: Bytes) {
        self.outputs.push(Output::GiveBack { terminal, data });
    }

    /// Ends the process after this input.
    pub fn exit(&mut self, code: u8) {
        self.outputs.push(Output::Exit { code });
    }
}
