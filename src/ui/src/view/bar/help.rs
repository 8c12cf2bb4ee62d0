//! Help. Serves the top bar; invariant: each shortcut that exists stands here.

use crate::{text::help as words, view::kit::Dialog};
use yew::prelude::*;

/// Help.
#[component]
pub fn Help() -> Html {
    let keys = |keys: &'static [(&'static str, &'static str)]| {
        html! {
            <dl class="keys">
                { for keys.iter().map(|(key, does)| html! { <div><dt><kbd>{ *key }</kbd></dt><dd>{ *does }</dd></div> }) }
            </dl>
        }
    };
    html! {
        <Dialog title={crate::text::HELP}>
            { for words::ABOUT.iter().map(|about| html! { <p>{ *about }</p> }) }
            <h3>{ words::PAGE }</h3>
            <p class="muted">{ words::PAGE_ABOUT }</p>
            { keys(words::PAGE_KEYS) }
            <h3>{ words::TERMINAL }</h3>
            { keys(words::TERMINAL_KEYS) }
            <h3>{ words::PICTURE }</h3>
            <ul>{ for words::SIGNS.iter().map(|sign| html! { <li>{ *sign }</li> }) }</ul>
        </Dialog>
    }
}
