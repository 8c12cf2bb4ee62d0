//! What a terminal has printed. Serves the terminal; invariant: a full block is drawn once; error output carries a mark besides
//! its colour.

use crate::{
    model::line::Line,
    shared::Shared,
    state::terminal::{Block, Terminal},
    text::terminal as words,
};
use ottla_lab::protocol::TerminalStream;
use yew::prelude::*;

/// So many lines at once are not spoken.
const FLOOD: u64 = 30;

/// The output's properties.
#[derive(Properties, PartialEq)]
pub struct OutputProps {
    /// Which terminal, from 0.
    pub index: usize,
    /// The terminal.
    pub terminal: Shared<Terminal>,
}

/// What a terminal has printed.
#[component]
pub fn Output(props: &OutputProps) -> Html {
    let spoken = use_mut_ref(|| 0_u64);
    let ended = props.terminal.buffer.ended();
    let before = std::mem::replace(&mut *spoken.borrow_mut(), ended);
    // Nobody can listen to a flood; what it holds can still be read line by line.
    let live = if ended.saturating_sub(before) > FLOOD { "off" } else { "polite" };
    html! {
        <div class="terminal-log" role="log" aria-live={live} aria-label={words::output(props.index)}>
            { for props.terminal.buffer.blocks().iter().map(|block| html! {
                <BlockView key={block.number} block={block.clone()} />
            }) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct BlockViewProps {
    block: Shared<Block>,
}

#[component]
fn BlockView(props: &BlockViewProps) -> Html {
    html! { <div class="terminal-block">{ for props.block.lines.iter().map(line_html) }</div> }
}

fn line_html(line: &Line) -> Html {
    if line.has_error() {
        return html! {
            <div class="terminal-row is-error" title={words::STDERR}>
                <span class="sr">{ words::STDERR_SPOKEN }</span>{ pieces(line) }
            </div>
        };
    }
    html! { <div class="terminal-row">{ pieces(line) }</div> }
}

/// A line's pieces; an empty line keeps its height.
pub fn pieces(line: &Line) -> Html {
    if line.pieces.is_empty() {
        return html! { "\u{200b}" };
    }
    let piece = |(stream, text): &(TerminalStream, String)| match stream {
        TerminalStream::Stdout => html! { text },
        TerminalStream::Typed => html! { <b class="terminal-typed">{ text }</b> },
        TerminalStream::Stderr => html! { <span class="terminal-error">{ text }</span> },
    };
    line.pieces.iter().map(piece).collect()
}
