//! The cluster as tables. Serves those who do not see the picture, and those who want to copy it; invariant: real tables with
//! captions and heads.

use crate::{
    model::table::{Table, tables},
    state::picture::Picture,
    text::table as words,
};
use yew::prelude::*;

/// The tables' properties.
#[derive(Properties, PartialEq)]
pub struct TablesProps {
    /// The last view.
    pub picture: Picture,
    /// Kafka's own topics are shown.
    pub internal: bool,
}

/// The cluster as tables.
#[component]
pub fn Tables(props: &TablesProps) -> Html {
    html! { <div class="tables">{ for tables(&props.picture, props.internal).iter().map(table_html) }</div> }
}

fn table_html(table: &Table) -> Html {
    let row = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(index, cell)| match index {
            0 => html! { <th scope="row">{ cell }</th> },
            _ => html! { <td>{ cell }</td> },
        });
        html! { <tr>{ for cells }</tr> }
    };
    html! {
        <table>
            <caption>{ table.caption }</caption>
            <thead><tr>{ for table.head.iter().map(|head| html! { <th scope="col">{ *head }</th> }) }</tr></thead>
            <tbody>
                { for table.rows.iter().map(row) }
                if table.rows.is_empty() { <tr><td colspan={table.head.len().to_string()}>{ words::EMPTY }</td></tr> }
            </tbody>
        </table>
    }
}
