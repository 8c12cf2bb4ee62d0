//! Applies what a process asked for. Serves the process table; invariant: outputs take effect in the order they were
//! given, and none after the exit.

use super::{PendingFlush, World, event::Event, network::Segment};
use crate::{ExitStatus, HostId, Output, Pid, TraceEvent};

impl World {
    pub(super) fn apply(&mut self, pid: Pid, host: HostId, outputs: &mut Vec<Output>) {
        for output in outputs.drain(..) {
            if !self.slots.contains_key(&pid) {
                return;
            }
            self.apply_one(pid, host, output);
        }
    }

    fn apply_one(&mut self, pid: Pid, host: HostId, output: Output) {
        match output {
            Output::Connect { connection, host: name, port } => self.connect(pid, connection, &name, port),
            Output::Listen { port } => {
                self.listeners.insert(port, pid);
            }
            Output::Send { connection, frame } => self.send(pid, connection, Segment::Frame(frame)),
            Output::SendAfter { flush, connection, frame } => match self.flushes.get_mut(&flush) {
                Some(pending) => pending.sends.push((connection, frame)),
                None => self.send(pid, connection, Segment::Frame(frame)),
            },
            Output::Close { connection } => self.close(pid, connection),
            Output::Flush { flush, paths } => {
                let entry = &self.hosts[host.0 as usize];
                let at = self.now + self.config.flush_us + entry.flush_extra_us;
                self.flushes.insert(flush, PendingFlush { pid, host, paths, sends: Vec::new() });
                self.schedule(at, Event::FlushDone { flush });
            }
            Output::Print { fd, data } => self.print(pid, fd, data),
            Output::Note { text } => {
                let at = self.now;
                self.record(|| TraceEvent::Note { at, pid, text });
            }
            Output::AskHost { words } => self.questions.push((pid, words)),
            Output::Spawn { pid: child, spec } => self.start(child, Some(pid), spec),
            Output::Signal { pid: other, signal } => self.signal(other, signal),
            Output::Foreground { terminal, pids } => self.set_foreground(terminal, pids),
            Output::ReadPipe { pipe } => self.read_pipe(pid, pipe),
            Output::Exec { process, stdout, stderr, command, reads_stdin, delay_us } => {
                self.exec(pid, process, [stdout, stderr], command, reads_stdin, delay_us);
            }
            Output::GiveBack { terminal, data } => self.give_back(terminal, data),
            Output::Exit { code } => self.end(pid, ExitStatus::Code(code)),
        }
    }
}
