//! One command: its substitutions, its expansion, its redirections, its start. Serves the interpreter; invariant: redirections are
//! applied in the order they stand, before the command runs, and an error in one keeps the command from running.

use super::{
    expand::{Results, redirect_word, substitutions},
    frames::Frame,
    state::{Shell, Waiting},
    streams::{Stdin, Streams},
};
use crate::{
    files::{Files, is_directory, resolve},
    lang::{Command, Compound, List, Redirect, RedirectKind, Simple, Word, expand_braces},
    program::{self, Invocation},
};
use ottla_world::{Context, Pid, Sink, SpawnSpec, Stdio};
use std::{collections::VecDeque, sync::Arc};

/// A simple command after expansion.
#[derive(Clone, Debug)]
pub(super) struct Expanded {
    pub(super) assignments: Vec<(String, String)>,
    pub(super) words: Vec<String>,
    pub(super) streams: Streams,
}

/// The words of a command in the order they are expanded.
fn words_of(command: &Command) -> Vec<&Word> {
    match command {
        Command::Simple(Simple { assignments, words, redirects }) => {
            let assigned = assignments.iter().map(|(_, word)| word);
            assigned.chain(words).chain(redirects.iter().filter_map(redirect_word)).collect()
        }
        Command::Compound { compound, redirects } => {
            let words = match compound {
                Compound::For { words, .. } => words.as_slice(),
                _ => &[],
            };
            words.iter().chain(redirects.iter().filter_map(redirect_word)).collect()
        }
    }
}

/// The substitutions of a command, in the order of their results.
pub(super) fn substitutions_of(command: &Command) -> Vec<Arc<List>> {
    substitutions(words_of(command).into_iter())
}

fn without_braces(command: Arc<Command>) -> Arc<Command> {
    let expand = |words: &[Word]| words.iter().flat_map(expand_braces).collect::<Vec<_>>();
    match command.as_ref() {
        Command::Simple(simple) => Arc::new(Command::Simple(Simple { words: expand(&simple.words), ..simple.clone() })),
        Command::Compound { compound: Compound::For { name, words, body }, redirects } => {
            let compound = Compound::For { name: name.clone(), words: expand(words), body: body.clone() };
            Arc::new(Command::Compound { compound, redirects: redirects.clone() })
        }
        Command::Compound { .. } => command,
    }
}

impl Shell {
    /// Runs a command of the shell itself: first its substitutions, one after the other, then the command.
    pub(super) fn run_command(&mut self, cx: &mut Context<'_>, command: Arc<Command>, results: Vec<String>) {
        let command = if results.is_empty() { without_braces(command) } else { command };
        if let Some(list) = substitutions_of(&command).get(results.len()) {
            let list = list.clone();
            self.frames.push(Frame::Command { command, results });
            return self.start_substitution(cx, list);
        }
        let mut results = results.iter();
        let outcome = match command.as_ref() {
            Command::Simple(simple) => match self.expand_simple(cx, simple, &mut results) {
                Ok(expanded) => {
                    self.run_simple(cx, expanded);
                    Ok(())
                }
                Err(message) => Err(message),
            },
            Command::Compound { compound, redirects } => self.run_compound(cx, compound, redirects, &mut results),
        };
        if let Err(message) = outcome {
            self.complain(cx, message);
            self.status = 1;
        }
    }

    fn start_substitution(&mut self, cx: &mut Context<'_>, list: Arc<List>) {
        let pipe = cx.pipe();
        cx.read_pipe(pipe);
        let mut streams = self.streams.clone();
        streams.stdout = Sink::Pipe(pipe);
        let pid = self.spawn_subshell(cx, list, &mut streams, true);
        self.waiting = Waiting::Substitution { pid, pipe, data: Vec::new(), closed: false, exited: false };
    }

    /// Starts a shell that runs a part of this one's program.
    pub(super) fn spawn_subshell(
        &mut self,
        cx: &mut Context<'_>,
        list: Arc<List>,
        streams: &mut Streams,
        foreground: bool,
    ) -> Pid {
        let mut shell = self.subshell(list.clone());
        if !foreground {
            shell.terminal = None;
        }
        let reads_stdin = super::read_commands::reads(&list);
        let command = list.iter().map(|item| item.text.as_str()).collect::<Vec<_>>().join("; ");
        let (host, stdio) = (cx.host(), streams.for_child(true));
        cx.spawn(SpawnSpec { process: Box::new(shell), host, stdio, command, reads_stdin, delay_us: 0 })
    }

    pub(super) fn expand_simple(
        &self,
        cx: &mut Context<'_>,
        simple: &Simple,
        results: &mut Results<'_>,
    ) -> Result<Expanded, String> {
        let mut assignments = Vec::new();
        for (name, word) in &simple.assignments {
            assignments.push((name.clone(), self.expand_text(word, results)?));
        }
        let mut words = Vec::new();
        for word in &simple.words {
            words.extend(self.expand_word(cx, word, results)?);
        }
        let streams = self.redirected(cx, &simple.redirects, self.streams.clone(), results)?;
        Ok(Expanded { assignments, words, streams })
    }

    /// The streams after some redirections.
    pub(super) fn redirected(
        &self,
        cx: &mut Context<'_>,
        redirects: &[Redirect],
        mut streams: Streams,
        results: &mut Results<'_>,
    ) -> Result<Streams, String> {
        for redirect in redirects {
            match &redirect.kind {
                RedirectKind::Duplicate(other) => {
                    let sink = match other {
                        2 => streams.stderr.clone(),
                        _ => streams.stdout.clone(),
                    };
                    set_sink(&mut streams, redirect.fd, sink);
                }
                RedirectKind::Text(word) => {
                    streams.stdin = Stdin::Bytes(self.expand_text(word, results)?.into_bytes().into());
                }
                RedirectKind::Read(word) => {
                    let name = self.one_name(cx, word, results)?;
                    streams.stdin = Stdin::Bytes(self.read_file(cx, &name)?);
                }
                RedirectKind::Write(word) => {
                    let name = self.one_name(cx, word, results)?;
                    let sink = self.open(cx, &name, false)?;
                    set_sink(&mut streams, redirect.fd, sink);
                }
                RedirectKind::Append(word) => {
                    let name = self.one_name(cx, word, results)?;
                    let sink = self.open(cx, &name, true)?;
                    set_sink(&mut streams, redirect.fd, sink);
                }
                RedirectKind::Both(word, append) => {
                    let name = self.one_name(cx, word, results)?;
                    let sink = self.open(cx, &name, *append)?;
                    (streams.stdout, streams.stderr) = (sink.clone(), sink);
                }
            }
        }
        Ok(streams)
    }

    fn one_name(&self, cx: &mut Context<'_>, word: &Word, results: &mut Results<'_>) -> Result<String, String> {
        let mut names = self.expand_word(cx, word, results)?;
        match names.len() {
            1 => Ok(names.remove(0)),
            _ => Err("ambiguous redirect".to_owned()),
        }
    }

    fn read_file(&self, cx: &mut Context<'_>, name: &str) -> Result<bytes::Bytes, String> {
        if name == "/dev/null" {
            return Ok(bytes::Bytes::new());
        }
        let data = Files::of(cx).read_all(&resolve(&self.cwd, name));
        data.ok_or_else(|| format!("{name}: No such file or directory"))
    }

    fn open(&self, cx: &mut Context<'_>, name: &str, append: bool) -> Result<Sink, String> {
        match name {
            "/dev/null" => return Ok(Sink::Null),
            "/dev/stdout" => return Ok(self.streams.stdout.clone()),
            "/dev/stderr" => return Ok(self.streams.stderr.clone()),
            _ => {}
        }
        let path = resolve(&self.cwd, name);
        if name.ends_with('/') || is_directory(cx.disk(), &path) {
            return Err(format!("{name}: Is a directory"));
        }
        if Files::of(cx).is_foreign(path.split('/').next().unwrap_or_default()) {
            return Err(format!("{name}: Permission denied"));
        }
        let opened = match append {
            true => cx.disk().append(&path, b""),
            false => cx.disk().replace(&path, b""),
        };
        opened.map(|()| Sink::File(path)).map_err(|_| format!("{name}: No space left on device"))
    }

    fn run_compound(
        &mut self,
        cx: &mut Context<'_>,
        compound: &Compound,
        redirects: &[Redirect],
        results: &mut Results<'_>,
    ) -> Result<(), String> {
        let mut values = VecDeque::new();
        if let Compound::For { words, .. } = compound {
            for word in words {
                values.extend(self.expand_word(cx, word, results)?);
            }
        }
        let mut streams = self.redirected(cx, redirects, self.streams.clone(), results)?;
        if let Compound::Subshell(list) = compound {
            let pid = self.spawn_subshell(cx, list.clone(), &mut streams, true);
            self.wait_for(cx, vec![pid], None);
            return Ok(());
        }
        if streams != self.streams {
            self.frames.push(Frame::Restore(Box::new(std::mem::replace(&mut self.streams, streams))));
        }
        self.enter(compound, values);
        Ok(())
    }

    fn run_simple(&mut self, cx: &mut Context<'_>, expanded: Expanded) {
        let Expanded { assignments, mut words, mut streams } = expanded;
        if words.is_empty() {
            self.status = 0;
            assignments.into_iter().for_each(|(name, value)| self.variables.set(&name, value));
            return;
        }
        let name = words.remove(0);
        if super::builtins::is_builtin(&name) {
            return self.run_builtin(cx, &name, words, assignments, streams);
        }
        let invocation = self.invocation(name, words, assignments);
        if !program::exists(&invocation.name) {
            self.status = 127;
            let message = missing(cx, &self.cwd, &invocation.name);
            let old = std::mem::replace(&mut self.streams, streams);
            self.complain(cx, message);
            self.streams = old;
            return;
        }
        let stdin_kept = streams.stdin == self.streams.stdin;
        let untouched = stdin_kept && self.streams.stdin == Streams::of(cx.stdio()).stdin;
        if !self.interactive && !self.has_waited && self.frames.is_empty() && untouched {
            return self.exec(cx, &invocation, &mut streams);
        }
        if let Some(pid) = self.spawn(cx, &invocation, &mut streams) {
            if stdin_kept {
                self.streams.stdin = streams.stdin;
            }
            self.wait_for(cx, vec![pid], None);
        }
    }

    /// A call of a program from this shell.
    pub(super) fn invocation(&self, name: String, args: Vec<String>, assignments: Vec<(String, String)>) -> Invocation {
        let mut env = self.variables.exported();
        env.extend(assignments);
        Invocation { name, args, cwd: self.cwd.clone(), env }
    }

    pub(super) fn spawn(
        &mut self,
        cx: &mut Context<'_>,
        invocation: &Invocation,
        streams: &mut Streams,
    ) -> Option<Pid> {
        let mut spec = invocation.spec(cx, Stdio::null())?;
        spec.stdio = streams.for_child(spec.reads_stdin);
        Some(cx.spawn(spec))
    }

    /// Goes on as the program.
    pub(super) fn exec(&mut self, cx: &mut Context<'_>, invocation: &Invocation, streams: &mut Streams) {
        let Some(mut spec) = invocation.spec(cx, Stdio::null()) else { return };
        spec.stdio = streams.for_child(false);
        cx.exec(spec);
        self.waiting = Waiting::Rest;
    }
}

fn set_sink(streams: &mut Streams, fd: u8, sink: Sink) {
    match fd {
        1 => streams.stdout = sink,
        2 => streams.stderr = sink,
        _ => {}
    }
}

/// Why a command can't be started, in bash's words.
fn missing(cx: &mut Context<'_>, cwd: &str, name: &str) -> String {
    if !name.contains('/') {
        return format!("{name}: command not found");
    }
    let path = resolve(cwd, name);
    if Files::of(cx).is_directory(&path) {
        format!("{name}: Is a directory")
    } else if Files::of(cx).exists(&path) {
        format!("{name}: Permission denied")
    } else {
        format!("{name}: No such file or directory")
    }
}
