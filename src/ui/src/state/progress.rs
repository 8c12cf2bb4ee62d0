//! How far a person is in the course. Serves the lesson pane and the picker; invariant: a goal once reached stays counted,
//! also after the lab was thrown away.

use crate::protocol::GoalRow;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The course.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// By lesson.
    pub lessons: BTreeMap<String, LessonProgress>,
    /// The lesson that was open last.
    pub last: Option<String>,
}

/// A lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LessonProgress {
    /// Goals reached at once, at best.
    pub reached: u32,
    /// All goals were reached.
    pub done: bool,
    /// Hints that were asked for.
    pub hints: u32,
    /// Answers committed to, by question.
    pub answers: BTreeMap<u32, u32>,
}

/// How a lesson is shown in the picker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was reached.
    New,
    /// Something was reached.
    Begun,
    /// Everything was.
    Done,
}

impl Progress {
    /// A lesson's progress, for changing.
    pub fn of(&mut self, lesson: &str) -> &mut LessonProgress {
        self.lessons.entry(lesson.to_owned()).or_default()
    }

    /// How a lesson stands.
    pub fn standing(&self, lesson: &str) -> Standing {
        match self.lessons.get(lesson) {
            Some(progress) if progress.done => Standing::Done,
            Some(progress) if progress.reached > 0 || !progress.answers.is_empty() => Standing::Begun,
            _ => Standing::New,
        }
    }

    /// Takes the goals as they stand; gives whether that was news.
    pub fn goals(&mut self, lesson: &str, goals: &[GoalRow]) -> bool {
        let reached = goals.iter().filter(|goal| goal.done).count();
        let reached = u32::try_from(reached).unwrap_or(u32::MAX);
        let all = !goals.is_empty() && goals.iter().all(|goal| goal.done);
        let before = self.lessons.get(lesson).map_or((0, false), |progress| (progress.reached, progress.done));
        let news = reached > before.0 || (all && !before.1);
        if news {
            let progress = self.of(lesson);
            progress.reached = progress.reached.max(reached);
            progress.done |= all;
        }
        news
    }

    /// How many of these lessons are done.
    pub fn done_of<'a>(&self, lessons: impl Iterator<Item = &'a str>) -> usize {
        lessons.filter(|lesson| self.standing(lesson) == Standing::Done).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(done: bool) -> GoalRow {
        let (id, text, missing) = ("g".to_owned(), "G".to_owned(), String::new());
        GoalRow { id, text, done, missing, hints: Vec::new(), more_hints: 3 }
    }

    #[test]
    fn reached_goals_stay_counted() {
        let mut progress = Progress::default();
        assert!(!progress.goals("a", &[goal(false)]) && progress.lessons.is_empty());
        assert!(progress.goals("a", &[goal(true), goal(false)]));
        assert!(!progress.goals("a", &[goal(false), goal(true)]));
        assert_eq!(progress.standing("a"), Standing::Begun);
        assert!(progress.goals("a", &[goal(true), goal(true)]));
        assert!(!progress.goals("a", &[goal(false), goal(false)]));
        assert_eq!((progress.standing("a"), progress.standing("b")), (Standing::Done, Standing::New));
        assert_eq!(progress.done_of(["a", "b"].into_iter()), 1);
    }

    #[test]
    fn it_survives_being_written() {
        let mut progress = Progress::default();
        progress.of("a").answers.insert(0, 2);
        let text = serde_json::to_string(&progress).unwrap();
        assert_eq!(serde_json::from_str::<Progress>(&text).unwrap(), progress);
        assert_eq!(progress.standing("a"), Standing::Begun);
    }
}
