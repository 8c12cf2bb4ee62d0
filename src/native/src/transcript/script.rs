//! A transcript file as steps. Serves the runner; invariant: what the README of the recordings allows parses, anything
//! else is refused with its line.

use std::collections::BTreeMap;
use thiserror::Error;

/// Why a file is no transcript.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub struct ScriptError {
    /// Counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Run to its end with this input.
    Run { command: String, stdin: Option<String> },
    /// Start in a terminal.
    Start { terminal: String, command: String },
    /// Type a line.
    Type { terminal: String, text: String },
    /// Ctrl-D.
    EndOfInput { terminal: String },
    /// Ctrl-C.
    Interrupt { terminal: String },
    /// kill, stop, start, pause, resume nodes.
    Nodes { verb: String, nodes: Vec<i32> },
    /// Let time pass.
    Sleep { ms: u64 },
    /// Repeat a command until its output matches.
    Until { regex: String, command: String },
    /// See what the terminals printed.
    Look,
}

/// How a step is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub unordered: bool,
    pub partial: bool,
    pub skip: bool,
    /// Silent milliseconds after which a terminal has settled.
    pub quiet_ms: Option<u64>,
}

/// A step and what was recorded for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub line: usize,
    pub source: String,
    pub action: Action,
    pub flags: Flags,
    /// The recorded lines as they stand in the file, from `|`, `!` or `?` on, with the terminal's `[name]`.
    pub expected: Vec<String>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub version: String,
    pub brokers: u32,
    pub controllers: u32,
    pub settings: BTreeMap<String, String>,
    pub steps: Vec<Step>,
}

impl Script {
    /// Reads a file.
    ///
    /// # Errors
    /// A line that is not of the format.
    pub fn parse(text: &str) -> Result<Script, ScriptError> {
        let mut script =
            Script { version: "4.3".into(), brokers: 3, controllers: 1, settings: BTreeMap::new(), steps: Vec::new() };
        let mut flags = Flags::default();
        for (index, line) in text.lines().enumerate() {
            let bad = |reason: &str| ScriptError { line: index + 1, reason: reason.to_owned() };
            if let Some(options) = line.strip_prefix("#~ ") {
                flags = Flags::parse(options);
            } else if let Some(comment) = line.strip_prefix('#') {
                script.header(comment.trim()).ok_or_else(|| bad("a number is wanted"))?;
            } else if !line.is_empty() {
                script.line(index + 1, line, &mut flags).ok_or_else(|| bad("not a line of a transcript"))?;
            }
        }
        Ok(script)
    }

    fn header(&mut self, comment: &str) -> Option<()> {
        let Some((key, value)) = comment.split_once(": ") else { return Some(()) };
        match key {
            "version" => self.version = value.trim().to_owned(),
            "brokers" => self.brokers = value.trim().parse().ok()?,
            "controllers" => self.controllers = value.trim().parse().ok()?,
            "config" => {
                let (name, setting) = value.split_once('=')?;
                self.settings.insert(name.to_owned(), setting.to_owned());
            }
            _ => {}
        }
        Some(())
    }

    fn line(&mut self, number: usize, line: &str, flags: &mut Flags) -> Option<()> {
        let (terminal, rest) = match line.strip_prefix('[') {
            Some(after) => after.split_once(']').map(|(name, rest)| (Some(name.to_owned()), rest))?,
            None => (None, line),
        };
        let kind = rest.chars().next()?;
        let text = rest[kind.len_utf8()..].strip_prefix(' ').unwrap_or(&rest[kind.len_utf8()..]);
        let action = match (kind, terminal) {
            ('|' | '!' | '?', _) => {
                self.steps.last_mut()?.expected.push(line.to_owned());
                return Some(());
            }
            ('<', None) => return self.stdin(text),
            ('$', None) => Action::Run { command: text.to_owned(), stdin: None },
            ('$', Some(terminal)) => Action::Start { terminal, command: text.to_owned() },
            ('<', Some(terminal)) => Action::Type { terminal, text: text.to_owned() },
            ('^', Some(terminal)) if text == "D" => Action::EndOfInput { terminal },
            ('^', Some(terminal)) if text == "C" => Action::Interrupt { terminal },
            ('@', None) => at_action(text)?,
            _ => return None,
        };
        let flags = std::mem::take(flags);
        self.steps.push(Step { line: number, source: line.to_owned(), action, flags, expected: Vec::new() });
        Some(())
    }

    fn stdin(&mut self, text: &str) -> Option<()> {
        let Action::Run { stdin, .. } = &mut self.steps.last_mut()?.action else { return None };
        let all = stdin.get_or_insert_with(String::new);
        all.push_str(text);
        all.push('\n');
        Some(())
    }
}

impl Flags {
    fn parse(options: &str) -> Flags {
        let mut flags = Flags::default();
        for word in options.split_whitespace() {
            match word.split_once('=').unwrap_or((word, "")) {
                ("unordered", _) => flags.unordered = true,
                ("partial", _) => flags.partial = true,
                ("skip", _) => flags.skip = true,
                ("quiet", seconds) => flags.quiet_ms = millis(seconds),
                _ => {}
            }
        }
        flags
    }
}

/// Seconds with a fraction, as milliseconds.
fn millis(seconds: &str) -> Option<u64> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let fraction = format!("{fraction:0<3}");
    Some(whole.parse::<u64>().ok()? * 1000 + fraction.get(..3)?.parse::<u64>().ok()?)
}

fn at_action(text: &str) -> Option<Action> {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    Some(match verb {
        "sleep" => Action::Sleep { ms: millis(rest.trim())? },
        "look" => Action::Look,
        "until" => {
            let mut words = quoted(rest).into_iter();
            Action::Until { regex: words.next()?, command: words.next()? }
        }
        "kill" | "stop" | "start" | "pause" | "resume" => {
            // `zk` is node 0: such files are of versions that are not run yet.
            let id = |word: &str| if word == "zk" { Some(0) } else { word.parse().ok() };
            let nodes = rest.split_whitespace().map(id).collect::<Option<_>>()?;
            Action::Nodes { verb: verb.to_owned(), nodes }
        }
        _ => return None,
    })
}

/// Words in single or double quotes, or bare.
fn quoted(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut any) = (Vec::new(), String::new(), None, false);
    for c in text.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => word.push(c),
            None if c == '\'' || c == '"' => (quote, any) = (Some(c), true),
            None if c == ' ' => {
                if any {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            None => {
                word.push(c);
                any = true;
            }
        }
    }
    if any {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_becomes_steps() {
        let text = "# title: x\n# brokers: 1\n# config: a.b=c\n\n$ cat\n< one\n<\n| one\n? 0\n#~ quiet=0.5 partial\n\
                    [p]$ run me\n[p]| >\\\n@ until 'a b' \"c d\"\n@ kill 1 2\n";
        let script = Script::parse(text).unwrap();
        assert_eq!((script.brokers, script.settings["a.b"].as_str()), (1, "c"));
        let actions: Vec<_> = script.steps.iter().map(|s| s.action.clone()).collect();
        assert_eq!(actions[0], Action::Run { command: "cat".into(), stdin: Some("one\n\n".into()) });
        assert_eq!(actions[2], Action::Until { regex: "a b".into(), command: "c d".into() });
        assert_eq!(actions[3], Action::Nodes { verb: "kill".into(), nodes: vec![1, 2] });
        assert_eq!(script.steps[0].expected, ["| one", "? 0"]);
        assert!(script.steps[1].flags.partial && script.steps[1].flags.quiet_ms == Some(500));
        assert_eq!(Script::parse("oops").unwrap_err().line, 1);
    }
}
