//! What travels between the window and the engine's worker. Serves page and worker; invariant: the window never holds
//! engine state, only the last views it was sent.

use ottla_lab::protocol::{EventLine, LabInput, LabView, TerminalChunk};
use serde::{Deserialize, Serialize};

/// From the window to the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToEngine {
    /// The first message: which lesson to open (`None`: the sandbox), and whether this tab may use the kept lab.
    Open {
        /// The lesson's id.
        lesson: Option<String>,
        /// This tab owns the storage; otherwise the lab lives in memory.
        owns_storage: bool,
    },
    /// Something a person does to the lab.
    Input(LabInput),
    /// Let time run.
    Play,
    /// Let time stand.
    Pause,
    /// Virtual seconds a real second, in thousandths: 1000 is real time.
    Speed(u32),
    /// Let one event happen, or (while paused) go to the next interesting event.
    Step {
        /// To the next interesting event rather than the next event of any kind.
        interesting: bool,
    },
    /// Opens another lesson in a fresh lab, or the sandbox.
    OpenLesson {
        /// The lesson's id; `None` is the sandbox.
        lesson: Option<String>,
    },
    /// Throws the lab away and starts the lesson (or sandbox) afresh.
    Reset,
    /// The learner commits to an answer.
    Predict {
        /// Which question, from 0.
        question: u32,
        /// The answer.
        answer: String,
    },
    /// Asks for one more hint for a goal.
    Hint {
        /// The goal's id.
        goal: String,
    },
    /// Asks for the run as a file.
    DownloadJournal,
    /// Plays a run of a file again, from its beginning, in a lab of its own.
    OpenRun(String),
    /// Makes the engine panic: for tests of what follows.
    Panic,
}

/// From the worker to the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromEngine {
    /// Messages are heard from now on.
    Ready,
    /// The lab was made; its terminals start empty.
    Opened {
        /// The lesson's id; `None` is the sandbox.
        lesson: Option<String>,
        /// Its records were found on kept disks.
        restored: bool,
        /// How many terminals there are.
        terminals: u32,
    },
    /// The picture.
    View(Box<LabView>),
    /// Time runs (or stands) at this speed, in thousandths of real time.
    Clock {
        /// Whether time runs.
        playing: bool,
        /// Virtual seconds a real second, in thousandths.
        speed: u32,
    },
    /// Text for terminals.
    Terminal(Vec<TerminalChunk>),
    /// New lines of the event log.
    Events(Vec<EventLine>),
    /// The goals of the lesson as they stand.
    Goals(Vec<GoalRow>),
    /// A foreseen mistake's own words.
    Say(String),
    /// The run as text.
    Journal(String),
    /// Something a person should know.
    Notice(Notice),
}

/// A line of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalRow {
    /// The goal's id.
    pub id: String,
    /// Its sentence.
    pub text: String,
    /// Whether it was reached.
    pub done: bool,
    /// What is still missing, while it is not.
    pub missing: String,
    /// The hints asked for so far.
    pub hints: Vec<String>,
    /// How many more there are.
    pub more_hints: u32,
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Nothing is kept: the browser refused storage, for this reason.
    MemoryOnly(String),
    /// The browser's storage is full; what is new is not kept.
    StorageFull,
    /// The kept lab could not be read and was left alone; a fresh one runs.
    DamagedLab(String),
    /// Another tab owns the kept lab; this one has a lab of its own.
    SecondTab,
    /// A recorded run plays; it is not kept.
    RecordedRun,
    /// A file that was to be played again is no run, for this reason.
    DamagedRun(String),
}
