//! A broker and a controller. Serves the picture; invariant: how a node is stands in a word and a mark, not in a colour alone.

use super::{
    faults::{Faults, HostNotes},
    strip::{CountView, RowView, StripView},
};
use crate::{
    model::density::{Density, by_topic, shown},
    shared::Shared,
    text::{self, cluster as words},
    view::kit::{Glyph, Icon},
};
use ottla_lab::protocol::{BrokerCard, ControllerCard, LinkRow, NodeState};
use yew::prelude::*;

/// A broker's properties.
#[derive(Properties, PartialEq)]
pub struct BrokerViewProps {
    /// The broker.
    pub card: Shared<BrokerCard>,
    /// Links that are cut or slow.
    pub links: Shared<Vec<LinkRow>>,
    /// All nodes.
    pub nodes: Vec<i32>,
    /// Kafka's own topics are shown.
    pub internal: bool,
    /// How replicas are drawn.
    pub density: Density,
}

/// A broker.
#[component]
pub fn BrokerView(props: &BrokerViewProps) -> Html {
    let card = &*props.card;
    let fenced = card.state == NodeState::Running && !card.unfenced;
    let name = text::node_name(card.id);
    html! {
        <article class={classes!("card", "broker", state_class(card.state))} data-node={card.id.to_string()}
            aria-label={name.clone()}>
            <header class="card-head">
                <h4>{ name }</h4>
                <StateMark state={card.state} />
                if fenced { <span class="badge is-warn">{ words::FENCED }</span> }
                <span class="card-about mono" title={process(card.pid, card.port)}>{ format!(":{}", card.port) }</span>
                <Faults node={card.id} state={card.state} host={card.faults} links={props.links.clone()} nodes={props.nodes.clone()} />
            </header>
            <HostNotes host={card.faults} />
            <LinkNotes node={card.id} links={props.links.clone()} />
            { replicas(props) }
        </article>
    }
}

fn replicas(props: &BrokerViewProps) -> Html {
    let card = &*props.card;
    if shown(card, props.internal).next().is_none() {
        let down = matches!(card.state, NodeState::Down | NodeState::NoPower);
        let says = if down { words::REPLICAS_REST } else { words::NO_REPLICAS };
        return html! { <p class="card-empty">{ says }</p> };
    }
    let list = |items: Html, class: &'static str| html! { <ul class={class}>{ items }</ul> };
    match props.density {
        Density::Strips => list(
            shown(card, props.internal).map(|replica| html! { <StripView replica={replica.clone()} /> }).collect(),
            "strips",
        ),
        Density::Rows => list(
            shown(card, props.internal).map(|replica| html! { <RowView replica={replica.clone()} /> }).collect(),
            "rows",
        ),
        Density::Topics => {
            let counts = by_topic(shown(card, props.internal));
            list(counts.into_iter().map(|count| html! { <CountView {count} /> }).collect(), "rows")
        }
    }
}

/// A controller's properties.
#[derive(Properties, PartialEq)]
pub struct ControllerViewProps {
    /// The controller.
    pub card: Shared<ControllerCard>,
    /// Links that are cut or slow.
    pub links: Shared<Vec<LinkRow>>,
    /// All nodes.
    pub nodes: Vec<i32>,
}

/// A controller.
#[component]
pub fn ControllerView(props: &ControllerViewProps) -> Html {
    let card = &*props.card;
    let leads = card.role == "Leader" && card.state == NodeState::Running;
    let name = text::node_name(card.id);
    html! {
        <article class={classes!("card", "controller", state_class(card.state), leads.then_some("is-leader"))}
            data-node={card.id.to_string()} aria-label={name.clone()}>
            <header class="card-head">
                <h4>{ name }</h4>
                <StateMark state={card.state} />
                <Faults node={card.id} state={card.state} host={card.faults} links={props.links.clone()} nodes={props.nodes.clone()} />
            </header>
            <p class="controller-role">
                if leads { <Icon glyph={Glyph::Crown} /> }
                <b>{ if card.role.is_empty() { words::NO_ROLE } else { card.role.as_str() } }</b>
                <span class="mono">{ words::quorum(card) }</span>
            </p>
            { copies(card) }
            <HostNotes host={card.faults} />
            <LinkNotes node={card.id} links={props.links.clone()} />
        </article>
    }
}

/// How far the other copies of the metadata log are, on the active controller's card.
fn copies(card: &ControllerCard) -> Html {
    if card.followers.is_empty() || card.state != NodeState::Running {
        return Html::default();
    }
    html! {
        <ul class="copies" aria-label={words::COPIES}>
            { for card.followers.iter().map(|copy| {
                let behind = card.log_end_offset - copy.log_end_offset;
                html! {
                    <li class={classes!("mono", (behind > BEHIND).then_some("is-behind"))} title={words::copy(copy, behind)}>
                        { words::copy_short(copy, behind) }
                    </li>
                }
            }) }
        </ul>
    }
}

/// A copy of the metadata log that lacks more records than a few seconds bring is behind.
const BEHIND: i64 = 10;

#[derive(Properties, PartialEq)]
struct StateMarkProps {
    state: NodeState,
}

/// How a node is: a shape and a word.
#[component]
fn StateMark(props: &StateMarkProps) -> Html {
    html! {
        <span class={classes!("state", state_class(props.state))}><i class="state-mark" aria-hidden="true"></i>
            { text::node_state(props.state) }</span>
    }
}

#[derive(Properties, PartialEq)]
struct LinkNotesProps {
    node: i32,
    links: Shared<Vec<LinkRow>>,
}

/// The links from this node that are cut or slow.
#[component]
fn LinkNotes(props: &LinkNotesProps) -> Html {
    let mut links = props.links.iter().filter(|link| link.from == props.node).peekable();
    if links.peek().is_none() {
        return Html::default();
    }
    html! {
        <ul class="link-notes">
            { for links.map(|link| html! {
                <li class="badge is-warn"><Icon glyph={Glyph::Broken} />{ words::link_note(link) }</li>
            }) }
        </ul>
    }
}

fn state_class(state: NodeState) -> &'static str {
    match state {
        NodeState::Running => "is-running",
        NodeState::Paused => "is-paused",
        NodeState::Stopping => "is-stopping",
        NodeState::Down => "is-down",
        NodeState::NoPower => "is-dark",
    }
}

fn process(pid: Option<u32>, port: u16) -> String {
    pid.map_or_else(|| format!(":{port}"), |pid| words::process(port, pid))
}
