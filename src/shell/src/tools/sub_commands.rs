//! What kafka-features and kafka-cluster share: sub-commands with the servers' options anywhere. Serves both; invariant: options of the
//! admin client are taken out, all other words stay in their order.

use super::admin::{AdminTool, Step};
use std::collections::BTreeMap;

/// The words of a command line.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Settings of the admin client.
    pub config: BTreeMap<String, String>,
    /// A file of more.
    pub file: Option<String>,
    /// What is left.
    pub rest: Vec<String>,
}

impl Words {
    /// Takes the servers' options out.
    pub fn of(args: &[String]) -> Words {
        let mut words = Words::default();
        let mut left = args.iter();
        while let Some(arg) = left.next() {
            let (name, inline) = arg.split_once('=').map_or((arg.as_str(), None), |(n, v)| (n, Some(v.to_owned())));
            let mut value = || inline.clone().or_else(|| left.next().cloned()).unwrap_or_default();
            match name {
                "--bootstrap-server" | "-b" => drop(words.config.insert("bootstrap.servers".to_owned(), value())),
                "--bootstrap-controller" | "-C" => {
                    drop(words.config.insert("bootstrap.controllers".to_owned(), value()));
                }
                "--command-config" | "--config" | "-c" => words.file = Some(value()),
                _ => words.rest.push(arg.clone()),
            }
        }
        words
    }

    /// The values of an option.
    pub fn values(&self, option: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut left = self.rest.iter();
        while let Some(word) = left.next() {
            match word.strip_prefix(option) {
                Some("") => found.extend(left.next().cloned()),
                Some(rest) => found.extend(rest.strip_prefix('=').map(str::to_owned)),
                None => {}
            }
        }
        found
    }

    /// Whether a word is there.
    pub fn has(&self, word: &str) -> bool {
        self.rest.iter().any(|other| other == word)
    }

    /// Opens the admin client.
    ///
    /// # Errors
    /// The step that ends the tool: what went wrong is printed.
    pub fn open(&self, io: &mut AdminTool<'_, '_, '_>) -> Result<(), Step> {
        let loaded = match &self.file {
            Some(path) => io.tool.load_properties(path),
            None => Ok(BTreeMap::new()),
        };
        let opened = loaded.and_then(|mut all| {
            all.extend(self.config.clone());
            io.open(&all)
        });
        opened.map_err(|error| {
            io.tool.die(&error);
            Step::Exit(1)
        })
    }
}
