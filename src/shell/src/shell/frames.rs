//! What is left to run: a stack of frames. Serves the interpreter; invariant: each step either shortens the stack, pushes the parts
//! of a construct, or begins to wait, so that control always returns to the world.

use super::{state::Shell, streams::Streams};
use crate::lang::{AndOr, Command, Compound, Connector, List};
use ottla_world::Context;
use std::{collections::VecDeque, sync::Arc};

/// A place in the program.
#[derive(Clone, Debug)]
pub(super) enum Frame {
    /// The commands of a list from `at` on.
    List { list: Arc<List>, at: usize },
    /// The pipelines of an and-or list from `at` on.
    AndOr { and_or: Arc<AndOr>, at: usize },
    /// `!`: turns the status around.
    Negate,
    /// A command whose substitutions are being run.
    Command { command: Arc<Command>, results: Vec<String> },
    /// A `for` loop with what it still goes through; `None` until the words are expanded.
    For { name: String, values: VecDeque<String>, body: Arc<List> },
    /// A `while` loop: about to look at its condition, or just after it.
    While { condition: Arc<List>, body: Arc<List>, until: bool, checking: bool },
    /// An `if`: `arm` tells whose condition was just run.
    If { arms: Vec<(Arc<List>, Arc<List>)>, otherwise: Option<Arc<List>>, arm: usize },
    /// Gives back the streams a construct had redirected.
    Restore(Box<Streams>),
}

impl Frame {
    pub(super) fn list(list: &Arc<List>) -> Frame {
        Frame::List { list: list.clone(), at: 0 }
    }

    pub(super) fn is_loop(&self) -> bool {
        matches!(self, Frame::For { .. } | Frame::While { .. })
    }
}

impl Shell {
    /// Takes one step; false if there is nothing left.
    pub(super) fn step(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(frame) = self.frames.pop() else { return false };
        match frame {
            Frame::List { list, at } => self.step_list(cx, list, at),
            Frame::AndOr { and_or, at } => self.step_and_or(cx, and_or, at),
            Frame::Negate => self.status = u8::from(self.status == 0),
            Frame::Command { command, results } => self.run_command(cx, command, results),
            Frame::For { name, mut values, body } => {
                if let Some(value) = values.pop_front() {
                    self.variables.set(&name, value);
                    let next = Frame::list(&body);
                    self.frames.extend([Frame::For { name, values, body }, next]);
                }
            }
            Frame::While { condition, body, until, checking } => {
                if !checking {
                    let next = Frame::list(&condition);
                    self.frames.extend([Frame::While { condition, body, until, checking: true }, next]);
                } else if (self.status == 0) != until {
                    let next = Frame::list(&body);
                    self.frames.extend([Frame::While { condition, body, until, checking: false }, next]);
                } else {
                    self.status = 0;
                }
            }
            Frame::If { arms, otherwise, arm } => self.step_if(arms, otherwise, arm),
            Frame::Restore(streams) => self.streams = *streams,
        }
        true
    }

    fn step_list(&mut self, cx: &mut Context<'_>, list: Arc<List>, at: usize) {
        let Some(item) = list.get(at) else { return };
        let item = item.clone();
        if at + 1 < list.len() {
            self.frames.push(Frame::List { list, at: at + 1 });
        }
        match item.background {
            true => self.start_background(cx, &item),
            false => {
                self.running_text = item.text;
                self.frames.push(Frame::AndOr { and_or: item.and_or, at: 0 });
            }
        }
    }

    fn step_and_or(&mut self, cx: &mut Context<'_>, and_or: Arc<AndOr>, at: usize) {
        let pipeline = match at {
            0 => Some(and_or.first.clone()),
            _ => and_or.rest.get(at - 1).and_then(|(connector, pipeline)| {
                let wanted = (*connector == Connector::And) == (self.status == 0);
                wanted.then(|| pipeline.clone())
            }),
        };
        if at < and_or.rest.len() {
            self.frames.push(Frame::AndOr { and_or, at: at + 1 });
        }
        let Some(pipeline) = pipeline else { return };
        if pipeline.negated {
            self.frames.push(Frame::Negate);
        }
        match pipeline.commands.as_slice() {
            [command] => self.frames.push(Frame::Command { command: command.clone(), results: Vec::new() }),
            _ => self.start_pipeline(cx, &pipeline, false),
        }
    }

    fn step_if(&mut self, arms: Vec<(Arc<List>, Arc<List>)>, otherwise: Option<Arc<List>>, arm: usize) {
        let decided = arm > 0 && self.status == 0;
        if let (true, Some((_, body))) = (decided, arms.get(arm.wrapping_sub(1))) {
            self.frames.push(Frame::list(body));
        } else if let Some((condition, _)) = arms.get(arm) {
            let next = Frame::list(condition);
            self.frames.extend([Frame::If { arms, otherwise, arm: arm + 1 }, next]);
        } else {
            self.status = 0;
            self.frames.extend(otherwise.as_ref().map(Frame::list));
        }
    }

    /// Begins a construct whose words are expanded and whose streams are led where they go.
    pub(super) fn enter(&mut self, compound: &Compound, values: VecDeque<String>) {
        self.status = 0;
        let frame = match compound {
            Compound::For { name, body, .. } => Frame::For { name: name.clone(), values, body: body.clone() },
            Compound::While { condition, body, until } => {
                let (condition, body) = (condition.clone(), body.clone());
                Frame::While { condition, body, until: *until, checking: false }
            }
            Compound::If { arms, otherwise } => Frame::If { arms: arms.clone(), otherwise: otherwise.clone(), arm: 0 },
            Compound::Group(list) | Compound::Subshell(list) => Frame::list(list),
        };
        self.frames.push(frame);
    }

    /// Leaves `count` loops (`break`), or begins the next round of the last of them (`continue`).
    pub(super) fn leave_loops(&mut self, count: usize, again: bool) {
        let loops = self.frames.iter().filter(|f| f.is_loop()).count();
        let mut left = count.min(loops);
        while left > 0
            && let Some(frame) = self.frames.pop()
        {
            if let Frame::Restore(streams) = frame {
                self.streams = *streams;
            } else if frame.is_loop() {
                left -= 1;
                if left == 0 && again {
                    self.frames.push(match frame {
                        Frame::While { condition, body, until, .. } => {
                            Frame::While { condition, body, until, checking: false }
                        }
                        other => other,
                    });
                }
            }
        }
    }
}
