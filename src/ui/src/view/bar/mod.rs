//! The top bar: name, lessons, run controls, settings, help. Serves the page; invariant: it holds no state of its own.

pub mod dialogs;
mod help;
mod picker;
mod run;
mod settings;

use self::run::RunControls;
use super::kit::{Button, Glyph, Icon, use_act};
use crate::{
    course,
    shared::Shared,
    state::{Clock, Dialog, Engine, action::Action, layout::Pane, progress::Progress},
    text,
};
use yew::prelude::*;

/// The bar's properties.
#[derive(Properties, PartialEq)]
pub struct TopBarProps {
    /// The lesson's id.
    pub lesson: Option<String>,
    /// Time.
    pub clock: Clock,
    /// How the engine is.
    pub engine: Engine,
    /// The course.
    pub progress: Shared<Progress>,
    /// The pane that is seen where one is.
    pub current: Pane,
}

/// The top bar.
#[component]
pub fn TopBar(props: &TopBarProps) -> Html {
    let act = use_act();
    let open = |dialog: Dialog| act.reform(move |_: MouseEvent| Action::Dialog(Some(dialog)));
    html! {
        <header class="bar">
            <h1 class="bar-name">{ text::NAME }</h1>
            <LessonButton lesson={props.lesson.clone()} progress={props.progress.clone()} on={open(Dialog::Lessons)} />
            <RunControls clock={props.clock} engine={props.engine} />
            <div class="bar-end">
                <Button label={text::SETTINGS} glyph={Glyph::Gear} on={open(Dialog::Settings)} />
                <Button label={text::HELP} key_name="?" words="?" on={open(Dialog::Help)} class="button-help" />
            </div>
            <nav class="bar-panes" aria-label={text::PANES}>
                { for Pane::ALL.into_iter().map(|pane| html! {
                    <button type="button" class="bar-pane" aria-current={(pane == props.current).then_some("true")}
                        onclick={act.reform(move |_: MouseEvent| Action::Show(pane))}>{ text::pane(pane) }</button>
                }) }
            </nav>
        </header>
    }
}

#[derive(Properties, PartialEq)]
struct LessonButtonProps {
    lesson: Option<String>,
    progress: Shared<Progress>,
    on: Callback<MouseEvent>,
}

/// Says which lesson is open and how far the course went; opens the list.
#[component]
fn LessonButton(props: &LessonButtonProps) -> Html {
    let (title, total) = course::chapters(|chapters| {
        let mut lessons = chapters.iter().flat_map(|chapter| &chapter.lessons);
        let total = lessons.clone().count();
        let title = lessons.find(|entry| Some(entry.id) == props.lesson.as_deref()).map(|entry| entry.title.clone());
        (title.unwrap_or_else(|| text::SANDBOX.to_owned()), total)
    });
    let done = props.progress.done_of(course::ids().into_iter());
    html! {
        <button type="button" class="button bar-lesson" onclick={props.on.clone()} aria-haspopup="dialog">
            <span class="bar-lesson-title">{ title }</span>
            <span class="bar-lesson-count">
                <span class="sr">{ text::LESSONS_DONE }</span>{ text::of(done, total) }
            </span>
            <Icon glyph={Glyph::Down} />
        </button>
    }
}
