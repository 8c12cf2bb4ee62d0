//! A lab that is watched. Serves runs and replays; invariant: every event is looked at, and what is done to the lab goes through
//! its journal.

use super::{broken::Broken, watch::Watch};
use ottla_lab::{Lab, protocol::LabInput};
use ottla_world::Time;
use std::{cell::RefCell, collections::VecDeque};

/// The last lines of the event log; all of them go to standard error if it is verbose.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) lines: VecDeque<String>,
    pub(super) verbose: bool,
}

/// How much of the event log is kept.
const TAIL_LINES: usize = 40;
/// How often it is looked whether something has come about, in milliseconds.
const LOOK_MS: u64 = 40;

/// A lab with its watch.
pub(super) struct Stage<'a> {
    pub(super) lab: Lab,
    pub(super) watch: Watch,
    pub(super) events: u64,
    tail: Option<&'a RefCell<Tail>>,
}

impl<'a> Stage<'a> {
    /// A stage; with a tail the event log is kept, which makes it slower.
    pub(super) fn new(mut lab: Lab, tail: Option<&'a RefCell<Tail>>) -> Stage<'a> {
        if tail.is_some() {
            lab.be_loud();
        }
        Stage { lab, watch: Watch::default(), events: 0, tail }
    }

    /// Does something to the lab.
    pub(super) fn apply(&mut self, input: LabInput) -> Result<(), Broken> {
        if let Some(tail) = self.tail {
            let line = format!("{:>11.6} > {input:?}", self.lab.now().as_micros() as f64 / 1e6);
            tail.borrow_mut().push(line);
        }
        self.watch.input(&self.lab, &input);
        self.lab.apply(&input);
        // A process that goes on takes at once what it was sent meanwhile.
        self.watch.after_event(&self.lab)
    }

    /// Lets everything happen up to `until`, watching.
    pub(super) fn advance(&mut self, until: Time) -> Result<(), Broken> {
        while self.lab.step(until) {
            self.events += 1;
            if self.tail.is_some() {
                self.take_lines();
            }
            self.watch.after_event(&self.lab)?;
        }
        self.lab.run_until(until);
        Ok(())
    }

    fn take_lines(&mut self) {
        let Some(tail) = self.tail else { return };
        for event in self.lab.take_events() {
            let node = event.node.map(|id| format!("[{id}] ")).unwrap_or_default();
            tail.borrow_mut().push(format!("{:>11.6} {node}{}", event.at_us as f64 / 1e6, event.text));
        }
    }

    /// Advances until `why_not` gives nothing more to wait for; a reason that stays too long breaks progress.
    pub(super) fn wait(
        &mut self,
        limit_ms: u64,
        mut why_not: impl FnMut(&mut Stage<'a>) -> Result<Option<String>, Broken>,
    ) -> Result<u64, Broken> {
        let start = self.lab.now();
        while let Some(reason) = why_not(self)? {
            let waited_ms = self.lab.now().millis_since(start);
            if waited_ms >= limit_ms {
                return Err(Broken::Liveness(format!("after {waited_ms} ms {reason}")));
            }
            self.advance(self.lab.now().plus_millis(LOOK_MS))?;
        }
        Ok(self.lab.now().millis_since(start))
    }
}

impl Tail {
    fn push(&mut self, line: String) {
        if self.verbose {
            eprintln!("{line}");
        }
        self.lines.push_back(line);
        if self.lines.len() > TAIL_LINES {
            self.lines.pop_front();
        }
    }
}
