//! The line that is being typed. Serves the terminal; invariants: the keys of a real terminal, and Escape then Tab leaves.

use super::output::pieces;
use crate::{
    dom,
    model::{complete::complete, vocabulary::Vocabulary},
    shared::Shared,
    state::{
        action::Action,
        input_id,
        terminal::{History, Lines, Terminal},
    },
    text::terminal as words,
    view::kit::use_act,
};
use gloo_timers::callback::Interval;
use ottla_lab::protocol::LabInput;
use std::{cell::RefCell, rc::Rc};
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

/// A lesson's line is typed in about so many steps of so many milliseconds.
const TYPING_STEPS: usize = 24;
const TYPING_MS: u32 = 14;

/// The line's properties.
#[derive(Properties, PartialEq)]
pub struct InputLineProps {
    /// Which terminal, from 0.
    pub index: usize,
    /// The terminal.
    pub terminal: Shared<Terminal>,
    /// Lines typed.
    pub history: Shared<Lines>,
    /// What Tab completes.
    pub vocabulary: Shared<Vocabulary>,
    /// Called when a line was sent.
    pub sent: Callback<()>,
    /// What scrolls.
    pub screen: NodeRef,
}

/// What the keys need to know.
struct Keys {
    index: usize,
    act: Callback<Action>,
    history: Shared<Lines>,
    vocabulary: Shared<Vocabulary>,
    place: Rc<RefCell<Place>>,
    line: UseStateHandle<String>,
    choices: UseStateHandle<Vec<String>>,
    sent: Callback<()>,
    screen: NodeRef,
}

/// What is remembered from key to key.
#[derive(Default)]
struct Place {
    history: History,
    /// Escape was pressed: Tab leaves.
    leaving: bool,
}

/// The line that is being typed, after what the terminal has begun to write.
#[component]
pub fn InputLine(props: &InputLineProps) -> Html {
    let act = use_act();
    let line = use_state(String::new);
    let choices = use_state(Vec::<String>::new);
    let place = use_mut_ref(Place::default);
    use_typing(props, &act, &line);
    let keys = Rc::new(Keys {
        index: props.index,
        act,
        history: props.history.clone(),
        vocabulary: props.vocabulary.clone(),
        place: place.clone(),
        line: line.clone(),
        choices: choices.clone(),
        sent: props.sent.clone(),
        screen: props.screen.clone(),
    });
    let oninput = {
        let (line, choices) = (line.clone(), choices.clone());
        Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                line.set(input.value());
                choices.set(Vec::new());
                place.borrow_mut().history.reset();
            }
        })
    };
    let onkeydown = {
        let keys = keys.clone();
        Callback::from(move |event: KeyboardEvent| keys.pressed(&event))
    };
    let onpaste = {
        let keys = keys.clone();
        Callback::from(move |event: Event| keys.pasted(&event))
    };
    let open = props.terminal.buffer.open();
    html! {
        <>
            <div class="terminal-line">
                if !open.pieces.is_empty() { <span class="terminal-prompt">{ pieces(open) }</span> }
                <input id={input_id(props.index)} class="terminal-input" type="text" value={(*line).clone()} {oninput} {onkeydown}
                    {onpaste} aria-label={words::input(props.index)} title={words::INPUT_HINT} autocapitalize="off"
                    autocomplete="off" autocorrect="off" spellcheck="false" enterkeyhint="send" />
            </div>
            <p class="terminal-choices" role="status">{ choices.join("  ") }</p>
            <Taps keys={KeysProp(keys)} line={(*line).clone()} />
        </>
    }
}

/// Types what lessons want typed, letter by letter but fast.
#[hook]
fn use_typing(props: &InputLineProps, act: &Callback<Action>, line: &UseStateHandle<String>) {
    let next = props.terminal.to_type.front().cloned();
    let (act, line, sent, index) = (act.clone(), line.clone(), props.sent.clone(), props.index);
    use_effect_with((next, props.terminal.typed), move |(next, _)| {
        let interval = next.clone().map(|text| {
            let letters: Vec<char> = text.chars().collect();
            let step = if dom::reduced_motion() { letters.len() } else { letters.len().div_ceil(TYPING_STEPS) };
            let mut typed = 0;
            let mut done = false;
            Interval::new(TYPING_MS, move || {
                if done {
                    return;
                }
                if typed < letters.len() {
                    typed = (typed + step.max(1)).min(letters.len());
                    line.set(letters[..typed].iter().collect());
                    sent.emit(());
                    return;
                }
                done = true;
                line.set(String::new());
                act.emit(Action::Line { terminal: index, text: text.clone() });
                act.emit(Action::Typed { terminal: index });
            })
        });
        move || drop(interval)
    });
}

impl Keys {
    fn pressed(&self, event: &KeyboardEvent) {
        let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
        let leaving = std::mem::take(&mut self.place.borrow_mut().leaving);
        let taken = if event.ctrl_key() && !event.alt_key() && !event.meta_key() {
            self.control(&input, &event.key())
        } else {
            self.plain(&input, event, leaving)
        };
        if taken {
            event.prevent_default();
        }
    }

    fn plain(&self, input: &HtmlInputElement, event: &KeyboardEvent, leaving: bool) -> bool {
        match event.key().as_str() {
            "Enter" if !event.is_composing() => self.send(input, input.value()),
            "ArrowUp" => {
                let found = self.place.borrow_mut().history.up(&self.history, &input.value());
                self.replace(input, found);
            }
            "ArrowDown" => {
                let found = self.place.borrow_mut().history.down(&self.history);
                self.replace(input, found);
            }
            "Tab" if !leaving && !event.shift_key() && !input.value().is_empty() => self.complete(input),
            "Escape" => {
                self.choices.set(Vec::new());
                self.place.borrow_mut().leaving = true;
            }
            "PageUp" => self.scroll(-1),
            "PageDown" => self.scroll(1),
            _ => return false,
        }
        true
    }

    fn control(&self, input: &HtmlInputElement, key: &str) -> bool {
        let terminal = u32::try_from(self.index).unwrap_or(0);
        match key {
            "c" if !dom::has_selection() && input.selection_start().ok() == input.selection_end().ok() => {
                self.replace(input, Some(String::new()));
                self.act.emit(Action::Lab(LabInput::Interrupt { terminal }));
            }
            "d" if input.value().is_empty() => self.act.emit(Action::Lab(LabInput::EndOfInput { terminal })),
            "d" => {}
            "l" => self.act.emit(Action::Clear(self.index)),
            "u" => self.replace(input, Some(String::new())),
            "r" => {
                let found = self.place.borrow_mut().history.search(&self.history, &input.value());
                self.replace(input, found);
            }
            "a" => set_cursor(input, 0),
            "e" => set_cursor(input, input.value().encode_utf16().count()),
            _ => return false,
        }
        true
    }

    fn send(&self, input: &HtmlInputElement, text: String) {
        self.place.borrow_mut().history.reset();
        self.replace(input, Some(String::new()));
        self.choices.set(Vec::new());
        self.act.emit(Action::Line { terminal: self.index, text });
        self.sent.emit(());
    }

    /// Puts a line into the input, the cursor at its end.
    fn replace(&self, input: &HtmlInputElement, line: Option<String>) {
        if let Some(line) = line {
            input.set_value(&line);
            set_cursor(input, line.encode_utf16().count());
            self.line.set(line);
        }
    }

    fn complete(&self, input: &HtmlInputElement) {
        let line = input.value();
        let units = input.selection_start().ok().flatten().and_then(|units| usize::try_from(units).ok());
        let cursor = units.map_or(line.len(), |units| bytes_of(&line, units));
        if let Some(done) = complete(&line, cursor, &self.vocabulary) {
            input.set_value(&done.line);
            set_cursor(input, done.line[..done.cursor].encode_utf16().count());
            self.line.set(done.line);
            self.choices.set(done.choices);
        }
    }

    /// Several pasted lines are typed one after the other; one goes into the input as it is.
    fn pasted(&self, event: &Event) {
        let data = js_sys::Reflect::get(event, &"clipboardData".into()).ok();
        let data = data.and_then(|data| wasm_bindgen::JsCast::dyn_into::<web_sys::DataTransfer>(data).ok());
        let text = data.and_then(|data| data.get_data("text").ok()).unwrap_or_default();
        let text = text.trim_end_matches(['\r', '\n']);
        if text.contains('\n') {
            event.prevent_default();
            let command = format!("{}{text}", *self.line).replace('\r', "");
            self.act.emit(Action::Run { terminal: self.index, command });
        }
    }

    fn scroll(&self, pages: i32) {
        if let Some(screen) = self.screen.cast::<Element>() {
            screen.set_scroll_top(screen.scroll_top() + pages * (screen.client_height() - 24));
        }
    }
}

fn set_cursor(input: &HtmlInputElement, units: usize) {
    let units = u32::try_from(units).unwrap_or(0);
    drop(input.set_selection_range(units, units));
}

/// Where a number of UTF-16 units ends, in bytes.
fn bytes_of(line: &str, units: usize) -> usize {
    let mut seen = 0;
    for (at, letter) in line.char_indices() {
        if seen >= units {
            return at;
        }
        seen += letter.len_utf16();
    }
    line.len()
}

/// Keys as a property: they are new whenever the line is.
#[derive(Clone)]
struct KeysProp(Rc<Keys>);

impl PartialEq for KeysProp {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Properties, PartialEq)]
struct TapsProps {
    keys: KeysProp,
    line: String,
}

/// Words to tap, for small screens.
#[component]
fn Taps(props: &TapsProps) -> Html {
    let tap = |word: &str| {
        let (keys, line, tapped) = (props.keys.0.clone(), props.line.clone(), word.to_owned());
        let onclick = Callback::from(move |event: MouseEvent| {
            event.stop_propagation();
            let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
            keys.line.set(format!("{}{tapped} ", &line[..start]));
            keys.choices.set(Vec::new());
        });
        html! { <button type="button" class="tap" {onclick}>{ word }</button> }
    };
    let keys = props.keys.0.clone();
    let line = props.line.clone();
    let enter = Callback::from(move |event: MouseEvent| {
        event.stop_propagation();
        keys.line.set(String::new());
        keys.act.emit(Action::Line { terminal: keys.index, text: line.trim_end().to_owned() });
    });
    html! {
        <div class="taps" role="group" aria-label={words::TAPS}>
            if !props.line.is_empty() { <button type="button" class="tap tap-enter" onclick={enter}>{ words::ENTER }</button> }
            { for props.keys.0.vocabulary.to_tap(&props.line).into_iter().map(tap) }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::bytes_of;

    #[test]
    fn cursors_between_letters() {
        let table = [("abc", 2, 2), ("aé😀b", 2, 3), ("aé😀b", 4, 7), ("ab", 9, 2)];
        for (line, units, bytes) in table {
            assert_eq!(bytes_of(line, units), bytes, "{line}");
        }
    }
}
