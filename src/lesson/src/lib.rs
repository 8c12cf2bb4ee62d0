//! Lessons: their format, their goals as named predicates, a learner's progress, and the check that proves them.
//!
//! Serves the page's worker and `ottla lesson check`. Invariant: a lesson reads a lab through its views and changes it only
//! by inputs a person could give; a lesson that does not do what its text says does not pass its check.

mod body;
mod check;
mod course;
mod facts;
mod format;
mod glossary;
mod lint;
mod predicate;
mod session;
mod step;

pub use body::{Block, blocks};
pub use check::{Finding, check};
pub use course::{Chapter, course, lesson_text};
pub use facts::Facts;
pub use format::{Answer, Goal, Lesson, LessonError, LessonLab, Wrong};
pub use glossary::{Term, glossary};
pub use predicate::{
    AddressPredicate, ClusterPredicate, ElectionPredicate, LogPredicate, PlacementPredicate, Predicate,
    ReadingPredicate, RecordPredicate, ReplicationPredicate, Retention, SegmentPredicate, ToolPredicate,
    TopicPredicate, Verdict,
};
pub use session::{GoalState, Session};
pub use step::{Step, StepError};
