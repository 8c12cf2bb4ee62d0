//! The help of a tool, in jopt-simple's two columns. Serves usage errors; invariant: 80 columns, options in alphabetical order,
//! continued lines indented by two.

use super::options::{Argument, OptionSpec};

const TOTAL: usize = 80;
const GAP: usize = 2;

/// The help for a table of options.
pub fn help(table: &[OptionSpec]) -> String {
    let mut options: Vec<&OptionSpec> = table.iter().collect();
    options.sort_by_key(|o| o.name);
    let rows: Vec<(String, String)> = options.into_iter().map(row).collect();
    let widest =
        |pick: fn(&(String, String)) -> usize, least: &str| rows.iter().map(pick).max().unwrap_or(0).max(least.len());
    let left = widest(|r| r.0.chars().count(), "Option").min((TOTAL - GAP) / 2);
    let right =
        widest(|r| r.1.lines().map(|l| l.chars().count()).max().unwrap_or(0), "Description").min(TOTAL - GAP - left);
    let mut text = String::new();
    push_row(&mut text, "Option", "Description", left, right);
    push_row(&mut text, "------", "-----------", left, right);
    rows.iter().for_each(|(option, description)| push_row(&mut text, option, description, left, right));
    text
}

fn row(option: &OptionSpec) -> (String, String) {
    let value = match option.shown {
        "" => option.kind.shown().to_owned(),
        shown => format!("{}: {shown}", option.kind.shown()),
    };
    let left = match option.argument {
        Argument::None => format!("--{}", option.name),
        Argument::Required => format!("--{} <{value}>", option.name),
        Argument::Optional => format!("--{} [{value}]", option.name),
    };
    let right = match option.default {
        "" => option.description.to_owned(),
        default => format!("{} (default: {default})", option.description),
    };
    (left, right.trim().to_owned())
}

fn push_row(text: &mut String, option: &str, description: &str, left: usize, right: usize) {
    let (options, descriptions) = (pieces(option, left), pieces(description, right));
    for at in 0..options.len().max(descriptions.len()) {
        let cell = |list: &[String]| list.get(at).cloned().unwrap_or_default();
        text.push_str(&format!("{:<left$}  {:<right$}\n", cell(&options), cell(&descriptions)));
    }
}

/// A text in lines of a width, broken after blanks and dashes.
fn pieces(text: &str, width: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    for line in text.lines() {
        let mut piece = String::new();
        for word in words(line) {
            if piece.chars().count() + word.chars().count() > width {
                pieces.push(piece.trim_end().to_owned());
                piece = format!("  {word}");
            } else {
                piece.push_str(word);
            }
        }
        if !piece.is_empty() {
            pieces.push(piece);
        }
    }
    pieces
}

/// The words of a line with what separates them: a line may break after blanks.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut blank = false;
    for (at, c) in line.char_indices() {
        if blank && c != ' ' {
            words.push(&line[start..at]);
            start = at;
        }
        blank = c == ' ';
    }
    words.push(&line[start..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::options::{Kind, flag, required_arg};

    #[test]
    fn two_columns() {
        const TABLE: &[OptionSpec] = &[
            flag("zero", "A flag."),
            required_arg(
                "bootstrap-server",
                Kind::String,
                "server to connect to",
                "REQUIRED: The server(s) to connect to.",
            ),
            required_arg("batch-size", Kind::Integer, "size", "The buffer size in bytes allocated for a partition.")
                .or("16384"),
        ];
        let text = help(TABLE);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Option                                   Description                            ");
        assert_eq!(lines[1], "------                                   -----------                            ");
        assert_eq!(lines[2], "--batch-size <Integer: size>             The buffer size in bytes allocated for ");
        assert_eq!(lines[4], "--bootstrap-server <String: server to    REQUIRED: The server(s) to connect to. ");
        assert_eq!(lines[5], "  connect to>                                                                   ");
    }
}
