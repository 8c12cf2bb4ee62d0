//! Rules for Rust files: the opening doc, the length of files and functions, words that must not be merged.
use super::{Finding, Source, scrub::code_only};

const MAX_FILE_LINES: usize = 800;
const MAX_FUNCTION_LINES: usize = 70;

/// In the first line of a file that a program wrote.
const GENERATED: &str = "@generated";

/// Unfinished work, and tests that do not run.
const UNFINISHED: &[&str] = &["todo!", "dbg!", "unimplemented!", "#[ignore"];

/// The same run must come out of the same inputs: nothing of this may be named in an engine crate.
const UNREPEATABLE: &[&str] = &["HashMap", "HashSet", "RandomState", "Instant", "SystemTime"];

const ENGINE: &[&str] =
    &["world", "records", "wire", "log", "controller", "broker", "client", "shell", "lab", "lesson"];

/// What is wrong with a Rust file.
pub fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let first = source.text.lines().next().unwrap_or("");
    if !first.starts_with("//!") {
        findings.push(source.finding(1, "a file opens with //!: what it is, whom it serves"));
    }
    let code = code_only(&source.text);
    let lines: Vec<&str> = code.lines().collect();
    if !first.contains(GENERATED) {
        if lines.len() > MAX_FILE_LINES {
            let rule = format!("{} lines, {MAX_FILE_LINES} at most", lines.len());
            findings.push(source.finding(0, rule));
        }
        findings.extend(long_functions(source, &lines));
    }
    findings.extend(words(source, &lines, UNFINISHED, "not to be merged"));
    if is_engine(&source.path) {
        let why = "the engine reads no clock and no hash order";
        findings.extend(words(source, &lines, UNREPEATABLE, why));
    }
    findings
}

/// Whether a file is part of the engine. A bench is not: it measures the engine by a real clock.
fn is_engine(path: &str) -> bool {
    let mut parts = path.split('/');
    let in_engine = parts.next() == Some("src") && parts.next().is_some_and(|name| ENGINE.contains(&name));
    in_engine && parts.next() != Some("benches")
}

fn words(source: &Source, lines: &[&str], words: &[&str], why: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        for word in words.iter().filter(|word| has_word(line, word)) {
            findings.push(source.finding(index + 1, format!("`{word}`: {why}")));
        }
    }
    findings
}

/// Whether `word` stands in `line` and is not a part of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        !before.is_some_and(in_name) && !after.is_some_and(in_name)
    })
}

/// Counts from the line of `fn` to the brace that closes it, which rustfmt puts under the line's first letter.
fn long_functions(source: &Source, lines: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        if !is_function(line) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let length = function_length(&lines[start..], indent);
        if length > MAX_FUNCTION_LINES {
            let rule = format!("a function of {length} lines, {MAX_FUNCTION_LINES} at most");
            findings.push(source.finding(start + 1, rule));
        }
    }
    findings
}

fn is_function(line: &str) -> bool {
    let qualifiers = ["pub", "const", "async", "unsafe", "extern", "default"];
    line.split_whitespace().find(|word| !qualifiers.contains(word) && !word.starts_with("pub(")) == Some("fn")
}

fn function_length(lines: &[&str], indent: usize) -> usize {
    let ends = |line: &str| matches!(line.trim_end().chars().next_back(), Some('{' | '}' | ';'));
    let signature = lines.iter().position(|line| ends(line)).unwrap_or(0);
    if !lines[signature].trim_end().ends_with('{') {
        return signature + 1;
    }
    let close = format!("{}}}", " ".repeat(indent));
    lines
        .iter()
        .skip(signature + 1)
        .position(|line| line.trim_end() == close)
        .map_or(lines.len(), |offset| signature + offset + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(usize, String)> {
        let findings = check(&Source::of(path, text));
        findings.into_iter().map(|f| (f.line, f.rule)).collect()
    }

    #[test]
    fn a_file_opens_with_its_doc() {
        assert_eq!(rules("src/lib.rs", "//! Yes.\n"), []);
        assert_eq!(rules("src/lib.rs", "use x;\n").len(), 1);
        assert_eq!(rules("src/lib.rs", "").len(), 1);
    }

    #[test]
    fn a_long_file_is_found_unless_generated() {
        let lines = "\n".repeat(MAX_FILE_LINES);
        assert_eq!(rules("a.rs", &format!("//! a{}", "\n".repeat(MAX_FILE_LINES - 1))), []);
        assert_eq!(rules("a.rs", &format!("//! a\n{lines}"))[0].0, 0);
        assert_eq!(rules("a.rs", &format!("//! @generated\n{lines}")), []);
    }

    #[test]
    fn a_long_function_is_found_where_it_starts() {
        let of = |body: usize| {
            let body = "        x();\n".repeat(body);
            format!("//! a\nimpl A {{\n    pub(crate) async fn f(\n        x: u8,\n    ) {{\n{body}    }}\n}}\n")
        };
        assert_eq!(rules("a.rs", &of(MAX_FUNCTION_LINES - 4)), []);
        let found = rules("a.rs", &of(MAX_FUNCTION_LINES - 3));
        assert_eq!((found.len(), found[0].0), (1, 3));
        // A brace in a literal closes nothing.
        let text = of(90).replace("x();\n        x();", "x(\"\n    }\n\");");
        assert_eq!(rules("a.rs", &text).len(), 1);
        assert_eq!(rules("a.rs", "//! a\ntrait A {\n    fn f(&self);\n}\n"), []);
    }

    #[test]
    fn unfinished_work_is_found_in_code_only() {
        for word in UNFINISHED {
            let text = format!("//! a\nfn f() {{\n    {word}\n}}\n");
            assert_eq!(rules("a.rs", &text)[0].0, 3, "{word}");
            assert_eq!(rules("a.rs", &format!("//! {word}\n// {word}\n")), []);
        }
    }

    #[test]
    fn the_engine_names_nothing_unrepeatable() {
        let text = "//! a\nuse std::collections::HashMap;\nstruct InstantCoffee;\n";
        assert_eq!(rules("src/log/src/lib.rs", text)[0].0, 2);
        assert_eq!(rules("src/log/src/lib.rs", text).len(), 1);
        assert_eq!(rules("src/native/src/main.rs", text), []);
        assert_eq!(rules("src/log/benches/log.rs", text), []);
    }
}
