//! The window that is open over the page, if one is. Serves the page; invariant: one at a time.

use super::{help::Help, picker::Picker, settings::SettingsDialog};
use crate::{
    shared::Shared,
    state::{Dialog, action::Action, progress::Progress, settings::Settings},
    view::kit::use_act,
};
use yew::prelude::*;

/// The windows' properties.
#[derive(Properties, PartialEq)]
pub struct DialogsProps {
    /// Which is open.
    pub dialog: Option<Dialog>,
    /// The lesson that is open.
    pub lesson: Option<String>,
    /// What was chosen.
    pub settings: Settings,
    /// The course.
    pub progress: Shared<Progress>,
}

/// The window over the page.
#[component]
pub fn Dialogs(props: &DialogsProps) -> Html {
    let act = use_act();
    match props.dialog {
        None => Html::default(),
        Some(Dialog::Help) => html! { <Help /> },
        Some(Dialog::Settings) => html! { <SettingsDialog settings={props.settings.clone()} /> },
        Some(Dialog::Lessons) => html! {
            <Picker lesson={props.lesson.clone()} progress={props.progress.clone()}
                chosen={act.reform(|_| Action::Dialog(None))} />
        },
    }
}
