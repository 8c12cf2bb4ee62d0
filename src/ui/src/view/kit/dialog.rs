//! A window over the page. Serves lessons, settings and help; invariant: the browser's own dialog keeps the focus inside, closes
//! on Escape and gives the focus back.

use super::{Button, Glyph, use_act};
use crate::{state::action::Action, text};
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

/// A window's properties.
#[derive(Properties, PartialEq)]
pub struct DialogProps {
    /// Its title.
    pub title: AttrValue,
    /// What is in it.
    pub children: Html,
}

/// A window over the page.
#[component]
pub fn Dialog(props: &DialogProps) -> Html {
    let act = use_act();
    let node = use_node_ref();
    use_effect_with(node.clone(), |node| {
        let dialog = node.cast::<HtmlDialogElement>();
        if let Some(dialog) = &dialog
            && !dialog.open()
        {
            drop(dialog.show_modal());
        }
        move || {
            if let Some(dialog) = dialog {
                dialog.close();
            }
        }
    });
    let close = act.reform(|_: MouseEvent| Action::Dialog(None));
    let oncancel = act.reform(|_: Event| Action::Dialog(None));
    let onclick = {
        let (act, node) = (act.clone(), node.clone());
        // A click beside the window hits the dialog element itself: what is in it lies in its body.
        Callback::from(move |event: MouseEvent| {
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            if target.is_some() && target == node.get() {
                act.emit(Action::Dialog(None));
            }
        })
    };
    html! {
        <dialog class="dialog" ref={node} aria-labelledby="dialog-title" {oncancel} {onclick}>
            <div class="dialog-body">
                <header class="dialog-head">
                    <h2 id="dialog-title">{ &props.title }</h2>
                    <Button label={text::CLOSE} glyph={Glyph::Close} on={close} />
                </header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}
