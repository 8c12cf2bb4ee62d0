//! Terminals, pipes and captures: what standard streams are connected to. Serves shells and hosts; invariant: a line
//! typed reaches the process in the foreground that reads, or waits for the next one.

use super::{World, event::Event};
use crate::{CaptureId, ExitStatus, Fd, Input, Pid, Signal, Sink, Source, Stdio, TerminalId, TraceEvent};
use bytes::Bytes;
use std::collections::VecDeque;

/// A terminal: who is in its foreground and what was typed ahead.
#[derive(Clone, Debug, Default)]
pub struct Terminal {
    foreground: Vec<Pid>,
    typed: VecDeque<Typed>,
}

#[derive(Clone, Debug)]
enum Typed {
    Line(Bytes),
    EndOfInput,
}

impl Terminal {
    /// The processes in the foreground.
    pub fn foreground(&self) -> &[Pid] {
        &self.foreground
    }
}

/// A pipe: one reader, any number of writers.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipe {
    reader: Option<Pid>,
    had_reader: bool,
    writers: u32,
    waiting: Vec<Bytes>,
}

impl World {
    /// A new terminal with nobody in its foreground.
    pub fn add_terminal(&mut self) -> TerminalId {
        self.terminals.push(Terminal::default());
        TerminalId(self.terminals.len() as u32 - 1)
    }

    /// A terminal, to look at.
    pub fn terminal(&self, id: TerminalId) -> &Terminal {
        &self.terminals[id.0 as usize]
    }

    /// A sink whose bytes [`World::take_capture`] gives.
    pub fn new_capture(&mut self) -> CaptureId {
        let id = self.ids.capture();
        self.captures.insert(id, Vec::new());
        id
    }

    /// What was written to a capture since the last call.
    pub fn take_capture(&mut self, id: CaptureId) -> Vec<u8> {
        self.captures.get_mut(&id).map(std::mem::take).unwrap_or_default()
    }

    /// A line typed at a terminal, without its line end.
    pub fn type_line(&mut self, id: TerminalId, line: &str) {
        let mut data = line.as_bytes().to_vec();
        data.push(b'\n');
        self.terminals[id.0 as usize].typed.push_back(Typed::Line(data.into()));
        self.pump(id);
    }

    /// Ctrl-D on an empty line.
    pub fn type_end_of_input(&mut self, id: TerminalId) {
        self.terminals[id.0 as usize].typed.push_back(Typed::EndOfInput);
        self.pump(id);
    }

    /// Ctrl-C: SIGINT to all in the foreground.
    pub fn type_interrupt(&mut self, id: TerminalId) {
        let terminal = &mut self.terminals[id.0 as usize];
        terminal.typed.clear();
        for pid in terminal.foreground.clone() {
            self.signal(pid, Signal::Interrupt);
        }
    }

    pub(super) fn set_foreground(&mut self, id: TerminalId, pids: Vec<Pid>) {
        if let Some(terminal) = self.terminals.get_mut(id.0 as usize) {
            terminal.foreground = pids;
            self.pump(id);
        }
    }

    fn pump(&mut self, id: TerminalId) {
        let terminal = &self.terminals[id.0 as usize];
        let reader = terminal.foreground.iter().copied().find(|pid| {
            let slot = self.slots.get(pid);
            slot.is_some_and(|s| s.reads_stdin && s.stdio.stdin == Source::Terminal(id))
        });
        let Some(pid) = reader else { return };
        while let Some(typed) = self.terminals[id.0 as usize].typed.pop_front() {
            let input = match typed {
                Typed::Line(data) => Input::Stdin(data),
                Typed::EndOfInput => Input::StdinClosed,
            };
            self.schedule(self.now, Event::Input { pid, input });
        }
    }

    pub(super) fn open_streams(&mut self, pid: Pid, stdio: &Stdio) {
        for sink in [&stdio.stdout, &stdio.stderr] {
            if let Sink::Pipe(id) = sink {
                self.pipes.entry(*id).or_default().writers += 1;
            }
        }
        if let Source::Pipe(id) = stdio.stdin {
            let pipe = self.pipes.entry(id).or_default();
            (pipe.reader, pipe.had_reader) = (Some(pid), true);
            for data in std::mem::take(&mut pipe.waiting) {
                self.schedule(self.now, Event::Input { pid, input: Input::Stdin(data) });
            }
        }
    }

    pub(super) fn close_streams(&mut self, pid: Pid, stdio: &Stdio, unread: Vec<Bytes>) {
        for sink in [&stdio.stdout, &stdio.stderr] {
            if let Sink::Pipe(id) = sink {
                self.writer_left(*id);
            }
        }
        match stdio.stdin {
            Source::Pipe(id) => {
                if let Some(pipe) = self.pipes.get_mut(&id) {
                    pipe.reader = None;
                }
            }
            Source::Terminal(id) => {
                let terminal = &mut self.terminals[id.0 as usize];
                unread.into_iter().rev().for_each(|data| terminal.typed.push_front(Typed::Line(data)));
                terminal.foreground.retain(|p| *p != pid);
            }
            Source::Null | Source::Bytes(_) => {}
        }
    }

    fn writer_left(&mut self, id: crate::PipeId) {
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        pipe.writers -= 1;
        if pipe.writers > 0 {
            return;
        }
        if let Some(pid) = pipe.reader {
            self.schedule(self.now, Event::Input { pid, input: Input::StdinClosed });
        }
        self.pipes.remove(&id);
    }

    pub(super) fn print(&mut self, pid: Pid, fd: Fd, data: Bytes) {
        let Some(slot) = self.slots.get(&pid) else { return };
        let sink = slot.stdio.sink(fd).clone();
        let at = self.now;
        self.digest.bytes(&data);
        match &sink {
            Sink::Null | Sink::Terminal(_) => {}
            Sink::File(path) => {
                let host = self.infos[&pid].host;
                if self.hosts[host.0 as usize].disk.append(path, &data).is_err() {
                    let text = format!("{path}: write failed");
                    self.record(|| TraceEvent::Note { at, pid, text });
                }
            }
            Sink::Capture(id) => self.captures.entry(*id).or_default().extend_from_slice(&data),
            Sink::Pipe(id) => return self.write_pipe(pid, *id, data),
        }
        self.record(|| TraceEvent::Printed { at, pid, fd, sink, data });
    }

    fn write_pipe(&mut self, pid: Pid, id: crate::PipeId, data: Bytes) {
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        match pipe.reader {
            Some(reader) => self.schedule(self.now, Event::Input { pid: reader, input: Input::Stdin(data) }),
            None if pipe.had_reader => self.end(pid, ExitStatus::Signal(Signal::Pipe)),
            None => pipe.waiting.push(data),
        }
    }
}
