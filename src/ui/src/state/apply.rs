//! How the page changes. Serves the root component; invariant: pure, and the only place that changes [`State`].

use super::{
    Clock, Effect, Engine, MOST_EVENTS, State, action::Action, layout::Pane, notices::Told, progress::Progress,
};
use crate::{
    course,
    host::{HostEvent, HostRequest},
    model::{route::Route, vocabulary::Vocabulary},
    protocol::{FromEngine, Notice, ToEngine},
    shared::Shared,
};
use ottla_lab::protocol::{LabInput, LabView};

impl State {
    /// Takes what happened; gives what has to happen outside.
    pub fn apply(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Host(event) => self.host(event),
            Action::Route(route) => self.route(&route),
            Action::Engine(message) => vec![engine(message)],
            Action::Lab(input) => vec![lab(input)],
            Action::Shortcut(_) => Vec::new(),
            Action::Line { .. }
            | Action::Run { .. }
            | Action::Typed { .. }
            | Action::Clear(_)
            | Action::Terminal(_)
            | Action::OpenTerminal => self.terminal(action),
            Action::Play(playing) => {
                self.clock.playing = playing;
                vec![engine(if playing { ToEngine::Play } else { ToEngine::Pause })]
            }
            Action::Speed(speed) => {
                self.clock.speed = speed;
                vec![engine(ToEngine::Speed(speed))]
            }
            Action::Show(_)
            | Action::Go(_)
            | Action::Full(_)
            | Action::Resize(..)
            | Action::Resized
            | Action::Tables
            | Action::Internal
            | Action::Events => self.panes(action),
            Action::Dialog(dialog) => {
                self.dialog = dialog;
                Vec::new()
            }
            Action::Theme(theme) => {
                self.settings.theme = theme;
                vec![Effect::KeepSettings]
            }
            Action::Keys(keys) => {
                self.settings.keys = keys;
                vec![Effect::KeepSettings]
            }
            Action::Dismiss(told) => {
                self.notices.dismiss(&told);
                Vec::new()
            }
            Action::TakeOver => vec![Effect::Host(HostRequest::TakeOver)],
            Action::Restart => {
                self.engine = Engine::Starting;
                vec![Effect::Host(HostRequest::Restart)]
            }
            Action::Reset => {
                self.dialog = None;
                vec![engine(ToEngine::Reset)]
            }
            Action::OpenRun(text) => {
                self.dialog = None;
                vec![engine(ToEngine::OpenRun(text))]
            }
            Action::Predict { .. } | Action::Hint(_) | Action::ExportProgress | Action::ImportProgress(_) => {
                self.course(action)
            }
        }
    }

    fn host(&mut self, event: HostEvent) -> Vec<Effect> {
        match event {
            HostEvent::Engine(message) => return self.heard(*message),
            HostEvent::Died { words, restarting } => {
                self.engine = if restarting { Engine::Starting } else { Engine::Stopped };
                self.notices.tell(Told::Died { words, restarted: restarting });
            }
            HostEvent::Storage { owned: true } => self.notices.owned_now(),
            HostEvent::Storage { owned: false } => {
                let told =
                    if self.engine == Engine::Starting { Told::Engine(Notice::SecondTab) } else { Told::TakenAway };
                self.notices.tell(told);
            }
        }
        Vec::new()
    }

    fn heard(&mut self, message: FromEngine) -> Vec<Effect> {
        match message {
            FromEngine::Ready => {}
            FromEngine::Opened { restored, terminals, .. } => self.opened(restored, terminals),
            FromEngine::View(view) => self.see(*view),
            FromEngine::Clock { playing, speed } => self.clock = Clock { playing, speed },
            FromEngine::Terminal(chunks) => self.terminals.print(chunks),
            FromEngine::Events(lines) => {
                let events = self.events.make_mut();
                events.extend(lines);
                events.drain(..events.len().saturating_sub(MOST_EVENTS));
            }
            FromEngine::Goals(goals) => return self.goals(goals),
            FromEngine::Say(words) => {
                self.said.retain(|said| *said != words);
                self.said.push(words);
            }
            FromEngine::Journal(text) => {
                let name = format!("ottla-{}.json", self.lesson.as_deref().unwrap_or("sandbox"));
                return vec![Effect::Download { name, text }];
            }
            FromEngine::Notice(notice) => self.notices.tell(Told::Engine(notice)),
        }
        Vec::new()
    }

    fn opened(&mut self, restored: bool, terminals: u32) {
        self.engine = Engine::Running;
        self.terminals.reset(terminals);
        self.events = Shared::default();
        self.goals = Shared::default();
        self.said.clear();
        if restored {
            self.notices.tell(Told::Restored);
        } else {
            self.notices.dismiss(&Told::Restored);
        }
    }

    fn see(&mut self, view: LabView) {
        self.vocabulary.renew(Vocabulary::of(&view));
        self.picture.renew(view);
    }

    fn goals(&mut self, goals: Vec<crate::protocol::GoalRow>) -> Vec<Effect> {
        self.goals.renew(goals);
        let Some(lesson) = &self.lesson else { return Vec::new() };
        let news = self.progress.make_mut().goals(lesson, &self.goals);
        if news { vec![Effect::KeepProgress] } else { Vec::new() }
    }

    fn route(&mut self, route: &Route) -> Vec<Effect> {
        self.dialog = None;
        let (lesson, unknown) = course::lesson_of(route, self.progress.last.as_deref());
        if let Some(id) = unknown {
            self.notices.tell(Told::NoLesson(id));
        }
        if lesson == self.lesson {
            return Vec::new();
        }
        self.lesson.clone_from(&lesson);
        self.progress.make_mut().last.clone_from(&lesson);
        self.goals = Shared::default();
        self.said.clear();
        self.layout.current = Pane::Lesson;
        vec![engine(ToEngine::OpenLesson { lesson }), Effect::KeepProgress]
    }

    fn terminal(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Line { terminal, text } => {
                let kept = self.terminals.history.make_mut().add(&text);
                let number = u32::try_from(terminal).unwrap_or(0);
                let mut effects = vec![lab(LabInput::Type { terminal: number, text })];
                if kept {
                    effects.push(Effect::KeepHistory);
                }
                return effects;
            }
            Action::Run { terminal, command } => return self.run(terminal, &command),
            Action::Typed { terminal } => {
                let terminal = self.terminals.at(terminal);
                terminal.to_type.pop_front();
                terminal.typed = terminal.typed.wrapping_add(1);
            }
            Action::Clear(terminal) => self.terminals.at(terminal).buffer.clear(),
            Action::Terminal(terminal) => self.terminals.current = terminal,
            Action::OpenTerminal if self.terminals.has_room() => {
                let number = self.terminals.all.len();
                self.terminals.at(number);
                self.terminals.current = number;
                return vec![lab(LabInput::OpenTerminal)];
            }
            _ => {}
        }
        Vec::new()
    }

    /// Brings the terminal to the front and hands it the lines; terminals that are not there are opened.
    fn run(&mut self, terminal: usize, command: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        while self.terminals.all.len() <= terminal && self.terminals.has_room() {
            self.terminals.at(self.terminals.all.len());
            effects.push(lab(LabInput::OpenTerminal));
        }
        let terminal = terminal.min(self.terminals.all.len() - 1);
        self.terminals.at(terminal).to_type.extend(command.lines().map(str::to_owned));
        self.terminals.current = terminal;
        if self.layout.full.is_some_and(|pane| pane != Pane::Terminals) {
            self.layout.full = None;
        }
        self.layout.current = Pane::Terminals;
        effects
    }

    fn panes(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Show(pane) => {
                self.layout.current = pane;
                self.layout.full = self.layout.full.filter(|full| *full == pane);
                return Vec::new();
            }
            Action::Go(pane) => {
                self.panes(Action::Show(pane));
                let terminal = self.terminals.current;
                let id = if pane == Pane::Terminals { input_id(terminal) } else { pane.id().to_owned() };
                return vec![Effect::Focus(id)];
            }
            Action::Full(pane) => {
                self.layout.full = pane;
                self.layout.current = pane.unwrap_or(self.layout.current);
                return Vec::new();
            }
            Action::Resize(separator, percent) => {
                self.layout.resize(separator, percent);
                return Vec::new();
            }
            Action::Tables => self.layout.tables = !self.layout.tables,
            Action::Internal => self.layout.internal = !self.layout.internal,
            Action::Events => self.layout.events = !self.layout.events,
            _ => {}
        }
        vec![Effect::KeepLayout]
    }

    fn course(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Predict { question, answer, words } => {
                let Some(lesson) = &self.lesson else { return Vec::new() };
                self.progress.make_mut().of(lesson).answers.entry(question).or_insert(answer);
                vec![Effect::KeepProgress, engine(ToEngine::Predict { question, answer: words })]
            }
            Action::Hint(goal) => {
                let Some(lesson) = &self.lesson else { return Vec::new() };
                self.progress.make_mut().of(lesson).hints += 1;
                vec![Effect::KeepProgress, engine(ToEngine::Hint { goal })]
            }
            Action::ExportProgress => {
                // Progress is plain data: it can always be written.
                let text = serde_json::to_string_pretty(&*self.progress).unwrap_or_default();
                vec![Effect::Download { name: "ottla-progress.json".to_owned(), text }]
            }
            Action::ImportProgress(text) => {
                let Ok(progress) = serde_json::from_str::<Progress>(&text) else {
                    self.notices.tell(Told::NotImported);
                    return Vec::new();
                };
                self.progress = Shared::new(progress);
                vec![Effect::KeepProgress]
            }
            _ => Vec::new(),
        }
    }
}

/// The id of a terminal's input.
pub fn input_id(terminal: usize) -> String {
    format!("terminal-input-{terminal}")
}

fn engine(message: ToEngine) -> Effect {
    Effect::Host(HostRequest::Engine(message))
}

fn lab(input: LabInput) -> Effect {
    engine(ToEngine::Input(input))
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
