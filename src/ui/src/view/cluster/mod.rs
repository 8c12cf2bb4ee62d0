//! The cluster's pane: picture or tables. Serves the page; invariant: both are drawn from the same view.

mod clients;
mod faults;
mod flights;
mod groups;
mod ledger;
mod node;
mod strip;
mod tables;

use self::{
    clients::Clients,
    flights::Flights,
    groups::Groups,
    ledger::LedgerView,
    node::{BrokerView, ControllerView},
    tables::Tables,
};
use super::{
    kit::{Button, use_act},
    panes::PaneFrame,
};
use crate::{
    model::density::{Density, shown},
    state::{Clock, Engine, action::Action, layout::Pane, picture::Picture},
    text::{cluster as words, faults as fault_words},
};
use ottla_lab::protocol::{HostFaults, LabInput, NodeState};
use yew::prelude::*;

/// The pane's properties.
#[derive(Properties, PartialEq)]
pub struct ClusterPaneProps {
    /// The last view.
    pub picture: Picture,
    /// How the engine is.
    pub engine: Engine,
    /// Time.
    pub clock: Clock,
    /// Tables rather than the picture.
    pub tables: bool,
    /// Kafka's own topics are shown.
    pub internal: bool,
    /// The pane fills the screen.
    pub full: bool,
}

/// The cluster's pane.
#[component]
pub fn ClusterPane(props: &ClusterPaneProps) -> Html {
    let act = use_act();
    let ledger = &props.picture.ledger;
    let head = html! {
        <div class="cluster-head">
            <span class={classes!("ledger", (ledger.lost > 0).then_some("is-bad"))} title={words::LEDGER}>
                { words::ledger(ledger) }
            </span>
            <Button label={fault_words::HEAL_ALL} disabled={!is_broken(&props.picture)}
                on={act.reform(|_| Action::Lab(LabInput::HealAll))} />
            <Button label={words::INTERNAL} pressed={props.internal} on={act.reform(|_| Action::Internal)} />
            <Button label={words::TABLE} key_name="t" pressed={props.tables} on={act.reform(|_| Action::Tables)} />
        </div>
    };
    html! {
        <PaneFrame pane={Pane::Cluster} full={props.full} {head}>
            <div class="cluster" tabindex="0" role="group" aria-label={words::VIEW}>{ content(props, &act) }</div>
        </PaneFrame>
    }
}

/// Whether something is broken that can be mended.
fn is_broken(picture: &Picture) -> bool {
    let brokers = picture.brokers.iter().map(|card| (card.state, card.faults));
    let mut nodes = brokers.chain(picture.controllers.iter().map(|card| (card.state, card.faults)));
    !picture.links.is_empty() || nodes.any(|node| node != (NodeState::Running, HostFaults::default()))
}

fn content(props: &ClusterPaneProps, act: &Callback<Action>) -> Html {
    let picture = &props.picture;
    if picture.is_empty() && props.engine == Engine::Stopped {
        return html! {
            <div class="empty">
                <p>{ words::STOPPED }</p>
                <Button label={words::RESTART} on={act.reform(|_| Action::Restart)} class="is-main" />
            </div>
        };
    }
    if picture.is_empty() {
        return html! { <div class="empty"><p role="status">{ words::STARTING }</p></div> };
    }
    if props.tables {
        return html! { <Tables picture={picture.clone()} internal={props.internal} /> };
    }
    picture_html(props)
}

fn picture_html(props: &ClusterPaneProps) -> Html {
    let picture = &props.picture;
    let replicas = picture.brokers.iter().map(|broker| shown(broker, props.internal).count()).sum();
    let density = Density::of(replicas);
    let brokers = picture.brokers.iter().map(|broker| broker.id);
    let nodes: Vec<i32> = brokers.chain(picture.controllers.iter().map(|controller| controller.id)).collect();
    html! {
        <div class="picture">
            <h3 class="picture-name">{ words::CONTROLLERS }</h3>
            <div class="controllers">
                { for picture.controllers.iter().map(|card| html! {
                    <ControllerView key={card.id} card={card.clone()} links={picture.links.clone()} nodes={nodes.clone()} />
                }) }
            </div>
            <h3 class="picture-name">{ words::BROKERS }</h3>
            <div class="brokers">
                { for picture.brokers.iter().map(|card| html! {
                    <BrokerView key={card.id} card={card.clone()} links={picture.links.clone()} nodes={nodes.clone()}
                        internal={props.internal} {density} />
                }) }
            </div>
            <Clients clients={picture.clients.clone()} topics={picture.topics.clone()} />
            <Groups groups={picture.groups.clone()} internal={props.internal} ends={ends(picture)} />
            <LedgerView ledger={picture.ledger.clone()} />
            <Flights flights={picture.flights.clone()} now_us={picture.now_us} clock={props.clock} />
        </div>
    }
}

/// The end of each partition's log as its leader has it, for lag: topic, partition, log end offset.
fn ends(picture: &Picture) -> Vec<(String, i32, i64)> {
    let replicas = picture.brokers.iter().flat_map(|broker| &broker.replicas);
    let leaders = replicas.filter(|replica| replica.is_leader);
    let mut ends: Vec<_> =
        leaders.map(|leader| (leader.topic.clone(), leader.partition, leader.high_watermark)).collect();
    ends.sort();
    ends
}
