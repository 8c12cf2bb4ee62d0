//! What can go wrong with a node, as a menu. Serves brokers and controllers; invariant: each button is an input that stands in
//! the journal, and what is in effect is ended by the button that caused it.

use crate::{
    model::faults::{LOSSY_PERCENT, LinkState, SLOW_LINK_MS, both_ways, clock_faults, disk_faults, faults},
    shared::Shared,
    state::action::Action,
    text::{self, faults as words},
    view::kit::{Button, Glyph, Icon, Menu, use_act},
};
use ottla_lab::protocol::{HostFaults, LabInput, LinkAction, LinkRow, NodeAction, NodeState};
use yew::prelude::*;

/// The laptop, on which clients run.
const LAPTOP: i32 = 0;

/// The menu's properties.
#[derive(Properties, PartialEq)]
pub struct FaultsProps {
    /// The node.
    pub node: i32,
    /// How it is.
    pub state: NodeState,
    /// What is wrong with its host.
    pub host: HostFaults,
    /// Links that are cut, slow or lossy.
    pub links: Shared<Vec<LinkRow>>,
    /// All nodes.
    pub nodes: Vec<i32>,
}

/// What can go wrong with a node.
#[component]
pub fn Faults(props: &FaultsProps) -> Html {
    let act = use_act();
    let chosen = use_state(|| 0_u32);
    let (node, state, host) = (props.node, props.state, props.host);
    let (links, nodes) = (props.links.clone(), props.nodes.clone());
    let panel = {
        let chosen = chosen.clone();
        Callback::from(move |()| {
            let say = |inputs: Vec<LabInput>, closes: bool| {
                let (act, chosen) = (act.clone(), chosen.clone());
                Callback::from(move |_: MouseEvent| {
                    inputs.iter().for_each(|input| act.emit(Action::Lab(input.clone())));
                    if closes {
                        chosen.set(*chosen + 1);
                    }
                })
            };
            let node_buttons = faults(state).into_iter().map(|(action, possible)| {
                let on = say(vec![LabInput::Node { node, action }], true);
                html! { <Button label={words::action(action)} disabled={!possible} {on} /> }
            });
            let toggle = |(at, (action, on)): (usize, (NodeAction, bool)), labels: &[&'static str]| {
                let press = say(vec![LabInput::Node { node, action }], false);
                html! { <Button label={labels[at]} pressed={on} on={press} /> }
            };
            let disk = disk_faults(host).into_iter().enumerate().map(|fault| toggle(fault, &words::DISK_FAULTS));
            let clock = clock_faults(host).into_iter().enumerate().map(|fault| toggle(fault, &words::CLOCK_FAULTS));
            let others = [LAPTOP].into_iter().chain(nodes.iter().copied()).filter(|other| *other != node);
            html! {
                <>
                    <div class="menu-row">{ for node_buttons }</div>
                    <h5>{ words::DISK }</h5>
                    <div class="menu-row" role="group" aria-label={words::DISK}>{ for disk }</div>
                    <h5>{ words::CLOCK }</h5>
                    <div class="menu-row" role="group" aria-label={words::CLOCK}>{ for clock }</div>
                    <h5>{ words::LINKS }</h5>
                    { for others.map(|other| {
                        let state = LinkState::between(&links, node, other);
                        link_row(node, other, state, &|inputs| say(inputs, false))
                    }) }
                </>
            }
        })
    };
    html! {
        <Menu label={words::menu(node)} words={words::FAULTS} glyph={Glyph::Bolt} {panel} chosen={*chosen} />
    }
}

/// The links to one other node: how they are, and what can be done. A button that would change nothing keeps the focus.
fn link_row(node: i32, other: i32, state: LinkState, say: &dyn Fn(Vec<LabInput>) -> Callback<MouseEvent>) -> Html {
    let inputs = |action: LinkAction| {
        let both = both_ways(node, other, action);
        both.into_iter().map(|(from, to, action)| LabInput::Link { from, to, action }).collect::<Vec<_>>()
    };
    let one_way = vec![LabInput::Link { from: node, to: other, action: LinkAction::Cut }];
    let wholly_cut = state.cut_out && state.cut_in;
    let (slow, lossy) = (state.extra_ms > 0, state.lossy_percent > 0);
    let button = |what: &'static str, inputs: Vec<LabInput>, off: bool, pressed: Option<bool>| {
        let onclick = if off { Callback::noop() } else { say(inputs) };
        html! {
            <button type="button" class="button" {onclick} aria-label={words::link_label(what, node, other)}
                aria-disabled={off.then_some("true")} aria-pressed={pressed.map(|on| on.to_string())}>{ what }</button>
        }
    };
    html! {
        <div class="menu-link" role="group" aria-label={words::link(other)}>
            <span class="menu-link-name">{ text::node_name(other) }<small>{ words::link_state(state) }</small></span>
            { button(words::CUT, inputs(LinkAction::Cut), wholly_cut, None) }
            { button(words::CUT_OUT, one_way, state.cut_out, None) }
            { button(words::SLOW, inputs(LinkAction::Slow(if slow { 0 } else { SLOW_LINK_MS })), false, Some(slow)) }
            { button(words::LOSSY, inputs(LinkAction::Lossy(if lossy { 0 } else { LOSSY_PERCENT })), false, Some(lossy)) }
            { button(words::HEAL, inputs(LinkAction::Heal), state.is_whole(), None) }
        </div>
    }
}

/// What is wrong with a host, in words with a mark.
#[derive(Properties, PartialEq)]
pub struct HostNotesProps {
    /// What is wrong.
    pub host: HostFaults,
}

/// What is wrong with a host.
#[component]
pub fn HostNotes(props: &HostNotesProps) -> Html {
    let notes = words::host_notes(props.host);
    if notes.is_empty() {
        return Html::default();
    }
    html! {
        <ul class="link-notes">
            { for notes.into_iter().map(|note| html! {
                <li class="badge is-warn"><Icon glyph={Glyph::Warn} />{ note }</li>
            }) }
        </ul>
    }
}
