//! The course as the page needs it: titles and routes. Serves picker, lesson pane and routes; invariant: each lesson file is
//! read at most once for its title.

use crate::model::route::Route;
use ottla_lesson::course;
pub use ottla_lesson::{Block, Lesson};

/// A lesson in the picker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: String,
    /// How long it takes, in minutes.
    pub minutes: u32,
}

/// A chapter in the picker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Its number and title.
    pub title: &'static str,
    /// Its lessons.
    pub lessons: Vec<Entry>,
}

thread_local! {
    static CHAPTERS: Vec<Chapter> = read();
}

/// Calls `with` with the chapters in order.
pub fn chapters<T>(with: impl FnOnce(&[Chapter]) -> T) -> T {
    CHAPTERS.with(|chapters| with(chapters))
}

fn read() -> Vec<Chapter> {
    let entry = |id| {
        let lesson = Lesson::by_id(id).ok()?;
        Some(Entry { id, title: lesson.title, minutes: lesson.minutes })
    };
    course()
        .iter()
        .map(|chapter| Chapter { title: chapter.title, lessons: chapter.ids().filter_map(entry).collect() })
        .collect()
}

/// The ids of all lessons in order.
pub fn ids() -> Vec<&'static str> {
    course().iter().flat_map(ottla_lesson::Chapter::ids).collect()
}

/// The lesson after this one.
pub fn after(id: &str) -> Option<&'static str> {
    let ids = ids();
    let index = ids.iter().position(|other| *other == id)?;
    ids.get(index + 1).copied()
}

/// The lesson that an address asks for (`None`: the sandbox), and the id in it if no lesson has that.
pub fn lesson_of(route: &Route, last: Option<&str>) -> (Option<String>, Option<String>) {
    let ids = ids();
    let first = || ids.first().map(|id| (*id).to_owned());
    match route {
        Route::Sandbox => (None, None),
        Route::Lesson(id) if ids.contains(&id.as_str()) => (Some(id.clone()), None),
        Route::Lesson(id) => (first(), Some(id.clone())),
        Route::Start => (last.filter(|last| ids.contains(last)).map(str::to_owned).or_else(first), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_course_has_an_order() {
        let ids = ids();
        assert_eq!(ids[0], "first-records");
        assert_eq!(after(ids[0]), ids.get(1).copied());
        assert_eq!(after(ids[ids.len() - 1]), None);
        let listed: usize = chapters(|chapters| chapters.iter().map(|chapter| chapter.lessons.len()).sum());
        assert_eq!(listed, ids.len());
    }

    #[test]
    fn addresses_find_lessons() {
        let first = Some("first-records".to_owned());
        assert_eq!(lesson_of(&Route::Start, None), (first.clone(), None));
        assert_eq!(lesson_of(&Route::Start, Some("gone")), (first.clone(), None));
        assert_eq!(lesson_of(&Route::Sandbox, None), (None, None));
        assert_eq!(lesson_of(&Route::Lesson("nope".into()), None), (first, Some("nope".into())));
    }
}
