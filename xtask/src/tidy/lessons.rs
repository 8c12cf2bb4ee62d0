//! A lesson that the course does not list is one that nobody finds: each file of `lessons/` is in `src/lesson/src/course.rs`.
//! And the page shows the first lesson's heading as text, before any program has run: it must be that lesson's title.
use super::{Finding, Source};

const COURSE: &str = "src/lesson/src/course.rs";

const PAGE: &str = "index.html";
const FIRST: &str = "id = \"first-records\"";

/// What is wrong with the course as a whole.
pub fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = unlisted(sources);
    findings.extend(wrong_heading(sources));
    findings
}

/// The page's heading, if it is not the first lesson's title.
fn wrong_heading(sources: &[Source]) -> Option<Finding> {
    let page = sources.iter().find(|source| source.path == PAGE)?;
    let first = sources.iter().find(|source| is_lesson(&source.path) && source.text.contains(FIRST))?;
    let title = first.text.lines().find_map(|line| line.strip_prefix("title = \""))?.trim_end_matches('"');
    let heading = format!("<h2>{title}</h2>");
    (!page.text.contains(&heading)).then(|| page.finding(0, format!("the first lesson's heading is {heading}")))
}

/// The lessons that the course does not name. Without a course there is nothing to check yet.
fn unlisted(sources: &[Source]) -> Vec<Finding> {
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
    fn the_page_opens_with_the_first_lesson() {
        let page = Source::of(PAGE, "<h2>A cluster, now</h2>");
        let lesson = |title: &str| Source::of("lessons/a.md", &format!("+++\n{FIRST}\ntitle = \"{title}\"\n+++\n"));
        assert_eq!(check(&[page.clone(), lesson("A cluster, now")]), []);
        assert_eq!(check(&[page, lesson("Another")])[0].file, PAGE);
    }

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
