//! Client programs. Serves the picture; invariant: each says what it is, where it runs and how far it got.

use crate::{
    model::time::grouped,
    shared::Shared,
    state::action::Action,
    text::{self, cluster as words},
    view::kit::use_act,
};
use ottla_lab::protocol::{ClientCard, LabInput, TopicRow};
use yew::prelude::*;

/// The clients' properties.
#[derive(Properties, PartialEq)]
pub struct ClientsProps {
    /// The programs.
    pub clients: Vec<Shared<ClientCard>>,
    /// The topics.
    pub topics: Shared<Vec<TopicRow>>,
}

/// Client programs; the laptop they run on.
#[component]
pub fn Clients(props: &ClientsProps) -> Html {
    html! {
        <>
            <h3 class="picture-name">{ words::CLIENTS }</h3>
            <div class="clients" data-node="0">
                if props.clients.is_empty() { <p class="card-empty">{ words::NO_CLIENTS }</p> }
                { for props.clients.iter().map(|card| html! { <ClientView key={card.pid} card={card.clone()} /> }) }
            </div>
        </>
    }
}

#[derive(Properties, PartialEq)]
struct ClientViewProps {
    card: Shared<ClientCard>,
}

#[component]
fn ClientView(props: &ClientViewProps) -> Html {
    let act = use_act();
    let card = &*props.card;
    let pid = card.pid;
    let kind = text::client_kind(card.kind);
    html! {
        <article class={classes!("card", "client", format!("is-{}", kind.to_lowercase()))} aria-label={words::client(kind, pid)}>
            <header class="card-head">
                <h4>{ kind }</h4>
                <span class="card-about">{ words::client_place(card) }</span>
                <button type="button" class="button client-kill" aria-label={words::kill_client(pid)}
                    onclick={act.reform(move |_: MouseEvent| Action::Lab(LabInput::KillClient { pid }))}>
                    { words::KILL_CLIENT }
                </button>
            </header>
            <code class="client-command" title={card.command.clone()}>{ &card.command }</code>
            <p class="client-about">
                { words::records(card.kind, &grouped(i64::try_from(card.records).unwrap_or(i64::MAX))) }
                if !card.connected_to.is_empty() { <span>{ words::connected_to(&card.connected_to) }</span> }
                if let Some(group) = &card.group { <span class="badge">{ words::in_group(group) }</span> }
            </p>
            if !card.positions.is_empty() {
                <ul class="positions">
                    { for card.positions.iter().map(|at| html! {
                        <li class="mono">{ words::position(at) }</li>
                    }) }
                </ul>
            }
        </article>
    }
}
