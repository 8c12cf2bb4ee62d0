//! A learner in a lesson: goals reached, hints asked for. Serves the page; invariant: a goal that was reached stays
//! reached.

use crate::{Facts, Lesson, Verdict};
use ottla_lab::Lab;
use std::collections::{BTreeMap, BTreeSet};

/// A goal as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalState {
    /// Its id.
    pub id: String,
    /// Its sentence.
    pub text: String,
    /// Whether it was reached.
    pub done: bool,
    /// What is missing, while it is not.
    pub missing: String,
    /// The hints asked for.
    pub hints: Vec<String>,
    /// How many more there are.
    pub more_hints: u32,
}

/// Progress in one lesson.
#[derive(Clone, Debug)]
pub struct Session {
    lesson: Lesson,
    done: BTreeSet<String>,
    hints: BTreeMap<String, usize>,
    said: BTreeSet<usize>,
}

impl Session {
    /// A learner who has reached these goals already.
    pub fn new(lesson: Lesson, done: BTreeSet<String>) -> Session {
        Session { lesson, done, hints: BTreeMap::new(), said: BTreeSet::new() }
    }

    /// The lesson.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// The goals reached, by id.
    pub fn done(&self) -> &BTreeSet<String> {
        &self.done
    }

    /// Whether all goals are reached.
    pub fn is_won(&self) -> bool {
        self.lesson.goals.iter().all(|g| self.done.contains(&g.id))
    }

    /// Gives one more hint for a goal.
    pub fn hint(&mut self, goal: &str) {
        *self.hints.entry(goal.to_owned()).or_default() += 1;
    }

    /// Looks at the lab: the goals as they stand, and the words for mistakes seen for the first time.
    pub fn look(&mut self, lab: &Lab) -> (Vec<GoalState>, Vec<String>) {
        let facts = Facts::of(lab);
        let mut said = Vec::new();
        for (n, answer) in self.lesson.answers.iter().enumerate() {
            if !self.said.contains(&n) && answer.when.verdict(&facts).is_done() {
                self.said.insert(n);
                said.push(answer.say.clone());
            }
        }
        let mut states = Vec::new();
        for goal in &self.lesson.goals {
            let missing = match goal.when.verdict(&facts) {
                _ if self.done.contains(&goal.id) => String::new(),
                Verdict::Done => {
                    self.done.insert(goal.id.clone());
                    String::new()
                }
                Verdict::Missing(text) => text,
            };
            let shown = self.hints.get(&goal.id).copied().unwrap_or(0).min(goal.hints.len());
            states.push(GoalState {
                id: goal.id.clone(),
                text: goal.text.clone(),
                done: self.done.contains(&goal.id),
                missing,
                hints: goal.hints[..shown].to_vec(),
                more_hints: (goal.hints.len() - shown) as u32,
            });
        }
        (states, said)
    }
}
