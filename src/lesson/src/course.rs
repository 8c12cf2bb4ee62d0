//! The course: which lessons there are, in which order. Serves the lesson picker and the check; invariant: every file under
//! `lessons/` stands here (the tidy test compares).

use crate::{Lesson, LessonError};

/// A chapter and its lessons.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// Its number and title.
    pub title: &'static str,
    /// Its lessons, as text.
    lessons: &'static [(&'static str, &'static str)],
}

macro_rules! lesson {
    ($id:literal) => {
        ($id, include_str!(concat!("../../../lessons/", $id, ".md")))
    };
}

const COURSE: &[Chapter] = &[
    Chapter { title: "1 Start", lessons: &[lesson!("first-records")] },
    Chapter {
        title: "2 Topics and logs",
        lessons: &[
            lesson!("partitions"),
            lesson!("offsets"),
            lesson!("order"),
            lesson!("immutable"),
            lesson!("segments"),
            lesson!("retention"),
            lesson!("compaction"),
            lesson!("timestamps"),
        ],
    },
    Chapter {
        title: "3 Brokers",
        lessons: &[
            lesson!("bootstrap"),
            lesson!("placement"),
            lesson!("replicas"),
            lesson!("high-watermark"),
            lesson!("isr"),
            lesson!("broker-dies"),
            lesson!("broker-returns"),
            lesson!("min-isr"),
            lesson!("unclean"),
            lesson!("controllers"),
            lesson!("reassign"),
        ],
    },
];

/// The chapters in order.
pub fn course() -> &'static [Chapter] {
    COURSE
}

/// The text of a lesson file.
pub fn lesson_text(id: &str) -> Option<&'static str> {
    COURSE.iter().flat_map(|c| c.lessons).find(|(name, _)| *name == id).map(|(_, text)| *text)
}

impl Chapter {
    /// The ids of its lessons, in order.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.lessons.iter().map(|(id, _)| *id)
    }
}

impl Lesson {
    /// The lesson of an id.
    ///
    /// # Errors
    /// None of that id, or its file is no lesson.
    pub fn by_id(id: &str) -> Result<Lesson, LessonError> {
        let text = lesson_text(id).ok_or_else(|| LessonError::Missing(format!("there is no lesson {id}")))?;
        Lesson::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_reads_and_is_named_as_its_file() {
        for id in COURSE.iter().flat_map(Chapter::ids) {
            let lesson = Lesson::by_id(id).unwrap_or_else(|e| panic!("{id}: {e}"));
            assert_eq!(lesson.id, id);
            assert!(lesson.needs.iter().all(|n| lesson_text(n).is_some()), "{id} needs a lesson that is not there");
        }
    }
}
