//! What can go wrong with a node, as a menu. Serves brokers and controllers; invariant: each button is an input that stands in
//! the journal.

use crate::{
    model::faults::{LinkState, both_ways, faults},
    shared::Shared,
    state::action::Action,
    text::{self, faults as words},
    view::kit::{Button, Glyph, Menu, use_act},
};
use ottla_lab::protocol::{LabInput, LinkAction, LinkRow, NodeState};
use yew::prelude::*;

/// The laptop, on which clients run.
const LAPTOP: i32 = 0;
/// How much a slow link slows, in milliseconds.
const SLOW_MS: u64 = 500;

/// The menu's properties.
#[derive(Properties, PartialEq)]
pub struct FaultsProps {
    /// The node.
    pub node: i32,
    /// How it is.
    pub state: NodeState,
    /// Links that are cut or slow.
    pub links: Shared<Vec<LinkRow>>,
    /// All nodes.
    pub nodes: Vec<i32>,
}

/// What can go wrong with a node.
#[component]
pub fn Faults(props: &FaultsProps) -> Html {
    let act = use_act();
    let chosen = use_state(|| 0_u32);
    let (node, state, links, nodes) = (props.node, props.state, props.links.clone(), props.nodes.clone());
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
            let others = [LAPTOP].into_iter().chain(nodes.iter().copied()).filter(|other| *other != node);
            html! {
                <>
                    <div class="menu-row">{ for node_buttons }</div>
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

/// The links to one other node: how they are, and what can be done.
fn link_row(node: i32, other: i32, state: LinkState, say: &dyn Fn(Vec<LabInput>) -> Callback<MouseEvent>) -> Html {
    let inputs = |action: LinkAction| {
        let both = both_ways(node, other, action);
        both.into_iter().map(|(from, to, action)| LabInput::Link { from, to, action }).collect::<Vec<_>>()
    };
    let one_way = vec![LabInput::Link { from: node, to: other, action: LinkAction::Cut }];
    let name = text::node_name(other);
    let wholly_cut = state.cut_out && state.cut_in;
    let label = |what: &str| words::link_label(what, node, other);
    let button = |what: &'static str, inputs: Vec<LabInput>, disabled: bool| {
        html! {
            <button type="button" class="button" {disabled} onclick={say(inputs)} aria-label={label(what)}>{ what }</button>
        }
    };
    html! {
        <div class="menu-link" role="group" aria-label={words::link(other)}>
            <span class="menu-link-name">{ name }<small>{ words::link_state(state) }</small></span>
            { button(words::CUT, inputs(LinkAction::Cut), wholly_cut) }
            { button(words::CUT_OUT, one_way, state.cut_out) }
            { button(words::SLOW, inputs(LinkAction::Slow(SLOW_MS)), state.extra_ms == SLOW_MS) }
            { button(words::HEAL, inputs(LinkAction::Heal), state.is_whole()) }
        </div>
    }
}
