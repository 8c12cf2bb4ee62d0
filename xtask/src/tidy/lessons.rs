//! A lesson that the course does not list is one that nobody finds: each file of `lessons/` is in `lessons/course.toml`.
use super::{Finding, Source};

const COURSE: &str = "lessons/course.toml";

/// The lessons that the course does not name. Without a course there is nothing to check yet.
pub fn check(sources: &[Source]) -> Vec<Finding> {
    let Some(course) = sources.iter().find(|source| source.path == COURSE) else {
        return Vec::new();
    };
    sources
        .iter()
        .filter(|source| is_lesson(&source.path) && !is_listed(&course.text, &source.path))
        .map(|source| source.finding(0, format!("not in {COURSE}")))
        .collect()
}

fn is_lesson(path: &str) -> bool {
    path.starts_with("lessons/") && path.ends_with(".md") && !path.ends_with("README.md")
}

/// The course names a lesson by its file, with or without folder and ending.
fn is_listed(course: &str, path: &str) -> bool {
    let path = path.trim_start_matches("lessons/");
    let file = path.rsplit('/').next().unwrap_or(path);
    [path, file].iter().any(|name| {
        let stem = name.trim_end_matches(".md");
        course.contains(&format!("\"{name}\"")) || course.contains(&format!("\"{stem}\""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_that_is_not_listed_is_found() {
        let course = Source::of(COURSE, "lessons = [\"acks\", \"log/offsets.md\"]");
        let lessons = ["acks.md", "log/offsets.md", "README.md", "log/lost.md"];
        let mut sources: Vec<_> = lessons.iter().map(|name| Source::of(&format!("lessons/{name}"), "")).collect();
        assert_eq!(check(&sources), []);
        sources.push(course);
        let found = check(&sources);
        assert_eq!((found.len(), found[0].file.as_str()), (1, "lessons/log/lost.md"));
    }
}
