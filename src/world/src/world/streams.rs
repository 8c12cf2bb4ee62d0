//! Terminals, pipes and captures: what standard streams are connected to. Serves shells and hosts; invariant: a line
//! typed reaches the process in the foreground that reads, or waits for the next one.

use super::{World, event::Event};
use crate::{CaptureId, ExitStatus, Fd, Input, Pid, PipeId, Signal, Sink, Source, Stdio, TerminalId, TraceEvent};
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

/// A pipe: one reader, any number of writers and of processes that merely hold its reading end for a child.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipe {
    reader: Option<PipeReader>,
    holders: u32,
    had_holder: bool,
    writers: u32,
    had_writer: bool,
    waiting: Vec<Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PipeReader {
    pid: Pid,
    as_stdin: bool,
}

impl PipeReader {
    fn data(self, pipe: PipeId, data: Bytes) -> Input {
        if self.as_stdin { Input::Stdin(data) } else { Input::Piped { pipe, data } }
    }

    fn end(self, pipe: PipeId) -> Input {
        if self.as_stdin { Input::StdinClosed } else { Input::PipeClosed { pipe } }
    }
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

    pub(super) fn give_back(&mut self, id: TerminalId, data: Bytes) {
        if let Some(terminal) = self.terminals.get_mut(id.0 as usize) {
            terminal.typed.push_back(Typed::Line(data));
            self.pump(id);
        }
    }

    /// Puts processes into a terminal's foreground (`tcsetpgrp`).
    pub fn set_foreground(&mut self, id: TerminalId, pids: Vec<Pid>) {
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

    pub(super) fn open_streams(&mut self, pid: Pid, stdio: &Stdio, reads_stdin: bool) {
        for sink in [&stdio.stdout, &stdio.stderr] {
            if let Sink::Pipe(id) = sink {
                let pipe = self.pipes.entry(*id).or_default();
                (pipe.writers, pipe.had_writer) = (pipe.writers + 1, true);
            }
        }
        if let Source::Pipe(id) = stdio.stdin {
            self.hold_pipe(id, reads_stdin.then_some(PipeReader { pid, as_stdin: true }));
        }
    }

    pub(super) fn read_pipe(&mut self, pid: Pid, id: PipeId) {
        self.hold_pipe(id, Some(PipeReader { pid, as_stdin: false }));
    }

    fn hold_pipe(&mut self, id: PipeId, reader: Option<PipeReader>) {
        let pipe = self.pipes.entry(id).or_default();
        (pipe.holders, pipe.had_holder) = (pipe.holders + 1, true);
        let Some(reader) = reader else { return };
        pipe.reader = Some(reader);
        let ended = pipe.had_writer && pipe.writers == 0;
        for data in std::mem::take(&mut pipe.waiting) {
            self.schedule(self.now, Event::Input { pid: reader.pid, input: reader.data(id, data) });
        }
        if ended {
            self.schedule(self.now, Event::Input { pid: reader.pid, input: reader.end(id) });
        }
    }

    /// A program that goes on as another holds its standard input once, not twice, and may be the first that reads.
    pub(super) fn settle_stdin(&mut self, stdio: &Stdio) {
        match stdio.stdin {
            Source::Pipe(id) => self.pipes.entry(id).or_default().holders -= 1,
            Source::Terminal(id) => self.pump(id),
            Source::Null | Source::Bytes(_) => {}
        }
    }

    /// The end of a process as the reader of pipes beside its standard input.
    pub(super) fn close_read_pipes(&mut self, pid: Pid) {
        for pipe in self.pipes.values_mut() {
            if pipe.reader == Some(PipeReader { pid, as_stdin: false }) {
                (pipe.reader, pipe.holders) = (None, pipe.holders - 1);
            }
        }
        self.pipes.retain(|_, pipe| pipe.holders > 0 || pipe.writers > 0 || !pipe.had_holder);
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
                    pipe.holders -= 1;
                    if pipe.reader == Some(PipeReader { pid, as_stdin: true }) {
                        pipe.reader = None;
                        pipe.waiting.splice(0..0, unread);
                    }
                    if pipe.holders == 0 && pipe.writers == 0 {
                        self.pipes.remove(&id);
                    }
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

    fn writer_left(&mut self, id: PipeId) {
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        pipe.writers -= 1;
        if pipe.writers > 0 {
            return;
        }
        let reader = pipe.reader;
        if pipe.holders == 0 {
            self.pipes.remove(&id);
        }
        if let Some(reader) = reader {
            self.schedule(self.now, Event::Input { pid: reader.pid, input: reader.end(id) });
        }
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

    fn write_pipe(&mut self, pid: Pid, id: PipeId, data: Bytes) {
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        match pipe.reader {
            Some(reader) => self.schedule(self.now, Event::Input { pid: reader.pid, input: reader.data(id, data) }),
            None if pipe.had_holder && pipe.holders == 0 => self.end(pid, ExitStatus::Signal(Signal::Pipe)),
            None => pipe.waiting.push(data),
        }
    }
}
