//! A button that opens a panel of buttons. Serves the faults of nodes; invariant: Escape closes it and gives the focus back to its
//! button; it closes when the focus goes elsewhere; arrow keys go from button to button, Tab does as well.

use super::{Glyph, Icon};
use crate::dom;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};
use yew::prelude::*;

/// Between the panel and the window's edge, in CSS pixels.
const MARGIN: f64 = 8.0;
/// The panel's width at most, in CSS pixels: it is kept within the window.
const MOST_WIDTH: f64 = 348.0;
/// Room enough for a panel, in CSS pixels.
const ENOUGH: f64 = 360.0;

/// A menu's properties.
#[derive(Properties, PartialEq)]
pub struct MenuProps {
    /// Its name.
    pub label: AttrValue,
    /// What its button shows.
    pub words: AttrValue,
    /// The button's picture.
    pub glyph: Glyph,
    /// The panel; made only while it is open.
    pub panel: Callback<(), Html>,
    /// Counts up whenever something in the panel was chosen: it closes then.
    #[prop_or_default]
    pub chosen: u32,
}

/// A button that opens a panel.
#[component]
pub fn Menu(props: &MenuProps) -> Html {
    let open = use_state(|| false);
    let button = use_node_ref();
    let whole = use_node_ref();
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    {
        let (open, button) = (open.clone(), button.clone());
        use_effect_with(props.chosen, move |chosen| {
            if *chosen > 0 {
                open.set(false);
                focus(&button);
            }
        });
    }
    let onkeydown = {
        let (open, button, whole) = (open.clone(), button.clone(), whole.clone());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Escape" if *open => {
                event.stop_propagation();
                open.set(false);
                focus(&button);
            }
            "ArrowDown" if !*open => {
                event.prevent_default();
                open.set(true);
            }
            key @ ("ArrowDown" | "ArrowRight" | "ArrowUp" | "ArrowLeft" | "Home" | "End") if *open => {
                event.prevent_default();
                move_focus(&whole, key);
            }
            _ => {}
        })
    };
    let onfocusout = {
        let (open, whole) = (open.clone(), whole.clone());
        Callback::from(move |event: FocusEvent| {
            let next = event.related_target().and_then(|target| target.dyn_into::<Node>().ok());
            // Without a next element the window itself lost the focus, or a click hit something that takes none.
            if let (Some(next), Some(whole)) = (next, whole.get())
                && !whole.contains(Some(&next))
            {
                open.set(false);
            }
        })
    };
    html! {
        <div class="menu" ref={whole} {onkeydown} {onfocusout}>
            <button type="button" class="button menu-button" ref={button.clone()} onclick={toggle} aria-label={props.label.clone()}
                title={props.label.clone()} aria-expanded={open.to_string()}>
                <Icon glyph={props.glyph} /><span>{ &props.words }</span>
            </button>
            if *open {
                <div class="menu-panel" role="group" aria-label={props.label.clone()} style={place(&button)}>{ props.panel.emit(()) }</div>
            }
        </div>
    }
}

/// Gives the focus to another button of the panel, around the ends.
fn move_focus(whole: &NodeRef, key: &str) {
    let Some(whole) = whole.cast::<web_sys::Element>() else { return };
    let Ok(found) = whole.query_selector_all(".menu-panel button:not(:disabled)") else { return };
    let buttons: Vec<HtmlElement> =
        (0..found.length()).filter_map(|index| found.get(index)?.dyn_into::<HtmlElement>().ok()).collect();
    let focused = dom::document().and_then(|document| document.active_element());
    let at = buttons.iter().position(|button| focused.as_ref().is_some_and(|focused| **button == *focused));
    let count = buttons.len().max(1);
    let next = match (key, at) {
        ("End", _) | ("ArrowUp" | "ArrowLeft", None) => count - 1,
        ("Home", _) | (_, None) => 0,
        ("ArrowUp" | "ArrowLeft", Some(at)) => (at + count - 1) % count,
        (_, Some(at)) => (at + 1) % count,
    };
    if let Some(button) = buttons.get(next) {
        drop(button.focus());
    }
}

/// Under the button, or above it where there is more room: the panel is not cut off by what its card stands in.
fn place(button: &NodeRef) -> Option<String> {
    let button = button.cast::<HtmlElement>()?.get_bounding_client_rect();
    let root = dom::document()?.document_element()?;
    let (width, height) = (f64::from(root.client_width()), f64::from(root.client_height()));
    let right = (width - button.right()).min(width - MOST_WIDTH).max(MARGIN);
    let below = height - button.bottom();
    let (side, room) = if below >= button.top() || below > ENOUGH {
        (format!("top: {:.0}px", button.bottom() + 2.0), below)
    } else {
        (format!("bottom: {:.0}px", height - button.top() + 2.0), button.top())
    };
    Some(format!("{side}; right: {right:.0}px; max-block-size: {:.0}px", room - 2.0 * MARGIN))
}

fn focus(node: &NodeRef) {
    if let Some(element) = node.cast::<HtmlElement>() {
        drop(element.focus());
    }
}
