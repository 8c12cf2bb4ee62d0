//! What a person should know now. Serves the page; invariant: each notice is one plain sentence and at most one button that helps.

use super::kit::{Button, Glyph, Icon, use_act};
use crate::{
    protocol::{Notice, ToEngine},
    state::{
        action::Action,
        notices::{Notices, Told},
    },
    text::notice as words,
};
use yew::prelude::*;

/// The list's properties.
#[derive(Properties, PartialEq)]
pub struct NoticeListProps {
    /// The notices.
    pub notices: Notices,
}

/// The notices under the top bar.
#[component]
pub fn NoticeList(props: &NoticeListProps) -> Html {
    let act = use_act();
    html! {
        <div class="notices" role="status">
            { for props.notices.all().iter().map(|told| {
                let (sentence, help) = parts(told);
                let away = told.clone();
                html! {
                    <div class={classes!("notice", is_quiet(told).then_some("is-quiet"))}>
                        <Icon glyph={Glyph::Warn} />
                        <p>{ sentence }</p>
                        if let Some((label, action)) = help {
                            <Button {label} on={act.reform(move |_| action.clone())} />
                        }
                        <Button label={words::DISMISS} glyph={Glyph::Close}
                            on={act.reform(move |_| Action::Dismiss(away.clone()))} />
                    </div>
                }
            }) }
        </div>
    }
}

/// Nothing is wrong.
fn is_quiet(told: &Told) -> bool {
    matches!(told, Told::Restored | Told::Engine(Notice::RecordedRun))
}

/// A notice's sentence, and the button that helps: its name and what it does.
fn parts(told: &Told) -> (String, Option<(&'static str, Action)>) {
    let download = || Action::Engine(ToEngine::DownloadJournal);
    match told {
        Told::Engine(Notice::MemoryOnly(why)) => (words::memory_only(why), Some((words::DOWNLOAD, download()))),
        Told::Engine(Notice::StorageFull) => (words::STORAGE_FULL.into(), Some((words::DOWNLOAD, download()))),
        Told::Engine(Notice::DamagedLab(why)) => (words::damaged(why), Some((words::FRESH, Action::Reset))),
        Told::Engine(Notice::RecordedRun) => (words::RECORDED_RUN.into(), Some((words::BACK, Action::Restart))),
        Told::Engine(Notice::DamagedRun(why)) => (words::damaged_run(why), None),
        Told::Engine(Notice::SecondTab) => (words::SECOND_TAB.into(), Some((words::TAKE_OVER, Action::TakeOver))),
        Told::TakenAway => (words::TAKEN_AWAY.into(), Some((words::TAKE_OVER, Action::TakeOver))),
        Told::Died { words: last, restarted: true } => (words::died(last), Some((words::DOWNLOAD, download()))),
        Told::Died { words: last, restarted: false } => (words::stopped(last), Some((words::RESTART, Action::Restart))),
        Told::NoLesson(id) => (words::no_lesson(id), None),
        Told::NotImported => (words::NOT_IMPORTED.into(), None),
        Told::Restored => (words::RESTORED.into(), None),
    }
}
