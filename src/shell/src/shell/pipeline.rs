//! Pipelines, and the ends of children. Serves the interpreter; invariant: all members of a pipeline start in one moment, each with
//! its pipes in place, and its status is that of the last one (or, with pipefail, of the last that failed).

use super::{
    builtins::is_builtin,
    launch::substitutions_of,
    state::{Shell, Waiting},
    streams::Stdin,
};
use crate::{
    lang::{AndOr, Command, Item, Pipeline},
    program,
};
use ottla_world::{Context, ExitStatus, Fd, Pid, PipeId, Sink};
use std::sync::Arc;

impl Shell {
    /// Starts all commands of a pipeline; in the background its processes become a job.
    pub(super) fn start_pipeline(&mut self, cx: &mut Context<'_>, pipeline: &Pipeline, background: bool) {
        let mut pids = Vec::new();
        let mut previous: Option<PipeId> = None;
        let count = pipeline.commands.len();
        for (index, command) in pipeline.commands.iter().enumerate() {
            let mut streams = self.streams.clone();
            match (previous, background && matches!(streams.stdin, Stdin::Terminal(_))) {
                (Some(pipe), _) => streams.stdin = Stdin::Pipe(pipe),
                (None, true) => streams.stdin = Stdin::Bytes(bytes::Bytes::new()),
                (None, false) => {}
            }
            if index + 1 < count {
                let pipe = cx.pipe();
                streams.stdout = Sink::Pipe(pipe);
                previous = Some(pipe);
            }
            let outer = std::mem::replace(&mut self.streams, streams);
            let started = self.start_member(cx, command, background);
            self.streams = outer;
            match started {
                Ok(pid) => pids.push(pid),
                Err(message) => {
                    self.complain(cx, message);
                    self.status = 1;
                }
            }
        }
        match background {
            false => self.wait_for(cx, pids, None),
            true => {
                let text = self.running_text.clone();
                self.add_job(cx, pids, text);
            }
        }
    }

    /// Starts one command with the shell's present streams: a program at once, anything else in a subshell.
    fn start_member(&mut self, cx: &mut Context<'_>, command: &Arc<Command>, background: bool) -> Result<Pid, String> {
        if let Command::Simple(simple) = command.as_ref()
            && substitutions_of(command).is_empty()
        {
            let words: Vec<_> = simple.words.iter().flat_map(crate::lang::expand_braces).collect();
            let simple = crate::lang::Simple { words, ..simple.clone() };
            let name = simple.words.first().and_then(|word| word.plain());
            if name.is_some_and(|name| !is_builtin(name) && program::exists(name)) {
                let mut expanded = self.expand_simple(cx, &simple, &mut [].iter())?;
                let name = expanded.words.remove(0);
                let invocation = self.invocation(name, expanded.words, expanded.assignments);
                let started = self.spawn(cx, &invocation, &mut expanded.streams);
                return started.ok_or_else(|| format!("{}: command not found", invocation.name));
            }
        }
        let first = Arc::new(Pipeline { negated: false, commands: vec![command.clone()] });
        let and_or = Arc::new(AndOr { first, rest: Vec::new() });
        let item = Item { and_or, background: false, text: self.running_text.clone() };
        let mut streams = self.streams.clone();
        Ok(self.spawn_subshell(cx, Arc::new(vec![item]), &mut streams, !background))
    }

    /// Starts a list entry that ends in `&`.
    pub(super) fn start_background(&mut self, cx: &mut Context<'_>, item: &Item) {
        self.running_text = item.text.clone();
        self.status = 0;
        if item.and_or.rest.is_empty() && !item.and_or.first.negated {
            return self.start_pipeline(cx, &item.and_or.first.clone(), true);
        }
        let mut streams = self.streams.clone();
        if let Stdin::Terminal(_) = streams.stdin {
            streams.stdin = Stdin::Bytes(bytes::Bytes::new());
        }
        let list = Arc::new(vec![Item { background: false, ..item.clone() }]);
        let pid = self.spawn_subshell(cx, list, &mut streams, false);
        self.add_job(cx, vec![pid], item.text.clone());
    }

    /// Waits for processes in the foreground.
    pub(super) fn wait_for(&mut self, cx: &mut Context<'_>, pids: Vec<Pid>, job: Option<u32>) {
        if pids.is_empty() {
            return;
        }
        if let Some(terminal) = self.terminal {
            let mut foreground = pids.clone();
            if !self.interactive {
                foreground.push(cx.pid());
            }
            cx.foreground(terminal, foreground);
            for data in self.typed.drain(..) {
                cx.give_back(terminal, data);
            }
        }
        self.waiting = Waiting::Foreground { pids, done: Vec::new(), job };
    }

    pub(super) fn child_exited(&mut self, cx: &mut Context<'_>, pid: Pid, status: ExitStatus) {
        self.jobs.child_exited(pid, status);
        match &mut self.waiting {
            Waiting::Foreground { pids, done, .. } if pids.contains(&pid) => {
                done.push((pid, status));
                if done.len() == pids.len() {
                    self.pipeline_ended(cx);
                }
            }
            Waiting::Substitution { pid: wanted, exited, .. } if *wanted == pid => {
                *exited = true;
                self.status = status.shell_code();
                self.finish_substitution(cx);
            }
            Waiting::Jobs { .. } => self.check_wait(cx),
            _ => {}
        }
    }

    fn pipeline_ended(&mut self, cx: &mut Context<'_>) {
        let Waiting::Foreground { pids, done, job } = std::mem::replace(&mut self.waiting, Waiting::No) else { return };
        let of = |pid: &Pid| done.iter().find(|(p, _)| p == pid).map(|(_, status)| *status);
        let statuses: Vec<ExitStatus> = pids.iter().filter_map(of).collect();
        let last = statuses.last().copied().unwrap_or(ExitStatus::Code(0));
        let failed = statuses.iter().rev().find(|s| s.shell_code() != 0).copied();
        let status = if self.pipefail { failed.unwrap_or(last) } else { last };
        self.status = status.shell_code();
        if let Some(job) = job {
            self.jobs.forget(job);
        }
        if let ExitStatus::Signal(signal) = last
            && self.interactive
        {
            self.print(cx, Fd::Stderr, format!("{}\n", super::jobs::signal_text(signal)));
        }
        if self.status == 130 {
            let interactive = self.interactive;
            self.abandon(130);
            if !interactive {
                return cx.exit(130);
            }
        }
        self.run(cx);
    }

    pub(super) fn substitution_data(&mut self, from: PipeId, more: &[u8]) {
        if let Waiting::Substitution { pipe, data, .. } = &mut self.waiting
            && *pipe == from
        {
            data.extend_from_slice(more);
        }
    }

    pub(super) fn substitution_closed(&mut self, cx: &mut Context<'_>, from: PipeId) {
        if let Waiting::Substitution { pipe, closed, .. } = &mut self.waiting
            && *pipe == from
        {
            *closed = true;
            self.finish_substitution(cx);
        }
    }

    fn finish_substitution(&mut self, cx: &mut Context<'_>) {
        let Waiting::Substitution { data, closed: true, exited: true, .. } = &self.waiting else { return };
        let text = String::from_utf8_lossy(data).replace('\0', "");
        let text = text.trim_end_matches('\n').to_owned();
        self.waiting = Waiting::No;
        if let Some(super::frames::Frame::Command { results, .. }) = self.frames.last_mut() {
            results.push(text);
        }
        self.take_terminal(cx);
        self.run(cx);
    }
}
