//! What can happen on the page. Serves every component; invariant: components change nothing themselves, they say one of these.

use super::{
    Dialog,
    layout::{Pane, Separator},
    notices::Told,
    settings::Theme,
};
use crate::{host::HostEvent, model::route::Route, protocol::ToEngine};
use ottla_lab::protocol::LabInput;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The window said something.
    Host(HostEvent),
    /// The address changed.
    Route(Route),
    /// Something for the engine that changes nothing here.
    Engine(ToEngine),
    /// Something a person does to the lab that changes nothing here.
    Lab(LabInput),
    /// A person sent a line in a terminal.
    Line {
        /// Which terminal, from 0.
        terminal: usize,
        /// The line.
        text: String,
    },
    /// A lesson's command is to be typed; it may have several lines.
    Run {
        /// Which terminal, from 0.
        terminal: usize,
        /// The command.
        command: String,
    },
    /// The input has typed the first line of what lessons wanted typed.
    Typed {
        /// Which terminal, from 0.
        terminal: usize,
    },
    /// Clears what a terminal shows.
    Clear(usize),
    /// Brings a terminal to the front.
    Terminal(usize),
    /// One more terminal.
    OpenTerminal,
    /// Time runs, or stands.
    Play(bool),
    /// Virtual seconds a real second, in thousandths.
    Speed(u32),
    /// Brings a pane to the front where one is seen.
    Show(Pane),
    /// Brings a pane to the front and gives it the focus.
    Go(Pane),
    /// A pane fills the screen, or the panes share it again.
    Full(Option<Pane>),
    /// Sizes a pane, in percent.
    Resize(Separator, u32),
    /// The size of the panes is as wanted: keep it.
    Resized,
    /// Tables or picture.
    Tables,
    /// Kafka's own topics are shown, or not.
    Internal,
    /// The list of events opens or closes.
    Events,
    /// A window over the page opens or closes.
    Dialog(Option<Dialog>),
    /// Light or dark.
    Theme(Theme),
    /// Single keys do something, or not.
    Keys(bool),
    /// A notice was read.
    Dismiss(Told),
    /// Takes the kept lab from the other tab.
    TakeOver,
    /// Starts the engine again.
    Restart,
    /// Starts the lab afresh.
    Reset,
    /// Plays a run of a file's text.
    OpenRun(String),
    /// Commits to an answer.
    Predict {
        /// The question, from 0.
        question: u32,
        /// The answer, from 0.
        answer: u32,
        /// The answer in words.
        words: String,
    },
    /// Asks for a hint.
    Hint(String),
    /// A key was pressed that nothing else wanted.
    Shortcut(String),
    /// Offers the progress as a file.
    ExportProgress,
    /// Takes progress from a file's text.
    ImportProgress(String),
}

impl Action {
    /// One event, or on to the next interesting one.
    pub fn step(interesting: bool) -> Self {
        Self::Engine(ToEngine::Step { interesting })
    }
}
