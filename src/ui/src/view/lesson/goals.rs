//! The checklist. Serves lessons; invariant: what changes is said once, in words: a screen reader hears which goal was reached.

use crate::{
    dom,
    protocol::GoalRow,
    shared::Shared,
    state::action::Action,
    text::lesson as words,
    view::kit::{Button, Glyph, Icon, use_act},
};
use yew::prelude::*;

/// The checklist's id in the page.
const SECTION: &str = "goals";

/// The checklist's properties.
#[derive(Properties, PartialEq)]
pub struct GoalsProps {
    /// The goals as they stand.
    pub goals: Shared<Vec<GoalRow>>,
}

/// The checklist.
#[component]
pub fn Goals(props: &GoalsProps) -> Html {
    let act = use_act();
    let done = props.goals.iter().filter(|goal| goal.done).count();
    let spoken =
        props.goals.iter().filter(|goal| goal.done).map(|goal| goal.text.as_str()).collect::<Vec<_>>().join("; ");
    let row = |goal: &GoalRow| {
        let id = goal.id.clone();
        let hint = act.reform(move |_: MouseEvent| Action::Hint(id.clone()));
        html! {
            <li key={goal.id.clone()} class={classes!("goal", goal.done.then_some("is-done"))}>
                <Icon glyph={if goal.done { Glyph::Check } else { Glyph::Ring }} />
                <div>
                    <p class="goal-text">
                        <span class="sr">{ if goal.done { words::DONE } else { words::OPEN } }</span>{ &goal.text }
                    </p>
                    if !goal.done && !goal.missing.is_empty() {
                        <p class="goal-missing">{ words::missing(&goal.missing) }</p>
                    }
                    if !goal.hints.is_empty() {
                        <ol class="goal-hints" aria-label={words::HINTS}>
                            { for goal.hints.iter().map(|hint| html! { <li>{ hint }</li> }) }
                        </ol>
                    }
                    if !goal.done && goal.more_hints > 0 {
                        <Button label={words::hint(goal.hints.len())} class="goal-hint" on={hint} />
                    }
                </div>
            </li>
        }
    };
    html! {
        <section id={SECTION} class="goals" aria-label={words::GOALS}>
            <h3>{ words::GOALS }<span class="muted">{ " " }{ crate::text::of(done, props.goals.len()) }</span></h3>
            <p class="sr" role="status">{ if done > 0 { words::reached(&spoken) } else { String::new() } }</p>
            if props.goals.is_empty() { <p class="muted">{ words::NO_GOALS_YET }</p> }
            <ul>{ for props.goals.iter().map(row) }</ul>
        </section>
    }
}

/// The next goal, in sight while the lesson scrolls; brings the checklist into sight.
#[component]
pub fn GoalBar(props: &GoalsProps) -> Html {
    let Some(last) = props.goals.last() else { return Html::default() };
    let done = props.goals.iter().filter(|goal| goal.done).count();
    let next = props.goals.iter().find(|goal| !goal.done);
    let onclick = Callback::from(|_: MouseEvent| {
        if let Some(section) = dom::element(SECTION) {
            section.scroll_into_view();
        }
    });
    let glyph = if next.is_none() { Glyph::Check } else { Glyph::Ring };
    html! {
        <button type="button" class={classes!("goal-bar", next.is_none().then_some("is-done"))} {onclick}>
            <Icon {glyph} /><b>{ words::goal_count(done, props.goals.len()) }</b>
            <span>{ &next.unwrap_or(last).text }</span>
        </button>
    }
}
