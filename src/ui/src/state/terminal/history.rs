//! Lines typed before. Serves the terminals' inputs; invariant: going up and down again ends at the line that was being
//! written.

/// The most lines that are kept.
const MOST_LINES: usize = 300;

/// The lines, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(Vec<String>);

impl Lines {
    /// The lines of an earlier visit.
    pub fn new(mut lines: Vec<String>) -> Self {
        lines.drain(..lines.len().saturating_sub(MOST_LINES));
        Self(lines)
    }

    /// Adds a line; an empty one and one that repeats the last are not kept. Gives whether it was.
    pub fn add(&mut self, line: &str) -> bool {
        let kept = !line.trim().is_empty() && self.0.last().is_none_or(|last| last != line);
        if kept {
            self.0.push(line.to_owned());
            if self.0.len() > MOST_LINES {
                self.0.remove(0);
            }
        }
        kept
    }

    /// The lines.
    pub fn all(&self) -> &[String] {
        &self.0
    }
}

/// Where somebody is in the lines.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How many lines back; 0 is the line that is being written.
    back: usize,
    draft: String,
    /// What Ctrl-R looks for, while it does.
    wanted: Option<String>,
}

impl History {
    /// One line back; `line` is what stands in the input.
    pub fn up(&mut self, lines: &Lines, line: &str) -> Option<String> {
        if self.back == 0 {
            self.draft = line.to_owned();
        }
        let index = lines.0.len().checked_sub(self.back + 1)?;
        self.back += 1;
        Some(lines.0[index].clone())
    }

    /// One line forth.
    pub fn down(&mut self, lines: &Lines) -> Option<String> {
        self.back = self.back.checked_sub(1)?;
        let index = lines.0.len().checked_sub(self.back)?;
        Some(lines.0.get(index).unwrap_or(&self.draft).clone())
    }

    /// The last line that holds what stands in the input; asked again, the one before it.
    pub fn search(&mut self, lines: &Lines, line: &str) -> Option<String> {
        let wanted = self.wanted.get_or_insert_with(|| line.to_owned()).clone();
        if self.back == 0 {
            self.draft = line.to_owned();
        }
        let end = lines.0.len().checked_sub(self.back)?;
        let index = lines.0[..end].iter().rposition(|candidate| candidate.contains(&wanted))?;
        self.back = lines.0.len() - index;
        Some(lines.0[index].clone())
    }

    /// The person writes again, or has sent the line.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Lines {
        Lines::new(["ls", "kafka-topics.sh --list", "ls -l"].map(String::from).to_vec())
    }

    #[test]
    fn up_and_down() {
        let (lines, mut history) = (lines(), History::default());
        assert_eq!(history.up(&lines, "dra").unwrap(), "ls -l");
        assert_eq!(history.up(&lines, "").unwrap(), "kafka-topics.sh --list");
        assert_eq!(history.up(&lines, "").unwrap(), "ls");
        assert_eq!(history.up(&lines, ""), None);
        assert_eq!(history.down(&lines).unwrap(), "kafka-topics.sh --list");
        assert_eq!(history.down(&lines).unwrap(), "ls -l");
        assert_eq!(history.down(&lines).unwrap(), "dra");
        assert_eq!(history.down(&lines), None);
    }

    #[test]
    fn search_goes_back() {
        let (lines, mut history) = (lines(), History::default());
        assert_eq!(history.search(&lines, "ls").unwrap(), "ls -l");
        assert_eq!(history.search(&lines, "ls -l").unwrap(), "ls");
        assert_eq!(history.search(&lines, "ls"), None);
        history.reset();
        assert_eq!(history.search(&lines, "topics").unwrap(), "kafka-topics.sh --list");
    }

    #[test]
    fn lines_are_bounded_and_not_repeated() {
        let mut lines = lines();
        assert!(!lines.add("ls -l") && !lines.add("  ") && lines.add("ls"));
        for number in 0..1_000 {
            lines.add(&number.to_string());
        }
        assert_eq!((lines.all().len(), lines.all().last().unwrap().as_str()), (MOST_LINES, "999"));
    }
}
