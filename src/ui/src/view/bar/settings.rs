//! Settings. Serves the top bar; invariant: each choice takes effect at once.

use crate::{
    state::{
        action::Action,
        settings::{Settings, Theme},
    },
    text::settings as words,
    view::kit::{Button, Dialog, on_some, use_act},
};
use gloo_timers::callback::Timeout;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The settings' properties.
#[derive(Properties, PartialEq)]
pub struct SettingsDialogProps {
    /// What was chosen.
    pub settings: Settings,
}

/// Settings.
#[component]
pub fn SettingsDialog(props: &SettingsDialogProps) -> Html {
    let act = use_act();
    let theme = |theme: Theme, label: &'static str| {
        html! {
            <label class="choice">
                <input type="radio" name="theme" checked={props.settings.theme == theme}
                    onchange={act.reform(move |_: Event| Action::Theme(theme))} />
                { label }
            </label>
        }
    };
    let keys = on_some(&act, |event: Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        Some(Action::Keys(input.checked()))
    });
    html! {
        <Dialog title={crate::text::SETTINGS}>
            <fieldset class="field">
                <legend>{ words::THEME }</legend>
                { theme(Theme::System, words::SYSTEM) }
                { theme(Theme::Light, words::LIGHT) }
                { theme(Theme::Dark, words::DARK) }
            </fieldset>
            <fieldset class="field">
                <legend>{ words::KEYBOARD }</legend>
                <label class="choice">
                    <input type="checkbox" checked={props.settings.keys} onchange={keys} />{ words::KEYS }
                </label>
            </fieldset>
            <fieldset class="field">
                <legend>{ words::PROGRESS }</legend>
                <p>{ words::PROGRESS_ABOUT }</p>
                <div class="row">
                    <Button label={words::EXPORT} on={act.reform(|_| Action::ExportProgress)} />
                    <label class="button file">
                        { words::IMPORT }
                        <input type="file" class="sr" accept="application/json,.json" onchange={read_file(&act, Action::ImportProgress)} />
                    </label>
                </div>
            </fieldset>
            <fieldset class="field">
                <legend>{ words::LAB }</legend>
                <p>{ words::LAB_ABOUT }</p>
                <div class="row">
                    <Button label={words::DOWNLOAD}
                        on={act.reform(|_| Action::Engine(crate::protocol::ToEngine::DownloadJournal))} />
                    <label class="button file">
                        { words::PLAY_RUN }
                        <input type="file" class="sr" accept=".json,.journal" onchange={read_file(&act, Action::OpenRun)} />
                    </label>
                    <Sure label={words::RESET} sure={words::RESET_SURE} on={act.reform(|()| Action::Reset)} />
                </div>
            </fieldset>
        </Dialog>
    }
}

/// Reads the chosen file.
fn read_file(act: &Callback<Action>, action: fn(String) -> Action) -> Callback<Event> {
    let act = act.clone();
    Callback::from(move |event: Event| {
        let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        let act = act.clone();
        let read = Closure::once_into_js(move |text: wasm_bindgen::JsValue| {
            act.emit(action(text.as_string().unwrap_or_default()));
        });
        let text = file.text();
        // A promise has a `then`; what the file holds is judged when it is read.
        let then = js_sys::Reflect::get(&text, &"then".into()).and_then(|then| then.dyn_into::<js_sys::Function>());
        if let Ok(then) = then {
            drop(then.call1(&text, &read));
        }
        input.set_value("");
    })
}

#[derive(Properties, PartialEq)]
struct SureProps {
    label: &'static str,
    sure: &'static str,
    on: Callback<()>,
}

/// A button that asks once more; the question goes away by itself.
#[component]
fn Sure(props: &SureProps) -> Html {
    let asking = use_state(|| false);
    {
        let asking = asking.clone();
        use_effect_with(*asking, move |now| {
            let timeout = now.then(|| Timeout::new(4_000, move || asking.set(false)));
            move || drop(timeout)
        });
    }
    let on = {
        let (asking, on) = (asking.clone(), props.on.clone());
        Callback::from(move |_: MouseEvent| if *asking { on.emit(()) } else { asking.set(true) })
    };
    html! { <Button label={if *asking { props.sure } else { props.label }} {on} class={classes!(asking.then_some("is-danger"))} /> }
}
