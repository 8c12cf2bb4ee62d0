//! Patterns of file names: `*`, `?`, `[abc]`. Serves the interpreter; invariant: matching takes at most the product of the two
//! lengths, never more.

/// Whether the text holds a character of a pattern.
pub fn has_glob(pattern: &[(char, bool)]) -> bool {
    pattern.iter().any(|(c, quoted)| !quoted && matches!(c, '*' | '?' | '['))
}

/// Whether `text` matches `pattern`, whose characters carry whether they were quoted.
pub fn matches_glob(pattern: &[(char, bool)], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match step(&pattern[p.min(pattern.len())..], text[t]) {
            Step::Matched(length) => {
                p += length;
                t += 1;
            }
            Step::Star => {
                star = Some((p + 1, t));
                p += 1;
            }
            Step::No => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|part| *part == ('*', false))
}

enum Step {
    Matched(usize),
    Star,
    No,
}

fn step(pattern: &[(char, bool)], c: char) -> Step {
    match pattern.first() {
        Some(('*', false)) => Step::Star,
        Some(('?', false)) => Step::Matched(1),
        Some(('[', false)) => match class(pattern, c) {
            Some((true, length)) => Step::Matched(length),
            Some((false, _)) => Step::No,
            None if c == '[' => Step::Matched(1),
            None => Step::No,
        },
        Some((p, _)) if *p == c => Step::Matched(1),
        _ => Step::No,
    }
}

/// Whether a `[…]` at the start takes the character, and its length; `None` if it is not closed.
fn class(pattern: &[(char, bool)], c: char) -> Option<(bool, usize)> {
    let inner: Vec<char> = pattern[1..].iter().map(|(c, _)| *c).collect();
    let negated = matches!(inner.first(), Some('!' | '^'));
    let start = usize::from(negated);
    let close = inner.iter().skip(start + 1).position(|c| *c == ']')? + start + 1;
    let set = &inner[start..close];
    let mut found = false;
    let mut at = 0;
    while at < set.len() {
        if at + 2 < set.len() && set[at + 1] == '-' {
            found |= (set[at]..=set[at + 2]).contains(&c);
            at += 3;
        } else {
            found |= set[at] == c;
            at += 1;
        }
    }
    Some((found != negated, close + 2))
}
