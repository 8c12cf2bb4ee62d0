//! The whole page. Serves the window; invariant: the only component that holds the page's state, changed by actions alone.

use super::{bar::TopBar, bar::dialogs::Dialogs, notices::NoticeList, panes::Panes, timeline::Timeline};
use crate::{
    course,
    dom::{self, keep, listen::Listener},
    host::HostRequest,
    model::route::Route,
    state::{Dialog, Effect, State, action::Action, layout::Pane},
    text,
};
use web_sys::Event;
use yew::prelude::*;

/// The page's properties.
#[derive(Debug, Properties, PartialEq)]
pub struct AppProps {
    /// Where requests to the window go.
    pub host: Callback<HostRequest>,
}

/// The whole page.
#[derive(Debug)]
pub struct App {
    state: State,
    act: Callback<Action>,
    _hash: Option<Listener<Event>>,
    _keys: Option<Listener<KeyboardEvent>>,
}

impl Component for App {
    type Message = Action;
    type Properties = AppProps;

    fn create(cx: &Context<Self>) -> Self {
        let act = cx.link().callback(|action: Action| action);
        let kept = keep::kept();
        let route = Route::parse(&dom::hash());
        let (lesson, unknown) = course::lesson_of(&route, kept.progress.last.as_deref());
        let mut state = State::new(lesson.clone(), kept);
        if let Some(id) = unknown {
            state.apply(Action::Route(Route::Lesson(id)));
        }
        cx.props().host.emit(HostRequest::Open { lesson });
        let hash = act.reform(|_: Event| Action::Route(Route::parse(&dom::hash())));
        let keys = cx.link().batch_callback(|event: KeyboardEvent| pressed(&event));
        let window = || dom::window().map(Into::into);
        Self {
            state,
            _hash: window().map(|window| Listener::new(window, "hashchange", move |event| hash.emit(event))),
            _keys: window().map(|window| Listener::new(window, "keydown", move |event| keys.emit(event))),
            act,
        }
    }

    fn update(&mut self, cx: &Context<Self>, action: Action) -> bool {
        let Some(action) = self.meant(action) else { return false };
        for effect in self.state.apply(action) {
            self.carry_out(cx, effect);
        }
        true
    }

    fn view(&self, _: &Context<Self>) -> Html {
        let state = &self.state;
        html! {
            <ContextProvider<Callback<Action>> context={self.act.clone()}>
                <a class="skip" href="#terminals-pane" onclick={self.act.reform(|event: MouseEvent| {
                    event.prevent_default();
                    Action::Go(Pane::Terminals)
                })}>{ text::SKIP }</a>
                <TopBar lesson={state.lesson.clone()} clock={state.clock} engine={state.engine}
                    progress={state.progress.clone()} current={state.layout.current} />
                <NoticeList notices={state.notices.clone()} />
                <Panes engine={state.engine} lesson={state.lesson.clone()} clock={state.clock} picture={state.picture.clone()}
                    vocabulary={state.vocabulary.clone()} terminals={state.terminals.all.clone()}
                    current={state.terminals.current} history={state.terminals.history.clone()}
                    goals={state.goals.clone()} said={state.said.clone()} progress={state.progress.clone()}
                    layout={state.layout.clone()} has_room={state.terminals.has_room()} />
                <Timeline now_us={state.picture.now_us} wall_ms={state.picture.wall_ms} clock={state.clock}
                    events={state.events.clone()} open={state.layout.events} internal={state.layout.internal} />
                <Dialogs dialog={state.dialog} lesson={state.lesson.clone()} settings={state.settings.clone()}
                    progress={state.progress.clone()} />
            </ContextProvider<Callback<Action>>>
        }
    }
}

impl App {
    /// Single keys mean something only if the person wants them to, and Escape leaves a full screen only.
    fn meant(&self, action: Action) -> Option<Action> {
        match action {
            Action::Shortcut(key) => self.shortcut(&key),
            other => Some(other),
        }
    }

    fn shortcut(&self, key: &str) -> Option<Action> {
        if key == "Escape" {
            return self.state.layout.full.map(|_| Action::Full(None));
        }
        if !self.state.settings.keys || self.state.dialog.is_some() {
            return None;
        }
        match key {
            "?" => Some(Action::Dialog(Some(Dialog::Help))),
            "t" => Some(Action::Tables),
            "p" => Some(Action::Play(!self.state.clock.playing)),
            "." => Some(Action::step(false)),
            "n" => Some(Action::step(true)),
            "l" => Some(Action::Dialog(Some(Dialog::Lessons))),
            "1" => Some(Action::Go(Pane::Lesson)),
            "2" => Some(Action::Go(Pane::Cluster)),
            "3" => Some(Action::Go(Pane::Terminals)),
            _ => None,
        }
    }

    fn carry_out(&self, cx: &Context<Self>, effect: Effect) {
        let state = &self.state;
        match effect {
            Effect::Host(request) => cx.props().host.emit(request),
            Effect::KeepLayout => keep::write(keep::LAYOUT, &state.layout),
            Effect::KeepProgress => keep::write(keep::PROGRESS, &*state.progress),
            Effect::KeepHistory => keep::write(keep::HISTORY, &state.terminals.history.all()),
            Effect::KeepSettings => {
                keep::write(keep::SETTINGS, &state.settings);
                keep::write_theme(state.settings.theme);
                dom::mark_root("data-theme", state.settings.theme.word());
            }
            Effect::Download { name, text } => dom::download(&name, &text),
            Effect::Focus(id) => dom::focus(&id),
        }
    }
}

/// Keys that go to the page: not those that are typed, and not those with Ctrl, Alt or Meta.
fn pressed(event: &KeyboardEvent) -> Option<Action> {
    let plain = !(event.ctrl_key() || event.alt_key() || event.meta_key());
    let for_page = plain && (!dom::is_typing() || event.key() == "Escape") && !event.default_prevented();
    for_page.then(|| Action::Shortcut(event.key()))
}
