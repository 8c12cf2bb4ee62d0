//! Tests of the language as tables, and one property: no line panics.

use super::*;
use proptest::prelude::*;

fn names(text: &str) -> Vec<Vec<String>> {
    let simple = |command: &Command| match command {
        Command::Simple(simple) => simple.words.iter().map(|w| w.parts.iter().map(text_of).collect()).collect(),
        Command::Compound { .. } => vec!["compound".to_owned()],
    };
    let list = parse(text).unwrap();
    let pipelines = list.iter().flat_map(|item| {
        std::iter::once(item.and_or.first.clone()).chain(item.and_or.rest.iter().map(|(_, p)| p.clone()))
    });
    pipelines.flat_map(|p| p.commands.iter().map(|c| simple(c)).collect::<Vec<_>>()).collect()
}

fn text_of(part: &Part) -> String {
    match part {
        Part::Literal { text, .. } => text.clone(),
        Part::Variable { name, .. } => format!("${name}"),
        Part::Substitution { .. } | Part::FileOf { .. } => "$()".into(),
        Part::Arithmetic { text } => format!("$(({text}))"),
    }
}

#[test]
fn words_and_quotes() {
    let cases: &[(&str, &[&[&str]])] = &[
        ("echo a  b # rest", &[&["echo", "a", "b"]]),
        (r#"echo 'a b' "c $X" d\ e"#, &[&["echo", "a b", "c $X", "d e"]]),
        ("a | b && c; d || e &", &[&["a"], &["b"], &["c"], &["d"], &["e"]]),
        ("x 2>&1 >/dev/null | sed 3q", &[&["x"], &["sed", "3q"]]),
        ("for i in 1 2; do echo $i; done | wc", &[&["compound"], &["wc"]]),
        ("kill -9 $(cat p.pid)", &[&["kill", "-9", "$()"]]),
        ("cat <<END\nline $x\nEND\necho after", &[&["cat"], &["echo", "after"]]),
        ("echo a#b", &[&["echo", "a#b"]]),
        ("echo \"\" ''", &[&["echo", "", ""]]),
        ("echo $((1+2)) ${X:-y}", &[&["echo", "$((1+2))", "$X"]]),
        ("(a; b) | c", &[&["compound"], &["c"]]),
        ("if a; then b; else c; fi", &[&["compound"]]),
    ];
    for (text, expected) in cases {
        assert_eq!(&names(text), expected, "{text}");
    }
}

#[test]
fn errors_in_the_words_of_bash() {
    let cases = [
        ("| a", "syntax error near unexpected token `|'"),
        ("a ||", "syntax error: unexpected end of file"),
        ("a && && b", "syntax error near unexpected token `&&'"),
        ("echo 'a", "unexpected EOF while looking for matching `''"),
        ("echo \"a", "unexpected EOF while looking for matching `\"'"),
        ("done", "syntax error near unexpected token `done'"),
        ("for i in 1; echo; done", "syntax error near unexpected token `echo'"),
        ("a >", "syntax error: unexpected end of file"),
        ("a > | b", "syntax error near unexpected token `|'"),
        ("echo $(", "unexpected EOF while looking for matching `)'"),
        (")", "syntax error near unexpected token `)'"),
        ("echo ${a!b}", "${a!b}: bad substitution"),
        ("case x in", "case: not part of this shell"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn braces_globs_and_sums() {
    let expand = |text: &str| {
        let words = expand_braces(&Word::literal(text, false));
        words.iter().map(|w| w.plain().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(expand("x{1..3}y"), "x1y x2y x3y");
    assert_eq!(expand("{a,b{c,d}}{1,2}"), "a1 a2 bc1 bc2 bd1 bd2");
    assert_eq!(expand("{}{a}{1..99999999999}"), "{}{a}{1..99999999999}");
    let glob = |pattern: &str, text| matches_glob(&pattern.chars().map(|c| (c, false)).collect::<Vec<_>>(), text);
    assert!(glob("*.txt", "a.txt") && glob("a?c*", "abcd") && glob("[a-c]x", "bx") && glob("[!a]*b*", "xbb"));
    assert!(!glob("*.txt", "a.tx") && !glob("[!a]", "a") && glob("a[", "a["));
    let sum = |text| evaluate(text, &|name| if name == "i" { "4".into() } else { String::new() });
    assert_eq!(sum("i + 2*3 - (1 < 2)"), Ok(9));
    assert_eq!(sum("-i % 3"), Ok(-1));
    assert!(sum("1/0").unwrap_err().contains("division by 0") && sum("1 +").is_err());
}

proptest! {
    #[test]
    fn no_line_panics(text in r#"[-a$(){}|&;<>!"'`\\ \n#=0-9*\[?é]{0,40}"#) {
        if let Ok(list) = parse(&text) {
            prop_assert!(list.len() <= text.len());
        }
        let _ = evaluate(&text, &|_| String::new());
        let _ = expand_braces(&Word::literal(text.clone(), false));
        let _ = matches_glob(&text.chars().map(|c| (c, false)).collect::<Vec<_>>(), &text);
    }

    #[test]
    fn no_words_panic(words in proptest::collection::vec(
        prop::sample::select(vec!["for", "do", "done", "if", "then", "fi", "while", "in", "x", "$(", ")", "(", ";", "|", "&",
            "&&", "<<E", "\nE\n", ">", "2>&1", "{", "}", "!", "${x", "}", "'", "\"", "`", "\n", "elif", "else"]), 0..25)) {
        let _ = parse(&words.join(" "));
    }
}
