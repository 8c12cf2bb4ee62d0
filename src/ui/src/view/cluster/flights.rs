//! Frames under way: marks on the picture and a short list. Serves the picture; invariant: shown only while time is slow enough to
//! see them, and its place is reserved.

use crate::{
    model::flight::{Ends, Spot, marks},
    shared::Shared,
    state::Clock,
    text::{self, cluster as words},
};
use ottla_lab::protocol::Flight;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

/// The fastest time at which a frame can be seen, in thousandths of real time.
const SEEN_UP_TO: u32 = 100;
/// The most frames in the list.
const IN_LIST: usize = 6;

/// The frames' properties.
#[derive(Properties, PartialEq)]
pub struct FlightsProps {
    /// The frames.
    pub flights: Shared<Vec<Flight>>,
    /// Virtual time, in microseconds.
    pub now_us: u64,
    /// Whether and how fast time runs.
    pub clock: Clock,
}

/// Frames under way.
#[component]
pub fn Flights(props: &FlightsProps) -> Html {
    let seen = !props.clock.playing || props.clock.speed <= SEEN_UP_TO;
    let overlay = use_node_ref();
    let spots = use_state(Vec::<Spot>::new);
    {
        let (overlay, spots) = (overlay.clone(), spots.clone());
        use_effect_with((props.flights.clone(), props.now_us, seen), move |(flights, now_us, seen)| {
            let found = if *seen { marks(flights, *now_us, &|node| place(&overlay, node)) } else { Vec::new() };
            if *spots != found {
                spots.set(found);
            }
        });
    }
    let count = props.flights.len();
    let more = count.saturating_sub(IN_LIST);
    html! {
        <>
            <svg class="overlay" ref={overlay} aria-hidden="true">
                { for spots.iter().map(spot_html) }
            </svg>
            <h3 class="picture-name">{ words::FLIGHTS }</h3>
            <ul class="flights">
                if !seen { <li class="muted">{ words::TOO_FAST }</li> }
                else if count == 0 { <li class="muted">{ words::NOTHING_FLIES }</li> }
                if seen {
                    { for props.flights.iter().take(IN_LIST).map(|flight| html! {
                        <li class="flight mono">{ text::frame_name(flight) }<span class="muted">{ words::way(flight) }</span></li>
                    }) }
                    if more > 0 { <li class="muted">{ words::more_flights(more) }</li> }
                }
            </ul>
        </>
    }
}

fn spot_html(spot: &Spot) -> Html {
    let Ends { from, to } = spot.ends;
    html! {
        <g class={classes!("spot", spot.is_response.then_some("is-response"))}>
            <line x1={from.0.to_string()} y1={from.1.to_string()} x2={to.0.to_string()} y2={to.1.to_string()} />
            if spot.is_response {
                <rect x={(spot.at.0 - 4.0).to_string()} y={(spot.at.1 - 4.0).to_string()} width="8" height="8" />
            } else {
                <circle cx={spot.at.0.to_string()} cy={spot.at.1.to_string()} r="5" />
            }
            <text x={(spot.at.0 + 8.0).to_string()} y={(spot.at.1 - 6.0).to_string()}>{ &spot.api }</text>
        </g>
    }
}

/// The middle of a node's card, measured from the overlay's corner.
fn place(overlay: &NodeRef, node: i32) -> Option<(f64, f64)> {
    let overlay = overlay.cast::<Element>()?;
    let picture = overlay.parent_element()?;
    let card = picture.query_selector(&format!("[data-node='{node}']")).ok()??.dyn_into::<Element>().ok()?;
    let (area, card) = (overlay.get_bounding_client_rect(), card.get_bounding_client_rect());
    // The head of the card: its middle may be far below what is seen.
    let middle = card.left() + card.width() / 2.0 - area.left();
    Some((middle, card.top() + card.height().min(48.0) / 2.0 - area.top()))
}
