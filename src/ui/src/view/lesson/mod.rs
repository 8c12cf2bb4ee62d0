//! The lesson's pane. Serves the page; invariant: a lesson's file is read once, when the lesson is opened.

mod goals;
mod predict;
mod run;

use self::{
    goals::{GoalBar, Goals},
    predict::Predict,
    run::RunCommand,
};
use super::{
    kit::{Glyph, Icon, use_act},
    panes::PaneFrame,
};
use crate::{
    course::{self, Block, Lesson},
    dom,
    model::route::Route,
    protocol::GoalRow,
    shared::Shared,
    state::{action::Action, layout::Pane, progress::Progress},
    text::{self, lesson as words},
};
use yew::prelude::*;

/// The pane's properties.
#[derive(Properties, PartialEq)]
pub struct LessonPaneProps {
    /// The lesson's id; `None` is the sandbox.
    pub lesson: Option<String>,
    /// The goals as they stand.
    pub goals: Shared<Vec<GoalRow>>,
    /// What was said to mistakes.
    pub said: Vec<String>,
    /// The course.
    pub progress: Shared<Progress>,
    /// The pane fills the screen.
    pub full: bool,
}

/// The lesson's pane.
#[component]
pub fn LessonPane(props: &LessonPaneProps) -> Html {
    let lesson = use_memo(props.lesson.clone(), |id| id.as_deref().map(Lesson::by_id));
    {
        let title = match &*lesson {
            Some(Ok(lesson)) => lesson.title.clone(),
            _ => text::SANDBOX.to_owned(),
        };
        use_effect_with(title, |title| dom::set_title(&text::page_title(title)));
    }
    let content = match &*lesson {
        None => html! { <Sandbox /> },
        Some(Err(error)) => html! { <p class="empty">{ words::unreadable(&error.to_string()) }</p> },
        Some(Ok(lesson)) => lesson_html(props, lesson),
    };
    html! {
        <PaneFrame pane={Pane::Lesson} full={props.full}>
            <div class="lesson-scroll" tabindex="0" key={props.lesson.clone().unwrap_or_default()}>
                <article class="lesson">{ content }</article>
            </div>
            if props.lesson.is_some() { <GoalBar goals={props.goals.clone()} /> }
        </PaneFrame>
    }
}

fn lesson_html(props: &LessonPaneProps, lesson: &Lesson) -> Html {
    let mut question = 0;
    let blocks = lesson.blocks.iter().enumerate().map(|(index, block)| {
        let key = format!("{}-{index}", lesson.id);
        match block {
            Block::Predict { question: asked, answers, correct, because } => {
                let number = question;
                question += 1;
                let chosen = props.progress.lessons.get(&lesson.id).and_then(|all| all.answers.get(&number)).copied();
                html! {
                    <Predict {key} {number} question={asked.clone()} answers={answers.clone()} correct={*correct}
                        because={because.clone()} {chosen} />
                }
            }
            other => block_html(key, other),
        }
    });
    let blocks: Html = blocks.collect();
    let done = !props.goals.is_empty() && props.goals.iter().all(|goal| goal.done);
    html! {
        <>
            <h2>{ &lesson.title }</h2>
            <p class="lesson-about">{ text::minutes(lesson.minutes) }</p>
            { blocks }
            <Goals goals={props.goals.clone()} />
            <Said said={props.said.clone()} />
            if done { <Onward from={lesson.id.clone()} /> }
        </>
    }
}

fn block_html(key: String, block: &Block) -> Html {
    match block {
        // Our own markdown writer escapes what a lesson holds of HTML.
        Block::Prose(prose) => html! { <div {key} class="prose">{ raw(prose) }</div> },
        Block::Run { terminal, command } => {
            html! { <RunCommand {key} terminal={*terminal} command={command.clone()} /> }
        }
        Block::Remember(line) => html! {
            <aside {key} class="remember" aria-label={words::REMEMBER}><b>{ words::REMEMBER }</b><p>{ line }</p></aside>
        },
        Block::Production(prose) => html! {
            <details {key} class="production"><summary>{ words::PRODUCTION }</summary><div class="prose">{ raw(prose) }</div></details>
        },
        Block::Predict { .. } => Html::default(),
    }
}

fn raw(html: &str) -> Html {
    Html::from_html_unchecked(AttrValue::from(html.to_owned()))
}

#[derive(Properties, PartialEq)]
struct SaidProps {
    said: Vec<String>,
}

/// What was said to foreseen mistakes.
#[component]
fn Said(props: &SaidProps) -> Html {
    html! {
        <div class="said" role="status" aria-label={words::SAID}>
            { for props.said.iter().rev().take(2).map(|words| html! {
                <p><Icon glyph={Glyph::Warn} /><span>{ words }</span></p>
            }) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct OnwardProps {
    from: String,
}

/// All goals are reached: on to the next lesson.
#[component]
fn Onward(props: &OnwardProps) -> Html {
    let next = course::after(&props.from);
    let title = next.and_then(|next| {
        course::chapters(|all| {
            let mut entries = all.iter().flat_map(|chapter| &chapter.lessons);
            entries.find(|entry| entry.id == next).map(|entry| entry.title.clone())
        })
    });
    html! {
        <div class="onward">
            <p><Icon glyph={Glyph::Check} />{ words::REACHED }</p>
            <a class="button is-main" href={Route::hash(next)}>
                { words::onward(title.as_deref().unwrap_or(text::SANDBOX)) }
            </a>
        </div>
    }
}

/// No lesson: what can be tried.
#[component]
fn Sandbox() -> Html {
    let act = use_act();
    let onclick = act.reform(|_: MouseEvent| Action::Dialog(Some(crate::state::Dialog::Lessons)));
    html! {
        <>
            <h2>{ text::SANDBOX }</h2>
            { for words::SANDBOX.iter().map(|words| html! { <p>{ *words }</p> }) }
            { for words::SANDBOX_COMMANDS.iter().map(|(terminal, command)| html! {
                <RunCommand terminal={*terminal} command={*command} />
            }) }
            <p><button type="button" class="button" {onclick}>{ text::LESSONS }</button></p>
        </>
    }
}
