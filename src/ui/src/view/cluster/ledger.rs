//! The guarantee ledger. Serves the picture; invariant: each thing that went wrong opens to the events that led to it.

use crate::{
    text::ledger as words,
    view::kit::{Glyph, Icon},
};
use ottla_lab::protocol::{LedgerEntryRow, LedgerPartitionRow, LedgerRow};
use yew::prelude::*;

/// The ledger's properties.
#[derive(Properties, PartialEq)]
pub struct LedgerViewProps {
    /// The ledger.
    pub ledger: LedgerRow,
}

/// The guarantee ledger.
#[component]
pub fn LedgerView(props: &LedgerViewProps) -> Html {
    let ledger = &props.ledger;
    html! {
        <section class="ledger-panel" aria-label={words::LEDGER}>
            <h3 class="picture-name">{ words::LEDGER }</h3>
            if ledger.partitions.is_empty() {
                <p class="card-empty">{ words::NOTHING }</p>
            } else {
                <p class="ledger-about">{ words::ABOUT }</p>
                <div class="tables ledger-table" tabindex="0" role="group" aria-label={words::LEDGER}>
                    <table>
                        <thead><tr>{ for words::HEAD.iter().map(|head| html! { <th scope="col">{ *head }</th> }) }</tr></thead>
                        <tbody>{ for ledger.partitions.iter().map(partition_html) }</tbody>
                    </table>
                </div>
                <h4 class="ledger-entries-name">{ words::ENTRIES }</h4>
                if ledger.entries.is_empty() {
                    <p class="card-empty">{ words::NO_ENTRIES }</p>
                } else {
                    <ul class="ledger-entries">{ for ledger.entries.iter().rev().map(entry_html) }</ul>
                }
            }
        </section>
    }
}

fn partition_html(row: &LedgerPartitionRow) -> Html {
    let bad = [row.lost, row.duplicated, row.out_of_order];
    let cells = words::cells(row).into_iter().enumerate().map(|(index, cell)| {
        let is_bad = index.checked_sub(5).and_then(|at| bad.get(at)).is_some_and(|number| *number > 0);
        html! {
            <td class={is_bad.then_some("is-bad")}>
                if is_bad { <Icon glyph={Glyph::Warn} /> }
                { cell }
            </td>
        }
    });
    html! { <tr><th scope="row">{ words::partition(row) }</th>{ for cells }</tr> }
}

fn entry_html(entry: &LedgerEntryRow) -> Html {
    let began = entry.events.first().map_or(0, |event| event.at_us);
    let key = format!("{}-{}-{}-{began}-{:?}", entry.topic, entry.partition, entry.first_offset, entry.kind);
    html! {
        <li {key}>
            <details>
                <summary>
                    <span class={classes!("badge", if entry.found_again { "is-warn" } else { "is-bad" })}>
                        <Icon glyph={Glyph::Warn} />{ words::kind(entry) }
                    </span>
                    { " " }<b>{ words::records(entry) }</b>{ ": " }{ &entry.reason }
                </summary>
                <ol class="mono">{ for entry.events.iter().map(|event| html! { <li>{ words::event(event) }</li> }) }</ol>
            </details>
        </li>
    }
}
