//! A replica: as a strip of records, as a row, or counted with its topic. Serves brokers; invariant: leader and in-sync are told by
//! word and mark.

use crate::{
    model::{
        density::TopicCount,
        strip::{Cell, Piece, pieces},
        time::grouped,
    },
    text::cluster as says,
    view::kit::{Glyph, Icon},
};
use ottla_lab::protocol::ReplicaStrip;
use yew::prelude::*;

/// A replica's properties.
#[derive(Properties, PartialEq)]
pub struct ReplicaProps {
    /// The replica.
    pub replica: ReplicaStrip,
}

/// A replica with its last records.
#[component]
pub fn StripView(props: &ReplicaProps) -> Html {
    let replica = &props.replica;
    let name = format!("{}-{}", replica.topic, replica.partition);
    html! {
        <li class={classes!("strip", role_class(replica))}>
            <div class="strip-head">
                <span class="strip-name" title={name.clone()}>{ &name }</span>
                { role(replica) }
                <span class="strip-epoch" title={says::LEADER_EPOCH}>{ says::epoch(replica.leader_epoch) }</span>
            </div>
            <div class="cells" role="img" aria-label={says::replica(replica)}>
                { for pieces(replica).iter().map(|piece| piece_html(piece, replica)) }
            </div>
            <p class="strip-offsets mono" aria-hidden="true">{ says::offsets(replica) }</p>
            { segments(replica) }
        </li>
    }
}

/// The files of the log, once there is more than one: each as wide as it is large, named by its first offset.
fn segments(replica: &ReplicaStrip) -> Html {
    if replica.segments.len() < 2 {
        return Html::default();
    }
    let bars = replica.segments.iter().enumerate().map(|(nth, segment)| {
        let active = nth + 1 == replica.segments.len();
        let words = says::segment(segment, active);
        let style = format!("flex-grow: {}", segment.size_bytes.clamp(1, u64::from(u32::MAX)));
        html! {
            <li class={classes!("segment", active.then_some("is-active"))} title={words.clone()} {style}>
                <span aria-hidden="true">{ segment.base_offset }</span><span class="sr">{ words }</span>
            </li>
        }
    });
    html! {
        <ul class="segments" aria-label={says::segments(replica)}>
            if replica.older_segments > 0 { <li class="more">{ format!("+{}", replica.older_segments) }</li> }
            { for bars }
        </ul>
    }
}

fn piece_html(piece: &Piece, replica: &ReplicaStrip) -> Html {
    match piece {
        Piece::Start(offset) => html! {
            <span class="mark mark-start" title={says::log_start(*offset)}>{ "⟦" }<small>{ offset }</small></span>
        },
        Piece::More(count) => {
            html! { <span class="more" title={says::more(*count)}>{ format!("+{}", grouped(*count)) }</span> }
        }
        Piece::Epoch(epoch) => html! {
            <span class="mark mark-epoch" title={says::epoch_begins(*epoch)}><small>{ format!("e{epoch}") }</small></span>
        },
        Piece::HighWatermark => html! {
            <span class="mark mark-hw" title={says::high_watermark(replica.high_watermark)}><small>{ "HW" }</small></span>
        },
        Piece::Gap(count) => html! { <span class="gap" title={says::gap(*count)}>{ "\u{b7}\u{b7}" }</span> },
        Piece::Diverges(offset) => html! {
            <span class="mark mark-diverges" title={says::diverges(*offset)}><small>{ "\u{2260}" }</small></span>
        },
        Piece::Cell(cell) => cell_html(cell),
        Piece::End => html! {
            <span class="mark mark-end" title={says::log_end(replica.log_end_offset)}><small>{ "end" }</small></span>
        },
    }
}

fn cell_html(cell: &Cell) -> Html {
    html! {
        <span class={classes!("cell", cell.class, (!cell.committed).then_some("is-open"),
            cell.tombstone.then_some("is-tombstone"), cell.divergent.then_some("is-divergent"))} title={cell.words.clone()}>
            <b>{ &cell.sign }</b><small>{ cell.offset }</small>
        </span>
    }
}

/// Leader or follower, and whether it is in sync: a picture and a word each.
fn role(replica: &ReplicaStrip) -> Html {
    let leader = replica
        .is_leader
        .then(|| html! { <span class="badge is-leader"><Icon glyph={Glyph::Crown} />{ says::LEADER }</span> });
    let sync = match (replica.in_sync, replica.is_leader) {
        (true, true) => Html::default(),
        (true, false) => html! { <span class="badge"><Icon glyph={Glyph::Link} />{ says::IN_SYNC }</span> },
        (false, _) if replica.eligible => html! {
            <span class="badge is-warn" title={says::ELIGIBLE_MEANS}><Icon glyph={Glyph::Link} />{ says::ELIGIBLE }</span>
        },
        (false, _) => html! { <span class="badge is-bad"><Icon glyph={Glyph::Broken} />{ says::OUT_OF_SYNC }</span> },
    };
    let rest =
        replica.at_rest.then(|| html! { <span class="badge" title={says::AT_REST_MEANS}>{ says::AT_REST }</span> });
    html! { <>{ leader }{ sync }{ rest }</> }
}

fn role_class(replica: &ReplicaStrip) -> &'static str {
    match (replica.is_leader, replica.in_sync) {
        (true, _) => "is-leader",
        (false, true) => "is-follower",
        (false, false) => "is-behind",
    }
}

/// A replica in one row.
#[component]
pub fn RowView(props: &ReplicaProps) -> Html {
    let replica = &props.replica;
    let mark = match (replica.is_leader, replica.in_sync) {
        (true, _) => Glyph::Crown,
        (false, true) => Glyph::Link,
        (false, false) => Glyph::Broken,
    };
    html! {
        <li class={classes!("log-row", role_class(replica))} aria-label={says::replica(replica)}>
            <Icon glyph={mark} />
            <span class="log-row-name">{ format!("{}-{}", replica.topic, replica.partition) }</span>
            <span class="log-row-offsets mono">{ says::offsets_short(replica) }</span>
        </li>
    }
}

/// A count's properties.
#[derive(Properties, PartialEq)]
pub struct CountViewProps {
    /// The count.
    pub count: TopicCount,
}

/// A topic's replicas on one broker, counted.
#[component]
pub fn CountView(props: &CountViewProps) -> Html {
    let count = &props.count;
    let behind = count.replicas - count.in_sync;
    html! {
        <li class={classes!("log-row", (behind > 0).then_some("is-behind"))}>
            <Icon glyph={if behind > 0 { Glyph::Broken } else { Glyph::Link }} />
            <span class="log-row-name">{ &count.topic }</span>
            <span class="log-row-offsets">{ says::count(count) }</span>
        </li>
    }
}
