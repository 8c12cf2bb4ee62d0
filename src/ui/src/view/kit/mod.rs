//! Small things that every pane uses. Serves all components; invariant: a target is at least 24 px high and has a name.

mod dialog;
mod icon;
mod menu;

pub use self::{
    dialog::Dialog,
    icon::{Glyph, Icon},
    menu::Menu,
};
use crate::state::action::Action;
use yew::prelude::*;

/// Where components say what happened.
#[hook]
pub fn use_act() -> Callback<Action> {
    use_context::<Callback<Action>>().unwrap_or_default()
}

/// Says what `find` makes of an event, if it makes something of it.
pub fn on_some<E: 'static>(act: &Callback<Action>, find: impl Fn(E) -> Option<Action> + 'static) -> Callback<E> {
    let act = act.clone();
    Callback::from(move |event: E| {
        if let Some(action) = find(event) {
            act.emit(action);
        }
    })
}

/// A button's properties.
#[derive(Properties, PartialEq)]
pub struct ButtonProps {
    /// Its name; shown unless there is a glyph.
    pub label: AttrValue,
    /// Shown instead of the name.
    #[prop_or_default]
    pub glyph: Option<Glyph>,
    /// Shown besides the glyph.
    #[prop_or_default]
    pub words: Option<AttrValue>,
    /// What is pressed for.
    pub on: Callback<MouseEvent>,
    /// It can't be pressed now.
    #[prop_or_default]
    pub disabled: bool,
    /// It is a switch, on or off.
    #[prop_or_default]
    pub pressed: Option<bool>,
    /// The key that does the same.
    #[prop_or_default]
    pub key_name: Option<AttrValue>,
    /// More classes.
    #[prop_or_default]
    pub class: Classes,
}

/// A button.
#[component]
pub fn Button(props: &ButtonProps) -> Html {
    let title = match &props.key_name {
        Some(key) => format!("{} ({key})", props.label),
        None => props.label.to_string(),
    };
    let has_glyph = props.glyph.is_some();
    html! {
        <button type="button" class={classes!("button", has_glyph.then_some("button-glyph"), props.class.clone())}
            aria-label={has_glyph.then(|| props.label.clone())} title={has_glyph.then_some(title)}
            disabled={props.disabled} onclick={props.on.clone()}
            aria-pressed={props.pressed.map(|pressed| pressed.to_string())}
            aria-keyshortcuts={props.key_name.clone()}>
            if let Some(glyph) = props.glyph { <Icon {glyph} /> }
            if let Some(words) = &props.words { <span>{ words }</span> }
            if !has_glyph { { &props.label } }
        </button>
    }
}
