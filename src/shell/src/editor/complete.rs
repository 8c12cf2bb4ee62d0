//! Completion with Tab: commands, options, files, topics, groups. Serves the editor; invariant: what is offered begins with what was
//! typed, sorted and without repeats.

use crate::{java::OptionSpec, shell::commands, tools};

/// What there is to complete from, beside commands and options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// Files of the working directory.
    pub files: Vec<String>,
    /// Topics of the cluster.
    pub topics: Vec<String>,
    /// Groups of the cluster.
    pub groups: Vec<String>,
    /// Brokers as `host:port`.
    pub servers: Vec<String>,
}

/// What Tab found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The beginning of the word that was typed.
    pub typed: String,
    /// What all candidates have in common beyond that; with a blank behind it if there is only one.
    pub insert: String,
    /// All that fits.
    pub candidates: Vec<String>,
}

/// The last command of the text before the cursor, as words; the last one is being typed.
fn words(before: &str) -> Vec<&str> {
    let command = before.rsplit(['|', ';', '&', '(']).next().unwrap_or(before);
    let mut words: Vec<&str> = command.split_whitespace().collect();
    if command.is_empty() || command.ends_with(char::is_whitespace) {
        words.push("");
    }
    words
}

fn options(command: &str) -> &'static [OptionSpec] {
    let name = command.rsplit('/').next().unwrap_or(command);
    tools::options(name.strip_suffix(".sh").unwrap_or(name))
}

/// What may stand for the last word.
fn offers(words: &[&str], vocabulary: &Vocabulary) -> Vec<String> {
    let (typed, before) = words.split_last().map_or(("", &[][..]), |(last, rest)| (*last, rest));
    let Some(command) = before.first() else {
        // The longer spelling is offered only to those who begin it.
        return match typed.contains(".s") {
            true => tools::COMMANDS.iter().map(|info| format!("{}.sh", info.name)).collect(),
            false => commands().map(|info| info.name.to_owned()).collect(),
        };
    };
    if typed.starts_with('-') {
        return options(command).iter().map(|option| format!("--{}", option.name)).collect();
    }
    match before.last().map(|word| word.trim_start_matches('-')) {
        Some("topic" | "include") => vocabulary.topics.clone(),
        Some("group") => vocabulary.groups.clone(),
        Some("bootstrap-server" | "bootstrap-controller") => vocabulary.servers.clone(),
        _ => vocabulary.files.clone(),
    }
}

/// What Tab does after this text.
pub fn complete(before: &str, vocabulary: &Vocabulary) -> Completion {
    let words = words(before);
    let typed = words.last().copied().unwrap_or_default();
    let mut candidates: Vec<String> =
        offers(&words, vocabulary).into_iter().filter(|offer| offer.starts_with(typed)).collect();
    candidates.sort();
    candidates.dedup();
    let common = candidates.iter().skip(1).fold(candidates.first().cloned().unwrap_or_default(), |common, next| {
        common.chars().zip(next.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
    });
    let mut insert = common.strip_prefix(typed).unwrap_or_default().to_owned();
    if candidates.len() == 1 && !insert.ends_with('/') {
        insert.push(' ');
    }
    Completion { typed: typed.to_owned(), insert, candidates }
}
