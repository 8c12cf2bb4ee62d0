//! Compares what a step printed with what was recorded. Serves the runner; invariant: order, stream, spelling and exit
//! code count, unless the step's flags say otherwise.

use super::{
    Masks,
    script::{Flags, Step},
};

/// `None` if alike, else a readable diff.
pub fn compare(step: &Step, actual: &[String], masks: &Masks) -> Option<String> {
    if step.flags.skip {
        return None;
    }
    let (mut left, masked_left) = normal(&step.expected, masks);
    let (mut right, masked_right) = normal(actual, masks);
    if masked_left || masked_right {
        left.iter_mut().chain(&mut right).for_each(|line| *line = squeeze(line));
    }
    arrange(&mut left, &step.flags);
    arrange(&mut right, &step.flags);
    (left != right).then(|| diff(step, &left, &right))
}

/// Splits the recording's prefix (`[name]| `) from the text, masks the text; whether a mask changed anything.
fn normal(lines: &[String], masks: &Masks) -> (Vec<String>, bool) {
    let mut changed = false;
    let mut out = Vec::new();
    for line in lines {
        let (prefix, text) = split_prefix(line);
        match masks.apply(text) {
            Some(masked) => {
                changed |= masked != text;
                out.push(if masked.is_empty() { prefix.to_owned() } else { format!("{prefix} {masked}") });
            }
            None => changed = true,
        }
    }
    (out, changed)
}

fn split_prefix(line: &str) -> (&str, &str) {
    let after = if line.starts_with('[') { line.find(']').map_or(0, |at| at + 1) } else { 0 };
    let end = (after + 1).min(line.len());
    let text = &line[end..];
    (&line[..end], text.strip_prefix(' ').unwrap_or(text))
}

fn squeeze(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out.trim_end().to_owned()
}

fn arrange(lines: &mut Vec<String>, flags: &Flags) {
    if flags.partial {
        let mut seen: Vec<String> = Vec::new();
        lines.retain(|line| {
            let new = !seen.contains(line);
            if new {
                seen.push(line.clone());
            }
            new
        });
    }
    if flags.unordered {
        lines.sort();
    }
}

fn diff(step: &Step, expected: &[String], actual: &[String]) -> String {
    let mut out = format!("line {}: {}\n", step.line, step.source);
    let same_start = expected.iter().zip(actual).take_while(|(a, b)| a == b).count();
    let rest = (&expected[same_start..], &actual[same_start..]);
    let same_end = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(|(a, b)| a == b).count();
    let shown = |lines: &[String], sign: char| {
        lines[same_start..lines.len() - same_end].iter().map(|l| format!("  {sign} {l}\n")).collect::<String>()
    };
    if same_start > 0 {
        out.push_str(&format!("    ({same_start} equal)\n"));
    }
    out.push_str(&shown(expected, '-'));
    out.push_str(&shown(actual, '+'));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::Script;

    fn verdict(flags: &str, expected: &str, actual: &[&str]) -> bool {
        let script = Script::parse(&format!("{flags}\n$ x\n{expected}")).unwrap();
        let masks = Masks::parse("[[mask]]\nregex = 'id-\\d+'\nreplace = 'ID'").unwrap();
        let actual: Vec<String> = actual.iter().map(|s| (*s).to_owned()).collect();
        compare(&script.steps[0], &actual, &masks).is_none()
    }

    #[test]
    fn what_counts_and_what_flags_forgive() {
        assert!(verdict("", "| a\n! b\n? 0", &["| a", "! b", "? 0"]));
        assert!(!verdict("", "| a\n| b", &["| b", "| a"]));
        assert!(verdict("#~ unordered", "| a\n| b", &["| b", "| a"]));
        assert!(!verdict("", "| a", &["! a"]));
        assert!(verdict("", "| id-12  x", &["| id-7   x"]));
        assert!(!verdict("", "| a  x", &["| a x"]));
        assert!(verdict("#~ partial", "! w\n! w", &["! w"]));
        assert!(verdict("#~ skip", "| a", &["| b"]));
        assert!(verdict("", "|", &["|"]));
    }
}
