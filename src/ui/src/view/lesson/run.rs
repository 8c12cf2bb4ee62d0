//! A command beside its button. Serves lessons; invariant: what runs is exactly what is read.

use crate::{
    dom,
    state::action::Action,
    text::lesson as words,
    view::kit::{Button, Glyph, Icon, use_act},
};
use gloo_timers::callback::Timeout;
use yew::prelude::*;

/// A command's properties.
#[derive(Properties, PartialEq)]
pub struct RunCommandProps {
    /// Which terminal, from 0.
    pub terminal: u32,
    /// The command; may have several lines.
    pub command: AttrValue,
}

/// A command beside its button.
#[component]
pub fn RunCommand(props: &RunCommandProps) -> Html {
    let act = use_act();
    let copied = use_state(|| false);
    {
        let copied = copied.clone();
        use_effect_with(*copied, move |now| {
            let timeout = now.then(|| Timeout::new(1_500, move || copied.set(false)));
            move || drop(timeout)
        });
    }
    let terminal = usize::try_from(props.terminal).unwrap_or(0);
    let run = {
        let command = props.command.to_string();
        act.reform(move |_: MouseEvent| Action::Run { terminal, command: command.clone() })
    };
    let copy = {
        let (command, copied) = (props.command.clone(), copied.clone());
        Callback::from(move |_: MouseEvent| {
            dom::copy(&command);
            copied.set(true);
        })
    };
    let (glyph, label) = if *copied { (Glyph::Check, words::COPIED) } else { (Glyph::Copy, words::COPY) };
    html! {
        <div class="command">
            <button type="button" class="command-run" onclick={run} aria-label={words::run(&props.command, props.terminal)}
                title={words::run_title(props.terminal)}>
                <Icon glyph={Glyph::Play} />
                <span class="command-terminal">{ props.terminal + 1 }</span>
            </button>
            <pre tabindex="0" role="group" aria-label={words::COMMAND}><code>{ &props.command }</code></pre>
            <Button {label} {glyph} on={copy} class="command-copy" />
        </div>
    }
}
