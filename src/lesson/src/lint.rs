//! What can be said of a lesson without running it: its place in the course, its words, its length. Serves the check;
//! invariant: each finding names what is wrong and where.

use crate::{Block, Finding, Lesson, Term, course, glossary};

/// How long a lesson may be, in minutes.
const MINUTES: std::ops::RangeInclusive<u32> = 3..=8;
/// The topics of the source tutorial, `S1` to this.
const SOURCE_TOPICS: u32 = 35;

/// Everything that is wrong with a lesson as a text.
pub(crate) fn lint(lesson: &Lesson) -> Vec<Finding> {
    let mut all = place(lesson);
    if !MINUTES.contains(&lesson.minutes) {
        all.push(format!("it takes {} minutes, not {} to {}", lesson.minutes, MINUTES.start(), MINUTES.end()));
    }
    if lesson.wrong.is_empty() {
        all.push("it has no wrong way that must lose".to_owned());
    }
    let is_topic = |text: &String| {
        let number = text.strip_prefix('S').and_then(|n| n.parse::<u32>().ok());
        number.is_some_and(|n| (1..=SOURCE_TOPICS).contains(&n))
    };
    if lesson.covers.is_empty() {
        all.push("it covers no topic of the source tutorial".to_owned());
    }
    all.extend(
        lesson
            .covers
            .iter()
            .filter(|text| !is_topic(text))
            .map(|text| format!("it covers {text}, not S1 to S{SOURCE_TOPICS}")),
    );
    all.extend(words(lesson));
    all.into_iter().map(Finding).collect()
}

/// The course has it, and what it needs comes before.
fn place(lesson: &Lesson) -> Vec<String> {
    let ids: Vec<&str> = course().iter().flat_map(crate::Chapter::ids).collect();
    let Some(at) = ids.iter().position(|id| *id == lesson.id) else {
        return vec![format!("the course has no lesson {}", lesson.id)];
    };
    let late = |need: &&String| !ids[..at].contains(&need.as_str());
    lesson.needs.iter().filter(late).map(|need| format!("it needs {need}, which does not come before it")).collect()
}

/// Every emphasised word is in the glossary, nobody shouts, and Kafka's documentation is named.
fn words(lesson: &Lesson) -> Vec<String> {
    let glossary = match glossary() {
        Ok(glossary) => glossary,
        Err(reason) => return vec![reason],
    };
    let mut all = Vec::new();
    let mut documented = false;
    for block in &lesson.blocks {
        match block {
            Block::Prose(html) => {
                all.extend(unknown_terms(html, &glossary));
                all.extend(shouts(html));
            }
            Block::Production(html) => {
                documented |= html.contains("documentation:");
                all.extend(shouts(html));
            }
            Block::Predict { question, because, answers, .. } => {
                all.extend([question, because].into_iter().chain(answers).filter_map(|text| shouts(text)));
            }
            Block::Remember(text) => all.extend(shouts(text)),
            Block::Run { .. } => {}
        }
    }
    let said = lesson.goals.iter().map(|goal| &goal.text).chain(lesson.answers.iter().map(|answer| &answer.say));
    all.extend(said.filter_map(|text| shouts(text)));
    if !documented {
        all.push("its block on production does not name Kafka's documentation".to_owned());
    }
    all
}

fn unknown_terms(html: &str, glossary: &[Term]) -> Vec<String> {
    let emphasised = html.split("<em>").skip(1).filter_map(|rest| rest.split_once("</em>")).map(|(text, _)| text);
    let plain = emphasised.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let unknown = plain.filter(|text| !glossary.iter().any(|term| term.is_written(text)));
    unknown.map(|text| format!("the glossary does not have {text:?} (for stress, use **strong**)")).collect()
}

fn shouts(text: &str) -> Option<String> {
    let shouted = text.split_whitespace().find(|word| word.ends_with('!') && word.len() > 1)?;
    Some(format!("an exclamation mark: {shouted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_and_shouts() {
        let term = Term { name: "batch".into(), also: vec!["batches".into()], lesson: "a".into(), says: "B.".into() };
        let html = "A <em>batch</em>, <em>Batches</em> and a <em>base\noffset</em>.";
        let unknown = unknown_terms(html, std::slice::from_ref(&term));
        assert_eq!(unknown, ["the glossary does not have \"base offset\" (for stress, use **strong**)"]);
        assert_eq!(shouts("Look! There"), Some("an exclamation mark: Look!".to_owned()));
        assert_eq!(shouts("a != b"), None);
    }

    #[test]
    fn a_lesson_of_the_course_is_well() {
        for id in course().iter().flat_map(crate::Chapter::ids) {
            assert_eq!(lint(&Lesson::by_id(id).unwrap()), [], "{id}");
        }
    }

    #[test]
    fn what_is_wrong_is_found() {
        let mut lesson = Lesson::by_id("offsets").unwrap();
        (lesson.minutes, lesson.wrong) = (20, Vec::new());
        lesson.covers = vec!["S36".into()];
        lesson.needs = vec!["order".into()];
        let found: Vec<String> = lint(&lesson).into_iter().map(|f| f.0).collect();
        let expected = [
            "it needs order, which does not come before it",
            "it takes 20 minutes, not 3 to 8",
            "it has no wrong way that must lose",
            "it covers S36, not S1 to S35",
        ];
        assert_eq!(found, expected);
    }
}
