//! Tests of the line editor, as keys and what they lead to.

use super::*;

fn editor() -> Editor {
    Editor::new(vec!["ls -l".into(), "kafka-topics --list".into(), "echo hi".into()])
}

fn type_in(editor: &mut Editor, text: &str) {
    text.chars().for_each(|c| {
        editor.press(Key::Char(c), &Vocabulary::default());
    });
}

fn press(editor: &mut Editor, keys: &[Key]) -> Outcome {
    let mut last = Outcome::Edited;
    for key in keys {
        last = editor.press(key.clone(), &Vocabulary::default());
    }
    last
}

#[test]
fn moving_and_cutting() {
    let mut e = editor();
    type_in(&mut e, "one two");
    press(&mut e, &[Key::WordLeft, Key::Char('x'), Key::End, Key::Backspace, Key::Home, Key::Delete]);
    assert_eq!((e.text().as_str(), e.cursor()), ("ne xtw", 0));
    press(&mut e, &[Key::End, Key::KillWord, Key::Home, Key::Yank, Key::Char(' ')]);
    assert_eq!((e.text().as_str(), e.cursor()), ("xtw ne ", 4));
    press(&mut e, &[Key::KillToEnd, Key::Left, Key::KillToStart]);
    assert_eq!((e.text().as_str(), e.cursor()), (" ", 0));
    assert_eq!(press(&mut e, &[Key::Interrupt, Key::EndOfInput]), Outcome::EndOfInput);
    press(&mut e, &[Key::Text("a\nb".into()), Key::Left, Key::Left, Key::WordRight]);
    assert_eq!((e.text().as_str(), e.cursor()), ("a b", 3));
}

#[test]
fn history_and_search() {
    let mut e = editor();
    type_in(&mut e, "typed");
    press(&mut e, &[Key::Up, Key::Up]);
    assert_eq!(e.text(), "kafka-topics --list");
    press(&mut e, &[Key::Down, Key::Down, Key::Down]);
    assert_eq!(e.text(), "typed");
    press(&mut e, &[Key::Search, Key::Char('l')]);
    assert_eq!((e.search(), e.text().as_str()), (Some("l"), "kafka-topics --list"));
    press(&mut e, &[Key::Search]);
    assert_eq!(e.text(), "ls -l");
    press(&mut e, &[Key::Escape]);
    assert_eq!((e.search(), e.text().as_str()), (None, "typed"));
    assert_eq!(press(&mut e, &[Key::Search, Key::Char('h'), Key::Enter]), Outcome::Entered("echo hi".into()));
    assert_eq!(e.history().len(), 3);
}

#[test]
fn completion() {
    let vocabulary = Vocabulary {
        files: vec!["plan.csv".into(), "plan.json".into()],
        topics: vec!["orders".into(), "payments".into()],
        groups: vec!["billing".into()],
        servers: vec!["localhost:9092".into()],
    };
    let cases: &[(&str, &str, usize)] = &[
        ("kafka-top", "ics ", 1),
        ("kafka-topics.s", "h ", 1),
        ("echo x | gr", "ep ", 1),
        ("kafka-topics --boot", "strap-server ", 1),
        ("kafka-topics.sh --bootstrap-server ", "localhost:9092 ", 1),
        ("kafka-topics --topic o", "rders ", 1),
        ("kafka-console-consumer --group ", "billing ", 1),
        ("cat p", "lan.", 2),
        ("cat plan.j", "son ", 1),
        ("nothing --x", "", 0),
    ];
    for (before, insert, count) in cases {
        let found = complete(before, &vocabulary);
        assert_eq!((found.insert.as_str(), found.candidates.len()), (*insert, *count), "{before}");
    }
    let mut e = editor();
    type_in(&mut e, "cat plan.");
    let outcome = e.press(Key::Tab, &vocabulary);
    assert_eq!(outcome, Outcome::Candidates(vec!["plan.csv".into(), "plan.json".into()]));
}
