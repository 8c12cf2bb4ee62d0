//! A button that opens a panel of buttons. Serves the faults of nodes; invariant: Escape closes it and gives the focus back to its
//! button; it closes when the focus goes elsewhere.

use super::{Glyph, Icon};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};
use yew::prelude::*;

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
        let (open, button) = (open.clone(), button.clone());
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" && *open {
                event.stop_propagation();
                open.set(false);
                focus(&button);
            }
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
            <button type="button" class="button menu-button" ref={button} onclick={toggle} aria-label={props.label.clone()}
                title={props.label.clone()} aria-expanded={open.to_string()}>
                <Icon glyph={props.glyph} /><span>{ &props.words }</span>
            </button>
            if *open {
                <div class="menu-panel" role="group" aria-label={props.label.clone()}>{ props.panel.emit(()) }</div>
            }
        </div>
    }
}

fn focus(node: &NodeRef) {
    if let Some(element) = node.cast::<HtmlElement>() {
        drop(element.focus());
    }
}
