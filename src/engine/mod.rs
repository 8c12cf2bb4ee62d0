//! The engine as the page's worker hosts it: a lab, a lesson's session, and a clock that follows real time.
//!
//! Serves the worker; tested natively. Invariant: it moves messages and time and decides nothing about Kafka; whatever it
//! does to the lab is an input in the lab's journal.

mod clock;
mod keep;
mod playback;

pub use clock::Clock;
pub use keep::{Kept, meta_key};

use crate::store::StoreOp;
use keep::Keeper;
use ottla_lab::{
    Lab, LabConfig, LabError,
    protocol::{LabInput, LabView},
};
use ottla_lesson::{GoalState, Lesson, Session};
use ottla_ui::protocol::{FromEngine, GoalRow, ToEngine};
use ottla_world::Time;
use playback::Playback;

/// How many terminals a fresh lab has.
const TERMINALS: u32 = 2;
/// Real time between two pictures and between two looks at the goals, in microseconds.
const VIEW_EVERY_US: u64 = 100_000;
const GOALS_EVERY_US: u64 = 300_000;
/// The longest jump to the next interesting event, in milliseconds of virtual time.
const JUMP_LIMIT_MS: u64 = 600_000;

/// A running lab behind a page.
#[derive(Debug)]
pub struct Engine {
    lab: Lab,
    session: Option<Session>,
    clock: Clock,
    /// `None` for a recorded run: it is not kept.
    keeper: Option<Keeper>,
    playback: Playback,
    terminals: u32,
    restored: bool,
    since_view_us: u64,
    since_goals_us: u64,
    last_view: LabView,
    last_goals: Vec<GoalState>,
}

impl Engine {
    /// Opens a lesson's lab, or the sandbox, from what was kept of it, or afresh.
    ///
    /// # Errors
    /// There is no such lesson, its lab can't be made, or its setup fails.
    pub fn open(lesson: Option<&str>, kept: Option<&Kept>) -> Result<Engine, String> {
        let lesson = lesson.map(Lesson::by_id).transpose().map_err(|e| e.to_string())?;
        let config = lesson.as_ref().map_or_else(LabConfig::default, Lesson::lab_config);
        let kept = kept.filter(|kept| kept.meta.config == config && !kept.disks.is_empty());
        let lab = match kept {
            Some(kept) => Lab::restore(config, &kept.disks, Time::from_micros(kept.meta.now_us)),
            None => Lab::new(config),
        };
        let mut lab = lab.map_err(|e: LabError| e.to_string())?;
        lab.track_disks();
        lab.settle();
        let done = kept.map(|kept| kept.meta.goals.clone()).unwrap_or_default();
        let terminals = kept.map_or(TERMINALS, |kept| kept.meta.terminals.clamp(TERMINALS, 8));
        if let (None, Some(lesson)) = (kept, &lesson) {
            set_up(&mut lab, lesson)?;
        }
        for _ in 0..terminals {
            lab.apply(&LabInput::OpenTerminal);
        }
        let id = lesson.as_ref().map_or_else(|| "sandbox".to_owned(), |l| l.id.clone());
        Ok(Engine {
            keeper: Some(Keeper::new(id, kept.is_none())),
            playback: Playback::default(),
            session: lesson.map(|lesson| Session::new(lesson, done)),
            clock: Clock::default(),
            terminals,
            restored: kept.is_some(),
            since_view_us: VIEW_EVERY_US,
            since_goals_us: GOALS_EVERY_US,
            last_view: LabView::default(),
            last_goals: Vec::new(),
            lab,
        })
    }

    /// Opens a recorded run at its beginning; time stands, so that it can be watched from its first event.
    ///
    /// # Errors
    /// Text that is no journal, of another engine, or of a lab out of bounds.
    pub fn open_run(text: &str) -> Result<Engine, String> {
        let (lab, playback, terminals) = Playback::open(text)?;
        let mut clock = Clock::default();
        clock.set(false, clock.speed());
        Ok(Engine {
            keeper: None,
            playback,
            session: None,
            clock,
            terminals,
            restored: false,
            since_view_us: VIEW_EVERY_US,
            since_goals_us: GOALS_EVERY_US,
            last_view: LabView::default(),
            last_goals: Vec::new(),
            lab,
        })
    }

    /// The messages that tell a page what it looks at.
    pub fn greeting(&mut self) -> Vec<FromEngine> {
        let lesson = self.session.as_ref().map(|s| s.lesson().id.clone());
        let (restored, terminals) = (self.restored, self.terminals);
        let mut all = vec![FromEngine::Opened { lesson, restored, terminals }, self.clock_message()];
        all.extend(self.news(VIEW_EVERY_US.max(GOALS_EVERY_US)));
        all
    }

    /// Takes a message of the page. Opening another lab, storage and panics are the host's business.
    pub fn handle(&mut self, message: &ToEngine) -> Vec<FromEngine> {
        match message {
            ToEngine::Input(input) => {
                self.playback.leave();
                if *input == LabInput::OpenTerminal {
                    self.terminals += 1;
                }
                self.lab.apply(input);
                self.news(VIEW_EVERY_US)
            }
            ToEngine::Play => self.set_clock(true, self.clock.speed()),
            ToEngine::Pause => self.set_clock(false, self.clock.speed()),
            ToEngine::Speed(speed) => self.set_clock(self.clock.is_playing(), *speed),
            ToEngine::Step { interesting } => {
                self.step(*interesting);
                self.news(VIEW_EVERY_US.max(GOALS_EVERY_US))
            }
            ToEngine::Hint { goal } => {
                if let Some(session) = &mut self.session {
                    session.hint(goal);
                }
                self.goals()
            }
            ToEngine::DownloadJournal => vec![FromEngine::Journal(self.lab.journal().to_text())],
            ToEngine::Open { .. }
            | ToEngine::OpenLesson { .. }
            | ToEngine::Reset
            | ToEngine::OpenRun(_)
            | ToEngine::Predict { .. }
            | ToEngine::Panic => Vec::new(),
        }
    }

    /// So much real time has passed: virtual time follows.
    pub fn tick(&mut self, elapsed_us: u64) -> Vec<FromEngine> {
        self.clock.advance(&mut self.lab, &mut self.playback, elapsed_us);
        self.news(elapsed_us)
    }

    /// What the store must do so that a reload finds everything that is on the disks.
    pub fn take_ops(&mut self) -> Vec<StoreOp> {
        let Some(keeper) = &mut self.keeper else { return Vec::new() };
        let done = self.session.as_ref().map(|s| s.done().clone()).unwrap_or_default();
        keeper.ops(&mut self.lab, self.terminals, done)
    }

    /// The lab's name in the store.
    pub fn lab_id(&self) -> &str {
        self.keeper.as_ref().map_or("", Keeper::id)
    }

    /// The lab, to look at.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    fn step(&mut self, interesting: bool) {
        self.clock.set(false, self.clock.speed());
        let limit = if interesting { self.lab.now().plus_millis(JUMP_LIMIT_MS) } else { Time::MAX };
        loop {
            let recorded = self.playback.next_at();
            let happened = self.lab.step(recorded.map_or(limit, |at| at.min(limit)));
            if !happened && recorded.is_some_and(|at| at <= limit) {
                self.lab.run_until(recorded.unwrap_or(limit));
                self.playback.apply_due(&mut self.lab);
            } else if !happened {
                return;
            }
            if !interesting || self.lab.last_event_is_interesting() {
                return;
            }
        }
    }

    fn set_clock(&mut self, playing: bool, speed: u32) -> Vec<FromEngine> {
        self.clock.set(playing, speed);
        vec![self.clock_message()]
    }

    fn clock_message(&self) -> FromEngine {
        FromEngine::Clock { playing: self.clock.is_playing(), speed: self.clock.speed() }
    }

    /// What is new for the page: text at once, pictures and goals now and then.
    fn news(&mut self, elapsed_us: u64) -> Vec<FromEngine> {
        let mut all = Vec::new();
        let chunks = self.lab.take_chunks();
        if !chunks.is_empty() {
            all.push(FromEngine::Terminal(chunks));
        }
        let events = self.lab.take_events();
        if !events.is_empty() {
            all.push(FromEngine::Events(events));
        }
        self.since_view_us = self.since_view_us.saturating_add(elapsed_us);
        if self.since_view_us >= VIEW_EVERY_US {
            self.since_view_us = 0;
            let view = self.lab.view();
            if view != self.last_view {
                self.last_view = view.clone();
                all.push(FromEngine::View(Box::new(view)));
            }
        }
        self.since_goals_us = self.since_goals_us.saturating_add(elapsed_us);
        if self.since_goals_us >= GOALS_EVERY_US {
            self.since_goals_us = 0;
            all.extend(self.goals());
        }
        all
    }

    fn goals(&mut self) -> Vec<FromEngine> {
        let Some(session) = &mut self.session else { return Vec::new() };
        let (goals, said) = session.look(&self.lab);
        let mut all: Vec<FromEngine> = said.into_iter().map(FromEngine::Say).collect();
        if goals != self.last_goals {
            self.last_goals = goals.clone();
            all.push(FromEngine::Goals(goals.into_iter().map(row).collect()));
        }
        all
    }
}

fn row(state: GoalState) -> GoalRow {
    let GoalState { id, text, done, missing, hints, more_hints } = state;
    GoalRow { id, text, done, missing, hints, more_hints }
}

fn set_up(lab: &mut Lab, lesson: &Lesson) -> Result<(), String> {
    for script in &lesson.setup {
        let Some(spawned) = lab.apply(&LabInput::Run { script: script.clone(), stdin: None }) else { continue };
        let limit = lab.now().plus_millis(60_000);
        while lab.exit_code(&spawned).is_none() && lab.step(limit) {}
        if lab.exit_code(&spawned) != Some(0) {
            return Err(format!("the lesson's setup fails: {script}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
