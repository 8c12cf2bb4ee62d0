//! A question the learner answers before seeing. Serves lessons; invariant: the right answer is shown only after one was
//! committed to.

use crate::{
    state::action::Action,
    text::lesson as words,
    view::kit::{Glyph, Icon, use_act},
};
use yew::prelude::*;

/// A question's properties.
#[derive(Properties, PartialEq)]
pub struct PredictProps {
    /// Which question of the lesson, from 0.
    pub number: u32,
    /// The question.
    pub question: String,
    /// What can be answered.
    pub answers: Vec<String>,
    /// Which answer is right, from 0.
    pub correct: u32,
    /// Why.
    pub because: String,
    /// The answer committed to.
    pub chosen: Option<u32>,
}

/// A question.
#[component]
pub fn Predict(props: &PredictProps) -> Html {
    let act = use_act();
    let picked = use_state(|| None::<u32>);
    let number = props.number;
    let onsubmit = {
        let (act, picked, answers) = (act.clone(), picked.clone(), props.answers.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(answer) = *picked {
                let words = answers.get(answer as usize).cloned().unwrap_or_default();
                act.emit(Action::Predict { question: number, answer, words });
            }
        })
    };
    let committed = props.chosen.is_some();
    let selected = props.chosen.or(*picked);
    let answer = |index: u32, words: &String| {
        let picked = picked.clone();
        html! {
            <label class={classes!("choice", committed.then(|| mark_class(props, index)))}>
                <input type="radio" name={format!("predict-{number}")} checked={selected == Some(index)} disabled={committed}
                    onchange={Callback::from(move |_: Event| picked.set(Some(index)))} />
                <span>{ words }</span>
                if committed { { mark(props, index) } }
            </label>
        }
    };
    html! {
        <form class="predict" {onsubmit}>
            <fieldset>
                <legend><span class="predict-label">{ words::PREDICT }</span>{ &props.question }</legend>
                { for (0..).zip(&props.answers).map(|(index, words)| answer(index, words)) }
            </fieldset>
            if !committed {
                <button type="submit" class="button is-main" disabled={picked.is_none()}>{ words::COMMIT }</button>
            }
            <div class="predict-because" role="status">
                if let Some(chosen) = props.chosen {
                    <p><b>{ if chosen == props.correct { words::RIGHT } else { words::WRONG } }</b>{ " " }{ &props.because }</p>
                }
            </div>
        </form>
    }
}

fn mark_class(props: &PredictProps, index: u32) -> &'static str {
    if index == props.correct {
        "is-right"
    } else if props.chosen == Some(index) {
        "is-wrong"
    } else {
        "is-other"
    }
}

fn mark(props: &PredictProps, index: u32) -> Html {
    if index == props.correct {
        html! { <span class="choice-mark"><Icon glyph={Glyph::Check} />{ words::THE_ANSWER }</span> }
    } else if props.chosen == Some(index) {
        html! { <span class="choice-mark">{ words::YOUR_ANSWER }</span> }
    } else {
        Html::default()
    }
}
