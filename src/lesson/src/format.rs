//! A lesson file: a TOML head between `+++` lines, then markdown. Serves authors; invariant: unknown keys and missing
//! pieces are refused with a sentence that says where.

use crate::{
    Predicate,
    body::{Block, blocks},
    step::{Step, StepError},
};
use ottla_lab::LabConfig;
use serde::Deserialize;
use thiserror::Error;

/// Why a file is no lesson.
#[derive(Debug, Error)]
pub enum LessonError {
    /// No head.
    #[error("a lesson begins with a TOML head between two lines of +++")]
    NoHead,
    /// The head can't be read.
    #[error("head: {0}")]
    Head(#[from] Box<toml::de::Error>),
    /// A step can't be read.
    #[error("{0}")]
    Step(#[from] StepError),
    /// The body can't be read.
    #[error("body: {0}")]
    Body(String),
    /// Something that a lesson must have is missing or wrong.
    #[error("{0}")]
    Missing(String),
}

/// The lab of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonLab {
    /// How many brokers.
    pub brokers: u32,
    /// The brokers' ids, if they are not 1, 2, 3….
    #[serde(default)]
    pub ids: Vec<i32>,
    /// How many controllers.
    pub controllers: u32,
    /// The seed.
    pub seed: u64,
    /// Settings of every node.
    #[serde(default)]
    pub settings: std::collections::BTreeMap<String, String>,
}

/// A goal: one line of the checklist.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// Its name within the lesson.
    pub id: String,
    /// Its sentence.
    pub text: String,
    /// When it is reached.
    pub when: Predicate,
    /// A nudge, the command's shape, the command.
    #[serde(default)]
    pub hints: Vec<String>,
}

/// A way that must not win.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// What it is.
    pub name: String,
    /// Its steps.
    pub run: Vec<String>,
}

/// A foreseen mistake and its own words.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// When it is said.
    pub when: Predicate,
    /// What is said.
    pub say: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    id: String,
    title: String,
    minutes: u32,
    #[serde(default)]
    needs: Vec<String>,
    covers: Vec<String>,
    lab: LessonLab,
    #[serde(default)]
    setup: Vec<String>,
    solution: Vec<String>,
    goal: Vec<Goal>,
    #[serde(default)]
    wrong: Vec<Wrong>,
    #[serde(default)]
    answer: Vec<Answer>,
}

/// A lesson.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Its name in links and files.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How long it takes, in minutes.
    pub minutes: u32,
    /// Lessons to do before.
    pub needs: Vec<String>,
    /// Topics of the source tutorial that it covers, `S1` to `S35`.
    pub covers: Vec<String>,
    /// Its lab.
    pub lab: LessonLab,
    /// Scripts that run before the learner sees the lab.
    pub setup: Vec<String>,
    /// Steps that win.
    pub solution: Vec<Step>,
    /// Its goals.
    pub goals: Vec<Goal>,
    /// Ways that must not win.
    pub wrong: Vec<(String, Vec<Step>)>,
    /// Foreseen mistakes.
    pub answers: Vec<Answer>,
    /// Its prose.
    pub blocks: Vec<Block>,
}

impl Lesson {
    /// Reads a lesson file.
    ///
    /// # Errors
    /// What is missing or can't be read.
    pub fn parse(text: &str) -> Result<Lesson, LessonError> {
        let rest = text.strip_prefix("+++\n").ok_or(LessonError::NoHead)?;
        let (head, body) = rest.split_once("\n+++\n").ok_or(LessonError::NoHead)?;
        let head: Head = toml::from_str(head).map_err(Box::new)?;
        let steps = |all: &[String]| all.iter().map(|s| Step::parse(s)).collect::<Result<Vec<_>, _>>();
        let wrong = head.wrong.iter().map(|w| Ok((w.name.clone(), steps(&w.run)?)));
        let lesson = Lesson {
            solution: steps(&head.solution)?,
            wrong: wrong.collect::<Result<_, StepError>>()?,
            blocks: blocks(body).map_err(LessonError::Body)?,
            id: head.id,
            title: head.title,
            minutes: head.minutes,
            needs: head.needs,
            covers: head.covers,
            lab: head.lab,
            setup: head.setup,
            goals: head.goal,
            answers: head.answer,
        };
        lesson.complete()?;
        Ok(lesson)
    }

    fn complete(&self) -> Result<(), LessonError> {
        let missing = |text: &str| Err(LessonError::Missing(format!("{}: {text}", self.id)));
        if self.goals.is_empty() || self.solution.is_empty() {
            return missing("a lesson has at least one goal and a solution");
        }
        if self.goals.iter().any(|g| g.hints.len() != 3) {
            return missing("each goal has three hints: a nudge, the command's shape, the command");
        }
        if !self.blocks.iter().any(|b| matches!(b, Block::Predict { .. })) {
            return missing("a lesson asks for a prediction");
        }
        if !self.blocks.iter().any(|b| matches!(b, Block::Remember(_))) {
            return missing("a lesson has one line to remember");
        }
        self.lab_config().check().map_err(|e| LessonError::Missing(format!("{}: {e}", self.id)))
    }

    /// The description of its lab.
    pub fn lab_config(&self) -> LabConfig {
        LabConfig {
            brokers: self.lab.brokers,
            ids: self.lab.ids.clone(),
            controllers: self.lab.controllers,
            seed: self.lab.seed,
            settings: self.lab.settings.clone(),
            ..LabConfig::default()
        }
    }
}
