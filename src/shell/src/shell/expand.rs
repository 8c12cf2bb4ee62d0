//! Expansion of words: variables, substitutions, splitting, file names. Serves the interpreter; invariant: quoted text is neither
//! split nor matched against files.

use super::state::Shell;
use crate::{
    files::Files,
    lang::{List, Part, Redirect, RedirectKind, VariableUse, Word, evaluate, has_glob, matches_glob},
};
use ottla_world::Context;
use std::sync::Arc;

/// A word after expansion: characters, each with whether it was quoted.
type Field = Vec<(char, bool)>;

/// Results of the substitutions of a command, in order.
pub(super) type Results<'a> = std::slice::Iter<'a, String>;

/// The substitutions in words, in the order they are expanded.
pub(super) fn substitutions<'a>(words: impl Iterator<Item = &'a Word>) -> Vec<Arc<List>> {
    let parts = words.flat_map(|word| &word.parts);
    parts
        .filter_map(|part| match part {
            Part::Substitution { list, .. } | Part::FileOf { list } => Some(list.clone()),
            _ => None,
        })
        .collect()
}

/// The word of a redirection, if it has one.
pub(super) fn redirect_word(redirect: &Redirect) -> Option<&Word> {
    match &redirect.kind {
        RedirectKind::Read(word)
        | RedirectKind::Write(word)
        | RedirectKind::Append(word)
        | RedirectKind::Both(word, _)
        | RedirectKind::Text(word) => Some(word),
        RedirectKind::Duplicate(_) => None,
    }
}

/// Fields that grow as parts are added.
#[derive(Default)]
struct Fields {
    done: Vec<Field>,
    current: Option<Field>,
}

impl Fields {
    fn push(&mut self, text: &str, quoted: bool) {
        self.current.get_or_insert_default().extend(text.chars().map(|c| (c, quoted)));
    }

    fn push_split(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                ' ' | '\t' | '\n' => self.done.extend(self.current.take()),
                c => self.current.get_or_insert_default().push((c, false)),
            }
        }
    }
}

impl Shell {
    /// The text of a variable or special parameter; `None` if it is unset.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "$" => self.shell_pid.map(|p| p.0.to_string()),
            "!" => self.last_background.map(|p| p.0.to_string()),
            "#" => Some(self.variables.positional.len().to_string()),
            "@" | "*" => Some(self.variables.positional.join(" ")),
            "0" => Some("bash".to_owned()),
            _ => match name.parse::<usize>() {
                Ok(number) => self.variables.positional.get(number.checked_sub(1)?).cloned(),
                Err(_) => self.variables.get(name).map(str::to_owned),
            },
        }
    }

    fn use_of(&self, name: &str, usage: &VariableUse) -> String {
        let value = self.parameter(name).unwrap_or_default();
        match usage {
            VariableUse::Value => value,
            VariableUse::Length => value.chars().count().to_string(),
            VariableUse::Default(text) if value.is_empty() => text.clone(),
            VariableUse::Default(_) => value,
            VariableUse::Alternative(text) => {
                if value.is_empty() {
                    String::new()
                } else {
                    text.clone()
                }
            }
            VariableUse::Without(pattern, end) => {
                let pattern: Field = pattern.chars().map(|c| (c, false)).collect();
                let cuts = value.char_indices().map(|(at, _)| at).chain([value.len()]);
                match end {
                    true => {
                        let cut = cuts.rev().find(|at| matches_glob(&pattern, &value[*at..]));
                        value[..cut.unwrap_or(value.len())].to_owned()
                    }
                    false => {
                        let mut cuts = cuts;
                        let cut = cuts.find(|at| matches_glob(&pattern, &value[..*at]));
                        value[cut.unwrap_or(0)..].to_owned()
                    }
                }
            }
        }
    }

    /// The text of one part; an error is a message.
    fn part(&self, part: &Part, results: &mut Results<'_>) -> Result<String, String> {
        Ok(match part {
            Part::Literal { text, .. } => text.clone(),
            Part::Variable { name, usage, .. } => self.use_of(name, usage),
            Part::Substitution { .. } | Part::FileOf { .. } => results.next().cloned().unwrap_or_default(),
            Part::Arithmetic { text } => evaluate(text, &|name| self.parameter(name).unwrap_or_default())?.to_string(),
        })
    }

    /// A word in one piece: for assignments and here-documents.
    pub(super) fn expand_text(&self, word: &Word, results: &mut Results<'_>) -> Result<String, String> {
        let mut text = String::new();
        for (at, part) in word.parts.iter().enumerate() {
            let piece = self.part(part, results)?;
            match (at, part) {
                (0, Part::Literal { quoted: false, .. }) => text.push_str(&self.tilde(&piece)),
                _ => text.push_str(&piece),
            }
        }
        Ok(text)
    }

    fn tilde(&self, text: &str) -> String {
        match text.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                format!("{}{rest}", self.variables.get("HOME").unwrap_or("/"))
            }
            _ => text.to_owned(),
        }
    }

    /// A word as the arguments it stands for.
    pub(super) fn expand_word(
        &self,
        cx: &mut Context<'_>,
        word: &Word,
        results: &mut Results<'_>,
    ) -> Result<Vec<String>, String> {
        let mut fields = Fields::default();
        for (at, part) in word.parts.iter().enumerate() {
            let text = self.part(part, results)?;
            match part {
                Part::Literal { quoted: false, .. } if at == 0 => fields.push(&self.tilde(&text), false),
                Part::Literal { quoted, .. } => fields.push(&text, *quoted),
                Part::FileOf { .. } => {
                    // As many files as there are results before it, counted down as bash's descriptors are.
                    let name = format!("/dev/fd/{}", 63usize.saturating_sub(results.len()));
                    let content = if text.is_empty() { text } else { text + "\n" };
                    let written = cx.disk().replace(&name[1..], content.as_bytes());
                    written.map_err(|_| format!("{name}: No space left on device"))?;
                    fields.push(&name, true);
                }
                Part::Variable { quoted: true, .. } | Part::Substitution { quoted: true, .. } => {
                    fields.push(&text, true);
                }
                _ => fields.push_split(&text),
            }
        }
        fields.done.extend(fields.current);
        let mut words = Vec::new();
        for field in fields.done {
            let found = match has_glob(&field) {
                true => glob(Files::of(cx), &self.cwd, &field),
                false => Vec::new(),
            };
            match found.is_empty() {
                true => words.push(field.into_iter().map(|(c, _)| c).collect()),
                false => words.extend(found),
            }
        }
        Ok(words)
    }
}

/// The files a pattern matches, component by component.
fn glob(files: Files<'_>, cwd: &str, pattern: &[(char, bool)]) -> Vec<String> {
    let absolute = pattern.first() == Some(&('/', false));
    let mut found = vec![String::new()];
    for component in pattern.split(|(c, _)| *c == '/').filter(|c| !c.is_empty()) {
        let mut next = Vec::new();
        for prefix in &found {
            let join = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            let text: String = component.iter().map(|(c, _)| *c).collect();
            if !has_glob(component) {
                next.push(join(&text));
                continue;
            }
            let base = if absolute { "" } else { cwd };
            let directory = crate::files::resolve(base, prefix);
            // Hidden files, and the nodes of other hosts, are matched only by those who begin to name them.
            let hidden = |name: &str| match directory.is_empty() && files.is_foreign(name) {
                true => !text.starts_with('n'),
                false => name.starts_with('.') && !text.starts_with('.'),
            };
            let inside = files.entries(&directory).into_iter();
            let matching = inside.filter(|(name, _)| matches_glob(component, name) && !hidden(name));
            next.extend(matching.map(|(name, _)| join(&name)));
        }
        found = next;
    }
    found.retain(|path| {
        let name = crate::files::resolve(if absolute { "" } else { cwd }, path);
        files.exists(&name) || files.is_directory(&name)
    });
    if absolute {
        found.iter_mut().for_each(|path| path.insert(0, '/'));
    }
    found
}
