//! Play, speed, step. Serves the top bar; invariant: the controls show what the engine last said.

use crate::{
    state::{Clock, Engine, action::Action},
    text,
    view::kit::{Button, Glyph, on_some, use_act},
};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// The speeds that can be chosen, in thousandths of real time.
const SPEEDS: &[u32] = &[100, 250, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The controls' properties.
#[derive(Properties, PartialEq)]
pub struct RunControlsProps {
    /// Time.
    pub clock: Clock,
    /// How the engine is.
    pub engine: Engine,
}

/// Play, speed, step.
#[component]
pub fn RunControls(props: &RunControlsProps) -> Html {
    let act = use_act();
    let Clock { playing, speed } = props.clock;
    let disabled = props.engine != Engine::Running;
    let onchange = on_some(&act, |event: Event| {
        let select: HtmlSelectElement = event.target_dyn_into()?;
        select.value().parse().ok().map(Action::Speed)
    });
    let (label, glyph) = if playing { (text::PAUSE, Glyph::Pause) } else { (text::PLAY, Glyph::Play) };
    let offered = SPEEDS.iter().copied();
    let other = (!SPEEDS.contains(&speed)).then_some(speed);
    html! {
        <div class="run" role="group" aria-label={text::TIME}>
            <Button {label} {glyph} key_name="p" {disabled} on={act.reform(move |_| Action::Play(!playing))}
                class={classes!("run-play", playing.then_some("is-playing"))} />
            <Button label={text::STEP} glyph={Glyph::Step} key_name="." {disabled}
                on={act.reform(|_| Action::step(false))} />
            <Button label={text::NEXT} glyph={Glyph::Next} key_name="n" {disabled}
                on={act.reform(|_| Action::step(true))} />
            <select class="select" aria-label={text::SPEED} title={text::SPEED} {disabled} {onchange}>
                { for offered.chain(other).map(|offered| html! {
                    <option value={offered.to_string()} selected={offered == speed}>{ text::speed(offered) }</option>
                }) }
            </select>
        </div>
    }
}
