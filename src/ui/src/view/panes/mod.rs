//! The three panes and the separators between them. Serves the page; invariant: each pane is a landmark with one name.

mod separator;

use self::separator::SeparatorBar;
use super::{
    cluster::ClusterPane,
    kit::{Button, Glyph, use_act},
    lesson::LessonPane,
    terminal::TerminalsPane,
};
use crate::{
    model::vocabulary::Vocabulary,
    protocol::GoalRow,
    shared::Shared,
    state::{
        Clock, Engine,
        action::Action,
        layout::{Layout, Pane, Separator},
        picture::Picture,
        progress::Progress,
        terminal::{Lines, Terminal},
    },
    text,
};
use yew::prelude::*;

/// The panes' properties.
#[derive(Properties, PartialEq)]
pub struct PanesProps {
    /// How the engine is.
    pub engine: Engine,
    /// The lesson's id.
    pub lesson: Option<String>,
    /// Time.
    pub clock: Clock,
    /// The last view.
    pub picture: Picture,
    /// What Tab completes.
    pub vocabulary: Shared<Vocabulary>,
    /// The terminals.
    pub terminals: Vec<Shared<Terminal>>,
    /// The terminal in front.
    pub current: usize,
    /// Lines typed.
    pub history: Shared<Lines>,
    /// One more terminal can be opened.
    pub has_room: bool,
    /// The goals.
    pub goals: Shared<Vec<GoalRow>>,
    /// What was said to mistakes.
    pub said: Vec<String>,
    /// The course.
    pub progress: Shared<Progress>,
    /// Where the panes are.
    pub layout: Layout,
}

/// The id of the element that the separators measure.
pub const COLUMN: &str = "panes";

/// The three panes.
#[component]
pub fn Panes(props: &PanesProps) -> Html {
    let layout = &props.layout;
    let sizes = format!(
        "--lesson: {}%; --terminals: {}%",
        layout.percent(Separator::Lesson),
        layout.percent(Separator::Terminals)
    );
    html! {
        <main id={COLUMN} class="panes" style={sizes} data-current={layout.current.word()}
            data-full={layout.full.map(Pane::word)}>
            <LessonPane lesson={props.lesson.clone()} goals={props.goals.clone()} said={props.said.clone()}
                progress={props.progress.clone()} full={layout.full == Some(Pane::Lesson)} />
            <SeparatorBar separator={Separator::Lesson} percent={layout.percent(Separator::Lesson)} />
            <ClusterPane picture={props.picture.clone()} engine={props.engine} clock={props.clock}
                tables={layout.tables} internal={layout.internal} full={layout.full == Some(Pane::Cluster)} />
            <SeparatorBar separator={Separator::Terminals} percent={layout.percent(Separator::Terminals)} />
            <TerminalsPane terminals={props.terminals.clone()} current={props.current} history={props.history.clone()}
                vocabulary={props.vocabulary.clone()} full={layout.full == Some(Pane::Terminals)}
                has_room={props.has_room} />
        </main>
    }
}

/// A pane's frame.
#[derive(Properties, PartialEq)]
pub struct PaneFrameProps {
    /// Which.
    pub pane: Pane,
    /// It fills the screen.
    pub full: bool,
    /// What stands in its head, besides its name.
    #[prop_or_default]
    pub head: Html,
    /// What is in it.
    pub children: Html,
}

/// A pane: a landmark with a head, a body, and a button to fill the screen.
#[component]
pub fn PaneFrame(props: &PaneFrameProps) -> Html {
    let act = use_act();
    let (pane, full) = (props.pane, props.full);
    let (label, glyph) = if full { (text::unfill(pane), Glyph::Share) } else { (text::fill(pane), Glyph::Full) };
    html! {
        <section id={pane.id()} class={classes!("pane", format!("pane-{}", pane.word()))} aria-label={text::pane(pane)}
            tabindex="-1">
            <header class="pane-head">
                if pane == Pane::Lesson {
                    // The lesson has a title of its own.
                    <span class="pane-name" aria-hidden="true">{ text::pane(pane) }</span>
                } else {
                    <h2 class="pane-name">{ text::pane(pane) }</h2>
                }
                { props.head.clone() }
                <Button {label} {glyph} class="pane-full" on={act.reform(move |_| Action::Full((!full).then_some(pane)))} />
            </header>
            { props.children.clone() }
        </section>
    }
}
