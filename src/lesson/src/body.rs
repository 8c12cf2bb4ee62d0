//! A lesson's prose as blocks. Serves the page; invariant: HTML comes from markdown only, raw HTML in a lesson is shown as
//! text.

use pulldown_cmark::{Event, Options, Parser, html};
use serde::Deserialize;

/// A piece of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Prose, as HTML.
    Prose(String),
    /// A command to run with a click.
    Run {
        /// Which terminal, from 0.
        terminal: u32,
        /// The command.
        command: String,
    },
    /// A question the learner answers before seeing.
    Predict {
        /// The question.
        question: String,
        /// What can be answered.
        answers: Vec<String>,
        /// Which answer is right, from 0.
        correct: u32,
        /// Why.
        because: String,
    },
    /// The one line to remember.
    Remember(String),
    /// What differs in production, as HTML.
    Production(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    question: String,
    answers: Vec<String>,
    correct: u32,
    because: String,
}

/// Splits a body into blocks.
///
/// # Errors
/// A `:::` block that is unknown, not closed or can't be read.
pub fn blocks(body: &str) -> Result<Vec<Block>, String> {
    let (mut out, mut prose) = (Vec::new(), String::new());
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix(":::") else {
            prose.push_str(line);
            prose.push('\n');
            continue;
        };
        flush(&mut out, &mut prose);
        let mut inner = String::new();
        loop {
            match lines.next() {
                Some(":::") => break,
                Some(line) => {
                    inner.push_str(line);
                    inner.push('\n');
                }
                None => return Err(format!(":::{name} is not closed")),
            }
        }
        out.push(block(name.trim(), inner.trim_end())?);
    }
    flush(&mut out, &mut prose);
    Ok(out)
}

fn flush(out: &mut Vec<Block>, prose: &mut String) {
    if !prose.trim().is_empty() {
        out.push(Block::Prose(to_html(prose)));
    }
    prose.clear();
}

fn block(name: &str, inner: &str) -> Result<Block, String> {
    if let Some(terminal) = name.strip_prefix("run") {
        let number: u32 = terminal.trim().parse().map_err(|_| format!(":::{name}: which terminal?"))?;
        let terminal = number.checked_sub(1).ok_or("terminals count from 1")?;
        return Ok(Block::Run { terminal, command: inner.to_owned() });
    }
    match name {
        "predict" => {
            let q: Question = toml::from_str(inner).map_err(|e| format!(":::predict: {e}"))?;
            if q.correct as usize >= q.answers.len() {
                return Err(":::predict: the right answer is not among the answers".to_owned());
            }
            Ok(Block::Predict { question: q.question, answers: q.answers, correct: q.correct, because: q.because })
        }
        "remember" => Ok(Block::Remember(inner.to_owned())),
        "production" => Ok(Block::Production(to_html(inner))),
        _ => Err(format!("unknown block :::{name}")),
    }
}

fn to_html(markdown: &str) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_all_kinds() {
        let body = "Hello *you* <script>x</script>\n:::run 2\nls -l\n:::\n:::predict\nquestion = \"Q\"\nanswers = [\"a\"]\n\
                    correct = 0\nbecause = \"b\"\n:::\n:::remember\nOne line.\n:::\n";
        let all = blocks(body).unwrap();
        let Block::Prose(html) = &all[0] else { panic!("prose first") };
        assert!(html.contains("<em>you</em>") && html.contains("&lt;script&gt;"));
        assert_eq!(all[1], Block::Run { terminal: 1, command: "ls -l".into() });
        assert!(matches!(&all[2], Block::Predict { correct: 0, .. }));
        assert_eq!(all[3], Block::Remember("One line.".into()));
        assert!(blocks(":::run 1\nls").is_err() && blocks(":::what\n:::").is_err() && blocks(":::run 0\n:::").is_err());
    }
}
