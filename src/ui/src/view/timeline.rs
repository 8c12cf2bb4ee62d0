//! The strip at the bottom: virtual time, the run's date, the last events. Serves the page; invariant: it is silent to screen
//! readers, since events are many; the list is there to be read.

use super::kit::{Button, Glyph, use_act};
use crate::{
    model::{density, time},
    shared::Shared,
    state::{Clock, action::Action},
    text,
};
use ottla_lab::protocol::EventLine;
use yew::prelude::*;

/// Events that stand in the strip itself.
const IN_STRIP: usize = 4;

/// The strip's properties.
#[derive(Properties, PartialEq)]
pub struct TimelineProps {
    /// Virtual time, in microseconds.
    pub now_us: u64,
    /// The wall clock of the run, in milliseconds since 1970.
    pub wall_ms: i64,
    /// Whether time runs.
    pub clock: Clock,
    /// The last events, oldest first.
    pub events: Shared<Vec<EventLine>>,
    /// The list is open.
    pub open: bool,
    /// Kafka's own topics are shown.
    pub internal: bool,
}

/// About a topic of Kafka's own: it stands in the list, not in the strip.
fn is_internal(event: &EventLine) -> bool {
    event.text.split_whitespace().any(density::is_internal)
}

/// The strip at the bottom.
#[component]
pub fn Timeline(props: &TimelineProps) -> Html {
    let act = use_act();
    let interesting = props
        .events
        .iter()
        .rev()
        .filter(|event| event.interesting && (props.internal || !is_internal(event)))
        .take(IN_STRIP);
    let state = if props.clock.playing { text::speed(props.clock.speed) } else { text::PAUSED.to_owned() };
    html! {
        <footer class="timeline" aria-label={text::TIMELINE}>
            if props.open { <EventList events={props.events.clone()} /> }
            <div class="timeline-strip">
                <span class="timeline-now" title={text::ELAPSED}>{ time::elapsed(props.now_us) }</span>
                <span class="timeline-state">{ state }</span>
                <time class="timeline-date" title={text::RUN_DATE}>{ time::date(props.wall_ms) }</time>
                <ol class="timeline-last" aria-label={text::LAST_EVENTS}>
                    { for interesting.map(|event| html! {
                        <li><span class="muted">{ time::ago(props.now_us, event.at_us) }</span>{ " " }{ text::event(event) }</li>
                    }) }
                </ol>
                <Button label={text::EVENTS} glyph={if props.open { Glyph::Close } else { Glyph::Down }} words={text::EVENTS}
                    pressed={props.open} on={act.reform(|_| Action::Events)} />
            </div>
        </footer>
    }
}

#[derive(Properties, PartialEq)]
struct EventListProps {
    events: Shared<Vec<EventLine>>,
}

/// The events, newest first.
#[component]
fn EventList(props: &EventListProps) -> Html {
    if props.events.is_empty() {
        return html! { <p class="empty">{ text::NO_EVENTS }</p> };
    }
    html! {
        <div class="events" tabindex="0" role="group" aria-label={text::EVENTS}>
            <table>
                <thead><tr>{ for text::EVENT_HEAD.iter().map(|head| html! { <th scope="col">{ *head }</th> }) }</tr></thead>
                <tbody>
                    { for props.events.iter().rev().map(|event| html! {
                        <tr class={event.interesting.then_some("is-interesting")}>
                            <td class="mono">{ time::elapsed(event.at_us) }</td>
                            <td>{ event.node.map(text::node_name) }</td>
                            <td>{ if event.interesting { text::INTERESTING_MARK } else { "" } }{ &event.text }</td>
                        </tr>
                    }) }
                </tbody>
            </table>
        </div>
    }
}
