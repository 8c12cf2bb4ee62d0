//! The terminals' pane. Serves the page; invariant: on a wide page two terminals are seen side by side, the one in front among
//! them.

mod input;
mod output;

use self::{input::InputLine, output::Output};
use super::{
    kit::{Button, Glyph, use_act},
    panes::PaneFrame,
};
use crate::{
    dom,
    model::vocabulary::Vocabulary,
    shared::Shared,
    state::{
        action::Action,
        input_id,
        layout::Pane,
        terminal::{Lines, Terminal},
    },
    text::terminal as words,
};
use ottla_lab::protocol::LabInput;
use web_sys::Element;
use yew::prelude::*;

/// The pane's properties.
#[derive(Properties, PartialEq)]
pub struct TerminalsPaneProps {
    /// The terminals.
    pub terminals: Vec<Shared<Terminal>>,
    /// The one in front.
    pub current: usize,
    /// Lines typed.
    pub history: Shared<Lines>,
    /// What Tab completes.
    pub vocabulary: Shared<Vocabulary>,
    /// The pane fills the screen.
    pub full: bool,
    /// One more terminal can be opened.
    pub has_room: bool,
}

/// Whether a terminal is seen on a wide page.
fn is_beside(index: usize, current: usize, count: usize) -> bool {
    let first = current.saturating_sub(current % 2).min(count.saturating_sub(2));
    (first..first + 2).contains(&index)
}

/// The terminals' pane.
#[component]
pub fn TerminalsPane(props: &TerminalsPaneProps) -> Html {
    let act = use_act();
    let count = props.terminals.len();
    let tab = |index: usize| {
        let pressed = index == props.current;
        html! {
            <Button key={index} label={words::name(index)} {pressed} class="terminal-tab"
                on={act.reform(move |_| Action::Terminal(index))} />
        }
    };
    let head = html! {
        <div class="terminal-tabs" role="group" aria-label={words::CHOOSE}>
            { for (0..count).map(tab) }
            <Button label={words::OPEN} glyph={Glyph::Plus} disabled={!props.has_room}
                on={act.reform(|_| Action::OpenTerminal)} />
        </div>
    };
    html! {
        <PaneFrame pane={Pane::Terminals} full={props.full} {head}>
            <div class="terminals">
                { for props.terminals.iter().enumerate().map(|(index, terminal)| html! {
                    <TerminalView key={index} {index} terminal={terminal.clone()} history={props.history.clone()}
                        vocabulary={props.vocabulary.clone()} current={index == props.current}
                        beside={is_beside(index, props.current, count)} />
                }) }
            </div>
        </PaneFrame>
    }
}

#[derive(Properties, PartialEq)]
struct TerminalViewProps {
    index: usize,
    terminal: Shared<Terminal>,
    history: Shared<Lines>,
    vocabulary: Shared<Vocabulary>,
    current: bool,
    beside: bool,
}

/// One terminal: what it shows, the line that is being typed, and buttons for keys that a touch screen lacks.
#[component]
fn TerminalView(props: &TerminalViewProps) -> Html {
    let act = use_act();
    let index = props.index;
    let number = u32::try_from(index).unwrap_or(0);
    let screen = use_node_ref();
    let at_end = use_mut_ref(|| true);
    {
        // Whoever reads further up is left there.
        let (screen, at_end) = (screen.clone(), at_end.clone());
        use_effect_with(props.terminal.clone(), move |_| {
            if *at_end.borrow() {
                to_end(&screen);
            }
        });
    }
    let onscroll = {
        let (screen, at_end) = (screen.clone(), at_end.clone());
        Callback::from(move |_: Event| *at_end.borrow_mut() = is_at_end(&screen))
    };
    let onclick = Callback::from(move |_: MouseEvent| {
        if !dom::has_selection() {
            dom::focus(&input_id(index));
        }
    });
    let sent = {
        let (screen, at_end) = (screen.clone(), at_end.clone());
        Callback::from(move |()| {
            *at_end.borrow_mut() = true;
            to_end(&screen);
        })
    };
    let key = |label: &'static str, input: LabInput| {
        html! { <Button {label} class="terminal-key" on={act.reform(move |_| Action::Lab(input.clone()))} /> }
    };
    let class = classes!("terminal", props.current.then_some("is-current"), props.beside.then_some("is-beside"));
    html! {
        <div {class} role="group" aria-label={words::name(index)} onfocusin={act.reform(move |_: FocusEvent| Action::Terminal(index))}>
            <div class="terminal-head">
                <span class="terminal-name">{ words::name(index) }</span>
                { key(words::CTRL_C, LabInput::Interrupt { terminal: number }) }
                { key(words::CTRL_D, LabInput::EndOfInput { terminal: number }) }
                <Button label={words::CLEAR} class="terminal-key" on={act.reform(move |_| Action::Clear(index))} />
            </div>
            <div class="terminal-screen" ref={screen.clone()} {onscroll} {onclick}>
                <Output {index} terminal={props.terminal.clone()} />
                <InputLine {index} terminal={props.terminal.clone()} history={props.history.clone()}
                    vocabulary={props.vocabulary.clone()} {sent} screen={screen.clone()} />
            </div>
        </div>
    }
}

fn to_end(screen: &NodeRef) {
    if let Some(screen) = screen.cast::<Element>() {
        screen.set_scroll_top(screen.scroll_height());
    }
}

fn is_at_end(screen: &NodeRef) -> bool {
    screen
        .cast::<Element>()
        .is_none_or(|screen| screen.scroll_height() - screen.scroll_top() - screen.client_height() < 24)
}

#[cfg(test)]
mod tests {
    use super::is_beside;

    #[test]
    fn two_are_seen() {
        let seen = |current, count| (0..count).filter(|index| is_beside(*index, current, count)).collect::<Vec<_>>();
        assert_eq!(seen(0, 2), [0, 1]);
        assert_eq!(seen(1, 2), [0, 1]);
        assert_eq!(seen(2, 3), [1, 2]);
        assert_eq!(seen(2, 4), [2, 3]);
        assert_eq!(seen(0, 1), [0]);
    }
}
