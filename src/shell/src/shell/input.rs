//! What comes in on the shell's own input: command lines at the prompt, lines for `read`, and what belongs to a child. Serves the
//! shell; invariant: a line typed ahead is not lost, it goes to the next reader.

use super::{
    frames::Frame,
    state::{Shell, Waiting},
    streams::Stdin,
};
use crate::lang::parse;
use bytes::Bytes;
use ottla_world::{Context, Fd};
use std::sync::Arc;

impl Shell {
    pub(super) fn stdin(&mut self, cx: &mut Context<'_>, data: Bytes) {
        if self.terminal.is_none() {
            self.piped.extend_from_slice(&data);
            return self.feed_read(cx);
        }
        if let (Waiting::Foreground { .. }, Some(terminal)) = (&self.waiting, self.terminal) {
            return cx.give_back(terminal, data);
        }
        if self.exiting.is_some() {
            return;
        }
        self.typed.push_back(data);
        self.feed_read(cx);
        if self.at_prompt() {
            self.next_line(cx);
        }
    }

    pub(super) fn stdin_closed(&mut self, cx: &mut Context<'_>) {
        self.piped_end = self.terminal.is_none();
        if let Waiting::Line { .. } = self.waiting {
            let line = self.available_line().flatten();
            return self.finish_read(cx, line.as_deref());
        }
        if self.at_prompt() {
            self.unfinished.clear();
            self.print(cx, Fd::Stdout, "\n");
            self.print(cx, Fd::Stderr, "Use \"exit\" to leave the shell.\n");
            self.prompt(cx);
        }
    }

    pub(super) fn prompt(&mut self, cx: &mut Context<'_>) {
        self.report_jobs(cx);
        let prompt = if self.unfinished.is_empty() { "$ " } else { "> " };
        self.print(cx, Fd::Stdout, prompt);
    }

    /// Runs the next line typed, or shows that it is awaited.
    pub(super) fn next_line(&mut self, cx: &mut Context<'_>) {
        let Some(line) = self.typed.pop_front() else {
            if !self.prompted {
                self.prompted = true;
                self.prompt(cx);
            }
            return;
        };
        if !self.prompted {
            self.prompt(cx);
        }
        self.prompted = false;
        let line = String::from_utf8_lossy(&line).into_owned();
        self.unfinished.push_str(&line);
        match parse(&self.unfinished) {
            Ok(list) => {
                let text = std::mem::take(&mut self.unfinished);
                self.remember(text.trim());
                if !list.is_empty() {
                    self.frames.push(Frame::list(&Arc::new(list)));
                }
                self.run(cx);
            }
            Err(error) if error.wants_more() => self.next_line(cx),
            Err(error) => {
                let text = std::mem::take(&mut self.unfinished);
                self.remember(text.trim());
                self.complain(cx, error.to_string());
                self.status = 2;
                self.next_line(cx);
            }
        }
    }

    fn remember(&mut self, text: &str) {
        if !text.is_empty() {
            self.history.push(text.to_owned());
        }
    }

    /// Begins `read`: takes a line that is there, or waits.
    pub(super) fn start_read(&mut self, names: Vec<String>) {
        if let Stdin::Bytes(data) = &mut self.streams.stdin {
            let end = data.iter().position(|b| *b == b'\n');
            let line = data.split_to(end.map_or(data.len(), |e| e + 1));
            let line = (!line.is_empty()).then_some(line);
            return self.assign_read(&names, line.as_deref());
        }
        match self.available_line() {
            Some(line) => self.assign_read(&names, line.as_deref()),
            None => self.waiting = Waiting::Line { names },
        }
    }

    /// A line that is there (`Some(None)` at the end of the input).
    fn available_line(&mut self) -> Option<Option<Vec<u8>>> {
        if let Some(line) = self.typed.pop_front() {
            return Some(Some(line.to_vec()));
        }
        match self.piped.iter().position(|b| *b == b'\n') {
            Some(end) => Some(Some(self.piped.drain(..=end).collect())),
            None if self.piped_end => {
                let line = std::mem::take(&mut self.piped);
                Some((!line.is_empty()).then_some(line))
            }
            None => None,
        }
    }

    fn feed_read(&mut self, cx: &mut Context<'_>) {
        if let Waiting::Line { .. } = self.waiting
            && let Some(line) = self.available_line()
        {
            self.finish_read(cx, line.as_deref());
        }
    }

    fn finish_read(&mut self, cx: &mut Context<'_>, line: Option<&[u8]>) {
        if let Waiting::Line { names } = std::mem::replace(&mut self.waiting, Waiting::No) {
            self.assign_read(&names, line);
        }
        self.run(cx);
    }

    fn assign_read(&mut self, names: &[String], line: Option<&[u8]>) {
        let complete = line.is_some_and(|l| l.ends_with(b"\n"));
        let text = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
        let mut rest = text.trim();
        for (at, name) in names.iter().enumerate() {
            let (word, after) = match at + 1 < names.len() {
                true => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
                false => (rest, ""),
            };
            self.variables.set(name, word);
            rest = after.trim_start();
        }
        self.status = u8::from(!complete);
    }
}
