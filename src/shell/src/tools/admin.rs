//! Tools that ask an admin client one question after the other. Serves kafka-topics and its kin; invariant: at most one question is
//! open, and its answer decides the next step.

use super::tool::{Main, Tool};
use ottla_client::{Admin, AdminRequest, AdminResponse, JavaError};
use ottla_world::{Input, Signal, Time};
use std::{collections::BTreeMap, fmt::Debug};

/// What a tool does next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Ask, and go on with the answer.
    Ask(AdminRequest),
    /// Ask with a time-out in milliseconds.
    AskWithin(AdminRequest, u64),
    /// End with this code.
    Exit(u8),
}

/// An answer, or the exception instead.
pub type Answer = Result<AdminResponse, JavaError>;

/// A tool on an admin client.
pub trait AdminCommand: Clone + Debug + 'static {
    /// The main class, as `jps` shows it.
    const CLASS: &'static str;
    /// Reads the command line and takes the first step.
    fn start(&mut self, tool: &mut AdminTool<'_, '_, '_>) -> Step;
    /// Goes on with an answer.
    fn answer(&mut self, tool: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step;
}

/// A tool's surroundings with its admin client.
#[derive(Debug)]
pub struct AdminTool<'t, 'a, 'w> {
    /// Printing, files, exit.
    pub tool: &'t mut Tool<'a, 'w>,
    admin: &'t mut Option<Admin>,
}

impl AdminTool<'_, '_, '_> {
    /// Makes the admin client.
    ///
    /// # Errors
    /// What Kafka's `Admin.create` throws.
    pub fn open(&mut self, config: &BTreeMap<String, String>) -> Result<(), JavaError> {
        let admin = Admin::new(config).inspect_err(|error| self.tool.log_of(error))?;
        *self.admin = Some(admin);
        Ok(())
    }
}

/// The program around such a tool.
#[derive(Clone, Debug, Default)]
pub struct AdminMain<C> {
    command: C,
    admin: Option<Admin>,
}

impl<C: AdminCommand> AdminMain<C> {
    fn take(&mut self, tool: &mut Tool<'_, '_>, step: Step) {
        let (request, timeout_ms) = match step {
            Step::Ask(request) => (request, None),
            Step::AskWithin(request, timeout_ms) => (request, Some(timeout_ms)),
            Step::Exit(code) => {
                if let Some(admin) = &mut self.admin {
                    admin.close(tool.cx);
                }
                return tool.exit(code);
            }
        };
        match &mut self.admin {
            Some(admin) => {
                admin.call_within(tool.cx, request, timeout_ms);
            }
            None => tool.exit(1),
        }
    }

    fn work(&mut self, tool: &mut Tool<'_, '_>) {
        // Each answer may lead to a call that is answered at once, so look again until nothing happens.
        while !tool.has_exited()
            && let Some(admin) = &mut self.admin
        {
            admin.poll(tool.cx);
            admin.take_log().iter().for_each(|line| tool.log(line));
            let events = admin.take_events();
            if events.is_empty() {
                return;
            }
            for event in events {
                let step = self.command.answer(&mut AdminTool { tool, admin: &mut self.admin }, event.result);
                self.take(tool, step);
                if tool.has_exited() {
                    return;
                }
            }
        }
    }
}

impl<C: AdminCommand> Main for AdminMain<C> {
    const CLASS: &'static str = C::CLASS;

    fn input(&mut self, tool: &mut Tool<'_, '_>, input: &Input) {
        match input {
            Input::Start => {
                let step = self.command.start(&mut AdminTool { tool, admin: &mut self.admin });
                self.take(tool, step);
            }
            Input::Signal(Signal::Interrupt) => return tool.exit(130),
            Input::Signal(signal) => return tool.exit(128 + signal.number()),
            input => {
                if let Some(admin) = &mut self.admin {
                    admin.handle(tool.cx, input);
                }
            }
        }
        self.work(tool);
    }

    fn next_wakeup(&self) -> Option<Time> {
        self.admin.as_ref().and_then(Admin::next_wakeup)
    }
}
