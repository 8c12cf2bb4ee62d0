//! What the page does when something happens.

use super::*;
use crate::{protocol::GoalRow, state::Kept, state::sample};
use ottla_lab::protocol::{EventLine, TerminalChunk, TerminalStream};

fn state() -> State {
    let mut state = State::new(Some("first-records".into()), Kept::default());
    state.apply(heard(FromEngine::Opened { lesson: None, restored: false, terminals: 2 }));
    state
}

fn heard(message: FromEngine) -> Action {
    Action::Host(HostEvent::Engine(Box::new(message)))
}

fn typed(terminal: u32, text: &str) -> Effect {
    lab(LabInput::Type { terminal, text: text.into() })
}

#[test]
fn a_line_goes_to_the_engine_and_to_the_history() {
    let mut state = state();
    let line = || Action::Line { terminal: 1, text: "ls".into() };
    assert_eq!(state.apply(line()), [typed(1, "ls"), Effect::KeepHistory]);
    assert_eq!(state.apply(line()), [typed(1, "ls")]);
    assert_eq!(state.terminals.history.all(), ["ls"]);
}

#[test]
fn a_lesson_types_in_a_terminal_that_it_opens() {
    let mut state = state();
    let effects = state.apply(Action::Run { terminal: 2, command: "cat <<E\na\nE".into() });
    assert_eq!(effects, [lab(LabInput::OpenTerminal)]);
    assert_eq!((state.terminals.current, state.layout.current), (2, Pane::Terminals));
    assert_eq!(state.terminals.all[2].to_type, ["cat <<E", "a", "E"]);
    state.apply(Action::Typed { terminal: 2 });
    assert_eq!((state.terminals.all[2].to_type.len(), state.terminals.all[2].typed), (2, 1));
    // What is out of reach is typed in the last terminal there may be.
    state.apply(Action::Run { terminal: 4_000, command: "ls".into() });
    assert_eq!(state.terminals.all.last().unwrap().to_type, ["ls"]);
}

#[test]
fn goals_are_kept_when_they_are_news() {
    let mut state = state();
    let goal = |done| GoalRow {
        id: "g".into(),
        text: "G".into(),
        done,
        missing: String::new(),
        hints: Vec::new(),
        more_hints: 3,
    };
    assert_eq!(state.apply(heard(FromEngine::Goals(vec![goal(false)]))), []);
    assert_eq!(state.apply(heard(FromEngine::Goals(vec![goal(true)]))), [Effect::KeepProgress]);
    assert_eq!(state.apply(heard(FromEngine::Goals(vec![goal(true)]))), []);
    assert!(state.progress.lessons["first-records"].done);
}

#[test]
fn a_fresh_lab_has_empty_terminals() {
    let mut state = state();
    let chunk = TerminalChunk { terminal: 0, stream: TerminalStream::Stdout, text: "a\n".into() };
    state.apply(heard(FromEngine::Terminal(vec![chunk])));
    assert_eq!(state.terminals.all[0].buffer.lines(), 1);
    state.apply(Action::Host(HostEvent::Died { words: "w".into(), restarting: true }));
    assert_eq!((state.engine, state.terminals.all[0].buffer.lines()), (Engine::Starting, 1));
    state.apply(heard(FromEngine::Opened { lesson: None, restored: true, terminals: 2 }));
    assert_eq!((state.engine, state.terminals.all[0].buffer.lines()), (Engine::Running, 0));
    assert_eq!(state.notices.all().len(), 2);
}

#[test]
fn events_are_bounded() {
    let mut state = state();
    let line = |at_us| EventLine { id: 0, at_us, node: None, text: "e".into(), interesting: false };
    state.apply(heard(FromEngine::Events((0..2_000).map(line).collect())));
    assert_eq!((state.events.len(), state.events.last().unwrap().at_us), (MOST_EVENTS, 1_999));
}

#[test]
fn the_address_opens_a_lesson_once() {
    let mut state = state();
    assert_eq!(state.apply(Action::Route(Route::Lesson("first-records".into()))), []);
    let effects = state.apply(Action::Route(Route::Sandbox));
    assert_eq!(effects, [engine(ToEngine::OpenLesson { lesson: None }), Effect::KeepProgress]);
    assert_eq!(state.apply(Action::Route(Route::Sandbox)), []);
    state.apply(Action::Route(Route::Lesson("no-such-lesson".into())));
    assert_eq!(state.notices.all(), [Told::NoLesson("no-such-lesson".into())]);
}

#[test]
fn storage_is_told_as_it_is() {
    let mut state = State::new(None, Kept::default());
    state.apply(Action::Host(HostEvent::Storage { owned: false }));
    assert_eq!(state.notices.all(), [Told::Engine(Notice::SecondTab)]);
    state.apply(Action::Host(HostEvent::Storage { owned: true }));
    assert_eq!(state.notices.all(), []);
    state.engine = Engine::Running;
    state.apply(Action::Host(HostEvent::Storage { owned: false }));
    assert_eq!(state.notices.all(), [Told::TakenAway]);
}

#[test]
fn views_feed_completion() {
    let mut state = state();
    state.apply(heard(FromEngine::View(Box::new(sample::view()))));
    assert!(state.vocabulary.topics.contains(&"orders".to_owned()));
    let vocabulary = state.vocabulary.clone();
    state.apply(heard(FromEngine::View(Box::new(sample::view()))));
    assert!(state.vocabulary == vocabulary);
}

#[test]
fn progress_travels_as_a_file() {
    let mut state = state();
    state.apply(Action::Predict { question: 0, answer: 1, words: "b".into() });
    let effects = state.apply(Action::ExportProgress);
    let [Effect::Download { text, .. }] = effects.as_slice() else { panic!("a file") };
    let mut other = State::new(None, Kept::default());
    assert_eq!(other.apply(Action::ImportProgress(text.clone())), [Effect::KeepProgress]);
    assert_eq!(*other.progress, *state.progress);
    assert_eq!(other.apply(Action::ImportProgress("x".into())), []);
    assert_eq!(other.notices.all(), [Told::NotImported]);
}
