//! The list of lessons. Serves the top bar; invariant: each lesson is a link, so it can be opened in a new tab and shared.

use crate::{
    course::{self, Chapter, Entry},
    model::route::Route,
    shared::Shared,
    state::progress::{Progress, Standing},
    text,
    view::kit::{Dialog, Glyph, Icon},
};
use yew::prelude::*;

/// The list's properties.
#[derive(Properties, PartialEq)]
pub struct PickerProps {
    /// The lesson that is open.
    pub lesson: Option<String>,
    /// The course.
    pub progress: Shared<Progress>,
    /// Called when a lesson was chosen.
    pub chosen: Callback<MouseEvent>,
}

/// The list of lessons.
#[component]
pub fn Picker(props: &PickerProps) -> Html {
    let all =
        course::chapters(|chapters| chapters.iter().map(|chapter| chapter_html(props, chapter)).collect::<Html>());
    html! {
        <Dialog title={text::LESSONS}>
            <nav class="picker" aria-label={text::LESSONS}>
                { all }
                <section>
                    <h3>{ text::NO_LESSON }</h3>
                    <ul>
                        <li>{ link(props, None, text::SANDBOX.to_owned(), text::SANDBOX_ABOUT.to_owned(), Standing::New) }</li>
                    </ul>
                </section>
            </nav>
        </Dialog>
    }
}

fn chapter_html(props: &PickerProps, chapter: &Chapter) -> Html {
    let ids = chapter.lessons.iter().map(|entry| entry.id);
    let done = props.progress.done_of(ids);
    html! {
        <section>
            <h3>{ chapter.title }<span class="picker-count">{ text::of(done, chapter.lessons.len()) }</span></h3>
            <ul>{ for chapter.lessons.iter().map(|entry| html! { <li>{ entry_html(props, entry) }</li> }) }</ul>
        </section>
    }
}

fn entry_html(props: &PickerProps, entry: &Entry) -> Html {
    let standing = props.progress.standing(entry.id);
    link(props, Some(entry.id), entry.title.clone(), text::minutes(entry.minutes), standing)
}

fn link(props: &PickerProps, id: Option<&str>, title: String, about: String, standing: Standing) -> Html {
    let (glyph, class) = match standing {
        Standing::New => (Glyph::Ring, "is-new"),
        Standing::Begun => (Glyph::Half, "is-begun"),
        Standing::Done => (Glyph::Check, "is-done"),
    };
    let current = (props.lesson.as_deref() == id).then_some("page");
    html! {
        <a class={classes!("picker-link", class)} href={Route::hash(id)} aria-current={current}
            onclick={props.chosen.clone()}>
            <Icon {glyph} />
            <span class="picker-title">{ title }</span>
            <span class="sr">{ text::standing(standing) }</span>
            <span class="picker-about">{ about }</span>
        </a>
    }
}
