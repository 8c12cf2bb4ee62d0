//! What the page knows, and how it changes. Serves the root component; invariant: `apply` is pure: what has to happen outside
//! is given back as effects.

pub mod action;
mod apply;
pub mod layout;
pub mod notices;
pub mod picture;
pub mod progress;
#[cfg(test)]
pub mod sample;
pub mod settings;
pub mod terminal;

pub use self::apply::input_id;
use self::{
    layout::Layout, notices::Notices, picture::Picture, progress::Progress, settings::Settings, terminal::Terminals,
};
use crate::{host::HostRequest, model::vocabulary::Vocabulary, protocol::GoalRow, shared::Shared};
use ottla_lab::protocol::EventLine;

/// The most events that are kept for the list.
pub const MOST_EVENTS: usize = 500;

/// How the engine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// It was started and has not opened the lab yet.
    Starting,
    /// It runs.
    Running,
    /// It died and was not started again.
    Stopped,
}

/// Whether and how fast virtual time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// It runs.
    pub playing: bool,
    /// Virtual seconds a real second, in thousandths.
    pub speed: u32,
}

/// A window over the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// The lessons.
    Lessons,
    /// Settings.
    Settings,
    /// Help.
    Help,
}

/// Everything the page knows.
#[derive(Clone, Debug)]
pub struct State {
    /// The lesson's id; `None` is the sandbox.
    pub lesson: Option<String>,
    /// How the engine is.
    pub engine: Engine,
    /// Time.
    pub clock: Clock,
    /// The last view, in parts.
    pub picture: Picture,
    /// What Tab completes.
    pub vocabulary: Shared<Vocabulary>,
    /// The terminals.
    pub terminals: Terminals,
    /// The last events, oldest first.
    pub events: Shared<Vec<EventLine>>,
    /// The goals of the lesson.
    pub goals: Shared<Vec<GoalRow>>,
    /// What was said to foreseen mistakes, oldest first.
    pub said: Vec<String>,
    /// What a person should know.
    pub notices: Notices,
    /// Panes.
    pub layout: Layout,
    /// What a person has chosen.
    pub settings: Settings,
    /// How far the course went.
    pub progress: Shared<Progress>,
    /// The window over the page.
    pub dialog: Option<Dialog>,
}

impl State {
    /// The page before the engine has said anything.
    pub fn new(lesson: Option<String>, kept: Kept) -> Self {
        Self {
            lesson,
            engine: Engine::Starting,
            clock: Clock { playing: true, speed: 1_000 },
            picture: Picture::default(),
            vocabulary: Shared::default(),
            terminals: Terminals::new(kept.history),
            events: Shared::default(),
            goals: Shared::default(),
            said: Vec::new(),
            notices: Notices::default(),
            layout: kept.layout,
            settings: kept.settings,
            progress: Shared::new(kept.progress),
            dialog: None,
        }
    }
}

/// What the browser kept from an earlier visit.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Panes.
    pub layout: Layout,
    /// Choices.
    pub settings: Settings,
    /// The course.
    pub progress: Progress,
    /// Lines typed, oldest first.
    pub history: Vec<String>,
}

/// What has to happen outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The window is asked for something.
    Host(HostRequest),
    /// The browser keeps the layout.
    KeepLayout,
    /// The browser keeps the settings, and they take effect.
    KeepSettings,
    /// The browser keeps the progress.
    KeepProgress,
    /// The browser keeps the lines typed.
    KeepHistory,
    /// A file is offered.
    Download {
        /// Its name.
        name: String,
        /// What it says.
        text: String,
    },
    /// Something gets the focus, by its id.
    Focus(String),
}
